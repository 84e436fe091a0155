import { conforms } from './conformance.js';

conforms({
  profile: 'data-centre',
  profileIdentity: null,
  domainNumber: [0, 0, 127],
  transports: {
    ethernet: ['01:80:c2:00:00:0e'],
    udp6: ['ff02::181'],
    udp4: ['224.0.1.129'],
  },
  messaging: ['multicast'],
  delayMechanisms: ['p2p', 'e2e'],
  announce: [-2, -4, 1],
  sync: [-4, -7, 0],
  delayReq: [-4, -7, 0],
  pdelayReq: [0, -4, 3],
  announceReceiptTimeout: [3, 2, 10],
  syncReceiptTimeout: 4,
  comparison: 'g8275',
  priority1: 128,
  localPriority: [128, 1, 255],
  ladder: [248, 135, 165],
  grandmasterClasses: [6, 7, 140, 150, 160, 248],
  tlvs: ['pathTrace'],
});
