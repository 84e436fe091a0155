/** Industrial automation on layer 2: IEC 62439-3, of which IEC/IEEE 61850-9-3 took its values. */
import { IEC61850_9_3 } from './iec61850-9-3.js';
import type { Profile } from './profile.js';

export const IEC62439_3_L2P2P: Profile = {
  ...IEC61850_9_3,
  name: '62439-3-l2p2p',
  title: 'IEC 62439-3 L2P2P',
  source: 'IEC 62439-3 annex C',
};
