/**
 * Writes the vectors: a seeded cross product of everything a correction depends on. The expected
 * frame is built a second time from its parts, with the corrected value and a checksum computed
 * from scratch, and must equal what reference.ts makes of the frame going in.
 */
import {
  MESSAGES,
  type ChecksumKind,
  type Envelope,
  type MessageKind,
  type PtpMessage,
  type Transport,
  type VlanTag,
  concat,
  frame,
  hex,
  ptpMessage,
  u16,
} from '#lab/bench/frames';
import { Random } from '#lab/bench/random';
import { MAX_CORRECTION, addResidence, corrected, residenceNs } from './reference.js';

export const SEED = 0x1588_2019;

export interface Vector {
  readonly name: string;
  readonly in: string;
  /** Null: the frame leaves as it came. */
  readonly out: string | null;
  /** Receive and transmit time of a 64-bit nanosecond clock. */
  readonly rxNs: string;
  readonly txNs: string;
  readonly ingress: number;
  readonly egress: number;
  /** 1000: the times are whole microseconds, so that a microsecond target is exact too. */
  readonly resolutionNs: 1 | 1000;
}

/** UDP checksum cases: `ones` is a frame whose outgoing checksum computes to zero, `from-ones` one
 * whose incoming checksum did. */
type ChecksumCase = ChecksumKind | 'ones' | 'from-ones';

interface Way {
  readonly transport: Transport;
  readonly checksum: ChecksumCase;
}

const WAYS: readonly Way[] = [
  { transport: 'l2', checksum: 'none' },
  { transport: 'ipv4', checksum: 'zero' },
  { transport: 'ipv4', checksum: 'valid' },
  { transport: 'ipv4', checksum: 'ones' },
  { transport: 'ipv6', checksum: 'valid' },
  { transport: 'ipv6', checksum: 'ones' },
];

/** The outer VID is one that both ports carry tagged; the untagged frame is in their native VLAN. */
export const TAGGED_VID = 10;
const C10: VlanTag = { tpid: 0x8100, vid: TAGGED_VID, pcp: 6 };
const S10: VlanTag = { tpid: 0x88a8, vid: TAGGED_VID, pcp: 5 };
const C20: VlanTag = { tpid: 0x8100, vid: 20, pcp: 3 };
const TAGS: readonly (readonly [string, readonly VlanTag[]])[] = [
  ['untagged', []],
  ['8100', [C10]],
  ['88a8', [S10]],
  ['8100+8100', [C10, C20]],
  ['88a8+8100', [S10, C20]],
];

/** correctionField cases as functions of the residence in scaled nanoseconds. */
const FIELDS: readonly (readonly [string, (residence: bigint) => bigint])[] = [
  ['zero', () => 0n],
  ['positive', () => 12_345n << 16n],
  ['fraction', () => (1n << 16n) + 0x8001n],
  ['negative', () => -(1_000_000_000n << 16n)],
  ['negative-fraction', () => -1n],
  ['crosses-zero', (residence) => -(residence / 2n) - 0x4321n],
  ['lowest', () => -(1n << 63n)],
  ['just-fits', (residence) => MAX_CORRECTION - residence],
  ['saturates-by-one', (residence) => MAX_CORRECTION - residence + 1n],
  ['saturated', () => MAX_CORRECTION],
];

interface Times {
  readonly rxNs: bigint;
  readonly txNs: bigint;
  readonly resolutionNs: 1 | 1000;
}

const WRAP_NS = 1n << 48n;
const WRAP_US_NS = 1000n << 48n;

type Clock = 'ns' | 'us' | 'wrap-ns' | 'wrap-us';

/** At `wrap-us` both the 48-bit nanosecond and the 48-bit microsecond clock wrap in flight. */
function times(clock: Clock, random: Random): Times {
  const residence = BigInt(random.next(20_000_000) + 1);
  if (clock === 'ns') {
    const rxNs = 1_000_000_000n + BigInt(random.next(2 ** 31));
    return { rxNs, txNs: rxNs + residence, resolutionNs: 1 };
  }
  const start = { us: 5_000_000_000n, 'wrap-ns': WRAP_NS, 'wrap-us': WRAP_US_NS }[clock];
  const before = clock === 'us' ? 0n : (residence / 2000n) * 1000n + 1000n;
  const rxNs = ((start - before) / 1000n) * 1000n;
  return { rxNs, txNs: rxNs + (residence / 1000n) * 1000n + 2000n, resolutionNs: 1000 };
}

interface Case {
  readonly kind: MessageKind;
  readonly way: Way;
  readonly tags: readonly VlanTag[];
  readonly field: (residence: bigint) => bigint;
  readonly times: Times;
  readonly version?: number;
  readonly tlvs?: Uint8Array;
  readonly trailer?: Uint8Array;
  readonly padTo?: number;
  readonly destinationMac?: readonly number[];
}

