/** `timeplane lab boundary`: the boundary clock with real peers, beside ptp4l's. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { productVersion } from '#runtime/version';
import { runBoundary } from '#lab/experiments/boundary';
import {
  BOUNDARY_SECTIONS,
  selectBoundary,
  type BoundarySelection,
} from '#lab/experiments/boundary/rows';
import {
  inSandbox,
  integerBetween,
  jsonOption,
  numberBetween,
  writableFile,
} from './lab-arguments.js';

interface Only {
  readonly names: readonly string[];
  readonly selection: BoundarySelection | null;
}

interface BoundaryFlags {
  readonly quick?: boolean;
  readonly only: Only;
  readonly kills?: number;
  readonly duration?: number;
  readonly legs?: number;
  readonly seed?: number;
  readonly json?: string;
  readonly plot?: string;
}

const MAX_SEED = 2 ** 32 - 1;

function onlyList(text: string): Only {
  const names = text.split(',').map((name) => name.trim());
  const selection = selectBoundary(names);
  if (selection !== null) return { names, selection };
  throw new InvalidArgumentError(
    `expected some of ${BOUNDARY_SECTIONS.join(',')}, or section/row such as scenarios/ring`,
  );
}

function boundary(flags: BoundaryFlags): Promise<void> {
  const quick = flags.quick ?? false;
  const { names, selection } = flags.only;
  if (selection === null) throw new Error('a selection that is none');
  const options = {
    config: {
      kills: flags.kills ?? (quick ? 4 : 30),
      durationSeconds: flags.duration ?? (quick ? 4 : 20),
      warmUpSeconds: quick ? 2 : 15,
      legs: flags.legs ?? (quick ? 1 : 2),
      seed: flags.seed ?? Math.floor(Math.random() * MAX_SEED),
      only: [...names],
    },
    selection,
    ...(flags.json === undefined ? {} : { jsonFile: flags.json }),
    ...(flags.plot === undefined ? {} : { plotFile: flags.plot }),
    productVersion: productVersion(),
  };
  return inSandbox((directory) => runBoundary(options, directory));
}

export function registerBoundary(lab: Command): void {
  lab
    .command('boundary')
    .summary('the boundary clock with real peers, side by side with ptp4l’s')
    .description(
      'Puts our boundary clock, on an oscillator of its own, between ptp4l grandmasters and clients: ' +
        'networks in which it must do the right thing, the time that it serves, and how long clients ' +
        'wait when a grandmaster is gone. docs/boundary-lab.md says how to read it.',
    )
    .option('--quick', 'a look, not a measurement')
    .addOption(
      new Option('--only <list>', `some of ${BOUNDARY_SECTIONS.join(',')}; or section/row`)
        .argParser(onlyList)
        .default({ names: [], selection: selectBoundary([]) }, 'all'),
    )
    .addOption(
      new Option('--kills <count>', 'of each row of failover (30; with --quick 4)').argParser(
        integerBetween(1, 10_000),
      ),
    )
    .addOption(
      new Option(
        '--duration <seconds>',
        'how long each row of accuracy is measured (20; with --quick 4)',
      ).argParser(numberBetween(1, 86_400)),
    )
    .addOption(
      new Option(
        '--legs <count>',
        'how often each row of accuracy is measured (2; with --quick 1)',
      ).argParser(integerBetween(1, 100)),
    )
    .addOption(
      new Option('--seed <number>', 'of the kills’ moments (any; it is printed)').argParser(
        integerBetween(0, MAX_SEED),
      ),
    )
    .addOption(jsonOption('docs/boundary-lab-json.md'))
    .addOption(
      new Option('--plot <file>', 'draw the true errors over time (SVG)').argParser(writableFile),
    )
    .action(boundary);
}
