/** A small program: its P4Info, and the layout that a compiler would give it. */
import { create } from '@bufbuild/protobuf';
import type { ActionLayout, KeyFieldLayout, PipelineLayout, TableLayout } from '#compiler/layout';
import type { P4Info } from '#protos/p4/config/v1/p4info_pb';
import {
  ActionRef_Scope,
  CounterSpec_Unit,
  MatchField_MatchType as M,
  P4InfoSchema,
} from '#protos/p4/config/v1/p4info_pb';

export const ID = {
  mac: 0x0200_0001,
  acl: 0x0200_0002,
  route: 0x0200_0003,
  fixed: 0x0200_0004,
  mode: 0x0200_0005,
  forward: 0x0100_0001,
  drop: 0x0100_0002,
  noAction: 0x0100_0003,
  wide: 0x0100_0004,
  macCounter: 0x1300_0001,
  portCounter: 0x1200_0001,
  register: 0x1600_0001,
  learn: 0x1700_0001,
} as const;

const FORWARD = 0;
const DROP = 1;
const NO_ACTION = 2;
const WIDE = 3;

const actions: readonly ActionLayout[] = [
  {
    name: 'ingress.forward',
    index: FORWARD,
    params: [{ name: 'port', word: 0, shift: 0, bitwidth: 9 }],
    argWords: 1,
  },
  { name: 'ingress.drop', index: DROP, params: [], argWords: 0 },
  { name: 'NoAction', index: NO_ACTION, params: [], argWords: 0 },
  {
    name: 'ingress.wide',
    index: WIDE,
    params: [
      { name: 'address', word: 0, shift: 0, bitwidth: 128 },
      { name: 'flag', word: 2, shift: 0, bitwidth: 1 },
      { name: 'port', word: 2, shift: 1, bitwidth: 9 },
    ],
    argWords: 3,
  },
];

function table(
  part: Pick<TableLayout, 'name' | 'index' | 'kind' | 'key'> & Partial<TableLayout>,
): TableLayout {
  const words = part.key.map((field) => field.word + Math.ceil(field.bitwidth / 64));
  return {
    keyWords: Math.max(0, ...words),
    argWords: 3,
    maxEntries: 4,
    actions: [FORWARD, DROP, NO_ACTION, WIDE],
    defaultAction: { action: NO_ACTION, args: [] },
    defaultActionConst: false,
    directCounter: null,
    directMeter: null,
    profile: null,
    constEntries: [],
    supportsTimeout: false,
    ...part,
  };
}

const field = (
  name: string,
  matchType: KeyFieldLayout['matchType'],
  bitwidth: number,
  word: number,
  shift = 0,
): KeyFieldLayout => ({ name, matchType, bitwidth, word, shift });

export const LAYOUT: PipelineLayout = {
  abiVersion: 8,
  assertions: ['assert at fixture.p4(7): h.a == h.b'],
  logMessages: [],
  program: 'fixture.p4',
  actions,
  tables: [
    table({
      name: 'ingress.mac',
      index: 0,
      kind: 'exact',
      key: [field('dst', 'exact', 48, 0), field('vlan', 'exact', 12, 0, 48)],
      directCounter: 'ingress.mac_counter',
    }),
    table({
      name: 'ingress.acl',
      index: 1,
      kind: 'ternary',
      key: [
        field('address', 'ternary', 128, 0),
        field('port', 'optional', 9, 2),
        field('l4', 'range', 16, 3),
      ],
    }),
    table({
      name: 'ingress.route',
      index: 2,
      kind: 'lpm',
      key: [field('address', 'lpm', 32, 0), field('vrf', 'exact', 8, 0, 32)],
    }),
    table({
      name: 'ingress.fixed',
      index: 3,
      kind: 'ternary',
      key: [field('type', 'ternary', 16, 0)],
      constEntries: [
        {
          key: ['2048'],
          mask: ['65535'],
          rangeWords: 0,
          priority: 2,
          action: FORWARD,
          args: ['5'],
        },
        { key: ['0'], mask: ['0'], rangeWords: 0, priority: 1, action: DROP, args: [] },
      ],
      defaultActionConst: true,
    }),
    table({ name: 'ingress.mode', index: 4, kind: 'keyless', key: [] }),
    table({
      name: 'tbl_hidden',
      index: 5,
      kind: 'keyless',
      key: [],
      defaultAction: { action: DROP, args: [] },
    }),
  ],
  profiles: [],
  valueSets: [],
  counters: [{ name: 'ingress.port_counter', index: 0, size: 8 }],
  meters: [],
  registers: [{ name: 'ingress.state', index: 0, size: 4, bitwidth: 48, words: 1 }],
  headerTypes: [],
  digests: [
    {
      name: 'learn_t',
      index: 0,
      words: 2,
      fields: [
        { name: 'source', word: 0, shift: 0, bitwidth: 48 },
        { name: 'port', word: 1, shift: 0, bitwidth: 9 },
      ],
    },
  ],
};

