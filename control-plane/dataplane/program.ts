/**
 * The P4 program as its controller sees it: p4/README.md says what each table means. Numbers here
 * are those of p4/core/types.p4; a test holds them against the committed artefacts.
 */

export const CPU_PORT = 510;
export const CPU_CLONE_SESSION = 500;

/** `ptp_mode_t`. */
export const PTP_MODE = { off: 0n, transparent: 1n, blocked: 2n } as const;

export type PtpMode = keyof typeof PTP_MODE;

/** `slot_t` is bit<6>: rows of the counter arrays. */
export const MAX_SLOTS = 64;

/** `malformed_t`, by name. */
export const MALFORMED = {
  truncated: 1,
  unknownVersion: 2,
  lengthBeyondFrame: 3,
  lengthTooShort: 4,
} as const;

export type MalformedReason = keyof typeof MALFORMED;

export const MALFORMED_REASONS = Object.keys(MALFORMED) as MalformedReason[];

/** `drop_reason_t`, by name. */
export const DROP = {
  portUnknown: 1,
  vlanNotAdmitted: 2,
  reservedAddress: 3,
  samePort: 4,
  vlanWithoutFloodGroup: 5,
  malformed: 6,
  egressVlan: 7,
  trappedOnly: 8,
  residenceTooLong: 9,
  ptpBlocked: 10,
} as const;

export type DropReason = keyof typeof DROP;

export const DROP_REASONS = Object.keys(DROP) as DropReason[];

/** messageType by name (IEEE 1588-2019, table 36): the cell within a slot. */
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

export const MESSAGE_KINDS = Object.keys(MESSAGE_TYPE) as MessageKind[];

/** Cells per slot of each array. */
export const CELLS = {
  ptp_received: 16,
  ptp_corrected: 16,
  ptp_malformed: 8,
  ptp_version_1: 1,
  residence: 512,
} as const;

export const DIGEST = 'learned_mac_t';

/** Every table whose entries are the agent's. */
export const TABLES = [
  'port',
  'vlan_admission',
  'malformed_policy',
  'punt_policy',
  'source_mac',
  'destination_mac',
  'flood_group',
  'vlan_delivery',
  'ingress_timing',
  'egress_timing',
  'ingress_instance',
  'egress_instance',
] as const;
