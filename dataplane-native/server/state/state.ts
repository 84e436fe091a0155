/**
 * The forwarding state of one pipeline: what the controller has written, in its own canonical words,
 * beside the handles under which the engine keeps it. Table entries, counters and registers are the
 * engine's; here is what it has no place for.
 */
import type { CloneSessionEntry, MulticastGroupEntry } from '#protos/p4/v1/p4runtime_pb';
import type {
  ActionProfileAction,
  ActionProfileActionSet_ActionSelectionMode as ActionSelectionMode,
  ActionProfileActionSet_SizeSemantics as SizeSemantics,
  DigestEntry_Config,
} from '#protos/p4/v1/p4runtime_pb';
import type { EngineState, EntryHandle } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { DONE, fromEngine } from '../errors.js';
import type { KeyWords } from './match.js';
import type { ActionProgram, ProfileProgram, Program, TableProgram } from '../program/program.js';
import { NO_EXTRA, TableEntries } from './table-entries.js';
import { wordsOf } from './words.js';

export interface StoredAction {
  /** Index into the layout's actions. */
  readonly action: number;
  readonly args: BigUint64Array;
}

/** A member of an action profile. */
export interface StoredMember {
  readonly handle: number;
  readonly id: number;
  action: ActionProgram;
  args: BigUint64Array;
  /** Groups and entries that refer to it. */
  users: number;
}

/** The port without whose link a member is not chosen, and how the client put it. */
export interface Watch {
  readonly port: number;
  readonly kind: ActionProfileAction['watchKind'];
}

export interface GroupMember {
  readonly member: StoredMember;
  readonly weight: number;
  readonly watch: Watch | null;
}

export interface StoredGroup {
  readonly handle: number;
  readonly id: number;
  readonly maxSize: number;
  members: readonly GroupMember[];
  /** Entries that refer to it. */
  users: number;
}

/** An entry's own group, written in one shot: ids are the server's affair. */
export interface StoredActionSet {
  readonly group: number;
  readonly members: readonly GroupMember[];
  /** Its action runs before that of the chosen member; null: there is none. */
  readonly base: StoredMember | null;
  /** A client gave weights; without, each member is there once. */
  readonly hasWeights: boolean;
  readonly selectionMode: ActionSelectionMode;
  readonly sizeSemantics: SizeSemantics;
}

export type Reference =
  | { readonly kind: 'member'; readonly member: StoredMember }
  | { readonly kind: 'group'; readonly group: StoredGroup }
  | { readonly kind: 'actionSet'; readonly set: StoredActionSet };

export interface ProfileState {
  readonly program: ProfileProgram;
  /** By the client's ids. */
  readonly members: Map<number, StoredMember>;
  readonly groups: Map<number, StoredGroup>;
  /** Entries that were written in one shot. */
  actionSets: number;
}

/** A member of a parser value set. */
export interface StoredValue {
  /** More than one where a field is a range. */
  readonly handles: readonly EntryHandle[];
  readonly words: KeyWords;
  /** Of its own among the members. */
  readonly number: number;
}

export interface StoredEntry {
  readonly handle: EntryHandle;
  readonly words: KeyWords;
  readonly priority: number;
  /** Null only for a default entry of a table that has no default action. */
  readonly action: StoredAction | null;
  readonly metadata: Uint8Array;
  readonly controllerMetadata: bigint;
  /** 0n: it never times out. */
  readonly idleTimeoutNs: bigint;
  readonly isConst: boolean;
  /** What an entry of a table with an action profile refers to; `action` then is the engine's name for
   * it. */
  readonly reference: Reference | null;
}

export interface TableState {
  readonly program: TableProgram;
  readonly entries: TableEntries;
  defaultEntry: StoredEntry;
}

