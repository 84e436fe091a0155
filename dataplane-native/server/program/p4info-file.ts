/** A P4Info as p4c writes it: protobuf's text format, or its JSON. */
import { fromJson, fromJsonString } from '@bufbuild/protobuf';
import type { P4Info } from '#protos/p4/config/v1/p4info_pb';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import { parseTextFormat } from './text-format.js';

export type P4InfoFile =
  | { readonly ok: true; readonly info: P4Info }
  /** `line` is null where protobuf's reader does not say it. */
  | { readonly ok: false; readonly line: number | null; readonly message: string };

/** Reads either format: JSON begins with a brace, which text format never does. */
export function parseP4Info(text: string): P4InfoFile {
  try {
    if (text.trimStart().startsWith('{')) {
      return { ok: true, info: fromJsonString(P4InfoSchema, text) };
    }
    const parsed = parseTextFormat(P4InfoSchema, text);
    return parsed.ok ? { ok: true, info: fromJson(P4InfoSchema, parsed.value) } : parsed;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, line: null, message };
  }
}
