/** Messages whose fields are odd: versions, types, flags, identities, fields at their limits, TLVs. */
import { concat, u16 } from '#lab/bench/frames';
import {
  announce,
  delayReq,
  delayResp,
  followUp,
  frameOf,
  pdelayReq,
  signaling,
  sync,
} from '../messages.js';
import { OWN_CLOCK } from './crowded-switch.js';
import {
  Collection,
  MALFORMED,
  type NamedFrame,
  VERSION_1,
  corrected,
  dropped,
  received,
  wrongInside,
} from './entry.js';

const IPV4 = { transport: 'ipv4' } as const;
const IPV6 = { transport: 'ipv6' } as const;
const SYNC = 0;
const LOOP = 11;
const MAX = (1n << 63n) - 1n;
const MIN = -(1n << 63n);
const ONES = 0xffff_ffff_ffff_ffffn;

export function versionAndTypeFrames(): NamedFrame[] {
  const all = new Collection('plain');
  for (const version of [0, 3, 4, 15]) {
    const frame = wrongInside(sync(), {}, [1, version]);
    all.add(`version ${version}`, 'dropped', MALFORMED.version, frame);
  }
  const three = wrongInside(sync(), IPV4, [1, 0x13]);
  all.add('version 3.1 over UDP', 'dropped', MALFORMED.version, three);
  const one = wrongInside(sync(), IPV4, [0, 0, 1]);
  all.add('version 1 over UDP', 'untouched', VERSION_1, one);
  const oneOver = wrongInside(sync(), {}, [0, 0, 1]);
  all.add('version 1 over Ethernet, which it never had', 'untouched', VERSION_1, oneOver);
  for (const minor of [0, 1, 2, 15]) {
    const frame = frameOf(sync({ minorVersion: minor }));
    all.add(`version 2.${minor}`, 'corrected', corrected(SYNC), frame);
  }
  for (const type of [4, 5, 6, 7, 14, 15]) {
    const frame = wrongInside(sync(), {}, [0, type]);
    all.add(`reserved type ${type}`, 'untouched', received(type), frame);
  }
  all.add(
    'a reserved event type over UDP',
    'untouched',
    received(4),
    wrongInside(sync(), IPV4, [0, 4]),
  );
  return all.entries;
}

export function fieldFrames(): NamedFrame[] {
  const all = new Collection('plain');
  const fix = (name: string, frame: Uint8Array, type = SYNC): void => {
    all.add(name, 'corrected', corrected(type), frame);
  };
  for (const [name, correctionField] of [
    ['correctionField at its least', MIN],
    ['correctionField just below "too big"', MAX - 1n],
    ['correctionField -1', -1n],
    ['correctionField one bit below wrapping', MAX - (1n << 16n)],
  ] as const) {
    fix(name, frameOf(sync({ correctionField })));
  }
  const tooBig = frameOf(sync({ correctionField: MAX }));
  all.add('correctionField "too big" stays so', 'untouched', corrected(SYNC), tooBig);
  const tooBigUdp = frameOf(delayReq({ correctionField: MAX }), IPV6);
  all.add('"too big" over UDP keeps its checksum', 'untouched', corrected(1), tooBigUdp);
  fix('all flags set', frameOf(sync({ flags: 0xffff })));
  fix('reserved flags set', frameOf(sync({ flags: 0x80c0 })));
  fix('alternateMasterFlag set', frameOf(sync({ flags: 0x0100 })));
  fix('unicastFlag set, sent to the group', frameOf(sync({ flags: 0x0400 })));
  fix('twoStepFlag set on a Delay_Req', frameOf(delayReq({ flags: 0x0200 })), 1);
  fix('twoStepFlag set on a Pdelay_Req', frameOf(pdelayReq({ flags: 0x0200 })), 2);
  fix('domain 255', frameOf(sync({ domain: 255 })));
  fix('sdoId all ones', frameOf(sync({ sdoId: 0xfff })));
  fix('sequenceId 0', frameOf(sync({ sequenceId: 0 })));
  fix('sequenceId 65535', frameOf(sync({ sequenceId: 0xffff }), IPV4));
  fix('controlField of another message', wrongInside(sync(), {}, [32, 0xff]));
  fix('logMessageInterval -128', frameOf(sync({ logInterval: 0x80 })));
  fix('messageTypeSpecific not zero', wrongInside(sync(), IPV4, [16, 1, 2, 3, 4]));
  const nanoseconds = { seconds: 0n, nanoseconds: 0xffff_ffff };
  fix('more nanoseconds than a second has', frameOf(sync({ timestamp: nanoseconds })));
  const seconds = { seconds: 0xffff_ffff_ffffn, nanoseconds: 999_999_999 };
  fix('originTimestamp at its end', frameOf(sync({ timestamp: seconds }), IPV6));
  const general = (name: string, type: number, frame: Uint8Array): void => {
    all.add(name, 'untouched', received(type), frame);
  };
  general(
    'a Follow_Up with correctionField at its least',
    8,
    frameOf(followUp({ correctionField: MIN })),
  );
  general(
    'a Delay_Resp with a negative correctionField',
    9,
    frameOf(delayResp({ correctionField: -5n })),
  );
  general(
    'an Announce with stepsRemoved 65535',
    0xb,
    wrongInside(announce(), IPV4, [61, 0xff, 0xff]),
  );
  return all.entries;
}

