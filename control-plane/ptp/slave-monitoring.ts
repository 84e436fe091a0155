/**
 * Slave event monitoring, IEEE 1588-2019 16.11: what a port saw of its master's Syncs, what was made of
 * them, and when its own event messages left, for a monitor that holds it against what it knows itself.
 *
 * Events are gathered until a TLV is full; one TLV tells of one sender, so a new one closes what there is.
 */
import {
  scaledNs,
  splitPrecise,
  type Instant,
  type PreciseInstant,
  type ScaledNs,
} from '#units/time';
import { isSamePort, type PortIdentity } from '#wire/ptp-header';
import type { Tlv } from '#wire/ptp-message';
import { encodeTlv } from '#wire/tlv/known-tlv';
import type {
  SlaveRxSyncComputedDataTlv,
  SlaveRxSyncTimingDataTlv,
  SlaveTxEventTimestampsTlv,
} from '#wire/tlv/slave-monitoring';

/** One of the three kinds. */
export interface SlaveMonitoringRule {
  readonly enable: boolean;
  /** Events in one TLV, as slaveMonitoringPortDS.eventsPer…TLV; at most 32 are, to fit a frame. */
  readonly eventsPerTlv: number;
  /** Of so many events one is told; 1: every one. */
  readonly everyNth: number;
}

/** What of slaveMonitoringPortDS is configured. */
export interface SlaveMonitoringConfig {
  readonly rxSyncTiming: SlaveMonitoringRule;
  readonly rxSyncComputed: SlaveMonitoringRule;
  readonly txEvents: SlaveMonitoringRule;
}

/** A Sync, with its Follow_Up where it was two-step. */
export interface ReceivedSync {
  readonly source: PortIdentity;
  readonly sequenceId: number;
  /** originTimestamp or preciseOriginTimestamp. */
  readonly origin: Instant;
  /** The sum of both messages' correctionFields. */
  readonly correction: ScaledNs;
  /** (rateRatio - 1) × 2^41; 0 where nobody says. */
  readonly scaledCumulativeRateOffset: number;
  /** By our clock, without ingressLatency. */
  readonly received: PreciseInstant;
}

/** What came of it; null: not known. */
export interface ComputedSync {
  readonly source: PortIdentity;
  readonly sequenceId: number;
  readonly offsetFromMaster: ScaledNs | null;
  readonly meanPathDelay: ScaledNs | null;
  /** (neighborRateRatio - 1) × 2^41. */
  readonly scaledNeighborRateRatio: number | null;
}

/** An event message of ours. */
export interface SentEvent {
  readonly source: PortIdentity;
  /** Table 36: MESSAGE_TYPE. */
  readonly messageType: number;
  readonly sequenceId: number;
  /** By our clock, with egressLatency. */
  readonly sent: PreciseInstant;
}

/** Of the longest record, 34 octets, as many as leave room for Signaling's other TLVs in 1500. */
const MAX_EVENTS = 32;

/** Gathers events of one sender until there are enough. */
class Gatherer<Key, Event> {
  readonly #isSame: (a: Key, b: Key) => boolean;
  #rule: SlaveMonitoringRule;
  #key: Key | null = null;
  #events: Event[] = [];
  #skipped = 0;

  constructor(rule: SlaveMonitoringRule, isSame: (a: Key, b: Key) => boolean) {
    this.#rule = rule;
    this.#isSame = isSame;
  }

  configure(rule: SlaveMonitoringRule): void {
    this.#rule = rule;
    if (!rule.enable) this.clear();
  }

  clear(): void {
    this.#events = [];
    this.#key = null;
    this.#skipped = 0;
  }

