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
  DirectMeter,
  P4Info,
  Table,
} from '#protos/p4/config/v1/p4info_pb';
import type { MeterSpec_Type } from '#protos/p4/config/v1/p4info_pb';
import { MeterSpec_Unit } from '#protos/p4/config/v1/p4info_pb';
import type { P4Data } from '#protos/p4/v1/p4data_pb';
import type { Outcome } from '../errors.js';
import { done, invalid } from '../errors.js';
import type { DataCodec, DataTypes } from './p4-data.js';
import { dataCodec } from './p4-data.js';
import type { ControllerHeader } from '../session/packet-io.js';
import { controllerHeader } from '../session/packet-io.js';
import { checkP4Info } from './p4info-check.js';
import { scopeOf } from './action-scope.js';
import { buildAction, buildFields, byIndex, joinValueSets } from './program-fields.js';
import { isRemoved, isWritten, joinEach, joinNamed, label, missing } from './program-names.js';
import type { PortDirectory, Translation } from './translation.js';
import { Translations } from './translation.js';
import { readSlot } from '../state/words.js';

export interface FieldProgram {
  readonly id: number;
  readonly name: string;
  /** Bits in messages, which are more than the layout's where the controller's type is wider. */
  readonly bitwidth: number;
  readonly layout: KeyFieldLayout;
  /** Null: messages and dataplane have the same values. */
  readonly translation: Translation | null;
}

export interface ParamProgram {
  readonly id: number;
  readonly name: string;
  readonly bitwidth: number;
  readonly slot: Slot;
  readonly translation: Translation | null;
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
  readonly read: (words: BigUint64Array) => P4Data;
}

export interface CounterProgram {
  readonly id: number;
  readonly layout: CounterLayout;
  readonly indexType: Translation | null;
}

export interface MeterProgram {
  readonly id: number;
  readonly layout: MeterLayout;
  readonly indexType: Translation | null;
  readonly type: MeterSpec_Type;
}

export interface RegisterProgram {
  readonly id: number;
  readonly layout: RegisterLayout;
  readonly indexType: Translation | null;
  readonly codec: DataCodec;
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
  readonly packetIn: ControllerHeader | null;
  readonly packetOut: ControllerHeader | null;
  readonly translations: Translations;
}

const PRIORITY_TYPES: ReadonlySet<MatchType> = new Set(['ternary', 'range', 'optional']);

/** Joins both. Errors: INVALID_ARGUMENT where they are not of the same program. */
export function buildProgram(
  info: P4Info,
  layout: PipelineLayout,
  ports: PortDirectory,
): Outcome<Program> {
  const checked = checkP4Info(info);
  if (!checked.ok) return checked;
  const translations = new Translations(info.typeInfo, ports);
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
    const joined = buildTable(table, layout, actionInfos, directMeters, translations);
    if (!joined.ok) return joined;
    tables.set(joined.value.id, joined.value);
  }
  const profiles = joinProfiles(info, layout, tables);
  if (!profiles.ok) return profiles;
  const valueSets = joinValueSets(info, layout, translations);
  if (!valueSets.ok) return valueSets;
  const counters = joinCounters(info, layout, translations);
  if (!counters.ok) return counters;
  const meters = joinMeters(info, layout, translations);
  if (!meters.ok) return meters;
  const data = { types: info.typeInfo, translations };
  const registers = joinRegisters(info, layout, data);
  if (!registers.ok) return registers;
  const digests = joinDigests(info, layout, data);
  if (!digests.ok) return digests;
  const packetIn = controllerHeader(info, layout, 'packet_in', translations);
  if (!packetIn.ok) return packetIn;
  const packetOut = controllerHeader(info, layout, 'packet_out', translations);
  if (!packetOut.ok) return packetOut;
  return done({
    layout,
    tables,
    removedTables,
    profiles: profiles.value,
    valueSets: valueSets.value,
    counters: counters.value,
    meters: meters.value,
    registers: registers.value,
    digests: digests.value,
    digestsByIndex: new Map([...digests.value.values()].map((it) => [it.layout.index, it])),
    packetIn: packetIn.value,
    packetOut: packetOut.value,
    translations,
  });
}

