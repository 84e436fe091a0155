/**
 * A P4 program as the server knows it: the P4Info, which the controller speaks, joined by names with
 * the compiled layout, which the engine speaks.
 */
import type {
  ActionLayout,
  CounterLayout,
  DigestLayout,
  KeyFieldLayout,
  MatchType,
  MeterLayout,
  MeterUnit,
  PipelineLayout,
  ProfileLayout,
  RegisterLayout,
  Slot,
  TableLayout,
  ValueSetLayout,
} from '#compiler/layout';
import type {
  Action,
  ActionRef_Scope,
  ControllerPacketMetadata,
  DirectMeter,
  MatchField,
  P4Info,
  Preamble,
  Table,
} from '#protos/p4/config/v1/p4info_pb';
import type { MeterSpec_Type } from '#protos/p4/config/v1/p4info_pb';
import { MatchField_MatchType, MeterSpec_Unit } from '#protos/p4/config/v1/p4info_pb';
import type { DigestReader } from './digest-data.js';
import { digestReader } from './digest-data.js';
import type { Outcome } from './errors.js';
import { DONE, done, invalid } from './errors.js';
import { checkControllerHeader } from './packet-io.js';
import {
  isOptional,
  isRemoved,
  isWritten,
  joinNamed,
  label,
  missing,
  widthOf,
} from './program-names.js';

export interface FieldProgram {
  readonly id: number;
  readonly name: string;
  /** Bits in messages, which are more than the layout's where the controller's type is wider. */
  readonly bitwidth: number;
  readonly layout: KeyFieldLayout;
}

export interface ParamProgram {
  readonly id: number;
  readonly name: string;
  readonly bitwidth: number;
  readonly slot: Slot;
}

/** What has a key of several fields. */
export interface KeyProgram {
  readonly keyOf: 'table' | 'value set';
  readonly name: string;
  readonly fields: readonly FieldProgram[];
  readonly layout: { readonly keyWords: number };
}

export interface ValueSetProgram extends KeyProgram {
  readonly id: number;
  readonly size: number;
  readonly layout: ValueSetLayout;
}

/** One action as one table may call it. */
export interface ActionProgram {
  readonly id: number;
  readonly name: string;
  readonly scope: ActionRef_Scope;
  readonly params: readonly ParamProgram[];
  readonly layout: ActionLayout;
}

export interface TableProgram extends KeyProgram {
  readonly id: number;
  readonly actionsById: ReadonlyMap<number, ActionProgram>;
  readonly actionsByIndex: ReadonlyMap<number, ActionProgram>;
  /** Clients give a priority other than 0 exactly for these. */
  readonly needsPriority: boolean;
  readonly isConst: boolean;
  readonly defaultIsConst: boolean;
  readonly hasDirectCounter: boolean;
  readonly directMeter: { readonly id: number; readonly type: MeterSpec_Type } | null;
  /** The P4Info's id of the action profile that its entries refer to. */
  readonly profileId: number | null;
  readonly layout: TableLayout;
}

export interface ProfileProgram {
  readonly id: number;
  readonly layout: ProfileLayout;
  /** What members may call: the same for all tables that share the profile. */
  readonly actionsById: ReadonlyMap<number, ActionProgram>;
  /** 0: no limit. */
  readonly maxGroupSize: number;
  /** The size of a group is its number of members, not the sum of their weights. */
  readonly isSumOfMembers: boolean;
  /** 0: no limit. */
  readonly maxMemberWeight: number;
  readonly weightsDisallowed: boolean;
}

export interface DigestProgram {
  readonly id: number;
  readonly layout: DigestLayout;
  readonly read: DigestReader;
}

export interface CounterProgram {
  readonly id: number;
  readonly layout: CounterLayout;
}

export interface MeterProgram {
  readonly id: number;
  readonly layout: MeterLayout;
  readonly type: MeterSpec_Type;
}

export interface RegisterProgram {
  readonly id: number;
  readonly layout: RegisterLayout;
  /** Its type is bit<W>. */
  readonly isBits: boolean;
}

export interface Program {
  readonly layout: PipelineLayout;
  readonly tables: ReadonlyMap<number, TableProgram>;
  /** The names of tables that p4c took out, by the P4Info's table id: nothing applies them. */
  readonly removedTables: ReadonlyMap<number, string>;
  readonly profiles: ReadonlyMap<number, ProfileProgram>;
  readonly valueSets: ReadonlyMap<number, ValueSetProgram>;
  readonly counters: ReadonlyMap<number, CounterProgram>;
  readonly meters: ReadonlyMap<number, MeterProgram>;
  readonly registers: ReadonlyMap<number, RegisterProgram>;
  readonly digests: ReadonlyMap<number, DigestProgram>;
  readonly digestsByIndex: ReadonlyMap<number, DigestProgram>;
  readonly packetIn: ControllerPacketMetadata | null;
  readonly packetOut: ControllerPacketMetadata | null;
}

