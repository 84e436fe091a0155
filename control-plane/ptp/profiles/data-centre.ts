/**
 * A profile of our own for a fabric of boundary clocks, each of which speaks to its neighbours alone:
 *
 * - Nothing is forwarded: groups are link-local on Ethernet, and of link scope over IPv6.
 * - Peer delay, so that the delay of every link is known before a failover needs it.
 * - G.8275's comparison: of grandmasters that are as good the nearest, and localPriority as planned. A
 *   fabric has two or more, and no switch is to go the long way to agree on one.
 * - Four Announces and sixteen Syncs a second, and both are watched: a lost master is gone in 0.25 s.
 * - Path trace, and no more steps than a fabric has: a loop of Announces dies at once.
 */
import { OVER_ETHERNET_LINK_LOCAL, OVER_UDP4, OVER_UDP6_LINK } from './addresses.js';
import { exactly, G8275_CLASSES, IEEE1588_PEER_DELAY } from './common.js';
import type { Profile } from './profile.js';

export const DATA_CENTRE: Profile = {
  name: 'data-centre',
  title: 'timeplane data-centre profile',
  source: 'docs/profiles.md',
  profileIdentity: null,
  clockKinds: ['boundary', 'grandmaster', 'slave'],
  domainNumber: { initial: 0, low: 0, high: 127 },
  sdoId: 0x000,
  transports: [OVER_ETHERNET_LINK_LOCAL, OVER_UDP6_LINK, OVER_UDP4],
  messaging: ['multicast'],
  tag: null,
  dscp: null,
  delayMechanisms: ['p2p', 'e2e'],
  steps: ['two', 'one'],
  intervals: {
    logAnnounceInterval: { initial: -2, low: -4, high: 1 },
    logSyncInterval: { initial: -4, low: -7, high: 0 },
    logMinDelayReqInterval: { initial: -4, low: -7, high: 0 },
    logMinPdelayReqInterval: { initial: 0, low: -4, high: 3 },
  },
  announceReceiptTimeout: { initial: 3, low: 2, high: 10 },
  syncReceiptTimeout: { initial: 4, low: 0, high: 255 },
  comparison: 'g8275',
  priority1: exactly(128),
  priority2: { initial: 128, low: 0, high: 255 },
  localPriority: { initial: 128, low: 1, high: 255 },
  maxStepsRemoved: { initial: 16, low: 1, high: 255 },
  clockQuality: { clockClass: 248, clockAccuracy: 0xfe, offsetScaledLogVariance: 0xffff },
  // A failover is shorter than ten seconds, and is not to make others look for another clock.
  clockClassLadder: {
    freeRun: 248,
    holdoverInSpecification: 135,
    holdoverOutOfSpecification: 165,
    holdoverSeconds: 10,
  },
  slaveOnlyClass: 255,
  grandmasterClasses: G8275_CLASSES,
  tlvs: { pathTrace: 'required' },
  unicast: null,
  peerDelay: IEEE1588_PEER_DELAY,
};
