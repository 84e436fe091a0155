/** The committed pipelines of p4/artefacts, ready to push. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, fromJsonString } from '@bufbuild/protobuf';
import { indexP4Info, type P4InfoIndex } from '#p4rt/p4info';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import {
  ForwardingPipelineConfigSchema,
  type ForwardingPipelineConfig,
} from '#protos/p4/v1/p4runtime_pb';
import { failure, success, type Result } from '#units/result';
import { packageRoot } from './version.js';

export interface Pipeline {
  readonly name: string;
  readonly index: P4InfoIndex;
  readonly config: ForwardingPipelineConfig;
  /** Of P4Info and program: tells whether a switch runs just this pipeline. */
  readonly cookie: bigint;
}

export type PipelineErrorCode = 'pipeline-missing' | 'pipeline-bad';

/** Reads the pipeline `name` and its P4Info. */
export async function loadPipeline(name: string): Promise<Result<Pipeline, PipelineErrorCode>> {
  const folder = join(packageRoot(), 'p4', 'artefacts');
  const p4infoPath = join(folder, `${name}.p4info.json`);
  const programPath = join(folder, `${name}.json`);
  let p4infoText: string;
  let program: Buffer;
  try {
    p4infoText = await readFile(p4infoPath, 'utf8');
    program = await readFile(programPath);
  } catch (error) {
    return failure('pipeline-missing', `cannot read pipeline '${name}': ${String(error)}`);
  }
  let p4info;
  try {
    p4info = fromJsonString(P4InfoSchema, p4infoText);
  } catch (error) {
    return failure('pipeline-bad', `${p4infoPath} is no P4Info: ${String(error)}`);
  }
  const index = indexP4Info(p4info);
  if (!index.ok) return failure('pipeline-bad', `${p4infoPath}: ${index.error.message}`);
  const digest = createHash('sha256').update(p4infoText).update(program).digest();
  const cookie = digest.readBigUInt64BE(0);
  const config = create(ForwardingPipelineConfigSchema, {
    p4info,
    p4DeviceConfig: program,
    cookie: { cookie },
  });
  return success({ name, index: index.value, config, cookie });
}
