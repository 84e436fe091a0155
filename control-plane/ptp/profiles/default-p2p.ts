/** The default profile with the peer delay mechanism: IEEE 1588-2019 I.4. */
import { DEFAULT_E2E } from './default-e2e.js';
import type { Profile } from './profile.js';

export const DEFAULT_P2P: Profile = {
  ...DEFAULT_E2E,
  name: 'default-p2p',
  title: 'Default peer-to-peer delay profile',
  source: 'IEEE 1588-2019 I.4',
  profileIdentity: '00-1B-19-00-02-00',
  messaging: ['multicast'],
  delayMechanisms: ['p2p', 'none'],
  tlvs: { pathTrace: 'optional', alternateTimeOffset: 'optional' },
  unicast: null,
};
