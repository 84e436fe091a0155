/**
 * A session with one P4Runtime device: keeps a stream, arbitrates, reconnects with backoff, and
 * offers Write, Read and the pipeline's Set and Get. What to do is decided in arbitration.ts.
 */
import { create } from '@bufbuild/protobuf';
import {
  Client,
  credentials,
  Metadata,
  type ChannelCredentials,
  type ClientDuplexStream,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  CapabilitiesRequestSchema,
  GetForwardingPipelineConfigRequestSchema,
  GetForwardingPipelineConfigRequest_ResponseType as ResponseType,
  P4Runtime,
  ReadRequestSchema,
  SetForwardingPipelineConfigRequestSchema,
  SetForwardingPipelineConfigRequest_Action as PipelineAction,
  StreamMessageRequestSchema,
  WriteRequestSchema,
  type DigestList,
  type Entity,
  type ForwardingPipelineConfig,
  type MasterArbitrationUpdate,
  type PacketIn,
  type PacketMetadata,
  type ReadRequest,
  type ReadResponse,
  type StreamError,
  type StreamMessageRequest,
  type StreamMessageResponse,
  type Update,
} from '#protos/p4/v1/p4runtime_pb';
import { failure, success, type Result } from '#units/result';
import {
  arbitrationStep,
  INITIAL_ARBITRATION,
  type ArbitrationEvent,
  type ArbitrationPhase,
} from './arbitration.js';
import {
  describe,
  rpcCode,
  unaryFailure,
  type RpcErrorCode,
  type UnaryResult,
} from './rpc-failure.js';
import { linksOf, watchLinks } from './link-notices.js';
import { grpcDefinition } from './service.js';
import { CODE, decodeUpdateOutcomes, type UpdateOutcome } from './write-errors.js';

/** Contents of PEM files. */
export interface SessionTls {
  /** Who signed the switch's certificate. */
  readonly ca: Buffer;
  /** What we show. */
  readonly certificate: Buffer;
  readonly key: Buffer;
}

export interface SessionOptions {
  /** `host:port`. */
  readonly address: string;
  /** Null or not given: none, for a switch on loopback. */
  readonly tls?: SessionTls | null;
  readonly deviceId: bigint;
  readonly electionId: bigint;
  /** How often the switch is asked whether it is still there, and how long it may take to answer;
   * default 5000. */
  readonly probeMs?: number;
  /** 0 to 1, for the backoff. */
  readonly random: () => number;
  readonly handlers: SessionHandlers;
}

/** Called one at a time, never before `start`. */
export interface SessionHandlers {
  readonly onPhase: (phase: ArbitrationPhase, reason: string) => void;
  readonly onDigest: (list: DigestList) => void;
  readonly onPacketIn: (packet: PacketIn) => void;
  readonly onStreamError: (error: StreamError) => void;
  /** Which links are up: all ports, after `watchLinks` and at each change. */
  readonly onLinks?: (links: ReadonlyMap<number, boolean>) => void;
}

/** A Write that failed; `outcomes` has one element per update, or is null when nothing is known. */
export interface WriteFailure {
  readonly code: RpcErrorCode;
  readonly message: string;
  readonly outcomes: readonly UpdateOutcome[] | null;
}

/** What became of packet-outs. */
export interface PacketOutCounters {
  readonly sent: number;
  readonly noStream: number;
  /** Given up since the switch does not take what was sent before. */
  readonly streamFull: number;
}

export type { RpcErrorCode };

export type WriteResult =
  { readonly ok: true } | { readonly ok: false; readonly error: WriteFailure };

const RPC_TIMEOUT_MS = 10_000;
/** A machine that lost its power does not close its connections. */
const PROBE_MS = 5_000;
/** A switch may compile the pipeline before it answers. */
const PIPELINE_TIMEOUT_MS = 180_000;
const MAX_MESSAGE_OCTETS = 64 * 1024 * 1024;
/** Small enough that one Write never holds a switch's table lock for long. */
const WRITE_BATCH = 512;

/** Messages to a switch that reads slowly, before packet-outs are given up. */
const MAX_WAITING_MESSAGES = 256;

