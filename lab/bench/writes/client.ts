/** A controller that does nothing but write, with requests that were encoded before. */
import { create } from '@bufbuild/protobuf';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { Client, credentials, status } from '@grpc/grpc-js';
import { grpcDefinition } from '#p4rt/service';
import type {
  ReadResponse,
  StreamMessageRequest,
  StreamMessageResponse,
} from '#protos/p4/v1/p4runtime_pb';
import {
  P4Runtime,
  ReadRequestSchema,
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
  SetForwardingPipelineConfigRequestSchema,
  StreamMessageRequestSchema,
} from '#protos/p4/v1/p4runtime_pb';
import { LabError } from '../../lab-error.js';
import { DEVICE_ID, ELECTION_ID, scaleProgram, tableId, type TableName } from './entries.js';

const RPC = grpcDefinition(P4Runtime);
/** Requests that wait for their answers at a time. */
const UNDER_WAY = 4;
const READY_MS = 20_000;
/** The longest that an answer may take. */
const ANSWER_MS = 20_000;

const octets = {
  serialize: (request: Uint8Array) =>
    Buffer.from(request.buffer, request.byteOffset, request.length),
  deserialize: (response: Buffer) => response,
};

/** See the file's comment. */
export class WritingClient {
  readonly #client: Client;
  #stream: ClientDuplexStream<StreamMessageRequest, StreamMessageResponse> | null = null;

  private constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  /** Connected, the primary, and with the program running. Throws LabError. */
  static async start(address: string): Promise<WritingClient> {
    const self = await WritingClient.join(address, '');
    try {
      await self.#commit();
      return self;
    } catch (error) {
      self.close();
      throw error;
    }
  }

  /** Connected, and the primary of the role. Throws LabError. */
  static async join(address: string, role: string): Promise<WritingClient> {
    const self = new WritingClient(address);
    try {
      await self.#connect(address);
      await self.#becomePrimary(role);
      return self;
    } catch (error) {
      self.close();
      throw error;
    }
  }

  close(): void {
    this.#stream?.cancel();
    this.#client.close();
  }

  /** Sends all of them, a few at a time; how long it took until the last answer, s. */
  async writeAll(batches: readonly Uint8Array[]): Promise<number> {
    const waiting = batches.values();
    const started = performance.now();
    const sender = async () => {
      for (const batch of waiting) {
        const error = await this.#write(batch);
        if (error !== null) throw refused('a batch', error);
      }
    };
    await Promise.all(Array.from({ length: UNDER_WAY }, sender));
    return (performance.now() - started) / 1000;
  }

  /** One batch. Throws LabError where it is refused. */
  async write(batch: Uint8Array): Promise<void> {
    const error = await this.#write(batch);
    if (error !== null) throw refused('a batch', error);
  }

  /** Reads a table. Throws LabError where there is another number of entries than this. */
  async readTable(table: TableName, count: number): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = RPC.read;
    const entities = [
      { entity: { case: 'tableEntry' as const, value: { tableId: tableId(table) } } },
    ];
    const request = create(ReadRequestSchema, { deviceId: DEVICE_ID, entities });
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
    );
    let read = 0;
    for await (const response of call as AsyncIterable<ReadResponse>) {
      read += response.entities.length;
    }
    if (read !== count) throw new LabError('command-failed', `${read} entries read, not ${count}`);
  }

  /** An entry that is there cannot be inserted again: throws where the server did not keep it. */
  async expectKept(insert: Uint8Array): Promise<void> {
    const error = await this.#write(insert);
    if (error?.code === status.UNKNOWN) return;
    const said = error?.details ?? 'OK';
    throw new LabError('command-failed', `an entry was inserted twice, and the answer is: ${said}`);
  }

  #connect(address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + READY_MS, (error) => {
        if (error === undefined) resolve();
        else reject(new LabError('not-ready', `nobody answers at ${address}`));
      });
    });
  }

  #becomePrimary(role: string): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = RPC.streamChannel;
    const stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#stream = stream;
    return new Promise((resolve, reject) => {
      stream.once('data', () => resolve());
      stream.on('error', (error: ServiceError) => reject(refused('the stream', error)));
      const named = role === '' ? {} : { role: { name: role } };
      const value = { deviceId: DEVICE_ID, electionId: ELECTION_ID, ...named };
      const update = { case: 'arbitration', value } as const;
      stream.write(create(StreamMessageRequestSchema, { update }));
    });
  }

  #commit(): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = RPC.setForwardingPipelineConfig;
    const request = create(SetForwardingPipelineConfigRequestSchema, {
      deviceId: DEVICE_ID,
      electionId: ELECTION_ID,
      action: ConfigAction.VERIFY_AND_COMMIT,
      config: scaleProgram(),
    });
    return new Promise((resolve, reject) => {
      const answer = (error: ServiceError | null) => {
        if (error === null) resolve();
        else reject(refused('the program', error));
      };
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        deadline(),
        answer,
      );
    });
  }

  #write(batch: Uint8Array): Promise<ServiceError | null> {
    const { path } = RPC.write;
    const { serialize, deserialize } = octets;
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(path, serialize, deserialize, batch, deadline(), resolve);
    });
  }
}

const deadline = () => ({ deadline: Date.now() + ANSWER_MS });

function refused(what: string, error: ServiceError): LabError {
  return new LabError('command-failed', `${what} was refused: ${error.details}`);
}