/** Of an array's index. The protocol has numbers there, so that of a type translated to strings it is
 * the dataplane's. Errors: INVALID_ARGUMENT. */
function indexTypeOf(
  typeName: { readonly name: string } | undefined,
  translations: Translations,
): Outcome<Translation | null> {
  const translation = translations.of(typeName?.name, INDEX_BITS);
  return translation.ok && translation.value?.isString === true ? done(null) : translation;
}

const INDEX_BITS = 32;

function joinCounters(
  info: P4Info,
  layout: PipelineLayout,
  translations: Translations,
): Outcome<ReadonlyMap<number, CounterProgram>> {
  return joinEach(info.counters, layout.counters, 'counter', (id, { indexTypeName }, counter) => {
    const indexType = indexTypeOf(indexTypeName, translations);
    return indexType.ok ? done({ id, layout: counter, indexType: indexType.value }) : indexType;
  });
}

function joinRegisters(
  info: P4Info,
  layout: PipelineLayout,
  types: DataTypes,
): Outcome<ReadonlyMap<number, RegisterProgram>> {
  return joinEach(info.registers, layout.registers, 'register', (id, it, register) => {
    const what = `register '${register.name}'`;
    const codec = dataCodec(what, it.typeSpec, [register], types);
    if (!codec.ok) return codec;
    const indexType = indexTypeOf(it.indexTypeName, types.translations);
    if (!indexType.ok) return indexType;
    return done({ id, layout: register, indexType: indexType.value, codec: codec.value });
  });
}

function joinDigests(
  info: P4Info,
  layout: PipelineLayout,
  types: DataTypes,
): Outcome<ReadonlyMap<number, DigestProgram>> {
  return joinEach(info.digests, layout.digests, 'digest', (id, { typeSpec }, digest) => {
    const { name, fields } = digest;
    const codec = dataCodec(`digest '${name}'`, typeSpec, fields, types);
    if (!codec.ok) return codec;
    const read = (words: BigUint64Array): P4Data =>
      codec.value.read(fields.map((field) => readSlot(words, field)));
    return done({ id, layout: digest, read });
  });
}

function buildTable(
  info: Table,
  layout: PipelineLayout,
  actionInfos: ReadonlyMap<number, Action>,
  directMeters: ReadonlyMap<number, DirectMeter>,
  translations: Translations,
): Outcome<TableProgram> {
  const name = label(info.preamble);
  const table = layout.tables.find((candidate) => candidate.name === name);
  if (table === undefined) return missing('table', name);
  const fields = buildFields(info, table, translations);
  if (!fields.ok) return fields;
  const actions: ActionProgram[] = [];
  for (const ref of info.actionRefs) {
    const action = actionInfos.get(ref.id);
    if (action === undefined) {
      return invalid(`the P4Info's table '${name}' refers to an unknown action ${ref.id}`);
    }
    const joined = buildAction(action, scopeOf(ref), table, layout, translations);
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

const METER_UNITS: Readonly<Record<MeterUnit, MeterSpec_Unit>> = {
  packets: MeterSpec_Unit.PACKETS,
  bytes: MeterSpec_Unit.BYTES,
};

function joinMeters(
  info: P4Info,
  layout: PipelineLayout,
  translations: Translations,
): Outcome<ReadonlyMap<number, MeterProgram>> {
  return joinEach(info.meters, layout.meters, 'meter', (id, { spec, indexTypeName }, meter) => {
    if (spec?.unit !== METER_UNITS[meter.unit]) return otherUnit(meter.name, meter.unit);
    const indexType = indexTypeOf(indexTypeName, translations);
    if (!indexType.ok) return indexType;
    return done({ id, layout: meter, indexType: indexType.value, type: spec.type });
  });
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
