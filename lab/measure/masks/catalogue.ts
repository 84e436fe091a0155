/** The masks that can be asked for by name. */
import type { Band, CurveLimit, Limit, Mask, Segment } from './mask.js';

const flat = (from: number, to: number, ns: number): Segment => ({
  ...{ from, to, offsetNs: ns, slopeNsPerSecond: 0 },
});
const line = (from: number, to: number, offsetNs: number, slopeNsPerSecond: number): Segment => ({
  ...{ from, to, offsetNs, slopeNsPerSecond },
});

/** An MTIE over τ needs a record longer than τ; a TDEV one of three. */
const SHORTEST = { mtie: 1, tdev: 3 } as const;
/** G.8272, 6.2: the shortest measurement of TDEV is twelve times τ. */
const TDEV_PERIOD = 12;

function curve(
  kind: CurveLimit['kind'],
  band: Band,
  segments: readonly Segment[],
  source: string,
  leastRecordsOfTau: number = SHORTEST[kind],
): CurveLimit {
  return { kind, band, segments, source, leastRecordsOfTau };
}

/** τ from 1/16 s on: of a stream of 16 packets a second. */
const LEAST_TAU = 1 / 16;
const WITHIN = 1_000;

interface ClassLimits {
  readonly maxTe: number;
  readonly cTe: number;
  readonly mtie: number;
  readonly tdev: number;
  readonly high: number;
}

function classLimits({ maxTe, cTe, mtie, tdev, high }: ClassLimits): readonly Limit[] {
  return [
    { kind: 'maxTe', band: 'all', ns: maxTe, source: 'table 7-1' },
    { kind: 'cTe', ns: cTe, source: 'table 7-3' },
    curve('mtie', 'low', [flat(LEAST_TAU, WITHIN, mtie)], 'table 7-4'),
    curve('tdev', 'low', [flat(LEAST_TAU, WITHIN, tdev)], 'table 7-5'),
    { kind: 'dTeHigh', ns: high, source: 'table 7-7' },
  ];
}

const A: ClassLimits = { maxTe: 100, cTe: 50, mtie: 40, tdev: 4, high: 70 };
const B: ClassLimits = { maxTe: 70, cTe: 20, mtie: 40, tdev: 4, high: 70 };
const C: ClassLimits = { maxTe: 30, cTe: 10, mtie: 10, tdev: 2, high: 30 };

const CONSTANT_TEMPERATURE =
  'Noise generation at constant temperature, input without noise. A software clock is measured by the ' +
  'method of the recommendation; it has no class.';

function boundaryClock(name: 'a' | 'b' | 'c', limits: ClassLimits): Mask {
  return {
    id: `g8273.2-${name}`,
    title: `T-BC and T-TSC, limits of class ${name.toUpperCase()}`,
    recommendation: 'ITU-T G.8273.2/Y.1368.2',
    edition: '2023, Amd. 2 (11/2025)',
    limits: classLimits(limits),
    remark: CONSTANT_TEMPERATURE,
  };
}

function transparentClock(name: 'a' | 'b', limits: ClassLimits): Mask {
  const tables = [
    'clause 7.1, max|TE|',
    'clause 7.1, cTE',
    'clause 7.1, dTE_L',
    'clause 7.1, dTE_L',
  ];
  return {
    id: `g8273.3-${name}`,
    title: `T-TC, limits of class ${name.toUpperCase()}`,
    recommendation: 'ITU-T G.8273.3/Y.1368.3',
    edition: '10/2020',
    limits: classLimits(limits).map((limit, index) => ({
      ...limit,
      source: tables[index] ?? 'clause 7.1, dTE_H',
    })),
    remark: CONSTANT_TEMPERATURE,
  };
}

const FROM_ANTENNA =
  'Locked, against the time standard. No filter: a 1 PPS output sampled each second.';

const PRTC_RISE = line(0.1, 54.5, 25, 0.275);

