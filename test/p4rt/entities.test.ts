import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDigest, decodePacketIn, decodeTableEntry } from '#p4rt/decode';
import {
  buildCounterCell,
  buildDigest,
  buildPacketMetadata,
  buildTableEntry,
  type EntrySpec,
} from '#p4rt/entities';
import { entityContent, entityKey } from '#p4rt/identity';
import { PacketInSchema, type Entity } from '#protos/p4/v1/p4runtime_pb';
import { programIndex } from '../support/program.js';

const index = programIndex();
const SEED = 0x9559;

function entry(spec: EntrySpec): Entity {
  const built = buildTableEntry(index, spec);
  if (!built.ok) throw new Error(built.error.message);
  return built.value;
}

const KNOWN: EntrySpec = {
  table: 'main_ingress.forward.source_mac',
  match: { vid: 10n, mac: 0x0200_0000_0001n },
  action: { name: 'main_ingress.forward.known_on', params: { port: 3n } },
};

describe('table entries', () => {
  it('are built with canonical octets', () => {
    const { entity } = entry(KNOWN);
    if (entity.case !== 'tableEntry') throw new Error('no table entry');
    expect(entity.value.match.map(({ fieldMatchType }) => fieldMatchType.value)).toMatchObject([
      { value: Uint8Array.of(10) },
      { value: Uint8Array.of(2, 0, 0, 0, 0, 1) },
    ]);
  });

  it('decode to the names that they were built from', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 4095n), fc.bigInt(0n, (1n << 48n) - 1n), (vid, mac) => {
        const { entity } = entry({ ...KNOWN, match: { vid, mac } });
        if (entity.case !== 'tableEntry') throw new Error('no table entry');
        expect(decodeTableEntry(index, entity.value)).toEqual({
          ok: true,
          value: { ...KNOWN, match: { vid, mac } },
        });
      }),
      { seed: SEED },
    );
  });

  it('of ternary tables need a priority, and leave out what matches anything', () => {
    const punt: EntrySpec = {
      table: 'punt_policy',
      match: {
        ether_type: { value: 0x88f7n, mask: 0xffffn },
        destination: { value: 1n, mask: 0n },
      },
      action: { name: 'copy_to_controller', params: { reason: 1n } },
      priority: 10,
    };
    const { entity } = entry(punt);
    if (entity.case !== 'tableEntry') throw new Error('no table entry');
    expect(entity.value.match).toHaveLength(1);
    const { priority: _, ...without } = punt;
    expect(buildTableEntry(index, without)).toMatchObject({ error: { code: 'entity-shape' } });
  });

  it.each<[string, Partial<EntrySpec>, string]>([
    ['no such table', { table: 'nonsense' }, 'p4info-unknown'],
    ['no such field', { match: { vid: 1n, mac: 1n, port: 1n } }, 'entity-field'],
    ['a field is missing', { match: { vid: 1n } }, 'entity-field'],
    ['a value is too wide', { match: { vid: 4096n, mac: 1n } }, 'entity-value'],
    ['a value is negative', { match: { vid: -1n, mac: 1n } }, 'entity-value'],
    [
      'a mask on an exact field',
      { match: { vid: { value: 1n, mask: 1n }, mac: 1n } },
      'entity-shape',
    ],
    ['a priority without need', { priority: 1 }, 'entity-shape'],
    [
      'the default action alone',
      { action: { name: 'unknown_source', params: {} } },
      'entity-action',
    ],
    ['a parameter is missing', { action: { name: 'known_on', params: {} } }, 'entity-field'],
    [
      'a parameter is too wide',
      { action: { name: 'known_on', params: { port: 512n } } },
      'entity-value',
    ],
  ])('are refused: %s', (_what, change, code) => {
    expect(buildTableEntry(index, { ...KNOWN, ...change })).toMatchObject({
      ok: false,
      error: { code },
    });
  });
});

describe('the identity of entities', () => {
  it('is the key, whatever the action', () => {
    const moved = entry({ ...KNOWN, action: { name: 'known_on', params: { port: 4n } } });
    expect(entityKey(moved)).toBe(entityKey(entry(KNOWN)));
    expect(entityContent(moved)).not.toBe(entityContent(entry(KNOWN)));
  });

  it('does not depend on leading zeros', () => {
    const padded = entry(KNOWN);
    if (padded.entity.case !== 'tableEntry') throw new Error('no table entry');
    const first = padded.entity.value.match[0]?.fieldMatchType;
    if (first?.case !== 'exact') throw new Error('no exact field');
    first.value.value = Uint8Array.of(0, 10);
    expect(entityKey(padded)).toBe(entityKey(entry(KNOWN)));
  });
});

describe('packets and digests', () => {
  it('a packet-out carries every field of its header', () => {
    const header = { egress_port: 2n, group: 0n, tx_event: 1n, stamp: 0n, _padding: 0n };
    expect(buildPacketMetadata(index, header)).toMatchObject({
      ok: true,
      value: [
        { metadataId: 1, value: Uint8Array.of(2) },
        { metadataId: 3, value: Uint8Array.of(0) },
        { metadataId: 4, value: Uint8Array.of(1) },
        { metadataId: 5 },
        { metadataId: 6 },
      ],
    });
    expect(buildPacketMetadata(index, { egress_port: 2n })).toMatchObject({
      error: { code: 'entity-field' },
    });
  });

  it('a packet-in is read by names', () => {
    const packet = create(PacketInSchema, {
      metadata: [
        { metadataId: 1, value: Uint8Array.of(0, 7) },
        { metadataId: 2, value: Uint8Array.of(3) },
        { metadataId: 3, value: Uint8Array.of(1, 0) },
      ],
    });
    expect(decodePacketIn(index, packet)).toEqual({
      ok: true,
      value: { ingress_port: 7n, reason: 3n, receive_time_ns: 256n },
    });
  });

  it('a digest is read by names, and one of another shape is refused', () => {
    const digest = index.digests.byName('learned_mac_t');
    if (!digest.ok) throw new Error(digest.error.message);
    const { id } = digest.value;
    expect(decodeDigest(index, id, buildDigest([10n, 0xabcn, 3n]))).toEqual({
      ok: true,
      value: { vid: 10n, mac: 0xabcn, port: 3n },
    });
    expect(decodeDigest(index, id, buildDigest([10n, 0xabcn]))).toMatchObject({
      error: { code: 'entity-shape' },
    });
    expect(decodeDigest(index, id, buildDigest([10n, 1n << 48n, 3n]))).toMatchObject({
      error: { code: 'entity-value' },
    });
  });

  it('a counter has so many cells and no more', () => {
    expect(buildCounterCell(index, 'residence', 65_535).ok).toBe(true);
    expect(buildCounterCell(index, 'residence', 65_536)).toMatchObject({
      error: { code: 'entity-value' },
    });
  });
});
