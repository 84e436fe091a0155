/** Industrial automation over IP: IEC 62439-3's profile with the delay request-response mechanism. */
import { OVER_UDP4 } from './addresses.js';
import { exactly } from './common.js';
import { IEC61850_9_3 } from './iec61850-9-3.js';
import type { Profile } from './profile.js';

export const IEC62439_3_L3E2E: Profile = {
  ...IEC61850_9_3,
  name: '62439-3-l3e2e',
  title: 'IEC 62439-3 L3E2E',
  source: 'IEC 62439-3 annex C',
  transports: [OVER_UDP4],
  delayMechanisms: ['e2e'],
  intervals: {
    logAnnounceInterval: exactly(0),
    logSyncInterval: exactly(0),
    logMinDelayReqInterval: { initial: 0, low: 0, high: 5 },
    logMinPdelayReqInterval: exactly(0),
  },
};
