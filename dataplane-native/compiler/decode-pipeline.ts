import { decodeExpression, fieldValue } from './decode-expression.js';
import { fail, sanitise } from './failure.js';
import type { Json } from './json.js';
import type { MatchType } from './layout.js';
import { LIMITS } from './limits.js';
import type {
  Action,
  ActionProfile,
  ConstEntry,
  ConstKey,
  ControlNode,
  DirectMeter,
  Expression,
  NodeRef,
  Pipeline,
  Table,
  TableKey,
} from './model.js';
import { at, bitwidthOf, fieldNamed, headerNamed, instance } from './scope.js';
import type { Scope } from './scope.js';

export interface PipelineContext {
  readonly scope: Scope;
  readonly actions: readonly Action[];
  readonly actionById: ReadonlyMap<number, number>;
  /** Direct counters by the table that they are bound to. */
  readonly directCounters: ReadonlyMap<string, string>;
  readonly directMeters: ReadonlyMap<string, DirectMeter>;
  readonly profiles: readonly ActionProfile[];
  readonly profileByName: ReadonlyMap<string, number>;
}

type NodeNamed = (name: Json | null) => NodeRef;

export function decodePipeline(context: PipelineContext, root: Json, name: string): Pipeline {
  const json = root
    .get('pipelines')
    .items(16)
    .find((item) => item.get('name').value === name);
  if (json === undefined) {
    return fail(root.get('pipelines'), 'UNSUPPORTED', `there is no pipeline "${name}"`);
  }
  const tables = json.get('tables').items(LIMITS.tables);
  const conditionals = json.get('conditionals').items(LIMITS.tables);
  const calls = json.optional('action_calls')?.items(LIMITS.tables) ?? [];
  const byName = new Map<string, number>();
  [...tables, ...conditionals, ...calls].forEach((item, i) => {
    const nodeName = item.get('name');
    if (byName.has(nodeName.string())) {
      fail(nodeName, 'MALFORMED', `"${sanitise(nodeName.string())}" is there twice`);
    }
    byName.set(nodeName.string(), i);
  });
  const nodeNamed: NodeNamed = (nodeName) =>
    nodeName === null
      ? null
      : (byName.get(nodeName.string()) ??
        fail(nodeName, 'BAD_REFERENCE', 'there is no such table or condition'));
  const nodes: ControlNode[] = [
    ...tables.map((item) => decodeTable(context, item, nodeNamed)),
    ...conditionals.map((item) => decodeConditional(context, item, nodeNamed)),
    ...calls.map((item) => decodeCall(context, item, nodeNamed)),
  ];
  return { name, start: nodeNamed(json.optional('init_table')), nodes };
}

function decodeConditional(
  context: PipelineContext,
  json: Json,
  nodeNamed: NodeNamed,
): ControlNode {
  return {
    path: json.path,
    source: json.source,
    kind: 'conditional',
    name: json.get('name').string(),
    condition: decodeExpression({ scope: context.scope, parameters: [] }, json.get('expression')),
    whenTrue: nodeNamed(json.optional('true_next')),
    whenFalse: nodeNamed(json.optional('false_next')),
  };
}

function decodeCall(context: PipelineContext, json: Json, nodeNamed: NodeNamed): ControlNode {
  return {
    path: json.path,
    source: json.source,
    kind: 'call',
    name: json.get('name').string(),
    action: actionWithId(context, json.get('action_id')),
    next: nodeNamed(json.optional('next_node')),
  };
}

function actionWithId(context: PipelineContext, id: Json): number {
  return (
    context.actionById.get(id.integer(0, LIMITS.id)) ??
    fail(id, 'BAD_REFERENCE', `there is no action with id ${String(id.value)}`)
  );
}

