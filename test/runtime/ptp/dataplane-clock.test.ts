/** PTP time of the dataplane: set once from the system's clock, and never stepped again. */
import { describe, expect, it } from 'vitest';
import { BMV2 } from '#p4rt/targets/bmv2';
import { NATIVE } from '#p4rt/targets/native';
import type { Target } from '#p4rt/target';
import { later } from '#runtime/ptp/dataplane-clock';
import { ptpClock } from '#runtime/ptp/entries';
import { nanoseconds } from '#units/time';
import { Conversation } from './conversation.js';

const CONFIG =
  'ports:\n  - { number: 1, name: p1, ptp: boundary, delayResponder: { logMinDelayReqInterval: 0 } }';
/** The system's time less that which passes in a conversation, which starts at a second. */
const EPOCH_NS = 1_700_000_000_000_000_000n;
const SYSTEM_NS = EPOCH_NS + 1_000_000_000n;

/** A dataplane that answers each reading with its counter. */
function answering(target: Target, ticksNs: (nowNs: bigint) => bigint): Conversation {
  const t = new Conversation(CONFIG, target);
  t.onSent = ({ fields, octets }) => {
    if (fields['egress_port'] === 510n) t.packetIn(510, 0, ticksNs(t.time.nowNs), octets);
  };
  return t;
}

const params = (t: Conversation) => t.written.map(({ action }) => action.params);

/** The references that were written. */
const pointsOf = (t: Conversation) =>
  params(t).map((p) => ({
    ticks: p['reference_ticks'] ?? 0n,
    ns: (p['seconds'] ?? 0n) * 1_000_000_000n + (p['nanoseconds'] ?? 0n),
  }));

