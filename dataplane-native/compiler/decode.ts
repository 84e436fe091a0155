import { decodeAction, decodeAssign, decodePrimitive } from './decode-action.js';
import { calculation } from './decode-calculation.js';
import { decodeDeclarations, meterUnit } from './decode-declarations.js';
import { learnList } from './decode-digest.js';
import { decodeExpression } from './decode-expression.js';
import { decodeParser } from './decode-parser.js';
import { decodePipeline } from './decode-pipeline.js';
import { decodeProfiles } from './decode-profile.js';
import { fail, sanitise } from './failure.js';
import type { Json } from './json.js';
import { LIMITS } from './limits.js';
import type { Action, Checksum, DirectMeter, FieldList, Primitive, Program } from './model.js';
import { sourceLines } from './source-lines.js';
import { at, calculationNamed, fieldNamed, headerNamed, plainFieldNamed } from './scope.js';
import type { Scope } from './scope.js';

/** Turns the JSON into a program whose references all hold. */
export function decodeProgram(root: Json): Program {
  const scope = decodeDeclarations(root);
  const actionList = root.get('actions');
  const actions = actionList.items(LIMITS.actions).map((item) => decodeAction(scope, item));
  const declared = list(root, 'calculations', LIMITS.arrays).map((item) =>
    calculation(scope, item),
  );
  const { profiles, selectors, byName } = decodeProfiles(scope, root, declared.length);
  const context = {
    scope,
    actions,
    actionById: actionsById(actions, actionList),
    directCounters: directCounters(root),
    directMeters: directMeters(scope, root),
    profileByName: byName,
    profiles,
  };
  return {
    name: sanitise(root.optional('program')?.string() ?? 'pipeline'),
    sources: sourceLines(root),
    headerTypes: scope.headerTypes,
    headers: scope.headers,
    stacks: scope.stacks,
    unionStacks: scope.unionStacks,
    errors: decodeErrors(root),
    parser: decodeParser(scope, root),
    deparser: decodeDeparser(scope, root),
    deparserCode: decodeDeparserCode(scope, root),
    valueSets: scope.valueSets,
    counters: scope.counters,
    meters: scope.meters,
    registers: scope.registers,
    learnLists: list(root, 'learn_lists', LIMITS.arrays).map((item) => learnList(scope, item)),
    fieldLists: list(root, 'field_lists', LIMITS.arrays).map((item) => fieldList(scope, item)),
    calculations: [...declared, ...selectors],
    checksums: list(root, 'checksums', LIMITS.arrays).map((item) => checksum(scope, item)),
    actions,
    profiles,
    ingress: decodePipeline(context, root, 'ingress'),
    egress: decodePipeline(context, root, 'egress'),
  };
}

function list(root: Json, key: string, limit: number): readonly Json[] {
  return root.optional(key)?.items(limit) ?? [];
}

function actionsById(actions: readonly Action[], place: Json): ReadonlyMap<number, number> {
  const byId = new Map<number, number>();
  actions.forEach((action, i) => {
    if (byId.has(action.id)) {
      fail(place, 'MALFORMED', `two actions have the id ${action.id}`);
    }
    byId.set(action.id, i);
  });
  return byId;
}

function directCounters(root: Json): ReadonlyMap<string, string> {
  const byTable = new Map<string, string>();
  for (const item of root.get('counter_arrays').items(LIMITS.arrays)) {
    const binding = item.optional('binding');
    if (item.optional('is_direct')?.value === true && binding !== null) {
      byTable.set(binding.string(), item.get('name').string());
    }
  }
  return byTable;
}

/** By name: a table says which one it has. */
function directMeters(scope: Scope, root: Json): ReadonlyMap<string, DirectMeter> {
  const byName = new Map<string, DirectMeter>();
  for (const item of list(root, 'meter_arrays', LIMITS.arrays)) {
    if (item.optional('is_direct')?.value === true) {
      const name = item.get('name').string();
      const to = plainFieldNamed(scope, item.get('result_target'));
      byName.set(name, { name, unit: meterUnit(item), to });
    }
  }
  return byName;
}

function decodeErrors(root: Json): ReadonlyMap<string, number> {
  return new Map(
    list(root, 'errors', LIMITS.fields).map((item) => {
      const [name, value] = item.tuple(2) as readonly [Json, Json];
      return [name.string(), value.integer(0, LIMITS.id)];
    }),
  );
}

function decodeDeparser(scope: Scope, root: Json): readonly number[] {
  const [deparser, second] = root.get('deparsers').items(16);
  if (deparser === undefined || second !== undefined) {
    return fail(root.get('deparsers'), 'UNSUPPORTED', 'a program has exactly one deparser');
  }
  return deparser
    .get('order')
    .items(LIMITS.headers)
    .map((item) => {
      const header = headerNamed(scope, item);
      const { role, type } = at(scope.headers, header);
      if (role !== 'header' || at(scope.headerTypes, type).bits % 8 !== 0) {
        fail(item, 'UNSUPPORTED', 'only headers of whole octets can be emitted');
      }
      return header;
    });
}

/** Assignments and calls of externs that p4c found among the emits. */
function decodeDeparserCode(scope: Scope, root: Json): readonly Primitive[] {
  const code = at(root.get('deparsers').items(16), 0).optional('primitives');
  const context = { scope, parameters: [] };
  const primitives = (code?.items(LIMITS.primitives) ?? []).map((item): Primitive => {
    switch (item.get('op').value) {
      case 'set': {
        const [to, from] = item.get('parameters').tuple(2) as readonly [Json, Json];
        return decodeAssign(context, item, to, from);
      }
      case 'primitive': {
        const [inner] = item.get('parameters').tuple(1) as readonly [Json];
        return decodePrimitive(context, inner, 0);
      }
      default:
        return decodePrimitive(context, item, 0);
    }
  });
  const refused = primitives.find(({ kind }) => !DEPARSER_CODE.has(kind));
  return refused === undefined
    ? primitives
    : fail(refused, 'UNSUPPORTED', 'in a deparser, other than assignments, hashes and registers');
}

/** What is the frame's fate is decided before the deparser runs. */
const DEPARSER_CODE: ReadonlySet<Primitive['kind']> = new Set([
  'assign',
  'assignWide',
  'assignVarbit',
  'nothing',
  'log',
  'assert',
  'hash',
  'random',
  'registerRead',
  'registerWrite',
  'count',
  'meter',
]);

function fieldList(scope: Scope, json: Json): FieldList {
  const fields = json
    .get('elements')
    .items(LIMITS.fields)
    .flatMap((item) => {
      if (item.get('type').value !== 'field') {
        fail(item, 'UNSUPPORTED', 'only fields can be in a field list');
      }
      const found = fieldNamed(scope, item.get('value'));
      return found.kind === 'wide' ? found.refs : [plainFieldNamed(scope, item.get('value'))];
    });
  return { id: json.get('id').integer(0, LIMITS.id), fields };
}

function checksum(scope: Scope, json: Json): Checksum {
  if (json.get('type').value !== 'generic') {
    fail(json, 'UNSUPPORTED', 'only checksums of type "generic" are supported');
  }
  const condition = json.optional('if_cond');
  return {
    path: json.path,
    source: json.source,
    target: plainFieldNamed(scope, json.get('target')),
    calculation: calculationNamed(scope, json.get('calculation')),
    condition: condition === null ? null : decodeExpression({ scope, parameters: [] }, condition),
    verify: json.optional('verify')?.boolean() ?? false,
    update: json.optional('update')?.boolean() ?? true,
  };
}
