/** What the PTP services tell of themselves: JSON, so identities and large numbers are texts. */
import type { PeerDelayCondition, PeerDelayCounters } from '#ptp/peer-delay-types';
import type { SyntonizationStatus } from '#ptp/syntonization';
import { portIdentityText } from '#units/clock-identity';
import { logIntervalValue, scaledToNumber, type ScaledNs } from '#units/time';
import type { BoundaryReport } from './boundary-status.js';
import type { DataplaneClockStatus } from './dataplane-clock.js';
import type { LedgerStatus } from './ledger.js';
import type { ManagementStatus } from './management-service.js';
import type { PacketIoCounters } from './packet-io.js';
import type { PeerDelayPortStatus, PeerDelayServiceCounters } from './peer-delay-service.js';

/** Of a port that measures its link. Null: not known (yet). */
export interface PeerDelayPortReport {
  readonly port: number;
  readonly name: string;
  readonly condition: PeerDelayCondition;
  readonly convention: 'ieee1588' | 'ieee8021as';
  readonly logInterval: number;
  /** Filtered. Kept while responses are lost or ambiguous: see `current`. */
  readonly meanLinkDelayNs: number | null;
  readonly current: boolean;
  readonly lastLinkDelayNs: number | null;
  /** Median absolute deviation of the filter's window. */
  readonly deviationNs: number | null;
  /** What the dataplane adds to Sync now. */
  readonly writtenMeanLinkDelayNs: number | null;
  /** The neighbour's clock against the dataplane's: (ratio - 1) × 10^9. */
  readonly neighborRateOffsetPpb: number | null;
  /** `001122.fffe.334455-1`. */
  readonly neighbor: string | null;
  readonly responderSteps: 'one' | 'two' | null;
  readonly turnaroundNs: number | null;
  /** Null unless the convention is 802.1AS's. */
  readonly asCapable: boolean | null;
  readonly lostResponses: number;
  readonly counters: PeerDelayCounters;
}

/** `master`: `001122.fffe.334455-1`. */
export type SyntonizationReport = Omit<SyntonizationStatus, 'master'> & {
  readonly master: string | null;
  readonly undecodable: number;
};

export interface PtpStatus {
  readonly packets: PacketIoCounters & {
    /** Packet-ins with a reason that nobody takes. */
    readonly ignored: number;
  };
  readonly peerDelay: {
    readonly ports: readonly PeerDelayPortReport[];
    readonly counters: PeerDelayServiceCounters;
  };
  /** Null: residence is measured by the dataplane's own oscillator. */
  readonly syntonization: SyntonizationReport | null;
  readonly management: ManagementStatus;
  readonly ledger: LedgerStatus;
  /** Null without a boundary port. */
  readonly clock: DataplaneClockStatus | null;
  /** Null without an instance in the configuration. */
  readonly boundary: BoundaryReport | null;
}

/** A measurement as JSON. */
export function peerDelayReport(status: PeerDelayPortStatus): PeerDelayPortReport {
  const { measurement } = status;
  const { neighbor } = measurement;
  return {
    port: status.port,
    name: status.name,
    condition: measurement.condition,
    convention: measurement.convention,
    logInterval: logIntervalValue(measurement.logInterval),
    meanLinkDelayNs: nsOrNull(measurement.meanLinkDelay),
    current: measurement.current,
    lastLinkDelayNs: nsOrNull(measurement.lastLinkDelay),
    deviationNs: nsOrNull(measurement.deviation),
    writtenMeanLinkDelayNs: nsOrNull(status.writtenMeanLinkDelay),
    neighborRateOffsetPpb: measurement.neighborRateOffsetPpb,
    neighbor: neighbor === null ? null : portIdentityText(neighbor),
    responderSteps: measurement.responderSteps,
    turnaroundNs: nsOrNull(measurement.turnaround),
    asCapable: measurement.asCapable,
    lostResponses: measurement.lostResponses,
    counters: measurement.counters,
  };
}

export function syntonizationReport(
  status: SyntonizationStatus & { readonly undecodable: number },
): SyntonizationReport {
  return { ...status, master: status.master === null ? null : portIdentityText(status.master) };
}

function nsOrNull(value: ScaledNs | null): number | null {
  return value === null ? null : scaledToNumber(value);
}