const MATCH_TYPES: Readonly<Record<MatchType, MatchField_MatchType>> = {
  exact: MatchField_MatchType.EXACT,
  lpm: MatchField_MatchType.LPM,
  ternary: MatchField_MatchType.TERNARY,
  range: MatchField_MatchType.RANGE,
  optional: MatchField_MatchType.OPTIONAL,
};

const MATCH_NAMES: ReadonlyMap<MatchField_MatchType, MatchType> = new Map(
  (Object.keys(MATCH_TYPES) as MatchType[]).map((name) => [MATCH_TYPES[name], name]),
);

const PRIORITY_TYPES: ReadonlySet<MatchType> = new Set(['ternary', 'range', 'optional']);

/** Joins both. Errors: INVALID_ARGUMENT where they are not of the same program. */
export function buildProgram(info: P4Info, layout: PipelineLayout): Outcome<Program> {
  const unique = checkUnique(info);
  if (!unique.ok) return unique;
  const actionInfos = new Map(info.actions.map((action) => [action.preamble?.id ?? 0, action]));
  const directMeters = new Map(info.directMeters.map((meter) => [meter.preamble?.id ?? 0, meter]));
  const tables = new Map<number, TableProgram>();
  const removedTables = new Map<number, string>();
  for (const table of info.tables) {
    const name = label(table.preamble);
    if (isRemoved(name, info.tables, layout.tables.filter(isWritten))) {
      removedTables.set(table.preamble?.id ?? 0, name);
      continue;
    }
    const joined = buildTable(table, layout, actionInfos, directMeters);
    if (!joined.ok) return joined;
    tables.set(joined.value.id, joined.value);
  }
  const profiles = joinProfiles(info, layout, tables);
  if (!profiles.ok) return profiles;
  const valueSets = joinValueSets(info, layout);
  if (!valueSets.ok) return valueSets;
  const counters = joinNamed(info.counters, layout.counters, 'counter');
  if (!counters.ok) return counters;
  const meters = joinMeters(info, layout);
  if (!meters.ok) return meters;
  const registers = joinNamed(info.registers, layout.registers, 'register');
  if (!registers.ok) return registers;
  const digests = joinNamed(info.digests, layout.digests, 'digest');
  if (!digests.ok) return digests;
  const digestPrograms: DigestProgram[] = [];
  for (const [id, digest, digestLayout] of digests.value) {
    const read = digestReader(digest, digestLayout, info.typeInfo);
    if (!read.ok) return read;
    digestPrograms.push({ id, layout: digestLayout, read: read.value });
  }
  const header = (name: string): ControllerPacketMetadata | null =>
    info.controllerPacketMetadata.find((metadata) => label(metadata.preamble) === name) ?? null;
  for (const name of ['packet_in', 'packet_out']) {
    const checked = checkControllerHeader(header(name));
    if (!checked.ok) return checked;
  }
  return done({
    layout,
    tables,
    removedTables,
    profiles: profiles.value,
    valueSets: valueSets.value,
    counters: new Map(counters.value.map(([id, , counter]) => [id, { id, layout: counter }])),
    meters: meters.value,
    registers: new Map(
      registers.value.map(([id, register, registerLayout]) => [
        id,
        { id, layout: registerLayout, isBits: isBits(register.typeSpec) },
      ]),
    ),
    digests: new Map(digestPrograms.map((digest) => [digest.id, digest])),
    digestsByIndex: new Map(digestPrograms.map((digest) => [digest.layout.index, digest])),
    packetIn: header('packet_in'),
    packetOut: header('packet_out'),
  });
}

function isBits(type: P4Info['registers'][number]['typeSpec']): boolean {
  return type?.typeSpec.case === 'bitstring' && type.typeSpec.value.typeSpec.case === 'bit';
}

/** Each id is there once, and each name once among its kind. */
function checkUnique(info: P4Info): Outcome<void> {
  const ids = new Set<number>();
  type Objects = readonly { readonly preamble?: Preamble | undefined }[];
  const kinds: readonly (readonly [string, Objects])[] = [
    ['table', info.tables],
    ['action', info.actions],
    ['action profile', info.actionProfiles],
    ['value set', info.valueSets],
    ['counter', info.counters],
    ['direct counter', info.directCounters],
    ['meter', info.meters],
    ['direct meter', info.directMeters],
    ['register', info.registers],
    ['digest', info.digests],
  ];
  for (const [kind, objects] of kinds) {
    const names = new Set<string>();
    for (const { preamble } of objects) {
      const id = preamble?.id ?? 0;
      const name = label(preamble);
      if (id === 0) return invalid(`the P4Info's ${kind} '${name}' has no id`);
      if (ids.has(id)) return invalid(`the P4Info has the id ${id} twice`);
      if (names.has(name)) return invalid(`the P4Info has the ${kind} '${name}' twice`);
      ids.add(id);
      names.add(name);
    }
  }
  return DONE;
}

