/**
 * What the dataplane itself keeps, taken out of a pipeline and put into the next one: counters, direct
 * counters and registers. Both while the engine is held, so that nothing is counted in between.
 */
import { create } from '@bufbuild/protobuf';
import {
  DirectCounterEntrySchema,
  EntitySchema,
  UpdateSchema,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import type { Update } from '#protos/p4/v1/p4runtime_pb';
import { readDirectCounterEntries } from '../entities/counter.js';
import type { Outcome } from '../errors.js';
import { done, fromEngine } from '../errors.js';
import type { Definitions } from '../program/p4info-shape.js';
import { differenceOf } from '../program/p4info-shape.js';
import type { ForwardingState } from '../state/state.js';
import { writeUpdates } from '../write/write.js';

export interface CarriedValues {
  /** As they are taken from the engine, in one piece each: there are hundreds of thousands of cells, and
   * frames wait. */
  readonly counters: ReadonlyMap<number, BigUint64Array>;
  readonly registers: ReadonlyMap<number, TakenRegister>;
  readonly directCounters: readonly Update[];
}

interface TakenRegister {
  readonly values: BigUint64Array;
  /** Of a cell. */
  readonly words: number;
}

/** Of the objects that mean the same in both programs. */
export function takeValues(
  state: ForwardingState,
  before: Definitions,
  now: Definitions,
): Outcome<CarriedValues> {
  const { program, engine } = state;
  const counters = new Map<number, BigUint64Array>();
  for (const { id, layout } of program.counters.values()) {
    if (differenceOf(id, before, now) !== null) continue;
    const cells = engine.counterTake(layout.index, 0, layout.size);
    if (!cells.ok) return fromEngine(cells.error);
    counters.set(id, cells.value);
  }
  const registers = new Map<number, TakenRegister>();
  for (const { id, layout } of program.registers.values()) {
    if (differenceOf(id, before, now) !== null) continue;
    const cells = engine.registerTake(layout.index, 0, layout.size);
    if (!cells.ok) return fromEngine(cells.error);
    registers.set(id, { values: cells.value, words: layout.words });
  }
  const directCounters = takeDirectCounters(state);
  return directCounters.ok
    ? done({ counters, registers, directCounters: directCounters.value })
    : directCounters;
}

function takeDirectCounters(state: ForwardingState): Outcome<Update[]> {
  const updates: Update[] = [];
  for (const isDefaultAction of [false, true]) {
    const filter = create(DirectCounterEntrySchema, { tableEntry: { isDefaultAction } });
    const read = readDirectCounterEntries(state, filter);
    if (!read.ok) return read;
    for (const { entity } of read.value) {
      if (entity.case !== 'directCounterEntry') continue;
      const { data } = entity.value;
      if (data === undefined || (data.byteCount === 0n && data.packetCount === 0n)) continue;
      const written = create(EntitySchema, { entity });
      updates.push(create(UpdateSchema, { type: Update_Type.MODIFY, entity: written }));
    }
  }
  return done(updates);
}

/** Into cells that there are; an array of the new program may be shorter. */
export function putValues(state: ForwardingState, values: CarriedValues): Outcome<void> {
  const { program, engine } = state;
  for (const [id, cells] of values.counters) {
    const layout = program.counters.get(id)?.layout;
    if (layout === undefined) continue;
    const written = engine.counterPut(layout.index, 0, cells.subarray(0, 2 * layout.size));
    if (!written.ok) return fromEngine(written.error);
  }
  for (const [id, { values: cells, words }] of values.registers) {
    const layout = program.registers.get(id)?.layout;
    // A struct may have kept its name and changed its members.
    if (layout?.words !== words) continue;
    const written = engine.registerPut(layout.index, 0, cells.subarray(0, words * layout.size));
    if (!written.ok) return fromEngine(written.error);
  }
  // An entry of the program's own may be gone, and its counter with it.
  writeUpdates(state, values.directCounters);
  return done(undefined);
}
