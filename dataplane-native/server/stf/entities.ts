/** What the statements of a test write, as P4Runtime updates. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import { encodeBytestring } from '#p4rt/bytestring';
import type { P4Info, Table } from '#protos/p4/config/v1/p4info_pb';
import { MatchField_MatchType as MatchType } from '#protos/p4/config/v1/p4info_pb';
import type {
  ActionSchema,
  Entity,
  FieldMatchSchema,
  TableEntry,
  Update,
} from '#protos/p4/v1/p4runtime_pb';
import { EntitySchema, UpdateSchema, Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { decodeKey } from '../state/match.js';
import type { ForwardingState } from '../state/state.js';
import { matchOf } from './match-value.js';
import type { Found } from './names.js';
import { findAction, findByPreamble, findMatchField } from './names.js';
import type { StfAction, StfMatch, StfRates, StfStatement } from './statements.js';

export type EntityInit = NonNullable<MessageInitShape<typeof EntitySchema>['entity']>;

export function entity(value: EntityInit): Entity {
  return create(EntitySchema, { entity: value });
}

function update(type: Update_Type, value: EntityInit): Update {
  return create(UpdateSchema, { type, entity: entity(value) });
}

const { INSERT, MODIFY, DELETE } = Update_Type;

type Statement<K extends StfStatement['kind']> = StfStatement & { readonly kind: K };

/** Statements that change what the switch has. */
export type WritingStatement = Statement<
  | 'add'
  | 'setDefault'
  | 'valueSet'
  | 'groupCreate'
  | 'nodeCreate'
  | 'nodeUpdate'
  | 'nodeAssociate'
  | 'mirrorToPort'
  | 'mirrorToGroup'
  | 'mirrorDelete'
  | 'counterWrite'
  | 'registerWrite'
  | 'registerReset'
  | 'meterWrite'
>;

interface Node {
  readonly instance: number;
  ports: readonly number[];
  /** Of groups; a node may be in several. */
  readonly groups: Set<number>;
}

/** Session numbers of P4Runtime begin at 1, a group's too. */
export class StfEntities {
  readonly info: P4Info;
  readonly #nodes: Node[] = [];
  readonly #groups = new Set<number>();
  readonly #sessions = new Map<number, { readonly group: number } | { readonly port: number }>();
  /** Of action profiles that have no selector; what each entry refers to is its own. */
  readonly #members: Update[] = [];
  readonly #valueSets = new Map<number, MessageInitShape<typeof FieldMatchSchema>[][]>();
  /** Entries that statements have labelled. */
  readonly labels = new Map<string, TableEntry>();

  constructor(info: P4Info) {
    this.info = info;
  }

