/** A status as an agent tells it, for tables. */
import { portCounters } from '#dataplane/counters';
import type { AgentStatus, PortStatus } from '#runtime/status';
import { ptpStatus } from '../support/ptp-status.js';

const { messages: NO_MESSAGES, malformed: NO_MALFORMED, ...NOTHING } = portCounters(new Map(), 0);
const { sync: NO_MESSAGE } = NO_MESSAGES;
const NO_DROPS = NOTHING.drops.ingress;

const GM: PortStatus = {
  ...NOTHING,
  number: 1,
  name: 'gm',
  ptp: 'transparent',
  step: 'two',
  vlan: { native: 1, tagged: [10, 12, 11, 30] },
  messages: {
    ...NO_MESSAGES,
    sync: { ...NO_MESSAGE, received: 1_000 },
    delayReq: { ...NO_MESSAGE, sent: 41, corrected: 40 },
    pdelayReq: { ...NO_MESSAGE, received: 7, answered: 7 },
  },
  untouched: { ...NOTHING.untouched, ipv4Fragment: 2 },
  twoStep: { ...NOTHING.twoStep, recorded: 40, applied: 39 },
  drops: { ingress: { ...NO_DROPS, vlanNotAdmitted: 8, malformed: 3 }, egress: NO_DROPS },
  malformed: { ...NO_MALFORMED, truncated: 3 },
  version1: 5,
  residenceNs: { count: 40, min: 567, p50: 1_234, p99: 56_789, max: 1_234_567 },
};

const CLIENT: PortStatus = {
  ...NOTHING,
  number: 2,
  name: 'client',
  ptp: 'off',
  step: 'one',
  vlan: { native: null, tagged: [] },
  messages: NO_MESSAGES,
  malformed: { ...NO_MALFORMED, truncated: 1 },
  version1: 0,
  residenceNs: { count: 0, min: null, p50: null, p99: null, max: null },
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
    notes: [],
  },
  pipeline: { name: 'main_native', cookie: '00', pushes: 1, entries: 1 },
  clock: { identity: '001122.fffe.334455', domainNumber: 24 },
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
  ptp: ptpStatus(),
  countersCurrent: true,
};

/** The same switch, `more` Syncs, stations and drops later. */
export function later(more: number): AgentStatus {
  const { sync } = GM.messages;
  const messages = { ...GM.messages, sync: { ...sync, received: sync.received + more } };
  const residenceNs = { ...GM.residenceNs, count: GM.residenceNs.count + more };
  const { drops, macTable, ptp } = STATUS;
  const links = ptp.peerDelay.ports.map((report) => {
    const { exchangesCompleted, ...others } = report.counters;
    return {
      ...report,
      counters: { ...others, exchangesCompleted: exchangesCompleted + more },
    };
  });
  return {
    ...STATUS,
    ptp: {
      ...ptp,
      peerDelay: { ...ptp.peerDelay, ports: links },
      ledger: { ...ptp.ledger, received: ptp.ledger.received + more },
    },
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
