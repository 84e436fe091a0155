/** What is wrong around a message: checksums, ports, addresses, tags, fragments, options. */
import { concat, onesComplement, u16 } from '#lab/bench/frames';
import { announce, delayReq, followUp, frameOf, pdelayReq, sync } from '../messages.js';
import { PLAIN, type Way } from '../messages.js';
import { TAGGED_PAIR_VID } from './crowded-switch.js';
import {
  Collection,
  MALFORMED,
  type NamedFrame,
  type Patch,
  UNTOUCHED,
  corrected,
  dropped,
  patched,
  received,
  wrongOutside,
} from './entry.js';

const IPV4 = { transport: 'ipv4' } as const;
const IPV6 = { transport: 'ipv6' } as const;
const SYNC = 0;
const VLAN_NOT_ADMITTED = 2;
const RESERVED_ADDRESS = 3;

/** First octets of the headers, and fields of them, in a frame without tags. */
const IP = 14;
const UDP4 = 34;
const UDP6 = 54;

export function checksumFrames(): NamedFrame[] {
  const all = new Collection('plain');
  const fix = (name: string, frame: Uint8Array, type = SYNC): void => {
    all.add(name, 'corrected', corrected(type), frame);
  };
  fix('UDP/IPv4 checksum 0, and stays so', frameOf(sync(), { ...IPV4, checksum: 'zero' }));
  fix('UDP/IPv6 checksum 0', frameOf(sync(), { ...IPV6, checksum: 'zero' }));
  fix('UDP/IPv4 checksum wrong', frameOf(sync(), { ...IPV4, checksum: 'wrong' }));
  fix('UDP/IPv6 checksum wrong', frameOf(delayReq(), { ...IPV6, checksum: 'wrong' }), 1);
  fix('UDP checksum 0xFFFF that is right', sumsToOnes());
  fix('UDP checksum 0xFFFF that is wrong', wrongOutside(sync(), IPV4, [UDP4 + 6, 0xff, 0xff]));
  fix('UDP checksum 0x0001', wrongOutside(sync(), IPV4, [UDP4 + 6, 0, 1]));
  fix('IPv4 header checksum wrong', wrongOutside(sync(), IPV4, [IP + 10, 0xde, 0xad]));
  fix('IPv4 header checksum 0', wrongOutside(sync(), IPV4, [IP + 10, 0, 0]));
  const general = frameOf(followUp(), { ...IPV4, checksum: 'wrong' });
  all.add('a general message with a wrong checksum', 'untouched', received(8), general);
  return all.entries;
}

/** A datagram whose computed checksum is 0, which is sent as 0xFFFF. */
function sumsToOnes(): Uint8Array {
  const open = frameOf(sync({ sequenceId: 0 }), IPV4);
  const missing = ((open[UDP4 + 6] ?? 0) << 8) | (open[UDP4 + 7] ?? 0);
  return frameOf(sync({ sequenceId: missing }), IPV4);
}

export function portFrames(): NamedFrame[] {
  const all = new Collection('plain');
  const to = (one: Uint8Array, at: number, port: number): Uint8Array =>
    patched(one, [at + 2, port >> 8, port & 0xff], [at + 6, 0, 0]);
  const general = (name: string, type: number, frame: Uint8Array): void => {
    all.add(name, 'untouched', received(type), frame);
  };
  const ordinary = (name: string, frame: Uint8Array): void => {
    all.add(name, 'untouched', null, frame);
  };
  general('a Sync on port 320', SYNC, to(frameOf(sync(), IPV4), UDP4, 320));
  general('a Pdelay_Req on port 320', 2, to(frameOf(pdelayReq(), IPV6), UDP6, 320));
  general('a Follow_Up on port 319', 8, to(frameOf(followUp(), IPV4), UDP4, 319));
  general('an Announce on port 319', 0xb, to(frameOf(announce(), IPV6), UDP6, 319));
  ordinary('PTP on port 318', to(frameOf(sync(), IPV4), UDP4, 318));
  ordinary('PTP on port 321', to(frameOf(sync(), IPV6), UDP6, 321));
  ordinary('PTP on port 0', to(frameOf(sync(), IPV4), UDP4, 0));
  const swapped = patched(frameOf(sync(), IPV4), [UDP4, 1, 63, 0x13, 0x88], [UDP4 + 6, 0, 0]);
  ordinary('319 as the source port only', swapped);
  const strange = patched(frameOf(sync(), IPV4), [UDP4, 0, 0], [UDP4 + 6, 0, 0]);
  all.add('an ephemeral source port', 'corrected', corrected(SYNC), strange);
  ordinary('PTP in TCP', wrongOutside(sync(), IPV4, [IP + 9, 6]));
  ordinary('PTP in ICMPv6', wrongOutside(sync(), IPV6, [IP + 6, 58]));
  const garbage = wrongOutside(sync(), { ...IPV4, checksum: 'zero' }, [42, 0xff, 0xff, 0xff, 0xff]);
  all.add('something else on port 319', 'dropped', MALFORMED.version, garbage);
  return all.entries;
}

