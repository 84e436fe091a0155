/**
 * Glue between protobuf-es and @grpc/grpc-js: the definition that a gRPC server or client takes,
 * made from a generated service descriptor, with the message types kept.
 */
import type { DescMethod, DescService, MessageShape } from '@bufbuild/protobuf';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';

type Methods<S extends DescService> = S['method'];

/** One method definition for each method of service `S`, by its lowerCamelCase name. */
export type GrpcDefinition<S extends DescService> = {
  readonly [K in keyof Methods<S>]: Methods<S>[K] extends DescMethod
    ? MethodDefinition<MessageShape<Methods<S>[K]['input']>, MessageShape<Methods<S>[K]['output']>>
    : never;
};

/** Not a Buffer: the bytes fields of a message are views of what is parsed, of the same class. */
function plain(octets: Buffer): Uint8Array {
  return new Uint8Array(octets.buffer, octets.byteOffset, octets.byteLength);
}

function methodDefinition<M extends DescMethod>(
  service: DescService,
  method: M,
): MethodDefinition<MessageShape<M['input']>, MessageShape<M['output']>> {
  const { input, output } = method as DescMethod;
  return {
    path: `/${service.typeName}/${method.name}`,
    originalName: method.localName,
    requestStream:
      method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream:
      method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: (message) => Buffer.from(toBinary(input, message)),
    requestDeserialize: (octets) => fromBinary(input, plain(octets)) as MessageShape<M['input']>,
    responseSerialize: (message) => Buffer.from(toBinary(output, message)),
    responseDeserialize: (octets) => fromBinary(output, plain(octets)) as MessageShape<M['output']>,
  };
}

/**
 * The gRPC definition of `service`, for Server.addService and for Client.make*Request (each entry
 * holds the path and the serializers).
 */
export function grpcDefinition<S extends DescService>(service: S): GrpcDefinition<S> {
  const entries = service.methods.map(
    (method) => [method.localName, methodDefinition(service, method)] as const,
  );
  return Object.fromEntries(entries) as unknown as GrpcDefinition<S>;
}