const SOURCE_MAC = [0x00, 0x1b, 0x21, 0x0a, 0x0b, 0x0c];
const INGRESS = 1;
const EGRESS = 2;

function envelope(one: Case): Envelope {
  const { checksum, transport } = one.way;
  return {
    transport,
    tags: one.tags,
    checksum: checksum === 'ones' || checksum === 'from-ones' ? 'valid' : checksum,
    udpPort: one.kind.event ? 319 : 320,
    peer: one.kind.peer,
    sourceMac: SOURCE_MAC,
    destinationMac: one.destinationMac ?? null,
    trailer: one.trailer ?? new Uint8Array(0),
    padTo: one.padTo ?? 0,
  };
}

/** One vector; `corrects` is what the standard says of this message, not what a parser found. */
function vector(name: string, one: Case, random: Random, corrects: boolean): Vector {
  const residence = residenceNs(one.times.rxNs, one.times.txNs);
  const before = one.field(residence << 16n);
  const after = corrects ? addResidence(before, residence) : before;
  const filler = random.octets(64);
  const sequenceId = random.next(65536);
  const build = (correctionField: bigint, free: number): Uint8Array => {
    const message: PtpMessage = {
      kind: one.kind,
      correctionField,
      version: one.version ?? 0x02,
      sequenceId,
      filler: (octets) => concat([filler.subarray(0, octets - 2), u16(free)]),
      tlvs: one.tlvs ?? new Uint8Array(0),
      messageLength: null,
    };
    return frame(envelope(one), ptpMessage(message));
  };
  // The free word of the body takes up what is missing to a sum of all ones.
  const free =
    one.way.checksum === 'ones'
      ? checksumOf(build(after, 0), one)
      : one.way.checksum === 'from-ones'
        ? checksumOf(build(before, 0), one)
        : random.next(65536);
  return finish(name, one, build(before, free), build(after, free));
}

function checksumOf(octets: Uint8Array, one: Case): number {
  const at = 14 + 4 * one.tags.length + (one.way.transport === 'ipv6' ? 40 : 20) + 6;
  return new DataView(octets.buffer).getUint16(at);
}

function finish(name: string, one: Case, input: Uint8Array, output: Uint8Array): Vector {
  const { rxNs, txNs, resolutionNs } = one.times;
  // A wrong checksum cannot be built twice: the reference says by how much it stays wrong.
  const expected = one.way.checksum === 'wrong' ? corrected(input, rxNs, txNs) : output;
  if (hex(corrected(input, rxNs, txNs)) !== hex(expected)) {
    throw new Error(`the two references disagree on ${name}`);
  }
  const same = hex(expected) === hex(input);
  return {
    name,
    in: hex(input),
    out: same ? null : hex(expected),
    rxNs: String(rxNs),
    txNs: String(txNs),
    ingress: INGRESS,
    egress: EGRESS,
    resolutionNs,
  };
}

/** Every event message × transport and checksum × tags × correctionField × clock. */
export function correctionVectors(): Vector[] {
  const random = new Random(SEED);
  const out: Vector[] = [];
  for (const kind of MESSAGES.filter((message) => message.event)) {
    for (const way of WAYS) {
      for (const [tagName, tags] of TAGS) {
        for (const [fieldName, field] of FIELDS) {
          const plain: Clock = random.next(2) === 0 ? 'ns' : 'us';
          const wrap: Clock = random.next(2) === 0 ? 'wrap-ns' : 'wrap-us';
          for (const clock of [plain, wrap]) {
            const name = `${kind.name} ${way.transport} ${way.checksum} ${tagName} ${fieldName} ${clock}`;
            const one = { kind, way, tags, field, times: times(clock, random) };
            out.push(vector(name, one, random, true));
          }
        }
      }
    }
  }
  return out;
}

