import { conforms } from './conformance.js';

conforms({
  profile: 'g8275.1',
  profileIdentity: '00-19-A7-01-02-03',
  domainNumber: [24, 24, 43],
  transports: { ethernet: ['01:1b:19:00:00:00', '01:80:c2:00:00:0e'] },
  messaging: ['multicast'],
  tag: { presence: 'forbidden' },
  delayMechanisms: ['e2e'],
  announce: -3,
  sync: -4,
  delayReq: -4,
  announceReceiptTimeout: [3, 3, 10],
  comparison: 'g8275',
  priority1: 128,
  priority2: [128, 0, 255],
  localPriority: [128, 1, 255],
  ladder: [248, 135, 165],
  grandmasterClasses: [6, 7, 140, 150, 160, 248],
  tlvs: [],
});
