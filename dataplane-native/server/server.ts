/** The service on a gRPC socket: with mutual TLS, or on loopback. */
import { setImmediate } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import type {
  sendUnaryData,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { grpcDefinition } from '#p4rt/service';
import type {
  ReadRequest,
  ReadResponse,
  SetForwardingPipelineConfigRequest,
  SetForwardingPipelineConfigResponse,
  StreamMessageRequest,
  StreamMessageResponse,
  WriteResponse,
} from '#protos/p4/v1/p4runtime_pb';
import {
  P4Runtime,
  SetForwardingPipelineConfigResponseSchema,
  WriteResponseSchema,
} from '#protos/p4/v1/p4runtime_pb';
import type { P4Error } from './errors.js';
import { batchError, rpcError } from './errors.js';
import { readResponses } from './read.js';
import type { Outcome } from './errors.js';
import type { P4RuntimeService } from './service.js';
import type { TlsFiles } from './switch/tls.js';
import { mutualTls } from './switch/tls.js';
import type { WriteBatch } from './write/write-request.js';
import { decodeWriteRequest } from './write/write-request.js';

/** A pipeline config of the largest JSON that the compiler takes, with room for the P4Info. */
const MAX_RECEIVE_OCTETS = 64 * 1024 * 1024;
const MAX_SEND_OCTETS = 128 * 1024 * 1024;

const CLOSE_LIMIT_MS = 1000;

/** Of one connection. */
const MAX_CONCURRENT_CALLS = 128;

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export type ListenError =
  | { readonly code: 'NOT_AN_ADDRESS'; readonly message: string }
  | { readonly code: 'NOT_LOOPBACK'; readonly message: string }
  | { readonly code: 'BAD_TLS'; readonly message: string }
  | { readonly code: 'CANNOT_BIND'; readonly message: string };

export type ListenResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ListenError };

/** Takes HOST:PORT apart. Errors: NOT_AN_ADDRESS. */
export function parseAddress(text: string): ListenResult<ListenAddress> {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? Number.NaN);
  if (match === null || !(port <= 65_535)) {
    const message = `'${text}' is not HOST:PORT, such as 127.0.0.1:9559`;
    return { ok: false, error: { code: 'NOT_AN_ADDRESS', message } };
  }
  return { ok: true, value: { host, port } };
}

export function isLoopback({ host }: ListenAddress): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** An address for a server without TLS. Errors: NOT_AN_ADDRESS, and NOT_LOOPBACK for any other
 * interface. */
export function parseListen(text: string): ListenResult<ListenAddress> {
  const parsed = parseAddress(text);
  if (!parsed.ok || isLoopback(parsed.value)) return parsed;
  const message = `'${parsed.value.host}' is not a loopback address: there is no TLS for it`;
  return { ok: false, error: { code: 'NOT_LOOPBACK', message } };
}

export interface RunningServer {
  /** The port that was bound: the one asked for, unless that was 0. */
  readonly port: number;
  /** Ends all streams and frees the port. */
  readonly close: () => Promise<void>;
}

/** Serves P4Runtime; without `tls` on loopback alone, since whoever reaches it may drive the switch.
 * Errors: NOT_LOOPBACK, BAD_TLS, CANNOT_BIND. `onBug` hears of exceptions, which clients see as
 * INTERNAL. */
export async function startServer(
  service: P4RuntimeService,
  { host, port }: ListenAddress,
  onBug: (error: unknown) => void,
  tls: TlsFiles | null = null,
): Promise<ListenResult<RunningServer>> {
  const credentials = await credentialsFor({ host, port }, tls);
  if (!credentials.ok) return credentials;
  const server = new Server({
    'grpc.max_receive_message_length': MAX_RECEIVE_OCTETS,
    'grpc.max_send_message_length': MAX_SEND_OCTETS,
    'grpc.max_concurrent_streams': MAX_CONCURRENT_CALLS,
    // Two switches on one port would share the connections between them.
    'grpc.so_reuseport': 0,
  });
  const methods = grpcDefinition(P4Runtime);
  const definition = {
    ...methods,
    write: {
      ...methods.write,
      requestDeserialize: (octets: Buffer) =>
        decodeWriteRequest(new Uint8Array(octets.buffer, octets.byteOffset, octets.byteLength)),
    },
  } as unknown as ServiceDefinition;
  server.addService(definition, implementation(service, onBug));
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const bound = await new Promise<number | Error>((resolve) => {
    server.bindAsync(target, credentials.value, (error, boundPort) => resolve(error ?? boundPort));
  });
  if (bound instanceof Error) {
    const message = `cannot listen on ${target}: ${bindReason(bound.message)}`;
    return { ok: false, error: { code: 'CANNOT_BIND', message } };
  }
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      // gRPC waits for ever for a connection that broke within a request; nobody listens any more then.
      const limit = setTimeout(resolve, CLOSE_LIMIT_MS);
      server.tryShutdown(() => {
        clearTimeout(limit);
        resolve();
      });
      // Streams live until somebody ends them.
      server.forceShutdown();
      service.close();
    });
  return { ok: true, value: { port: bound, close } };
}

