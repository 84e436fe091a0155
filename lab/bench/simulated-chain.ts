/** A chain of twenty boundary clocks at the default profile's intervals: how much faster than real time. */
import { LabError } from '../lab-error.js';
import { boundaryChain } from '../sim/topologies.js';
import { World } from '../sim/world.js';
import { judge, type BenchResult, type Contest, type Round } from './results.js';

export interface SimulatedChainScale {
  readonly rounds: number;
  readonly roundSeconds: number;
}

export const FULL: SimulatedChainScale = { rounds: 7, roundSeconds: 600 };
export const QUICK: SimulatedChainScale = { rounds: 3, roundSeconds: 300 };

const HOPS = 20;
const SEED = 0x1588;
/** All clocks have locked, and what is used has been compiled. */
const SETTLE_SECONDS = 600;

export const CONTEST: Contest = {
  name: `chain of ${HOPS} boundary clocks, simulated: speed`,
  baseline: 'real time',
  unit: 'seconds a second',
  direction: 'rate',
  targets: [
    {
      what: `a chain of ${HOPS} boundary clocks, simulated`,
      figure: 'value',
      unit: 'seconds a second',
      least: 1_000,
    },
  ],
};

/** @throws LabError where not all clocks follow: they would have less to do. */
export function contestOf(
  { rounds, roundSeconds }: SimulatedChainScale,
  progress: (text: string) => void = () => {},
): BenchResult {
  const world = new World({ seed: SEED });
  const { grandmaster, clocks } = boundaryChain(world, { hops: HOPS });
  for (const node of [grandmaster, ...clocks]) node.start();
  progress(`${CONTEST.name}: settling`);
  world.run(SETTLE_SECONDS);
  const astray = clocks.filter((clock) => clock.portState(1) !== 'slave').length;
  if (astray > 0) throw new LabError('not-ready', `${astray} of ${HOPS} clocks do not follow`);
  const eventsBefore = world.events;
  const processorBefore = process.cpuUsage();
  const found: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    progress(`${CONTEST.name}: round ${round} of ${rounds}`);
    const began = performance.now();
    world.run(roundSeconds);
    const wallSeconds = (performance.now() - began) / 1e3;
    found.push({ value: roundSeconds / wallSeconds, baselineValue: 1 });
  }
  const { user, system } = process.cpuUsage(processorBefore);
  const simulated = rounds * roundSeconds;
  const perSecond = (world.events - eventsBefore) / simulated;
  const costUs = (user + system) / (world.events - eventsBefore);
  const reason = `${perSecond.toFixed(0)} events each simulated second, ${costUs.toFixed(1)} µs of processor time an event`;
  return { ...judge(CONTEST, found), reason };
}
