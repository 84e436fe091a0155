/** `timeplane lab`: experiments with real PTP clocks in network namespaces. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { productVersion } from '#runtime/version';
import { runFirstLight } from '#lab/experiments/first-light';
import { parseRate, parseSize } from '#lab/experiments/first-light/quantities';
import { PHASE_NAMES, type PhaseName } from '#lab/experiments/first-light/schema';
import { LabError } from '#lab/lab-error';
import { extendPath, requirePrograms, runInSandbox, sandboxDirectory } from '#lab/topology/sandbox';
import { OperatorError } from '../operator-error.js';

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

function numberBetween(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`expected a number from ${low} to ${high}`);
  };
}

function quantity(parse: (text: string) => number | null, example: string) {
  return (text: string): number => {
    const value = parse(text);
    if (value !== null) return value;
    throw new InvalidArgumentError(`expected something like ${example}`);
  };
}

function phaseList(text: string): readonly PhaseName[] {
  const names = text.split(',').map((name) => name.trim());
  const known = PHASE_NAMES.filter((name) => names.includes(name));
  const unknown = names.filter((name) => !PHASE_NAMES.some((other) => other === name));
  if (unknown.length === 0 && known.length > 0) return known;
  throw new InvalidArgumentError(`expected some of ${PHASE_NAMES.join(',')}`);
}

async function firstLight(flags: FirstLightFlags): Promise<void> {
  extendPath();
  const directory = sandboxDirectory();
  try {
    requirePrograms();
    process.exitCode =
      directory === undefined
        ? await runInSandbox()
        : await runFirstLight(
            {
              durationSeconds: flags.duration,
              load: flags.load,
              rateBitsPerSecond: flags.rate,
              queueBoundBytes: flags.bound,
              transport: flags.transport,
              phases: flags.phases,
              keep: flags.keep ?? false,
              ...(flags.json === undefined ? {} : { jsonFile: flags.json }),
              productVersion: productVersion(),
            },
            directory,
          );
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new OperatorError(error.message, { hint: error.hint });
  }
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
    .addOption(
      new Option('--load <fraction>', 'cross traffic, of the rate; 0 for none')
        .argParser(numberBetween(0, 2))
        .default(0.9),
    )
    .addOption(
      new Option('--rate <rate>', 'rate of the port towards the client')
        .argParser(quantity(parseRate, '100Mbit'))
        .default(100_000_000, '100Mbit'),
    )
    .addOption(
      new Option('--bound <size>', 'what its queue holds')
        .argParser(quantity(parseSize, '128KiB'))
        .default(128 * 1024, '128KiB'),
    )
    .addOption(
      new Option('--phases <list>', `some of ${PHASE_NAMES.join(',')}`)
        .argParser(phaseList)
        .default(PHASE_NAMES, 'all'),
    )
    .addOption(
      new Option('--transport <name>', 'how PTP travels').choices(['L2', 'UDPv4']).default('L2'),
    )
    .option('--keep', 'leave the last phase running for a look around')
    .option('--json <file>', 'write everything to a file (docs/first-light-json.md)')
    .action(firstLight);
  // `npm start -- --help` asks the lab, and means what it does when nothing else is said.
  lab.addHelpText('after', () => `\n${firstLightCommand.helpInformation()}`);
}
