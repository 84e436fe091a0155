/** Substations: IEEE C37.238-2017 is IEC/IEEE 61850-9-3 with a TLV that adds up inaccuracies on the way. */
import { IEC61850_9_3 } from './iec61850-9-3.js';
import type { Profile } from './profile.js';

export const C37_238_2017: Profile = {
  ...IEC61850_9_3,
  name: 'c37.238-2017',
  title: 'IEEE C37.238-2017',
  source: 'IEEE C37.238-2017',
  profileIdentity: null,
  domainNumber: { initial: 254, low: 0, high: 127, also: [254] },
  tag: { presence: 'allowed', vlan: 0, priority: 4 },
  tlvs: { power2017: 'required', alternateTimeOffset: 'optional' },
};
