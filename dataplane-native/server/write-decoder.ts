/**
 * Decodes Write requests. A batch of table entries is decoded as `fromBinary` would, field by field, at
 * a fraction of its cost; an update of any other shape, and all else of the request, is left to it.
 */
import { fromBinary } from '@bufbuild/protobuf';
import type {
  Action,
  Action_Param,
  FieldMatch,
  TableAction,
  TableEntry,
  Update,
  Update_Type,
  WriteRequest,
} from '#protos/p4/v1/p4runtime_pb';
import { UpdateSchema, WriteRequestSchema } from '#protos/p4/v1/p4runtime_pb';

const VARINT = 0;
const OCTETS = 2;

/** A field's key: its number and how its value is written. */
const key = (field: number, wireType: number): number => field * 8 + wireType;

const UPDATES = key(4, OCTETS);
const UPDATE = { type: key(1, VARINT), entity: key(2, OCTETS) } as const;
const ENTITY = { tableEntry: key(2, OCTETS) } as const;
const ENTRY = {
  tableId: key(1, VARINT),
  match: key(2, OCTETS),
  action: key(3, OCTETS),
  priority: key(4, VARINT),
} as const;
const MATCH = {
  fieldId: key(1, VARINT),
  exact: key(2, OCTETS),
  ternary: key(3, OCTETS),
  lpm: key(4, OCTETS),
  range: key(6, OCTETS),
  optional: key(7, OCTETS),
} as const;
/** Of every kind of match: value or low, mask or high. */
const VALUE = { first: key(1, OCTETS), second: key(2, OCTETS), prefixLen: key(2, VARINT) } as const;
const TABLE_ACTION = { action: key(1, OCTETS) } as const;
const ACTION = { actionId: key(1, VARINT), params: key(4, OCTETS) } as const;
const PARAM = { paramId: key(2, VARINT), value: key(3, OCTETS) } as const;

const EMPTY = new Uint8Array();
/** Of numbers: one that `fromBinary` has to look at. */
const OTHER = -1;

/** Errors: those of `fromBinary`, thrown. */
export function decodeWriteRequest(octets: Uint8Array): WriteRequest {
  try {
    return decodeParts(octets) ?? fromBinary(WriteRequestSchema, octets);
  } catch {
    // It looks at what is wrong as a whole, and may be of another opinion.
    return fromBinary(WriteRequestSchema, octets);
  }
}

function decodeParts(octets: Uint8Array): WriteRequest | null {
  const reader = new Reader(octets);
  const updates: Update[] = [];
  const rest: Uint8Array[] = [];
  while (reader.at < octets.length) {
    const from = reader.at;
    if (reader.number() === UPDATES) {
      const end = reader.end(octets.length);
      if (end === OTHER) return null;
      const begin = reader.at;
      updates.push(update(reader, end) ?? fromBinary(UpdateSchema, octets.subarray(begin, end)));
      reader.at = end;
    } else {
      reader.at = from;
      if (!reader.skip(octets.length)) return null;
      rest.push(octets.subarray(from, reader.at));
    }
  }
  const request = fromBinary(WriteRequestSchema, new Uint8Array(Buffer.concat(rest)));
  request.updates = updates;
  return request;
}

/** Null, here and below: not of the usual shape. */
function update(reader: Reader, end: number): Update | null {
  let type = 0;
  let entry: TableEntry | null = null;
  while (reader.at < end) {
    switch (reader.number()) {
      case UPDATE.type:
        type = reader.number();
        if (type === OTHER || type > 0x7fff_ffff) return null;
        break;
      case UPDATE.entity: {
        const entityEnd = reader.end(end);
        if (entry !== null || entityEnd === OTHER) return null;
        if (reader.number() !== ENTITY.tableEntry || reader.end(entityEnd) !== entityEnd) {
          return null;
        }
        entry = tableEntry(reader, entityEnd);
        if (entry === null) return null;
        break;
      }
      default:
        return null;
    }
  }
  if (entry === null || reader.at !== end) return null;
  return {
    $typeName: 'p4.v1.Update',
    type: type as Update_Type,
    entity: { $typeName: 'p4.v1.Entity', entity: { case: 'tableEntry', value: entry } },
  };
}

function tableEntry(reader: Reader, end: number): TableEntry | null {
  let tableId = 0;
  let priority = 0;
  let action: TableAction | null = null;
  const match: FieldMatch[] = [];
  while (reader.at < end) {
    switch (reader.number()) {
      case ENTRY.tableId:
        tableId = reader.number();
        if (tableId === OTHER) return null;
        break;
      case ENTRY.priority:
        priority = reader.number();
        // A negative one has ten octets.
        if (priority === OTHER || priority > 0x7fff_ffff) return null;
        break;
      case ENTRY.match: {
        const field = fieldMatch(reader, reader.end(end));
        if (field === null) return null;
        match.push(field);
        break;
      }
      case ENTRY.action: {
        if (action !== null) return null;
        action = tableAction(reader, reader.end(end));
        if (action === null) return null;
        break;
      }
      default:
        return null;
    }
  }
  if (reader.at !== end) return null;
  const entry: TableEntry = {
    $typeName: 'p4.v1.TableEntry',
    tableId,
    match,
    priority,
    controllerMetadata: 0n,
    isDefaultAction: false,
    idleTimeoutNs: 0n,
    metadata: EMPTY,
    isConst: false,
  };
  if (action !== null) entry.action = action;
  return entry;
}

