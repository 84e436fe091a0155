/** A switch without a dataplane on a loopback port, and controllers that talk to it. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { create, fromBinary } from '@bufbuild/protobuf';
import { anyUnpack, type Any } from '@bufbuild/protobuf/wkt';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { Client, credentials, status } from '@grpc/grpc-js';
import { grpcDefinition } from '#p4rt/service';
import { StatusSchema } from '#protos/google/rpc/status_pb';
import type {
  Entity,
  EntitySchema,
  ForwardingPipelineConfig,
  ForwardingPipelineConfigSchema,
  MasterArbitrationUpdate,
  StreamMessageRequest,
  StreamMessageResponse,
  TableEntry,
  TableEntrySchema,
} from '#protos/p4/v1/p4runtime_pb';
import {
  CapabilitiesRequestSchema,
  ErrorSchema,
  GetForwardingPipelineConfigRequest_ResponseType as ResponseType,
  GetForwardingPipelineConfigRequestSchema,
  P4Runtime,
  ReadRequestSchema,
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
  SetForwardingPipelineConfigRequestSchema,
  StreamMessageRequestSchema,
  Update_Type,
  WriteRequest_Atomicity as Atomicity,
  WriteRequestSchema,
} from '#protos/p4/v1/p4runtime_pb';
import type { EnginePort } from '#server/engine-port';
import { done, invalid } from '#server/errors';
import type { BuiltPipeline, PipelineBuilder } from '#server/config/pipeline-config';
import { startServer } from '#server/server';
import { P4RuntimeService } from '#server/service';
import { failure } from './conformance/deviation.js';
import { LAYOUT, p4info } from './fixture-program.js';
import { MemoryEngine } from './memory-engine.js';
import { loadRows } from './native-rows.js';

const RPC = grpcDefinition(P4Runtime);

export const DEVICE_ID = 1n;
export const CPU_PORT = 510;

export type EntityInit = NonNullable<MessageInitShape<typeof EntitySchema>['entity']>;
export type TableEntryInit = Exclude<MessageInitShape<typeof TableEntrySchema>, TableEntry>;
type ConfigInit = MessageInitShape<typeof ForwardingPipelineConfigSchema>;
type StreamUpdate = NonNullable<MessageInitShape<typeof StreamMessageRequestSchema>['update']>;

/** Takes `fixture-N` for a JSON, and refuses anything else as the compiler would. */
const fixtureBuilder: PipelineBuilder = {
  build: (deviceConfig) => {
    const text = Buffer.from(deviceConfig).toString();
    if (!text.startsWith('fixture')) {
      return Promise.resolve(invalid('p4_device_config: NOT_JSON at line 1'));
    }
    const built: BuiltPipeline = { sharedObject: `/cache/${text}.so`, layout: LAYOUT };
    return Promise.resolve(done(built));
  },
};

export const CONFIG: ConfigInit = {
  p4info: p4info(),
  p4DeviceConfig: Buffer.from('fixture-1'),
  cookie: { cookie: 42n },
};

/** "OK", or the status's name; for a batch the name of each item. */
export type Answer = string | string[];

function answerOf(error: ServiceError | null): Answer {
  if (error === null) return 'OK';
  const [octets] = error.metadata.get('grpc-status-details-bin');
  if (octets === undefined) return status[error.code];
  const rpc = fromBinary(StatusSchema, octets as Buffer);
  if (rpc.details.length === 0) return status[error.code];
  return rpc.details.map((detail) => {
    const item = anyUnpack(detail, ErrorSchema);
    return item === undefined ? 'not a p4.v1.Error' : (status[item.canonicalCode] ?? '?');
  });
}

/** What an RPC says of its end: gRPC's own words, and those of google.rpc.Status. */
export interface WholeStatus {
  readonly codes: readonly [grpc: number, rpc: number | null];
  readonly messages: readonly [grpc: string, rpc: string];
  /** One for each item of a batch. */
  readonly items: readonly string[];
}

function wholeStatus(error: ServiceError | null): WholeStatus {
  const [octets] = error?.metadata.get('grpc-status-details-bin') ?? [];
  const rpc = octets === undefined ? null : fromBinary(StatusSchema, octets as Buffer);
  const items = error === null || rpc === null ? [] : answerOf(error);
  return {
    codes: [error?.code ?? status.OK, rpc?.code ?? null],
    messages: [error?.details ?? '', rpc?.message ?? ''],
    items: Array.isArray(items) ? items : [],
  };
}

export interface Arbitration {
  readonly deviceId?: bigint;
  /** Null: unset. */
  readonly electionId?: bigint | null;
  readonly role?: string;
  readonly roleConfig?: Any;
}

/** One controller with its stream. */
export class Controller {
  readonly #client: Client;
  readonly #electionId: bigint;
  #stream: ClientDuplexStream<StreamMessageRequest, StreamMessageResponse> | null = null;
  #lastCall: { cancel(): void } | null = null;
  readonly #heard: StreamMessageResponse[] = [];
  #wake: () => void = () => undefined;
  #ended: Answer | null = null;
  /** The text of the last error. */
  lastError = '';

