import { assertionText, assertionsOf } from './assertions.js';
import { logMessageLayouts } from './c/log.js';
import { fail } from './failure.js';
import type {
  ActionLayout,
  DigestLayout,
  HeaderTypeLayout,
  KeyFieldLayout,
  PipelineLayout,
  TableKind,
  TableLayout,
  ValueSetLayout,
} from './layout.js';
import { LIMITS } from './limits.js';
import { wholeKeys } from './model.js';
import type { Program, Table } from './model.js';
import { pieceCount } from './pieces.js';
import { at } from './scope.js';
import { fillSlots, packSlots } from './slots.js';

/** As TP_ABI_VERSION in pipeline.h. */
export const ABI_VERSION = 8;

/** The tables of a program in the order of their numbers. */
export function tablesOf(program: Program): readonly Table[] {
  return [...program.ingress.nodes, ...program.egress.nodes].filter(
    (node): node is Table => node.kind === 'table',
  );
}

export function buildLayout(program: Program): PipelineLayout {
  const actions = program.actions.map((action, index): ActionLayout => {
    const packed = packSlots(action.parameters);
    if (packed.words > LIMITS.argWords) {
      fail(action, 'LIMIT', `action arguments of ${packed.words} words`);
    }
    const params = action.parameters.map(({ name }, i) => ({ ...at(packed.slots, i), name }));
    return { name: action.name, index, params, argWords: packed.words };
  });
  return {
    abiVersion: ABI_VERSION,
    program: program.name,
    tables: tablesOf(program).map((table, index) => tableLayout(actions, table, index)),
    actions,
    profiles: program.profiles.map(({ name, size, selector }, index) => ({
      name,
      index,
      size,
      argWords: profileWords(program, actions, index),
      hasSelector: selector !== null,
    })),
    counters: program.counters.map(({ name, size }, index) => ({ name, index, size })),
    meters: program.meters.map(({ name, size, unit }, index) => ({ name, index, size, unit })),
    valueSets: program.valueSets.map((_, i) => valueSetLayout(program, i)),
    registers: program.registers.map(({ name, size, bitwidth }, index) => ({
      name,
      index,
      size,
      bitwidth,
      words: pieceCount(bitwidth),
    })),
    digests: digestLayouts(program),
    assertions: assertionsOf(program).map((one) => assertionText(program, one)),
    logMessages: logMessageLayouts(program),
    headerTypes: headerTypeLayouts(program),
  };
}

function headerTypeLayouts(program: Program): readonly HeaderTypeLayout[] {
  const used = new Set(
    program.headers.filter(({ role }) => role === 'header').map(({ type }) => type),
  );
  return [...used].map((index) => {
    const { name, fields, fieldByName, wideFields } = at(program.headerTypes, index);
    const declared = [...fieldByName].map(([field, i]) => ({
      name: field,
      bitwidth: wideFields.get(i)?.bitwidth ?? at(fields, i).bitwidth,
    }));
    return { name, fields: declared };
  });
}

/**
 * The digest of every learn list, by its index. p4c writes a list for each place where a program
 * sends a digest; lists of one name and shape are one digest to the control plane.
 */
export function digestIndices(program: Program): readonly number[] {
  const known = new Map<string, number>();
  return program.learnLists.map(({ name, elements }) => {
    const shape = JSON.stringify([
      name,
      ...elements.map(({ bitwidth, isValidity }) => (isValidity ? 'valid' : bitwidth)),
    ]);
    const index = known.get(shape) ?? known.size;
    known.set(shape, index);
    return index;
  });
}

function digestLayouts(program: Program): readonly DigestLayout[] {
  const indices = digestIndices(program);
  return program.learnLists.flatMap((list, i): readonly DigestLayout[] => {
    const index = at(indices, i);
    if (indices.indexOf(index) !== i) {
      return [];
    }
    const packed = packSlots(list.elements);
    const fields = list.elements.map(({ name, isValidity }, j) => ({
      ...at(packed.slots, j),
      name,
      ...(isValidity === undefined ? {} : { isValidity }),
    }));
    return [{ name: list.name, index, words: packed.words, fields }];
  });
}

function widest(actions: readonly ActionLayout[], used: readonly number[]): number {
  return Math.max(0, ...used.map((action) => at(actions, action).argWords));
}

function profileWords(program: Program, actions: readonly ActionLayout[], profile: number): number {
  const tables = tablesOf(program).filter((table) => table.profile === profile);
  return widest(
    actions,
    tables.flatMap((table) => table.actions),
  );
}

/** A range of 33 bits or less is so many values under masks at most. */
const ENTRIES_OF_MEMBER = 64;
const MAX_SET_ENTRIES = 65_536;

