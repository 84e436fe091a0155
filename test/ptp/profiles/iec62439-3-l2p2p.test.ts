import { conforms } from './conformance.js';

conforms({
  profile: '62439-3-l2p2p',
  profileIdentity: null,
  domainNumber: [0, 0, 127],
  transports: { ethernet: ['01:1b:19:00:00:00'] },
  messaging: ['multicast'],
  delayMechanisms: ['p2p'],
  announce: 0,
  sync: 0,
  pdelayReq: 0,
  announceReceiptTimeout: [3, 2, 10],
  comparison: 'ieee1588',
  ladder: [248, 248, 248],
  grandmasterClasses: [6, 7, 52, 187, 248],
  tlvs: [],
});
