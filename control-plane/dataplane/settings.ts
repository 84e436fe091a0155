import type { PortNumber, VlanId } from '#units/identity';
import type { MalformedReason, PtpMode } from './program.js';

/** One port of the switch, as the operator wants it. */
export interface PortSettings {
  readonly number: PortNumber;
  readonly name: string;
  readonly ptp: PtpMode;
  /** The priority queue of PTP event messages, 0 to 7. */
  readonly ptpPriority: number;
  /** The VLAN of frames without a tag; null: they are not admitted. */
  readonly nativeVlan: VlanId | null;
  readonly taggedVlans: readonly VlanId[];
}

/** What the switch is to do, without anything learned. */
export interface SwitchSettings {
  readonly ports: readonly PortSettings[];
  readonly malformed: Readonly<Record<MalformedReason, 'drop' | 'pass'>>;
}