async function credentialsFor(
  address: ListenAddress,
  tls: TlsFiles | null,
): Promise<ListenResult<ServerCredentials>> {
  if (tls !== null) {
    const loaded = await mutualTls(tls);
    if (loaded.ok) return loaded;
    return { ok: false, error: { code: 'BAD_TLS', message: loaded.message } };
  }
  if (isLoopback(address)) return { ok: true, value: ServerCredentials.createInsecure() };
  const message = `'${address.host}' is not a loopback address, and there is no TLS`;
  return { ok: false, error: { code: 'NOT_LOOPBACK', message } };
}

/** gRPC wraps what the operating system says: "No address added out of …: [listen EADDRINUSE: …]". */
function bindReason(message: string): string {
  return /\[listen (.*)\]$/.exec(message)?.[1] ?? message;
}

function implementation(
  service: P4RuntimeService,
  onBug: (error: unknown) => void,
): UntypedServiceImplementation {
  const bug = (error: unknown): P4Error => {
    onBug(error);
    return { code: status.INTERNAL, message: 'internal error, see the switch’s log' };
  };
  return {
    write: unary<WriteBatch, WriteResponse>(bug, async (batch) => {
      const written = await service.write(batch);
      if (!written.ok) return written;
      const failed = written.value.some((item) => item !== null);
      if (failed) return { ok: false, batch: written.value };
      return { ok: true, value: create(WriteResponseSchema) };
    }),
    setForwardingPipelineConfig: unary<
      SetForwardingPipelineConfigRequest,
      SetForwardingPipelineConfigResponse
    >(bug, async (request) => {
      const set = await service.setForwardingPipelineConfig(request);
      return set.ok ? { ok: true, value: create(SetForwardingPipelineConfigResponseSchema) } : set;
    }),
    getForwardingPipelineConfig: unary(bug, service.getForwardingPipelineConfig.bind(service)),
    capabilities: unary(bug, service.capabilities.bind(service)),
    read: (call: ServerWritableStream<ReadRequest, ReadResponse>) => {
      streamRead(service, call).catch((error: unknown) => {
        call.emit('error', rpcError(bug(error)));
      });
    },
    streamChannel: (call: ServerDuplexStream<StreamMessageRequest, StreamMessageResponse>) =>
      serveStream(service, call, bug),
  };
}

type UnaryOutcome<R> =
  Outcome<R> | { readonly ok: false; readonly batch: readonly (P4Error | null)[] };

function unary<Q, R>(
  bug: (error: unknown) => P4Error,
  handle: (request: Q) => UnaryOutcome<R> | Promise<UnaryOutcome<R>>,
) {
  return (call: ServerUnaryCall<Q, R>, callback: sendUnaryData<R>): void => {
    const run = async (): Promise<void> => {
      const outcome = await handle(call.request);
      if (outcome.ok) callback(null, outcome.value);
      else if ('batch' in outcome) callback(batchError(outcome.batch, 'updates'));
      else callback(rpcError(outcome.error));
    };
    run().catch((error: unknown) => callback(rpcError(bug(error))));
  };
}

async function streamRead(
  service: P4RuntimeService,
  call: ServerWritableStream<ReadRequest, ReadResponse>,
): Promise<void> {
  const read = service.read(call.request);
  if (!read.ok) {
    call.emit('error', rpcError(read.error));
    return;
  }
  const { entities, isCurrent } = read.value;
  const ready = readyFor(call);
  for (const response of readResponses(entities)) {
    if (call.cancelled) return;
    if (!call.write(response)) await ready();
    // A table may be long: others have their turn.
    await setImmediate();
    if (!isCurrent()) {
      const message = 'the pipeline was replaced meanwhile';
      call.emit('error', rpcError({ code: status.ABORTED, message }));
      return;
    }
  }
  const { statuses } = read.value;
  if (statuses.some((item) => item !== null)) {
    call.emit('error', batchError(statuses, 'read requests'));
    return;
  }
  call.end();
}

/** Waits until a call whose buffer is full takes more, or has ended. */
function readyFor(call: ServerWritableStream<ReadRequest, ReadResponse>): () => Promise<void> {
  let go: () => void = () => undefined;
  for (const event of ['drain', 'cancelled', 'close'] as const) call.on(event, () => go());
  return () =>
    new Promise((resolve) => {
      go = resolve;
      if (call.cancelled || call.destroyed) resolve();
    });
}

function serveStream(
  service: P4RuntimeService,
  call: ServerDuplexStream<StreamMessageRequest, StreamMessageResponse>,
  bug: (error: unknown) => P4Error,
): void {
  const { streams } = service;
  let ended = false;
  const terminate = (error: P4Error): void => {
    if (ended) return;
    ended = true;
    call.emit('error', rpcError(error));
    // Not within the message that caused it: others are told afterwards.
    if (id !== null) queueMicrotask(() => streams.disconnect(id));
  };
  const id = streams.connect({ sink: call, terminate });
  // Our own `terminate`, or a broken connection: 'cancelled' follows.
  call.on('error', () => undefined);
  if (id === null) {
    terminate({ code: status.RESOURCE_EXHAUSTED, message: 'too many streams' });
    return;
  }
  call.on('data', (request: StreamMessageRequest) => {
    if (ended) return;
    try {
      streams.receive(id, request);
    } catch (error) {
      terminate(bug(error));
    }
  });
  call.on('end', () => {
    if (!ended) call.end();
    ended = true;
    streams.disconnect(id);
  });
  for (const event of ['cancelled', 'close'] as const) {
    call.on(event, () => {
      ended = true;
      streams.disconnect(id);
    });
  }
}
