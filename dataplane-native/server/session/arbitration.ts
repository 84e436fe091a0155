/**
 * Client arbitration (specification 1.5, section "Client Arbitration and Controller Replication") as
 * a pure state machine: one input in, the new state and the effects out. The caller performs the
 * effects in order, and feeds `disconnected` when a stream has ended, for whatever reason.
 *
 * A new primary waits for the Writes of the one before: that one's requests are accepted no more, the
 * others are told, and at `written` it is told itself, and accepted.
 */
import { status } from '@grpc/grpc-js';
import type { Outcome } from '../errors.js';
import type { RoleConfig, RoleScope } from './role-config.js';
import { claimedTwice } from './role-config.js';

export type ClientId = number;
/** 128 bits: high and low of the message. */
export type ElectionId = bigint;

export interface RoleState {
  /** The highest election id ever received, kept when its client has gone. */
  readonly highest: ElectionId | null;
  readonly primary: ClientId | null;
  /** The primary waits for Writes of the one before: it has not been told, and may do nothing yet. */
  readonly isWaiting: boolean;
  /** Live clients and the id of each; null where the client gave none. */
  readonly clients: ReadonlyMap<ClientId, ElectionId | null>;
  /** What its last primary said that it may do. */
  readonly scope: RoleScope;
}

export interface ArbitrationState {
  readonly roles: ReadonlyMap<string, RoleState>;
}

export interface ArbitrationLimits {
  readonly deviceId: bigint;
  readonly clientsPerRole: number;
  /** Roles are remembered for ever, since their highest id is. */
  readonly roles: number;
}

export type ArbitrationInput =
  | {
      readonly kind: 'update';
      readonly client: ClientId;
      readonly deviceId: bigint;
      readonly role: string;
      /** role.config, or what is wrong with it. */
      readonly config: Outcome<RoleScope>;
      readonly electionId: ElectionId | null;
      /** Writes of the role are under way; `written` comes at their end. */
      readonly isWriting: boolean;
    }
  | { readonly kind: 'disconnected'; readonly client: ClientId }
  | { readonly kind: 'written'; readonly role: string };

export type Standing = 'primary' | 'backup' | 'noPrimary';

export type ArbitrationEffect =
  | {
      readonly kind: 'notify';
      readonly client: ClientId;
      readonly role: string;
      readonly scope: RoleScope;
      readonly highest: ElectionId | null;
      readonly standing: Standing;
    }
  | {
      readonly kind: 'terminate';
      readonly client: ClientId;
      readonly code: status;
      readonly message: string;
    };

export interface ArbitrationStep {
  readonly state: ArbitrationState;
  readonly effects: readonly ArbitrationEffect[];
}

export const DEFAULT_ROLE = '';

export const NO_CLIENTS: ArbitrationState = { roles: new Map() };

const NEW_ROLE: RoleState = {
  highest: null,
  primary: null,
  isWaiting: false,
  clients: new Map(),
  scope: null,
};

/** What one input changes. */
export function arbitrate(
  state: ArbitrationState,
  limits: ArbitrationLimits,
  input: ArbitrationInput,
): ArbitrationStep {
  switch (input.kind) {
    case 'update':
      return update(state, limits, input);
    case 'disconnected':
      return disconnect(state, input.client);
    case 'written':
      return written(state, input.role);
  }
}

/** The role that a live client has, or null. */
export function roleOf(state: ArbitrationState, client: ClientId): string | null {
  for (const [name, role] of state.roles) if (role.clients.has(client)) return name;
  return null;
}

export function isPrimary(state: ArbitrationState, client: ClientId): boolean {
  return primaries(state).includes(client);
}

/** Whether a request under this role and id comes from the role's primary. */
export function mayWrite(
  state: ArbitrationState,
  roleName: string,
  electionId: ElectionId | null,
): boolean {
  const role = state.roles.get(roleName);
  const primary = role === undefined ? null : acceptedOf(role);
  if (role === undefined || primary === null || electionId === null) return false;
  return role.clients.get(primary) === electionId;
}

/** What a live client's role may do; undefined for a client that has none yet. */
export function scopeOf(state: ArbitrationState, client: ClientId): RoleScope | undefined {
  const name = roleOf(state, client);
  return name === null ? undefined : state.roles.get(name)?.scope;
}

export function primaries(state: ArbitrationState): ClientId[] {
  return [...state.roles.values()].map(acceptedOf).filter((primary) => primary !== null);
}

/** The primary, once it has been told that it is. */
function acceptedOf({ primary, isWaiting }: RoleState): ClientId | null {
  return isWaiting ? null : primary;
}

type Update = ArbitrationInput & { readonly kind: 'update' };