function buildTable(
  info: Table,
  layout: PipelineLayout,
  actionInfos: ReadonlyMap<number, Action>,
  directMeters: ReadonlyMap<number, DirectMeter>,
): Outcome<TableProgram> {
  const name = label(info.preamble);
  const table = layout.tables.find((candidate) => candidate.name === name);
  if (table === undefined) return missing('table', name);
  const fields = buildFields(info, table);
  if (!fields.ok) return fields;
  const actions: ActionProgram[] = [];
  for (const ref of info.actionRefs) {
    const action = actionInfos.get(ref.id);
    if (action === undefined) {
      return invalid(`the P4Info's table '${name}' refers to an unknown action ${ref.id}`);
    }
    const joined = buildAction(action, ref.scope, table, layout);
    if (!joined.ok) return joined;
    actions.push(joined.value);
  }
  const directMeter = findDirectMeter(info, table, directMeters);
  if (!directMeter.ok) return directMeter;
  return done({
    id: info.preamble?.id ?? 0,
    keyOf: 'table',
    name,
    fields: fields.value,
    actionsById: new Map(actions.map((action) => [action.id, action])),
    actionsByIndex: byIndex(actions, table, layout),
    needsPriority: table.key.some((field) => PRIORITY_TYPES.has(field.matchType)),
    isConst: info.isConstTable,
    // With a profile it is NoAction, always (specification 1.5, "Default Entry").
    defaultIsConst:
      table.defaultActionConst || info.constDefaultActionId !== 0 || table.profile !== null,
    hasDirectCounter: table.directCounter !== null,
    directMeter: directMeter.value,
    profileId: table.profile === null ? null : info.implementationId,
    layout: table,
  });
}

function joinProfiles(
  info: P4Info,
  layout: PipelineLayout,
  tables: ReadonlyMap<number, TableProgram>,
): Outcome<ReadonlyMap<number, ProfileProgram>> {
  const joined = joinNamed(info.actionProfiles, layout.profiles, 'action profile');
  if (!joined.ok) return joined;
  const profiles = new Map<number, ProfileProgram>();
  for (const [id, profile, compiled] of joined.value) {
    if (profile.withSelector !== compiled.hasSelector) {
      return invalid(`action profile '${compiled.name}' has a selector here and none there`);
    }
    const sharing = [...tables.values()].filter((table) => table.profileId === id);
    const semantics = profile.selectorSizeSemantics;
    const isSumOfMembers = semantics.case === 'sumOfMembers';
    profiles.set(id, {
      id,
      layout: compiled,
      actionsById: sharing[0]?.actionsById ?? new Map<number, ActionProgram>(),
      maxGroupSize: profile.maxGroupSize,
      isSumOfMembers,
      maxMemberWeight: isSumOfMembers ? semantics.value.maxMemberWeight : 0,
      weightsDisallowed: profile.weightsDisallowed,
    });
  }
  for (const { name, profileId, layout: table } of tables.values()) {
    const compiled = profileId === null ? null : profiles.get(profileId)?.layout.index;
    if (compiled !== table.profile) {
      return invalid(`table '${name}' has another action profile in p4_device_config`);
    }
  }
  return done(profiles);
}

function joinValueSets(
  info: P4Info,
  layout: PipelineLayout,
): Outcome<ReadonlyMap<number, ValueSetProgram>> {
  const joined = joinNamed(info.valueSets, layout.valueSets, 'value set');
  if (!joined.ok) return joined;
  const sets = new Map<number, ValueSetProgram>();
  for (const [id, { match, size }, compiled] of joined.value) {
    const { name } = compiled;
    const other = () => invalid(`value set '${name}' has other fields in p4_device_config`);
    if (match.length !== compiled.key.length) return other();
    const fields: FieldProgram[] = [];
    for (const [i, field] of match.entries()) {
      const slot = compiled.key[i];
      const matchType = MATCH_NAMES.get(
        field.match.case === 'matchType' ? field.match.value : MatchField_MatchType.UNSPECIFIED,
      );
      if (slot === undefined || matchType === undefined) return other();
      const fits = field.bitwidth === slot.bitwidth || field.typeName !== undefined;
      if (!fits) return other();
      const { id: fieldId, name: fieldName, bitwidth } = field;
      const keyField = { ...slot, name: fieldName, matchType };
      fields.push({ id: fieldId, name: fieldName, bitwidth, layout: keyField });
    }
    sets.set(id, { id, keyOf: 'value set', name, fields, size, layout: compiled });
  }
  return done(sets);
}