export function addressFrames(): NamedFrame[] {
  const all = new Collection('plain');
  const fix = (name: string, frame: Uint8Array, type = SYNC): void => {
    all.add(name, 'corrected', corrected(type), frame);
  };
  fix('unicast to nobody known', frameOf(sync(), { unicast: true }));
  fix('unicast over UDP/IPv4', frameOf(delayReq(), { ...IPV4, unicast: true }), 1);
  fix('sent to everybody', patched(frameOf(sync()), [0, 255, 255, 255, 255, 255, 255]));
  fix('a group as its source', patched(frameOf(sync()), [6, 0x01, 0x1b, 0x19, 0, 0, 0]));
  fix(
    'source and destination address zero',
    patched(frameOf(sync()), [0, ...new Array<number>(12).fill(0)]),
  );
  fix(
    'source and destination the same',
    patched(frameOf(sync()), [0, 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 9]),
  );
  fix(
    'a Sync to the address of peer delay, as 802.1AS',
    patched(frameOf(sync()), [0, 0x01, 0x80, 0xc2, 0, 0, 0x0e]),
  );
  fix('PTP to 01-80-C2-00-00-03', patched(frameOf(sync()), [0, 0x01, 0x80, 0xc2, 0, 0, 0x03]));
  const ipToReserved = patched(frameOf(sync(), IPV4), [0, 0x01, 0x80, 0xc2, 0, 0, 0x0e]);
  all.add(
    'UDP to an address that a bridge keeps',
    'dropped',
    dropped(RESERVED_ADDRESS),
    ipToReserved,
  );
  fix('TTL 0', wrongOutside(sync(), IPV4, [IP + 8, 0]));
  fix('hop limit 0', wrongOutside(sync(), IPV6, [IP + 7, 0]));
  fix('from 0.0.0.0', wrongOutside(sync(), { ...IPV4, checksum: 'zero' }, [IP + 12, 0, 0, 0, 0]));
  return all.entries;
}

/** RFC 791 options between IP and UDP. */
function withOptions(words: number, kind: number): Uint8Array {
  const ipOptions = new Uint8Array(4 * words).fill(kind);
  return frameOf(sync(), { ...IPV4, ipOptions });
}

/** An IPv6 extension header of 8 octets in front of UDP. */
function extended(kind: number): Uint8Array {
  const plain = frameOf(sync(), IPV6);
  const header = concat([Uint8Array.of(17, 0, 1, 4), new Uint8Array(4)]);
  const out = concat([plain.subarray(0, IP + 40), header, plain.subarray(IP + 40)]);
  const length = out.length - IP - 40;
  return patched(out, [IP + 4, length >> 8, length & 0xff], [IP + 6, kind]);
}

