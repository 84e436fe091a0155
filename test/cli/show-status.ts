/** A status as an agent tells it, for tables. */
import type { AgentStatus, PortStatus } from '#runtime/status';

const NO_MESSAGES: PortStatus['messages'] = {
  sync: { received: 0, corrected: 0 },
  delayReq: { received: 0, corrected: 0 },
  pdelayReq: { received: 0, corrected: 0 },
  pdelayResp: { received: 0, corrected: 0 },
  followUp: { received: 0, corrected: 0 },
  delayResp: { received: 0, corrected: 0 },
  pdelayRespFollowUp: { received: 0, corrected: 0 },
  announce: { received: 0, corrected: 0 },
  signaling: { received: 0, corrected: 0 },
  management: { received: 0, corrected: 0 },
};

const NO_MALFORMED: PortStatus['malformed'] = {
  truncated: 0,
  unknownVersion: 0,
  lengthBeyondFrame: 0,
  lengthTooShort: 0,
};

const NO_DROPS: AgentStatus['drops']['ingress'] = {
  portUnknown: 0,
  vlanNotAdmitted: 0,
  reservedAddress: 0,
  samePort: 0,
  vlanWithoutFloodGroup: 0,
  malformed: 0,
  egressVlan: 0,
  trappedOnly: 0,
  residenceTooLong: 0,
  ptpBlocked: 0,
};

const GM: PortStatus = {
  number: 1,
  name: 'gm',
  ptp: 'transparent',
  vlan: { native: 1, tagged: [10, 12, 11, 30] },
  messages: {
    ...NO_MESSAGES,
    sync: { received: 1_000, corrected: 0 },
    delayReq: { received: 0, corrected: 40 },
  },
  malformed: { ...NO_MALFORMED, truncated: 3 },
  version1: 5,
  residenceNs: { count: 40, p50: 1_234, p99: 56_789, max: 1_234_567 },
};

const CLIENT: PortStatus = {
  number: 2,
  name: 'client',
  ptp: 'off',
  vlan: { native: null, tagged: [] },
  messages: NO_MESSAGES,
  malformed: { ...NO_MALFORMED, truncated: 1 },
  version1: 0,
  residenceNs: { count: 0, p50: null, p99: null, max: null },
};

export const STATUS: AgentStatus = {
  version: '0.0.0',
  ready: true,
  target: {
    kind: 'native',
    address: '127.0.0.1:9559',
    deviceId: '1',
    electionId: '1',
    phase: 'primary',
    reason: '',
    timestampResolutionNs: 1,
    txHalf: 'deferred',
  },
  pipeline: { name: 'main_native', cookie: '00', pushes: 1, entries: 1 },
  ports: [GM, CLIENT],
  macTable: {
    entries: 12,
    maxEntries: 4_096,
    learned: 17,
    moved: 2,
    aged: 3,
    refusedFull: 0,
    refusedInvalid: 0,
    writeFailed: 0,
  },
  malformed: { ...NO_MALFORMED, truncated: 4 },
  drops: {
    ingress: { ...NO_DROPS, vlanNotAdmitted: 9, malformed: 4 },
    egress: { ...NO_DROPS, residenceTooLong: 6 },
  },
  digests: { received: 21, postponed: 1, undecodable: 0 },
  countersCurrent: true,
};

/** The same switch, `more` Syncs, stations and drops later. */
export function later(more: number): AgentStatus {
  const { sync } = GM.messages;
  const messages = { ...GM.messages, sync: { ...sync, received: sync.received + more } };
  const residenceNs = { ...GM.residenceNs, count: GM.residenceNs.count + more };
  const { drops, macTable } = STATUS;
  return {
    ...STATUS,
    ports: [{ ...GM, messages, residenceNs }, CLIENT],
    macTable: { ...macTable, learned: macTable.learned + more },
    drops: { ...drops, egress: { ...drops.egress, residenceTooLong: 6 + more } },
  };
}

export const NOT_READY: AgentStatus = {
  ...STATUS,
  ready: false,
  countersCurrent: false,
  target: { ...STATUS.target, phase: 'waiting', reason: 'no connection to 127.0.0.1:9559' },
};
