/** RegisterEntry (specification 1.5, section of that name). */
import { create } from '@bufbuild/protobuf';
import type { Entity, RegisterEntry } from '#protos/p4/v1/p4runtime_pb';
import { EntitySchema, RegisterEntrySchema, Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { DONE, done, fromEngine, invalid, notFound } from '../errors.js';
import type { RegisterProgram } from '../program/program.js';
import type { ForwardingState } from '../state/state.js';
import { readSlot, writeSlot } from '../state/words.js';
import type { WriteType } from '../write/write-type.js';
import { cellIndex, cellRange, checkCells } from './index-range.js';

function findRegister(state: ForwardingState, id: number): Outcome<RegisterProgram> {
  const register = state.program.registers.get(id);
  return register === undefined ? notFound(`no register has the id ${id}`) : done(register);
}

export function writeRegisterEntry(
  state: ForwardingState,
  type: WriteType,
  entry: RegisterEntry,
): Outcome<void> {
  if (type !== Update_Type.MODIFY) return invalid('a register can only be modified');
  if (entry.registerId === 0) return invalid('register_id is not set');
  const register = findRegister(state, entry.registerId);
  if (!register.ok) return register;
  const { layout, codec } = register.value;
  const cells = cellRange(entry.index, register.value);
  if (!cells.ok) return cells;
  const value = codec.writeOne(entry.data);
  if (!value.ok) return value;
  const words = new BigUint64Array(layout.words);
  writeSlot(words, { word: 0, shift: 0, bitwidth: layout.bitwidth }, value.value);
  for (let i = 0; i < cells.value.count; i += 1) {
    const written = state.engine.registerWrite(layout.index, cells.value.first + i, words);
    if (!written.ok) return fromEngine(written.error);
  }
  return DONE;
}

export function readRegisterEntries(
  state: ForwardingState,
  filter: RegisterEntry,
): Outcome<Entity[]> {
  if (filter.registerId === 0) {
    const registers = [...state.program.registers.values()];
    const allowed = checkCells(registers.reduce((sum, { layout }) => sum + layout.size, 0));
    if (!allowed.ok) return allowed;
    const all: Entity[][] = [];
    for (const register of registers) {
      const read = readCells(state, register, 0, register.layout.size);
      if (!read.ok) return read;
      all.push(read.value);
    }
    return done(all.flat());
  }
  const register = findRegister(state, filter.registerId);
  if (!register.ok) return register;
  const cells = cellRange(filter.index, register.value);
  return cells.ok ? readCells(state, register.value, cells.value.first, cells.value.count) : cells;
}

function readCells(
  state: ForwardingState,
  register: RegisterProgram,
  first: number,
  count: number,
): Outcome<Entity[]> {
  const { id, layout, codec } = register;
  const allowed = checkCells(count);
  if (!allowed.ok) return allowed;
  const read = state.engine.registerRead(layout.index, first, count);
  if (!read.ok) return fromEngine(read.error);
  const slot = { word: 0, shift: 0, bitwidth: layout.bitwidth };
  return done(
    read.value.map((words, i) => {
      const value = create(RegisterEntrySchema, {
        registerId: id,
        index: cellIndex(register, first + i),
        data: codec.read([readSlot(words, slot)]),
      });
      return create(EntitySchema, { entity: { case: 'registerEntry', value } });
    }),
  );
}
