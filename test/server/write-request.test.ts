import { create, fromBinary, isMessage, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UpdateSchema, type WriteRequest, WriteRequestSchema } from '#protos/p4/v1/p4runtime_pb';
import { decodeWriteRequest, MAX_UPDATES } from '#server/write/write-request';

const octets = fc.uint8Array({ maxLength: 5 });
const id = fc.oneof(fc.constant(0), fc.nat(300), fc.integer({ min: 0, max: 0xffff_ffff }));
const int32 = fc.oneof(fc.nat(100), fc.integer({ min: -3, max: 0x7fff_ffff }));

const kind = fc.oneof(
  fc.record({ case: fc.constant('exact' as const), value: fc.record({ value: octets }) }),
  fc.record({ case: fc.constant('optional' as const), value: fc.record({ value: octets }) }),
  fc.record({
    case: fc.constant('ternary' as const),
    value: fc.record({ value: octets, mask: octets }),
  }),
  fc.record({
    case: fc.constant('lpm' as const),
    value: fc.record({ value: octets, prefixLen: int32 }),
  }),
  fc.record({
    case: fc.constant('range' as const),
    value: fc.record({ low: octets, high: octets }),
  }),
  fc.constant({ case: undefined }),
);

const action = fc.oneof(
  fc.record({
    case: fc.constant('action' as const),
    value: fc.record({
      actionId: id,
      params: fc.array(fc.record({ paramId: id, value: octets }), { maxLength: 3 }),
    }),
  }),
  fc.record({ case: fc.constant('actionProfileMemberId' as const), value: id }),
  fc.constant({ case: undefined }),
);

const entry = fc.record(
  {
    tableId: id,
    match: fc.array(fc.record({ fieldId: id, fieldMatchType: kind }), { maxLength: 4 }),
    action: fc.record({ type: action }),
    priority: int32,
    metadata: octets,
    controllerMetadata: fc.bigInt(0n, 3n),
    isDefaultAction: fc.boolean(),
    idleTimeoutNs: fc.bigInt(0n, 5n),
    isConst: fc.boolean(),
    counterData: fc.record({ byteCount: fc.bigInt(0n, 9n) }),
    timeSinceLastHit: fc.record({ elapsedNs: fc.bigInt(0n, 9n) }),
  },
  { requiredKeys: [] },
);

const entity = fc.oneof(
  { weight: 5, arbitrary: fc.record({ case: fc.constant('tableEntry' as const), value: entry }) },
  fc.record({
    case: fc.constant('counterEntry' as const),
    value: fc.record({ counterId: id }),
  }),
  fc.constant({ case: undefined }),
);

const request = fc.record(
  {
    deviceId: fc.bigInt(0n, (1n << 64n) - 1n),
    role: fc.string(),
    electionId: fc.record({ high: fc.bigInt(0n, 9n), low: fc.bigInt(0n, 9n) }),
    atomicity: fc.nat(3),
    updates: fc.array(fc.record({ type: fc.nat(4), entity: fc.record({ entity }) }), {
      maxLength: 6,
    }),
  },
  { requiredKeys: [] },
);

const general = (from: Uint8Array) => fromBinary(WriteRequestSchema, from);

/** With all of its updates, as far as they are any. */
function whole(octets: Uint8Array): WriteRequest {
  const { request, updates } = decodeWriteRequest(octets);
  const found = Array.from({ length: updates.length }, (_, i) => updates.at(i) ?? []).flat();
  return { ...request, updates: found };
}

function tried(decode: (octets: Uint8Array) => WriteRequest, from: Uint8Array) {
  try {
    return decode(from);
  } catch {
    return 'refused';
  }
}

describe('a Write request', () => {
  it('is decoded as the general decoder does', () => {
    fc.assert(
      fc.property(request, (init) => {
        const encoded = toBinary(WriteRequestSchema, create(WriteRequestSchema, init));
        expect(whole(encoded)).toEqual(general(encoded));
        // And it says of which table an update is, where that is to be seen.
        const { updates } = decodeWriteRequest(encoded);
        for (const [i, { entity: of }] of general(encoded).updates.entries()) {
          const it = of?.entity;
          const id = it?.case === 'tableEntry' ? it.value.tableId : 0;
          expect(updates.tableAt(i)).toBe(id);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('that is damaged is refused, in part or as a whole, or is a request all the same', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(request, damage, fc.nat(), (init, changes, cut) => {
        const encoded = toBinary(WriteRequestSchema, create(WriteRequestSchema, init));
        for (const [at, octet] of changes) {
          if (encoded.length > 0) encoded[at % encoded.length] = octet;
        }
        const part = cut % 3 === 0 ? encoded.subarray(0, cut % (encoded.length + 1)) : encoded;
        const found = tried(whole, part);
        if (found === 'refused') return;
        expect(isMessage(found, WriteRequestSchema)).toBe(true);
        for (const update of found.updates) expect(isMessage(update, UpdateSchema)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('with a field of an entry given twice is decoded likewise', () => {
    const one = create(WriteRequestSchema, {
      updates: [{ type: 1, entity: { entity: { case: 'tableEntry', value: { tableId: 7 } } } }],
    });
    const update = toBinary(WriteRequestSchema, one).subarray(2);
    const twice = Uint8Array.of(0x22, 2 * update.length, ...update, ...update);
    expect(whole(twice)).toEqual(general(twice));
  });

  it('of more empty updates than anybody sends is not looked through', () => {
    const { updates } = decodeWriteRequest(
      new Uint8Array(6 * MAX_UPDATES).fill(0x22).map((octet, i) => (i % 2 === 0 ? octet : 0)),
    );
    expect(updates.length).toBe(MAX_UPDATES + 1);
  });
});
