import { conforms } from './conformance.js';

conforms({
  profile: 'c37.238-2011',
  profileIdentity: '1C-12-9D-00-00-00',
  domainNumber: [0, 0, 127],
  transports: { ethernet: ['01:1b:19:00:00:00'] },
  messaging: ['multicast'],
  tag: { presence: 'required', vlan: 0, priority: 4 },
  delayMechanisms: ['p2p'],
  announce: 0,
  sync: 0,
  pdelayReq: 0,
  announceReceiptTimeout: [3, 2, 3],
  comparison: 'ieee1588',
  ladder: [248, 248, 248],
  grandmasterClasses: [6, 7, 52, 187, 248],
  tlvs: ['power2011', 'alternateTimeOffset'],
});
