/**
 * Frequency over a network that does not take part: ITU-T G.8265.1. There are masters and slaves and no
 * clock between them, and clockClass is the quality level of synchronous networks (G.781), even from 80
 * to 110.
 *
 * Its slave takes the best quality level and then its own order of masters. With what else an Announce
 * says fixed, that is G.8275's comparison: clockClass, then localPriority.
 */
import { OVER_UDP4, OVER_UDP6 } from './addresses.js';
import { exactly, IEEE1588_PEER_DELAY } from './common.js';
import type { Profile } from './profile.js';

/** QL-DNU: a clock without a reference is not to be used. */
const DO_NOT_USE = 110;

export const G8265_1: Profile = {
  name: 'g8265.1',
  title: 'ITU-T G.8265.1, frequency',
  source: 'ITU-T G.8265.1 6, table 1 and annex A',
  profileIdentity: '00-19-A7-00-01-00',
  clockKinds: ['slave', 'grandmaster'],
  domainNumber: { initial: 4, low: 4, high: 23 },
  sdoId: 0x000,
  transports: [OVER_UDP4, OVER_UDP6],
  messaging: ['unicast'],
  tag: null,
  dscp: null,
  delayMechanisms: ['e2e', 'none'],
  steps: ['two', 'one'],
  // Of Sync and Delay_Resp only the ends are given: what is asked for is the requester's choice.
  intervals: {
    logAnnounceInterval: { initial: 1, low: -3, high: 4 },
    logSyncInterval: { initial: -4, low: -7, high: 4 },
    logMinDelayReqInterval: { initial: -4, low: -7, high: 4 },
    logMinPdelayReqInterval: exactly(0),
  },
  announceReceiptTimeout: { initial: 3, low: 2, high: 255 },
  syncReceiptTimeout: { initial: 0, low: 0, high: 255 },
  comparison: 'g8275',
  priority1: exactly(128),
  priority2: exactly(128),
  localPriority: { initial: 128, low: 1, high: 255 },
  maxStepsRemoved: { initial: 255, low: 1, high: 255 },
  clockQuality: { clockClass: DO_NOT_USE, clockAccuracy: 0xfe, offsetScaledLogVariance: 0xffff },
  clockClassLadder: {
    freeRun: DO_NOT_USE,
    holdoverInSpecification: DO_NOT_USE,
    holdoverOutOfSpecification: DO_NOT_USE,
    holdoverSeconds: 0,
  },
  slaveOnlyClass: 255,
  grandmasterClasses: [
    { clockClass: 80, means: 'QL-PRS (option II)' },
    { clockClass: 82, means: 'QL-STU (option II), QL-UNK (option III)' },
    { clockClass: 84, means: 'QL-PRC (option I)' },
    { clockClass: 86, means: 'QL-ST2 (option II)' },
    { clockClass: 90, means: 'QL-SSU-A (option I), QL-TNC (option II)' },
    { clockClass: 96, means: 'QL-SSU-B (option I)' },
    { clockClass: 100, means: 'QL-ST3E (option II)' },
    { clockClass: 102, means: 'QL-ST3, QL-EEC2 (option II)' },
    { clockClass: 104, means: 'QL-SEC, QL-EEC1 (options I and III)' },
    { clockClass: 106, means: 'QL-SMC (option II)' },
    { clockClass: 108, means: 'QL-PROV (option II)' },
    { clockClass: 110, means: 'QL-DNU (option I), QL-DUS (option II)' },
  ],
  tlvs: { unicastNegotiation: 'required' },
  unicast: { durationSeconds: { initial: 300, low: 60, high: 1000 }, queryIntervalSeconds: 1 },
  peerDelay: IEEE1588_PEER_DELAY,
};
