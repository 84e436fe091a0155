/** Frames that end early, and lengths that lie: in Ethernet, IP, UDP and PTP. */
import {
  announce,
  delayReq,
  followUp,
  frameOf,
  management,
  pdelayReq,
  pdelayResp,
  sync,
} from '../messages.js';
import { delayResp, pdelayRespFollowUp, signaling } from '../messages.js';
import { TAGGED_PAIR_VID } from './crowded-switch.js';
import {
  Collection,
  MALFORMED,
  type NamedFrame,
  corrected,
  cutTo,
  patched,
  received,
  wrongInside,
  wrongOutside,
} from './entry.js';

const IPV4 = { transport: 'ipv4' } as const;
const IPV6 = { transport: 'ipv6' } as const;
const TAG = { tags: [{ tpid: 0x8100, vid: TAGGED_PAIR_VID, pcp: 6 }] } as const;
const SYNC = 0;

/** Where PTP begins: behind Ethernet alone, IPv4 and UDP, IPv6 and UDP. */
const AT = { l2: 14, ipv4: 42, ipv6: 62 } as const;

export function truncatedFrames(): NamedFrame[] {
  const all = new Collection('plain');
  const drop = (name: string, frame: Uint8Array): void => {
    all.add(name, 'dropped', MALFORMED.truncated, frame);
  };
  const pass = (name: string, frame: Uint8Array): void => {
    all.add(name, 'untouched', null, frame);
  };
  drop('Ethernet says PTP and ends', cutTo(sync(), {}, AT.l2));
  drop('one octet of PTP', cutTo(sync(), {}, AT.l2 + 1));
  drop('two octets of PTP', cutTo(sync(), {}, AT.l2 + 2));
  drop('cut within correctionField', cutTo(sync(), {}, AT.l2 + 12));
  drop('cut within sourcePortIdentity', cutTo(delayReq(), {}, AT.l2 + 25));
  drop('33 octets of the common header', cutTo(sync(), {}, AT.l2 + 33));
  all.add('the common header alone', 'dropped', MALFORMED.beyond, cutTo(sync(), {}, AT.l2 + 34));
  all.add('cut within originTimestamp', 'dropped', MALFORMED.beyond, cutTo(sync(), {}, AT.l2 + 39));
  all.add('the last octet is missing', 'dropped', MALFORMED.beyond, cutTo(sync(), {}, AT.l2 + 43));
  all.add(
    'a Delay_Resp without requestingPortIdentity',
    'dropped',
    MALFORMED.beyond,
    cutTo(delayResp(), {}, AT.l2 + 44),
  );
  drop('tagged, ends behind the tag', cutTo(sync(), TAG, AT.l2 + 4));
  pass('UDP/IPv4, ends behind Ethernet', cutTo(sync(), IPV4, 14));
  pass('UDP/IPv4, cut within the IP header', cutTo(sync(), IPV4, 14 + 19));
  pass('UDP/IPv4, ends behind the IP header', cutTo(sync(), IPV4, 14 + 20));
  pass('UDP/IPv4, cut within the UDP header', cutTo(sync(), IPV4, 14 + 27));
  drop('UDP/IPv4, ends behind the UDP header', cutTo(sync(), IPV4, AT.ipv4));
  drop('UDP/IPv4, 33 octets of PTP', cutTo(sync(), IPV4, AT.ipv4 + 33));
  all.add(
    'UDP/IPv4, 40 octets of a Sync',
    'dropped',
    MALFORMED.beyond,
    cutTo(sync(), IPV4, AT.ipv4 + 40),
  );
  pass('UDP/IPv6, cut within the IP header', cutTo(sync(), IPV6, 14 + 39));
  pass('UDP/IPv6, ends behind the IP header', cutTo(sync(), IPV6, 14 + 40));
  pass('UDP/IPv6, cut within the UDP header', cutTo(sync(), IPV6, 14 + 47));
  drop('UDP/IPv6, ends behind the UDP header', cutTo(sync(), IPV6, AT.ipv6));
  drop('UDP/IPv6, 20 octets of PTP', cutTo(sync(), IPV6, AT.ipv6 + 20));
  return all.entries;
}

