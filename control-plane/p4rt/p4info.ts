/**
 * An index over a P4Info: objects by name or id, with just what building and decoding entities
 * needs. A name is the full one (`main_ingress.forward.source_mac`) or the alias (`source_mac`).
 */
import type { P4TypeInfo } from '#protos/p4/config/v1/p4types_pb';
import { failure, success, type Result } from '#units/result';
import {
  ActionRef_Scope,
  MatchField_MatchType,
  MeterSpec_Unit,
  type Action,
  type ControllerPacketMetadata,
  type Counter,
  type Digest,
  type Meter,
  type P4Info,
  type Preamble,
  type Table,
} from '#protos/p4/config/v1/p4info_pb';

export interface FieldInfo {
  readonly id: number;
  readonly name: string;
  readonly bitwidth: number;
}

export type MatchKind = 'exact' | 'lpm' | 'ternary' | 'range' | 'optional';

export interface MatchFieldInfo extends FieldInfo {
  readonly kind: MatchKind;
}

export interface ActionInfo {
  readonly id: number;
  readonly name: string;
  readonly params: readonly FieldInfo[];
}

export interface TableInfo {
  readonly id: number;
  readonly name: string;
  readonly match: readonly MatchFieldInfo[];
  /** Of the actions that an entry may have; those for the default entry alone are not here. */
  readonly entryActions: ReadonlySet<number>;
  /** Of the actions that the default entry may have. */
  readonly defaultActions: ReadonlySet<number>;
  readonly size: bigint;
  readonly isConst: boolean;
}

export interface CounterInfo {
  readonly id: number;
  readonly name: string;
  readonly size: bigint;
}

export interface MeterInfo {
  readonly id: number;
  readonly name: string;
  readonly size: bigint;
  /** What its rates and bursts count. */
  readonly unit: 'packets' | 'bytes';
}

export interface DigestInfo {
  readonly id: number;
  readonly name: string;
  readonly members: readonly Omit<FieldInfo, 'id'>[];
}

export interface PacketMetadataInfo {
  readonly id: number;
  readonly name: string;
  readonly fields: readonly FieldInfo[];
}

export type P4InfoErrorCode = 'p4info-ambiguous' | 'p4info-unknown' | 'p4info-unsupported';

/** Objects of one kind. */
export interface Directory<Info> {
  readonly byId: (id: number) => Result<Info, P4InfoErrorCode>;
  readonly byName: (name: string) => Result<Info, P4InfoErrorCode>;
}

export interface P4InfoIndex {
  readonly tables: Directory<TableInfo>;
  readonly actions: Directory<ActionInfo>;
  readonly counters: Directory<CounterInfo>;
  readonly meters: Directory<MeterInfo>;
  readonly digests: Directory<DigestInfo>;
  readonly packetMetadata: Directory<PacketMetadataInfo>;
}

/** Indexes a P4Info. Errors: an id twice, a match kind or digest type that is not known here. */
export function indexP4Info(info: P4Info): Result<P4InfoIndex, P4InfoErrorCode> {
  const tables = collect('table', info.tables, tableInfo);
  if (!tables.ok) return tables;
  const actions = collect<Action, ActionInfo>('action', info.actions, (action, identity) =>
    success({ ...identity, params: action.params.map(fieldInfo) }),
  );
  if (!actions.ok) return actions;
  const counters = collect<Counter, CounterInfo>('counter', info.counters, (counter, identity) =>
    success({ ...identity, size: counter.size }),
  );
  if (!counters.ok) return counters;
  const meters = collect<Meter, MeterInfo>('meter', info.meters, meterInfo);
  if (!meters.ok) return meters;
  const digests = collect<Digest, DigestInfo>('digest', info.digests, (digest, identity) =>
    digestInfo(digest, identity, info.typeInfo),
  );
  if (!digests.ok) return digests;
  const packetMetadata = collect<ControllerPacketMetadata, PacketMetadataInfo>(
    'packet metadata',
    info.controllerPacketMetadata,
    (header, identity) => success({ ...identity, fields: header.metadata.map(fieldInfo) }),
  );
  if (!packetMetadata.ok) return packetMetadata;
  return success({
    tables: tables.value,
    actions: actions.value,
    counters: counters.value,
    meters: meters.value,
    digests: digests.value,
    packetMetadata: packetMetadata.value,
  });
}

interface Identity {
  readonly id: number;
  readonly name: string;
}

function fieldInfo(field: FieldInfo): FieldInfo {
  return { id: field.id, name: field.name, bitwidth: field.bitwidth };
}

/** Objects by id, full name and alias; an alias that two share finds neither. */
function collect<
  Source extends { readonly preamble?: Preamble | undefined },
  Info extends Identity,