  constructor(port: number, electionId: bigint) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      // A connection of its own, as clients in different processes have.
      'grpc.use_local_subchannel_pool': 1,
    });
    this.#electionId = electionId;
  }

  get electionId() {
    return { high: 0n, low: this.#electionId };
  }

  says(update: StreamUpdate): void {
    this.#open().write(create(StreamMessageRequestSchema, { update }));
  }

  arbitrates(more: Arbitration = {}): void {
    const { deviceId = DEVICE_ID, electionId = this.#electionId, role, roleConfig } = more;
    const config = roleConfig === undefined ? {} : { config: roleConfig };
    const value = {
      deviceId,
      ...(electionId === null ? {} : { electionId: { high: 0n, low: electionId } }),
      ...(role === undefined ? {} : { role: { name: role, ...config } }),
    };
    this.says({ case: 'arbitration', value });
  }

  /** The next message on the stream, or how it ended. */
  async hears(timeoutMs = 5000): Promise<StreamMessageResponse['update'] | Answer> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const message = this.#heard.shift();
      if (message !== undefined) return message.update;
      if (this.#ended !== null) return this.#ended;
      const left = deadline - Date.now();
      if (left <= 0) return 'nothing';
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The next arbitration message; throws at anything else. */
  async hearsUpdate(timeoutMs = 5000): Promise<MasterArbitrationUpdate> {
    const update = await this.hears(timeoutMs);
    if (typeof update !== 'string' && !Array.isArray(update) && update.case === 'arbitration') {
      return update.value;
    }
    const what = typeof update === 'string' || Array.isArray(update) ? update : update.case;
    throw failure(`no arbitration update, but ${String(what)}`);
  }

  /** The status of the next arbitration message. */
  async hearsArbitration(): Promise<string> {
    const update = await this.hears();
    if (typeof update === 'string' || Array.isArray(update)) return `ended: ${String(update)}`;
    if (update.case !== 'arbitration') return `another message: ${update.case ?? 'none'}`;
    return status[update.value.status?.code ?? -1] ?? '?';
  }

  /** Stops reading the stream, as a client that hangs does. */
  stopsReading(): void {
    this.#open().pause();
  }

  readsAgain(): void {
    this.#open().resume();
  }

  async becomesPrimary(): Promise<this> {
    this.arbitrates();
    const heard = await this.hearsArbitration();
    if (heard !== 'OK') throw failure(`not the primary: ${heard}`);
    return this;
  }

  writes(
    type: Update_Type,
    entities: readonly EntityInit[],
    more: { electionId?: bigint; role?: string; atomicity?: Atomicity; deviceId?: bigint } = {},
  ): Promise<Answer> {
    const request = create(WriteRequestSchema, {
      deviceId: more.deviceId ?? DEVICE_ID,
      electionId: { high: 0n, low: more.electionId ?? this.#electionId },
      role: more.role ?? '',
      atomicity: more.atomicity ?? Atomicity.CONTINUE_ON_ERROR,
      updates: entities.map((entity) => ({ type, entity: { entity } })),
    });
    return this.#unary(RPC.write, request).then(({ answer }) => answer);
  }

  /** The whole status of a write of the default role. */
  async statusOf(type: Update_Type, entities: readonly EntityInit[]): Promise<WholeStatus> {
    const request = create(WriteRequestSchema, {
      deviceId: DEVICE_ID,
      electionId: this.electionId,
      updates: entities.map((entity) => ({ type, entity: { entity } })),
    });
    const { error } = await this.#unary(RPC.write, request);
    return wholeStatus(error ?? null);
  }

  /** Writes one table entry; the answer of its update. */
  async entry(type: Update_Type, value: TableEntryInit): Promise<string> {
    const answer = await this.writes(type, [{ case: 'tableEntry', value }]);
    return Array.isArray(answer) ? (answer[0] ?? '?') : answer;
  }

  inserts = (value: TableEntryInit) => this.entry(Update_Type.INSERT, value);
  modifies = (value: TableEntryInit) => this.entry(Update_Type.MODIFY, value);
  deletes = (value: TableEntryInit) => this.entry(Update_Type.DELETE, value);

  reads(
    requests: readonly EntityInit[],
    deviceId = DEVICE_ID,
    role = '',
  ): Promise<{ entities: Entity[]; answer: Answer }> {
    const entities = requests.map((entity) => ({ entity }));
    const request = create(ReadRequestSchema, { deviceId, role, entities });
    const { path, requestSerialize, responseDeserialize } = RPC.read;
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
    );
    const read: Entity[] = [];
    return new Promise((resolve) => {
      call.on('data', (response: { entities: Entity[] }) => read.push(...response.entities));
      call.on('error', (error: ServiceError) =>
        resolve({ entities: read, answer: this.#note(error) }),
      );
      call.on('end', () => setImmediate(() => resolve({ entities: read, answer: 'OK' })));
    });
  }

  sets(
    action: ConfigAction,
    config: ConfigInit | null = CONFIG,
    electionId = this.#electionId,
    more: { deviceId?: bigint; role?: string } = {},
  ): Promise<Answer> {
    const request = create(SetForwardingPipelineConfigRequestSchema, {
      deviceId: more.deviceId ?? DEVICE_ID,
      role: more.role ?? '',
      electionId: { high: 0n, low: electionId },
      action,
      ...(config === null ? {} : { config }),
    });
    return this.#unary(RPC.setForwardingPipelineConfig, request).then(({ answer }) => answer);
  }

  commits(config: ConfigInit = CONFIG): Promise<Answer> {
    return this.sets(ConfigAction.VERIFY_AND_COMMIT, config);
  }

  async gets(
    responseType = ResponseType.ALL,
    deviceId = DEVICE_ID,
  ): Promise<ForwardingPipelineConfig | undefined | Answer> {
    const request = create(GetForwardingPipelineConfigRequestSchema, { deviceId, responseType });
    const { answer, response } = await this.#unary(RPC.getForwardingPipelineConfig, request);
    return response === undefined ? answer : response.config;
  }

  async asksCapabilities(deviceId = 0n): Promise<string> {
    const request = create(CapabilitiesRequestSchema, { deviceId });
    const { answer, response } = await this.#unary(RPC.capabilities, request);
    return response?.p4runtimeApiVersion ?? String(answer);
  }

  leaves(): void {
    this.#stream?.end();
  }

  hangsUp(): void {
    this.#client.close();
  }

  /** As a process that ends in the middle of things. */
  dies(): void {
    this.#stream?.cancel();
    this.#lastCall?.cancel();
    this.hangsUp();
  }

  #open(): ClientDuplexStream<StreamMessageRequest, StreamMessageResponse> {
    if (this.#stream !== null) return this.#stream;
    const { path, requestSerialize, responseDeserialize } = RPC.streamChannel;
    const stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    stream.on('data', (message: StreamMessageResponse) => {
      this.#heard.push(message);
      this.#wake();
    });
    stream.on('error', (error: ServiceError) => {
      this.#ended = this.#note(error);
      this.#wake();
    });
    stream.on('end', () => {
      setImmediate(() => {
        this.#ended ??= 'OK';
        this.#wake();
      });
    });
    this.#stream = stream;
    return stream;
  }

  #unary<Q, R>(
    rpc: {
      path: string;
      requestSerialize: (value: Q) => Buffer;
      responseDeserialize: (octets: Buffer) => R;
    },
    request: Q,
  ): Promise<{ answer: Answer; response?: R | undefined; error?: ServiceError | null }> {
    const { path, requestSerialize, responseDeserialize } = rpc;
    return new Promise((resolve) => {
      this.#lastCall = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        (error: ServiceError | null, response?: R) => {
          resolve({ answer: error === null ? 'OK' : this.#note(error), response, error });
        },
      );
    });
  }

  #note(error: ServiceError): Answer {
    this.lastError = error.details;
    return answerOf(error);
  }
}

export interface TestSwitch<E extends EnginePort = MemoryEngine> {
  readonly engine: E;
  readonly service: P4RuntimeService;
  readonly port: number;
  /** Which links are up, as the switch would find them. */
  readonly links: Map<number, boolean>;
  /** What the switch would have logged of assertions that failed: which, and by which port. */
  readonly failedAssertions: readonly (readonly [string, number])[];
  /** A controller that has not said anything yet. */
  readonly controller: (electionId?: bigint) => Controller;
  readonly close: () => Promise<void>;
}

/** Starts a switch without a dataplane and without a pipeline. */
export async function startSwitch(builder: PipelineBuilder = fixtureBuilder): Promise<TestSwitch> {
  return serve(new MemoryEngine(LAYOUT, await loadRows()), builder);
}

/** Starts a server over any engine. */
export async function serve<E extends EnginePort>(
  engine: E,
  builder: PipelineBuilder,
  portNames: ReadonlyMap<number, string> = new Map(),
): Promise<TestSwitch<E>> {
  const links = new Map<number, boolean>();
  const failedAssertions: (readonly [string, number])[] = [];
  const service = new P4RuntimeService({
    links: () => links,
    portNames: () => portNames,
    onAssertion: (assertion, port) => failedAssertions.push([assertion, port]),
    deviceId: DEVICE_ID,
    cpuPort: CPU_PORT,
    engine,
    builder,
    clock: {
      steadyNs: () => process.hrtime.bigint(),
      wallNs: () => BigInt(Date.now()) * 1_000_000n,
      after: (delayMs, callback) => {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    },
  });
  const bugs: unknown[] = [];
  const started = await startServer(service, { host: '127.0.0.1', port: 0 }, (error) =>
    bugs.push(error),
  );
  if (!started.ok) throw new Error(started.error.message);
  const controllers: Controller[] = [];
  return {
    engine,
    service,
    links,
    failedAssertions,
    port: started.value.port,
    controller: (electionId = 1n) => {
      const controller = new Controller(started.value.port, electionId);
      controllers.push(controller);
      return controller;
    },
    close: async () => {
      for (const controller of controllers) controller.hangsUp();
      await started.value.close();
      if (bugs.length > 0) throw new Error(`the server met a bug: ${String(bugs[0])}`);
    },
  };
}
