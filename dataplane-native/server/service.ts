/**
 * The P4Runtime service of one device, without gRPC: requests in, outcomes out. `server.ts` puts it on
 * a socket.
 */
import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import type {
  CapabilitiesRequest,
  CapabilitiesResponse,
  Entity,
  GetForwardingPipelineConfigRequest,
  GetForwardingPipelineConfigResponse,
  PacketOut,
  ReadRequest,
  SetForwardingPipelineConfigRequest,
} from '#protos/p4/v1/p4runtime_pb';
import {
  CapabilitiesResponseSchema,
  GetForwardingPipelineConfigResponseSchema,
  WriteRequest_Atomicity as Atomicity,
} from '#protos/p4/v1/p4runtime_pb';
import type { DigestClock } from './session/digest.js';
import { Digests } from './session/digest.js';
import type { EngineMessage, EnginePort } from './engine-port.js';
import type { ItemStatus, Outcome } from './errors.js';
import { DONE, done, fail, fromEngine, notFound } from './errors.js';
import { IdleTimeouts } from './session/idle-timeouts.js';
import { asksForLinks, linkNotice } from './session/link-notices.js';
import { decodePacketIn, encodePacketOut } from './session/packet-io.js';
import type { PipelineBuilder } from './config/pipeline-config.js';
import { Pipelines } from './config/pipeline-config.js';
import type { StartedRead } from './read.js';
import { startRead } from './read.js';
import type { RoleScope } from './session/role-config.js';
import { mayReadEntity } from './session/role-config.js';
import type { ForwardingState } from './state/state.js';
import type { StreamCounts } from './session/stream.js';
import { StreamClients } from './session/stream.js';
import type { PipelineLayout } from '#compiler/layout';
import { namedPorts, unnamedPorts } from './program/translation.js';
import { ChangeQueue } from './write/change-queue.js';
import type { WriteBatch } from './write/write-request.js';
import { MAX_UPDATES } from './write/write-request.js';

export const P4RUNTIME_API_VERSION = '1.5.0';

const CLIENTS_PER_ROLE = 128;
const ROLES = 64;

/** Protobuf lets numbers in that the enum does not have. */
const ATOMICITIES: ReadonlySet<Atomicity> = new Set([
  Atomicity.CONTINUE_ON_ERROR,
  Atomicity.ROLLBACK_ON_ERROR,
  Atomicity.DATAPLANE_ATOMIC,
]);

/** Updates of a DATAPLANE_ATOMIC batch: frames wait for all of them, less than a microsecond for each
 * plain insert, and some 30 us for whatever goes alone. */
const MAX_ATOMIC_UPDATES = 4096;

export interface ServiceOptions {
  /** Never 0, which stands for "not set". */
  readonly deviceId: bigint;
  readonly cpuPort: number;
  readonly engine: EnginePort;
  readonly builder: PipelineBuilder;
  readonly clock: DigestClock;
  /** Which ports' links are up, by number; without it nobody is told. */
  readonly links?: () => ReadonlyMap<number, boolean>;
  /** The device's ports, with their names for programs whose port type is translated to strings.
   * Without it any port may be there, and none has a name. */
  readonly portNames?: () => ReadonlyMap<number, string>;
  /** Told when an assertion of the program failed for a frame from this port: of many, of some. */
  readonly onAssertion?: (assertion: string, port: number) => void;
}

export interface ServiceCounts extends StreamCounts {
  readonly writes: number;
  readonly failedUpdates: number;
  readonly packetOuts: number;
  /** Frames to the CPU port that are shorter than the packet_in header, or came without primary. */
  readonly unusablePacketIns: number;
  readonly unwantedDigests: number;
}

export interface CurrentRead extends StartedRead {
  /** The pipeline is still the one that is read from: no more can be read of another. */
  readonly isCurrent: () => boolean;
}

/** Who wants to write. */
type Sender = Pick<SetForwardingPipelineConfigRequest, 'deviceId' | 'role' | 'electionId'>;

/** Without a scope, everything. */
function* inScope(scope: RoleScope | null, entities: Iterable<Entity>): Generator<Entity> {
  for (const entity of entities) {
    if (scope === null || mayReadEntity(scope, entity)) yield entity;
  }
}

