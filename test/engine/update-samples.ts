/** Updates of the fixture program's tables with their plans, as fixtures/rows.c reads them. */
import { create } from '@bufbuild/protobuf';
import { UpdateSchema, Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { buildProgram } from '#server/program/program';
import { rowPlan } from '#server/write/row-plan';
import { unnamedPorts } from '#server/program/translation';
import { UpdateList } from '#server/write/update-list';
import type { TableEntryInit } from '../server/conversation.js';
import { acl, b, exact, forward, mac, optional, range, route, ternary } from '../server/entries.js';
import { ID, LAYOUT, p4info } from '../server/fixture-program.js';

const ENTRIES: readonly TableEntryInit[] = [
  ...[0n, 1n, 0xffff_ffff_ffffn].flatMap((address) => [mac(address, 1, 3), mac(address, 4095, 9)]),
  ...[1, 9, 32].map((length) =>
    route((0x0a00_0000 >>> (32 - length)) * 2 ** (32 - length), length, 7),
  ),
  acl(7, []),
  acl(9, [ternary(1, b(0x0a00_0000), b(0xff00_0000)), range(2, b(80), b(443))]),
  acl(1, [optional(3, b(17)), ternary(1, b(1), b(1))]),
  { tableId: ID.mac, match: [exact(2, b(2)), exact(1, b(3))], action: forward(500) },
];

export function updateSamples(): Uint8Array {
  const program = buildProgram(p4info(), LAYOUT, unnamedPorts(510));
  if (!program.ok) throw new Error(program.error.message);
  const words: number[] = [];
  for (const table of program.value.tables.values()) {
    const plan = rowPlan(table);
    if (plan === null) continue;
    const own = ENTRIES.filter(({ tableId }) => tableId === table.id);
    words.push(plan.length, ...plan, 3 * own.length);
    for (const type of [Update_Type.INSERT, Update_Type.MODIFY, Update_Type.DELETE]) {
      for (const value of own) words.push(...sample(type, value));
    }
  }
  return new Uint8Array(Uint32Array.from(words).buffer);
}

function sample(type: Update_Type, value: TableEntryInit): number[] {
  const entity = { entity: { case: 'tableEntry', value } } as const;
  const { encoded } = UpdateList.encode([create(UpdateSchema, { type, entity })]);
  const octets = encoded?.octets ?? new Uint8Array();
  const padded = new Uint8Array(4 * Math.ceil(octets.length / 4));
  padded.set(octets);
  return [octets.length, ...new Uint32Array(padded.buffer)];
}