export function networkFrames(): NamedFrame[] {
  const all = new Collection('plain');
  const leave = (
    name: string,
    counted: (typeof UNTOUCHED)[keyof typeof UNTOUCHED] | null,
    frame: Uint8Array,
  ): void => {
    all.add(name, 'untouched', counted, frame);
  };
  const ip = (...patches: readonly Patch[]): Uint8Array => {
    const out = patched(frameOf(sync(), IPV4), ...patches, [IP + 10, 0, 0]);
    const sum = onesComplement(out.subarray(IP, IP + 20));
    return patched(out, [IP + 10, sum >> 8, sum & 0xff]);
  };
  leave('the first fragment', UNTOUCHED.fragment, ip([IP + 6, 0x20, 0]));
  leave('a later fragment', UNTOUCHED.fragment, ip([IP + 6, 0x00, 0x10]));
  leave('the last octets of a datagram', UNTOUCHED.fragment, ip([IP + 6, 0x1f, 0xff]));
  leave('more fragments, do not fragment', UNTOUCHED.fragment, ip([IP + 6, 0x60, 0]));
  all.add('the reserved IPv4 flag', 'corrected', corrected(SYNC), ip([IP + 6, 0x80, 0]));
  all.add('one word of IPv4 options', 'corrected', corrected(SYNC), withOptions(1, 1));
  all.add('ten words of IPv4 options', 'corrected', corrected(SYNC), withOptions(10, 0));
  all.add(
    'the router alert option',
    'corrected',
    corrected(SYNC),
    frameOf(sync(), { ...IPV4, ipOptions: Uint8Array.of(0x94, 4, 0, 0) }),
  );
  leave('an IPv4 header of 4 words', null, ip([IP, 0x44]));
  leave('an IPv4 header of no words', null, ip([IP, 0x40]));
  leave(
    'IPv4 options that the frame lacks',
    null,
    patched(frameOf(sync(), IPV4).slice(0, IP + 24), [IP, 0x4f]),
  );
  leave('hop-by-hop options', UNTOUCHED.extension, extended(0));
  leave('a routing header', UNTOUCHED.extension, extended(43));
  leave('an IPv6 fragment', UNTOUCHED.extension, extended(44));
  leave('an authentication header', UNTOUCHED.extension, extended(51));
  leave('destination options', UNTOUCHED.extension, extended(60));
  leave('IPv6 without a next header', null, wrongOutside(sync(), IPV6, [IP + 6, 59]));
  all.add('IP version 6 in an IPv4 frame', 'corrected', corrected(SYNC), ip([IP, 0x65]));
  leave('IPv4 in IPv4', null, ip([IP + 9, 4]));
  return all.entries;
}

export function tagFrames(): NamedFrame[] {
  const all = new Collection('plain');
  const tag = (vid: number, tpid: 0x8100 | 0x88a8 = 0x8100) => ({ tpid, vid, pcp: 6 });
  const tagged = (tags: Way['tags'], more: Partial<Way> = {}): Uint8Array =>
    frameOf(sync(), { ...PLAIN, ...more, tags });
  const good = tag(TAGGED_PAIR_VID);
  all.add('three tags', 'untouched', UNTOUCHED.tags, tagged([good, tag(2), tag(3)]));
  all.add('four tags', 'untouched', UNTOUCHED.tags, tagged([good, tag(2), tag(3), tag(4)]));
  all.add(
    'ten tags',
    'untouched',
    UNTOUCHED.tags,
    tagged([good, ...Array.from({ length: 9 }, () => tag(7))]),
  );
  all.add(
    'two S-tags',
    'corrected',
    corrected(SYNC),
    tagged([tag(TAGGED_PAIR_VID, 0x88a8), tag(9, 0x88a8)]),
  );
  all.add('a C-tag around an S-tag', 'corrected', corrected(SYNC), tagged([good, tag(9, 0x88a8)]));
  all.add('an inner VID 4095', 'corrected', corrected(SYNC), tagged([good, tag(4095)], IPV4));
  for (const vid of [0, 11, 4095]) {
    all.add(
      `VID ${vid}, which nobody admits`,
      'dropped',
      dropped(VLAN_NOT_ADMITTED),
      tagged([tag(vid)]),
    );
  }
  const old = patched(tagged([good]), [12, 0x91, 0x00]);
  all.add('TPID 0x9100', 'untouched', null, old);
  const length = patched(frameOf(sync()), [12, 0, 46]);
  all.add('a length instead of an EtherType', 'untouched', null, length);
  const snap = concat([
    frameOf(sync()).subarray(0, 12),
    u16(52),
    Uint8Array.of(0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0xf7),
    frameOf(sync()).subarray(14),
  ]);
  all.add('PTP in LLC and SNAP', 'untouched', null, snap);
  const macsec = patched(frameOf(sync()), [12, 0x88, 0xe5]);
  all.add('PTP behind a MACsec tag', 'untouched', null, macsec);
  return all.entries;
}