export interface ForwardingState {
  readonly program: Program;
  readonly engine: EngineState;
  /** The port that replicas to SdnPort CPU go to. */
  readonly cpuPort: number;
  /** By the P4Info's table id. */
  readonly tables: ReadonlyMap<number, TableState>;
  /** By the P4Info's action profile id. */
  readonly profiles: ReadonlyMap<number, ProfileState>;
  /** By the P4Info's value set id; a set that was never written is not there. */
  readonly valueSets: Map<number, readonly StoredValue[]>;
  readonly multicastGroups: Map<number, MulticastGroupEntry>;
  readonly cloneSessions: Map<number, CloneSessionEntry>;
  /** By digest id; a digest without a config is not sent. */
  readonly digests: Map<number, DigestEntry_Config>;
}

const NO_WORDS: KeyWords = {
  key: new BigUint64Array(),
  mask: new BigUint64Array(),
  rangeWords: 0,
};

/** The default entry as the program has it. */
export function initialDefault(table: TableProgram): StoredEntry {
  const { defaultAction } = table.layout;
  return {
    handle: -1n,
    words: NO_WORDS,
    priority: 0,
    action:
      defaultAction === null
        ? null
        : { action: defaultAction.action, args: wordsOf(defaultAction.args) },
    ...NO_EXTRA,
    isConst: table.defaultIsConst,
  };
}

function emptyProfiles(program: Program): ReadonlyMap<number, ProfileState> {
  return new Map(
    [...program.profiles].map(([id, profile]) => [
      id,
      { program: profile, members: new Map(), groups: new Map(), actionSets: 0 },
    ]),
  );
}

/** The state of a program that was just loaded into `engine`: its default actions and initial
 * entries are set there too. Fails with the engine's error. */
export function initialState(
  program: Program,
  engine: EngineState,
  cpuPort: number,
): Outcome<ForwardingState> {
  const tables = new Map<number, TableState>();
  const byIndex = new Map<number, TableState>();
  for (const table of program.tables.values()) {
    const entries = new TableEntries(table, engine);
    const state = { program: table, entries, defaultEntry: initialDefault(table) };
    tables.set(table.id, state);
    byIndex.set(table.layout.index, state);
  }
  // The layout has more tables than the P4Info: those that p4c makes of statements.
  for (const layout of program.layout.tables) {
    if (layout.defaultAction !== null) {
      const { action, args } = layout.defaultAction;
      const set = engine.tableSetDefault(layout.index, action, wordsOf(args));
      if (!set.ok) return fromEngine(set.error);
    }
    for (const entry of layout.constEntries) {
      const words: KeyWords = {
        key: wordsOf(entry.key, layout.keyWords),
        mask: wordsOf(entry.mask, layout.keyWords),
        rangeWords: entry.rangeWords,
      };
      const args = wordsOf(entry.args);
      const { action, priority } = entry;
      const initial = { ...words, priority, action, args };
      const entries = byIndex.get(layout.index)?.entries;
      const inserted =
        entries === undefined
          ? engine.tableInsert({ table: layout.index, ...initial })
          : entries.insert(initial, NO_EXTRA);
      if (!inserted.ok) return fromEngine(inserted.error);
    }
  }
  return {
    ok: true,
    value: {
      program,
      engine,
      cpuPort,
      tables,
      profiles: emptyProfiles(program),
      valueSets: new Map(),
      multicastGroups: new Map(),
      cloneSessions: new Map(),
      digests: new Map(),
    },
  };
}

/** Takes out of the engine what does not go with the pipeline: groups and sessions. */
export function clearReplication(state: ForwardingState): Outcome<void> {
  for (const group of state.multicastGroups.keys()) {
    const cleared = state.engine.multicastGroupSet(group, []);
    if (!cleared.ok && cleared.error.code !== 'NOT_FOUND') return fromEngine(cleared.error);
  }
  for (const session of state.cloneSessions.keys()) {
    const cleared = state.engine.cloneSessionSet(session, [], 0, 0);
    if (!cleared.ok && cleared.error.code !== 'NOT_FOUND') return fromEngine(cleared.error);
  }
  return DONE;
}