describe('the dataplane clock', () => {
  it('is not touched without a boundary port', () => {
    const t = new Conversation('ports:\n  - { number: 1, name: p1, ptp: transparent }');
    t.service.start();
    t.time.pass(5_000);
    expect(t.sent).toEqual([]);
    expect(t.service.status().clock).toBeNull();
  });

  it('is the system clock where the ticks are: one reading, and no error however long it took', () => {
    const ROUND = 1n << 48n;
    // What the switch had when it was read, 30 ms before it was told.
    const realNs = SYSTEM_NS - 30_000_000n;
    const t = new Conversation(CONFIG);
    t.service.start();
    const [reading] = t.sent;
    t.time.pass(115);
    t.packetIn(510, 0, realNs % ROUND, reading?.octets ?? new Uint8Array(0));
    t.time.pass(200);
    expect(pointsOf(t)).toEqual([{ ticks: realNs % ROUND, ns: realNs }]);
    expect(t.service.entities().map((entity) => t.entry(entity))).toEqual(t.written);
    expect(t.service.status().clock).toMatchObject({
      source: 'system',
      readings: 1,
      errorBoundNs: 0,
      roundTripNs: 115_000_000,
    });
  });

  it.each([-30n, 0n, 30n])(
    'is the switch’s system clock, though ours is %d hours off it',
    (hours) => {
      const realNs = SYSTEM_NS - hours * 3_600_000_000_000n;
      const t = answering(NATIVE, () => BigInt.asUintN(48, realNs));
      t.service.start();
      t.time.pass(200);
      expect(pointsOf(t)[0]?.ns).toBe(realNs);
    },
  );

  it('is elsewhere set by the reading with the least round trip, and tells its error', () => {
    const t = new Conversation(CONFIG, BMV2);
    const aheadNs = 5_000_000_000_000_000_000n;
    let readings = 0;
    t.onSent = (sent) => {
      if (sent.fields['egress_port'] !== 510n) return;
      readings += 1;
      // All the way back takes long, but for the ninth.
      const backNs = readings === 9 ? 200_000n : 40_000_000n;
      const ticksNs = aheadNs + t.time.nowNs;
      t.time.after(nanoseconds(backNs), () => t.packetIn(510, 0, ticksNs, sent.octets));
    };
    t.service.start();
    t.time.pass(3_000);
    expect(readings).toBe(16);
    const [point] = pointsOf(t);
    const nowOfReading = BigInt.asUintN(48, (aheadNs + 1_000_000_000n) / 1_000n);
    const sinceStartNs = ((point?.ticks ?? 0n) - nowOfReading) * 1_000n;
    const errorNs = (point?.ns ?? 0n) - (SYSTEM_NS + sinceStartNs);
    expect(errorNs).toBe(100_000n);
    expect(pointsOf(t)).toHaveLength(1);
    expect(t.service.status().clock).toMatchObject({
      source: 'system',
      readings: 16,
      roundTripNs: 200_000,
      errorBoundNs: 101_000,
    });
  });

  it('counts in the ticks of its target', () => {
    const t = answering(BMV2, () => 5_000_000_000_000_123_000n);
    t.service.start();
    t.time.pass(1_500);
    expect(params(t)[0]?.['reference_ticks']).toBe(BigInt.asUintN(48, 5_000_000_000_000_123n));
  });

  it('gets new references on the same line, whatever the system time does', () => {
    const t = answering(NATIVE, (nowNs) => BigInt.asUintN(48, (nowNs * 1_000_100n) / 1_000_000n));
    t.service.start();
    t.time.pass(6 * 3_600_000);
    const points = pointsOf(t);
    expect(points.length).toBeGreaterThanOrEqual(36);
    for (const { ticks, ns } of points) {
      expect(ns - (points[0]?.ns ?? 0n)).toBe(ticks - (points[0]?.ticks ?? 0n));
    }
  });

  it('asks again when a reading does not come back', () => {
    const t = new Conversation(CONFIG);
    t.service.start();
    t.time.pass(3_500);
    const readings = t.sent.filter(({ fields }) => fields['egress_port'] === 510n);
    expect(readings).toHaveLength(4);
    const [old] = readings;
    if (old === undefined) throw new Error('nothing sent');
    t.packetIn(510, 0, 99n, old.octets);
    expect(t.service.status().clock).toMatchObject({ source: 'unset', readings: 0, lost: 3 });
  });

  it('goes on as an earlier agent had set it, and starts anew on a switch that forgot', () => {
    const ticks = (nowNs: bigint) => 7n * nowNs;
    const earlier = answering(BMV2, ticks);
    earlier.service.start();
    earlier.time.pass(2_000);
    const t = answering(BMV2, ticks);
    t.service.onPrepared({ pushed: false, actual: earlier.service.entities() });
    expect(t.service.status().clock).toMatchObject({ source: 'adopted', errorBoundNs: null });
    t.time.pass(7_777);
    t.service.start();
    t.time.pass(200);
    const [before] = pointsOf(earlier);
    const [after] = pointsOf(t);
    if (before === undefined || after === undefined) throw new Error('not set');
    expect(after.ns - before.ns).toBe((after.ticks - before.ticks) * 1_000n);
    expect(t.service.status().clock).toMatchObject({ source: 'adopted', readings: 1 });
    t.service.onPrepared({ pushed: true, actual: [] });
    expect(t.service.status().clock?.source).toBe('unset');
    t.service.start();
    t.time.pass(2_000);
    expect(t.service.status().clock).toMatchObject({ source: 'system', errorBoundNs: 1_000 });
  });

  it('knows its own time again when only the connection was lost', () => {
    const t = answering(BMV2, (nowNs) => nowNs);
    t.service.start();
    t.time.pass(2_000);
    const held = t.service.entities();
    t.time.pass(700_000);
    t.service.onPrepared({ pushed: false, actual: held });
    t.service.start();
    t.time.pass(200);
    expect(t.service.status().clock).toMatchObject({ source: 'system', errorBoundNs: 1_000 });
  });

  /** An agent that comes so many hours after one that had set the clock so far off. */
  function inherited(hours: number, offNs: bigint, target: Target = NATIVE): Conversation {
    const ticksAt = (ns: bigint) => BigInt.asUintN(48, ns);
    const t = answering(target, (nowNs) => ticksAt(EPOCH_NS + nowNs));
    t.time.nowNs += BigInt(hours) * 3_600_000_000_000n;
    const reference = { ticks: ticksAt(SYSTEM_NS), ptpNs: SYSTEM_NS + offNs, rateOffset: 0n };
    t.service.onPrepared({ pushed: false, actual: [ptpClock(t.index, reference)] });
    t.service.start();
    t.time.pass(200);
    return t;
  }

  it.each([1, 38, 40, 60, 77, 79, 120, 800])(
    'is on the line of an earlier agent that was gone for %d hours',
    (hours) => {
      const t = inherited(hours, 35_000_000n);
      const systemNs = SYSTEM_NS + BigInt(hours) * 3_600_000_000_000n;
      expect(pointsOf(t)).toEqual([
        { ticks: BigInt.asUintN(48, systemNs), ns: systemNs + 35_000_000n },
      ]);
      expect(t.service.status().clock).toMatchObject({ source: 'adopted', readings: 1 });
    },
  );

  it.each([2n, -2n, 30n])('is set anew where an earlier agent left it %d hours off', (off) => {
    const t = inherited(5, off * 3_600_000_000_000n);
    const systemNs = SYSTEM_NS + 5n * 3_600_000_000_000n;
    expect(pointsOf(t)).toEqual([{ ticks: BigInt.asUintN(48, systemNs), ns: systemNs }]);
    expect(t.service.status().clock).toMatchObject({ source: 'system', errorBoundNs: 0 });
  });
});

describe('a later reference', () => {
  it('is on the line, with its rate, also where the counter comes round', () => {
    const reference = { ticks: (1n << 48n) - 500n, ptpNs: 10_000n, rateOffset: 1n << 31n };
    expect(later(reference, 1_500n, 1n)).toEqual({ ...reference, ticks: 1_500n, ptpNs: 12_001n });
    expect(later({ ...reference, rateOffset: 0n }, 1_500n, 1_000n).ptpNs).toBe(2_010_000n);
  });
});
