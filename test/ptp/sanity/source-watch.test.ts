import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant, ppb } from '#units/time';
import { intersect, touches, type TimeInterval } from '#ptp/sanity/intersection';
import { SourceWatch } from '#ptp/sanity/source-watch';

const SEED = 0x1588;
const at = (seconds: number) => instant(BigInt(seconds) * 1_000_000_000n);

/** Sources 1, 2, 3, … with an offset each, ± 100 ns. */
function hearing(...offsetsNs: number[]): SourceWatch {
  const watch = new SourceWatch();
  for (const [index, offsetNs] of offsetsNs.entries()) hears(watch, index + 1, offsetNs);
  return watch;
}

function hears(watch: SourceWatch, source: number, offsetNs: number, seconds = 0): void {
  watch.observe({
    grandmasterIdentity: BigInt(source),
    path: 'port 1, domain 0',
    offsetNs,
    errorBoundNs: 100,
    at: at(seconds),
  });
}

const verdicts = (watch: SourceWatch, seconds = 0) =>
  watch.verdict(at(seconds)).sources.map(({ verdict }) => verdict);
const alarms = (watch: SourceWatch, seconds = 0) =>
  watch.verdict(at(seconds)).alarms.map(({ code, raised }) => [code, raised]);

describe('sources of time', () => {
  it('cannot be judged alone', () => {
    expect(verdicts(hearing(5_000))).toEqual(['alone']);
    expect(alarms(hearing(5_000))).toEqual([]);
    expect(verdicts(new SourceWatch())).toEqual([]);
  });

  it('agree when their bounds overlap', () => {
    expect(verdicts(hearing(0, 150))).toEqual(['agrees', 'agrees']);
    expect(verdicts(hearing(0, 150, -30, 20))).toEqual(Array(4).fill('agrees'));
  });

  it('of which there are two only alarm', () => {
    const watch = hearing(0, 1_000);
    expect(alarms(watch)).toEqual([['sources-disagree', true]]);
    expect(alarms(watch)).toEqual([]);
    expect(verdicts(watch)).toEqual(['unsure', 'unsure']);
    expect(watch.isFalse(1n, at(0))).toBe(false);
    hears(watch, 2, 0);
    expect(alarms(watch)).toEqual([['sources-disagree', false]]);
  });

  it('of which there are three tell which is false', () => {
    const watch = hearing(0, 40_000, 30);
    expect(alarms(watch)).toEqual([['falseticker', true]]);
    expect(verdicts(watch)).toEqual(['agrees', 'false', 'agrees']);
    expect(watch.isFalse(2n, at(0))).toBe(true);
    expect(watch.isFalse(1n, at(0))).toBe(false);
  });

  it('raise anew when another one is false', () => {
    const watch = hearing(0, 40_000, 30);
    alarms(watch);
    hears(watch, 2, 0);
    hears(watch, 3, -40_000);
    expect(alarms(watch)).toEqual([['falseticker', true]]);
    expect(watch.isFalse(3n, at(0))).toBe(true);
  });

  it('need more than half to agree', () => {
    const watch = hearing(0, 10, 40_000, 40_010);
    expect(alarms(watch)).toEqual([['no-majority', true]]);
    expect(verdicts(watch)).toEqual(Array(4).fill('unsure'));
    expect(verdicts(hearing(0, 40_000, 80_000))).toEqual(Array(3).fill('unsure'));
  });

  it('name who, where and by how much', () => {
    const [alarm] = hearing(0, 40_000, 30).verdict(at(0)).alarms;
    expect(alarm?.why).toBe(
      'a majority says that these are wrong: 000000.0000.000002 on port 1, domain 0 (40 us ± 100 ns)',
    );
  });

  it('are forgotten after ten seconds', () => {
    const watch = hearing(0, 40_000, 30);
    alarms(watch);
    hears(watch, 1, 0, 15);
    expect(verdicts(watch, 15)).toEqual(['alone']);
    hears(watch, 2, 40_000, 15);
    expect(alarms(watch, 15)).toEqual([['sources-disagree', true]]);
  });

  it('that were heard at different times may have moved since, by what our clock may drift', () => {
    const watch = hearing(0);
    hears(watch, 2, 300_000, 1);
    expect(verdicts(watch, 1)).toEqual(['agrees', 'agrees']);
    watch.setDrift(ppb(1_000));
    expect(verdicts(watch, 1)).toEqual(['unsure', 'unsure']);
  });

  it('are grandmasters: two paths to one are one, the better of them', () => {
    const watch = hearing(0, 10);
    watch.observe({
      grandmasterIdentity: 2n,
      path: 'port 9, domain 0',
      offsetNs: 40_000,
      errorBoundNs: 10,
      at: at(0),
    });
    expect(watch.verdict(at(0)).sources).toMatchObject([
      { grandmasterIdentity: 1n, verdict: 'unsure' },
      { grandmasterIdentity: 2n, path: 'port 9, domain 0', verdict: 'unsure' },
    ]);
  });

  it('move along with a step of ours', () => {
    const watch = hearing(0, 10, 20);
    watch.stepped(1_000_000);
    hears(watch, 1, 1_000_000);
    expect(verdicts(watch)).toEqual(Array(3).fill('agrees'));
  });

  it('are no more than 64, whoever sends Announces', () => {
    const watch = hearing(...Array.from({ length: 1_000 }, () => 0));
    expect(watch.verdict(at(0)).sources).toHaveLength(64);
  });
});

describe('an intersection', () => {
  const interval = fc
    .tuple(fc.integer({ min: -50, max: 50 }), fc.nat(30))
    .map(([lowNs, width]): TimeInterval => ({ lowNs, highNs: lowNs + width }));

  it('is what the most intervals hold, by trying every point', () => {
    fc.assert(
      fc.property(fc.array(interval, { minLength: 1, maxLength: 12 }), (intervals) => {
        const depthAt = (ns: number) =>
          intervals.filter(({ lowNs, highNs }) => lowNs <= ns && ns <= highNs).length;
        const points = Array.from({ length: 132 }, (_, index) => index - 51);
        const deepest = Math.max(...points.map(depthAt));
        const found = intersect(intervals);
        expect(found?.agreeing).toBe(deepest);
        const first = points.find((ns) => depthAt(ns) === deepest);
        expect(found?.interval.lowNs).toBe(first);
        const held = intervals.filter((each) => touches(each, found?.interval ?? each));
        expect(held.length).toBeGreaterThanOrEqual(deepest);
        expect(depthAt(found?.interval.highNs ?? NaN)).toBeGreaterThanOrEqual(deepest);
      }),
      { seed: SEED },
    );
  });

  it('of nothing is nothing', () => {
    expect(intersect([])).toBeNull();
  });

  it('holds what only touches', () => {
    const found = intersect([
      { lowNs: 0, highNs: 5 },
      { lowNs: 5, highNs: 9 },
    ]);
    expect(found).toEqual({ interval: { lowNs: 5, highNs: 5 }, agreeing: 2 });
  });
});
