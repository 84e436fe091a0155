/**
 * A P4Runtime server without a dataplane, for tests of a controller: it keeps what is written,
 * answers as the specification says, and fails when it is told to.
 */
import { create, toBinary, type MessageShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { buildDigest } from '#p4rt/entities';
import { entityKey } from '#p4rt/identity';
import { grpcDefinition } from '#p4rt/service';
import { CODE } from '#p4rt/write-errors';
import { StatusSchema } from '#protos/google/rpc/status_pb';
import {
  CapabilitiesResponseSchema,
  EntitySchema,
  ErrorSchema,
  GetForwardingPipelineConfigResponseSchema,
  P4Runtime,
  ReadResponseSchema,
  SetForwardingPipelineConfigResponseSchema,
  StreamMessageResponseSchema,
  Update_Type,
  WriteResponseSchema,
  type Entity,
  type ForwardingPipelineConfig,
  type GetForwardingPipelineConfigResponse,
  type MasterArbitrationUpdate,
  type PacketOut,
  type ReadRequest,
  type ReadResponse,
  type SetForwardingPipelineConfigRequest,
  type SetForwardingPipelineConfigResponse,
  type StreamMessageRequest,
  type StreamMessageResponse,
  type Update,
  type WriteRequest,
  type WriteResponse,
} from '#protos/p4/v1/p4runtime_pb';

type Stream = ServerDuplexStream<StreamMessageRequest, StreamMessageResponse>;

const MAX_OCTETS = 64 * 1024 * 1024;

export class FakeSwitch {
  readonly entities = new Map<string, Entity>();
  /** Counter cells by `id/index`. */
  readonly counters = new Map<string, bigint>();
  readonly acknowledged: bigint[] = [];
  /** All updates that were asked for, also refused ones. */
  readonly updates: Update[] = [];
  pipeline: ForwardingPipelineConfig | null = null;
  pipelineSets = 0;
  counterReads = 0;
  /** Says why an update is refused, or null. */
  refuse: (update: Update) => { code: number; message: string } | null = () => null;
  refusePipeline = '';
  /** Takes calls and answers none, as a process that was stopped or a machine without power. */
  hangs = false;
  /** The election id in arbitration messages, where it is not the highest. */
  announcedElectionId: bigint | null = null;
  readonly packets: PacketOut[] = [];
  #server: Server | null = null;
  #port = 0;
  readonly #streams = new Map<Stream, bigint>();
  #listId = 0n;

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get controllers(): number {
    return this.#streams.size;
  }

  /** Listens, on the same port as before if it did. */
  async start(): Promise<void> {
    const server = new Server({ 'grpc.max_receive_message_length': MAX_OCTETS });
    server.addService(grpcDefinition(P4Runtime), this.#implementation());
    this.#port = await new Promise((resolve, reject) => {
      server.bindAsync(
        `127.0.0.1:${this.#port}`,
        ServerCredentials.createInsecure(),
        (error, port) => (error === null ? resolve(port) : reject(error)),
      );
    });
    this.#server = server;
  }

  /** Dies as a killed process does: without a goodbye, and forgets everything. */
  die(): void {
    this.#server?.forceShutdown();
    this.#server = null;
    this.#streams.clear();
    this.entities.clear();
    this.pipeline = null;
  }

  /** Sends one digest list to the primary. */
  digest(digestId: number, ...messages: (readonly bigint[])[]): void {
    this.#listId += 1n;
    const data = messages.map(buildDigest);
    const update = {
      case: 'digest' as const,
      value: { digestId, listId: this.#listId, data },
    };
    this.#primary()?.write(create(StreamMessageResponseSchema, { update }));
  }

  #primary(): Stream | undefined {
    const highest = this.#highest();
    return [...this.#streams].find(([, id]) => id === highest)?.[0];
  }

  #highest(): bigint {
    return [...this.#streams.values()].reduce((high, id) => (id > high ? id : high), 0n);
  }

  #implementation(): UntypedServiceImplementation {
    return {
      write: (
        call: ServerUnaryCall<WriteRequest, WriteResponse>,
        done: sendUnaryData<WriteResponse>,
      ) => this.#write(call.request, done),
      read: (call: ServerWritableStream<ReadRequest, ReadResponse>) => this.#read(call),
      setForwardingPipelineConfig: (
        call: ServerUnaryCall<
          SetForwardingPipelineConfigRequest,
          SetForwardingPipelineConfigResponse
        >,
        done: sendUnaryData<SetForwardingPipelineConfigResponse>,
      ) => this.#setPipeline(call.request, done),
      getForwardingPipelineConfig: (
        _call: unknown,
        done: sendUnaryData<GetForwardingPipelineConfigResponse>,
      ) => this.#getPipeline(done),
      streamChannel: (stream: Stream) => this.#stream(stream),
      capabilities: (
        _call: unknown,
        done: sendUnaryData<MessageShape<typeof CapabilitiesResponseSchema>>,
      ) => {
        if (!this.hangs) done(null, create(CapabilitiesResponseSchema));
      },
    };
  }

  #stream(stream: Stream): void {
    stream.on('data', (message: StreamMessageRequest) => {
      if (message.update.case === 'arbitration') this.#arbitrate(stream, message.update.value);
      if (message.update.case === 'packet') this.packets.push(message.update.value);
      if (message.update.case === 'digestAck') {
        this.acknowledged.push(message.update.value.listId);
      }
    });
    const gone = (): void => {
      if (this.#streams.delete(stream)) this.#tellAll();
    };
    stream.on('end', () => {
      gone();
      stream.end();
    });
    stream.on('error', gone);
    stream.on('cancelled', gone);
  }

  #arbitrate(stream: Stream, update: MasterArbitrationUpdate): void {
    if (this.hangs) return;
    const id = update.electionId?.low ?? 0n;
    if ([...this.#streams.values()].includes(id)) {
      const error = { code: status.INVALID_ARGUMENT, details: 'Election id already exists' };
      stream.emit('error', error);
      return;
    }
    this.#streams.set(stream, id);
    this.#tellAll();
  }

  #tellAll(): void {
    const highest = this.#highest();
    for (const [stream, id] of this.#streams) {
      const code = id === highest ? CODE.ok : CODE.alreadyExists;
      stream.write(
        create(StreamMessageResponseSchema, {
          update: {
            case: 'arbitration',
            value: {
              deviceId: 1n,
              electionId: { high: 0n, low: this.announcedElectionId ?? highest },
              status: { code },
            },
          },
        }),
      );
    }
  }

  #setPipeline(
    request: SetForwardingPipelineConfigRequest,
    done: sendUnaryData<SetForwardingPipelineConfigResponse>,
  ): void {
    if (this.refusePipeline !== '') {
      done({ code: status.INVALID_ARGUMENT, details: this.refusePipeline });
      return;
    }
    this.pipeline = request.config ?? null;
    this.pipelineSets += 1;
    this.entities.clear();
    done(null, create(SetForwardingPipelineConfigResponseSchema));
  }

  #getPipeline(done: sendUnaryData<GetForwardingPipelineConfigResponse>): void {
    if (this.pipeline === null) {
      done({ code: status.FAILED_PRECONDITION, details: 'no pipeline' });
      return;
    }
    const { cookie } = this.pipeline;
    done(
      null,
      create(GetForwardingPipelineConfigResponseSchema, {
        config: cookie === undefined ? {} : { cookie },
      }),
    );
  }

  #write(request: WriteRequest, done: sendUnaryData<WriteResponse>): void {
    if (this.hangs) return;
    const outcomes = request.updates.map((update) => this.#apply(update));
    if (outcomes.every(({ code }) => code === CODE.ok)) {
      done(null, create(WriteResponseSchema));
      return;
    }
    const details = outcomes.map(({ code, message }) =>
      anyPack(ErrorSchema, create(ErrorSchema, { canonicalCode: code, message })),
    );
    const metadata = new Metadata();
    const rpc = create(StatusSchema, { code: status.UNKNOWN, details });
    metadata.set('grpc-status-details-bin', Buffer.from(toBinary(StatusSchema, rpc)));
    done({ code: status.UNKNOWN, details: 'Write failed', metadata });
  }

  #apply(update: Update): { code: number; message: string } {
    this.updates.push(update);
    const refused = this.refuse(update);
    if (refused !== null) return refused;
    if (update.entity === undefined) return { code: status.INVALID_ARGUMENT, message: 'no entity' };
    const key = entityKey(update.entity);
    // Default entries and meters are always there, and only ever modified (P4Runtime 9.1, 9.4).
    const isAlwaysThere = isDefault(update.entity) || update.entity.entity.case === 'meterEntry';
    if (isAlwaysThere && update.type !== Update_Type.MODIFY) {
      return { code: status.INVALID_ARGUMENT, message: 'it can only be modified' };
    }
    const present = this.entities.has(key) || isAlwaysThere;
    if (update.type === Update_Type.INSERT && present) {
      return { code: status.ALREADY_EXISTS, message: key };
    }
    if (update.type !== Update_Type.INSERT && !present) {
      return { code: status.NOT_FOUND, message: key };
    }
    const { entity } = update.entity;
    const isReset = entity.case === 'meterEntry' && entity.value.config === undefined;
    if (update.type === Update_Type.DELETE || isReset) this.entities.delete(key);
    else this.entities.set(key, update.entity);
    return { code: status.OK, message: '' };
  }

  #read(call: ServerWritableStream<ReadRequest, ReadResponse>): void {
    if (this.hangs) return;
    const entities = call.request.entities.flatMap((wanted) => this.#matching(wanted));
    call.write(create(ReadResponseSchema, { entities }));
    call.end();
  }

  #matching({ entity }: Entity): Entity[] {
    if (entity.case === 'counterEntry') {
      const { counterId, index } = entity.value;
      this.counterReads += 1;
      const packetCount = this.counters.get(`${counterId}/${index?.index}`) ?? 0n;
      return [
        create(EntitySchema, {
          entity: {
            case: 'counterEntry',
            value: {
              counterId,
              ...(index === undefined ? {} : { index }),
              data: { packetCount },
            },
          },
        }),
      ];
    }
    const prefix = prefixOf(entity);
    const wanted = isDefault({ $typeName: 'p4.v1.Entity', entity });
    return [...this.entities]
      .filter(([key, held]) => key.startsWith(prefix) && isDefault(held) === wanted)
      .map(([, held]) => held);
  }
}

/** What the keys of all that a wildcard means begin with. */
function prefixOf(entity: Entity['entity']): string {
  switch (entity.case) {
    case 'tableEntry':
      return `table/${entity.value.tableId}/`;
    case 'meterEntry':
      return `meter/${entity.value.meterId}/`;
    case 'packetReplicationEngineEntry':
      return entity.value.type.case === 'multicastGroupEntry' ? 'group/' : 'clone/';
    default:
      return 'nothing';
  }
}

function isDefault({ entity }: Entity): boolean {
  return entity.case === 'tableEntry' && entity.value.isDefaultAction;
}