function update(
  state: ArbitrationState,
  limits: ArbitrationLimits,
  input: Update,
): ArbitrationStep {
  const refusal = refuse(state, limits, input);
  if (refusal !== null) {
    return { state, effects: [{ kind: 'terminate', client: input.client, ...refusal }] };
  }
  const role = state.roles.get(input.role) ?? NEW_ROLE;
  const clients = new Map(role.clients).set(input.client, input.electionId);
  const { electionId, client } = input;
  const becomesPrimary = electionId !== null && electionId >= (role.highest ?? 0n);
  if (becomesPrimary) {
    const scope = input.config.ok ? input.config.value : role.scope;
    const isWaiting = role.primary === client ? role.isWaiting : input.isWriting;
    const next: RoleState = { highest: electionId, primary: client, isWaiting, clients, scope };
    // The others first: the new primary may write as soon as it knows.
    const told = isWaiting ? [] : [client];
    return withRole(state, input.role, next, [...others(clients, client), ...told]);
  }
  const wasPrimary = role.primary === client;
  const next: RoleState = { ...(wasPrimary ? withoutPrimary(role) : role), clients };
  return withRole(state, input.role, next, wasPrimary ? [...clients.keys()] : [client]);
}

type Refusal = { readonly code: status; readonly message: string } | null;

/** The rules of section 5.3, in its order. */
function refuse(state: ArbitrationState, limits: ArbitrationLimits, input: Update): Refusal {
  const current = roleOf(state, input.client);
  const role = state.roles.get(input.role);
  const stream =
    current === null ? refuseDevice(limits, input) : refuseChange(limits, current, input);
  return (
    stream ??
    refuseElectionId(role, input) ??
    refuseConfig(state, input) ??
    (current === null ? refuseMore(state, limits, role) : null)
  );
}

function refuseDevice(limits: ArbitrationLimits, { deviceId }: Update): Refusal {
  if (deviceId === limits.deviceId) return null;
  return { code: status.NOT_FOUND, message: `no device has the id ${deviceId}` };
}

function refuseChange(limits: ArbitrationLimits, current: string, input: Update): Refusal {
  if (input.deviceId !== limits.deviceId) {
    const message = 'the device of a stream cannot change';
    return { code: status.FAILED_PRECONDITION, message };
  }
  if (input.role !== current) {
    const message = 'the role of a stream cannot change';
    return { code: status.FAILED_PRECONDITION, message };
  }
  return null;
}

function refuseElectionId(role: RoleState | undefined, input: Update): Refusal {
  for (const [client, electionId] of role?.clients ?? []) {
    if (client === input.client || electionId === null) continue;
    if (electionId === input.electionId) {
      const message = `election_id ${electionId} is used by another live client`;
      return { code: status.INVALID_ARGUMENT, message };
    }
  }
  return null;
}

function refuseConfig(state: ArbitrationState, { role, config }: Update): Refusal {
  if (!config.ok) return config.error;
  if (config.value === null) return null;
  if (role === DEFAULT_ROLE) {
    const message = 'role.config: the default role has the whole pipeline';
    return { code: status.INVALID_ARGUMENT, message };
  }
  const twice = claimedTwice(config.value, configsInForce(state, role));
  if (twice === null) return null;
  const message = `role.config: another role has the object with the id ${twice}`;
  return { code: status.INVALID_ARGUMENT, message };
}

/** Of the other roles that have a client. */
function configsInForce(state: ArbitrationState, except: string): RoleConfig[] {
  return [...state.roles].flatMap(([name, { scope, clients }]) =>
    name === except || scope === null || clients.size === 0 ? [] : [scope],
  );
}

function refuseMore(
  state: ArbitrationState,
  limits: ArbitrationLimits,
  role: RoleState | undefined,
): Refusal {
  if (role === undefined && state.roles.size >= limits.roles) {
    return { code: status.RESOURCE_EXHAUSTED, message: `at most ${limits.roles} roles` };
  }
  if (role !== undefined && role.clients.size >= limits.clientsPerRole) {
    const message = `at most ${limits.clientsPerRole} streams for one role`;
    return { code: status.RESOURCE_EXHAUSTED, message };
  }
  return null;
}

function disconnect(state: ArbitrationState, client: ClientId): ArbitrationStep {
  const name = roleOf(state, client);
  const role = name === null ? undefined : state.roles.get(name);
  if (name === null || role === undefined) return { state, effects: [] };
  const clients = new Map(role.clients);
  clients.delete(client);
  const wasPrimary = role.primary === client;
  const next = { ...(wasPrimary ? withoutPrimary(role) : role), clients };
  return withRole(state, name, next, wasPrimary ? [...clients.keys()] : []);
}

function withoutPrimary(role: RoleState): RoleState {
  return { ...role, primary: null, isWaiting: false };
}

/** Whoever is to be the primary by now, which may be another than the first who waited. */
function written(state: ArbitrationState, name: string): ArbitrationStep {
  const role = state.roles.get(name);
  if (role?.isWaiting !== true || role.primary === null) return { state, effects: [] };
  return withRole(state, name, { ...role, isWaiting: false }, [role.primary]);
}

function others(clients: RoleState['clients'], client: ClientId): ClientId[] {
  return [...clients.keys()].filter((other) => other !== client);
}

function withRole(
  state: ArbitrationState,
  name: string,
  role: RoleState,
  notified: readonly ClientId[],
): ArbitrationStep {
  const effects = notified.map((client): ArbitrationEffect => {
    const backup = role.primary === null ? 'noPrimary' : 'backup';
    const standing = client === role.primary ? 'primary' : backup;
    const { scope, highest } = role;
    return { kind: 'notify', client, role: name, scope, highest, standing };
  });
  return { state: { roles: new Map(state.roles).set(name, role) }, effects };
}
