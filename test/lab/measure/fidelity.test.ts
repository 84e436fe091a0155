import { describe, expect, it } from 'vitest';
import {
  classEndNs,
  judgeFidelity,
  LATE_NS,
  pairedReports,
  parseProcessorTimes,
  parseWakeReport,
  summarizeWakes,
  type FidelityFigures,
} from '#lab/measure/fidelity';
import { QUIET } from '../support/fidelity.js';

const judge = (figures: Partial<FidelityFigures>) => judgeFidelity({ ...QUIET, ...figures });

describe('the verdict on the machine', () => {
  it('is good, without a reason, where nothing is late, taken or lost', () => {
    expect(judge({})).toEqual({ ...QUIET, verdict: 'good', reasons: [] });
  });

  it('does not hold against a machine that it has work to do', () => {
    expect(judge({ busyShare: 0.99 }).verdict).toBe('good');
  });

  it.each([
    ['timers late', { wakeP99Ns: 999_999 }, { wakeP99Ns: 1_000_000 }, { wakeP99Ns: 10_000_000 }],
    ['stalls', { lateShare: 0.000_99 }, { lateShare: 0.001 }, { lateShare: 0.02 }],
    ['steal', { stealShare: 0.009_9 }, { stealShare: 0.01 }, { stealShare: 0.1 }],
    ['losses', { framesLost: 0 }, { framesLost: 1 }, { framesLost: 20 }],
  ])('grows worse with %s at its limits', (_, good, doubtful, unfit) => {
    expect(judge(good).verdict).toBe('good');
    expect(judge(doubtful)).toMatchObject({ verdict: 'doubtful' });
    expect(judge(unfit)).toMatchObject({ verdict: 'unfit' });
    expect(judge(unfit).reasons).toHaveLength(1);
  });

  it('is the worst of all, and names each reason with its figure', () => {
    const { verdict, reasons } = judge({
      wakeP99Ns: 2_500_000,
      stealShare: 0.25,
      lateShare: 0.004,
    });
    expect(verdict).toBe('unfit');
    expect(reasons).toEqual([
      'one program in a hundred was woken 2.5 ms late or more',
      '0.4 % of timers were more than 4 ms late',
      "the host took 25 % of the processors' time",
    ]);
  });

  it('is unfit where nobody watched', () => {
    expect(judge({ wakes: 0, wakeP99Ns: 0 })).toMatchObject({
      verdict: 'unfit',
      reasons: ['the machine was not watched long enough'],
    });
  });

  it('has no share of losses where no frame was counted', () => {
    expect(judge({ framesSent: 0 }).verdict).toBe('good');
  });
});

describe('what the probe says', () => {
  it('is read line by line', () => {
    expect(parseWakeReport('wake 1700000000000000000 61000 0:12 23:38')).toEqual({
      atNs: 1_700_000_000_000_000_000n,
      maxNs: 61_000,
      counts: new Map([
        [0, 12],
        [23, 38],
      ]),
    });
    expect(parseWakeReport('ready')).toBeNull();
  });

  it('has four classes an octave', () => {
    expect([0, 1, 2, 3, 4, 8].map(classEndNs)).toEqual([1280, 1536, 1792, 2048, 2560, 5120]);
  });

  it('is summarised over all reports; no percentile is beyond the longest delay', () => {
    const reports = [
      { atNs: 0n, maxNs: 70_000, counts: new Map([[20, 49], [24, 1]]) },
      { atNs: 1n, maxNs: 9_000_000, counts: new Map([[20, 49], [52, 1]]) },
    ]; // prettier-ignore
    expect(summarizeWakes(reports)).toEqual({
      wakes: 100,
      wakeP50Ns: classEndNs(20),
      wakeP99Ns: classEndNs(24),
      wakeMaxNs: 9_000_000,
      lateShare: 0.01,
    });
    expect(classEndNs(52)).toBeGreaterThan(LATE_NS);
    const [first] = reports;
    expect(summarizeWakes(first === undefined ? [] : [first]).wakeP99Ns).toBe(70_000);
  });

  it('is the same where two and two of its reports became one', () => {
    const reports = Array.from({ length: 5 }, (_, at) => ({
      ...{ atNs: BigInt(at), maxNs: 70_000 + (at === 3 ? 5_000 : 0) },
      counts: new Map([[20, 40 + at], [24 + at, 1]]),
    })); // prettier-ignore
    const paired = pairedReports(reports);
    expect(paired.map(({ atNs }) => atNs)).toEqual([0n, 2n, 4n]);
    expect(summarizeWakes(paired)).toEqual(summarizeWakes(reports));
    const again = pairedReports(pairedReports(paired));
    expect(again).toHaveLength(1);
    expect(summarizeWakes(again)).toEqual(summarizeWakes(reports));
    expect(pairedReports([])).toEqual([]);
  });

  it('is nothing where it said nothing', () => {
    expect(summarizeWakes([])).toEqual({
      wakes: 0,
      wakeP50Ns: 0,
      wakeP99Ns: 0,
      wakeMaxNs: 0,
      lateShare: 0,
    });
  });
});

describe('what the kernel says of the processors', () => {
  it('is time idle and time stolen, of all', () => {
    const text = 'cpu  100 0 50 800 20 5 5 20 7 0\ncpu0 1 2 3\n';
    expect(parseProcessorTimes(text)).toEqual({ all: 1000, idle: 820, steal: 20 });
    expect(() => parseProcessorTimes('intr 1')).toThrow(RangeError);
  });
});
