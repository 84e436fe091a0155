/**
 * The stream channel (specification 1.5, sections "Client Arbitration" and "P4Runtime Stream
 * Messages"): its live clients, and what goes to and comes from them.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { StatusSchema } from '#protos/google/rpc/status_pb';
import type {
  DigestListAck,
  MasterArbitrationUpdate,
  PacketIn,
  PacketOut,
  StreamErrorSchema,
  StreamMessageRequest,
  StreamMessageResponse,
  Uint128,
} from '#protos/p4/v1/p4runtime_pb';
import {
  MasterArbitrationUpdateSchema,
  RoleSchema,
  StreamMessageResponseSchema,
  Uint128Schema,
} from '#protos/p4/v1/p4runtime_pb';
import type {
  ArbitrationEffect,
  ArbitrationInput,
  ArbitrationLimits,
  ArbitrationState,
  ClientId,
  Standing,
} from './arbitration.js';
import {
  arbitrate,
  DEFAULT_ROLE,
  isPrimary,
  mayWrite,
  NO_CLIENTS,
  primaries,
  scopeOf,
} from './arbitration.js';
import type { MessageKind, MessageSink, QueueCounts } from './client-queue.js';
import { ClientQueue } from './client-queue.js';
import type { Outcome, P4Error } from '../errors.js';
import { done, fail } from '../errors.js';
import type { RoleScope } from './role-config.js';
import { MAX_PAYLOAD_OCTETS } from './packet-io.js';
import { mayPass, ownsId, parseRoleConfig } from './role-config.js';

/** What a stream message asks of the rest of the server. */
export interface StreamHandlers {
  readonly packetOut: (packet: PacketOut) => Outcome<void>;
  readonly digestAck: (ack: DigestListAck) => Outcome<void>;
  /** An `other` message. Null: the server knows it not; else the answer, and more like it later. */
  readonly other: (message: Any) => Any | null;
  /** The primaries have changed; digests for the old ones are of no use any more. */
  readonly primariesChanged: () => void;
  /** Whether Writes of the role are under way; `written` is told of their end. */
  readonly isWriting: (role: string) => boolean;
}

/** One client's stream: where messages go, and how it is ended with an error. */
export interface ClientStream {
  readonly sink: MessageSink;
  readonly terminate: (error: P4Error) => void;
}

interface Client {
  readonly stream: ClientStream;
  readonly queue: ClientQueue;
  /** Wants what `other` messages tell. */
  isWatching: boolean;
}

const STANDING_CODES: Readonly<Record<Standing, status>> = {
  primary: status.OK,
  backup: status.ALREADY_EXISTS,
  noPrimary: status.NOT_FOUND,
};

const STANDING_MESSAGES: Readonly<Record<Standing, string>> = {
  primary: 'you are the primary',
  backup: 'another client is the primary',
  noPrimary: 'there is no primary',
};

/** The 128 bits of an election id; null when unset, which is not 0. */
export function electionIdOf(id: Uint128 | undefined): bigint | null {
  return id === undefined ? null : (id.high << 64n) | id.low;
}

export interface StreamCounts extends QueueCounts {
  clients: number;
  primaries: number;
}

/** Streams in all, those that have not arbitrated included. */
const MAX_STREAMS = 1024;

