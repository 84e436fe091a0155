import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBytestring } from '#p4rt/bytestring';
import { ActionSchema, type FieldMatch, FieldMatchSchema } from '#protos/p4/v1/p4runtime_pb';
import { ROW } from '#server/engine-port';
import { encodeArgs, encodeKey } from '#server/match';
import { buildProgram, type Program, type TableProgram } from '#server/program';
import { RowWriter } from '#server/row-writer';
import { unnamedPorts } from '#server/translation';
import { LAYOUT, p4info } from './fixture-program.js';

function program(): Program {
  const built = buildProgram(p4info(), LAYOUT, unnamedPorts(510));
  if (!built.ok) throw new Error(built.error.message);
  return built.value;
}

const tables = [...program().tables.values()].filter(({ layout }) => layout.kind !== 'keyless');

/** Values and masks, right and wrong: too wide, empty, with bits beyond a mask. */
const octets = (bitwidth: number) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.bigInt(0n, (1n << BigInt(bitwidth)) - 1n).map(encodeBytestring) },
    fc.uint8Array({ maxLength: 10 }),
    fc.constant(Uint8Array.of(0)),
  );

const masked = (bitwidth: number) => {
  const number = fc.bigInt(1n, (1n << BigInt(bitwidth)) - 1n);
  return fc.tuple(number, number).map(([value, mask]) => ({
    value: encodeBytestring(value & mask),
    mask: encodeBytestring(mask),
  }));
};

function matchOf({ fields }: TableProgram): fc.Arbitrary<FieldMatch[]> {
  const each = fields.map(({ id, bitwidth, layout }) => {
    const value = octets(bitwidth);
    const kinds = {
      exact: fc.record({ value }),
      optional: fc.record({ value }),
      lpm: fc.record({ value, prefixLen: fc.integer({ min: -1, max: bitwidth + 1 }) }),
      ternary: fc.oneof(masked(bitwidth), fc.record({ value, mask: octets(bitwidth) })),
      range: fc.record({ low: value, high: octets(bitwidth) }),
    };
    const given = kinds[layout.matchType].map((it) => [
      create(FieldMatchSchema, {
        fieldId: id,
        fieldMatchType: { case: layout.matchType, value: it } as never,
      }),
    ]);
    return fc.oneof(
      { weight: 8, arbitrary: given },
      fc.constant([]),
      given.map((it) => [...it, ...it]),
    );
  });
  return fc.tuple(...each).map((found) => found.flat());
}

const wordsAt = (writer: RowWriter, at: number, from: number, count: number) => {
  const row = writer.rows.length / 256;
  return [...writer.rows.subarray(at * row + from, at * row + from + count)];
};

describe.each(tables.map((table) => ({ table, name: table.name })))(
  'rows of $name',
  ({ table }) => {
    const made = RowWriter.of(table);
    if (made === null) throw new Error('no rows');
    const writer = made;
    const { keyWords } = table.layout;

    it('have the key that the messages mean, or are left to who can say what is wrong', () => {
      let taken = 0;
      fc.assert(
        fc.property(matchOf(table), fc.nat(255), fc.integer(), (match, at, priority) => {
          const words = encodeKey(table, match);
          if (!writer.putKey(at, match, priority)) return;
          taken += 1;
          if (!words.ok) throw new Error(`taken, although ${words.error.message}`);
          const row = wordsAt(writer, at, ROW.head, 2 * keyWords);
          expect(row).toEqual([...words.value.key, ...words.value.mask]);
          expect(wordsAt(writer, at, ROW.priority, 1)).toEqual([
            BigInt.asUintN(64, BigInt(priority)),
          ]);
        }),
        { numRuns: 1500 },
      );
      expect(taken).toBeGreaterThan(15);
    });

    it('have the arguments that the messages mean', () => {
      for (const action of table.actionsById.values()) {
        const params = action.params.map(({ id, bitwidth }) =>
          octets(bitwidth).map((value) => ({ paramId: id, value })),
        );
        fc.assert(
          fc.property(fc.tuple(...params), fc.nat(255), (given, at) => {
            const call = create(ActionSchema, { actionId: action.id, params: given });
            const words = encodeArgs(action, call);
            writer.putKey(at, [], 0);
            if (!writer.putAction(at, action, call)) return;
            if (!words.ok) throw new Error(`taken, although ${words.error.message}`);
            const row = wordsAt(writer, at, ROW.head + 2 * keyWords, words.value.length);
            expect(row).toEqual([...words.value]);
          }),
          { numRuns: 300 },
        );
      }
    });
  },
);