  /** What is complete now: of another key what there was, and what this event fills. */
  add(key: Key, event: Event): readonly (readonly [Key, readonly Event[]])[] {
    if (!this.#rule.enable) return [];
    const closed = this.#key !== null && !this.#isSame(this.#key, key) ? this.take() : [];
    this.#key = key;
    this.#skipped += 1;
    if (this.#skipped < this.#rule.everyNth) return closed;
    this.#skipped = 0;
    this.#events.push(event);
    const isFull = this.#events.length >= Math.min(this.#rule.eventsPerTlv, MAX_EVENTS);
    return isFull ? [...closed, ...this.take()] : closed;
  }

  take(): readonly (readonly [Key, readonly Event[]])[] {
    const [key, events] = [this.#key, this.#events];
    this.clear();
    return key === null || events.length === 0 ? [] : [[key, events]];
  }
}

type TimingRecord = SlaveRxSyncTimingDataTlv['records'][number];
type ComputedRecord = SlaveRxSyncComputedDataTlv['records'][number];
type SentRecord = SlaveTxEventTimestampsTlv['records'][number];
type Valid = SlaveRxSyncComputedDataTlv['valid'];
interface ComputedKey {
  readonly source: PortIdentity;
  readonly valid: Valid;
}
interface SentKey {
  readonly source: PortIdentity;
  readonly messageType: number;
}

/** Of one port. Every method gives the TLVs that are complete with it, to be sent in a Signaling. */
export class SlaveMonitor {
  readonly #timing: Gatherer<PortIdentity, TimingRecord>;
  readonly #computed: Gatherer<ComputedKey, ComputedRecord>;
  readonly #sent: Gatherer<SentKey, SentRecord>;

  constructor(config: SlaveMonitoringConfig) {
    this.#timing = new Gatherer(config.rxSyncTiming, isSamePort);
    this.#computed = new Gatherer(config.rxSyncComputed, isSameComputed);
    this.#sent = new Gatherer(
      config.txEvents,
      (a, b) => isSamePort(a.source, b.source) && a.messageType === b.messageType,
    );
  }

  configure(config: SlaveMonitoringConfig): void {
    this.#timing.configure(config.rxSyncTiming);
    this.#computed.configure(config.rxSyncComputed);
    this.#sent.configure(config.txEvents);
  }

  received(sync: ReceivedSync): readonly Tlv[] {
    const record: TimingRecord = {
      sequenceId: sync.sequenceId,
      syncOriginTimestamp: sync.origin,
      totalCorrectionField: sync.correction,
      scaledCumulativeRateOffset: sync.scaledCumulativeRateOffset,
      syncEventIngressTimestamp: splitPrecise(sync.received).whole,
    };
    return this.#timing.add(sync.source, record).map(timingTlv);
  }

  computed(sync: ComputedSync): readonly Tlv[] {
    const key: ComputedKey = {
      source: sync.source,
      valid: {
        scaledNeighborRateRatio: sync.scaledNeighborRateRatio !== null,
        meanPathDelay: sync.meanPathDelay !== null,
        offsetFromMaster: sync.offsetFromMaster !== null,
      },
    };
    const record: ComputedRecord = {
      sequenceId: sync.sequenceId,
      offsetFromMaster: sync.offsetFromMaster ?? scaledNs(0n),
      meanPathDelay: sync.meanPathDelay ?? scaledNs(0n),
      scaledNeighborRateRatio: sync.scaledNeighborRateRatio ?? 0,
    };
    return this.#computed.add(key, record).map(computedTlv);
  }

  sent(event: SentEvent): readonly Tlv[] {
    const key: SentKey = { source: event.source, messageType: event.messageType };
    const { whole } = splitPrecise(event.sent);
    const record: SentRecord = { sequenceId: event.sequenceId, eventEgressTimestamp: whole };
    return this.#sent.add(key, record).map(sentTlv);
  }

  /** What is there, full or not: the port is no slave any more. */
  flush(): readonly Tlv[] {
    return [
      ...this.#timing.take().map(timingTlv),
      ...this.#computed.take().map(computedTlv),
      ...this.#sent.take().map(sentTlv),
    ];
  }

  /** A step or a new epoch: what was gathered is of another time. */
  clear(): void {
    this.#timing.clear();
    this.#computed.clear();
    this.#sent.clear();
  }
}

function timingTlv([source, records]: readonly [PortIdentity, readonly TimingRecord[]]): Tlv {
  return encodeTlv({ kind: 'slaveRxSyncTimingData', syncSourcePortIdentity: source, records });
}

function computedTlv([key, records]: readonly [ComputedKey, readonly ComputedRecord[]]): Tlv {
  const { source, valid } = key;
  return encodeTlv({ kind: 'slaveRxSyncComputedData', sourcePortIdentity: source, valid, records });
}

function sentTlv([key, records]: readonly [SentKey, readonly SentRecord[]]): Tlv {
  return encodeTlv({
    kind: 'slaveTxEventTimestamps',
    sourcePortIdentity: key.source,
    eventMessageType: key.messageType,
    records,
  });
}

/** The flags are of the whole TLV, so what is known by now opens another one. */
function isSameComputed(a: ComputedKey, b: ComputedKey): boolean {
  return (
    isSamePort(a.source, b.source) &&
    a.valid.meanPathDelay === b.valid.meanPathDelay &&
    a.valid.offsetFromMaster === b.valid.offsetFromMaster &&
    a.valid.scaledNeighborRateRatio === b.valid.scaledNeighborRateRatio
  );
}