/** See the file's comment. */
export class P4RuntimeService {
  readonly streams: StreamClients;
  readonly #options: ServiceOptions;
  readonly #pipelines: Pipelines;
  readonly #digests: Digests;
  readonly #idleTimeouts: IdleTimeouts;
  readonly #changes = new ChangeQueue((role) => this.streams.written(role));
  #writes = 0;
  #failedUpdates = 0;
  #packetOuts = 0;
  #unusablePacketIns = 0;

  constructor(options: ServiceOptions) {
    const { engine, builder, cpuPort, clock, deviceId } = options;
    this.#options = options;
    const { portNames } = options;
    const ports = portNames === undefined ? unnamedPorts(cpuPort) : namedPorts(cpuPort, portNames);
    this.#pipelines = new Pipelines(engine, builder, ports, this.#changes);
    this.#digests = new Digests(clock, (list, octets) => this.streams.sendDigest(list, octets));
    this.#idleTimeouts = new IdleTimeouts(clock, (table, idle) =>
      this.streams.sendIdle(table, idle),
    );
    const limits = { deviceId, clientsPerRole: CLIENTS_PER_ROLE, roles: ROLES };
    this.streams = new StreamClients(limits, {
      packetOut: (packet) => this.#packetOut(packet),
      other: (message) => this.#watchLinks(message),
      digestAck: (ack) => this.#digests.acknowledge(ack),
      primariesChanged: () => this.#digests.clear(),
      isWriting: (role) => this.#changes.isChanging(role),
    });
    engine.onMessage((message) => this.#receive(message));
  }

  /** The name of the program that runs; null without one. */
  get program(): string | null {
    return this.layout?.program ?? null;
  }

  /** What the engine's numbers mean; null without a program. */
  get layout(): PipelineLayout | null {
    return this.#pipelines.committedState?.program.layout ?? null;
  }

  /** The status of each update; an error where none was tried. Its sender must be the primary when it
   * comes, and still when its turn has come. */
  async write(batch: WriteBatch): Promise<Outcome<ItemStatus[]>> {
    const { role, atomicity } = batch.request;
    const accepted = this.#acceptWriter(batch.request);
    if (!accepted.ok) return accepted;
    const isAlone = atomicity === Atomicity.ROLLBACK_ON_ERROR;
    return this.#changes.run({ role, isAlone }, () => this.#write(batch));
  }

