/** Digests of the residence ledger. */
import { describe, expect, it } from 'vitest';
import { NATIVE } from '#p4rt/targets/native';
import { Conversation } from './conversation.js';

const CONFIG = 'ports:\n  - { number: 1, name: p1, ptp: transparent }';

/** In the digest's order: see residence_record_t. */
const record = (
  sequenceId: number,
  receive: bigint,
  transmit: bigint,
  before: bigint,
  after: bigint,
) => [
  ...[1n, 2n, 0n, 0x0011_22ff_fe33_4455n, 1n, BigInt(sequenceId), 0n, 0n],
  ...[receive, transmit, BigInt.asUintN(64, before), BigInt.asUintN(64, after)],
];

const exactly = (sequenceId: number) => record(sequenceId, 1_000n, 51_000n, 0n, 50_000n << 16n);

describe('the ledger', () => {
  it('tells residence, and how far the correction is from it', () => {
    const t = new Conversation(CONFIG);
    expect(
      t.digest(
        'residence_record_t',
        record(7, 1_000n, 51_000n, -5n << 16n, (49_000n << 16n) - (5n << 16n)),
      ),
    ).toBe(true);
    expect(t.service.status().ledger).toMatchObject({
      received: 1,
      errors: { count: 1, meanNs: 1_000, rmsNs: 1_000, maxAbsNs: 1_000, p99AbsNs: 1_000 },
      records: [
        {
          ingressPort: 1,
          egressPort: 2,
          messageType: 0,
          sourcePortIdentity: '001122fffe334455-1',
          sequenceId: 7,
          residenceNs: 50_000,
          correctionBeforeNs: -5,
          correctionAfterNs: 48_995,
          errorNs: 1_000,
        },
      ],
    });
  });

  it('leaves out what comes faster than it is to be read, and goes on afterwards', () => {
    const t = new Conversation(CONFIG);
    const burst = Array.from({ length: 128 }, (_, i) => exactly(i));
    for (let i = 0; i < 10; i += 1) expect(t.digest('residence_record_t', ...burst)).toBe(true);
    expect(t.service.status().ledger).toMatchObject({ received: 1_024, leftOut: 256 });
    t.time.pass(1_000);
    t.digest('residence_record_t', ...burst);
    expect(t.service.status().ledger).toMatchObject({ received: 1_152, leftOut: 256 });
  });

  it('knows what the ports add beside residence', () => {
    const t = new Conversation(`ports:
  - { number: 1, name: p1, ptp: transparent, timing: { ingressLatencyNs: 12.5, delayAsymmetryNs: 4 } }
  - { number: 2, name: p2, ptp: transparent, timing: { egressLatencyNs: 30 } }`);
    const added = (50_046n << 16n) + (1n << 15n);
    t.digest('residence_record_t', record(1, 0n, 50_000n, 0n, added));
    expect(t.service.status().ledger.records[0]).toMatchObject({ termsNs: 46.5, errorNs: 0 });
  });

  it('knows that 48 bits of nanoseconds come round', () => {
    const t = new Conversation(CONFIG);
    const end = (1n << 48n) - 20_000n;
    t.digest('residence_record_t', record(1, end, 30_000n, 0n, 50_000n << 16n));
    expect(t.service.status().ledger.records[0]).toMatchObject({ residenceNs: 50_000, errorNs: 0 });
  });

  it('keeps the newest 256, newest first', () => {
    const t = new Conversation(CONFIG);
    for (let i = 0; i < 300; i += 1) t.digest('residence_record_t', exactly(i));
    const { received, overwritten, records } = t.service.status().ledger;
    expect({ received, overwritten, kept: records.length }).toEqual({
      received: 300,
      overwritten: 44,
      kept: 256,
    });
    expect(records[0]?.sequenceId).toBe(299);
    expect(records.at(-1)?.sequenceId).toBe(44);
  });

  it('leaves other digests to others, and counts what it cannot read', () => {
    const t = new Conversation(CONFIG, NATIVE);
    expect(t.digest('learned_mac_t', [1n, 2n, 3n])).toBe(false);
    expect(t.digest('residence_record_t', [1n, 2n], exactly(1))).toBe(true);
    expect(t.service.status().ledger).toMatchObject({ received: 1, undecodable: 1 });
  });
});