/** All streams of the one device. */
export class StreamClients {
  readonly #limits: ArbitrationLimits;
  readonly #handlers: StreamHandlers;
  readonly #clients = new Map<ClientId, Client>();
  readonly #gone: QueueCounts = {
    sent: 0,
    droppedPacketIns: 0,
    droppedDigests: 0,
    droppedErrors: 0,
  };
  #arbitration: ArbitrationState = NO_CLIENTS;
  #nextClient: ClientId = 1;

  constructor(limits: ArbitrationLimits, handlers: StreamHandlers) {
    this.#limits = limits;
    this.#handlers = handlers;
  }

  /** A new stream, live once it has arbitrated; null: there are too many already. */
  connect(stream: ClientStream): ClientId | null {
    if (this.#clients.size >= MAX_STREAMS) return null;
    const id = this.#nextClient;
    this.#nextClient += 1;
    const queue = new ClientQueue(stream.sink);
    this.#clients.set(id, { stream, queue, isWatching: false });
    return id;
  }

  /** The stream has ended, from whichever side. */
  disconnect(id: ClientId): void {
    const client = this.#clients.get(id);
    if (client === undefined) return;
    client.queue.close();
    addCounts(this.#gone, client.queue.counts);
    this.#clients.delete(id);
    this.#arbitrate({ kind: 'disconnected', client: id });
  }

  /** A message from a client. */
  receive(id: ClientId, request: StreamMessageRequest): void {
    const { update } = request;
    switch (update.case) {
      case 'arbitration':
        this.#arbitrate(this.#arbitrationInput(id, update.value));
        return;
      case 'packet': {
        const { metadata } = update.value;
        const result = this.#ifPrimary(
          id,
          (scope) => scope === null || mayPass(scope.packetOuts, metadata),
          () => this.#handlers.packetOut(update.value),
        );
        // One that is too long is not sent back as well.
        const isShort = update.value.payload.length <= MAX_PAYLOAD_OCTETS;
        const copy = isShort ? { packetOut: update.value } : {};
        const details = { case: 'packetOut', value: copy } as const;
        if (!result.ok) this.#sendError(id, result.error, details);
        return;
      }
      case 'digestAck': {
        const { digestId } = update.value;
        const result = this.#ifPrimary(
          id,
          (scope) => ownsId(scope, digestId),
          () => this.#handlers.digestAck(update.value),
        );
        const details = { case: 'digestListAck', value: { digestListAck: update.value } } as const;
        if (!result.ok) this.#sendError(id, result.error, details);
        return;
      }
      case 'other':
        if (this.#watch(id, update.value)) return;
        this.#refuseUnknown(id);
        return;
      case undefined:
      default:
        this.#refuseUnknown(id);
    }
  }

  /** The Writes of the role that were under way have ended. */
  written(role: string): void {
    this.#arbitrate({ kind: 'written', role });
  }

  #arbitrationInput(client: ClientId, update: MasterArbitrationUpdate): ArbitrationInput {
    const config = update.role?.config;
    const role = update.role?.name ?? DEFAULT_ROLE;
    return {
      kind: 'update',
      client,
      deviceId: update.deviceId,
      role,
      config: config === undefined ? done(null) : parseRoleConfig(config),
      electionId: electionIdOf(update.electionId),
      isWriting: this.#handlers.isWriting(role),
    };
  }

  #refuseUnknown(id: ClientId): void {
    const message = 'this server knows no such stream message';
    const details = { case: 'other', value: {} } as const;
    this.#sendError(id, { code: status.UNIMPLEMENTED, message }, details);
  }

  #watch(id: ClientId, message: Any): boolean {
    const client = this.#clients.get(id);
    const answer = client === undefined ? null : this.#handlers.other(message);
    if (client === undefined || answer === null) return false;
    client.isWatching = true;
    this.#send(id, { case: 'other', value: answer }, 'notice', 0);
    return true;
  }

  /** To every client that asked for what `other` messages tell, primary or not. */
  sendNotice(notice: Any): void {
    for (const [id, { isWatching }] of this.#clients) {
      if (isWatching) this.#send(id, { case: 'other', value: notice }, 'notice', 0);
    }
  }

  /** What a unary request's sender may do, if it is the primary of its role. */
  authorize(role: string, electionId: Uint128 | undefined): Outcome<RoleScope> {
    if (role !== DEFAULT_ROLE && !this.#arbitration.roles.has(role)) {
      return fail(status.NOT_FOUND, `no client has ever had the role '${role}'`);
    }
    return mayWrite(this.#arbitration, role, electionIdOf(electionId))
      ? { ok: true, value: this.scopeOfRole(role) }
      : fail(status.PERMISSION_DENIED, 'not the primary client');
  }

  /** What a role may do; one that nobody has had yet may do all. */
  scopeOfRole(role: string): RoleScope {
    return this.#arbitration.roles.get(role)?.scope ?? null;
  }

  get hasPrimary(): boolean {
    return primaries(this.#arbitration).length > 0;
  }

  sendPacketIn(packet: PacketIn): void {
    const octets = packet.payload.length + 64;
    this.#sendToPrimaries(
      { case: 'packet', value: packet },
      'packetIn',
      octets,
      (scope) => scope === null || mayPass(scope.packetIns, packet.metadata),
    );
  }

  sendDigest(value: MessageOf<'digest'>, octets: number): void {
    const { digestId } = value;
    this.#sendToPrimaries({ case: 'digest', value }, 'digest', octets, (scope) =>
      ownsId(scope, digestId),
    );
  }

  /** Like a digest, it may be dropped: it is told again after another timeout. */
  sendIdle(tableId: number, value: MessageOf<'idleTimeoutNotification'>): void {
    const octets = 128 * value.tableEntry.length;
    const update = { case: 'idleTimeoutNotification', value } as const;
    this.#sendToPrimaries(update, 'digest', octets, (scope) => ownsId(scope, tableId));
  }

  /** Counts over all clients, gone ones included. */
  counts(): StreamCounts {
    const total: StreamCounts = {
      ...this.#gone,
      clients: this.#clients.size,
      primaries: primaries(this.#arbitration).length,
    };
    for (const { queue } of this.#clients.values()) addCounts(total, queue.counts);
    return total;
  }

  #ifPrimary(
    id: ClientId,
    isInScope: (scope: RoleScope) => boolean,
    act: () => Outcome<void>,
  ): Outcome<void> {
    if (!isPrimary(this.#arbitration, id)) {
      return fail(status.PERMISSION_DENIED, 'only the primary client may send this');
    }
    if (isInScope(scopeOf(this.#arbitration, id) ?? null)) return act();
    return fail(status.PERMISSION_DENIED, 'this is not in the scope of the client’s role');
  }

  #arbitrate(input: ArbitrationInput): void {
    const before = primaries(this.#arbitration);
    const { state, effects } = arbitrate(this.#arbitration, this.#limits, input);
    this.#arbitration = state;
    const after = primaries(state);
    if (before.join() !== after.join()) this.#handlers.primariesChanged();
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: ArbitrationEffect): void {
    const client = this.#clients.get(effect.client);
    if (client === undefined) return;
    if (effect.kind === 'terminate') {
      client.stream.terminate(effect);
      return;
    }
    const value = create(MasterArbitrationUpdateSchema, {
      deviceId: this.#limits.deviceId,
      status: create(StatusSchema, {
        code: STANDING_CODES[effect.standing],
        message: STANDING_MESSAGES[effect.standing],
      }),
    });
    if (effect.role !== DEFAULT_ROLE) {
      const config = effect.scope === null ? {} : { config: effect.scope.message };
      value.role = create(RoleSchema, { name: effect.role, ...config });
    }
    if (effect.highest !== null) {
      const high = effect.highest >> 64n;
      value.electionId = create(Uint128Schema, { high, low: BigInt.asUintN(64, effect.highest) });
    }
    this.#send(effect.client, { case: 'arbitration', value }, 'arbitration', 0);
  }

  #sendToPrimaries(
    update: StreamMessageResponse['update'],
    kind: 'packetIn' | 'digest',
    octets: number,
    isInScope: (scope: RoleScope) => boolean,
  ): void {
    for (const client of primaries(this.#arbitration)) {
      const scope = scopeOf(this.#arbitration, client) ?? null;
      if (isInScope(scope)) this.#send(client, update, kind, octets);
    }
  }

  #sendError(id: ClientId, error: P4Error, details: StreamErrorDetails): void {
    const { code: canonicalCode, message } = error;
    const update = { case: 'error', value: { canonicalCode, message, details } } as const;
    const response = create(StreamMessageResponseSchema, { update });
    this.#send(id, response.update, 'error', 256);
  }

  #send(
    id: ClientId,
    update: StreamMessageResponse['update'],
    kind: MessageKind,
    octets: number,
  ): void {
    const client = this.#clients.get(id);
    if (client === undefined) return;
    const message = create(StreamMessageResponseSchema, { update });
    if (client.queue.send(message, kind, octets)) return;
    const why = 'the client does not read its stream';
    client.stream.terminate({ code: status.RESOURCE_EXHAUSTED, message: why });
  }
}

type MessageOf<C> = (StreamMessageResponse['update'] & { readonly case: C })['value'];
type StreamErrorDetails = NonNullable<MessageInitShape<typeof StreamErrorSchema>['details']>;

function addCounts(total: QueueCounts, more: QueueCounts): void {
  total.sent += more.sent;
  total.droppedPacketIns += more.droppedPacketIns;
  total.droppedDigests += more.droppedDigests;
  total.droppedErrors += more.droppedErrors;
}