/** TLVs, padding, trailing octets, odd checksums, other versions: one message on every way. */
export function shapeVectors(): Vector[] {
  const random = new Random(SEED + 1);
  const organization = concat([u16(0x0003, 8), Uint8Array.from([0, 0x1b, 0x19, 0, 0, 1, 2, 3])]);
  const shapes: readonly (readonly [string, Partial<Case>])[] = [
    ['tlv', { tlvs: organization }],
    ['two tlvs', { tlvs: concat([organization, u16(0x8008, 4, 0, 0)]) }],
    ['odd trailer', { trailer: Uint8Array.from([0xaa, 0xbb, 0xcc]) }],
    ['two trailing octets', { trailer: Uint8Array.from([0, 0]) }],
    ['padded to 200', { padTo: 200 }],
    ['version 2.1', { version: 0x12 }],
    ['long tlv', { tlvs: concat([u16(0x8008, 1200), new Uint8Array(1200).fill(0x5a)]) }],
  ];
  const out: Vector[] = [];
  for (const way of WAYS) {
    for (const [tagName, tags] of TAGS) {
      for (const [shapeName, shape] of shapes) {
        const kind = pick(MESSAGES, random.next(4));
        const [fieldName, field] = pick(FIELDS, random.next(6));
        const name = `${shapeName}: ${kind.name} ${way.transport} ${way.checksum} ${tagName} ${fieldName}`;
        const one = { kind, way, tags, field, times: times('us', random), ...shape };
        out.push(vector(name, one, random, true));
      }
    }
  }
  return [...out, ...checksumVectors(random)];
}

function checksumVectors(random: Random): Vector[] {
  const ways: readonly Way[] = (['ipv4', 'ipv6'] as const).flatMap((transport) =>
    (['from-ones', 'wrong'] as const).map((checksum) => ({ transport, checksum })),
  );
  // Not sent by anybody who follows RFC 8200; what is not there cannot be mended.
  const zero: Way = { transport: 'ipv6', checksum: 'zero' };
  return [...ways, zero].flatMap((way) =>
    TAGS.flatMap(([tagName, tags]) =>
      FIELDS.map(([fieldName, field]) => {
        const kind = pick(MESSAGES, random.next(4));
        const name = `checksum ${way.checksum}: ${kind.name} ${way.transport} ${tagName} ${fieldName}`;
        return vector(name, { kind, way, tags, field, times: times('us', random) }, random, true);
      }),
    ),
  );
}

const UNTOUCHED_KINDS = MESSAGES.filter(({ event, name }) => !event && name !== 'Management');

/** General messages keep every octet, however long they stay; but Management loses a hop. */
export function untouchedVectors(): Vector[] {
  const random = new Random(SEED + 2);
  const out: Vector[] = [];
  for (const way of WAYS) {
    for (const [tagName, tags] of TAGS) {
      for (const kind of UNTOUCHED_KINDS) {
        const [fieldName, field] = pick(FIELDS, random.next(FIELDS.length));
        const name = `${kind.name} ${way.transport} ${way.checksum} ${tagName} ${fieldName}`;
        const one = { kind, way, tags, field, times: times('us', random) };
        out.push(vector(name, one, random, false));
      }
      // Version 1 has its versionPTP in the first two octets; the rest is not ours to read.
      if (way.transport !== 'l2') {
        const one: Case = {
          kind: { name: 'v1 Sync', type: 0, octets: 124, event: true, peer: false },
          way,
          tags,
          field: () => 0x0102_0304_0506_0708n,
          times: times('us', random),
          version: 0x01,
        };
        out.push(vector(`v1 Sync ${way.transport} ${way.checksum} ${tagName}`, one, random, false));
      }
    }
  }
  return [...out, ...lookalikeVectors(random)];
}

function pick<T>(list: readonly T[], index: number): T {
  const one = list[index];
  if (one === undefined) throw new Error(`no element ${index}`);
  return one;
}

/** What is wrong with a frame, with the P4 program's numbers (p4/README.md, Policies). */
export const MALFORMED_REASONS = {
  truncated: 1,
  version: 2,
  'length beyond': 3,
  'length too low': 4,
} as const;

export interface MalformedVector {
  readonly name: string;
  readonly in: string;
  readonly reason: keyof typeof MALFORMED_REASONS;
  readonly ingress: number;
}

/** Every way to be malformed × transport × tags. */
export function malformedVectors(): MalformedVector[] {
  const random = new Random(SEED + 3);
  const out: MalformedVector[] = [];
  const ways = WAYS.filter((way) => way.checksum !== 'ones');
  for (const way of ways) {
    for (const [tagName, tags] of TAGS) {
      for (const kind of MESSAGES) {
        const build = (length: number | null, version: number): Uint8Array => {
          const one: Case = { kind, way, tags, field: () => 0n, times: times('us', random) };
          const message = ptpMessage({
            kind,
            correctionField: 1n << 16n,
            version,
            sequenceId: random.next(65536),
            filler: random.octets,
            tlvs: new Uint8Array(0),
            messageLength: length,
          });
          return frame(envelope(one), message);
        };
        const add = (
          what: string,
          reason: MalformedVector['reason'],
          octets: Uint8Array,
        ): unknown =>
          out.push({
            name: `${what}: ${kind.name} ${way.transport} ${way.checksum} ${tagName}`,
            in: hex(octets),
            reason,
            ingress: INGRESS,
          });
        const body = build(null, 2).length - kind.octets;
        const cut = [0, 1, 2, 3, 9, 16, 33][random.next(7)] ?? 0;
        add(`cut after ${cut}`, 'truncated', build(null, 2).slice(0, body + cut));
        const version = [0, 3, 4, 15][random.next(4)] ?? 0;
        add(`version ${version}`, 'version', build(null, 0x10 | version));
        const beyond = [1, 2, 1000][random.next(3)] ?? 1;
        add(`${beyond} beyond`, 'length beyond', build(kind.octets + beyond, 2));
        add('all ones', 'length beyond', build(0xffff, 2));
        const low = [0, 33, 34, kind.octets - 1][random.next(4)] ?? 0;
        if (low < kind.octets) add(`length ${low}`, 'length too low', build(low, 2));
      }
    }
  }
  return [...out, ...paddedMalformed(random)];
}

