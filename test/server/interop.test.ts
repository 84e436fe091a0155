/** The server and a client that shares nothing with it: Python's grpcio and p4runtime. */
import { execFile, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { create, toBinary } from '@bufbuild/protobuf';
import { ForwardingPipelineConfigSchema } from '#protos/p4/v1/p4runtime_pb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestSwitch } from './conversation.js';
import { CONFIG, startSwitch } from './conversation.js';
import { ID } from './fixture-program.js';

/** Not where our own folder p4/ hides Python's package p4. */
const PYTHON = {
  cwd: tmpdir(),
  encoding: 'utf8',
  env: { ...process.env, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION: 'python' },
} as const;
const probe = spawnSync('python3', ['-c', 'import grpc, p4.v1.p4runtime_pb2_grpc'], PYTHON);
const why = probe.status === 0 ? '' : ' (needs Python with grpcio and p4runtime)';

const SCRIPT = `
import base64, queue, sys
import grpc
from google.protobuf import any_pb2
from p4.v1 import p4runtime_pb2 as rt, p4runtime_pb2_grpc

port, config, mac, forward = sys.argv[1:5]
stub = p4runtime_pb2_grpc.P4RuntimeStub(grpc.insecure_channel('127.0.0.1:' + port))
election = rt.Uint128(high=0, low=3)

out = queue.Queue()
hello = rt.StreamMessageRequest()
hello.arbitration.device_id = 1
hello.arbitration.election_id.CopyFrom(election)
out.put(hello)
stream = stub.StreamChannel(iter(out.get, None))
print('arbitration', next(stream).arbitration.status.code)

request = rt.SetForwardingPipelineConfigRequest(device_id=1, election_id=election)
request.action = rt.SetForwardingPipelineConfigRequest.VERIFY_AND_COMMIT
request.config.ParseFromString(base64.b64decode(config))
stub.SetForwardingPipelineConfig(request)
got = stub.GetForwardingPipelineConfig(rt.GetForwardingPipelineConfigRequest(device_id=1))
print('config', got.config == request.config)

write = rt.WriteRequest(device_id=1, election_id=election)
for vlan in (b'\\x01', b'\\x01', b'\\x00\\x02'):
    update = write.updates.add()
    update.type = rt.Update.INSERT
    entry = update.entity.table_entry
    entry.table_id = int(mac)
    for field, value in ((1, b'\\x22'), (2, vlan)):
        match = entry.match.add()
        match.field_id = field
        match.exact.value = value
    entry.action.action.action_id = int(forward)
    param = entry.action.action.params.add()
    param.param_id = 1
    param.value = b'\\x05'
try:
    stub.Write(write)
except grpc.RpcError as error:
    print('write', error.code().name)
    octets = dict(error.trailing_metadata())['grpc-status-details-bin']
    # google.rpc.Status, read without its package: field 3 holds the details.
    details, rest = [], octets
    while rest:
        tag, rest = rest[0], rest[1:]
        if tag & 7 == 0:
            while rest[0] & 0x80: rest = rest[1:]
            rest = rest[1:]
            continue
        size, shift = 0, 0
        while True:
            size |= (rest[0] & 0x7f) << shift
            shift += 7
            more, rest = rest[0] & 0x80, rest[1:]
            if not more: break
        if tag >> 3 == 3: details.append(rest[:size])
        rest = rest[size:]
    for detail in details:
        wrapped, item = any_pb2.Any.FromString(detail), rt.Error()
        print('update', wrapped.Unpack(item), item.canonical_code)

read = rt.ReadRequest(device_id=1)
read.entities.add().table_entry.table_id = int(mac)
for response in stub.Read(read):
    for entity in response.entities:
        values = [m.exact.value.hex() for m in entity.table_entry.match]
        print('entry', values, entity.table_entry.action.action.params[0].value.hex())
print('api', stub.Capabilities(rt.CapabilitiesRequest()).p4runtime_api_version)
out.put(None)
`;

let device: TestSwitch;
beforeEach(async () => {
  device = await startSwitch();
});
afterEach(() => device.close());

describe.skipIf(why !== '')(`a client in Python${why}`, () => {
  it('arbitrates, sets a pipeline, writes with errors, and reads', async () => {
    const config = create(ForwardingPipelineConfigSchema, CONFIG);
    const octets = Buffer.from(toBinary(ForwardingPipelineConfigSchema, config));
    const args = [
      String(device.port),
      octets.toString('base64'),
      ...[ID.mac, ID.forward].map(String),
    ];
    const printed = await new Promise<string>((resolve) => {
      execFile('python3', ['-c', SCRIPT, ...args], PYTHON, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    expect(printed.trim().split('\n')).toEqual([
      'arbitration 0',
      'config True',
      'write UNKNOWN',
      'update True 0',
      'update True 6',
      'update True 0',
      "entry ['22', '01'] 05",
      "entry ['22', '02'] 05",
      'api 1.5.0',
    ]);
  });
});
