/** The files of a replay, read as P4Runtime's messages. */
import { create, fromJsonString } from '@bufbuild/protobuf';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import type { ForwardingPipelineConfig, Update } from '#protos/p4/v1/p4runtime_pb';
import { ForwardingPipelineConfigSchema, WriteRequestSchema } from '#protos/p4/v1/p4runtime_pb';

export interface ReplayFiles {
  /** A P4Info in protobuf JSON. */
  readonly p4info: string;
  /** A bmv2 JSON. */
  readonly deviceConfig: Uint8Array;
  /** A WriteRequest in protobuf JSON; null: the program's own entries alone. */
  readonly entries: string | null;
}

export type ReplayInput =
  | {
      readonly ok: true;
      readonly config: ForwardingPipelineConfig;
      readonly updates: readonly Update[];
    }
  | { readonly ok: false; readonly file: 'p4info' | 'entries'; readonly message: string };

/** Parses the files; on failure says which is wrong and how. */
export function parseReplayFiles(files: ReplayFiles): ReplayInput {
  let file: 'p4info' | 'entries' = 'p4info';
  try {
    const p4info = fromJsonString(P4InfoSchema, files.p4info);
    const p4DeviceConfig = files.deviceConfig;
    const config = create(ForwardingPipelineConfigSchema, { p4info, p4DeviceConfig });
    file = 'entries';
    const updates =
      files.entries === null ? [] : fromJsonString(WriteRequestSchema, files.entries).updates;
    return { ok: true, config, updates };
  } catch (error) {
    return { ok: false, file, message: error instanceof Error ? error.message : String(error) };
  }
}
