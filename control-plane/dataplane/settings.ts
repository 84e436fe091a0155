import type { PortNumber, VlanId } from '#units/identity';
import type { Nanoseconds, ScaledNs } from '#units/time';
import type { MalformedReason, PtpMode } from './program.js';

/** What a port adds to corrections beside residence (IEEE 1588-2019, 7.3.4.2 and 11.6). */
export interface PortTiming {
  readonly ingressLatency: ScaledNs;
  readonly egressLatency: ScaledNs;
  /** Of the link: a message from the timeTransmitter takes the mean delay plus this. */
  readonly delayAsymmetry: ScaledNs;
  /** An event message that stayed longer is dropped when leaving by this port; null: never. */
  readonly residenceLimit: Nanoseconds | null;
}

/** A PTP instance (IEEE 1588-2019, 7.1) that a port treats in another way than others. */
export interface InstanceSettings {
  readonly domainNumber: number;
  /** majorSdoId and minorSdoId: 12 bits. */
  readonly sdoId: number;
  readonly ptp: PtpMode;
}

/** One port of the switch, as the operator wants it. */
export interface PortSettings {
  readonly number: PortNumber;
  readonly name: string;
  readonly ptp: PtpMode;
  /** The priority queue of PTP event messages, 0 to 7. */
  readonly ptpPriority: number;
  /** What is not named here goes by `ptp`. */
  readonly instances: readonly InstanceSettings[];
  readonly timing: PortTiming;
  /** The VLAN of frames without a tag; null: they are not admitted. */
  readonly nativeVlan: VlanId | null;
  readonly taggedVlans: readonly VlanId[];
}

/** What the switch is to do, without anything learned. */
export interface SwitchSettings {
  readonly ports: readonly PortSettings[];
  readonly malformed: Readonly<Record<MalformedReason, 'drop' | 'pass'>>;
}
