/**
 * RECONCILE_AND_COMMIT (specification 1.5, section "SetForwardingPipelineConfig RPC"): what clients
 * wrote is kept, or the request is refused and nothing changes. It is taken out of the old pipeline as
 * updates, by ids, so that it finds its place in a program whose layout is another one; a shadow engine
 * says beforehand whether all of it fits. What the dataplane counted and registered goes along where the
 * object is still there with the same name and type.
 *
 * A program's own entries and default actions belong to the program: where no client changed them, they
 * are those of the new one.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { P4Info } from '#protos/p4/config/v1/p4info_pb';
import type { Entity, TableEntry, Update } from '#protos/p4/v1/p4runtime_pb';
import {
  EntitySchema,
  type PacketReplicationEngineEntrySchema,
  TableEntrySchema,
  Update_Type,
  UpdateSchema,
} from '#protos/p4/v1/p4runtime_pb';
import { meterConfigOf } from '../entities/meter-config.js';
import { entryMessage, readTableEntry } from '../entities/table-read.js';
import type { Outcome } from '../errors.js';
import { done, fromEngine, invalid } from '../errors.js';
import { definitionsOf, differenceOf, namedBy } from '../program/p4info-shape.js';
import type { Program } from '../program/program.js';
import { readEntities } from '../read.js';
import { ShadowEngine } from '../state/shadow-engine.js';
import type { ForwardingState, StoredEntry, TableState } from '../state/state.js';
import { initialState } from '../state/state.js';
import { writeUpdates } from '../write/write.js';
import type { WriteType } from '../write/write-type.js';

const { INSERT, MODIFY, DELETE } = Update_Type;

export interface ReconcileInput {
  readonly old: ForwardingState;
  readonly oldInfo: P4Info;
  readonly program: Program;
  readonly info: P4Info;
}

/** The updates that bring a state of `program`, as it is after its load, to what clients wrote to the
 * old one. Errors: INVALID_ARGUMENT, naming what cannot be kept. */
export function carryOver(input: ReconcileInput): Outcome<readonly Update[]> {
  const { old, program } = input;
  const base = initialState(old.program, new ShadowEngine(old.program.layout), old.cpuPort);
  if (!base.ok) return base;
  const wanted = clientUpdates(old, base.value);
  if (!wanted.ok) return wanted;
  const shapes = definitionsOf(input.info);
  const oldShapes = definitionsOf(input.oldInfo);
  for (const update of wanted.value) {
    for (const id of namedBy(update)) {
      const difference = differenceOf(id, oldShapes, shapes);
      if (difference !== null) return invalid(`the forwarding state cannot be kept: ${difference}`);
    }
  }
  const trial = initialState(program, new ShadowEngine(program.layout), old.cpuPort);
  return trial.ok ? fitting(trial.value, wanted.value) : trial;
}

/** The updates as they are accepted: an entry that the new program brings itself is modified. */
function fitting(trial: ForwardingState, updates: readonly Update[]): Outcome<readonly Update[]> {
  const accepted: Update[] = [];
  for (const update of updates) {
    const [refused = null] = writeUpdates(trial, [update]);
    if (refused === null) {
      accepted.push(update);
      continue;
    }
    const isGone = update.type === DELETE && refused.code === status.NOT_FOUND;
    if (isGone) continue;
    const isThere = update.type === INSERT && refused.code === status.ALREADY_EXISTS;
    const changed = create(UpdateSchema, { ...update, type: MODIFY });
    const [stillRefused = null] = isThere ? writeUpdates(trial, [changed]) : [refused];
    if (stillRefused !== null) {
      const what = update.entity?.entity.case ?? 'entity';
      return invalid(`the forwarding state cannot be kept: a ${what}: ${stillRefused.message}`);
    }
    accepted.push(changed);
  }
  return done(accepted);
}

type EntityInit = NonNullable<MessageInitShape<typeof EntitySchema>['entity']>;

const updateOf = (type: WriteType, entity: EntityInit): Update =>
  create(UpdateSchema, { type, entity: create(EntitySchema, { entity }) });