function decodeTable(context: PipelineContext, json: Json, nodeNamed: NodeNamed): Table {
  const name = json.get('name').string();
  const keys = json
    .get('key')
    .items(LIMITS.keys)
    .map((item) => decodeKey(context.scope, item));
  const actions = json
    .get('action_ids')
    .items(LIMITS.actions)
    .map((item) => actionWithId(context, item));
  const profile = decodeProfileOf(context, json);
  const constEntries = decodeEntries(context, json, keys, actions);
  if (profile !== null && constEntries.length > 0) {
    fail(json, 'UNSUPPORTED', 'const entries of a table with an action profile');
  }
  return {
    path: json.path,
    source: json.source,
    kind: 'table',
    name,
    keys,
    maxEntries: json.get('max_size').integer(0, LIMITS.tableSize),
    actions,
    directCounter:
      json.optional('with_counters')?.value === true
        ? (context.directCounters.get(name) ?? name)
        : null,
    directMeter: decodeDirectMeter(context, json.optional('direct_meters')),
    supportsTimeout: json.optional('support_timeout')?.value === true,
    profile,
    constEntries,
    // Of a table with a profile it is NoAction, whatever the program says.
    defaultEntry: profile === null ? decodeDefault(context, json) : null,
    ...decodeNext(context, json, actions, nodeNamed),
  };
}

function decodeDirectMeter(context: PipelineContext, name: Json | null): DirectMeter | null {
  if (name === null) {
    return null;
  }
  return (
    context.directMeters.get(name.string()) ??
    fail(name, 'BAD_REFERENCE', `there is no direct meter "${sanitise(name.string())}"`)
  );
}

function decodeProfileOf(context: PipelineContext, json: Json): number | null {
  const type = json.get('type').string();
  if (type === 'simple') {
    return null;
  }
  if (type !== 'indirect' && type !== 'indirect_ws') {
    return fail(json, 'UNSUPPORTED', `a table of type "${sanitise(type)}"`);
  }
  const name = json.get('action_profile');
  const profile = context.profileByName.get(name.string());
  if (profile === undefined) {
    return fail(name, 'BAD_REFERENCE', 'there is no such action profile');
  }
  const hasSelector = at(context.profiles, profile).selector !== null;
  return hasSelector === (type === 'indirect_ws')
    ? profile
    : fail(json, 'MALFORMED', 'the action profile has a selector, or the table, not both');
}

function decodeNext(
  context: PipelineContext,
  json: Json,
  actions: readonly number[],
  nodeNamed: NodeNamed,
): Pick<Table, 'nextByAction' | 'nextHit' | 'nextMiss' | 'nextDefault'> {
  const next = json.get('next_tables');
  const target = (name: string): { readonly node: NodeRef } | null =>
    nextNamed(next, name, nodeNamed);
  const nextByAction = new Map<number, NodeRef>();
  for (const action of actions) {
    const found = target(at(context.actions, action).name);
    if (found !== null) {
      nextByAction.set(action, found.node);
    }
  }
  return {
    nextByAction,
    nextHit: target('__HIT__'),
    nextMiss: target('__MISS__'),
    nextDefault: nodeNamed(json.optional('base_default_next')),
  };
}

/** `null` as a next table is the end of the pipeline, which is not the same as no next table. */
function nextNamed(
  next: Json,
  name: string,
  nodeNamed: NodeNamed,
): { readonly node: NodeRef } | null {
  const value = next.value;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? { node: nodeNamed(next.optional(name)) }
    : null;
}

const MATCH_TYPES: ReadonlyMap<string, MatchType> = new Map([
  ['exact', 'exact'],
  ['valid', 'exact'],
  ['lpm', 'lpm'],
  ['ternary', 'ternary'],
  ['range', 'range'],
  ['optional', 'optional'],
]);

