import { conforms } from './conformance.js';

conforms({
  profile: 'default-p2p',
  profileIdentity: '00-1B-19-00-02-00',
  domainNumber: [0, 0, 127],
  transports: {
    ethernet: ['01:1b:19:00:00:00', '01:80:c2:00:00:0e'],
    udp4: ['224.0.1.129'],
    udp6: ['ff0e::181', 'ff08::181', 'ff05::181', 'ff02::181'],
  },
  messaging: ['multicast'],
  delayMechanisms: ['p2p', 'none'],
  announce: [1, 0, 4],
  sync: [0, -1, 1],
  pdelayReq: [0, 0, 5],
  announceReceiptTimeout: [3, 2, 10],
  comparison: 'ieee1588',
  ladder: [248, 248, 248],
  grandmasterClasses: [6, 7, 13, 14, 52, 58, 187, 193, 248],
  tlvs: [],
  mayTracePath: true,
});