/** messageLength within the padded frame, but beyond the UDP datagram. */
function paddedMalformed(random: Random): MalformedVector[] {
  return WAYS.filter((way) => way.transport !== 'l2').map((way) => {
    const kind = pick(MESSAGES, 0);
    const message = ptpMessage({
      kind,
      correctionField: 0n,
      version: 2,
      sequenceId: 1,
      filler: random.octets,
      tlvs: new Uint8Array(0),
      messageLength: kind.octets + 4,
    });
    const one: Case = { kind, way, tags: [], field: () => 0n, times: times('us', random) };
    return {
      name: `beyond the datagram: ${way.transport} ${way.checksum}`,
      in: hex(frame({ ...envelope(one), padTo: 160 }, message)),
      reason: 'length beyond',
      ingress: INGRESS,
    };
  });
}

/** Sound frames that merely look like ours: each keeps every octet. */
function lookalikeVectors(random: Random): Vector[] {
  const out: Vector[] = [];
  const add = (name: string, input: Uint8Array): void => {
    const { rxNs, txNs } = times('us', random);
    out.push({
      name,
      in: hex(input),
      out: null,
      rxNs: String(rxNs),
      txNs: String(txNs),
      ingress: INGRESS,
      egress: EGRESS,
      resolutionNs: 1000,
    });
  };
  const sync = pick(MESSAGES, 0);
  const base = (way: Way, kind: MessageKind, more: Partial<Envelope>): Uint8Array => {
    const one: Case = { kind, way, tags: [], field: () => 0n, times: times('us', random) };
    const message = ptpMessage({
      kind,
      correctionField: 7n,
      version: 2,
      sequenceId: 2,
      filler: random.octets,
      tlvs: new Uint8Array(0),
      messageLength: null,
    });
    return frame({ ...envelope(one), ...more }, message);
  };
  for (const way of WAYS.filter((one) => one.checksum !== 'ones')) {
    const label = `${way.transport} ${way.checksum}`;
    for (const type of [4, 5, 6, 7, 0xe, 0xf]) {
      add(`reserved type ${type} ${label}`, base(way, { ...sync, type }, {}));
    }
    const three: VlanTag[] = [S10, C20, { tpid: 0x8100, vid: 30, pcp: 0 }];
    add(`three tags ${label}`, base(way, sync, { tags: three }));
    if (way.transport === 'l2') continue;
    add(`event on port 320 ${label}`, base(way, sync, { udpPort: 320 }));
    add(`event on port 321 ${label}`, base(way, sync, { udpPort: 321 }));
    for (const [name, patch] of patches(way.transport)) {
      const octets = base(way, sync, {});
      for (const [at, value] of patch) octets[14 + at] = value;
      add(`${name} ${label}`, octets);
    }
  }
  return out;
}

/** Octets of the IP header that make PTP unreadable to a switch: [offset, value]. */
function patches(
  transport: 'ipv4' | 'ipv6',
): readonly (readonly [string, readonly (readonly [number, number])[]])[] {
  if (transport === 'ipv6') {
    return [
      ['hop-by-hop options', [[6, 0]]],
      ['fragment header', [[6, 44]]],
    ];
  }
  return [
    ['options', [[0, 0x46]]],
    ['first fragment', [[6, 0x20]]],
    [
      'later fragment',
      [
        [6, 0x00],
        [7, 0x10],
      ],
    ],
    ['TCP', [[9, 6]]],
  ];
}

/** The committed files: one vector a line, so that a change shows as what it is. */
export function vectorFiles(): ReadonlyMap<string, string> {
  const text = (vectors: readonly (Vector | MalformedVector)[]): string =>
    `[\n${vectors.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`;
  return new Map([
    ['correction.json', text(correctionVectors())],
    ['shapes.json', text(shapeVectors())],
    ['untouched.json', text(untouchedVectors())],
    ['malformed.json', text(malformedVectors())],
  ]);
}
