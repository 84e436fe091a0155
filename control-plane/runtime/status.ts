/** What /status.json says. The shape is an interface to others: add, do not change. */
import type { DropCounters, PortCounters } from '#dataplane/counters';
import type { MacTableCounters } from '#dataplane/mac-table';
import {
  MESSAGE_KINDS,
  MESSAGE_TYPE,
  type MalformedReason,
  type MessageKind,
  type PtpMode,
} from '#dataplane/program';
import { RESIDENCE_BEYOND_NS, type ResidenceSummary } from '#dataplane/residence';
import type { Step } from '#dataplane/settings';
import type { ArbitrationPhase } from '#p4rt/arbitration';
import type { PtpStatus } from './ptp/status.js';

/** A residence of this many ns says "at least so long": the histogram ends there. */
export const LONGEST_RESIDENCE_NS = RESIDENCE_BEYOND_NS;

/** messageType's name; null for a reserved one. */
export function messageKind(type: number): MessageKind | null {
  return MESSAGE_KINDS.find((kind) => MESSAGE_TYPE[kind] === type) ?? null;
}

export interface AgentStatus {
  readonly version: string;
  /** The switch runs our pipeline, and everything that was asked for is written. */
  readonly ready: boolean;
  readonly target: {
    readonly kind: string;
    readonly address: string;
    readonly deviceId: string;
    readonly electionId: string;
    readonly phase: ArbitrationPhase;
    /** Why we are not primary or not ready; empty when we are. */
    readonly reason: string;
    readonly timestampResolutionNs: number;
    readonly txHalf: string;
    /** What of the configuration it does only partly, and why. */
    readonly notes: readonly string[];
  };
  readonly pipeline: {
    readonly name: string;
    /** As hexadecimal text: JSON has no 64-bit numbers. */
    readonly cookie: string;
    /** How often this agent pushed it. */
    readonly pushes: number;
    readonly entries: number;
  };
  /** Who we are in our own messages. */
  readonly clock: {
    /** `001122.fffe.334455`. */
    readonly identity: string;
    readonly domainNumber: number;
  };
  readonly ports: readonly PortStatus[];
  readonly macTable: MacTableCounters & { readonly entries: number; readonly maxEntries: number };
  /** All ports together. */
  readonly malformed: Readonly<Record<MalformedReason, number>>;
  /** All ports together, and those that nobody configured. */
  readonly drops: DropCounters;
  readonly digests: {
    readonly received: number;
    /** Lists that came faster than they could be written; the switch tells again. */
    readonly postponed: number;
    readonly undecodable: number;
  };
  /** The clock's own messages: peer delay, the residence ledger, PTP time. */
  readonly ptp: PtpStatus;
  /** Whether the counters are those of the switch now; else the last known, or zero. */
  readonly countersCurrent: boolean;
}

export interface PortStatus {
  readonly number: number;
  readonly name: string;
  readonly ptp: PtpMode;
  readonly vlan: { readonly native: number | null; readonly tagged: readonly number[] };
  readonly step: Step;
  readonly messages: PortCounters['messages'];
  readonly malformed: PortCounters['malformed'];
  readonly version1: number;
  readonly untouched: PortCounters['untouched'];
  readonly twoStep: PortCounters['twoStep'];
  readonly drops: PortCounters['drops'];
  /** Of event messages that left by this port, since the pipeline was pushed. */
  readonly residenceNs: ResidenceSummary;
}
