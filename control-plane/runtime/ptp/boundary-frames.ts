/** The boundary clock's messages as frames, and whom a frame came from. Pure. */
import type { BoundaryPortSettings, OwnAddress, PtpTransport } from '#dataplane/settings';
import type { Destination, StationAddress } from '#ptp/instance/instance-types';
import { isGroupAddress, macBits } from '#units/identity';
import { ETHERTYPE, type Frame } from '#wire/frame';
import { encodeMessage, type PtpMessage } from '#wire/ptp-message';
import { buildOwnFrame, sourceOf } from './own-frames.js';

/** Where a port sends from, and what to where nothing else is said. */
export interface PortAddressing {
  readonly own: OwnAddress;
  readonly sending: BoundaryPortSettings;
}

/** 9.5: those with a timestamp of their departure go to the event port. */
const EVENT_KINDS: ReadonlySet<PtpMessage['kind']> = new Set([
  'sync',
  'delayReq',
  'pdelayReq',
  'pdelayResp',
]);

export function boundaryFrame(
  { own, sending }: PortAddressing,
  message: PtpMessage,
  destination: Destination,
): Uint8Array {
  const isGroup = destination === 'group';
  return buildOwnFrame({
    own,
    transport: isGroup ? sending.transport : destination.transport,
    destination: isGroup ? sending.group : destination,
    messageClass: EVENT_KINDS.has(message.kind) ? 'event' : 'general',
    message: encodeMessage(message),
    tags:
      sending.tag === null ? [] : [{ tpid: ETHERTYPE.vlan, dropEligible: false, ...sending.tag }],
  });
}

/** Who sent a frame. */
export function sourceOfFrame({ source, encapsulation }: Frame): StationAddress {
  return {
    transport: encapsulation.kind,
    mac: source,
    ip: encapsulation.kind === 'ethernet' ? null : encapsulation.source,
  };
}

const TRANSPORT_WORDS: Readonly<Record<PtpTransport, string>> = {
  ethernet: 'over Ethernet',
  udp4: 'over UDP/IPv4',
  udp6: 'over UDP/IPv6',
};

/**
 * Why a port does not take a frame, in words that follow "messages"; null: it does. A switch sees
 * frames between other stations too.
 */
export function leftOut(frame: Frame, { own, sending }: PortAddressing): string | null {
  const { destination, encapsulation } = frame;
  if (encapsulation.kind !== sending.transport) return TRANSPORT_WORDS[encapsulation.kind];
  if (isGroupAddress(destination)) return null;
  const isOwn =
    macBits(destination) === macBits(own.mac) &&
    (encapsulation.kind === 'ethernet' || isOwnIp(encapsulation.destination, own));
  return isOwn ? null : 'to other stations';
}

/** Without an address of its own a port takes what comes to its MAC address. */
function isOwnIp(destination: Uint8Array, own: OwnAddress): boolean {
  const ip = sourceOf(own, destination.length === 4 ? 'udp4' : 'udp6');
  return ip === null || ip.every((octet, i) => octet === destination[i]);
}