function decodeKey(scope: Scope, json: Json): TableKey {
  const place = { path: json.path, source: json.source };
  const matchName = json.get('match_type').string();
  const matchType = MATCH_TYPES.get(matchName);
  if (matchType === undefined) {
    return fail(json, 'UNSUPPORTED', `a key of match type "${sanitise(matchName)}"`);
  }
  const target = json.get('target');
  let value: Expression;
  let bitwidth = 1;
  let name: string;
  if (matchName === 'valid') {
    const header = instance(headerNamed(scope, target));
    value = { ...place, kind: 'toData', arg: { ...place, kind: 'valid', header } };
    name = target.string();
  } else {
    const found = fieldNamed(scope, target);
    if (found.kind === 'varbit') {
      return fail(json, 'UNSUPPORTED', 'a varbit as key');
    }
    name = target
      .items(2)
      .map((part) => part.string())
      .join('.');
    value = fieldValue(json, found);
    if (found.kind !== 'valid') {
      bitwidth = found.kind === 'wide' ? found.bitwidth : bitwidthOf(scope, found.ref);
    }
  }
  const mask = json.optional('mask');
  if (mask !== null) {
    const right: Expression = { ...place, kind: 'constant', value: mask.hex() };
    value = { ...place, kind: 'arithmetic', op: '&', left: value, right };
  }
  return { ...place, name: json.optional('name')?.string() ?? name, matchType, value, bitwidth };
}

function decodeDefault(context: PipelineContext, json: Json): Table['defaultEntry'] {
  const entry = json.optional('default_entry');
  if (entry === null) {
    return null;
  }
  const action = actionWithId(context, entry.get('action_id'));
  return {
    action,
    args: decodeArgs(context, entry, action),
    actionConst: entry.optional('action_const')?.value === true,
    entryConst: entry.optional('action_entry_const')?.value === true,
  };
}

function decodeArgs(context: PipelineContext, json: Json, action: number): readonly bigint[] {
  const { parameters } = at(context.actions, action);
  const list = json.get('action_data');
  const values = list.items(LIMITS.parameters);
  if (values.length !== parameters.length) {
    return fail(list, 'MALFORMED', `${parameters.length} action arguments are expected`);
  }
  return values.map((item, i) => BigInt.asUintN(at(parameters, i).bitwidth, item.hex()));
}

function decodeEntries(
  context: PipelineContext,
  json: Json,
  keys: readonly TableKey[],
  actions: readonly number[],
): readonly ConstEntry[] {
  const list = json.optional('entries')?.items(LIMITS.entries) ?? [];
  return list.map((item) => {
    const match = item.get('match_key').tuple(keys.length);
    const actionEntry = item.get('action_entry');
    const action = actionWithId(context, actionEntry.get('action_id'));
    if (!actions.includes(action)) {
      fail(actionEntry, 'BAD_REFERENCE', 'the action is not one of the table');
    }
    return {
      keys: match.map((part, i) => decodeConstKey(part, at(keys, i))),
      // bmv2 has the smallest number first.
      priority: list.length + 1 - (item.optional('priority')?.integer(0, LIMITS.entries) ?? 1),
      action,
      args: decodeArgs(context, actionEntry, action),
    };
  });
}

function decodeConstKey(json: Json, key: TableKey): ConstKey {
  const all = (1n << BigInt(key.bitwidth)) - 1n;
  const hex = (name: string): bigint => BigInt.asUintN(key.bitwidth, json.get(name).hex());
  switch (json.get('match_type').string()) {
    case 'valid':
      return { key: json.get('key').boolean() ? 1n : 0n, mask: all };
    case 'exact':
      return { key: hex('key'), mask: all };
    case 'lpm': {
      const prefix = json.get('prefix_length').integer(0, key.bitwidth);
      const mask = all ^ (all >> BigInt(prefix));
      return { key: hex('key') & mask, mask };
    }
    case 'ternary':
    case 'optional': {
      const mask = hex('mask');
      return { key: hex('key') & mask, mask };
    }
    case 'range':
      return { key: hex('start'), mask: hex('end') };
    default:
      return fail(json, 'UNSUPPORTED', 'an entry of this match type');
  }
}
