/** A client of a shadow switch that says anything, and looks at each answer. */
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { Entity, StreamMessageRequest } from '#protos/p4/v1/p4runtime_pb';
import {
  CapabilitiesRequestSchema,
  CapabilitiesResponseSchema,
  EntitySchema,
  GetForwardingPipelineConfigRequestSchema,
  GetForwardingPipelineConfigResponseSchema,
  ReadRequestSchema,
  SetForwardingPipelineConfigRequestSchema,
  StreamMessageRequestSchema,
  StreamMessageResponseSchema,
  Update_Type,
  WriteRequestSchema,
} from '#protos/p4/v1/p4runtime_pb';
import type { ItemStatus, P4Error } from '#server/errors';
import { batchError, rpcError } from '#server/errors';
import { batchOf, decodeWriteRequest, type WriteBatch } from '#server/write/write-request';
import type { Call } from './calls.js';
import { REQUESTS } from './calls.js';
import { readsEverything } from './client-seeds.js';
import { DEVICE_ID, shadowSwitch } from './shadow-switch.js';

/** What only the server's own faults would give. */
const OWN_FAULTS: ReadonlySet<status> = new Set([
  status.INTERNAL,
  status.UNKNOWN,
  status.DATA_LOSS,
]);
const CODES: ReadonlySet<unknown> = new Set(Object.values(status));

function mustBeFair(error: P4Error): void {
  if (!CODES.has(error.code) || error.code === status.OK || OWN_FAULTS.has(error.code)) {
    throw new Error(`the answer is ${status[error.code] ?? error.code}: ${error.message}`);
  }
  rpcError(error);
}

/** Null: these are the octets of no such message. */
function decoded<D extends DescMessage>(schema: D, octets: Uint8Array): MessageShape<D> | null {
  try {
    return fromBinary(schema, octets);
  } catch {
    return null;
  }
}

/** The same of a Write, whose updates may be none. */
function decodedBatch(octets: Uint8Array): WriteBatch | null {
  try {
    return decodeWriteRequest(octets);
  } catch {
    return null;
  }
}

const HIGHEST = { high: (1n << 64n) - 1n, low: (1n << 64n) - 1n };

/** What the service answers at once or later is awaited alike. */
export class FuzzClient {
  readonly #switch = shadowSwitch();
  #stream: number | null = null;

  async does({ method, octets }: Call): Promise<void> {
    const request = decoded(REQUESTS[method] as DescMessage, octets);
    if (request === null) return;
    const { service } = this.#switch;
    switch (method) {
      case 'Write': {
        const batch = decodedBatch(octets);
        if (batch === null) return;
        const written = await service.write(batch);
        if (written.ok) this.#statuses(written.value, 'updates');
        else mustBeFair(written.error);
        return;
      }
      case 'Read':
        await this.#reads(octets);
        return;
      case 'SetForwardingPipelineConfig': {
        const config = fromBinary(SetForwardingPipelineConfigRequestSchema, octets);
        const set = await service.setForwardingPipelineConfig(config);
        if (!set.ok) mustBeFair(set.error);
        return;
      }
      case 'GetForwardingPipelineConfig': {
        const asked = fromBinary(GetForwardingPipelineConfigRequestSchema, octets);
        const got = service.getForwardingPipelineConfig(asked);
        if (got.ok) toBinary(GetForwardingPipelineConfigResponseSchema, got.value);
        else mustBeFair(got.error);
        return;
      }
      case 'Capabilities': {
        const told = service.capabilities(fromBinary(CapabilitiesRequestSchema, octets));
        if (told.ok) toBinary(CapabilitiesResponseSchema, told.value);
        else mustBeFair(told.error);
        return;
      }
      case 'StreamChannel':
        this.#says(fromBinary(StreamMessageRequestSchema, octets));
    }
  }

  /** All that there is can be read, twice the same, and what a table's entries are be deleted. */
  async leavesNothing(): Promise<void> {
    const { octets } = readsEverything();
    const [first, second] = [await this.#reads(octets), await this.#reads(octets)];
    const text = (entities: readonly Entity[]): string =>
      entities.map((one) => Buffer.from(toBinary(EntitySchema, one)).toString('hex')).join();
    if (text(first) !== text(second)) throw new Error('two reads give two answers');
    this.#becomesPrimary();
    const own = first.filter(
      ({ entity }) =>
        entity.case === 'tableEntry' && !entity.value.isDefaultAction && !entity.value.isConst,
    );
    const updates = own.map((entity) => ({ type: Update_Type.DELETE, entity }));
    const head = { deviceId: DEVICE_ID, electionId: HIGHEST };
    const written = await Promise.resolve(
      this.#switch.service.write(batchOf(create(WriteRequestSchema, { ...head, updates }))),
    );
    const failed = written.ok ? written.value.find((item) => item !== null) : written.error;
    if (failed !== undefined && failed !== null && own.length > 0) {
      throw new Error(`what was read cannot be deleted: ${failed.message}`);
    }
  }

  #becomesPrimary(): void {
    const value = { deviceId: DEVICE_ID, electionId: HIGHEST };
    const update = { case: 'arbitration', value } as const;
    if (this.#stream !== null) this.#switch.service.streams.disconnect(this.#stream);
    this.#stream = null;
    this.#says(create(StreamMessageRequestSchema, { update }));
  }

  #statuses(items: readonly ItemStatus[], what: string): void {
    for (const item of items) if (item !== null) mustBeFair(item);
    batchError(items, what);
  }

  async #reads(octets: Uint8Array): Promise<readonly Entity[]> {
    const read = await Promise.resolve(
      this.#switch.service.read(fromBinary(ReadRequestSchema, octets)),
    );
    if (!read.ok) {
      mustBeFair(read.error);
      return [];
    }
    const entities = [...read.value.entities];
    this.#statuses(read.value.statuses, 'read requests');
    for (const entity of entities) toBinary(EntitySchema, entity);
    return entities;
  }

  #says(request: StreamMessageRequest): void {
    const { streams } = this.#switch.service;
    this.#stream ??= streams.connect({
      sink: {
        write: (message) => toBinary(StreamMessageResponseSchema, message).length >= 0,
        once: () => undefined,
      },
      terminate: (error) => {
        mustBeFair(error);
        const stream = this.#stream;
        this.#stream = null;
        if (stream !== null) queueMicrotask(() => streams.disconnect(stream));
      },
    });
    if (this.#stream !== null) streams.receive(this.#stream, request);
  }
}
