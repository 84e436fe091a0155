/** Frames for property tests: sound PTP in every envelope, and the same with octets gone wrong. */
import fc from 'fast-check';
import {
  MESSAGES,
  type ChecksumKind,
  type Transport,
  type VlanTag,
  frame,
  ptpMessage,
} from '#lab/bench/frames';
import { TAGGED_VID } from './generate.js';

const tpid = fc.constantFrom(0x8100 as const, 0x88a8 as const);
const pcp = fc.nat(7);

/** The outer tag is one that both ports carry. */
const tags: fc.Arbitrary<readonly VlanTag[]> = fc.oneof(
  fc.constant([]),
  fc.tuple(fc.record({ tpid, vid: fc.constant(TAGGED_VID), pcp })),
  fc.tuple(
    fc.record({ tpid, vid: fc.constant(TAGGED_VID), pcp }),
    fc.record({ tpid, vid: fc.nat(4095), pcp }),
  ),
);

const way = fc.constantFrom<readonly [Transport, ChecksumKind]>(
  ['l2', 'none'],
  ['ipv4', 'zero'],
  ['ipv4', 'valid'],
  ['ipv4', 'wrong'],
  ['ipv6', 'valid'],
  ['ipv6', 'wrong'],
);

/** Any 64 bits, and more often than not values near the edges. */
const correctionField = fc.oneof(
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  fc.bigInt({ min: (1n << 63n) - (1n << 58n), max: (1n << 63n) - 1n }),
  fc.bigInt({ min: -(1n << 20n), max: 1n << 20n }),
);

/** A sound PTP frame of any kind. */
export const ptpFrame: fc.Arbitrary<Uint8Array> = fc
  .record({
    // Management loses a hop, which is no correction.
    kind: fc.constantFrom(...MESSAGES.filter(({ name }) => name !== 'Management')),
    way,
    tags,
    correctionField,
    minor: fc.nat(15),
    sequenceId: fc.nat(0xffff),
    filler: fc.uint8Array({ minLength: 64, maxLength: 64 }),
    tlvs: fc.uint8Array({ maxLength: 40 }),
    trailer: fc.uint8Array({ maxLength: 5 }),
    padTo: fc.constantFrom(0, 60, 128),
  })
  .map(({ kind, way: [transport, checksum], minor, filler, ...one }) =>
    frame(
      {
        transport,
        tags: one.tags,
        checksum,
        udpPort: kind.event ? 319 : 320,
        peer: kind.peer,
        sourceMac: [0x00, 0x1b, 0x21, 0x0a, 0x0b, 0x0c],
        destinationMac: null,
        trailer: one.trailer,
        padTo: one.padTo,
      },
      ptpMessage({
        kind,
        correctionField: one.correctionField,
        version: (minor << 4) | 2,
        sequenceId: one.sequenceId,
        filler: (octets) => filler.slice(0, octets),
        tlvs: one.tlvs,
        messageLength: null,
      }),
    ),
  );

/** Octets overwritten anywhere, and the end cut off or something appended. */
export const mutatedFrame: fc.Arbitrary<Uint8Array> = fc
  .record({
    frame: ptpFrame,
    writes: fc.array(fc.record({ at: fc.nat(), value: fc.nat(255) }), { maxLength: 6 }),
    cut: fc.oneof(fc.constant(null), fc.nat()),
    tail: fc.uint8Array({ maxLength: 16 }),
  })
  .map(({ frame: sound, writes, cut, tail }) => {
    const octets = Uint8Array.from([...sound, ...tail]);
    for (const { at, value } of writes) octets[at % octets.length] = value;
    return cut === null ? octets : octets.slice(0, 1 + (cut % octets.length));
  });

/** Anything at all. */
export const anyFrame: fc.Arbitrary<Uint8Array> = fc.uint8Array({ minLength: 1, maxLength: 256 });

/** When a frame comes, after the one before it, and how long it stays. Nanoseconds. */
export const stay: fc.Arbitrary<{ readonly pauseNs: bigint; readonly residenceNs: bigint }> =
  fc.record({
    pauseNs: fc.oneof(fc.bigInt(0n, 1_000_000n), fc.bigInt(0n, 1n << 47n)),
    residenceNs: fc.oneof(fc.bigInt(0n, 1_000_000_000n), fc.bigInt(0n, (1n << 46n) - 1n)),
  });
