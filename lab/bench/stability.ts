/** Stability of a long record: our TDEV and MTIE over all octaves against Python's allantools. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lab-error.js';
import { slidingRecord, tdevOf } from '../measure/stability/modified.js';
import { mtieOctaves } from '../measure/stability/mtie.js';
import { octaves, type PhaseRecord } from '../measure/stability/phase.js';
import { randomStream } from '../sim/random.js';
import { interleave, judge, without, type BenchResult, type Contest } from './results.js';

export interface StabilityScale {
  readonly rounds: number;
  readonly points: number;
  /** allantools looks at every window of MTIE anew: a million points would take it days. */
  readonly mtiePoints: number;
}

export const FULL: StabilityScale = { rounds: 5, points: 1_000_000, mtiePoints: 16_384 };
export const QUICK: StabilityScale = { rounds: 1, points: 1_000_000, mtiePoints: 8_192 };

const BASELINE = 'allantools';
export const CONTESTS = {
  tdev: {
    name: 'stability: TDEV of a million points, all octaves',
    baseline: BASELINE,
    unit: 'ms',
    direction: 'cost',
  },
  mtie: {
    name: 'stability: MTIE of some thousand points, all octaves',
    baseline: BASELINE,
    unit: 'ms',
    direction: 'cost',
  },
  both: {
    name: 'stability: MTIE and TDEV of a million points, all octaves',
    baseline: 'a second',
    unit: 'ms',
    direction: 'cost',
    targets: [
      { what: 'MTIE and TDEV of a million points', figure: 'value', unit: 'ms', most: 1_000 },
    ],
  },
} as const satisfies Record<string, Contest>;
export type StabilityContest = keyof typeof CONTESTS;

const SEED = 1065;
/** One may say which Python has it. */
const python = () => process.env['TIMEPLANE_PYTHON'] ?? 'python3';

/** White phase noise on white frequency noise, ns; samples come at 1 Hz. */
export function record(points: number): PhaseRecord {
  const random = randomStream(SEED, 'stability bench');
  let walk = 0;
  const xNs = Float64Array.from({ length: points }, () => {
    walk += random.normal();
    return 20 * random.normal() + walk;
  });
  return { xNs, tau0Ns: 1e9 };
}

/** At all octaves, ns. */
function tdevAll(phase: PhaseRecord): number[] {
  const sliding = slidingRecord(phase);
  return octaves(phase.xNs.length / 3).map((m) => tdevOf(sliding, m)?.value ?? Number.NaN);
}

const mtieAll = (phase: PhaseRecord) => mtieOctaves(phase).map(({ valueNs }) => valueNs);

const OURS = { tdev: tdevAll, mtie: mtieAll } as const;

/** Times the call alone, not Python's start; prints milliseconds and what was found. */
const SCRIPT = `
import json, sys, time
import numpy, allantools
phase = numpy.fromfile(sys.argv[2])
taus = [float(m) for m in json.loads(sys.argv[3])]
call = getattr(allantools, sys.argv[1])
begin = time.perf_counter()
_, values, _, _ = call(phase, rate=1.0, data_type="phase", taus=taus)
spent = time.perf_counter() - begin
print(json.dumps({"ms": spent * 1e3, "values": list(values), "version": allantools.__version__}))
`;

interface TheirRun {
  readonly ms: number;
  readonly values: readonly number[];
  readonly version: string;
}

function runTheirs(which: 'tdev' | 'mtie', file: string, factors: readonly number[]): TheirRun {
  const args = ['-c', SCRIPT, which, file, JSON.stringify(factors)];
  const { status, stdout, stderr, error } = spawnSync(python(), args, { encoding: 'utf8' });
  if (status === 0) return JSON.parse(stdout) as TheirRun;
  throw new LabError('command-failed', error?.message ?? stderr.trim().split('\n').at(-1) ?? '');
}

/** Null where Python has allantools; otherwise why not. */
export function allantoolsTrouble(): string | null {
  const { status } = spawnSync(python(), ['-c', 'import numpy, allantools']);
  if (status === 0) return null;
  return `${python()} has no allantools; TIMEPLANE_PYTHON names one that has`;
}

function timed(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

/** The farthest that ours are from theirs, by share. */
function farthest(ours: readonly number[], theirs: readonly number[]): number {
  return Math.max(...theirs.map((value, i) => Math.abs((ours[i] ?? Number.NaN) / value - 1)));
}

const CLOSE = 1e-9;

/** Every number is compared before any time is. */
async function against(
  which: 'tdev' | 'mtie',
  scale: StabilityScale,
  directory: string,
  progress: (text: string) => void,
): Promise<BenchResult> {
  const contest = CONTESTS[which];
  const trouble = allantoolsTrouble();
  if (trouble !== null) return without(contest, 'skipped', trouble);
  const phase = record(which === 'tdev' ? scale.points : scale.mtiePoints);
  const file = join(directory, `${which}.bin`);
  writeFileSync(file, new Uint8Array(phase.xNs.buffer));
  const most = which === 'tdev' ? phase.xNs.length / 3 : phase.xNs.length - 1;
  const factors = octaves(most);
  const first = runTheirs(which, file, factors);
  const off = farthest(OURS[which](phase), first.values);
  if (!(off < CLOSE) || first.values.length < factors.length - 2) {
    return without(contest, 'failed', `differs from allantools by ${off} at some τ`);
  }
  const rounds = await interleave(
    scale.rounds,
    () => Promise.resolve(timed(() => OURS[which](phase))),
    () => Promise.resolve(runTheirs(which, file, factors).ms),
    (round) => progress(`${contest.name}: round ${round + 1} of ${scale.rounds}`),
  );
  const size = `${phase.xNs.length.toLocaleString('en')} points, ${first.values.length} τ`;
  const reason = `${size}; allantools ${first.version}; values agree to ${off.toExponential(0)}`;
  return { ...judge(contest, rounds), reason };
}

async function together(
  scale: StabilityScale,
  progress: (text: string) => void,
): Promise<BenchResult> {
  const phase = record(scale.points);
  const run = () => {
    tdevAll(phase);
    mtieAll(phase);
  };
  run();
  const rounds = await interleave(
    scale.rounds,
    () => Promise.resolve(timed(run)),
    () => Promise.resolve(1_000),
    (round) => progress(`${CONTESTS.both.name}: round ${round + 1} of ${scale.rounds}`),
  );
  return judge(CONTESTS.both, rounds);
}

export function contestOf(
  which: StabilityContest,
  scale: StabilityScale,
  directory: string,
  progress: (text: string) => void = () => {},
): Promise<BenchResult> {
  return which === 'both' ? together(scale, progress) : against(which, scale, directory, progress);
}
