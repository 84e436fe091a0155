/** The PTP common header, IEEE 1588-2019 13.3, and the parts that messages share. */
import {
  instant,
  logInterval,
  logIntervalValue,
  nsSinceEpoch,
  scaledNs,
  scaledUnits,
  type Instant,
  type LogInterval,
  type ScaledNs,
} from '#units/time';
import { failure, success, type Result } from '#units/result';
import { readUint48, viewOf, writeUint48 } from './octets.js';

export const HEADER_OCTETS = 34;
export const CORRECTION_OFFSET = 8;
const VERSION_OFFSET = 1;
const SECOND_NS = 1_000_000_000n;

/** Table 36: messageType by name. */
export const MESSAGE_TYPE = {
  sync: 0x0,
  delayReq: 0x1,
  pdelayReq: 0x2,
  pdelayResp: 0x3,
  followUp: 0x8,
  delayResp: 0x9,
  pdelayRespFollowUp: 0xa,
  announce: 0xb,
  signaling: 0xc,
  management: 0xd,
} as const;

export type MessageKind = keyof typeof MESSAGE_TYPE;

/** Table 37: bits of flagField, the first octet most significant. */
export const FLAG = {
  alternateMaster: 0x0100,
  twoStep: 0x0200,
  unicast: 0x0400,
  leap61: 0x0001,
  leap59: 0x0002,
  currentUtcOffsetValid: 0x0004,
  ptpTimescale: 0x0008,
  timeTraceable: 0x0010,
  frequencyTraceable: 0x0020,
  synchronizationUncertain: 0x0040,
} as const;

export interface PortIdentity {
  readonly clockIdentity: bigint;
  readonly portNumber: number;
}

export function isSamePort(a: PortIdentity, b: PortIdentity): boolean {
  return a.clockIdentity === b.clockIdentity && a.portNumber === b.portNumber;
}

/** The common header without messageType and messageLength, which the message gives. */
export interface PtpHeader {
  readonly majorSdoId: number;
  readonly minorVersionPtp: number;
  readonly domainNumber: number;
  readonly minorSdoId: number;
  readonly flags: number;
  readonly correctionField: ScaledNs;
  readonly messageTypeSpecific: number;
  readonly sourcePortIdentity: PortIdentity;
  readonly sequenceId: number;
  readonly controlField: number;
  readonly logMessageInterval: LogInterval;
}

/** The 12 bits of 7.1.4. */
export function sdoIdOf(header: Pick<PtpHeader, 'majorSdoId' | 'minorSdoId'>): number {
  return (header.majorSdoId << 8) | header.minorSdoId;
}

export interface RawHeader extends PtpHeader {
  readonly messageType: number;
  readonly messageLength: number;
}

export type PtpErrorCode =
  | 'ptp-truncated'
  | 'ptp-unknown-version'
  | 'ptp-unknown-message'
  | 'ptp-length-beyond-frame'
  | 'ptp-length-too-short'
  | 'ptp-bad-timestamp'
  | 'ptp-bad-tlv';

/** versionPTP, or null for less than two octets. Version 1 is never parsed further. */
export function peekVersion(octets: Uint8Array): number | null {
  const octet = octets[VERSION_OFFSET];
  return octet === undefined ? null : octet & 0xf;
}

/** Decodes the common header; `octets` may go on behind the message (padding). */
export function decodeHeader(octets: Uint8Array): Result<RawHeader, PtpErrorCode> {
  const version = peekVersion(octets);
  if (version !== null && version !== 2) {
    return failure('ptp-unknown-version', `versionPTP is ${version}, not 2`);
  }
  if (octets.length < HEADER_OCTETS) {
    return failure('ptp-truncated', `${octets.length} octets are less than the common header`);
  }
  const view = viewOf(octets);
  const messageLength = view.getUint16(2);
  if (messageLength > octets.length) {
    return failure(
      'ptp-length-beyond-frame',
      `messageLength is ${messageLength}, but ${octets.length} octets are there`,
    );
  }
  if (messageLength < HEADER_OCTETS) {
    return failure('ptp-length-too-short', `messageLength is ${messageLength}`);
  }
  return success({
    messageType: view.getUint8(0) & 0xf,
    messageLength,
    majorSdoId: view.getUint8(0) >> 4,
    minorVersionPtp: view.getUint8(VERSION_OFFSET) >> 4,
    domainNumber: view.getUint8(4),
    minorSdoId: view.getUint8(5),
    flags: view.getUint16(6),
    correctionField: scaledNs(view.getBigInt64(CORRECTION_OFFSET)),
    messageTypeSpecific: view.getUint32(16),
    sourcePortIdentity: readPortIdentity(view, 20),
    sequenceId: view.getUint16(30),
    controlField: view.getUint8(32),
    logMessageInterval: logInterval(view.getInt8(33)),
  });
}

/** Writes the common header to the first 34 octets of a message as long as `message`. */
export function writeHeader(message: Uint8Array, messageType: number, header: PtpHeader): void {
  const view = viewOf(message);
  view.setUint8(0, (header.majorSdoId << 4) | messageType);
  view.setUint8(VERSION_OFFSET, (header.minorVersionPtp << 4) | 2);
  view.setUint16(2, message.length);
  view.setUint8(4, header.domainNumber);
  view.setUint8(5, header.minorSdoId);
  view.setUint16(6, header.flags);
  view.setBigInt64(CORRECTION_OFFSET, scaledUnits(header.correctionField));
  view.setUint32(16, header.messageTypeSpecific);
  writePortIdentity(view, 20, header.sourcePortIdentity);
  view.setUint16(30, header.sequenceId);
  view.setUint8(32, header.controlField);
  view.setInt8(33, logIntervalValue(header.logMessageInterval));
}

export function readPortIdentity(view: DataView, offset: number): PortIdentity {
  return {
    clockIdentity: view.getBigUint64(offset),
    portNumber: view.getUint16(offset + 8),
  };
}

export function writePortIdentity(view: DataView, offset: number, identity: PortIdentity): void {
  view.setBigUint64(offset, identity.clockIdentity);
  view.setUint16(offset + 8, identity.portNumber);
}

/** A Timestamp of 5.3.3: 48 bits of seconds, 32 of nanoseconds below 10^9. */
export function readTimestamp(view: DataView, offset: number): Result<Instant, PtpErrorCode> {
  const nanos = BigInt(view.getUint32(offset + 6));
  if (nanos >= SECOND_NS) {
    return failure('ptp-bad-timestamp', `a timestamp has ${nanos} nanoseconds`);
  }
  return success(instant(readUint48(view, offset) * SECOND_NS + nanos));
}

export function writeTimestamp(view: DataView, offset: number, time: Instant): void {
  const ns = nsSinceEpoch(time);
  writeUint48(view, offset, ns / SECOND_NS);
  view.setUint32(offset + 6, Number(ns % SECOND_NS));
}
