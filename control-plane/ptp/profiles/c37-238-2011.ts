/**
 * Substations: IEEE C37.238-2011. Announces without both of its TLVs are not looked at, and everything
 * carries an 802.1Q tag.
 */
import { IEC61850_9_3 } from './iec61850-9-3.js';
import type { Profile } from './profile.js';

export const C37_238_2011: Profile = {
  ...IEC61850_9_3,
  name: 'c37.238-2011',
  title: 'IEEE C37.238-2011',
  source: 'IEEE C37.238-2011 5',
  profileIdentity: '1C-12-9D-00-00-00',
  tag: { presence: 'required', vlan: 0, priority: 4 },
  // Two for a preferred grandmaster, so that it takes over before the others, which wait for three.
  announceReceiptTimeout: { initial: 3, low: 2, high: 3 },
  tlvs: { power2011: 'required', alternateTimeOffset: 'required' },
};
