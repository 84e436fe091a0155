/** What is computed, what is found, and whether they are the same. */
import { narrowGains, type LoopGains } from '../../../control-plane/servo/gains.js';
import { randomStream } from '../../sim/random.js';
import { expectedRms, steppedChain } from '../../sim/stepped-chain.js';
import { boundaryErrors, transparentError, type ChainScale } from './chains.js';

export interface Scale {
  readonly seeds: number;
  readonly samples: number;
  readonly chain: ChainScale;
}

export const FULL: Scale = {
  seeds: 8,
  samples: 400_000,
  chain: { settleSeconds: 900, seconds: 2_400 },
};
export const QUICK: Scale = {
  seeds: 3,
  samples: 20_000,
  chain: { settleSeconds: 600, seconds: 600 },
};

/** Of the mean over seeds, or less than what its confidence interval leaves open. */
export const TOLERANCE = 0.02;
export const HOPS: readonly number[] = [1, 4, 8, 10, 20];
const MOST_HOPS = 20;
const SETTLE_SAMPLES = 4_000;

export const SERVOS: readonly { readonly name: string; readonly gains: LoopGains }[] = [
  { name: 'linuxptp, software stamps', gains: { kp: 0.7, ki: 0.3 } },
  { name: 'slow, 0.6 dB', gains: { kp: 0.1, ki: 0.001 } },
  { name: 'fast, 0.1 dB', gains: { kp: 0.7, ki: 0.00613 } },
  { name: 'ours at one Sync a second', gains: narrowGains(1) },
];

export interface Estimate {
  readonly mean: number;
  /** Half of the 95 % confidence interval over seeds; not a number with one seed. */
  readonly half: number;
}

export interface Row {
  readonly servo: string;
  readonly gains: LoopGains;
  readonly hop: number;
  readonly boundary: Estimate;
  readonly transparent: Estimate;
  readonly expected: { readonly boundary: number; readonly transparent: number };
  readonly isAsExpected: boolean;
}

/** In steps, with white noise of deviation 1 on each hop. */
export function steppedRows({ seeds, samples }: Scale, progress: (text: string) => void): Row[] {
  return SERVOS.flatMap(({ name, gains }) => {
    const runs = Array.from({ length: seeds }, (_, index) => {
      progress(`${name}: seed ${index + 1} of ${seeds}`);
      const random = randomStream(index + 1, name);
      return steppedChain({ hops: MOST_HOPS, gains, samples, settle: SETTLE_SAMPLES, random });
    });
    return HOPS.map((hop) => {
      const boundary = estimate(runs.map((run) => run.boundary[hop - 1] ?? Number.NaN));
      const transparent = estimate(runs.map((run) => run.transparent[hop - 1] ?? Number.NaN));
      const expected = expectedRms(gains, hop);
      const isAsExpected =
        agrees(boundary, expected.boundary) && agrees(transparent, expected.transparent);
      return { servo: name, gains, hop, boundary, transparent, expected, isAsExpected };
    });
  });
}

export interface InstanceRow {
  readonly hop: number;
  /** Nanoseconds. */
  readonly boundary: Estimate;
  readonly transparent: Estimate;
}

/** In events, with whole instances as they run on the switch, and noise on every stamp. */
export function instanceRows(
  { seeds, chain }: Scale,
  progress: (text: string) => void,
): InstanceRow[] {
  const runs = Array.from({ length: seeds }, (_, index) => {
    progress(`instances: seed ${index + 1} of ${seeds}`);
    const seed = index + 1;
    return {
      boundary: boundaryErrors(MOST_HOPS, seed, chain),
      transparent: HOPS.map((hop) => transparentError(hop, seed, chain)),
    };
  });
  return HOPS.map((hop, at) => ({
    hop,
    boundary: estimate(runs.map((run) => run.boundary[hop - 1] ?? Number.NaN)),
    transparent: estimate(runs.map((run) => run.transparent[at] ?? Number.NaN)),
  }));
}

/** Student's t for 95 %, by degrees of freedom from 1. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

export function estimate(values: readonly number[]): Estimate {
  const count = values.length;
  const mean = values.reduce((sum, one) => sum + one, 0) / count;
  const square = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (count - 1);
  const student = STUDENT[Math.min(count - 2, STUDENT.length - 1)] ?? Number.NaN;
  return { mean, half: student * Math.sqrt(square / count) };
}

function agrees({ mean, half }: Estimate, expected: number): boolean {
  return Math.abs(mean - expected) <= Math.max(TOLERANCE * expected, half);
}
