import { create } from '@bufbuild/protobuf';
import { EntitySchema } from '#protos/p4/v1/p4runtime_pb';
import { MAX_CELLS_READ } from '#server/entities/index-range';
import { buildProgram } from '#server/program/program';
import { unnamedPorts } from '#server/program/translation';
import { readEntities } from '#server/read';
import { ShadowEngine } from '#server/state/shadow-engine';
import type { ForwardingState } from '#server/state/state';
import { initialState } from '#server/state/state';
import { describe, expect, it } from 'vitest';
import { LAYOUT, p4info } from './fixture-program.js';

/** The fixture's state, with so many cells in its counter and register. */
function stateWith(size: number): ForwardingState {
  const layout = {
    ...LAYOUT,
    counters: LAYOUT.counters.map((counter) => ({ ...counter, size })),
    registers: LAYOUT.registers.map((register) => ({ ...register, size })),
  };
  const program = buildProgram(p4info(), layout, unnamedPorts(510));
  if (!program.ok) throw new Error(program.error.message);
  const state = initialState(program.value, new ShadowEngine(layout), 510);
  if (!state.ok) throw new Error(state.error.message);
  return state.value;
}

const all = (['counterEntry', 'registerEntry'] as const).map((kind) =>
  create(EntitySchema, { entity: { case: kind, value: {} } }),
);

describe('a read of all cells', () => {
  it('gives them, also when they are more than a call takes arguments', () => {
    const { entities, statuses } = readEntities(stateWith(200_000), all);
    expect(statuses).toEqual([null, null]);
    expect(entities).toHaveLength(2 * 200_000);
  });

  it('that would take the memory of the switch is refused, and says what to do', () => {
    const { entities, statuses } = readEntities(stateWith(MAX_CELLS_READ + 1), all);
    expect(entities).toEqual([]);
    expect(statuses.length).toBeGreaterThan(0);
    for (const item of statuses) expect(item).toMatchObject({ code: 8 });
    expect(statuses[0]?.message).toContain('read by index');
  });
});