/** In an order in which nothing refers to what comes later. */
const READS: readonly [WriteType, EntityInit][] = [
  [INSERT, replication({ case: 'multicastGroupEntry', value: {} })],
  [INSERT, replication({ case: 'cloneSessionEntry', value: {} })],
  [INSERT, { case: 'actionProfileMember', value: {} }],
  [INSERT, { case: 'actionProfileGroup', value: {} }],
  [MODIFY, { case: 'valueSetEntry', value: {} }],
  [INSERT, { case: 'digestEntry', value: {} }],
];

function replication(
  type: NonNullable<MessageInitShape<typeof PacketReplicationEngineEntrySchema>['type']>,
): EntityInit {
  return { case: 'packetReplicationEngineEntry', value: { type } };
}

function clientUpdates(old: ForwardingState, base: ForwardingState): Outcome<Update[]> {
  const updates: Update[] = [];
  for (const [type, entity] of READS) {
    const read = readEntities(old, [create(EntitySchema, { entity })]);
    for (const found of read.entities) {
      if (!isEmptySet(found)) updates.push(create(UpdateSchema, { type, entity: found }));
    }
  }
  for (const [id, table] of old.tables) {
    const before = base.tables.get(id);
    const written = before === undefined ? done([]) : tableUpdates(old, table, before);
    if (!written.ok) return written;
    for (const update of written.value) updates.push(update);
  }
  const meters = meterUpdates(old);
  return meters.ok ? done([...updates, ...meters.value]) : meters;
}

function isEmptySet({ entity }: Entity): boolean {
  return entity.case === 'valueSetEntry' && entity.value.members.length === 0;
}

/** What clients changed in a table since its program was loaded. */
function tableUpdates(
  old: ForwardingState,
  table: TableState,
  base: TableState,
): Outcome<Update[]> {
  const updates: Update[] = [];
  const tableId = table.program.id;
  for (const stored of base.entries) {
    if (table.entries.has(stored.words, stored.priority)) continue;
    updates.push(updateOf(DELETE, { case: 'tableEntry', value: entryMessage(base, stored) }));
  }
  const meterConfig = table.program.directMeter === null ? {} : { meterConfig: {} };
  const wanted = create(TableEntrySchema, { tableId, ...meterConfig });
  for (const stored of table.entries) {
    const message = readTableEntry(old, wanted, { table, stored });
    if (!message.ok) return message;
    const loaded = base.entries.get(stored.words, stored.priority);
    if (!isAsLoaded(stored, loaded, message.value)) {
      updates.push(entryUpdate(stored, message.value));
    }
  }
  if (!isAsLoaded(table.defaultEntry, base.defaultEntry, create(TableEntrySchema))) {
    const value = entryMessage(table, table.defaultEntry);
    updates.push(updateOf(MODIFY, { case: 'tableEntry', value }));
  }
  return done(updates);
}

function isAsLoaded(
  entry: StoredEntry,
  loaded: StoredEntry | undefined,
  message: TableEntry,
): boolean {
  return (
    loaded !== undefined &&
    message.meterConfig === undefined &&
    entry.metadata.length === 0 &&
    entry.controllerMetadata === 0n &&
    entry.idleTimeoutNs === 0n &&
    entry.action?.action === loaded.action?.action &&
    entry.action?.args.join() === loaded.action?.args.join()
  );
}

/** Of a constant entry only its direct resources can be written. */
function entryUpdate(entry: StoredEntry, message: TableEntry): Update {
  if (!entry.isConst) return updateOf(INSERT, { case: 'tableEntry', value: message });
  const { tableId, match, priority, meterConfig } = message;
  const value = { tableEntry: { tableId, match, priority } };
  const config = meterConfig === undefined ? {} : { config: meterConfig };
  return updateOf(MODIFY, { case: 'directMeterEntry', value: { ...value, ...config } });
}

/** The meters' cells that clients configured. */
function meterUpdates(old: ForwardingState): Outcome<Update[]> {
  const updates: Update[] = [];
  for (const { id, layout } of old.program.meters.values()) {
    const cells = old.engine.meterRead(layout.index, 0, layout.size);
    if (!cells.ok) return fromEngine(cells.error);
    for (const [cell, rates] of cells.value.entries()) {
      if (rates === null) continue;
      const value = { meterId: id, index: { index: BigInt(cell) }, config: meterConfigOf(rates) };
      updates.push(updateOf(MODIFY, { case: 'meterEntry', value }));
    }
  }
  return done(updates);
}
