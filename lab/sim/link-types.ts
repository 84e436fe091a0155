/** What stations, links and faults have in common. */
import { macFromBits } from '#units/identity';
import type { StationAddress } from '#ptp/instance/instance-types';
import type { PtpMessage } from '#wire/ptp-message';

/** A message on its way, with whom it came from on this link. Never changed: a fault makes another. */
export interface Frame {
  readonly message: PtpMessage;
  readonly source: StationAddress;
}

/** Anything that has ports. */
export interface Station {
  readonly name: string;
  /** Called once for each port that has a link, with the way out. */
  readonly attach: (port: number, send: (frame: Frame) => void) => void;
  readonly receive: (port: number, frame: Frame) => void;
  readonly linkChanged: (port: number, isUp: boolean) => void;
}

export type Arrive = (frame: Frame, delayNs: number) => void;

/**
 * One direction of a link: for each frame that enters at `nowNs` it says what arrives and how much later,
 * never, once or several times. Faults are channels around channels.
 */
export type Channel = (frame: Frame, nowNs: number, arrive: Arrive) => void;

/** Who sends by a clock's port: locally administered, from the identity's last octets and the port. */
export function stationAddress(clockIdentity: bigint, port: number): StationAddress {
  const bits = (0x02n << 40n) | ((clockIdentity & 0xff_ffffn) << 16n) | BigInt(port);
  return { transport: 'ethernet', mac: macFromBits(bits), ip: null };
}
