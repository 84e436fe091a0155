/** `timeplane lab compare`: transparent against boundary clocks, in rows of one to eight switches. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { productVersion } from '#runtime/version';
import { runCompare } from '#lab/experiments/compare';
import {
  COMPARE_KINDS,
  ENVIRONMENTS,
  isQuick,
  selectRows,
  type Environment,
} from '#lab/experiments/compare/rows';
import {
  boundOption,
  inSandbox,
  integerBetween,
  jsonOption,
  loadOption,
  numberBetween,
  rateOption,
} from './lab-arguments.js';

interface CompareFlags {
  readonly quick?: boolean;
  readonly only: readonly string[];
  readonly in: readonly Environment[];
  readonly duration?: number;
  readonly repeat: number;
  readonly load: number;
  readonly rate: number;
  readonly bound: number;
  readonly syncs: number;
  readonly seed?: number;
  readonly json?: string;
  readonly charts?: string;
}

const MAX_SEED = 2 ** 32 - 1;
const MOST_LOG_SYNCS = 7;

const listed = (text: string) => text.split(',').map((name) => name.trim());

function onlyList(text: string): readonly string[] {
  const names = listed(text);
  if (selectRows(names) !== null) return names;
  throw new InvalidArgumentError(
    `expected some of ${COMPARE_KINDS.join(',')}, or rows such as bc-4`,
  );
}

function environmentList(text: string): readonly Environment[] {
  const names = listed(text);
  const known = ENVIRONMENTS.filter((name) => names.includes(name));
  if (known.length === new Set(names).size) return known;
  throw new InvalidArgumentError(`expected some of ${ENVIRONMENTS.join(',')}`);
}

function syncsPerSecond(text: string): number {
  const log = Math.log2(Number(text));
  if (Number.isInteger(log) && log >= 0 && log <= MOST_LOG_SYNCS) return Number(text);
  throw new InvalidArgumentError(`expected a power of two, 1 to ${2 ** MOST_LOG_SYNCS}`);
}

function compare(flags: CompareFlags, command: Command): Promise<void> {
  const quick = flags.quick ?? false;
  const rows = selectRows(flags.only, flags.in);
  if (rows === null) throw new Error('a selection that is none');
  if (rows.length === 0) {
    const [only, environments] = [flags.only.join(','), flags.in.join(',')];
    command.error(`error: --only ${only} is no row of --in ${environments}`);
  }
  // Who names rows gets all of them.
  const isAsked = quick && flags.only.length === 0 ? isQuick : () => true;
  const options = {
    config: {
      durationSeconds: flags.duration ?? (quick ? 4 : 12),
      warmUpSeconds: quick ? 4 : 20,
      repeats: flags.repeat,
      simulatedRuns: quick ? 4 : 8,
      load: flags.load,
      rateBitsPerSecond: flags.rate,
      queueBoundBytes: flags.bound,
      logSyncInterval: -Math.log2(flags.syncs),
      seed: flags.seed ?? Math.floor(Math.random() * MAX_SEED),
      in: [...flags.in],
      only: [...flags.only],
    },
    rows: rows.filter(isAsked),
    ...(flags.json === undefined ? {} : { jsonFile: flags.json }),
    ...(flags.charts === undefined ? {} : { chartDirectory: flags.charts }),
    productVersion: productVersion(),
  };
  return inSandbox((directory) => runCompare(options, directory));
}

export function registerCompare(lab: Command): void {
  lab
    .command('compare')
    .summary('transparent against boundary clocks, in rows of one to eight switches')
    .description(
      'Puts rows of our switches between a ptp4l that is grandmaster and one that follows on an ' +
        'oscillator of its own: as transparent clocks, as boundary clocks, and as plain bridges; says how ' +
        'far the follower is from the true time, and what the simulator foretold. docs/compare-lab.md ' +
        'says how to read it.',
    )
    .option('--quick', 'short: a look, not a measurement')
    .addOption(
      new Option('--only <list>', `some of ${COMPARE_KINDS.join(',')}; or rows such as bc-4`)
        .argParser(onlyList)
        .default([], 'all'),
    )
    .addOption(
      new Option(
        '--in <list>',
        `where rows are built: some of ${ENVIRONMENTS.join(',')}; without Mininet its rows are skipped`,
      )
        .argParser(environmentList)
        .default(ENVIRONMENTS, 'both'),
    )
    .addOption(
      new Option(
        '--duration <seconds>',
        'how long each row is measured (12; with --quick 4)',
      ).argParser(numberBetween(1, 86_400)),
    )
    .addOption(
      new Option('--repeat <count>', 'how often all rows are measured, one after the other')
        .argParser(integerBetween(1, 1000))
        .default(1),
    )
    .addOption(
      new Option('--syncs <count>', 'Sync and Delay_Req a second')
        .argParser(syncsPerSecond)
        .default(16),
    )
    .addOption(loadOption())
    .addOption(rateOption())
    .addOption(boundOption())
    .addOption(
      new Option(
        '--seed <number>',
        'of cross traffic and simulation (any; it is printed)',
      ).argParser(integerBetween(0, MAX_SEED)),
    )
    .addOption(jsonOption('docs/compare-lab-json.md'))
    .addOption(
      new Option('--charts <directory>', 'draw the errors over the length of the row (SVG)'),
    )
    .action(compare);
}
