/** The program's counter arrays as numbers by name: which cells to read, and what they say. Pure. */
import { buildCounterCell, type Entity, type EntityErrorCode } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import { success, type Result } from '#units/result';
import {
  ANSWERED_KINDS,
  CELLS,
  DROP,
  DROP_REASONS,
  MALFORMED,
  MALFORMED_REASONS,
  MESSAGE_KINDS,
  MESSAGE_TYPE,
  TWO_STEP,
  TWO_STEP_OUTCOMES,
  UNKNOWN_SLOT,
  UNTOUCHED,
  UNTOUCHED_REASONS,
  type DropReason,
  type MalformedReason,
  type MessageKind,
  type TwoStepOutcome,
  type UntouchedReason,
} from './program.js';
import { RESIDENCE_BUCKETS } from './residence.js';

type SlotArray = keyof typeof CELLS;

/** Messages of one type at one port. */
export interface MessageCounts {
  /** In by the port. */
  readonly received: number;
  /** Out by the port, corrected or not. */
  readonly sent: number;
  /** Out by the port, with their residence added. */
  readonly corrected: number;
  /** In by the port, and answered by the dataplane itself. */
  readonly answered: number;
  /** In by the port, for the controller, which had enough of them. */
  readonly puntMetered: number;
}

export interface DropCounters {
  readonly ingress: Readonly<Record<DropReason, number>>;
  readonly egress: Readonly<Record<DropReason, number>>;
}

/** What a port has counted. */
export interface PortCounters {
  readonly messages: Readonly<Record<MessageKind, MessageCounts>>;
  readonly malformed: Readonly<Record<MalformedReason, number>>;
  readonly version1: number;
  /** Frames in by the port that might carry PTP but were forwarded without a look. */
  readonly untouched: Readonly<Record<UntouchedReason, number>>;
  /** Of messages that leave by the port, where it sends two-step. */
  readonly twoStep: Readonly<Record<TwoStepOutcome, number>>;
  readonly drops: DropCounters;
}

/** Cells by counter id and index, as read from a switch. */
export type CounterCells = ReadonlyMap<string, bigint>;

type Wanted = Result<Entity[], EntityErrorCode>;

const MESSAGE_ARRAYS = ['ptp_received', 'ptp_sent', 'ptp_corrected', 'punt_metered'] as const;

/** The cells that `portCounters` needs for `slots`, and `switchDrops`. */
export function wantedCells(index: P4InfoIndex, slots: readonly number[]): Wanted {
  const cells: [SlotArray, number][] = [];
  const want = (array: SlotArray, slot: number, offsets: readonly number[]): void => {
    for (const offset of offsets) cells.push([array, cellOf(array, slot, offset)]);
  };
  for (const slot of slots) {
    for (const array of MESSAGE_ARRAYS) want(array, slot, Object.values(MESSAGE_TYPE));
    want(
      'answered',
      slot,
      ANSWERED_KINDS.map((kind) => MESSAGE_TYPE[kind]),
    );
    want('ptp_malformed', slot, Object.values(MALFORMED));
    want('ptp_version_1', slot, [0]);
    want('untouched', slot, Object.values(UNTOUCHED));
    want('two_step', slot, Object.values(TWO_STEP));
  }
  for (const slot of [...slots, UNKNOWN_SLOT]) {
    want('ingress_dropped', slot, Object.values(DROP));
    want('egress_dropped', slot, Object.values(DROP));
  }
  return entitiesOf(index, cells);
}

/** The 512 cells of one slot's residence histogram. */
export function wantedResidence(index: P4InfoIndex, slot: number): Wanted {
  const cells = Array.from({ length: RESIDENCE_BUCKETS }, (_, bucket): [SlotArray, number] => [
    'residence',
    cellOf('residence', slot, bucket),
  ]);
  return entitiesOf(index, cells);
}

function cellOf(array: SlotArray, slot: number, offset: number): number {
  return slot * CELLS[array] + offset;
}

function entitiesOf(index: P4InfoIndex, cells: readonly [SlotArray, number][]): Wanted {
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

function count(cells: CounterCells, array: SlotArray, slot: number, offset: number): number {
  return Number(cells.get(`${array}/${cellOf(array, slot, offset)}`) ?? 0n);
}

export function portCounters(cells: CounterCells, slot: number): PortCounters {
  const of = (array: SlotArray, offset: number): number => count(cells, array, slot, offset);
  return {
    messages: byName(MESSAGE_KINDS, (kind) => ({
      received: of('ptp_received', MESSAGE_TYPE[kind]),
      sent: of('ptp_sent', MESSAGE_TYPE[kind]),
      corrected: of('ptp_corrected', MESSAGE_TYPE[kind]),
      answered: of('answered', MESSAGE_TYPE[kind]),
      puntMetered: of('punt_metered', MESSAGE_TYPE[kind]),
    })),
    malformed: byName(MALFORMED_REASONS, (reason) => of('ptp_malformed', MALFORMED[reason])),
    version1: of('ptp_version_1', 0),
    untouched: byName(UNTOUCHED_REASONS, (reason) => of('untouched', UNTOUCHED[reason])),
    twoStep: byName(TWO_STEP_OUTCOMES, (outcome) => of('two_step', TWO_STEP[outcome])),
    drops: dropCounters(cells, [slot]),
  };
}

/** Of all ports together, and of frames that came in by a port that nobody has configured. */
export function switchDrops(cells: CounterCells, slots: readonly number[]): DropCounters {
  return dropCounters(cells, [...slots, UNKNOWN_SLOT]);
}

function dropCounters(cells: CounterCells, slots: readonly number[]): DropCounters {
  const total = (array: SlotArray, reason: DropReason): number =>
    slots.reduce((sum, slot) => sum + count(cells, array, slot, DROP[reason]), 0);
  return {
    ingress: byName(DROP_REASONS, (reason) => total('ingress_dropped', reason)),
    egress: byName(DROP_REASONS, (reason) => total('egress_dropped', reason)),
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