const METER_UNITS: Readonly<Record<MeterUnit, MeterSpec_Unit>> = {
  packets: MeterSpec_Unit.PACKETS,
  bytes: MeterSpec_Unit.BYTES,
};

function joinMeters(
  info: P4Info,
  layout: PipelineLayout,
): Outcome<ReadonlyMap<number, MeterProgram>> {
  const joined = joinNamed(info.meters, layout.meters, 'meter');
  if (!joined.ok) return joined;
  const meters = new Map<number, MeterProgram>();
  for (const [id, { spec }, meter] of joined.value) {
    if (spec?.unit !== METER_UNITS[meter.unit]) return otherUnit(meter.name, meter.unit);
    meters.set(id, { id, layout: meter, type: spec.type });
  }
  return done(meters);
}

function findDirectMeter(
  info: Table,
  { name, directMeter }: TableLayout,
  directMeters: ReadonlyMap<number, DirectMeter>,
): Outcome<TableProgram['directMeter']> {
  const id = info.directResourceIds.find((resource) => directMeters.has(resource));
  const meter = id === undefined ? undefined : directMeters.get(id);
  if (id === undefined || meter === undefined) return done(null);
  if (directMeter === null)
    return missing(`direct meter of table '${name}'`, label(meter.preamble));
  const { spec } = meter;
  return spec?.unit === METER_UNITS[directMeter.unit]
    ? done({ id, type: spec.type })
    : otherUnit(directMeter.name, directMeter.unit);
}

function otherUnit(name: string, unit: MeterUnit) {
  return invalid(`meter '${name}' is compiled to measure ${unit}; the P4Info says otherwise`);
}

/** p4c may give a table one action under two numbers, such as NoAction: both are the same here. */
function byIndex(
  actions: readonly ActionProgram[],
  table: TableLayout,
  layout: PipelineLayout,
): Map<number, ActionProgram> {
  const found = new Map<number, ActionProgram>();
  const used = table.defaultAction === null ? [] : [table.defaultAction.action];
  for (const index of [...table.actions, ...used]) {
    const name = layout.actions[index]?.name;
    const action = actions.find((candidate) => candidate.name === name);
    if (action !== undefined) found.set(index, action);
  }
  return found;
}

function buildFields(info: Table, table: TableLayout): Outcome<FieldProgram[]> {
  const name = label(info.preamble);
  if (info.matchFields.length !== table.key.length) {
    return invalid(
      `table '${name}' has ${info.matchFields.length} match fields in the P4Info and ` +
        `${table.key.length} in p4_device_config`,
    );
  }
  const fields: FieldProgram[] = [];
  for (const [i, field] of info.matchFields.entries()) {
    // The order is that of the P4 source in both; names may be rewritten by annotations.
    const layout = table.key.find((candidate) => candidate.name === field.name) ?? table.key[i];
    if (layout === undefined || !sameMatch(field, layout)) {
      return invalid(
        `table '${name}': match field '${field.name}' is not the same in the P4Info and in ` +
          `p4_device_config`,
      );
    }
    const { id, name: fieldName } = field;
    const matchType = isOptional(field) ? 'optional' : layout.matchType;
    const bitwidth = widthOf(field, layout.bitwidth);
    fields.push({ id, name: fieldName, bitwidth, layout: { ...layout, matchType } });
  }
  return done(fields);
}

function sameMatch(field: MatchField, layout: KeyFieldLayout): boolean {
  return (
    field.match.case === 'matchType' &&
    (field.match.value === MATCH_TYPES[layout.matchType] ||
      // p4c compiles optional keys to ternary ones.
      (isOptional(field) && layout.matchType === 'ternary')) &&
    (widthOf(field, layout.bitwidth) === layout.bitwidth || field.typeName !== undefined)
  );
}

function buildAction(
  info: Action,
  scope: ActionRef_Scope,
  table: TableLayout,
  layout: PipelineLayout,
): Outcome<ActionProgram> {
  const name = label(info.preamble);
  const action = table.actions
    .map((index) => layout.actions[index])
    .find((candidate) => candidate?.name === name);
  if (action === undefined) return missing(`action of table '${table.name}'`, name);
  if (action.params.length !== info.params.length) {
    return invalid(`action '${name}' has other parameters in the P4Info than in p4_device_config`);
  }
  const params: ParamProgram[] = [];
  for (const [i, param] of info.params.entries()) {
    const slot = action.params[i];
    const bitwidth = widthOf(param, slot?.bitwidth ?? 0);
    if (slot === undefined || (bitwidth !== slot.bitwidth && param.typeName === undefined)) {
      return invalid(`action '${name}': parameter '${param.name}' has another width than compiled`);
    }
    params.push({ id: param.id, name: param.name, bitwidth, slot });
  }
  return done({ id: info.preamble?.id ?? 0, name, scope, params, layout: action });
}
