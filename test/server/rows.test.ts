import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeBytestring } from '#p4rt/bytestring';
import { ActionRef_Scope } from '#protos/p4/config/v1/p4info_pb';
import {
  type Action,
  ActionSchema,
  type FieldMatch,
  FieldMatchSchema,
  type Update,
  UpdateSchema,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import { ROW, rowWords } from '#server/engine-port';
import { encodeArgs, encodeKey } from '#server/state/match';
import { buildProgram, type Program, type TableProgram } from '#server/program/program';
import { rowPlan } from '#server/write/row-plan';
import { unnamedPorts } from '#server/program/translation';
import { type EncodedUpdates, UpdateList } from '#server/write/update-list';
import { LAYOUT, p4info } from './fixture-program.js';
import { loadRows, type DecodeRows } from './native-rows.js';

function program(): Program {
  const built = buildProgram(p4info(), LAYOUT, unnamedPorts(510));
  if (!built.ok) throw new Error(built.error.message);
  return built.value;
}

const tables = [...program().tables.values()].filter((table) => rowPlan(table) !== null);

let decodeRows: DecodeRows;
beforeAll(async () => {
  decodeRows = await loadRows();
}, 60_000);

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

const anUpdate = (
  { id }: TableProgram,
  type: Update_Type,
  match: FieldMatch[],
  priority: number,
  call: Action | null,
): Update => {
  const action =
    call === null ? {} : { action: { type: { case: 'action', value: call } as const } };
  const value = { tableId: id, match, priority, ...action };
  return create(UpdateSchema, { type, entity: { entity: { case: 'tableEntry', value } } });
};

/** The rows of updates, as many as there are. */
function rowsOf(table: TableProgram, { octets, bounds }: EncodedUpdates, onlyInserts = false) {
  const words = rowWords({ table: 0, ...table.layout });
  const count = bounds.length / 2;
  const rows = new BigUint64Array(count * words).fill(~0n);
  const operations = new Uint8Array(count);
  const plan = rowPlan(table) ?? new Uint32Array();
  const made = decodeRows({ plan, octets, bounds, onlyInserts, rows, operations });
  return Array.from({ length: made }, (_, i) => ({
    operation: operations[i],
    row: [...rows.subarray(i * words, (i + 1) * words)],
  }));
}

function encoded(...updates: Update[]): EncodedUpdates {
  const { encoded: list } = UpdateList.encode(updates);
  if (list === null) throw new Error('not encoded');
  return list;
}

const callOf = (table: TableProgram): fc.Arbitrary<Action> =>
  fc
    .constantFrom(...table.actionsById.values())
    .chain(({ id, params }) =>
      fc
        .tuple(
          ...params.map((param) =>
            octets(param.bitwidth).map((value) => ({ paramId: param.id, value })),
          ),
        )
        .map((given) => create(ActionSchema, { actionId: id, params: given })),
    );

describe.each(tables.map((table) => ({ table, name: table.name })))(
  'rows of $name',
  ({ table }) => {
    const { keyWords } = table.layout;
    const priorities = table.needsPriority
      ? fc.integer({ min: -2, max: 9 })
      : fc.constantFrom(0, 0, 3);
    const types = fc.constantFrom(Update_Type.INSERT, Update_Type.MODIFY, Update_Type.DELETE);

    it('mean what the messages mean, or are left to who can say what is wrong', () => {
      let taken = 0;
      fc.assert(
        fc.property(
          types,
          matchOf(table),
          priorities,
          callOf(table),
          (type, match, priority, call) => {
            const [found] = rowsOf(table, encoded(anUpdate(table, type, match, priority, call)));
            if (found === undefined) return;
            taken += 1;
            const words = encodeKey(table, match);
            if (!words.ok) throw new Error(`taken, although ${words.error.message}`);
            const action = table.actionsById.get(call.actionId);
            if (action === undefined) throw new Error('no such action');
            const args = encodeArgs(action, call);
            if (!args.ok) throw new Error(`taken, although ${args.error.message}`);
            expect(action.scope).not.toBe(ActionRef_Scope.DEFAULT_ONLY);
            expect(priority > 0).toBe(table.needsPriority);
            expect(found.operation).toBe(type);
            const row = [...[0n, BigInt(priority), BigInt(action.layout.index)]];
            row.push(...words.value.key, ...words.value.mask, ...args.value);
            const { length } = found.row;
            expect(found.row).toEqual(
              [...row, ...new Array<bigint>(length).fill(0n)].slice(0, length),
            );
          },
        ),
        { numRuns: 1500 },
      );
      expect(taken).toBeGreaterThan(15);
    });

    it('end where an update has no row, is of another table or, if that is asked, no INSERT', () => {
      const given = fc.tuple(types, matchOf(table), priorities, callOf(table));
      const one = given.map(([type, match, priority, call]) =>
        anUpdate(table, type, match, priority, call),
      );
      fc.assert(
        fc.property(fc.array(one, { maxLength: 5 }), fc.boolean(), (updates, onlyInserts) => {
          const alone = updates.map((update) => rowsOf(table, encoded(update), onlyInserts)[0]);
          const end = alone.findIndex((row) => row === undefined);
          const expected = end < 0 ? alone : alone.slice(0, end);
          expect(rowsOf(table, encoded(...updates), onlyInserts)).toEqual(expected);
        }),
        { numRuns: 300 },
      );
    });

    it('are not made of damaged messages, unless these are messages all the same', () => {
      const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 2 });
      const good = fc.tuple(types, matchOf(table), priorities, callOf(table));
      fc.assert(
        fc.property(good, damage, fc.nat(40), ([type, match, priority, call], changes, cut) => {
          const { octets: whole } = encoded(anUpdate(table, type, match, priority, call));
          for (const [at, octet] of changes) whole[at % whole.length] = octet;
          const end = Math.max(0, whole.length - (cut < 5 ? cut : 0));
          const list = { octets: whole, bounds: Uint32Array.of(0, end) };
          const [found] = rowsOf(table, list);
          if (found === undefined) return;
          const update = UpdateList.ofOctets(list).at(0);
          const it = update?.entity?.entity;
          if (it?.case !== 'tableEntry') throw new Error('taken, although it is no table entry');
          expect(it.value.tableId).toBe(table.id);
          const words = encodeKey(table, it.value.match);
          if (!words.ok) throw new Error(`taken, although ${words.error.message}`);
          const key = found.row.slice(ROW.head, ROW.head + 2 * keyWords);
          expect(key).toEqual([...words.value.key, ...words.value.mask]);
        }),
        { numRuns: 3000 },
      );
    });
  },
);
