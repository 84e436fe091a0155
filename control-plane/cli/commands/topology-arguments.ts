/** What all commands share that take a topology: a shape and its numbers, or a file. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { chooseTopology, TOPOLOGY_USAGE, type ChosenTopology } from '#lab/choose-topology';
import { parseRate } from '#lab/experiments/first-light/quantities';
import { SHAPE_NUMBERS, type ShapeNumber } from '#lab/topologies/read';
import { OperatorError } from '../operator-error.js';
import { integerBetween, numberBetween } from './lab-arguments.js';

export const MODES = ['boundary', 'transparent', 'switch'] as const;
export type Mode = (typeof MODES)[number];

export interface TopologyFlags extends Readonly<Partial<Record<ShapeNumber, number>>> {
  readonly hops?: number;
  readonly mode?: Mode;
  readonly delay?: number;
  readonly asymmetry?: number;
  readonly rate?: number;
}

const MOST = 100_000;
const MOST_DELAY_NS = 1e12;

function rateOption(text: string): number {
  const rate = parseRate(text);
  if (rate !== null) return rate;
  throw new InvalidArgumentError('expected something like 10Gbit');
}

const kebab = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The argument, and the options that say what shapes leave open. */
export function addTopologyArguments(command: Command): Command {
  command.argument('<topology>', TOPOLOGY_USAGE);
  command.addOption(
    new Option('--hops <count>', 'of a chain: links between grandmaster and client').argParser(
      integerBetween(1, MOST),
    ),
  );
  for (const [name, what] of Object.entries(SHAPE_NUMBERS)) {
    const option = new Option(`--${kebab(name)} <count>`, `of a shape: ${what}`);
    command.addOption(option.argParser(integerBetween(0, MOST)));
  }
  return command
    .addOption(new Option('--mode <role>', 'of a shape’s switches (boundary)').choices(MODES))
    .addOption(
      new Option('--delay <ns>', 'of a shape’s links, the mean of both ways (500)').argParser(
        numberBetween(0, MOST_DELAY_NS),
      ),
    )
    .addOption(
      new Option(
        '--asymmetry <ns>',
        'of a shape’s links: away from the grandmaster takes so much more than the mean (0)',
      ).argParser(numberBetween(-MOST_DELAY_NS, MOST_DELAY_NS)),
    )
    .addOption(new Option('--rate <rate>', 'of a shape’s links (10Gbit)').argParser(rateOption));
}

function numbersOf(text: string, flags: TopologyFlags): Partial<Record<ShapeNumber, number>> {
  const { hops } = flags;
  const given = Object.keys(SHAPE_NUMBERS).flatMap((name) => {
    const value = flags[name as ShapeNumber];
    return value === undefined ? [] : [[name, value]];
  });
  const numbers = Object.fromEntries(given) as Partial<Record<ShapeNumber, number>>;
  if (hops === undefined) return numbers;
  if (text !== 'chain') throw wrong([`--hops is of a chain; "${text}" is none`]);
  if (numbers.switches !== undefined) {
    throw wrong(['--hops and --switches say the same; leave out one of them']);
  }
  return { switches: hops - 1 };
}

/** @throws OperatorError with every mistake, exit code 2. */
export async function topologyOf(
  text: string,
  flags: TopologyFlags,
): Promise<Extract<ChosenTopology, { ok: true }>> {
  const { mode, delay, asymmetry, rate } = flags;
  const link = {
    ...(delay === undefined ? {} : { delayNs: delay }),
    ...(asymmetry === undefined ? {} : { asymmetryNs: asymmetry }),
    ...(rate === undefined ? {} : { bitsPerSecond: rate }),
  };
  const chosen = await chooseTopology({
    text,
    numbers: numbersOf(text, flags),
    ...(mode === undefined ? {} : { role: mode }),
    ...(Object.keys(link).length === 0 ? {} : { link }),
  });
  if (chosen.ok) return chosen;
  throw wrong(chosen.problems);
}

function wrong(problems: readonly string[]): OperatorError {
  return new OperatorError(problems.join('\n       '), { exitCode: 2 });
}