export function identityFrames(): NamedFrame[] {
  const all = new Collection('plain');
  const fix = (name: string, frame: Uint8Array, type = SYNC): void => {
    all.add(name, 'corrected', corrected(type), frame);
  };
  fix('sourcePortIdentity all zero', frameOf(sync({ source: { clock: 0n, port: 0 } })));
  fix('sourcePortIdentity all ones', frameOf(sync({ source: { clock: ONES, port: 0xffff } })));
  fix('portNumber 0', frameOf(sync({ source: { clock: 1n, port: 0 } }), IPV4));
  fix('portNumber 65535', frameOf(delayReq({ source: { clock: 1n, port: 0xffff } })), 1);
  for (const [name, one] of [
    ['a Sync', sync({ source: { clock: OWN_CLOCK, port: 1 } })],
    ['a Delay_Req', delayReq({ source: { clock: OWN_CLOCK, port: 0xffff } })],
    ['a Follow_Up', followUp({ source: { clock: OWN_CLOCK, port: 0 } })],
    ['an Announce', announce({ source: { clock: OWN_CLOCK, port: 2 } })],
    ['a Pdelay_Req', pdelayReq({ source: { clock: OWN_CLOCK, port: 2 } })],
  ] as const) {
    all.add(`our own identity comes back: ${name}`, 'dropped', dropped(LOOP), frameOf(one, IPV4));
  }
  const almost = { clock: OWN_CLOCK ^ 1n, port: 1 };
  fix('an identity one bit beside our own', frameOf(sync({ source: almost })));
  const mine = frameOf(delayResp({ requesting: { clock: OWN_CLOCK, port: 1 } }));
  all.add('our own identity as the requester only', 'untouched', received(9), mine);
  return all.entries;
}

export function tlvFrames(): NamedFrame[] {
  const all = new Collection('plain');
  const withTlvs = (...tlvs: readonly Uint8Array[]): Uint8Array =>
    frameOf(sync({ tlvs: concat(tlvs) }), IPV4);
  const fix = (name: string, ...tlvs: readonly Uint8Array[]): void => {
    all.add(name, 'corrected', corrected(SYNC), withTlvs(...tlvs));
  };
  fix('a TLV that says it is longer than the message', u16(0x0003, 0xffff, 1, 2));
  fix('a TLV of odd length', u16(0x0003, 3), Uint8Array.of(1, 2, 3));
  fix('a TLV header that is cut', Uint8Array.of(0x00));
  fix('three octets of a TLV', Uint8Array.of(0, 3, 0));
  fix('a TLV of type 0', u16(0, 0));
  fix('a hundred empty TLVs', ...Array.from({ length: 100 }, () => u16(0x8008, 0)));
  fix('1400 octets of ones', new Uint8Array(1400).fill(0xff));
  fix('an AUTHENTICATION TLV', u16(0x8009, 22), new Uint8Array(22).fill(0xaa));
  const beyond = wrongInside(sync({ tlvs: u16(0x8008, 0) }), {}, [2, 0, 60]);
  all.add(
    'TLVs that messageLength promises and the frame lacks',
    'dropped',
    MALFORMED.beyond,
    beyond,
  );
  const within = wrongInside(sync({ tlvs: u16(0x8008, 4, 1, 1) }), {}, [2, 0, 44]);
  all.add('TLVs behind messageLength', 'corrected', corrected(SYNC), within);
  const request = signaling({ tlvs: concat([u16(0x0004, 6), new Uint8Array(2)]) });
  all.add('Signaling with a cut request', 'untouched', received(0xc), frameOf(request, IPV4));
  const path = announce({ tlvs: concat([u16(0x0008, 8), new Uint8Array(8).fill(1)]) });
  all.add('Announce with a path trace', 'untouched', received(0xb), frameOf(path, IPV6));
  return all.entries;
}
