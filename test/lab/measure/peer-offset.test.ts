import { describe, expect, it } from 'vitest';
import { PeerOffsets } from '#lab/measure/peer-offset';
import { parsePrintedDelay } from '#lab/measure/printed-offsets';
import type { SyncTiming } from '#lab/measure/slave-events';

const sync = (sequenceId: number, ingressNs: bigint, correctionNs = 0n): SyncTiming => ({
  kind: 'sync',
  sequenceId,
  originNs: 1000n,
  correctionScaledNs: correctionNs << 16n,
  ingressNs,
});

describe('the offset of a client that measures peer delay', () => {
  it('is origin to ingress, less the correction and the delay', () => {
    const offsets = new PeerOffsets();
    offsets.pushDelay({ atNs: 1500n, filteredNs: 300 });
    offsets.pushSync(sync(7, 2000n, 600n));
    expect(offsets.samples).toEqual([
      { sequenceId: 7, ingressNs: 2000n, offsetNs: 100, meanPathDelayNs: 300, residenceNs: 600 },
    ]);
  });

  it('has no value before the first delay', () => {
    const offsets = new PeerOffsets();
    offsets.pushSync(sync(1, 2000n));
    offsets.pushDelay({ atNs: 3000n, filteredNs: 300 });
    offsets.pushSync(sync(2, 2500n));
    expect(offsets.samples).toEqual([]);
  });

  it('takes the delay of its own time, though a later one is known already', () => {
    const offsets = new PeerOffsets();
    offsets.pushDelay({ atNs: 1500n, filteredNs: 300 });
    offsets.pushDelay({ atNs: 2500n, filteredNs: 500 });
    offsets.pushSync(sync(1, 2000n));
    offsets.pushSync(sync(2, 3000n));
    expect(offsets.samples.map(({ meanPathDelayNs }) => meanPathDelayNs)).toEqual([300, 500]);
  });
});

describe('ptp4l’s word on its peer delay', () => {
  it('has the time of the monotonic clock', () => {
    const line = 'ptp4l[12809.051]: delay   filtered         65   raw         70';
    expect(parsePrintedDelay(line)).toEqual({ uptimeMs: 12_809_051, filteredNs: 65 });
  });

  it('may be below zero, and is not the path delay of an offset', () => {
    expect(parsePrintedDelay('ptp4l[1.000]: delay   filtered  -12   raw  -3')).toMatchObject({
      filteredNs: -12,
    });
    const offset = 'ptp4l[1.000]: master offset 1 s0 freq +0 path delay 60';
    expect(parsePrintedDelay(offset)).toBeNull();
  });
});
