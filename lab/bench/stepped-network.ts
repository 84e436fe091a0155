/** The same trees of boundary clocks as simulated-network.ts in steps of a second instead of events. */
import { randomStream } from '../sim/random.js';
import { SteppedNetwork } from '../sim/stepped-network.js';
import { readShape } from '../topologies/read.js';
import { judge, type BenchResult, type Contest, type Round } from './results.js';

export interface SteppedScale {
  readonly clocks: number;
  readonly rounds: number;
  /** Of all clocks together in a round. */
  readonly clockSeconds: number;
}

const SEED = 0x1588;
const FANOUT = 10;
const GAINS = { kp: 0.1, ki: 0.001 };

export function steppedScales(quick: boolean): readonly SteppedScale[] {
  const sizes = quick ? [10, 1_000] : [10, 100, 1_000, 10_000];
  const clockSeconds = quick ? 1e6 : 1e7;
  return sizes.map((clocks) => ({ clocks, rounds: 3, clockSeconds }));
}

export function contestFor({ clocks }: SteppedScale): Contest {
  const name = `${clocks.toLocaleString('en')} boundary clocks in steps: speed`;
  return { name, baseline: 'real time', unit: 'seconds a second', direction: 'rate' };
}

export function contestOf(
  scale: SteppedScale,
  progress: (text: string) => void = () => {},
): BenchResult {
  const contest = contestFor(scale);
  const { clocks, rounds, clockSeconds } = scale;
  const topology = readShape(`switches:${clocks},${FANOUT}`);
  if (!topology.ok) throw new RangeError(topology.error.message);
  const random = randomStream(SEED, 'stepped');
  const network = new SteppedNetwork(topology.value, {
    gains: GAINS,
    stampSigmaNs: 10,
    random,
  });
  const steps = Math.ceil(clockSeconds / clocks);
  // What is used has been compiled.
  network.run(Math.ceil(steps / 10));
  const found: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    progress(`${contest.name}: round ${round} of ${rounds}`);
    const began = performance.now();
    network.run(steps);
    found.push({ value: steps / ((performance.now() - began) / 1e3), baselineValue: 1 });
  }
  const result = judge(contest, found);
  const perSecond = Math.round(result.value * clocks).toLocaleString('en');
  return { ...result, reason: `${perSecond} clock-seconds/s` };
}
