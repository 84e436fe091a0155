import { describe, expect, it } from 'vitest';
import { findMask, MASKS } from '#lab/measure/masks/catalogue';
import { MaskJudge, type MaskVerdict } from '#lab/measure/masks/evaluate';
import { isConfirmed, MASK_SOURCES } from '#lab/measure/masks/sources';
import { limitAt, type CurveLimit, type Mask } from '#lab/measure/masks/mask';
import type { PhaseRecord } from '#lab/measure/stability/phase';

const RATE = 16;
const tau0Ns = 1e9 / RATE;

/** A record of 16 samples a second. */
function record(seconds: number, error: (t: number) => number): PhaseRecord {
  const xNs = Float64Array.from({ length: seconds * RATE + 1 }, (_, i) => error(i / RATE));
  return { xNs, tau0Ns };
}

function mask(id: string): Mask {
  const found = findMask(id);
  if (found === undefined) throw new Error(`no mask ${id}`);
  return found;
}

function broken(verdict: MaskVerdict): string[] {
  return verdict.limits.filter(({ status }) => status === 'fail').map(({ limit }) => limit.kind);
}

const curves = MASKS.flatMap(({ id, limits }) =>
  limits
    .filter((limit): limit is CurveLimit => 'segments' in limit)
    .map((limit) => ({ name: `${id} ${limit.kind}`, limit })),
);

describe('the catalogue', () => {
  it('says of each limit who else has it, and which ones nobody has confirmed', () => {
    const open = MASKS.flatMap((one) =>
      one.limits
        .filter((limit) => !isConfirmed(one, limit))
        .map((limit) => `${one.id} ${limit.kind}`),
    );
    expect(open).toEqual([
      ...['a', 'b', 'c'].map((name) => `g8273.2-${name} dTeHigh`),
      ...['a', 'b'].flatMap((name) =>
        ['maxTe', 'cTe', 'mtie', 'tdev', 'dTeHigh'].map((kind) => `g8273.3-${name} ${kind}`),
      ),
      'g8271.1-c mtie',
      ...['maxTe', 'mtie', 'dTeHigh'].map((kind) => `g8271.1-c-enhanced ${kind}`),
      'g811 mtie',
      'g811 tdev',
    ]);
    for (const { address, readOn } of MASK_SOURCES) {
      expect(address).toMatch(/^https:/);
      expect(readOn).toMatch(/^20\d\d-\d\d-\d\d$/);
    }
  });

  it('has each mask once, with an edition that has a year, and a place for each limit', () => {
    expect(new Set(MASKS.map(({ id }) => id)).size).toBe(MASKS.length);
    for (const { edition, limits } of MASKS) {
      expect(edition).toMatch(/(19|20)\d\d/);
      for (const { source } of limits) expect(source).toMatch(/^(table|clause) \d/);
    }
  });

  it('has those of the T-BC’s four classes, the T-TC, the network, PRC and PRTC', () => {
    const ids = MASKS.map(({ id }) => id).join(' ');
    for (const id of [
      'g8273.2-a',
      'g8273.2-b',
      'g8273.2-c',
      'g8273.2-d',
      'g8273.3-a',
      'g8273.3-b',
    ]) {
      expect(ids).toContain(id);
    }
    for (const id of ['g8271.1-c', 'g811', 'g8272-a', 'g8272-b']) expect(ids).toContain(id);
    expect(findMask('G8273.2-A')?.id).toBe('g8273.2-a');
    expect(findMask('g8273.2-e')).toBeUndefined();
  });

  it.each(curves)('$name has no hole and no step', ({ limit }) => {
    for (const [index, { from }] of limit.segments.entries()) {
      if (index === 0) continue;
      expect(limit.segments[index - 1]?.to).toBe(from);
      const before = limitAt(limit, from) ?? Number.NaN;
      const after = limitAt(limit, from * (1 + 1e-9)) ?? Number.NaN;
      // The recommendations round where stretches meet.
      expect(Math.abs(after / before - 1)).toBeLessThan(0.02);
    }
  });

  it.each([
    ['g8271.1-c', 'mtie', 2, 250],
    ['g8271.1-c', 'mtie', 100, 387],
    ['g8271.1-c', 'mtie', 10_000, 580],
    ['g8272-a', 'mtie', 273, 100.075],
    ['g8272-b', 'tdev', 500, 5],
    ['g811', 'mtie', 10_000, 390],
    ['g811', 'tdev', 1_000, 30],
    ['g8273.2-c', 'mtie', 1_000, 10],
  ] as const)('%s %s at %f s: %f ns', (id, kind, tau, expected) => {
    const limit = mask(id).limits.find((one) => one.kind === kind) as CurveLimit;
    expect(limitAt(limit, tau)).toBeCloseTo(expected, 9);
  });

  it('says nothing outside of a mask', () => {
    const limit = mask('g8271.1-c').limits.find(({ kind }) => kind === 'mtie') as CurveLimit;
    expect(limitAt(limit, 1)).toBeNull();
    expect(limitAt(limit, 10_001)).toBeNull();
  });
});

