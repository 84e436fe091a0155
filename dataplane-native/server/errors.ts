/**
 * Errors of P4Runtime (specification 1.5, section "Error Reporting Messages"): values here, turned
 * into gRPC statuses at the service's edge.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { ServiceError } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import { StatusSchema } from '#protos/google/rpc/status_pb';
import { ErrorSchema } from '#protos/p4/v1/p4runtime_pb';
import type { EngineErrorCode, EngineFailure } from './engine-port.js';

export interface P4Error {
  readonly code: status;
  readonly message: string;
}

export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: P4Error };

/** The outcome of one update or read request of a batch. */
export type ItemStatus = P4Error | null;

export const DONE: Outcome<void> = { ok: true, value: undefined };

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function fail(code: status, message: string): { readonly ok: false; error: P4Error } {
  return { ok: false, error: { code, message } };
}

export const invalid = (message: string) => fail(status.INVALID_ARGUMENT, message);
export const notFound = (message: string) => fail(status.NOT_FOUND, message);
export const outOfRange = (message: string) => fail(status.OUT_OF_RANGE, message);
export const denied = (message: string) => fail(status.PERMISSION_DENIED, message);

/** The canonical code of each engine error, for an update that the engine refused. */
const ENGINE_CODES: Readonly<Record<EngineErrorCode, status>> = {
  NO_MEMORY: status.RESOURCE_EXHAUSTED,
  NO_SUCH_INTERFACE: status.NOT_FOUND,
  NO_PERMISSION: status.PERMISSION_DENIED,
  PORT_IN_USE: status.ALREADY_EXISTS,
  NO_SUCH_PORT: status.NOT_FOUND,
  BAD_PIPELINE: status.INVALID_ARGUMENT,
  NO_PIPELINE: status.FAILED_PRECONDITION,
  NOT_FOUND: status.NOT_FOUND,
  EXISTS: status.ALREADY_EXISTS,
  FULL: status.RESOURCE_EXHAUSTED,
  OUT_OF_RANGE: status.OUT_OF_RANGE,
  BAD_STATE: status.FAILED_PRECONDITION,
  SYSTEM: status.INTERNAL,
};

export function fromEngine(error: EngineFailure): { readonly ok: false; error: P4Error } {
  return fail(ENGINE_CODES[error.code], error.message);
}

/** An error before any item of the batch was tried: a plain gRPC status. */
export function rpcError(error: P4Error): Partial<ServiceError> {
  return { code: error.code, details: error.message };
}

/**
 * A client takes 8 KiB of metadata unless it asks for more, and gets nothing at all when there is
 * more. So once the texts fill this many octets, later errors carry their code alone.
 */
const TEXT_OCTETS = 3072;

/** The status of a batch in which something failed: one p4.v1.Error for each item, in order. */
export function batchError(items: readonly ItemStatus[], what: string): Partial<ServiceError> {
  const failed = items.filter((item) => item !== null).length;
  const message = `${failed} of ${items.length} ${what} failed`;
  let texts = 0;
  const details = items.map((item) => {
    if (item === null) return anyPack(ErrorSchema, create(ErrorSchema));
    texts += item.message.length;
    const text = texts <= TEXT_OCTETS ? item.message : '';
    const error = create(ErrorSchema, { canonicalCode: item.code, message: text });
    return anyPack(ErrorSchema, error);
  });
  const metadata = new Metadata();
  const rpc = create(StatusSchema, { code: status.UNKNOWN, message, details });
  metadata.set('grpc-status-details-bin', Buffer.from(toBinary(StatusSchema, rpc)));
  return { code: status.UNKNOWN, details: message, metadata };
}
