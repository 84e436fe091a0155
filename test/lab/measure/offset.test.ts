import { describe, expect, it } from 'vitest';
import {
  DELAY_FILTER_LENGTH,
  missingSyncs,
  MovingMedian,
  OffsetEstimator,
  type OffsetSample,
} from '#lab/measure/offset';
import { parsePrintedOffset, unexplained } from '#lab/measure/printed-offsets';
import type { DelayTiming, SyncTiming } from '#lab/measure/slave-events';

const EPOCH_NS = 1_700_000_000_000_000_000n;

/** A Sync that took `wayNs`, of which transparent clocks corrected `correctedNs`. */
const sync = (sequenceId: number, wayNs: number, correctedNs = 0): SyncTiming => ({
  kind: 'sync',
  sequenceId,
  originNs: EPOCH_NS,
  correctionScaledNs: BigInt(Math.round(correctedNs * 65536)),
  ingressNs: EPOCH_NS + BigInt(wayNs),
});

const delay = (wayNs: number, correctedNs = 0): DelayTiming => ({
  kind: 'delay',
  sequenceId: 0,
  requestNs: EPOCH_NS,
  correctionScaledNs: BigInt(Math.round(correctedNs * 65536)),
  responseNs: EPOCH_NS + BigInt(wayNs),
});

describe('an estimator that has seen no Delay_Resp', () => {
  it('says nothing of a Sync', () => {
    expect(new OffsetEstimator().push(sync(1, 500))).toBeUndefined();
  });

  it('does not take a Delay_Resp for a path delay before the first Sync', () => {
    const estimator = new OffsetEstimator();
    estimator.push(delay(500));
    expect(estimator.push(sync(1, 500))).toBeUndefined();
  });
});

describe('an estimator that knows the path', () => {
  it('finds no offset where both ways take the same time', () => {
    const estimator = new OffsetEstimator();
    estimator.push(sync(1, 500));
    estimator.push(delay(500));
    expect(estimator.push(sync(2, 500))).toEqual({
      sequenceId: 2,
      ingressNs: EPOCH_NS + 500n,
      offsetNs: 0,
      meanPathDelayNs: 500,
      residenceNs: 0,
    });
  });

  it('takes a Sync that waited for a clock that is ahead', () => {
    const estimator = new OffsetEstimator();
    estimator.push(sync(1, 500));
    estimator.push(delay(500));
    expect(estimator.push(sync(2, 7_500))?.offsetNs).toBe(7000);
  });

  it('is not fooled when a transparent clock says how long it waited', () => {
    const estimator = new OffsetEstimator();
    estimator.push(sync(1, 3_000_500, 3_000_000));
    estimator.push(delay(10_500, 10_000));
    const sample = estimator.push(sync(2, 7_000_500, 7_000_000.25));
    expect(sample).toMatchObject({
      offsetNs: -0.25,
      meanPathDelayNs: 500,
      residenceNs: 7_000_000.25,
    });
  });

  it('halves what only one way has', () => {
    const estimator = new OffsetEstimator();
    estimator.push(sync(1, 1500));
    estimator.push(delay(500));
    expect(estimator.push(sync(2, 1500))).toMatchObject({ offsetNs: 500, meanPathDelayNs: 1000 });
  });
});

describe('the delay filter', () => {
  it('gives the middle value, or the mean of the middle two', () => {
    const median = new MovingMedian(DELAY_FILTER_LENGTH);
    expect([9, 1, 5, 7].map((value) => median.push(value))).toEqual([9, 5, 5, 6]);
  });

  it('forgets the oldest beyond its length', () => {
    const median = new MovingMedian(3);
    expect([1, 2, 3, 100, 100].map((value) => median.push(value))).toEqual([1, 1.5, 2, 3, 100]);
  });
});

describe('missing Syncs', () => {
  const samples = (...ids: number[]) => ids.map((sequenceId) => ({ sequenceId }) as OffsetSample);

  it('are gaps in the sequence, across its wrap too', () => {
    expect(missingSyncs(samples(1, 2, 3))).toBe(0);
    expect(missingSyncs(samples(1, 4))).toBe(2);
    expect(missingSyncs(samples(0xfffe, 0xffff, 1))).toBe(1);
  });
});

describe('the line that ptp4l prints', () => {
  const line = 'ptp4l[2290.123]: master offset       -204 s0 freq      +3 path delay       311';

  it('is read', () => {
    expect(parsePrintedOffset(line)).toEqual({ offsetNs: -204, pathDelayNs: 311 });
    expect(parsePrintedOffset('ptp4l[1.0]: port 1: LISTENING to UNCALIBRATED')).toBeNull();
  });

  it('has to be one of our samples', () => {
    const ours = { sequenceId: 1, ingressNs: 0n, residenceNs: 0 };
    const printed = [{ offsetNs: -204, pathDelayNs: 311 }];
    expect(unexplained(printed, [{ ...ours, offsetNs: -203.5, meanPathDelayNs: 311.5 }])).toEqual(
      [],
    );
    expect(unexplained(printed, [{ ...ours, offsetNs: -264, meanPathDelayNs: 311 }])).toEqual(
      printed,
    );
  });
});
