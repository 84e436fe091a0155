/**
 * The P4 program as its controller sees it: p4/README.md says what each table means. Numbers here
 * are those of p4/core/types.p4; a test holds them against the committed artefacts.
 */

export const CPU_PORT = 510;
export const CPU_CLONE_SESSION = 500;
/** Plus a port's number: back to that port, where transmit events are copies made at egress. */
export const PORT_CLONE_SESSIONS = 1_000;

/** `ptp_mode_t`. */
export const PTP_MODE = {
  off: 0n,
  transparent: 1n,
  blocked: 2n,
  transparentP2P: 3n,
  boundary: 4n,
} as const;

export type PtpMode = keyof typeof PTP_MODE;

/** `slot_t` is bit<7>: rows of the counter arrays. The last is of ports that have none. */
export const UNKNOWN_SLOT = 127;
export const MAX_SLOTS = UNKNOWN_SLOT;

/** `ptp_kind_t`: what classify made of a frame. */
export const PTP_KIND = { event: 1n, general: 2n } as const;

/** Why the controller gets a copy: the reasons that its own entries give, and the program's. */
export const PUNT_REASON = {
  management: 1,
  signaling: 2,
  syntonization: 3,
  neighbor: 4,
  txEvent: 64,
  peerDelay: 65,
  boundary: 66,
} as const;

export type PuntReason = keyof typeof PUNT_REASON;

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
  loop: 11,
  masterNotAccepted: 12,
  boundaryHops: 13,
  unmatched: 14,
  wrongDelayMechanism: 15,
  notAnswered: 16,
  noPtpClock: 18,
  meteredAway: 19,
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

/** What the program answers itself; the others are counted nowhere as answered. */
export const ANSWERED_KINDS = ['delayReq', 'pdelayReq'] as const satisfies MessageKind[];

/** What became of messages that leave by a two-step port: the cell within a slot. */
export const TWO_STEP = {
  recorded: 0,
  applied: 1,
  generated: 2,
  waited: 3,
  unmatched: 4,
  overwritten: 5,
  unmatchedResponse: 6,
} as const;

export type TwoStepOutcome = keyof typeof TWO_STEP;

export const TWO_STEP_OUTCOMES = Object.keys(TWO_STEP) as TwoStepOutcome[];

/** Why a frame on a port in a PTP mode was not looked into: the cell within a slot. */
export const UNTOUCHED = { ipv4Fragment: 0, ipv6Extension: 1, moreThanTwoTags: 2 } as const;

export type UntouchedReason = keyof typeof UNTOUCHED;

export const UNTOUCHED_REASONS = Object.keys(UNTOUCHED) as UntouchedReason[];

/** Cells per slot of each array. */
export const CELLS = {
  ptp_received: 16,
  ptp_corrected: 16,
  ptp_sent: 16,
  ptp_malformed: 8,
  ptp_version_1: 1,
  ingress_dropped: 32,
  egress_dropped: 32,
  punt_metered: 16,
  two_step: 16,
  answered: 16,
  untouched: 4,
  residence: 512,
} as const;

export const DIGEST = 'learned_mac_t';
export const LEDGER_DIGEST = 'residence_record_t';

/** Cells per slot of the meters in front of the controller, one for each messageType. */
export const PUNT_METER = { name: 'punt_meter', cellsPerSlot: 16 } as const;

/** In front of the ledger: one cell for each slot that a message came in by. */
export const LEDGER_METER = 'ledger_meter';

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
  'accepted_master',
  'own_clock',
  'syntonization',
  'peer_delay',
  'delay_responder',
  'origin',
  'marking',
] as const;

/** Tables without a key: their default action is the agent's. */
export const KEYLESS_TABLES = ['clock', 'ledger'] as const;
