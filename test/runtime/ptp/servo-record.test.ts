import { describe, expect, it } from 'vitest';
import { ServoRecord } from '#runtime/ptp/servo-record';
import { instant, scaledFromNumber } from '#units/time';
import { randomStream } from '#lab/sim/random';
import { tdev } from '#lab/measure/stability/modified';

const BEGIN_NS = 1_795_338_000_000_000_000n;
const INTERVAL_NS = 62_500_000;

function sync(record: ServoRecord, slot: number, offsetNs: number, lockState = 'LOCKED'): void {
  record.synchronized({
    receivedAt: instant(BEGIN_NS + BigInt(slot * INTERVAL_NS)),
    offsetFromMaster: scaledFromNumber(offsetNs),
    lockState,
  });
}

describe('the record of a servo', () => {
  it('is there when the interval is known, and has everything from the first offset on', () => {
    const record = new ServoRecord();
    for (let slot = 0; slot < 16; slot += 1) sync(record, slot, 5);
    expect(record.report()).toBeNull();
    sync(record, 16, 5);
    expect(record.report()).toMatchObject({ samples: 17, missing: 0, intervalSeconds: 0.0625 });
  });

  it('has the stability that the offsets have (seed 16)', () => {
    const random = randomStream(16, 'servo record');
    const xNs = Float64Array.from({ length: 5_000 }, () => Math.round(40 * random.normal()));
    const record = new ServoRecord();
    for (const [slot, offset] of xNs.entries()) sync(record, slot, offset);
    const report = record.report();
    expect(report?.samples).toBe(5_000);
    const exact = report?.stability.filter((point) => point.m <= 16) ?? [];
    expect(exact.map(({ m }) => m)).toEqual([1, 2, 4, 8, 16]);
    for (const { m, tdevNs } of exact) {
      expect(tdevNs).toBeCloseTo(tdev({ xNs, tau0Ns: INTERVAL_NS }, m)?.value ?? 0, 6);
    }
  });

  it('leaves room for Syncs that were lost, and none for those that came twice', () => {
    const record = new ServoRecord();
    for (const slot of [...Array(40).keys()].filter((one) => one !== 20 && one !== 21)) {
      sync(record, slot, 1);
    }
    sync(record, 39, 999);
    expect(record.report()).toMatchObject({ samples: 38, missing: 2, maxAbsNs: 1 });
  });

  it.each([
    ['lock is lost', (record: ServoRecord) => sync(record, 50, 1, 'ACQUIRING')],
    ['time is stepped, or another master has it', (record: ServoRecord) => record.anew()],
    ['a pause was long', (record: ServoRecord) => sync(record, 5_000, 1)],
    ['time went backwards', (record: ServoRecord) => sync(record, 5, 1)],
  ])('begins anew where %s', (_, happens) => {
    const record = new ServoRecord();
    for (let slot = 0; slot < 40; slot += 1) sync(record, slot, 1_000);
    happens(record);
    expect(record.report()).toBeNull();
    for (let slot = 10_000; slot < 10_040; slot += 1) sync(record, slot, 2);
    expect(record.report()).toMatchObject({ maxAbsNs: 2 });
  });

  it('learns another interval', () => {
    const record = new ServoRecord();
    for (let slot = 0; slot < 40; slot += 1) sync(record, slot, 1);
    for (let slot = 40; slot < 400; slot += 8) sync(record, slot, 1);
    expect(record.report()).toMatchObject({ intervalSeconds: 0.5, missing: 0 });
  });
});