  /** What a statement writes, in order. */
  updates(statement: WritingStatement): Found<readonly Update[]> {
    switch (statement.kind) {
      case 'add':
        return this.#add(statement);
      case 'setDefault':
        return this.#setDefault(statement);
      case 'valueSet':
        return this.#valueSet(statement);
      case 'groupCreate':
        return this.#groupCreate(statement.group);
      case 'nodeCreate':
        this.#nodes.push({
          instance: statement.instance,
          ports: statement.ports,
          groups: new Set(),
        });
        return { ok: true, value: [] };
      case 'nodeUpdate':
        return this.#nodeUpdate(statement);
      case 'nodeAssociate':
        return this.#nodeAssociate(statement);
      case 'mirrorToPort':
      case 'mirrorToGroup':
      case 'mirrorDelete':
        return this.#mirror(statement);
      case 'counterWrite':
      case 'registerWrite':
      case 'registerReset':
        return this.#cell(statement);
      case 'meterWrite':
        return this.#meter(statement);
    }
  }

  /** What takes back everything that was added: entries, and table defaults as they were. */
  removals(state: ForwardingState): Update[] {
    const entries = [...state.tables.values()].flatMap(({ program, entries: stored }) =>
      [...stored]
        .filter(({ isConst }) => !isConst)
        .map(({ words, priority }) =>
          update(DELETE, {
            case: 'tableEntry',
            value: { tableId: program.id, match: decodeKey(program, words), priority },
          }),
        ),
    );
    const sessions = [...this.#sessions.keys()].map((session) =>
      this.#sessionUpdate(DELETE, session),
    );
    const groups = [...this.#groups].map((group) => this.#groupUpdate(DELETE, group));
    const members = this.#members.splice(0);
    const sets = [...this.#valueSets.keys()].map((valueSetId) =>
      update(MODIFY, { case: 'valueSetEntry', value: { valueSetId, members: [] } }),
    );
    this.#valueSets.clear();
    this.#sessions.clear();
    this.#groups.clear();
    this.#nodes.length = 0;
    this.labels.clear();
    return [...entries, ...members, ...sets, ...sessions, ...groups];
  }

  #table(name: string): Found<Table> {
    return findByPreamble(this.info.tables, name, 'table');
  }

  #add({ table: name, priority, matches, action, label }: Statement<'add'>): Found<Update[]> {
    const table = this.#table(name);
    if (!table.ok) return table;
    const match = matchesOf(table.value, matches);
    if (!match.ok) return match;
    const call = this.#action(table.value, action);
    if (!call.ok) return call;
    const { members, reference } = this.#referenceOf(table.value, call.value);
    const inOrder = table.value.matchFields.some(
      ({ match: kind }) => kind.case === 'matchType' && PRIORITIZED.has(kind.value),
    );
    if (inOrder && priority === null) {
      return { ok: false, message: `entries of table '${name}' need a priority after its name` };
    }
    // P4Runtime's priorities begin at 1, those of tests at 0.
    const rank = inOrder ? (priority ?? 0) + 1 : 0;
    const tableId = table.value.preamble?.id ?? 0;
    const added = update(INSERT, {
      case: 'tableEntry',
      value: { tableId, match: match.value, priority: rank, action: reference },
    });
    if (label !== null && added.entity?.entity.case === 'tableEntry') {
      this.labels.set(label, added.entity.entity.value);
    }
    return { ok: true, value: [...members, added] };
  }

  /** Entries of a table with an action profile refer to members: to a group of their own, as one
   * shot, where there is a selector, else to a member of their own. */
  #referenceOf(
    table: Table,
    action: MessageInitShape<typeof ActionSchema>,
  ): { members: readonly Update[]; reference: TableActionInit } {
    const actionProfileId = table.implementationId;
    if (actionProfileId === 0) {
      return { members: [], reference: { type: { case: 'action', value: action } } };
    }
    const profile = this.info.actionProfiles.find(
      ({ preamble }) => preamble?.id === actionProfileId,
    );
    if (profile?.withSelector !== false) {
      const set = { actionProfileActions: [{ action, weight: 1 }] };
      return { members: [], reference: { type: { case: 'actionProfileActionSet', value: set } } };
    }
    const memberId = this.#members.length + 1;
    const value = { actionProfileId, memberId, action };
    const members = [update(INSERT, { case: 'actionProfileMember', value })];
    this.#members.push(update(DELETE, { case: 'actionProfileMember', value }));
    return { members, reference: { type: { case: 'actionProfileMemberId', value: memberId } } };
  }

  #valueSet({ name, matches }: Statement<'valueSet'>): Found<Update[]> {
    const set = findByPreamble(this.info.valueSets, name, 'value set');
    if (!set.ok) return set;
    const { preamble, match: fields } = set.value;
    const member: MessageInitShape<typeof FieldMatchSchema>[] = [];
    for (const { name: written, value } of matches) {
      const isOnly = written === '' && fields.length === 1;
      const field = fields.find((one) => one.name === written) ?? (isOnly ? fields[0] : undefined);
      if (field === undefined) {
        const names = fields.map((one) => one.name).join(', ');
        return { ok: false, message: `value set '${name}' has no field '${written}': ${names}` };
      }
      const match = matchOf(field, value);
      if (!match.ok) return match;
      if (match.value !== null) member.push(match.value);
    }
    const valueSetId = preamble?.id ?? 0;
    const members = [...(this.#valueSets.get(valueSetId) ?? []), member];
    this.#valueSets.set(valueSetId, members);
    const value = { valueSetId, members: members.map((match) => ({ match })) };
    return { ok: true, value: [update(MODIFY, { case: 'valueSetEntry', value })] };
  }

  #setDefault({ table: name, action }: Statement<'setDefault'>): Found<Update[]> {
    const table = this.#table(name);
    if (!table.ok) return table;
    const call = this.#action(table.value, action);
    if (!call.ok) return call;
    const { members, reference } = this.#referenceOf(table.value, call.value);
    const tableId = table.value.preamble?.id ?? 0;
    const value = { tableId, isDefaultAction: true, action: reference };
    return { ok: true, value: [...members, update(MODIFY, { case: 'tableEntry', value })] };
  }

  #action(table: Table, { name, args }: StfAction): Found<MessageInitShape<typeof ActionSchema>> {
    const action = findAction(this.info, table, name);
    if (!action.ok) return action;
    const params: { paramId: number; value: Uint8Array }[] = [];
    for (const { name: written, value } of args) {
      const param = action.value.params.find((one) => one.name === written);
      if (param === undefined) {
        return { ok: false, message: `action '${name}' has no parameter '${written}'` };
      }
      params.push({ paramId: param.id, value: encodeBytestring(value) });
    }
    return { ok: true, value: { actionId: action.value.preamble?.id ?? 0, params } };
  }

  /** A group with all of its nodes' ports. */
  #groupUpdate(type: Update_Type, group: number): Update {
    const value = { multicastGroupId: group, replicas: this.#replicas(group) };
    return update(type, {
      case: 'packetReplicationEngineEntry',
      value: { type: { case: 'multicastGroupEntry', value } },
    });
  }

  #replicas(group: number): { portKind: PortInit; instance: number }[] {
    return this.#nodes
      .filter(({ groups }) => groups.has(group))
      .flatMap(({ instance, ports }) => ports.map((port) => replica(port, instance)));
  }

  #groupCreate(group: number): Found<Update[]> {
    this.#groups.add(group);
    return { ok: true, value: [this.#groupUpdate(INSERT, group)] };
  }

  #nodeUpdate({ node: handle, ports }: Statement<'nodeUpdate'>): Found<Update[]> {
    const node = this.#nodes[handle];
    if (node === undefined) return noNode(handle);
    node.ports = ports;
    return { ok: true, value: [...node.groups].flatMap((group) => this.#changed(group)) };
  }

  #nodeAssociate({ group, node: handle }: Statement<'nodeAssociate'>): Found<Update[]> {
    const node = this.#nodes[handle];
    if (node === undefined) return noNode(handle);
    if (!this.#groups.has(group)) return { ok: false, message: `there is no group ${group}` };
    node.groups.add(group);
    return { ok: true, value: this.#changed(group) };
  }

  /** The group, and the sessions that mirror to it. */
  #changed(group: number): Update[] {
    const sessions = [...this.#sessions].filter(([, to]) => 'group' in to && to.group === group);
    return [
      this.#groupUpdate(MODIFY, group),
      ...sessions.map(([session]) => this.#sessionUpdate(MODIFY, session)),
    ];
  }

  #mirror(
    statement: Statement<'mirrorToPort' | 'mirrorToGroup' | 'mirrorDelete'>,
  ): Found<Update[]> {
    const { session } = statement;
    const type = this.#sessions.has(session) ? MODIFY : INSERT;
    if (statement.kind === 'mirrorDelete') {
      const deleted = this.#sessionUpdate(DELETE, session);
      this.#sessions.delete(session);
      return { ok: true, value: [deleted] };
    }
    this.#sessions.set(
      session,
      statement.kind === 'mirrorToPort' ? { port: statement.port } : { group: statement.group },
    );
    return { ok: true, value: [this.#sessionUpdate(type, session)] };
  }

  #sessionUpdate(type: Update_Type, session: number): Update {
    const to = this.#sessions.get(session);
    const replicas =
      to === undefined ? [] : 'port' in to ? [replica(to.port, 0)] : this.#replicas(to.group);
    const value = { sessionId: session, replicas };
    return update(type, {
      case: 'packetReplicationEngineEntry',
      value: { type: { case: 'cloneSessionEntry', value } },
    });
  }

  #cell(statement: Statement<'counterWrite' | 'registerWrite' | 'registerReset'>): Found<Update[]> {
    if (statement.kind === 'counterWrite') {
      const counter = findByPreamble(this.info.counters, statement.name, 'counter');
      if (!counter.ok) return counter;
      const { index, packets, octets } = statement;
      const value = {
        counterId: counter.value.preamble?.id ?? 0,
        index: { index },
        data: { packetCount: packets, byteCount: octets },
      };
      return { ok: true, value: [update(MODIFY, { case: 'counterEntry', value })] };
    }
    const register = findByPreamble(this.info.registers, statement.name, 'register');
    if (!register.ok) return register;
    const registerId = register.value.preamble?.id ?? 0;
    const isReset = statement.kind === 'registerReset';
    const bitstring = encodeBytestring(isReset ? 0n : statement.value);
    const data = { data: { case: 'bitstring' as const, value: bitstring } };
    const value = isReset
      ? { registerId, data }
      : { registerId, index: { index: statement.index }, data };
    return { ok: true, value: [update(MODIFY, { case: 'registerEntry', value })] };
  }

  #meter({ name, index, rates }: Statement<'meterWrite'>): Found<Update[]> {
    const meter = findByPreamble(this.info.meters, name, 'meter');
    if (!meter.ok) return meter;
    const meterId = meter.value.preamble?.id ?? 0;
    const config = configOf(rates);
    const value = index === null ? { meterId, config } : { meterId, index: { index }, config };
    return { ok: true, value: [update(MODIFY, { case: 'meterEntry', value })] };
  }
}

type TableActionInit = NonNullable<
  (EntityInit & { readonly case: 'tableEntry' })['value']['action']
>;
type PortInit = { readonly case: 'port'; readonly value: Uint8Array };

const PRIORITIZED = new Set([MatchType.TERNARY, MatchType.RANGE, MatchType.OPTIONAL]);

function replica(port: number, instance: number): { portKind: PortInit; instance: number } {
  return { portKind: { case: 'port', value: encodeBytestring(port) }, instance };
}

function noNode(node: number): Found<never> {
  return { ok: false, message: `there is no node ${node}: mc_node_create counts them from 0` };
}

function configOf({ committed, peak }: StfRates) {
  return { cir: committed.rate, cburst: committed.burst, pir: peak.rate, pburst: peak.burst };
}

function matchesOf(
  table: Table,
  matches: readonly StfMatch[],
): Found<MessageInitShape<typeof FieldMatchSchema>[]> {
  const found: MessageInitShape<typeof FieldMatchSchema>[] = [];
  for (const { name, value } of matches) {
    const field = findMatchField(table, name);
    if (!field.ok) return field;
    const match = matchOf(field.value, value);
    if (!match.ok) return match;
    if (match.value !== null) found.push(match.value);
  }
  return { ok: true, value: found };
}
