/** What there is to show: each with its table and its part of the status. Pure. */
import type { AgentStatus } from '#runtime/status';
import {
  renderForeignMasters,
  renderParent,
  renderServo,
  renderSources,
  renderTime,
} from './boundary.js';
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
  ports: {
    table: renderPorts,
    part: ({ ports, ptp: { boundary } }) =>
      boundary === null
        ? ports
        : ports.map((port) => ({
            ...port,
            boundary: boundary.ports.find((other) => other.port === port.number) ?? null,
          })),
  },
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
    part: ({ clock, ptp: { packets, syntonization, management, clock: time, boundary } }) => ({
      ...clock,
      defaultDS: boundary?.defaultDS ?? null,
      time,
      syntonization,
      management,
      packets,
    }),
  },
  parent: {
    table: renderParent,
    part: ({ ptp: { boundary } }) =>
      boundary === null
        ? null
        : { ...boundary.parentDS, ...boundary.currentDS, pathTrace: boundary.pathTrace },
  },
  'foreign-masters': {
    table: renderForeignMasters,
    part: ({ ptp: { boundary } }) =>
      boundary?.ports.map(({ port, name, foreignMasters }) => ({ port, name, foreignMasters })) ??
      null,
  },
  time: {
    table: renderTime,
    part: ({ ptp: { boundary } }) =>
      boundary === null ? null : { ...boundary.timePropertiesDS, reference: boundary.reference },
  },
  servo: {
    table: renderServo,
    part: ({ ptp: { boundary } }) =>
      boundary === null
        ? null
        : {
            ...boundary.servo,
            currentDS: boundary.currentDS,
            readings: boundary.readings,
            followers: boundary.followers,
          },
  },
  sources: {
    table: renderSources,
    part: ({ ptp: { boundary } }) =>
      boundary === null
        ? null
        : { sources: boundary.sources, alarms: boundary.alarms, ports: boundary.ports },
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
