import { create } from '@bufbuild/protobuf';
import { grpcDefinition } from '#p4rt/service';
import { P4Runtime, Uint128Schema, WriteRequestSchema } from '#protos/p4/v1/p4runtime_pb';
import { describe, expect, it } from 'vitest';

describe('the gRPC definition of P4Runtime', () => {
  const definition = grpcDefinition(P4Runtime);

  it('has the published paths', () => {
    expect(Object.values(definition).map(({ path }) => path)).toEqual([
      '/p4.v1.P4Runtime/Write',
      '/p4.v1.P4Runtime/Read',
      '/p4.v1.P4Runtime/SetForwardingPipelineConfig',
      '/p4.v1.P4Runtime/GetForwardingPipelineConfig',
      '/p4.v1.P4Runtime/StreamChannel',
      '/p4.v1.P4Runtime/Capabilities',
    ]);
  });

  it('streams where the protocol streams', () => {
    expect(definition.write).toMatchObject({ requestStream: false, responseStream: false });
    expect(definition.read).toMatchObject({ requestStream: false, responseStream: true });
    expect(definition.streamChannel).toMatchObject({ requestStream: true, responseStream: true });
  });

  it('serializes and deserializes messages of the right types', () => {
    const request = create(WriteRequestSchema, {
      deviceId: 1n,
      electionId: create(Uint128Schema, { high: 1n, low: 2n }),
    });
    const octets = definition.write.requestSerialize(request);
    expect(definition.write.requestDeserialize(octets)).toEqual(request);
  });
});
