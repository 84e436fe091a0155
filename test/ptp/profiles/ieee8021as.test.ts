import { conforms } from './conformance.js';

conforms({
  profile: '802.1as',
  profileIdentity: null,
  sdoId: 0x100,
  domainNumber: [0, 0, 127],
  transports: { ethernet: ['01:80:c2:00:00:0e'] },
  messaging: ['multicast'],
  tag: { presence: 'forbidden' },
  delayMechanisms: ['p2p'],
  announce: [0, -7, 7],
  sync: [-3, -7, 7],
  pdelayReq: [0, -7, 7],
  announceReceiptTimeout: [3, 2, 255],
  syncReceiptTimeout: 3,
  comparison: 'ieee8021as',
  priority1: [246, 0, 255],
  priority2: [248, 0, 255],
  offsetScaledLogVariance: 0x436a,
  ladder: [248, 248, 248],
  grandmasterClasses: [6, 7, 13, 14, 52, 58, 187, 193, 248],
  tlvs: ['pathTrace', 'followUpInformation'],
  peerDelay: { convention: 'ieee8021as', limitNs: 800 },
  // priority1 255 says that a clock is no grandmaster.
  without: ['slave'],
});
