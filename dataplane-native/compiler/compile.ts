import { buildLayout } from './build-layout.js';
import { emitC } from './c/emit.js';
import { checkState } from './check.js';
import { decodeProgram } from './decode.js';
import { CompileFailure } from './failure.js';
import { parseJson } from './json.js';
import type { CompileError, CompileResult } from './layout.js';
import { LIMITS } from './limits.js';

export interface CompileOptions {
  /** The largest JSON that is read, in octets. */
  readonly maxJsonOctets?: number;
}

/**
 * Translates a bmv2 JSON, as p4c-bm2-ss writes it for v1model, to one C17 file for the engine and
 * the layout that the P4Runtime server works with. Pure: the same input gives the same text. A JSON
 * that is hostile or beyond what is supported gives errors with a stable code and a place.
 */
export function compilePipeline(
  json: string | Uint8Array,
  options: CompileOptions = {},
): CompileResult {
  try {
    const root = parseJson(json, {
      maxOctets: options.maxJsonOctets ?? LIMITS.jsonOctets,
      maxDepth: LIMITS.jsonDepth,
    });
    const program = decodeProgram(root);
    const layout = buildLayout(program);
    checkState(program, layout);
    const c = emitC(program, layout);
    if (c.length > LIMITS.cOctets) {
      return failed({
        code: 'LIMIT',
        message: `the program becomes ${c.length} octets of C`,
        path: '$',
        source: null,
      });
    }
    return { ok: true, value: { c, layout } };
  } catch (error) {
    if (error instanceof CompileFailure) {
      return failed(error.error);
    }
    throw error;
  }
}

function failed(error: CompileError): CompileResult {
  return { ok: false, errors: [error] };
}
