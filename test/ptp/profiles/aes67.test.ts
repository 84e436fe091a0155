import { conforms } from './conformance.js';

conforms({
  profile: 'aes67',
  profileIdentity: '00-0B-5E-00-01-00',
  domainNumber: [0, 0, 127],
  transports: { udp4: ['224.0.1.129'] },
  messaging: ['multicast', 'hybrid'],
  dscp: 46,
  delayMechanisms: ['e2e', 'p2p'],
  announce: [1, 0, 4],
  sync: [-3, -4, 1],
  delayReq: [0, -3, 5],
  pdelayReq: [0, 0, 5],
  announceReceiptTimeout: [3, 2, 10],
  comparison: 'ieee1588',
  ladder: [248, 248, 248],
  grandmasterClasses: [6, 7, 13, 14, 52, 58, 187, 193, 248],
  tlvs: [],
});
