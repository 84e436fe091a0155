/** Sync and Follow_Up, brought together. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  after,
  dataplaneTime,
  instant,
  preciseUnits,
  scaledNs,
  seconds,
  type Instant,
} from '#units/time';
import type { FollowUp, Sync } from '#wire/ptp-message';
import { SyncReceiver, type SyncCounter, type SyncSample } from '#ptp/instance/sync-receiver';
import { followUp, MASTER, oneStepSync, twoStepSync } from './conversation.js';

const SEED = 1_588;
const ORIGIN = instant(1_000_000_000n);

function corrected<M extends Sync | FollowUp>(message: M, units: bigint): M {
  return { ...message, header: { ...message.header, correctionField: scaledNs(units) } };
}

function receiver() {
  const counts = new Map<SyncCounter, number>();
  const receiver = new SyncReceiver((what) => counts.set(what, (counts.get(what) ?? 0) + 1));
  let counterNs = 0n;
  let now: Instant = instant(0n);
  return {
    receiver,
    count: (what: SyncCounter) => counts.get(what) ?? 0,
    sync: (sequenceId: number, message = twoStepSync(MASTER, sequenceId)) =>
      receiver.receiveSync(message, dataplaneTime((counterNs += 1_000n)), now),
    followUp: (sequenceId: number, message = followUp(MASTER, sequenceId, ORIGIN)) =>
      receiver.receiveFollowUp(message, now),
    waits: (duration: number) => {
      now = after(now, seconds(duration));
    },
  };
}

function unitsOf(sample: SyncSample | null): bigint {
  if (sample === null) throw new Error('there is no sample');
  return preciseUnits(sample.origin);
}

describe('a two-step master', () => {
  it('has its time in the Follow_Up, and corrections in both', () => {
    const { sync, followUp: follow } = receiver();
    expect(sync(1, corrected(twoStepSync(MASTER, 1), 0x3_8000n))).toBeNull();
    const sample = follow(1, corrected(followUp(MASTER, 1, ORIGIN), 0x8000n));
    expect(unitsOf(sample)).toBe(1_000_000_004n << 16n);
  });

  it('may send the Follow_Up first', () => {
    const { sync, followUp: follow } = receiver();
    expect(follow(1)).toBeNull();
    expect(sync(1)?.sequenceId).toBe(1);
  });

  it('loses one sample with a lost Follow_Up, and no other', () => {
    const { sync, followUp: follow, count } = receiver();
    sync(1);
    sync(2);
    expect(follow(2)?.sequenceId).toBe(2);
    expect(follow(1)).toBeNull();
    expect(count('syncsLate')).toBe(1);
  });

  it('is forgotten after its lifetime', () => {
    const { sync, followUp: follow, count, waits, receiver: one } = receiver();
    sync(1);
    waits(2);
    expect(follow(1)).toBeNull();
    expect(count('syncsWithoutFollowUp')).toBe(1);
    expect(one.waiting).toBe(1);
    waits(2);
    sync(9);
    expect(count('followUpsWithoutSync')).toBe(1);
    expect(one.waiting).toBe(1);
  });

  it('cannot fill memory', () => {
    const { sync, followUp: follow, receiver: one } = receiver();
    for (let sequenceId = 0; sequenceId < 1_000; sequenceId++) {
      sync(sequenceId);
      follow(sequenceId + 5_000);
    }
    expect(one.waiting).toBeLessThanOrEqual(8);
  });
});

describe('a one-step master', () => {
  it('tells all in its Sync', () => {
    const { sync } = receiver();
    const message = corrected(oneStepSync(MASTER, 3, ORIGIN), 0x1_0000n);
    expect(unitsOf(sync(3, message))).toBe(1_000_000_001n << 16n);
  });
});

describe('copies, latecomers and restarts', () => {
  it('takes a Sync once, though it comes twice', () => {
    const { sync, followUp: follow, count } = receiver();
    sync(1);
    sync(1);
    expect(follow(1)).not.toBeNull();
    expect(sync(1)).toBeNull();
    expect(follow(1)).toBeNull();
    expect(count('syncsDuplicate')).toBe(2);
    expect(count('followUpsDuplicate')).toBe(1);
  });

  it('goes over the wrap of sequenceId', () => {
    const { sync } = receiver();
    for (const sequenceId of [0xfffe, 0xffff, 0, 1]) {
      const message = oneStepSync(MASTER, sequenceId, ORIGIN);
      expect(sync(sequenceId, message)?.sequenceId).toBe(sequenceId);
    }
  });

  it('leaves out what was overtaken', () => {
    const { sync, count } = receiver();
    sync(10, oneStepSync(MASTER, 10, ORIGIN));
    expect(sync(9, oneStepSync(MASTER, 9, ORIGIN))).toBeNull();
    expect(count('syncsLate')).toBe(1);
  });

  it('believes a master that counts from anew', () => {
    const { sync } = receiver();
    sync(40_000, oneStepSync(MASTER, 40_000, ORIGIN));
    expect(sync(0, oneStepSync(MASTER, 0, ORIGIN))).not.toBeNull();
  });

  it('leaves out a correction that is too big to be told', () => {
    const { sync, count } = receiver();
    const message = corrected(oneStepSync(MASTER, 1, ORIGIN), (1n << 63n) - 1n);
    expect(sync(1, message)).toBeNull();
    expect(count('correctionsTooBig')).toBe(1);
  });
});

it('never mixes two sequences, nor keeps more than its bound, whatever comes', () => {
  const step = fc.record({
    kind: fc.constantFrom('sync', 'followUp', 'wait'),
    sequenceId: fc.integer({ min: 0, max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const one = receiver();
      for (const { kind, sequenceId } of steps) {
        if (kind === 'wait') one.waits(0.3);
        const origin = instant(BigInt(sequenceId));
        const sample =
          kind === 'sync'
            ? one.sync(sequenceId)
            : kind === 'followUp'
              ? one.followUp(sequenceId, followUp(MASTER, sequenceId, origin))
              : null;
        if (sample !== null) expect(unitsOf(sample) >> 16n).toBe(BigInt(sample.sequenceId));
        expect(one.receiver.waiting).toBeLessThanOrEqual(8);
      }
    }),
    { seed: SEED },
  );
});
