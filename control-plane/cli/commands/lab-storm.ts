/** `timeplane lab storm`: a storm on one port, while Sync crosses between two others. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { productVersion } from '#runtime/version';
import {
  mayBeRealtime,
  ownProcessors,
  place,
  PRIORITIES,
  PROCESSORS,
  type Placement,
  type Priority,
  type ProcessorUse,
} from '#lab/load/placement';
import { runStorm } from '#lab/load/run-storm';
import { GUARDS, STORM_KINDS, type Guard } from '#lab/load/storm';
import { TRANSPORTS, type Transport } from '#lab/peers/ptp4l';
import { inSandbox, integerBetween, jsonOption, numberBetween } from './lab-arguments.js';

interface StormFlags {
  readonly kinds: readonly string[];
  readonly guard: Guard;
  readonly stations: number;
  readonly rate: number;
  readonly syncs: number;
  readonly duration?: number;
  readonly rounds?: number;
  readonly transport: Transport;
  readonly step: 'one' | 'two';
  readonly priority?: Priority;
  readonly processor?: ProcessorUse;
  readonly quick?: boolean;
  readonly json?: string;
}

/** All that is PTP, and what only looks like it. */
const DEFAULT_KINDS = STORM_KINDS.filter((kind) => kind !== 'plain');

function kindList(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const isKnown = names.every((name) => STORM_KINDS.some((kind) => kind === name));
  if (isKnown && new Set(names).size === names.length) return names;
  throw new InvalidArgumentError(`expected some of ${STORM_KINDS.join(',')}, each once`);
}

async function placementFor(flags: StormFlags): Promise<Placement> {
  return place(ownProcessors(), await mayBeRealtime(), {
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
    ...(flags.processor === undefined ? {} : { use: flags.processor }),
  });
}

function storm(flags: StormFlags): Promise<void> {
  const quick = flags.quick ?? false;
  const options = {
    config: {
      kinds: flags.kinds,
      guard: flags.guard,
      stations: flags.stations,
      seconds: flags.duration ?? (quick ? 1 : 5),
      rounds: flags.rounds ?? (quick ? 1 : 3),
      syncsPerSecond: flags.syncs,
      stormRate: flags.rate,
      transport: flags.transport,
      step: flags.step,
    },
    ...(flags.json === undefined ? {} : { jsonFile: flags.json }),
    productVersion: productVersion(),
  };
  return inSandbox(async (directory) =>
    runStorm({ ...options, placement: await placementFor(flags) }, directory),
  );
}

function addStormOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--kinds <list>', `some of ${STORM_KINDS.join(',')}`)
        .argParser(kindList)
        .default(DEFAULT_KINDS, 'all but plain'),
    )
    .addOption(
      new Option('--guard <name>', 'what the storm’s port is told').choices(GUARDS).default('none'),
    )
    .addOption(
      new Option('--stations <count>', 'how many stations the storm comes from')
        .argParser(integerBetween(1, 65_536))
        .default(256),
    )
    .addOption(
      new Option('--rate <number>', 'frames a second of the storm; 0: as many as can be sent')
        .argParser(numberBetween(0, 100_000_000))
        .default(0),
    )
    .addOption(
      new Option('--syncs <number>', 'Sync a second between the other ports')
        .argParser(numberBetween(1, 10_000))
        .default(500),
    );
}

export function registerStorm(lab: Command): void {
  addStormOptions(
    lab
      .command('storm')
      .summary('a storm of PTP on one port, and what the others feel of it')
      .description(
        'Sends PTP at line rate into one port while Sync crosses between two others, and compares ' +
          'how well it is corrected with and without the storm; shows where the storm’s frames went, ' +
          'and the memory of switch and agent. docs/load.md says how to read it.',
      ),
  )
    .addOption(
      new Option('--duration <seconds>', 'of each measurement (5; with --quick 1)').argParser(
        numberBetween(0.2, 3_600),
      ),
    )
    .addOption(
      new Option('--rounds <count>', 'of storm, quiet, quiet, storm (3; with --quick 1)').argParser(
        integerBetween(1, 100),
      ),
    )
    .addOption(
      new Option('--transport <name>', 'how PTP travels').choices(TRANSPORTS).default('L2'),
    )
    .addOption(
      new Option('--step <name>', 'how Sync leaves the switch')
        .choices(['one', 'two'])
        .default('one'),
    )
    .addOption(
      new Option(
        '--priority <name>',
        'of the switch’s packet loop (realtime, where permitted and on its own processor)',
      ).choices(PRIORITIES),
    )
    .addOption(
      new Option(
        '--processor <use>',
        'of the switch’s packet loop (own, where there are two or more)',
      ).choices(PROCESSORS),
    )
    .option('--quick', 'one short round: a look, not a measurement')
    .addOption(jsonOption('docs/load.md'))
    .action(storm);
}
