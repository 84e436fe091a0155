import { describe, expect, it } from 'vitest';
import { instant, preciseInstant, scaledNs } from '#units/time';
import { MESSAGE_TYPE, type PortIdentity } from '#wire/ptp-header';
import type { Tlv } from '#wire/ptp-message';
import { findTlv } from '#wire/tlv/known-tlv';
import { SlaveMonitor, type SlaveMonitoringRule } from '#ptp/slave-monitoring';

const MASTER: PortIdentity = { clockIdentity: 0x001b19fffe000001n, portNumber: 3 };
const OTHER: PortIdentity = { ...MASTER, portNumber: 4 };
const US: PortIdentity = { clockIdentity: 0x001122fffe334455n, portNumber: 1 };

const EACH: SlaveMonitoringRule = { enable: true, eventsPerTlv: 1, everyNth: 1 };
const OFF: SlaveMonitoringRule = { ...EACH, enable: false };
const at = (ns: number) => preciseInstant(instant(BigInt(ns)), scaledNs(0x8000n));

function monitor(rule: Partial<SlaveMonitoringRule> = {}): SlaveMonitor {
  const all = { ...EACH, ...rule };
  return new SlaveMonitor({ rxSyncTiming: all, rxSyncComputed: all, txEvents: all });
}

function sync(sequenceId: number, source = MASTER) {
  return {
    source,
    sequenceId,
    origin: instant(BigInt(sequenceId) * 1_000_000_000n),
    correction: scaledNs(5n << 16n),
    scaledCumulativeRateOffset: 0,
    received: at(sequenceId * 1e9 + 700),
  };
}

function sequenceIds(tlvs: readonly Tlv[]): readonly (readonly number[])[] {
  return tlvs.map((tlv) => {
    const found = findTlv([tlv], 'slaveRxSyncTimingData');
    return found?.records.map(({ sequenceId }) => sequenceId) ?? [];
  });
}

describe('a monitored slave port', () => {
  it('tells what it saw of a Sync', () => {
    expect(findTlv(monitor().received(sync(7)), 'slaveRxSyncTimingData')).toEqual({
      kind: 'slaveRxSyncTimingData',
      syncSourcePortIdentity: MASTER,
      records: [
        {
          sequenceId: 7,
          syncOriginTimestamp: instant(7_000_000_000n),
          totalCorrectionField: scaledNs(5n << 16n),
          scaledCumulativeRateOffset: 0,
          syncEventIngressTimestamp: instant(7_000_000_700n),
        },
      ],
    });
  });

  it('tells what it made of it, and what of that it knows', () => {
    const tlvs = monitor().computed({
      source: MASTER,
      sequenceId: 7,
      offsetFromMaster: scaledNs(-3n << 16n),
      meanPathDelay: null,
      scaledNeighborRateRatio: null,
    });
    expect(findTlv(tlvs, 'slaveRxSyncComputedData')).toEqual({
      kind: 'slaveRxSyncComputedData',
      sourcePortIdentity: MASTER,
      valid: { scaledNeighborRateRatio: false, meanPathDelay: false, offsetFromMaster: true },
      records: [
        {
          sequenceId: 7,
          offsetFromMaster: scaledNs(-3n << 16n),
          meanPathDelay: scaledNs(0n),
          scaledNeighborRateRatio: 0,
        },
      ],
    });
  });

  it('tells when its requests left', () => {
    const tlvs = monitor().sent({
      source: US,
      messageType: MESSAGE_TYPE.delayReq,
      sequenceId: 65_535,
      sent: at(12_345),
    });
    expect(findTlv(tlvs, 'slaveTxEventTimestamps')).toEqual({
      kind: 'slaveTxEventTimestamps',
      sourcePortIdentity: US,
      eventMessageType: MESSAGE_TYPE.delayReq,
      records: [{ sequenceId: 65_535, eventEgressTimestamp: instant(12_345n) }],
    });
  });

  it('says nothing of what is not asked for', () => {
    const port = new SlaveMonitor({ rxSyncTiming: OFF, rxSyncComputed: EACH, txEvents: OFF });
    expect(port.received(sync(1))).toEqual([]);
    expect(port.flush()).toEqual([]);
  });
});

describe('events', () => {
  it('are gathered until a TLV is full', () => {
    const port = monitor({ eventsPerTlv: 3 });
    const told = [1, 2, 3, 4, 5, 6, 7].map((id) => sequenceIds(port.received(sync(id))));
    expect(told).toEqual([[], [], [[1, 2, 3]], [], [], [[4, 5, 6]], []]);
    expect(sequenceIds(port.flush())).toEqual([[7]]);
    expect(port.flush()).toEqual([]);
  });

  it('are told one of so many', () => {
    const port = monitor({ everyNth: 4, eventsPerTlv: 2 });
    const told = Array.from({ length: 16 }, (_, id) => sequenceIds(port.received(sync(id + 1))));
    expect(told.flat()).toEqual([
      [4, 8],
      [12, 16],
    ]);
  });

  it('of another master are another TLV', () => {
    const port = monitor({ eventsPerTlv: 3 });
    port.received(sync(1));
    expect(sequenceIds(port.received(sync(2, OTHER)))).toEqual([[1]]);
    expect(sequenceIds(port.flush())).toEqual([[2]]);
  });

  it('of another kind of message are another TLV', () => {
    const port = monitor({ eventsPerTlv: 3 });
    const event = { source: US, sequenceId: 1, sent: at(1) };
    expect(port.sent({ ...event, messageType: MESSAGE_TYPE.delayReq })).toEqual([]);
    expect(port.sent({ ...event, messageType: MESSAGE_TYPE.pdelayReq })).toHaveLength(1);
  });

  it('of which more is known by now are another TLV, since its flags are of all', () => {
    const port = monitor({ eventsPerTlv: 3 });
    const computed = {
      source: MASTER,
      sequenceId: 1,
      offsetFromMaster: scaledNs(0n),
      meanPathDelay: null,
      scaledNeighborRateRatio: null,
    };
    expect(port.computed(computed)).toEqual([]);
    expect(port.computed({ ...computed, meanPathDelay: scaledNs(1n) })).toHaveLength(1);
  });

  it('fit a frame, whatever is asked for', () => {
    const port = monitor({ eventsPerTlv: 255 });
    const told = Array.from({ length: 100 }, (_, id) => port.received(sync(id))).flat();
    expect(told).toHaveLength(3);
    for (const { value } of told) expect(value.length).toBeLessThanOrEqual(1_100);
  });

  it('of before a step are forgotten', () => {
    const port = monitor({ eventsPerTlv: 2 });
    port.received(sync(1));
    port.clear();
    expect(port.received(sync(2))).toEqual([]);
    expect(sequenceIds(port.received(sync(3)))).toEqual([[2, 3]]);
  });

  it('end when they are not asked for any more', () => {
    const port = monitor({ eventsPerTlv: 2 });
    port.received(sync(1));
    port.configure({ rxSyncTiming: OFF, rxSyncComputed: OFF, txEvents: OFF });
    expect(port.flush()).toEqual([]);
  });
});