function fieldMatch(reader: Reader, end: number): FieldMatch | null {
  let fieldId = 0;
  let kind: FieldMatch['fieldMatchType'] | null = null;
  while (reader.at < end) {
    const found = reader.number();
    if (found === MATCH.fieldId) {
      fieldId = reader.number();
      if (fieldId === OTHER) return null;
      continue;
    }
    if (kind !== null) return null;
    kind = matchKind(found, reader, reader.end(end));
    if (kind === null) return null;
  }
  if (kind === null || reader.at !== end) return null;
  return { $typeName: 'p4.v1.FieldMatch', fieldId, fieldMatchType: kind };
}

function matchKind(kind: number, reader: Reader, end: number): FieldMatch['fieldMatchType'] | null {
  let first: Uint8Array = EMPTY;
  let second: Uint8Array = EMPTY;
  let prefixLen = 0;
  const hasSecond = kind === MATCH.ternary || kind === MATCH.range;
  while (reader.at < end) {
    const found = reader.number();
    if (found === VALUE.first) first = reader.octets(end);
    else if (found === VALUE.second && hasSecond) second = reader.octets(end);
    else if (found === VALUE.prefixLen && kind === MATCH.lpm) prefixLen = reader.number();
    else return null;
    if (prefixLen === OTHER || prefixLen > 0x7fff_ffff) return null;
  }
  if (reader.at !== end) return null;
  switch (kind) {
    case MATCH.exact:
      return { case: 'exact', value: { $typeName: 'p4.v1.FieldMatch.Exact', value: first } };
    case MATCH.ternary: {
      const value = { $typeName: 'p4.v1.FieldMatch.Ternary', value: first, mask: second } as const;
      return { case: 'ternary', value };
    }
    case MATCH.lpm: {
      const value = { $typeName: 'p4.v1.FieldMatch.LPM', value: first, prefixLen } as const;
      return { case: 'lpm', value };
    }
    case MATCH.range: {
      const value = { $typeName: 'p4.v1.FieldMatch.Range', low: first, high: second } as const;
      return { case: 'range', value };
    }
    case MATCH.optional:
      return { case: 'optional', value: { $typeName: 'p4.v1.FieldMatch.Optional', value: first } };
    default:
      return null;
  }
}

function tableAction(reader: Reader, end: number): TableAction | null {
  if (end === OTHER || reader.number() !== TABLE_ACTION.action || reader.end(end) !== end) {
    return null;
  }
  let actionId = 0;
  const params: Action_Param[] = [];
  while (reader.at < end) {
    switch (reader.number()) {
      case ACTION.actionId:
        actionId = reader.number();
        if (actionId === OTHER) return null;
        break;
      case ACTION.params: {
        const one = param(reader, reader.end(end));
        if (one === null) return null;
        params.push(one);
        break;
      }
      default:
        return null;
    }
  }
  if (reader.at !== end) return null;
  const value: Action = { $typeName: 'p4.v1.Action', actionId, params };
  return { $typeName: 'p4.v1.TableAction', type: { case: 'action', value } };
}

function param(reader: Reader, end: number): Action_Param | null {
  let paramId = 0;
  let value: Uint8Array = EMPTY;
  while (reader.at < end) {
    const found = reader.number();
    if (found === PARAM.value) value = reader.octets(end);
    else if (found === PARAM.paramId) paramId = reader.number();
    else return null;
    if (paramId === OTHER) return null;
  }
  return reader.at === end ? { $typeName: 'p4.v1.Action.Param', paramId, value } : null;
}

/** Walks over the octets. Whoever reads over an end finds `at` beyond it, and gives up there. */
class Reader {
  at = 0;
  readonly #octets: Uint8Array;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  /** A number of up to 32 bits in as few octets as it takes or a few more; OTHER. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      const octet = this.#octets[this.at];
      if (octet === undefined || (shift === 28 && octet > 0x0f)) return OTHER;
      this.at += 1;
      value |= (octet & 0x7f) << shift;
      if (octet < 0x80) return value >>> 0;
    }
    return OTHER;
  }

  /** Where what begins here with its length ends; OTHER beyond `limit`. */
  end(limit: number): number {
    const length = this.number();
    const end = this.at + length;
    return length === OTHER || end > limit ? OTHER : end;
  }

  octets(limit: number): Uint8Array {
    const end = this.end(limit);
    if (end === OTHER) {
      this.at = Number.POSITIVE_INFINITY;
      return EMPTY;
    }
    const from = this.at;
    this.at = end;
    return this.#octets.subarray(from, end);
  }

  /** Over one field of the request, whatever it is; false: it cannot be done. */
  skip(limit: number): boolean {
    const wireType = this.number() & 7;
    if (wireType === OCTETS) {
      const end = this.end(limit);
      this.at = end;
      return end !== OTHER;
    }
    if (wireType !== VARINT) return false;
    while ((this.#octets[this.at] ?? 0) >= 0x80) this.at += 1;
    this.at += 1;
    return this.at <= limit;
  }
}
