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
const FIRST_TEXT_LENGTH = 500;

/**
 * HTTP/2's peers take a block of headers of 64 KiB and break the connection at more; the details go
 * there in base64. Whoever sends more updates at once, of which one fails, is told of the first.
 */
const DETAILS_OCTETS = 40_000;

/**
 * The status of a batch in which something failed: one p4.v1.Error for each item, in order; of more items
 * than a status holds, the first that failed, in words.
 */
export function batchError(items: readonly ItemStatus[], what: string): Partial<ServiceError> {
  const failed = items.filter((item) => item !== null).length;
  const summary = `${failed} of ${items.length} ${what} failed`;
  const details = encodedDetails(items, summary);
  if (details === null) {
    const message = `${summary}; ${firstFailure(items)}; too many ${what} for a status of each`;
    return { code: status.UNKNOWN, details: message };
  }
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(details));
  return { code: status.UNKNOWN, details: summary, metadata };
}

/** Null: they are more than a status holds. */
function encodedDetails(items: readonly ItemStatus[], message: string): Uint8Array | null {
  if (items.length > DETAILS_OCTETS / ErrorSchema.typeName.length) return null;
  let texts = 0;
  const details = items.map((item) => {
    if (item === null) return anyPack(ErrorSchema, create(ErrorSchema));
    texts += item.message.length;
    const text = texts <= TEXT_OCTETS ? item.message : '';
    const error = create(ErrorSchema, { canonicalCode: item.code, message: text });
    return anyPack(ErrorSchema, error);
  });
  const rpc = create(StatusSchema, { code: status.UNKNOWN, message, details });
  const octets = toBinary(StatusSchema, rpc);
  return octets.length > DETAILS_OCTETS ? null : octets;
}

function firstFailure(items: readonly ItemStatus[]): string {
  const index = items.findIndex((item) => item !== null);
  const item = items[index];
  if (item === null || item === undefined) return 'none';
  const text = item.message.slice(0, FIRST_TEXT_LENGTH);
  return `the first is number ${index}: ${status[item.code] ?? item.code}, ${text}`;
}