describe('a clock with a constant error', () => {
  it.each([
    [9, 'g8273.2-c', []],
    [11, 'g8273.2-c', ['cTe']],
    [31, 'g8273.2-c', ['maxTe', 'cTe']],
    [49, 'g8273.2-a', []],
    [51, 'g8273.2-a', ['cTe']],
    [-51, 'g8273.3-a', ['cTe']],
    [6, 'g8273.2-d', ['maxTe']],
    [41, 'g8272-b', ['maxTe']],
  ])('of %i ns breaks of %s: %j', (ns, id, expected) => {
    const verdict = new MaskJudge(record(1_200, () => ns)).judge(mask(id));
    expect(broken(verdict)).toEqual(expected);
    expect(verdict.status === 'fail').toBe(expected.length > 0);
  });
});

describe('a clock that moves', () => {
  it('slowly breaks MTIE of the low band: a ramp of 60 ns in 1000 s', () => {
    const verdict = new MaskJudge(record(1_200, (t) => 0.06 * (t - 600))).judge(mask('g8273.2-a'));
    expect(broken(verdict)).toEqual(['mtie']);
    const mtie = verdict.limits.find(({ limit }) => limit.kind === 'mtie');
    expect(mtie).toMatchObject({ limitNs: 40, tauSeconds: 1_000, coveredToSeconds: 1_000 });
    expect(mtie?.measuredNs).toBeCloseTo(60, 6);
    expect(mtie?.marginNs).toBeCloseTo(-20, 6);
  });

  it('quickly breaks the high band only: 38 ns to both sides at 2 Hz', () => {
    const verdict = new MaskJudge(
      record(1_200, (t) => 38 * Math.sin(2 * Math.PI * 2 * t + 0.1)),
    ).judge(mask('g8273.2-a'));
    expect(broken(verdict)).toEqual(['dTeHigh']);
  });
});

describe('what a record cannot answer', () => {
  it('is said, limit by limit, and is no pass', () => {
    const verdict = new MaskJudge(record(100, () => 1)).judge(mask('g8273.2-a'));
    expect(verdict.status).toBe('incomplete');
    const notes = Object.fromEntries(verdict.limits.map(({ limit, note }) => [limit.kind, note]));
    expect(notes).toEqual({
      maxTe: '',
      cTe: 'the mean of 100 s, not of 1000 s',
      mtie: 'up to τ = 90 s of 1000 s',
      tdev: 'up to τ = 30 s of 1000 s',
      dTeHigh: '',
    });
  });

  it('where samples come too seldom for the filter', () => {
    const slow: PhaseRecord = { xNs: new Float64Array(1_000), tau0Ns: 4e9 };
    const verdict = new MaskJudge(slow).judge(mask('g8271.1-c'));
    expect(verdict.status).toBe('incomplete');
    expect(verdict.limits.map(({ status }) => status)).toEqual(['not-evaluated', 'not-evaluated']);
    expect(verdict.limits[0]?.note).toContain('a sample each 4 s');
  });

  it('a broken limit stays broken', () => {
    const verdict = new MaskJudge(record(100, () => 101)).judge(mask('g8273.2-a'));
    expect(verdict.status).toBe('fail');
  });
});
