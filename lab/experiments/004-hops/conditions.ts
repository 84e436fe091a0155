/** Under what clocks in a row are compared. */
import type { EgressSpec } from '../../sim/egress-queue.js';
import { MIXED_SIZES } from '../../sim/egress-queue.js';
import { PERFECT, type OscillatorSpec } from '../../sim/oscillator.js';
import type { Distribution } from '../../sim/random.js';
import type { TimestamperSpec } from '../../sim/timestamper.js';

export interface Condition {
  readonly name: string;
  readonly what: string;
  readonly timestamper: TimestamperSpec;
  readonly oscillator: OscillatorSpec;
  /** Each link's asymmetry is drawn from ± so much, once. */
  readonly asymmetryNs: number;
  /** Lines of transparent clocks and of switches that know nothing of PTP. */
  readonly egress: EgressSpec | null;
  /** Between any two nodes there is a switch that knows nothing of PTP. */
  readonly isPartial: boolean;
}

/** A quartz that stands still: what it does in minutes is far below what stamps do. */
const CALM: OscillatorSpec = { ...PERFECT, whitePpb: 0.1, flickerPpb: 0.1, walkPpb: 0.005 };
const HARDWARE: TimestamperSpec = {
  granularityNs: 8,
  jitter: { kind: 'normal', sigmaNs: 20 },
};

/**
 * Stamps of the kernel on a virtual link, less their median, by the quantiles that are known of it: p50 0.4,
 * p99 0.7, p99.9 3 µs for a whole link, of which each of its two stamps has a half.
 */
const KERNEL_STAMPS: Distribution = {
  kind: 'quantiles',
  points: [
    { share: 0, ns: -75 },
    { share: 0.5, ns: 0 },
    { share: 0.9, ns: 70 },
    { share: 0.99, ns: 150 },
    { share: 0.999, ns: 1_300 },
    { share: 1, ns: 5_000 },
  ],
};

const PLAIN = {
  timestamper: HARDWARE,
  oscillator: CALM,
  asymmetryNs: 0,
  egress: null,
  isPartial: false,
} as const;

function crowded(load: number): EgressSpec {
  return {
    bitsPerSecond: 1e9,
    strictPriority: false,
    traffic: { load, sizes: MIXED_SIZES, burst: 1 },
  };
}

export const CONDITIONS: readonly Condition[] = [
  { ...PLAIN, name: 'white', what: 'stamps of 8 ns with 20 ns of white noise, nothing else' },
  {
    ...PLAIN,
    name: 'loaded',
    what: 'the same, every line of 1 Gbit/s with 80 % of cross traffic in one queue',
    egress: crowded(0.8),
  },
  {
    ...PLAIN,
    name: 'partial',
    what: 'as white, a switch that knows nothing of PTP on each link, its lines with 30 % of cross traffic',
    egress: crowded(0.3),
    isPartial: true,
  },
  {
    ...PLAIN,
    name: 'kernel',
    what: 'stamps of the kernel on virtual links: a heavy tail',
    timestamper: { granularityNs: 1, jitter: KERNEL_STAMPS },
  },
  {
    ...PLAIN,
    name: 'asymmetry',
    what: 'as white, each link asymmetric by up to ±20 ns that nobody knows',
    asymmetryNs: 20,
  },
  {
    ...PLAIN,
    name: 'wander',
    what: 'as white, crystals in a draught: ±200 ppb of temperature in ten minutes, 2 ppb/√s of random walk',
    oscillator: {
      ...CALM,
      walkPpb: 2,
      temperature: [
        { seconds: 150, ppb: 200 },
        { seconds: 450, ppb: -200 },
        { seconds: 600, ppb: 0 },
      ],
    },
  },
];

export function conditionNamed(name: string): Condition {
  const found = CONDITIONS.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`no condition ${name}`);
  return found;
}
