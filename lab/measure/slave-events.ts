/**
 * What ptp4l tells a slave event monitor: a PTP Signaling message (IEEE 1588-2019, 13.12) with one
 * TLV in it, either SLAVE_RX_SYNC_TIMING_DATA (16.11.4.1) for a Sync or linuxptp's own
 * SLAVE_DELAY_TIMING_DATA_NP for a Delay_Req that was answered.
 */
import { octetsOfHex } from './hex.js';

/** A Sync as the client saw it. Times in ns since the epoch of the shared clock. */
export interface SyncTiming {
  readonly kind: 'sync';
  readonly sequenceId: number;
  /** t1: the time that the time transmitter put into Sync or Follow_Up. */
  readonly originNs: bigint;
  /** correctionField of Sync plus that of Follow_Up, in 2^-16 ns. */
  readonly correctionScaledNs: bigint;
  /** t2: when the Sync came in. */
  readonly ingressNs: bigint;
}

/** A Delay_Req and its answer. Times in ns since the epoch of the shared clock. */
export interface DelayTiming {
  readonly kind: 'delay';
  readonly sequenceId: number;
  /** t3: when the Delay_Req left the client. */
  readonly requestNs: bigint;
  /** correctionField of the Delay_Resp, in 2^-16 ns. */
  readonly correctionScaledNs: bigint;
  /** t4: when the Delay_Req came in at the time transmitter. */
  readonly responseNs: bigint;
}

export type SlaveEvent = SyncTiming | DelayTiming;

export type SlaveEventError = 'not-hex' | 'too-short' | 'not-signaling' | 'bad-tlv-length';

export type SlaveEventResult =
  | { readonly ok: true; readonly events: readonly SlaveEvent[] }
  | { readonly ok: false; readonly code: SlaveEventError };

export const TLV_SLAVE_RX_SYNC_TIMING_DATA = 0x8004;
export const TLV_SLAVE_DELAY_TIMING_DATA_NP = 0x7f00;

const MESSAGE_TYPE_SIGNALING = 0x0c;
/** The common header (34) and targetPortIdentity (10). */
const SIGNALING_BYTES = 44;
const TLV_HEADER_BYTES = 4;
const PORT_IDENTITY_BYTES = 10;
const SYNC_RECORD_BYTES = 34;
const DELAY_RECORD_BYTES = 30;
const NS_PER_S = 1_000_000_000n;

/** A PTP Timestamp (5.3.3): 48 bits of seconds, 32 bits of nanoseconds. */
function timestampNs(view: DataView, offset: number): bigint {
  const seconds = (BigInt(view.getUint16(offset)) << 32n) | BigInt(view.getUint32(offset + 2));
  return seconds * NS_PER_S + BigInt(view.getUint32(offset + 6));
}

function syncRecord(view: DataView, offset: number): SyncTiming {
  return {
    kind: 'sync',
    sequenceId: view.getUint16(offset),
    originNs: timestampNs(view, offset + 2),
    correctionScaledNs: view.getBigInt64(offset + 12),
    ingressNs: timestampNs(view, offset + 24),
  };
}

function delayRecord(view: DataView, offset: number): DelayTiming {
  return {
    kind: 'delay',
    sequenceId: view.getUint16(offset),
    requestNs: timestampNs(view, offset + 2),
    correctionScaledNs: view.getBigInt64(offset + 12),
    responseNs: timestampNs(view, offset + 20),
  };
}

function records(
  view: DataView,
  offset: number,
  type: number,
  length: number,
): SlaveEvent[] | null {
  const [bytes, read] =
    type === TLV_SLAVE_RX_SYNC_TIMING_DATA
      ? [SYNC_RECORD_BYTES, syncRecord]
      : [DELAY_RECORD_BYTES, delayRecord];
  const octets = length - PORT_IDENTITY_BYTES;
  if (octets < bytes || octets % bytes !== 0) return null;
  return Array.from({ length: octets / bytes }, (_, i) =>
    read(view, offset + PORT_IDENTITY_BYTES + i * bytes),
  );
}

/** Reads one datagram of the slave event monitor. TLVs of other types are passed over. */
export function parseSlaveEvents(message: Uint8Array): SlaveEventResult {
  if (message.length < SIGNALING_BYTES) return { ok: false, code: 'too-short' };
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if ((view.getUint8(0) & 0x0f) !== MESSAGE_TYPE_SIGNALING) {
    return { ok: false, code: 'not-signaling' };
  }
  const events: SlaveEvent[] = [];
  let offset = SIGNALING_BYTES;
  while (offset + TLV_HEADER_BYTES <= message.length) {
    const type = view.getUint16(offset);
    const length = view.getUint16(offset + 2);
    offset += TLV_HEADER_BYTES;
    if (offset + length > message.length) return { ok: false, code: 'bad-tlv-length' };
    if (type === TLV_SLAVE_RX_SYNC_TIMING_DATA || type === TLV_SLAVE_DELAY_TIMING_DATA_NP) {
      const found = records(view, offset, type, length);
      if (found === null) return { ok: false, code: 'bad-tlv-length' };
      events.push(...found);
    }
    offset += length;
  }
  return { ok: true, events };
}

/** Reads one line of `tlv_reader`: the datagram in hexadecimal digits. */
export function parseSlaveEventLine(line: string): SlaveEventResult {
  if (line.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(line)) return { ok: false, code: 'not-hex' };
  return parseSlaveEvents(octetsOfHex(line));
}
