/** Small bmv2 JSON programs, built as p4c-bm2-ss would write them. */

export type TypeValue = Readonly<Record<string, unknown>>;

export interface ProgramParts {
  readonly headerTypes?: readonly {
    readonly name: string;
    readonly fields: readonly (readonly [string, number, boolean] | readonly [string, '*'])[];
  }[];
  readonly headers?: readonly { readonly name: string; readonly type: string }[];
  readonly parseStates?: readonly unknown[];
  readonly deparser?: readonly string[];
  readonly actions?: readonly {
    readonly name: string;
    readonly params?: readonly { readonly name: string; readonly bitwidth: number }[];
    readonly primitives: readonly TypeValue[];
  }[];
  /** Names of actions that ingress runs one after the other. */
  readonly ingress?: readonly string[];
  readonly overrides?: Readonly<Record<string, unknown>>;
}

const STANDARD_FIELDS = [
  ['ingress_port', 9, false],
  ['egress_spec', 9, false],
  ['egress_port', 9, false],
  ['instance_type', 32, false],
  ['packet_length', 32, false],
  ['mcast_grp', 16, false],
  ['checksum_error', 1, false],
  ['parser_error', 32, false],
  ['_padding', 4, false],
];

export const field = (header: string, name: string): TypeValue => ({
  type: 'field',
  value: [header, name],
});

export const hexstr = (value: bigint | number): TypeValue => ({
  type: 'hexstr',
  value:
    BigInt(value) < 0n ? `-0x${(-BigInt(value)).toString(16)}` : `0x${BigInt(value).toString(16)}`,
});

export const op = (
  name: string,
  left: TypeValue | null,
  right: TypeValue,
  cond?: TypeValue,
): TypeValue => ({
  type: 'expression',
  value: cond === undefined ? { op: name, left, right } : { op: name, left, right, cond },
});

export const assign = (to: TypeValue, value: TypeValue): TypeValue => ({
  op: 'assign',
  parameters: [to, { type: 'expression', value }],
});

export const extract = (header: string): TypeValue => ({
  op: 'extract',
  parameters: [{ type: 'regular', value: header }],
});

/** A parser state that extracts and goes on to `next`. */
export const state = (
  name: string,
  ops: readonly TypeValue[],
  next: string | null = null,
): TypeValue => ({
  name,
  id: 0,
  parser_ops: ops,
  transition_key: [],
  transitions: [{ type: 'default', value: null, mask: null, next_state: next }],
});

function chainedTables(actions: readonly string[]): TypeValue[] {
  return actions.map((action, i) => ({
    name: `call${i}`,
    id: i,
    key: [],
    match_type: 'exact',
    type: 'simple',
    max_size: 1,
    with_counters: false,
    support_timeout: false,
    direct_meters: null,
    action_ids: [i],
    actions: [action],
    base_default_next: i + 1 < actions.length ? `call${i + 1}` : null,
    next_tables: { [action]: i + 1 < actions.length ? `call${i + 1}` : null },
    default_entry: { action_id: i, action_const: true, action_data: [], action_entry_const: true },
  }));
}

export function buildProgram(parts: ProgramParts): Record<string, unknown> {
  const ingress = parts.ingress ?? [];
  const pipeline = (name: string, calls: readonly string[]): TypeValue => ({
    name,
    id: 0,
    init_table: calls.length > 0 ? 'call0' : null,
    tables: chainedTables(calls),
    action_profiles: [],
    conditionals: [],
  });
  return {
    program: 'test.p4',
    header_types: [
      { name: 'standard_metadata', id: 0, fields: STANDARD_FIELDS },
      ...(parts.headerTypes ?? []).map((type, i) => ({ ...type, id: i + 1 })),
    ],
    headers: [
      { name: 'standard_metadata', id: 0, header_type: 'standard_metadata', metadata: true },
      ...(parts.headers ?? []).map(({ name, type }, i) => ({
        name,
        id: i + 1,
        header_type: type,
        metadata: false,
      })),
    ],
    header_stacks: [],
    errors: [
      ['NoError', 0],
      ['PacketTooShort', 1],
      ['NoMatch', 2],
      ['StackOutOfBounds', 3],
      ['HeaderTooShort', 4],
      ['ParserTimeout', 5],
      ['ParserInvalidArgument', 6],
    ],
    parsers: [
      {
        name: 'parser',
        id: 0,
        init_state: 'start',
        parse_states: parts.parseStates ?? [state('start', [])],
      },
    ],
    deparsers: [{ name: 'deparser', id: 0, order: parts.deparser ?? [], primitives: [] }],
    counter_arrays: [],
    register_arrays: [],
    calculations: [],
    learn_lists: [],
    field_lists: [],
    actions: (parts.actions ?? []).map(({ name, params, primitives }, i) => ({
      name,
      id: i,
      runtime_data: params ?? [],
      primitives,
    })),
    pipelines: [pipeline('ingress', ingress), pipeline('egress', [])],
    checksums: [],
    ...parts.overrides,
  };
}
