/** Time and phase over a network that takes part only here and there: ITU-T G.8275.2. */
import { OVER_UDP4, OVER_UDP6 } from './addresses.js';
import { exactly } from './common.js';
import { G8275_1 } from './g8275-1.js';
import type { Profile } from './profile.js';

export const G8275_2: Profile = {
  ...G8275_1,
  name: 'g8275.2',
  title: 'ITU-T G.8275.2, partial timing support',
  source: 'ITU-T G.8275.2 6 and annex A',
  profileIdentity: '00-19-A7-02-01-02',
  domainNumber: { initial: 44, low: 44, high: 63 },
  transports: [OVER_UDP4, OVER_UDP6],
  messaging: ['unicast'],
  tag: null,
  // Of Sync and Delay_Resp only the ends are given: what is asked for is the requester's choice.
  intervals: {
    logAnnounceInterval: { initial: 0, low: -3, high: 0 },
    logSyncInterval: { initial: -4, low: -7, high: 0 },
    logMinDelayReqInterval: { initial: -4, low: -7, high: 0 },
    logMinPdelayReqInterval: exactly(0),
  },
  announceReceiptTimeout: { initial: 3, low: 2, high: 255 },
  tlvs: { unicastNegotiation: 'required', interfaceRate: 'optional' },
  unicast: { durationSeconds: { initial: 300, low: 60, high: 1000 }, queryIntervalSeconds: 1 },
};
