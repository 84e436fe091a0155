import { conforms } from './conformance.js';

conforms({
  profile: 'g8275.2',
  profileIdentity: '00-19-A7-02-01-02',
  domainNumber: [44, 44, 63],
  transports: {
    udp4: ['224.0.1.129'],
    udp6: ['ff0e::181', 'ff08::181', 'ff05::181', 'ff02::181'],
  },
  messaging: ['unicast'],
  delayMechanisms: ['e2e'],
  announce: [0, -3, 0],
  sync: [-4, -7, 0],
  delayReq: [-4, -7, 0],
  announceReceiptTimeout: [3, 2, 255],
  comparison: 'g8275',
  priority1: 128,
  localPriority: [128, 1, 255],
  ladder: [248, 135, 165],
  grandmasterClasses: [6, 7, 140, 150, 160, 248],
  tlvs: ['unicastNegotiation'],
  unicastDurationSeconds: [300, 60, 1000],
});
