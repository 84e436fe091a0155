/** What there is to show: each with its table and its part of the status. Pure. */
import type { AgentStatus } from '#runtime/status';
import { capabilitiesPart, renderCapabilities } from './capabilities.js';
import { renderClock } from './clock.js';
import { renderCounters } from './counters.js';
import { renderLedger } from './ledger.js';
import { renderMacTable } from './mac-table.js';
import { renderPeerDelay } from './peer-delay.js';
import { renderPorts } from './ports.js';
import { renderResidence } from './residence.js';
import { renderNotices, type View } from './view.js';

export interface Subject {
  readonly table: (view: View) => string;
  /** The part of the status that the table shows, for programs. */
  readonly part: (status: AgentStatus) => unknown;
}

export const SUBJECTS = {
  ports: { table: renderPorts, part: ({ ports }) => ports },
  residence: {
    table: renderResidence,
    part: ({ ports }) =>
      ports.map(({ number, name, residenceNs }) => ({ number, name, residenceNs })),
  },
  counters: {
    table: renderCounters,
    part: ({ ports, malformed, drops, digests }) => ({
      ports: ports.map((port) => ({
        number: port.number,
        name: port.name,
        messages: port.messages,
        malformed: port.malformed,
        version1: port.version1,
        untouched: port.untouched,
        twoStep: port.twoStep,
        drops: port.drops,
      })),
      malformed,
      drops,
      digests,
    }),
  },
  'peer-delay': { table: renderPeerDelay, part: ({ ptp }) => ptp.peerDelay },
  ledger: { table: renderLedger, part: ({ ptp }) => ptp.ledger },
  clock: {
    table: renderClock,
    part: ({ clock, ptp: { packets, syntonization, management, clock: time } }) => ({
      ...clock,
      time,
      syntonization,
      management,
      packets,
    }),
  },
  'mac-table': { table: renderMacTable, part: ({ macTable }) => macTable },
  capabilities: { table: renderCapabilities, part: capabilitiesPart },
} as const satisfies Record<string, Subject>;

export type SubjectName = keyof typeof SUBJECTS;

export const SUBJECT_NAMES = Object.keys(SUBJECTS) as SubjectName[];

/** The notices, and below them the table. */
export function renderSubject(name: SubjectName, view: View): string {
  return [...renderNotices(view), SUBJECTS[name].table(view)].join('\n');
}