const RPC = grpcDefinition(P4Runtime);

function channelCredentials({ tls }: SessionOptions): ChannelCredentials {
  if (tls === undefined || tls === null) return credentials.createInsecure();
  return credentials.createSsl(tls.ca, tls.key, tls.certificate);
}

export class P4rtSession {
  readonly #options: SessionOptions;
  #state = INITIAL_ARBITRATION;
  #client: Client | null = null;
  #stream: ClientDuplexStream<StreamMessageRequest, StreamMessageResponse> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #probe: NodeJS.Timeout | null = null;
  readonly #calls = new Set<Call>();
  #packetOuts: PacketOutCounters = { sent: 0, noStream: 0, streamFull: 0 };

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get phase(): ArbitrationPhase {
    return this.#state.phase;
  }

  start(): void {
    this.#apply({ kind: 'start' });
  }

  stop(): void {
    this.#apply({ kind: 'stop' });
  }

  /** One event in, all its effects done, then wait for the next. */
  #apply(event: ArbitrationEvent): void {
    const step = arbitrationStep(this.#state, event);
    this.#state = step.state;
    for (const effect of step.effects) {
      switch (effect.kind) {
        case 'open':
          this.#open();
          break;
        case 'close':
          this.#close();
          break;
        case 'setTimer':
          this.#timer = setTimeout(() => {
            this.#timer = null;
            this.#apply({ kind: 'timer' });
          }, effect.delayMs);
          break;
        case 'clearTimer':
          if (this.#timer !== null) clearTimeout(this.#timer);
          this.#timer = null;
          break;
        case 'became':
          this.#options.handlers.onPhase(effect.phase, effect.reason);
          break;
      }
    }
  }

  #open(): void {
    // A fresh channel per try: grpc-js would otherwise add its own backoff to ours.
    const client = new Client(this.#options.address, channelCredentials(this.#options), {
      'grpc.max_receive_message_length': MAX_MESSAGE_OCTETS,
      'grpc.max_send_message_length': MAX_MESSAGE_OCTETS,
      'grpc.use_local_subchannel_pool': 1,
    });
    // Not HTTP/2's own pings: simple_switch_grpc takes so many for an attack, and closes.
    this.#probe = setInterval(() => this.#askWhetherThere(), this.#options.probeMs ?? PROBE_MS);
    const { path, requestSerialize, responseDeserialize } = RPC.streamChannel;
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#client = client;
    this.#stream = stream;
    const lost = (reason: string): void => {
      // The events of a stream that was given up mean nothing any more.
      if (this.#stream === stream) this.#lost(reason);
    };
    stream.on('data', (message: StreamMessageResponse) => {
      if (this.#stream === stream) this.#receive(message);
    });
    stream.on('error', (error: ServiceError) => lost(this.#whyLost(error)));
    stream.on('end', () => lost(`${this.#options.address} closed the stream`));
    const { deviceId, electionId } = this.#options;
    this.#send({
      case: 'arbitration',
      value: {
        $typeName: 'p4.v1.MasterArbitrationUpdate',
        deviceId,
        electionId: uint128(electionId),
      },
    });
  }

  #whyLost(error: ServiceError): string {
    const { address, deviceId, electionId } = this.#options;
    const status: number = error.code;
    const why = describe(address, error);
    if (status === CODE.notFound) return `${why}: check deviceId, which is ${deviceId}`;
    if (status !== CODE.invalidArgument) return why;
    return `${why}: give each controller an electionId of its own, this one has ${electionId}`;
  }

  #lost(reason: string): void {
    this.#apply({ kind: 'lost', reason, random: this.#options.random() });
  }

  /** Any answer is good. A call that is under way has a deadline of its own. */
  #askWhetherThere(): void {
    if (this.#calls.size > 0) return;
    const timeoutMs = this.#options.probeMs ?? PROBE_MS;
    void this.#unary(RPC.capabilities, create(CapabilitiesRequestSchema), timeoutMs);
  }

  /** Keeps a call until it is over. The one that gets no answer in time ends the connection. */
  #track(client: Client, call: Call): (error: ServiceError | null) => void {
    this.#calls.add(call);
    return (error) => {
      this.#calls.delete(call);
      const status: number | undefined = error?.code;
      if (status !== CODE.deadlineExceeded || this.#client !== client) return;
      this.#lost(`${this.#options.address} does not answer any more`);
    };
  }

  #close(): void {
    const stream = this.#stream;
    this.#stream = null;
    if (this.#probe !== null) clearInterval(this.#probe);
    this.#probe = null;
    stream?.cancel();
    for (const call of this.#calls) call.cancel();
    this.#calls.clear();
    this.#client?.close();
    this.#client = null;
  }

  #send(update: StreamMessageRequest['update']): boolean {
    if (this.#stream === null) return false;
    this.#stream.write(create(StreamMessageRequestSchema, { update }));
    return true;
  }

  #receive(message: StreamMessageResponse): void {
    const { handlers } = this.#options;
    const update = message.update;
    switch (update.case) {
      case 'arbitration':
        this.#arbitrated(update.value);
        return;
      case 'digest':
        handlers.onDigest(update.value);
        return;
      case 'packet':
        handlers.onPacketIn(update.value);
        return;
      case 'error':
        handlers.onStreamError(update.value);
        return;
      case 'other': {
        const links = linksOf(update.value);
        if (links !== null) handlers.onLinks?.(links);
        return;
      }
      case 'idleTimeoutNotification':
      case undefined:
        return;
    }
  }

  #arbitrated(update: MasterArbitrationUpdate): void {
    const code = update.status?.code ?? CODE.ok;
    if (code === CODE.ok) {
      this.#apply({ kind: 'granted' });
      return;
    }
    const highest = electionText(update);
    const reason =
      code === CODE.notFound
        ? `no controller is primary, and our election id ${this.#options.electionId} is lower than the highest seen (${highest}): choose a higher electionId`
        : `another controller is primary with election id ${highest}, ours is ${this.#options.electionId}`;
    this.#apply({ kind: 'refused', reason });
  }

  /** Answers a digest list, so that the switch tells of the same values again. */
  acknowledgeDigest(list: DigestList): void {
    this.#send({
      case: 'digestAck',
      value: { $typeName: 'p4.v1.DigestListAck', digestId: list.digestId, listId: list.listId },
    });
  }

  /** Asks a switch that knows it for its links; they come by `onLinks`. */
  watchLinks(): void {
    this.#send({ case: 'other', value: watchLinks() });
  }

  get packetOuts(): PacketOutCounters {
    return this.#packetOuts;
  }

  /**
   * False when there is no stream, or when it takes no more: a packet that waits is worth nothing.
   * Errors of the switch come back through `onStreamError`.
   */
  sendPacket(payload: Uint8Array, metadata: PacketMetadata[]): boolean {
    if (this.#stream !== null && this.#stream.writableLength >= MAX_WAITING_MESSAGES) {
      this.#packetOuts = { ...this.#packetOuts, streamFull: this.#packetOuts.streamFull + 1 };
      return false;
    }
    const sent = this.#send({
      case: 'packet',
      value: { $typeName: 'p4.v1.PacketOut', payload, metadata },
    });
    const { packetOuts } = this;
    this.#packetOuts = sent
      ? { ...packetOuts, sent: packetOuts.sent + 1 }
      : { ...packetOuts, noStream: packetOuts.noStream + 1 };
    return sent;
  }

  /** Writes in batches; on failure `outcomes` covers all updates, OK for those that succeeded. */
  async write(updates: readonly Update[]): Promise<WriteResult> {
    const outcomes: UpdateOutcome[] = [];
    let first: WriteFailure | null = null;
    for (let start = 0; start < updates.length; start += WRITE_BATCH) {
      const batch = updates.slice(start, start + WRITE_BATCH);
      const result = await this.#writeBatch(batch);
      if (result.ok) {
        outcomes.push(...batch.map(() => ({ code: CODE.ok, message: '' })));
      } else if (result.error.outcomes === null) {
        return result;
      } else {
        first ??= result.error;
        outcomes.push(...result.error.outcomes);
      }
    }
    return first === null ? { ok: true } : { ok: false, error: { ...first, outcomes } };
  }

  async #writeBatch(updates: readonly Update[]): Promise<WriteResult> {
    const { deviceId, electionId } = this.#options;
    const request = create(WriteRequestSchema, {
      deviceId,
      electionId: uint128(electionId),
      updates: [...updates],
    });
    const response = await this.#unary(RPC.write, request, RPC_TIMEOUT_MS);
    if (response.ok) return { ok: true };
    const details = response.error.details;
    const outcomes = decodeUpdateOutcomes(details, updates.length);
    const { code, message } = response.error;
    return { ok: false, error: { code, message, outcomes } };
  }

  /** All entities that match any of `entities`. */
  async read(entities: Entity[]): Promise<Result<Entity[], RpcErrorCode>> {
    const request = create(ReadRequestSchema, { deviceId: this.#options.deviceId, entities });
    const client = this.#client;
    if (client === null) return failure('rpc-unavailable', this.#noConnection());
    return new Promise((resolve) => {
      const found: Entity[] = [];
      const stream = client.makeServerStreamRequest<ReadRequest, ReadResponse>(
        RPC.read.path,
        RPC.read.requestSerialize,
        RPC.read.responseDeserialize,
        request,
        { deadline: Date.now() + RPC_TIMEOUT_MS },
      );
      stream.on('data', (response: ReadResponse) => {
        for (const entity of response.entities) found.push(entity);
      });
      const over = this.#track(client, stream);
      stream.on('end', () => {
        over(null);
        resolve(success(found));
      });
      stream.on('error', (error: ServiceError) => {
        over(error);
        resolve(failure(rpcCode(error), describe(this.#options.address, error)));
      });
    });
  }

  /** VERIFY_AND_COMMIT: the switch forgets all entries. */
  async setPipeline(config: ForwardingPipelineConfig): Promise<Result<null, RpcErrorCode>> {
    const { deviceId, electionId } = this.#options;
    const request = create(SetForwardingPipelineConfigRequestSchema, {
      deviceId,
      electionId: uint128(electionId),
      action: PipelineAction.VERIFY_AND_COMMIT,
      config,
    });
    const response = await this.#unary(
      RPC.setForwardingPipelineConfig,
      request,
      PIPELINE_TIMEOUT_MS,
    );
    return response.ok ? success(null) : failure(response.error.code, response.error.message);
  }

  /** The cookie of the running pipeline; null without a pipeline or a cookie. */
  async pipelineCookie(): Promise<Result<bigint | null, RpcErrorCode>> {
    const request = create(GetForwardingPipelineConfigRequestSchema, {
      deviceId: this.#options.deviceId,
      responseType: ResponseType.COOKIE_ONLY,
    });
    const response = await this.#unary(RPC.getForwardingPipelineConfig, request, RPC_TIMEOUT_MS);
    if (response.ok) return success(response.value.config?.cookie?.cookie ?? null);
    if (response.error.status === CODE.failedPrecondition) return success(null);
    return failure(response.error.code, response.error.message);
  }

  #unary<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    timeoutMs: number,
  ): Promise<UnaryResult<Response>> {
    const client = this.#client;
    if (client === null) {
      const error = { code: 'rpc-unavailable', message: this.#noConnection(), status: 14 } as const;
      return Promise.resolve({ ok: false, error: { ...error, details: undefined } });
    }
    return new Promise((resolve) => {
      const call = client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error, response) => {
          over(error);
          if (error === null && response !== undefined) {
            resolve({ ok: true, value: response });
            return;
          }
          resolve({ ok: false, error: unaryFailure(this.#options.address, error) });
        },
      );
      const over = this.#track(client, call);
    });
  }

  #noConnection(): string {
    return `no connection to ${this.#options.address}`;
  }
}

/** A call that is under way. */
interface Call {
  readonly cancel: () => void;
}

function uint128(value: bigint) {
  return {
    $typeName: 'p4.v1.Uint128' as const,
    high: value >> 64n,
    low: BigInt.asUintN(64, value),
  };
}

function electionText(update: MasterArbitrationUpdate): string {
  const id = update.electionId;
  return id === undefined ? 'unknown' : ((id.high << 64n) | id.low).toString();
}
