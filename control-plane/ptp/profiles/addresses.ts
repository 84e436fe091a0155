/** Group addresses: IEEE 1588-2019 annexes C, D and E, and what profiles make of them. */
import type { GroupAddresses, Transport, TransportRule } from './profile.js';

/** F.3 of 2008, E.3 of 2019: bridges forward the first, and none the second. */
const ETHERNET: GroupAddresses = { general: '01:1b:19:00:00:00', peerDelay: '01:80:c2:00:00:0e' };

/** Never forwarded by a bridge: 802.1AS-2020 11.3.4, and an option of the others. */
const ETHERNET_LINK_LOCAL: GroupAddresses = {
  general: '01:80:c2:00:00:0e',
  peerDelay: '01:80:c2:00:00:0e',
};

export const OVER_ETHERNET: TransportRule = { transport: 'ethernet', groups: [ETHERNET] };

export const OVER_ETHERNET_EITHER: TransportRule = {
  transport: 'ethernet',
  groups: [ETHERNET, ETHERNET_LINK_LOCAL],
};

export const OVER_ETHERNET_LINK_LOCAL: TransportRule = {
  transport: 'ethernet',
  groups: [ETHERNET_LINK_LOCAL],
};

export const OVER_UDP4: TransportRule = {
  transport: 'udp4',
  groups: [{ general: '224.0.1.129', peerDelay: '224.0.0.107' }],
};

/** Scope E is global (RFC 4291 2.7): the widest that routers let through as they are told. */
export const OVER_UDP6: TransportRule = {
  transport: 'udp6',
  groups: [
    { general: 'ff0e::181', peerDelay: 'ff02::6b' },
    { general: 'ff08::181', peerDelay: 'ff02::6b' },
    { general: 'ff05::181', peerDelay: 'ff02::6b' },
    { general: 'ff02::181', peerDelay: 'ff02::6b' },
  ],
};

/** Scope 2: this link and no further. */
export const OVER_UDP6_LINK: TransportRule = {
  transport: 'udp6',
  groups: [{ general: 'ff02::181', peerDelay: 'ff02::6b' }],
};

/** The standard's own, for a transport that a profile does not have. */
export const STANDARD_TRANSPORT: Readonly<Record<Transport, TransportRule>> = {
  ethernet: OVER_ETHERNET_EITHER,
  udp4: OVER_UDP4,
  udp6: OVER_UDP6,
};
