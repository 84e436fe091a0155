/** PTP time of the dataplane: set once from the system's clock, and never stepped again. */
import { describe, expect, it } from 'vitest';
import { BMV2 } from '#p4rt/targets/bmv2';
import { NATIVE } from '#p4rt/targets/native';
import type { Target } from '#p4rt/target';
import { later } from '#runtime/ptp/dataplane-clock';
import { Conversation } from './conversation.js';

const CONFIG =
  'ports:\n  - { number: 1, name: p1, ptp: boundary, delayResponder: { logMinDelayReqInterval: 0 } }';
const SYSTEM_NS = 1_700_000_001_000_000_000n;

/** A dataplane that answers each reading with its counter. */
function answering(target: Target, ticksNs: (nowNs: bigint) => bigint): Conversation {
  const t = new Conversation(CONFIG, target);
  t.onSent = ({ fields, octets }) => {
    if (fields['egress_port'] === 510n) t.packetIn(510, 0, ticksNs(t.time.nowNs), octets);
  };
  return t;
}

const params = (t: Conversation) => t.written.map(({ action }) => action.params);

describe('the dataplane clock', () => {
  it('is not touched without a boundary port', () => {
    const t = new Conversation('ports:\n  - { number: 1, name: p1, ptp: transparent }');
    t.service.start();
    t.time.pass(5_000);
    expect(t.sent).toEqual([]);
    expect(t.service.status().clock).toBeNull();
  });

  it('starts at the system time of a reading', () => {
    const t = answering(NATIVE, () => 123_456_789n);
    t.service.start();
    t.time.pass(500);
    expect(params(t)).toEqual([
      {
        reference_ticks: 123_456_789n,
        seconds: SYSTEM_NS / 1_000_000_000n,
        nanoseconds: SYSTEM_NS % 1_000_000_000n,
        rate_offset: 0n,
      },
    ]);
    expect(t.service.entities().map((entity) => t.entry(entity))).toEqual(t.written);
    expect(t.service.status().clock).toMatchObject({ source: 'system', readings: 1, lost: 0 });
  });

  it('counts in the ticks of its target', () => {
    const t = answering(BMV2, () => 5_000_000_000_000_123_000n);
    t.service.start();
    t.time.pass(500);
    expect(params(t)[0]?.['reference_ticks']).toBe(BigInt.asUintN(48, 5_000_000_000_000_123n));
  });

  it('gets new references on the same line, whatever the system time does', () => {
    const t = answering(NATIVE, (nowNs) => BigInt.asUintN(48, (nowNs * 1_000_100n) / 1_000_000n));
    t.service.start();
    t.time.pass(6 * 3_600_000);
    const points = params(t).map((p) => ({
      ticks: p['reference_ticks'] ?? 0n,
      ns: (p['seconds'] ?? 0n) * 1_000_000_000n + (p['nanoseconds'] ?? 0n),
    }));
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
    const earlier = answering(NATIVE, () => 1_000n);
    earlier.service.start();
    earlier.time.pass(200);
    const t = answering(NATIVE, () => 2_000n);
    t.service.onPrepared({ pushed: false, actual: earlier.service.entities() });
    expect(t.service.status().clock?.source).toBe('adopted');
    t.time.pass(7_777);
    t.service.start();
    t.time.pass(200);
    expect(params(t)[0]).toMatchObject({
      reference_ticks: 2_000n,
      nanoseconds: (SYSTEM_NS + 1_000n) % 1_000_000_000n,
    });
    t.service.onPrepared({ pushed: true, actual: [] });
    expect(t.service.status().clock?.source).toBe('unset');
    t.service.start();
    expect(t.service.status().clock?.source).toBe('system');
  });
});

describe('a later reference', () => {
  it('is on the line, with its rate, also where the counter comes round', () => {
    const reference = { ticks: (1n << 48n) - 500n, ptpNs: 10_000n, rateOffset: 1n << 31n };
    expect(later(reference, 1_500n, 1n)).toEqual({ ...reference, ticks: 1_500n, ptpNs: 12_001n });
    expect(later({ ...reference, rateOffset: 0n }, 1_500n, 1_000n).ptpNs).toBe(2_010_000n);
  });
});
