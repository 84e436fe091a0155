import { conforms } from './conformance.js';

conforms({
  profile: '62439-3-l3e2e',
  profileIdentity: null,
  domainNumber: [0, 0, 127],
  transports: { udp4: ['224.0.1.129'] },
  messaging: ['multicast'],
  delayMechanisms: ['e2e'],
  announce: 0,
  sync: 0,
  delayReq: [0, 0, 5],
  announceReceiptTimeout: [3, 2, 10],
  comparison: 'ieee1588',
  ladder: [248, 248, 248],
  grandmasterClasses: [6, 7, 52, 187, 248],
  tlvs: [],
});
