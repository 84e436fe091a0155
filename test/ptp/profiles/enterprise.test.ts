import { conforms } from './conformance.js';

conforms({
  profile: 'enterprise',
  profileIdentity: '00-00-5E-00-01-00',
  domainNumber: [0, 0, 127],
  transports: {
    udp4: ['224.0.1.129'],
    udp6: ['ff0e::181', 'ff08::181', 'ff05::181', 'ff02::181'],
  },
  messaging: ['hybrid', 'multicast'],
  delayMechanisms: ['e2e'],
  announce: 0,
  sync: [0, -7, 7],
  delayReq: [0, -7, 7],
  announceReceiptTimeout: [4, 3, 4],
  comparison: 'ieee1588',
  ladder: [248, 248, 248],
  grandmasterClasses: [6, 7, 13, 14, 52, 58, 187, 193, 248],
  tlvs: [],
});
