/** The program's counter arrays as numbers by name: which cells to read, and what they say. Pure. */
import { buildCounterCell, type Entity, type EntityErrorCode } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import { success, type Result } from '#units/result';
import {
  CELLS,
  DROP,
  DROP_REASONS,
  MALFORMED,
  MALFORMED_REASONS,
  MESSAGE_KINDS,
  MESSAGE_TYPE,
  type DropReason,
  type MalformedReason,
  type MessageKind,
} from './program.js';
import { RESIDENCE_BUCKETS } from './residence.js';

type SlotArray = keyof typeof CELLS;

/** What a port has counted. Received: as an ingress; corrected and residence: as an egress. */
export interface PortCounters {
  readonly messages: Readonly<
    Record<MessageKind, { readonly received: number; readonly corrected: number }>
  >;
  readonly malformed: Readonly<Record<MalformedReason, number>>;
  readonly version1: number;
}

export interface DropCounters {
  readonly ingress: Readonly<Record<DropReason, number>>;
  readonly egress: Readonly<Record<DropReason, number>>;
}

/** Cells by counter id and index, as read from a switch. */
export type CounterCells = ReadonlyMap<string, bigint>;

type Wanted = Result<Entity[], EntityErrorCode>;

/** The cells that `portCounters` needs for `slots`, and `dropCounters`. */
export function wantedCells(index: P4InfoIndex, slots: readonly number[]): Wanted {
  const cells: [string, number][] = [];
  for (const slot of slots) {
    for (const kind of MESSAGE_KINDS) {
      cells.push(['ptp_received', cellOf('ptp_received', slot, MESSAGE_TYPE[kind])]);
      cells.push(['ptp_corrected', cellOf('ptp_corrected', slot, MESSAGE_TYPE[kind])]);
    }
    for (const reason of MALFORMED_REASONS) {
      cells.push(['ptp_malformed', cellOf('ptp_malformed', slot, MALFORMED[reason])]);
    }
    cells.push(['ptp_version_1', slot]);
  }
  for (const reason of DROP_REASONS) {
    cells.push(['ingress_dropped', DROP[reason]], ['egress_dropped', DROP[reason]]);
  }
  return entitiesOf(index, cells);
}

/** The 512 cells of one slot's residence histogram. */
export function wantedResidence(index: P4InfoIndex, slot: number): Wanted {
  const cells = Array.from({ length: RESIDENCE_BUCKETS }, (_, bucket): [string, number] => [
    'residence',
    cellOf('residence', slot, bucket),
  ]);
  return entitiesOf(index, cells);
}

function cellOf(array: SlotArray, slot: number, offset: number): number {
  return slot * CELLS[array] + offset;
}

function entitiesOf(index: P4InfoIndex, cells: readonly [string, number][]): Wanted {
  const entities: Entity[] = [];
  for (const [name, cell] of cells) {
    const entity = buildCounterCell(index, name, cell);
    if (!entity.ok) return entity;
    entities.push(entity.value);
  }
  return success(entities);
}

/** Gathers what a Read returned. */
export function collectCells(index: P4InfoIndex, entities: readonly Entity[]): CounterCells {
  const cells = new Map<string, bigint>();
  for (const { entity } of entities) {
    if (entity.case !== 'counterEntry') continue;
    const counter = index.counters.byId(entity.value.counterId);
    if (!counter.ok) continue;
    const cell = entity.value.index?.index ?? 0n;
    cells.set(`${aliasOf(counter.value.name)}/${cell}`, entity.value.data?.packetCount ?? 0n);
  }
  return cells;
}

function aliasOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function cell(cells: CounterCells, name: string, index: number): number {
  return Number(cells.get(`${name}/${index}`) ?? 0n);
}

export function portCounters(cells: CounterCells, slot: number): PortCounters {
  const count = (array: SlotArray, offset: number): number =>
    cell(cells, array, cellOf(array, slot, offset));
  return {
    messages: byName(MESSAGE_KINDS, (kind) => ({
      received: count('ptp_received', MESSAGE_TYPE[kind]),
      corrected: count('ptp_corrected', MESSAGE_TYPE[kind]),
    })),
    malformed: byName(MALFORMED_REASONS, (reason) => count('ptp_malformed', MALFORMED[reason])),
    version1: count('ptp_version_1', 0),
  };
}

export function dropCounters(cells: CounterCells): DropCounters {
  return {
    ingress: byName(DROP_REASONS, (reason) => cell(cells, 'ingress_dropped', DROP[reason])),
    egress: byName(DROP_REASONS, (reason) => cell(cells, 'egress_dropped', DROP[reason])),
  };
}

export function residenceCounts(cells: CounterCells, slot: number): bigint[] {
  return Array.from(
    { length: RESIDENCE_BUCKETS },
    (_, bucket) => cells.get(`residence/${cellOf('residence', slot, bucket)}`) ?? 0n,
  );
}

function byName<Name extends string, Value>(
  names: readonly Name[],
  value: (name: Name) => Value,
): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, Value>;
}