export function lengthFrames(): NamedFrame[] {
  const all = new Collection('plain');
  const word = (value: number): [number, number] => [value >> 8, value & 0xff];
  const low = (name: string, frame: Uint8Array): void => {
    all.add(name, 'dropped', MALFORMED.tooLow, frame);
  };
  const beyond = (name: string, frame: Uint8Array): void => {
    all.add(name, 'dropped', MALFORMED.beyond, frame);
  };
  low('messageLength 0', wrongInside(sync(), {}, [2, 0, 0]));
  low('messageLength 1', wrongInside(sync(), IPV4, [2, 0, 1]));
  low('messageLength 33', wrongInside(sync(), {}, [2, 0, 33]));
  low('messageLength 34, a header alone', wrongInside(sync(), IPV6, [2, 0, 34]));
  low('messageLength 43 of a Sync', wrongInside(sync(), {}, [2, 0, 43]));
  low('messageLength 44 of a Pdelay_Req', wrongInside(pdelayReq(), {}, [2, 0, 44]));
  low('messageLength 53 of a Pdelay_Resp', wrongInside(pdelayResp(), {}, [2, 0, 53]));
  low('messageLength 44 of a Delay_Resp', wrongInside(delayResp(), IPV4, [2, 0, 44]));
  low(
    'messageLength 44 of a Pdelay_Resp_Follow_Up',
    wrongInside(pdelayRespFollowUp(), {}, [2, 0, 44]),
  );
  low('messageLength 63 of an Announce', wrongInside(announce(), {}, [2, 0, 63]));
  low('messageLength 43 of a Signaling', wrongInside(signaling(), {}, [2, 0, 43]));
  low('messageLength 47 of a Management', wrongInside(management(), {}, [2, 0, 47]));
  low('messageLength 33 of a reserved type', wrongInside(sync(), {}, [0, 0x04], [2, 0, 33]));
  beyond('messageLength 65535', wrongInside(sync(), {}, [2, 0xff, 0xff]));
  beyond('messageLength 65535 over UDP/IPv4', wrongInside(followUp(), IPV4, [2, 0xff, 0xff]));
  beyond('messageLength one more than there is', wrongInside(sync(), {}, [2, 0, 45]));
  beyond('messageLength with its octets swapped', wrongInside(sync(), {}, [2, 44, 0]));
  beyond(
    'messageLength one more than the datagram',
    wrongInside(sync(), { ...IPV4, padTo: 200 }, [2, 0, 45]),
  );
  all.add(
    'messageLength one more, and padding to hold it',
    'corrected',
    corrected(SYNC),
    wrongInside(sync(), { padTo: 60 }, [2, 0, 45]),
  );
  beyond('UDP length 0', wrongOutside(sync(), IPV4, [38, 0, 0]));
  beyond('UDP length 7', wrongOutside(sync(), IPV4, [38, 0, 7]));
  beyond('UDP length 51, one octet short', wrongOutside(sync(), IPV4, [38, 0, 51]));
  beyond('UDP/IPv6 length 8, no payload', wrongOutside(sync(), IPV6, [58, 0, 8]));
  all.add(
    'UDP length longer than the frame',
    'corrected',
    corrected(SYNC),
    wrongOutside(sync(), { ...IPV4, checksum: 'zero' }, [38, ...word(1000)]),
  );
  all.add(
    'UDP length 65535',
    'corrected',
    corrected(SYNC),
    wrongOutside(sync(), { ...IPV4, checksum: 'zero' }, [38, 0xff, 0xff]),
  );
  all.add(
    'IPv4 total length 20',
    'corrected',
    corrected(SYNC),
    wrongOutside(sync(), { ...IPV4, checksum: 'zero' }, [16, 0, 20]),
  );
  all.add(
    'IPv4 total length 65535',
    'corrected',
    corrected(SYNC),
    wrongOutside(sync(), { ...IPV4, checksum: 'zero' }, [16, 0xff, 0xff]),
  );
  all.add(
    'IPv6 payload length 0',
    'corrected',
    corrected(SYNC),
    wrongOutside(sync(), IPV6, [18, 0, 0]),
  );
  all.add('padded to 60', 'corrected', corrected(SYNC), frameOf(sync(), { padTo: 60 }));
  all.add(
    'padded to 1514',
    'corrected',
    corrected(SYNC),
    frameOf(sync(), { ...IPV4, padTo: 1514 }),
  );
  all.add(
    'padding of all ones',
    'corrected',
    corrected(SYNC),
    patched(frameOf(sync(), { padTo: 64 }), [58, 255, 255, 255, 255, 255, 255]),
  );
  all.add(
    'two octets more in the datagram, annex D',
    'corrected',
    corrected(SYNC),
    frameOf(sync(), { ...IPV6, trailer: new Uint8Array(2) }),
  );
  all.add(
    'one octet more in the datagram',
    'corrected',
    corrected(SYNC),
    frameOf(sync(), { ...IPV6, trailer: Uint8Array.of(0xa5) }),
  );
  all.add(
    'an Announce in a jumbo frame',
    'untouched',
    received(0xb),
    frameOf(announce(), { ...IPV4, padTo: 9000 }),
  );
  return all.entries;
}