export const MASKS: readonly Mask[] = [
  boundaryClock('a', A),
  boundaryClock('b', B),
  boundaryClock('c', C),
  {
    id: 'g8273.2-d',
    title: 'T-BC and T-TSC, limits of class D',
    recommendation: 'ITU-T G.8273.2/Y.1368.2',
    edition: '2023, Amd. 2 (11/2025)',
    limits: [{ kind: 'maxTe', band: 'low', ns: 5, source: 'table 7-2' }],
    remark: `${CONSTANT_TEMPERATURE} All other limits of class D are for further study.`,
  },
  transparentClock('a', A),
  transparentClock('b', B),
  {
    id: 'g8271.1-c',
    title: 'Network limit at reference point C, 1.5 µs applications (class 4)',
    recommendation: 'ITU-T G.8271.1/Y.1366.1',
    edition: '2022, Amd. 3 (05/2025)',
    limits: [
      { kind: 'maxTe', band: 'low', ns: 1_100, source: 'clause 7.3.1' },
      curve(
        'mtie',
        'low',
        [line(1.3, 2.4, 100, 75), line(2.4, 275, 277, 1.1), flat(275, 10_000, 580)],
        'table 7-1',
      ),
    ],
    remark: 'Deployment case 1. TDEV is for further study.',
  },
  {
    id: 'g8271.1-c-enhanced',
    title: 'Network limit at reference point C, enhanced network',
    recommendation: 'ITU-T G.8271.1/Y.1366.1',
    edition: '2022, Amd. 3 (05/2025)',
    limits: [
      { kind: 'maxTe', band: 'low', ns: 600, source: 'clause 7.3.2' },
      curve(
        'mtie',
        'low',
        [
          line(1.3, 2.4, 37.39, 9.7),
          line(2.4, 20.2, 55.27, 2.25),
          line(20.2, 211.11, 90.22, 0.52),
          flat(211.11, 10_000, 200),
        ],
        'table 7-2',
      ),
      { kind: 'dTeHigh', ns: 50, source: 'clause 7.3.2' },
    ],
    remark: 'Deployment case 1: enhanced synchronous Ethernet, clocks of class C.',
  },
  {
    id: 'g811',
    title: 'Primary reference clock, wander in locked mode',
    recommendation: 'ITU-T G.811',
    edition: '09/1997, Amd. 1 (04/2016)',
    limits: [
      curve(
        'mtie',
        'all',
        [line(0.1, 1_000, 25, 0.275), line(1_000, Infinity, 290, 0.01)],
        'clause 7',
      ),
      curve(
        'tdev',
        'all',
        [flat(0.1, 100, 3), line(100, 1_000, 0, 0.03), flat(1_000, 10_000, 30)],
        'clause 7',
        TDEV_PERIOD,
      ),
    ],
    remark:
      'Wander through a low pass of 10 Hz in the measuring equipment: sample at that or less.',
  },
  {
    id: 'g8272-a',
    title: 'PRTC-A, locked',
    recommendation: 'ITU-T G.8272/Y.1367',
    edition: '07/2025',
    limits: [
      { kind: 'maxTe', band: 'all', ns: 100, source: 'clause 6.1' },
      curve('mtie', 'all', [line(0.1, 273, 25, 0.275), flat(273, Infinity, 100)], 'table 1'),
      curve(
        'tdev',
        'all',
        [flat(0.1, 100, 3), line(100, 1_000, 0, 0.03), flat(1_000, 10_000, 30)],
        'table 3',
        TDEV_PERIOD,
      ),
    ],
    remark: FROM_ANTENNA,
  },
  {
    id: 'g8272-b',
    title: 'PRTC-B, locked',
    recommendation: 'ITU-T G.8272/Y.1367',
    edition: '07/2025',
    limits: [
      { kind: 'maxTe', band: 'all', ns: 40, source: 'clause 6.1' },
      curve('mtie', 'all', [PRTC_RISE, flat(54.5, Infinity, 40)], 'table 2'),
      curve(
        'tdev',
        'all',
        [flat(0.1, 100, 1), line(100, 500, 0, 0.01), flat(500, 100_000, 5)],
        'table 4',
        TDEV_PERIOD,
      ),
    ],
    remark: FROM_ANTENNA,
  },
];

export function findMask(id: string): Mask | undefined {
  return MASKS.find((mask) => mask.id === id.toLowerCase());
}