  async #write({ request, updates }: WriteBatch): Promise<Outcome<ItemStatus[]>> {
    const accepted = this.#acceptWriter(request);
    if (!accepted.ok) return accepted;
    const state = this.#requirePipeline();
    if (!state.ok) return state;
    const { atomicity } = request;
    if (!ATOMICITIES.has(atomicity)) return fail(status.INVALID_ARGUMENT, 'unknown atomicity');
    if (atomicity === Atomicity.DATAPLANE_ATOMIC && updates.length > MAX_ATOMIC_UPDATES) {
      const message = `a DATAPLANE_ATOMIC batch has ${MAX_ATOMIC_UPDATES} updates at most, since frames wait for it; this one has ${updates.length}`;
      return fail(status.RESOURCE_EXHAUSTED, message);
    }
    if (updates.length > MAX_UPDATES) {
      const message = `a batch has ${MAX_UPDATES} updates at most`;
      return fail(status.RESOURCE_EXHAUSTED, message);
    }
    const statuses = await this.#pipelines.writeInTurns(
      state.value,
      updates,
      atomicity,
      accepted.value,
    );
    this.#writes += 1;
    this.#failedUpdates += statuses.filter((item) => item !== null).length;
    return done(statuses);
  }

  read(request: ReadRequest): Outcome<CurrentRead> {
    const device = this.#checkDevice(request.deviceId);
    if (!device.ok) return device;
    const state = this.#requirePipeline();
    if (!state.ok) return state;
    const { entities, statuses } = startRead(state.value, request.entities);
    const scope = this.streams.scopeOfRole(request.role);
    const isCurrent = () => this.#pipelines.currentState === state.value;
    return done({ entities: inScope(scope, entities), statuses, isCurrent });
  }

  async setForwardingPipelineConfig(
    request: SetForwardingPipelineConfigRequest,
  ): Promise<Outcome<void>> {
    const accepted = this.#acceptWriter(request);
    if (!accepted.ok) return accepted;
    if (accepted.value?.pipeline === false) {
      return fail(status.PERMISSION_DENIED, 'the role may not set the pipeline');
    }
    const set = await this.#pipelines.set(
      request.action,
      request.config,
      () => this.#acceptWriter(request).ok,
    );
    this.#digests.setState(this.#pipelines.committedState);
    this.#idleTimeouts.setState(this.#pipelines.committedState);
    return set;
  }

  getForwardingPipelineConfig(
    request: GetForwardingPipelineConfigRequest,
  ): Outcome<GetForwardingPipelineConfigResponse> {
    const device = this.#checkDevice(request.deviceId);
    if (!device.ok) return device;
    const response = create(GetForwardingPipelineConfigResponseSchema);
    const config = this.#pipelines.get(request.responseType);
    if (config !== undefined) response.config = config;
    return done(response);
  }

  capabilities(request: CapabilitiesRequest): Outcome<CapabilitiesResponse> {
    const device = request.deviceId === 0n ? DONE : this.#checkDevice(request.deviceId);
    if (!device.ok) return device;
    const p4runtimeApiVersion = P4RUNTIME_API_VERSION;
    return done(create(CapabilitiesResponseSchema, { p4runtimeApiVersion }));
  }

  counts(): ServiceCounts {
    return {
      ...this.streams.counts(),
      writes: this.#writes,
      failedUpdates: this.#failedUpdates,
      packetOuts: this.#packetOuts,
      unusablePacketIns: this.#unusablePacketIns,
      unwantedDigests: this.#digests.unwanted,
    };
  }

  close(): void {
    this.#digests.close();
    this.#idleTimeouts.close();
  }

  #checkDevice(deviceId: bigint): Outcome<void> {
    return deviceId === this.#options.deviceId
      ? DONE
      : notFound(`no device has the id ${deviceId}`);
  }

  #acceptWriter(request: Sender): Outcome<RoleScope> {
    const device = this.#checkDevice(request.deviceId);
    return device.ok ? this.streams.authorize(request.role, request.electionId) : device;
  }

  #requirePipeline(): Outcome<ForwardingState> {
    const state = this.#pipelines.currentState;
    return state === null
      ? fail(status.FAILED_PRECONDITION, 'no forwarding pipeline config is set')
      : done(state);
  }

  #packetOut(packet: PacketOut): Outcome<void> {
    const state = this.#pipelines.committedState;
    if (state === null) {
      return fail(status.FAILED_PRECONDITION, 'no forwarding pipeline config is set');
    }
    const frame = encodePacketOut(state.program.packetOut, packet);
    if (!frame.ok) return frame;
    const sent = this.#options.engine.packetOut(frame.value);
    if (!sent.ok) return fromEngine(sent.error);
    this.#packetOuts += 1;
    return DONE;
  }

  #receive(message: EngineMessage): void {
    switch (message.kind) {
      case 'packetIn': {
        const state = this.#pipelines.committedState;
        const packet = decodePacketIn(state?.program.packetIn ?? null, message.frame);
        if (packet.ok && this.streams.hasPrimary) this.streams.sendPacketIn(packet.value);
        else this.#unusablePacketIns += 1;
        return;
      }
      case 'digest':
        this.#digests.receive(message.list, message.words, this.streams.hasPrimary);
        return;
      case 'portStatus':
        this.#tellLinks();
        return;
      case 'assertion': {
        const assertion = this.layout?.assertions[message.index] ?? 'an assertion';
        this.#options.onAssertion?.(assertion, message.port);
        return;
      }
    }
  }

  #watchLinks(message: Any): Any | null {
    const { links } = this.#options;
    return links !== undefined && asksForLinks(message) ? linkNotice(links()) : null;
  }

  #tellLinks(): void {
    const { links } = this.#options;
    if (links !== undefined) this.streams.sendNotice(linkNotice(links()));
  }
}
