/** `timeplane sim`: any topology in the simulator. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { productVersion } from '#runtime/version';
import { EVENT_USAGE, parseEvent, type Event } from '#lab/simulate/faults';
import { simulate } from '#lab/simulate/main';
import {
  MOST_SECONDS,
  OSCILLATORS,
  planProblems,
  SIMULATED_PROFILES,
  usualSettleSeconds,
  type SimulationPlan,
} from '#lab/simulate/plan';
import { OperatorError } from '../operator-error.js';
import { integerBetween, jsonOption, numberBetween, writableFile } from './lab-arguments.js';
import { addTopologyArguments, topologyOf, type TopologyFlags } from './topology-arguments.js';

interface SimFlags extends TopologyFlags {
  readonly seconds: number;
  readonly settle?: number;
  readonly every: number;
  readonly seed: number;
  readonly seeds: number;
  readonly profile: SimulationPlan['profile'];
  readonly logInterval?: number;
  readonly oscillator: SimulationPlan['oscillator'];
  readonly ppm: number;
  readonly granularity: number;
  readonly jitter: number;
  readonly load: number;
  readonly priority?: boolean;
  readonly syntonized?: boolean;
  readonly step: 'one' | 'two';
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly corrupt: number;
  readonly loseGrandmaster?: number;
  readonly kill: readonly Event[];
  readonly jump: readonly Event[];
  readonly linkDown: readonly Event[];
  readonly detour: readonly Event[];
  readonly json?: string;
  readonly csv?: string;
  readonly chart?: string;
}

const MOST_SEED = 2 ** 31;
const MOST_SEEDS = 10_000;

function eventOption(kind: Event['kind'], what: string): Option {
  return new Option(`--${kind} <${EVENT_USAGE[kind]}>`, `${what}; may be said again`)
    .argParser((text, before: readonly Event[]) => {
      const parsed = parseEvent(kind, text);
      if (!parsed.ok) throw new InvalidArgumentError(parsed.error.message);
      return [...before, parsed.value];
    })
    .default([], 'none');
}

function eventsOf(flags: SimFlags, { nodes }: SimulationPlan['topology']): readonly Event[] {
  const { kill, jump, linkDown, detour, loseGrandmaster } = flags;
  const master = nodes.find(({ role }) => role === 'grandmaster')?.name ?? '';
  const lost: readonly Event[] =
    loseGrandmaster === undefined
      ? []
      : [{ kind: 'kill', node: master, atSeconds: loseGrandmaster }];
  return [...lost, ...kill, ...jump, ...linkDown, ...detour];
}

async function planOf(text: string, flags: SimFlags): Promise<SimulationPlan> {
  const { value: topology } = await topologyOf(text, flags);
  const { seed, seconds, profile, oscillator, load, step, every } = flags;
  const { loss, duplicate, reorder, corrupt } = flags;
  const plan: SimulationPlan = {
    ...{ topology, seed, seconds, profile, oscillator, load, step },
    settleSeconds: flags.settle ?? usualSettleSeconds(topology, seconds),
    everySeconds: every,
    logInterval: flags.logInterval ?? null,
    mostPpm: flags.ppm,
    granularityNs: flags.granularity,
    jitterNs: flags.jitter,
    priority: flags.priority === true,
    syntonized: flags.syntonized === true,
    frames: { loss, duplicate, reorder, corrupt },
    events: eventsOf(flags, topology),
  };
  const problems = planProblems(plan);
  if (problems.length === 0) return plan;
  throw new OperatorError(problems.join('\n       '), { exitCode: 2 });
}

/** The same command line, with the seed if it was not said. */
function replayCommand(seed: number): string {
  const given = process.argv.slice(2);
  const isSaid = given.some((part) => part === '--seed' || part.startsWith('--seed='));
  const all = ['timeplane', ...given, ...(isSaid ? [] : ['--seed', String(seed)])];
  return all
    .map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

async function sim(text: string, flags: SimFlags): Promise<void> {
  const plan = await planOf(text, flags);
  const { seeds } = flags;
  if (seeds > 1 && (flags.csv !== undefined || flags.chart !== undefined)) {
    const message = '--csv and --chart are of one run; leave out --seeds';
    throw new OperatorError(message, { exitCode: 2 });
  }
  process.exitCode = await simulate({
    plan,
    seeds,
    replay: replayCommand(plan.seed),
    ...(flags.json === undefined ? {} : { jsonFile: flags.json }),
    ...(flags.csv === undefined ? {} : { csvFile: flags.csv }),
    ...(flags.chart === undefined ? {} : { chartFile: flags.chart }),
    productVersion: productVersion(),
  });
}

const number = (flags: string, what: string, low: number, high: number, usual: number): Option =>
  new Option(flags, what).argParser(numberBetween(low, high)).default(usual);

function addTimes(command: Command): Command {
  return command
    .addOption(number('--seconds <s>', 'true time that is simulated', 1, MOST_SECONDS, 1_800))
    .addOption(
      new Option(
        '--settle <s>',
        'errors before that are not counted (600, and 60 more for each boundary clock in a row; half of the run at most)',
      ).argParser(numberBetween(0, MOST_SECONDS)),
    )
    .addOption(number('--every <s>', 'between two samples of each error', 0.001, 86_400, 1))
    .addOption(
      new Option('--seed <number>', 'of all chance')
        .argParser(integerBetween(0, MOST_SEED))
        .default(1),
    )
    .addOption(
      new Option('--seeds <count>', 'so many, one after the other: figures ± 95 % over seeds')
        .argParser(integerBetween(1, MOST_SEEDS))
        .default(1),
    );
}

function addClocks(command: Command): Command {
  return command
    .addOption(
      new Option('--profile <name>', 'of all clocks')
        .choices(SIMULATED_PROFILES)
        .default('default-e2e'),
    )
    .addOption(
      new Option(
        '--log-interval <n>',
        'log2 of the seconds between Sync, and between requests of the delay (the profile’s)',
      ).argParser(integerBetween(-7, 4)),
    )
    .addOption(
      new Option('--oscillator <name>', 'of all but grandmasters')
        .choices(OSCILLATORS)
        .default('tcxo'),
    )
    .addOption(
      number('--ppm <ppm>', 'each clock’s frequency is off by up to so much', 0, 1_000, 20),
    )
    .addOption(number('--granularity <ns>', 'of timestamps', 1, 1e6, 1))
    .addOption(number('--jitter <ns>', 'of timestamps, standard deviation', 0, 1e6, 0))
    .addOption(
      number('--load <share>', 'cross traffic through transparent clocks and switches', 0, 0.99, 0),
    )
    .option('--priority', 'PTP goes first there, as 802.1Q has it')
    .option('--syntonized', 'transparent clocks know their rate against the grandmaster’s')
    .addOption(
      new Option('--step <name>', 'of transparent clocks').choices(['one', 'two']).default('one'),
    );
}

function addFaults(command: Command): Command {
  const share = (flags: string, what: string) => number(flags, what, 0, 1, 0);
  return command
    .addOption(share('--loss <share>', 'of frames on each link are lost'))
    .addOption(share('--duplicate <share>', 'of frames come twice'))
    .addOption(share('--reorder <share>', 'of frames are overtaken'))
    .addOption(share('--corrupt <share>', 'of frames have a wrong bit'))
    .addOption(
      new Option('--lose-grandmaster <s>', 'the first grandmaster fails').argParser(
        numberBetween(0, MOST_SECONDS),
      ),
    )
    .addOption(eventOption('kill', 'a node fails, and its links with it'))
    .addOption(eventOption('jump', 'a clock’s time is off by so much from then on'))
    .addOption(eventOption('link-down', 'a link is down'))
    .addOption(eventOption('detour', 'one direction takes longer: a delay attack'));
}

const EXAMPLES = `
Examples:
  timeplane sim chain --hops 20 --mode transparent --seconds 3600 --seed 7
  timeplane sim chain:19 --seconds 3600 --seed 7 --chart chain.svg
  timeplane sim data-center --seconds 600 --json data-center.json
  timeplane sim chain:3 --mode transparent --load 0.4 --rate 1Gbit --granularity 8
  timeplane sim data-center --lose-grandmaster 500 --seconds 600 --csv errors.csv
  timeplane sim chain:5 --seeds 10
  timeplane sim mine.yaml --loss 0.01 --link-down leaf-1:spine-1@60-90

errors.csv is what \`timeplane measure time errors.csv --value-column client_ns\` reads.
`;

export function register(program: Command): void {
  const command = addTopologyArguments(
    program
      .command('sim')
      .summary('simulate a network of clocks: chain, Clos, data centre, or your own')
      .description(
        'Runs our own protocol code and the P4 program’s semantics on simulated oscillators, links ' +
          'and queues. No root, no namespaces; the same seed gives the same figures everywhere. ' +
          'docs/sim.md says how to read it.',
      ),
  );
  addFaults(addClocks(addTimes(command)))
    .addOption(jsonOption('plan, figures of each clock'))
    .addOption(
      new Option('--csv <file>', 'write every sample, a column a clock').argParser(writableFile),
    )
    .addOption(new Option('--chart <file>', 'draw errors over time (SVG)').argParser(writableFile))
    .addHelpText('after', EXAMPLES)
    .action(sim);
}