const refs = (...ids: number[]) =>
  ids.map((id) => ({
    id,
    scope: id === ID.drop ? ActionRef_Scope.TABLE_ONLY : ActionRef_Scope.TABLE_AND_DEFAULT,
  }));

const matchField = (id: number, name: string, bitwidth: number, type: M) => ({
  id,
  name,
  bitwidth,
  match: { case: 'matchType', value: type } as const,
});

const bits = (bitwidth: number) =>
  ({
    typeSpec: {
      case: 'bitstring',
      value: { typeSpec: { case: 'bit', value: { bitwidth } } },
    },
  }) as const;

/** The P4Info of the program; a new one at each call. */
export function p4info(): P4Info {
  const all = refs(ID.forward, ID.drop, ID.noAction, ID.wide);
  return create(P4InfoSchema, {
    tables: [
      {
        preamble: { id: ID.mac, name: 'ingress.mac' },
        matchFields: [matchField(1, 'dst', 48, M.EXACT), matchField(2, 'vlan', 12, M.EXACT)],
        actionRefs: all,
        directResourceIds: [ID.macCounter],
      },
      {
        preamble: { id: ID.acl, name: 'ingress.acl' },
        matchFields: [
          matchField(1, 'address', 128, M.TERNARY),
          matchField(2, 'port', 9, M.OPTIONAL),
          matchField(3, 'l4', 16, M.RANGE),
        ],
        actionRefs: all,
      },
      {
        preamble: { id: ID.route, name: 'ingress.route' },
        matchFields: [matchField(1, 'address', 32, M.LPM), matchField(2, 'vrf', 8, M.EXACT)],
        actionRefs: all,
      },
      {
        preamble: { id: ID.fixed, name: 'ingress.fixed' },
        matchFields: [matchField(1, 'type', 16, M.TERNARY)],
        actionRefs: all,
        constDefaultActionId: ID.noAction,
        isConstTable: true,
        hasInitialEntries: true,
      },
      { preamble: { id: ID.mode, name: 'ingress.mode' }, actionRefs: all },
    ],
    actions: [
      {
        preamble: { id: ID.forward, name: 'ingress.forward' },
        params: [{ id: 1, name: 'port', bitwidth: 9 }],
      },
      { preamble: { id: ID.drop, name: 'ingress.drop' } },
      { preamble: { id: ID.noAction, name: 'NoAction' } },
      {
        preamble: { id: ID.wide, name: 'ingress.wide' },
        params: [
          { id: 1, name: 'address', bitwidth: 128 },
          { id: 2, name: 'flag', bitwidth: 1 },
          { id: 3, name: 'port', bitwidth: 9 },
        ],
      },
    ],
    counters: [
      {
        preamble: { id: ID.portCounter, name: 'ingress.port_counter' },
        spec: { unit: CounterSpec_Unit.BOTH },
        size: 8n,
      },
    ],
    directCounters: [
      {
        preamble: { id: ID.macCounter, name: 'ingress.mac_counter' },
        spec: { unit: CounterSpec_Unit.BOTH },
        directTableId: ID.mac,
      },
    ],
    registers: [
      {
        preamble: { id: ID.register, name: 'ingress.state' },
        typeSpec: bits(48),
        size: 4,
      },
    ],
    digests: [
      {
        preamble: { id: ID.learn, name: 'learn_t' },
        typeSpec: { typeSpec: { case: 'struct', value: { name: 'learn_t' } } },
      },
    ],
    controllerPacketMetadata: [
      {
        preamble: { id: 1, name: 'packet_in' },
        metadata: [
          { id: 1, name: 'ingress_port', bitwidth: 9 },
          { id: 2, name: 'reason', bitwidth: 7 },
        ],
      },
      {
        preamble: { id: 2, name: 'packet_out' },
        metadata: [
          { id: 1, name: 'egress_port', bitwidth: 9 },
          { id: 2, name: 'pad', bitwidth: 7 },
        ],
      },
    ],
    typeInfo: {
      structs: {
        learn_t: {
          members: [
            { name: 'source', typeSpec: bits(48) },
            { name: 'port', typeSpec: bits(9) },
          ],
        },
      },
    },
  });
}
