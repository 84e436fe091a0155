import { conforms } from './conformance.js';

conforms({
  profile: 'st2059-2',
  profileIdentity: '68-97-E8-00-01-00',
  domainNumber: [127, 0, 127],
  transports: {
    udp4: ['224.0.1.129'],
    udp6: ['ff0e::181', 'ff08::181', 'ff05::181', 'ff02::181'],
  },
  messaging: ['multicast', 'hybrid'],
  delayMechanisms: ['e2e', 'p2p'],
  announce: [-2, -3, 1],
  sync: [-3, -7, -1],
  delayReq: [-3, -7, 4],
  pdelayReq: [-3, -7, 4],
  announceReceiptTimeout: [3, 2, 10],
  comparison: 'ieee1588',
  ladder: [248, 248, 248],
  grandmasterClasses: [6, 7, 13, 14, 52, 58, 187, 193, 248],
  tlvs: [],
});