/** Its table comes after those of the program. */
function valueSetLayout(program: Program, index: number): ValueSetLayout {
  const set = at(program.valueSets, index);
  const packed = packSlots(valueSetKeys(program, index).map((bitwidth) => ({ bitwidth })));
  if (packed.words > LIMITS.keyWords) {
    fail(set, 'LIMIT', `a key of ${packed.words} words, at most ${LIMITS.keyWords}`);
  }
  return {
    name: set.name,
    index: tablesOf(program).length + index,
    size: set.size,
    maxEntries: Math.min(set.size * ENTRIES_OF_MEMBER, Math.max(set.size, MAX_SET_ENTRIES)),
    keyWords: packed.words,
    key: packed.slots,
  };
}

/** The widths of the keys that a value set is selected by; the JSON only has their sum. */
function valueSetKeys(program: Program, index: number): readonly number[] {
  const set = at(program.valueSets, index);
  let found: readonly number[] | null = null;
  for (const { keys, transitions } of program.parser.states) {
    const isUsed = transitions.some(
      ({ match }) => match?.kind === 'set' && match.valueSet === index,
    );
    const widths = wholeKeys(keys).map(({ bitwidth }) => bitwidth);
    if (isUsed && found !== null && found.join() !== widths.join()) {
      fail(set, 'UNSUPPORTED', 'a value set that is selected by keys of different widths');
    }
    found = isUsed ? widths : found;
  }
  return found ?? [set.bits];
}

function tableKind(table: Table): TableKind {
  const types = table.keys.map((key) => key.matchType);
  if (types.length === 0) {
    return 'keyless';
  }
  if (types.some((type) => type === 'ternary' || type === 'range' || type === 'optional')) {
    return 'ternary';
  }
  const prefixes = types.filter((type) => type === 'lpm').length;
  return prefixes > 1 ? 'ternary' : prefixes === 1 ? 'lpm' : 'exact';
}

function tableLayout(actions: readonly ActionLayout[], table: Table, index: number): TableLayout {
  const packed = packSlots(
    table.keys.map((key) => ({ bitwidth: key.bitwidth, alone: key.matchType === 'range' })),
  );
  if (packed.words > LIMITS.keyWords) {
    fail(table, 'LIMIT', `a key of ${packed.words} words, at most ${LIMITS.keyWords}`);
  }
  const key = table.keys.map(({ name, matchType }, i): KeyFieldLayout => ({
    ...at(packed.slots, i),
    name,
    matchType,
  }));
  const argsOf = (action: number, args: readonly bigint[]): readonly string[] =>
    fillSlots(packSlots(at(actions, action).params), args).map(String);
  const entry = table.defaultEntry;
  const used = entry === null ? table.actions : [...table.actions, entry.action];
  return {
    name: table.name,
    index,
    kind: tableKind(table),
    keyWords: packed.words,
    argWords: table.profile === null ? widest(actions, used) : 1,
    maxEntries: Math.max(table.maxEntries, table.constEntries.length),
    key,
    actions: table.actions,
    defaultAction:
      entry === null ? null : { action: entry.action, args: argsOf(entry.action, entry.args) },
    defaultActionConst: entry?.actionConst ?? false,
    directCounter: table.directCounter,
    directMeter:
      table.directMeter === null
        ? null
        : { name: table.directMeter.name, unit: table.directMeter.unit },
    profile: table.profile,
    constEntries: table.constEntries.map((item) => ({
      key: fillSlots(
        packed,
        item.keys.map((part) => part.key),
      ).map(String),
      mask: fillSlots(
        packed,
        item.keys.map((part) => part.mask),
      ).map(String),
      rangeWords: rangeWords(key),
      priority: item.priority,
      action: item.action,
      args: argsOf(item.action, item.args),
    })),
    supportsTimeout: table.supportsTimeout,
  };
}

/** Bit i: word i of the key is a range field; bit keyWords + i: and goes on in the next word. */
export function rangeWords(key: readonly KeyFieldLayout[]): number {
  const words = key
    .filter(({ matchType }) => matchType === 'range')
    .reduce((bits, { word, bitwidth }) => {
      const count = pieceCount(bitwidth);
      const own = (1 << count) - 1;
      return bits | (own << word) | ((own >> 1) << (LIMITS.keyWords + word));
    }, 0);
  return words >>> 0;
}

/** As TP_MAX_DIRECT_BITS in pipeline.h. */
const MAX_DIRECT_BITS = 12;

/** The bits of a key that is looked up by index, or 0: see tp_table_spec in pipeline.h. */
export function directBits(table: TableLayout): number {
  const bits = table.key.reduce((sum, field) => sum + field.bitwidth, 0);
  return table.kind === 'exact' && bits <= MAX_DIRECT_BITS ? bits : 0;
}
