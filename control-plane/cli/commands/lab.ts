/** `timeplane lab`: experiments with real PTP clocks in network namespaces. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { productVersion } from '#runtime/version';
import { runFirstLight } from '#lab/experiments/first-light';
import { PHASE_NAMES, type PhaseName } from '#lab/experiments/first-light/schema';
import { runTransparent } from '#lab/experiments/transparent';
import { SECTION_NAMES, select, type Selection } from '#lab/experiments/transparent/rows';
import {
  boundOption,
  inSandbox,
  integerBetween,
  jsonOption,
  loadOption,
  numberBetween,
  rateOption,
} from './lab-arguments.js';
import { registerBoundary } from './lab-boundary.js';
import { registerClients } from './lab-clients.js';
import { registerCompare } from './lab-compare.js';
import { registerStorm } from './lab-storm.js';
import { registerStudy } from './lab-study.js';
import { registerUp } from './lab-up.js';

interface FirstLightFlags {
  readonly duration: number;
  readonly load: number;
  readonly rate: number;
  readonly bound: number;
  readonly phases: readonly PhaseName[];
  readonly transport: 'L2' | 'UDPv4';
  readonly keep?: boolean;
  readonly json?: string;
}

function phaseList(text: string): readonly PhaseName[] {
  const names = text.split(',').map((name) => name.trim());
  const known = PHASE_NAMES.filter((name) => names.includes(name));
  const unknown = names.filter((name) => !PHASE_NAMES.some((other) => other === name));
  if (unknown.length === 0 && known.length > 0) return known;
  throw new InvalidArgumentError(`expected some of ${PHASE_NAMES.join(',')}`);
}

interface TransparentFlags {
  readonly quick?: boolean;
  readonly only: Only;
  readonly duration?: number;
  readonly legs?: number;
  readonly load: number;
  readonly rate: number;
  readonly bound: number;
  readonly seed?: number;
  readonly json?: string;
}

interface Only {
  readonly names: readonly string[];
  readonly selection: Selection;
}

function onlyList(text: string): Only {
  const names = text.split(',').map((name) => name.trim());
  const selection = select(names);
  if (selection !== null) return { names, selection };
  throw new InvalidArgumentError(
    `expected some of ${SECTION_NAMES.join(',')}, or comparison/row such as e2e/two-step`,
  );
}

function firstLight(flags: FirstLightFlags): Promise<void> {
  const options = {
    durationSeconds: flags.duration,
    load: flags.load,
    rateBitsPerSecond: flags.rate,
    queueBoundBytes: flags.bound,
    transport: flags.transport,
    phases: flags.phases,
    keep: flags.keep ?? false,
    ...(flags.json === undefined ? {} : { jsonFile: flags.json }),
    productVersion: productVersion(),
  };
  return inSandbox((directory) => runFirstLight(options, directory));
}

const MAX_SEED = 2 ** 32 - 1;

function transparent(flags: TransparentFlags): Promise<void> {
  const quick = flags.quick ?? false;
  const options = {
    config: {
      durationSeconds: flags.duration ?? (quick ? 2 : 6),
      legs: flags.legs ?? (quick ? 1 : 2),
      load: flags.load,
      rateBitsPerSecond: flags.rate,
      queueBoundBytes: flags.bound,
      seed: flags.seed ?? Math.floor(Math.random() * MAX_SEED),
      only: [...flags.only.names],
    },
    selection: flags.only.selection,
    ...(flags.json === undefined ? {} : { jsonFile: flags.json }),
    productVersion: productVersion(),
  };
  return inSandbox((directory) => runTransparent(options, directory));
}

function registerTransparent(lab: Command): void {
  lab
    .command('transparent')
    .summary('the transparent clock side by side with ptp4l’s own, in every mode')
    .description(
      'Puts a link, ptp4l’s transparent clocks and ours, one-step and two-step, end-to-end and ' +
        'peer-to-peer, alone and in a row, between two ptp4l that share one clock, and compares how ' +
        'far they then think they are apart. docs/transparent-lab.md says how to read it.',
    )
    .option('--quick', 'one short leg for each row: a look, not a measurement')
    .addOption(
      new Option('--only <list>', `some of ${SECTION_NAMES.join(',')}; or comparison/row`)
        .argParser(onlyList)
        .default({ names: [], selection: select([]) }, 'all'),
    )
    .addOption(
      new Option(
        '--duration <seconds>',
        'how long each leg is measured (6; with --quick 2)',
      ).argParser(numberBetween(0.5, 86400)),
    )
    .addOption(
      new Option(
        '--legs <count>',
        'how often each row is built and measured (2; with --quick 1)',
      ).argParser(integerBetween(1, 100)),
    )
    .addOption(loadOption())
    .addOption(rateOption())
    .addOption(boundOption())
    .addOption(
      new Option('--seed <number>', 'of the cross traffic (any; it is printed)').argParser(
        integerBetween(0, MAX_SEED),
      ),
    )
    .addOption(jsonOption('docs/transparent-lab-json.md'))
    .action(transparent);
}

export function register(program: Command): void {
  const lab = program
    .command('lab')
    .summary('prove the transparent clock with real PTP clocks in namespaces')
    .description('Experiments with real PTP clocks in network namespaces; see the commands below.');
  const firstLightCommand = lab
    .command('first-light', { isDefault: true })
    .summary('a plain bridge against a transparent clock, idle and under load (the default)')
    .description(
      'Puts a link, a plain bridge, the transparent clock, and others for comparison between two ' +
        'ptp4l that share one clock, and shows how far they then think they are apart.',
    )
    .addOption(
      new Option('--duration <seconds>', 'how long each phase is measured')
        .argParser(numberBetween(0.5, 86400))
        .default(6),
    )
    .addOption(loadOption())
    .addOption(rateOption())
    .addOption(boundOption())
    .addOption(
      new Option('--phases <list>', `some of ${PHASE_NAMES.join(',')}`)
        .argParser(phaseList)
        .default(PHASE_NAMES, 'all'),
    )
    .addOption(
      new Option('--transport <name>', 'how PTP travels').choices(['L2', 'UDPv4']).default('L2'),
    )
    .option('--keep', 'leave the last phase running for a look around')
    .addOption(jsonOption('docs/first-light-json.md'))
    .allowExcessArguments()
    .action((flags: FirstLightFlags, command: Command) => {
      const [unknown] = command.args;
      if (unknown !== undefined) command.error(`error: unknown experiment '${unknown}'`);
      return firstLight(flags);
    });
  registerTransparent(lab);
  registerBoundary(lab);
  registerCompare(lab);
  registerClients(lab);
  registerStorm(lab);
  registerStudy(lab);
  registerUp(lab);
  // `npm start -- --help` asks the lab, and means what it does when nothing else is said.
  lab.addHelpText('after', () => `\n${firstLightCommand.helpInformation()}`);
}
