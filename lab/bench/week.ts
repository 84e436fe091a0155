/**
 * A boundary clock through a simulated week: whether it keeps what it has no use for any more, and how
 * much faster than real time it goes. Port 1 has a grandmaster, the three others a client each.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LabError } from '../lab-error.js';
import { boundaryWithClients } from '../sim/topologies.js';
import { World } from '../sim/world.js';
import { median } from '../../control-plane/statistics/samples.js';
import { judge, without, type BenchResult, type Contest } from './results.js';

export interface WeekScale {
  readonly days: number;
  /** A quick look has short days. */
  readonly daySeconds: number;
}

export const FULL: WeekScale = { days: 7, daySeconds: 86_400 };
export const QUICK: WeekScale = { days: 7, daySeconds: 1_800 };

const NAME = 'boundary clock of 4 ports, a simulated week';
export const CONTESTS = {
  heap: {
    name: `${NAME}: memory`,
    baseline: 'after its first day',
    unit: 'KiB of heap, all 5 clocks',
    direction: 'cost',
  },
  speed: {
    name: `${NAME}: speed`,
    baseline: 'real time',
    unit: 'seconds a second',
    direction: 'rate',
  },
} as const satisfies Record<string, Contest>;

/**
 * What the heap may grow by in a day: the compiler and the collector come and go with tens of KiB. A
 * single octet kept for each second of a whole day would be 84 KiB.
 */
export const MOST_KIB_PER_DAY = 64;

const PORTS = 4;
const SEED = 0x1588;
/** Until everybody has locked, and most of the code is compiled. */
const SETTLE_SECONDS = 900;
const NS_OFF = 50_000;

/** At the end of each day. */
export interface Day {
  readonly heapKib: number;
  /** In this day, of all five clocks. */
  readonly events: number;
  readonly wallSeconds: number;
  /** In the queue, and timers that run: both stay what they are. */
  readonly pending: number;
  readonly timers: number;
}

/** `onEffect`: all that the boundary clock does, for those who want to keep it. */
export interface WeekHooks {
  readonly progress?: (text: string) => void;
  readonly onEffect?: (effect: object) => void;
}

/** @throws LabError where clients lose their time: what is not a clock any more is not measured. */
export function simulateDays({ days, daySeconds }: WeekScale, hooks: WeekHooks = {}): Day[] {
  const world = new World({ seed: SEED });
  const { grandmaster, boundary, clients } = boundaryWithClients(world, PORTS, {
    timestamper: { granularityNs: 8, jitter: { kind: 'normal', sigmaNs: 10 } },
    ...(hooks.onEffect === undefined ? {} : { onBoundaryEffect: hooks.onEffect }),
  });
  const nodes = [grandmaster, boundary, ...clients];
  for (const node of nodes) node.start(node === grandmaster ? 0 : NS_OFF);
  world.run(SETTLE_SECONDS);
  const result: Day[] = [];
  for (let day = 1; day <= days; day += 1) {
    hooks.progress?.(`${NAME}: day ${day} of ${days}`);
    const eventsBefore = world.events;
    const began = performance.now();
    world.run(daySeconds);
    const wallSeconds = (performance.now() - began) / 1e3;
    const worstNs = Math.max(...clients.map(({ errorNs }) => Math.abs(errorNs)));
    if (!(worstNs < 1_000)) {
      throw new LabError('not-ready', `on day ${day} a client is wrong by ${worstNs} ns`);
    }
    result.push({
      heapKib: heapKib(),
      events: world.events - eventsBefore,
      wallSeconds,
      pending: world.pending,
      timers: nodes.reduce((sum, { timers }) => sum + timers, 0),
    });
  }
  return result;
}

/**
 * The median of the slopes between any two days (Theil and Sen): code that is compiled on one day makes
 * a step, which no line through all days would take for what it is.
 */
export function heapSlopeKib(days: readonly Day[]): number {
  const slopes = days.flatMap((later, index) =>
    days.slice(0, index).map(({ heapKib }, before) => (later.heapKib - heapKib) / (index - before)),
  );
  return median(slopes);
}

/** Lines of the benchmark's table. */
export function contestOf(
  which: keyof typeof CONTESTS,
  days: readonly Day[],
  daySeconds: number,
): BenchResult {
  return which === 'heap' ? heapResult(days) : speedResult(days, daySeconds);
}

function heapResult(days: readonly Day[]): BenchResult {
  const contest = CONTESTS.heap;
  const [first, ...later] = days;
  if (first === undefined || later.length === 0) return without(contest, 'failed', 'one day alone');
  const slope = heapSlopeKib(days);
  const heaps = days.map(({ heapKib }) => heapKib.toFixed(0)).join(', ');
  const text = `${slope.toFixed(1)} KiB a day (at most ${MOST_KIB_PER_DAY}); after each day ${heaps}`;
  if (slope > MOST_KIB_PER_DAY) return without(contest, 'failed', `the heap grows by ${text}`);
  const rounds = later.map(({ heapKib }) => ({ value: heapKib, baselineValue: first.heapKib }));
  return { ...judge(contest, rounds), reason: `grows by ${text}` };
}

function speedResult(days: readonly Day[], daySeconds: number): BenchResult {
  const rounds = days.map(({ wallSeconds }) => ({
    value: daySeconds / wallSeconds,
    baselineValue: 1,
  }));
  const events = days.reduce((sum, day) => sum + day.events, 0);
  const seconds = days.reduce((sum, day) => sum + day.wallSeconds, 0);
  const perSecond = Math.round(events / seconds / 1e3);
  const reason = `${perSecond},000 events/s; 5 clocks, ${(events / days.length / daySeconds).toFixed(1)} events each simulated second`;
  return { ...judge(CONTESTS.speed, rounds), reason };
}

let collect: (() => void) | null = null;

/** What is alive: twice, since what a first collection finalizes the second takes. */
function heapKib(): number {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  collect();
  return process.memoryUsage().heapUsed / 1_024;
}