>(
  what: string,
  sources: readonly Source[],
  read: (source: Source, identity: Identity) => Result<Info, P4InfoErrorCode>,
): Result<Directory<Info>, P4InfoErrorCode> {
  const ids = new Map<number, Info>();
  const names = new Map<string, Info>();
  const aliases = new Map<string, Info | 'ambiguous'>();
  for (const source of sources) {
    const preamble = source.preamble;
    if (preamble === undefined) return failure('p4info-unsupported', `a ${what} has no preamble`);
    const indexed = read(source, { id: preamble.id, name: preamble.name });
    if (!indexed.ok) return indexed;
    const info = indexed.value;
    if (ids.has(info.id)) {
      return failure('p4info-ambiguous', `P4Info has id ${info.id} twice (${what} ${info.name})`);
    }
    ids.set(info.id, info);
    names.set(preamble.name, info);
    aliases.set(preamble.alias, aliases.has(preamble.alias) ? 'ambiguous' : info);
  }
  return success({
    byId: (id) => found(what, String(id), ids.get(id)),
    byName: (name) => found(what, name, names.get(name) ?? aliases.get(name)),
  });
}

function found<Info>(
  what: string,
  key: string,
  info: Info | 'ambiguous' | undefined,
): Result<Info, P4InfoErrorCode> {
  if (info === undefined) return failure('p4info-unknown', `P4Info has no ${what} '${key}'`);
  if (info === 'ambiguous') {
    return failure('p4info-ambiguous', `P4Info has more than one ${what} with alias '${key}'`);
  }
  return success(info);
}

const MATCH_KINDS: ReadonlyMap<MatchField_MatchType, MatchKind> = new Map([
  [MatchField_MatchType.EXACT, 'exact'],
  [MatchField_MatchType.LPM, 'lpm'],
  [MatchField_MatchType.TERNARY, 'ternary'],
  [MatchField_MatchType.RANGE, 'range'],
  [MatchField_MatchType.OPTIONAL, 'optional'],
]);

function tableInfo(table: Table, identity: Identity): Result<TableInfo, P4InfoErrorCode> {
  const match: MatchFieldInfo[] = [];
  for (const field of table.matchFields) {
    const kind = field.match.case === 'matchType' ? MATCH_KINDS.get(field.match.value) : undefined;
    if (kind === undefined) {
      return failure(
        'p4info-unsupported',
        `field ${field.name} of ${identity.name}: unknown match kind`,
      );
    }
    match.push({ ...fieldInfo(field), kind });
  }
  const actionsWithout = (scope: ActionRef_Scope) =>
    new Set(table.actionRefs.filter((ref) => ref.scope !== scope).map(({ id }) => id));
  return success({
    ...identity,
    match,
    entryActions: actionsWithout(ActionRef_Scope.DEFAULT_ONLY),
    defaultActions: actionsWithout(ActionRef_Scope.TABLE_ONLY),
    size: table.size,
    isConst: table.isConstTable,
  });
}

function meterInfo(meter: Meter, identity: Identity): Result<MeterInfo, P4InfoErrorCode> {
  const { size, spec } = meter;
  switch (spec?.unit) {
    case MeterSpec_Unit.PACKETS:
      return success({ ...identity, size, unit: 'packets' });
    case MeterSpec_Unit.BYTES:
      return success({ ...identity, size, unit: 'bytes' });
    case MeterSpec_Unit.UNSPECIFIED:
    case undefined:
    default:
      return failure('p4info-unsupported', `meter ${identity.name} measures nothing that is known`);
  }
}

/** Only structs of bit<N>: what this program sends, and what every target can. */
function digestInfo(
  digest: Digest,
  identity: Identity,
  types: P4TypeInfo | undefined,
): Result<DigestInfo, P4InfoErrorCode> {
  const spec = digest.typeSpec?.typeSpec;
  const struct = spec?.case === 'struct' ? types?.structs[spec.value.name] : undefined;
  if (struct === undefined) {
    return failure('p4info-unsupported', `digest ${identity.name} is not a struct`);
  }
  const members: { name: string; bitwidth: number }[] = [];
  for (const member of struct.members) {
    const type = member.typeSpec?.typeSpec;
    const bits = type?.case === 'bitstring' ? type.value.typeSpec : undefined;
    if (bits?.case !== 'bit') {
      return failure(
        'p4info-unsupported',
        `member ${member.name} of digest ${identity.name} is not bit<N>`,
      );
    }
    members.push({ name: member.name, bitwidth: bits.value.bitwidth });
  }
  return success({ ...identity, members });
}
