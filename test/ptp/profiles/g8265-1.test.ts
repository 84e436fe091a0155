import { conforms } from './conformance.js';

conforms({
  profile: 'g8265.1',
  profileIdentity: '00-19-A7-00-01-00',
  domainNumber: [4, 4, 23],
  transports: {
    udp4: ['224.0.1.129'],
    udp6: ['ff0e::181', 'ff08::181', 'ff05::181', 'ff02::181'],
  },
  messaging: ['unicast'],
  // One-way operation is allowed: frequency needs no delay.
  delayMechanisms: ['e2e', 'none'],
  announce: [1, -3, 4],
  sync: [-4, -7, 4],
  delayReq: [-4, -7, 4],
  announceReceiptTimeout: [3, 2, 255],
  comparison: 'g8275',
  priority1: 128,
  priority2: 128,
  localPriority: [128, 1, 255],
  ladder: [110, 110, 110],
  grandmasterClasses: [80, 82, 84, 86, 90, 96, 100, 102, 104, 106, 108, 110],
  tlvs: ['unicastNegotiation'],
  unicastDurationSeconds: [300, 60, 1000],
  without: ['boundary'],
});
