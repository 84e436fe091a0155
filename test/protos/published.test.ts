/** Our protos against the published ones, as Python's `p4runtime` package carries them. */
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import type { DescField, DescFile, DescMessage } from '@bufbuild/protobuf';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { file_google_rpc_status } from '#protos/google/rpc/status_pb';
import { file_p4_config_v1_p4info } from '#protos/p4/config/v1/p4info_pb';
import { file_p4_config_v1_p4types } from '#protos/p4/config/v1/p4types_pb';
import { file_p4_v1_p4data } from '#protos/p4/v1/p4data_pb';
import { file_p4_v1_p4runtime } from '#protos/p4/v1/p4runtime_pb';
import { describe, expect, it } from 'vitest';

const OURS: readonly DescFile[] = [
  file_google_rpc_status,
  file_p4_config_v1_p4info,
  file_p4_config_v1_p4types,
  file_p4_v1_p4data,
  file_p4_v1_p4runtime,
];

/** Published after 1.5.0; p4c writes the scope into a P4Info. */
const LATER: Readonly<Record<string, string>> = {
  'p4.config.v1.ActionRef.Scope GROUP_ACTION': '3',
  'p4.v1.ActionProfileActionSet.group_action': '5 1 11 .p4.v1.Action ',
};

const PRINT_DESCRIPTORS = `
import base64
from google.protobuf import descriptor_pb2
from p4.v1 import p4runtime_pb2
files = {}
def visit(file):
    if file.name in files: return
    for dependency in file.dependencies: visit(dependency)
    files[file.name] = file
visit(p4runtime_pb2.DESCRIPTOR)
out = descriptor_pb2.FileDescriptorSet()
for file in files.values(): file.CopyToProto(out.file.add())
print(base64.b64encode(out.SerializeToString()).decode())
`;

function publishedFiles(): ReturnType<typeof createFileRegistry> | string {
  try {
    // Elsewhere than here: our own folder p4/ would hide Python's package p4.
    const printed = execFileSync('python3', ['-c', PRINT_DESCRIPTORS], {
      cwd: tmpdir(),
      // The package's modules are of a generation that the C implementation refuses.
      env: { ...process.env, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION: 'python' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return createFileRegistry(
      fromBinary(FileDescriptorSetSchema, Buffer.from(printed.trim(), 'base64')),
    );
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    return `Python's package p4runtime is not installed (${why})`;
  }
}

function fieldFacts(field: DescField): string {
  const { proto, oneof } = field;
  return [proto.number, proto.label, proto.type, proto.typeName, oneof?.name ?? ''].join(' ');
}

/** What the wire and JSON see of a file: name of each thing → its numbers and types. */
function facts(file: DescFile): Record<string, string> {
  const found: Record<string, string> = { package: file.proto.package };
  const message = (desc: DescMessage): void => {
    found[`message ${desc.typeName}`] = '';
    for (const field of desc.fields) found[`${desc.typeName}.${field.name}`] = fieldFacts(field);
    for (const nested of desc.nestedMessages) message(nested);
    for (const nested of desc.nestedEnums) enumeration(nested);
  };
  const enumeration = (desc: DescFile['enums'][number]): void => {
    for (const value of desc.values) found[`${desc.typeName} ${value.name}`] = `${value.number}`;
  };
  for (const desc of file.messages) message(desc);
  for (const desc of file.enums) enumeration(desc);
  for (const service of file.services) {
    for (const method of service.methods) {
      found[`${service.typeName}/${method.name}`] =
        `${method.methodKind} ${method.input.typeName} ${method.output.typeName}`;
    }
  }
  return found;
}

const published = publishedFiles();

describe('protos, compared with the published P4Runtime 1.5', () => {
  if (typeof published === 'string') {
    it.skip(`needs the published files: ${published}`);
    return;
  }
  for (const ours of OURS) {
    const theirs = published.getFile(ours.proto.name);
    it(`${ours.proto.name} has the same packages, names, numbers and types`, () => {
      expect(theirs, 'not among the published files').toBeDefined();
      if (theirs === undefined) return;
      const later = Object.entries(LATER).filter(([name]) => name in facts(ours));
      expect(facts(ours)).toEqual({ ...Object.fromEntries(later), ...facts(theirs) });
    });
  }
});
