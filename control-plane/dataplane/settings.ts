/** What the operator wants of a switch: opaque units, no text, nothing learned or measured. */
import type { InstanceConfig } from '#ptp/instance/instance-types';
import type { PortIdentityBits } from '#units/clock-identity';
import type { MacAddress, PortNumber, VlanId } from '#units/identity';
import type { LogInterval, Nanoseconds, ScaledNs } from '#units/time';
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

/** A PTP instance by its numbers (IEEE 1588-2019, 7.1). */
export interface PtpInstance {
  readonly domainNumber: number;
  /** majorSdoId and minorSdoId: 12 bits. */
  readonly sdoId: number;
}

/** A PTP instance that a port treats in another way than others. */
export interface InstanceSettings extends PtpInstance {
  readonly ptp: PtpMode;
}

/** How event messages leave by a port: corrected in flight, or by what follows them. */
export type Step = 'one' | 'two';

/** The transports of our own messages. */
export type PtpTransport = 'ethernet' | 'udp4' | 'udp6';

/** The peer-to-peer delay mechanism of a port (IEEE 1588-2019, 11.4). */
export interface PeerDelaySettings {
  readonly enabled: boolean;
  readonly transport: PtpTransport;
  /** logMinPdelayReqInterval: how often we ask. */
  readonly logInterval: LogInterval;
  /** How we answer. */
  readonly responder: Step;
  /** Whose signs of correctionField, and whose asCapable, hold on this link. */
  readonly convention: 'ieee1588' | 'ieee8021as';
  /** Above it the link is not asCapable (IEEE 802.1AS-2020, 11.2.2). */
  readonly neighborPropDelayThresh: Nanoseconds;
  readonly allowedLostResponses: number;
  /** Of how many measurements meanLinkDelay is the filter. */
  readonly filterLength: number;
}

/** What our own messages come from. Zero where the operator gives none. */
export interface OwnAddress {
  readonly mac: MacAddress;
  readonly ipv4: bigint;
  readonly ipv6: bigint;
}

/** What PTP messages that leave by a port are marked with; null: as they came. */
export interface Marking {
  readonly pcp: number | null;
  readonly dscp: number | null;
}

/** How many messages of each type a port may send to the controller. */
export interface PuntLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** Delay_Req is answered by the dataplane. */
export interface DelayResponderSettings {
  readonly logMinDelayReqInterval: LogInterval;
}

/** One port of the switch, as the operator wants it. */
export interface PortSettings {
  readonly number: PortNumber;
  readonly name: string;
  readonly ptp: PtpMode;
  readonly step: Step;
  /** The priority queue of PTP event messages, 0 to 7. */
  readonly ptpPriority: number;
  /** What is not named here goes by `ptp`. */
  readonly instances: readonly InstanceSettings[];
  readonly timing: PortTiming;
  readonly peerDelay: PeerDelaySettings;
  readonly address: OwnAddress;
  /** The masters whose messages are let in; empty: all. */
  readonly acceptMasters: readonly PortIdentityBits[];
  readonly marking: Marking;
  readonly puntLimit: PuntLimit;
  /** Null: Delay_Req on a boundary port goes without an answer. */
  readonly delayResponder: DelayResponderSettings | null;
  /** The VLAN of frames without a tag; null: they are not admitted. */
  readonly nativeVlan: VlanId | null;
  readonly taggedVlans: readonly VlanId[];
}

/** Who we are (IEEE 1588-2019, 8.3.1: transparentClockDefaultDS). */
export interface ClockSettings {
  readonly identity: bigint;
  /** primaryDomain. */
  readonly domainNumber: number;
}

/** Who may talk to the clock's management. */
export interface ManagementSettings {
  /** The path of a local datagram socket, as pmc uses one; null: none. */
  readonly socket: string | null;
  readonly udp: boolean;
  readonly ethernet: boolean;
}

/** Which messages are told with their times. */
export interface LedgerSettings {
  /** One message of so many, a power of two; 0: none. Senders choose by their sequenceId. */
  readonly sampleEvery: number;
  /** At most so many of each port that they come in by, and at once. */
  readonly perSecond: number;
}

/** How a port of the boundary clock sends what goes to a group. */
export interface BoundaryPortSettings {
  readonly transport: PtpTransport;
  /** Where all but peer delay goes: the transport's address, and the MAC address that it has. */
  readonly group: { readonly mac: MacAddress; readonly ip: Uint8Array | null };
  readonly convention: PeerDelaySettings['convention'];
  /** The tag that the profile wants; VLAN 0 is priority alone. Null: none. */
  readonly tag: { readonly vlan: number; readonly priority: number } | null;
  /** What the profile marks with; null: nothing. */
  readonly dscp: number | null;
}

/** The PTP instance that the agent itself is, on the ports that are `boundary` for it. */
export interface BoundarySettings {
  /** Its name, for people. */
  readonly profile: string;
  readonly instance: InstanceConfig;
  /** By port number; just the instance's ports. */
  readonly ports: ReadonlyMap<number, BoundaryPortSettings>;
  /** Lines as ptp4l prints them, on standard output. */
  readonly ptp4lLog: boolean;
}

/** What the switch is to do, without anything learned. */
export interface SwitchSettings {
  readonly clock: ClockSettings;
  /** The instance whose rate residence is measured by; null: our own oscillator's. */
  readonly syntonize: PtpInstance | null;
  /** Null: on boundary ports nobody elects, follows or serves. */
  readonly boundary: BoundarySettings | null;
  readonly ledger: LedgerSettings;
  readonly management: ManagementSettings;
  readonly ports: readonly PortSettings[];
  readonly malformed: Readonly<Record<MalformedReason, 'drop' | 'pass'>>;
}

/** Whether the port, in all or for some instance, is in one of `modes`. */
export function portUses(port: PortSettings, ...modes: PtpMode[]): boolean {
  return [port.ptp, ...port.instances.map(({ ptp }) => ptp)].some((mode) => modes.includes(mode));
}

/** What a port does for one instance. */
export function modeFor(port: PortSettings, { domainNumber, sdoId }: PtpInstance): PtpMode {
  const named = port.instances.find(
    (instance) => instance.domainNumber === domainNumber && instance.sdoId === sdoId,
  );
  return named?.ptp ?? port.ptp;
}
