/** A repeated Announce asks for no decision; one that tells anything else does, at once. */
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { BoundaryDecision } from '#ptp/instance/boundary-decision';
import { FLAG } from '#wire/ptp-header';
import { TLV_TYPE } from '#wire/tlv/tlv-type';
import { conversation, MASTER, OTHER, type AnnounceChange } from './conversation.js';
import { portConfig } from './settings.js';

const FLAGS = { header: { flags: FLAG.ptpTimescale } };
const TLV = { type: TLV_TYPE.organizationExtension, value: Uint8Array.of(0, 0, 1, 0, 0, 1, 7) };

describe('a port that follows', () => {
  let decide: MockInstance<() => void>;
  beforeEach(() => {
    decide = vi.spyOn(BoundaryDecision.prototype, 'decide');
  });
  afterEach(() => {
    decide.mockRestore();
  });

  function following() {
    const us = conversation({ ports: [portConfig(1), portConfig(2)] }).start();
    us.isServed(1, MASTER, 30);
    expect(us.state(1)).toBe('slave');
    return us;
  }

  /** Decisions that the Announce itself led to: no time passes. */
  function decisions(us: ReturnType<typeof following>, change: AnnounceChange, from = MASTER) {
    decide.mockClear();
    us.hearsAnnounce(1, from, change);
    return decide.mock.calls.length;
  }

  it('decides nothing for what its parent told before', () => {
    const us = following();
    expect(decisions(us, FLAGS)).toBe(0);
    expect(decisions(us, { ...FLAGS, tlvs: [] })).toBe(0);
  });

  it.each<[string, AnnounceChange]>([
    ['the UTC flag', { header: { flags: FLAG.ptpTimescale | FLAG.currentUtcOffsetValid } }],
    ['a TLV', { ...FLAGS, tlvs: [TLV] }],
    ['stepsRemoved', { ...FLAGS, stepsRemoved: 3 }],
    ['the UTC offset', { ...FLAGS, currentUtcOffsetSeconds: 38 }],
  ])('decides where only %s has changed, and once', (_, change) => {
    const us = following();
    expect(decisions(us, change)).toBeGreaterThan(0);
    expect(decisions(us, change)).toBe(0);
    expect(decisions(us, FLAGS)).toBeGreaterThan(0);
  });

  it('has the new flag and the new steps in its data sets at once', () => {
    const us = following();
    expect(us.instance.status(us.now).timePropertiesDS.currentUtcOffsetValid).toBe(false);
    us.hearsAnnounce(1, MASTER, {
      header: { flags: FLAG.ptpTimescale | FLAG.currentUtcOffsetValid },
    });
    expect(us.instance.status(us.now).timePropertiesDS.currentUtcOffsetValid).toBe(true);
    us.hearsAnnounce(1, MASTER, { ...FLAGS, stepsRemoved: 3 });
    expect(us.instance.status(us.now).currentDS.stepsRemoved).toBe(4);
  });

  it('decides nothing for time properties of a master that it does not follow', () => {
    const us = following();
    us.hearsMaster(1, OTHER, { ...FLAGS, grandmasterPriority1: 110 });
    const utc = { header: { flags: FLAG.ptpTimescale | FLAG.currentUtcOffsetValid } };
    expect(decisions(us, { ...utc, grandmasterPriority1: 110 }, OTHER)).toBe(0);
    expect(
      decisions(us, { ...utc, grandmasterPriority1: 110, stepsRemoved: 2 }, OTHER),
    ).toBeGreaterThan(0);
  });
});
