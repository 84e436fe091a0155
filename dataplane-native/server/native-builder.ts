/** From p4_device_config, a bmv2 JSON, to a shared object: our compiler, then the system's. */
import { status } from '@grpc/grpc-js';
import { compilePipeline as compileObject } from '#binding/toolchain';
import type { ToolchainFailure } from '#binding/toolchain';
import { compilePipeline as compileJson } from '#compiler/compile';
import type { CompileError } from '#compiler/layout';
import { done, fail, invalid } from './errors.js';
import type { PipelineBuilder } from './pipeline-config.js';

/** A program of many errors is told about the first few. */
const SHOWN_ERRORS = 8;
/** gRPC sends the message as a header, which has to stay small. */
const SHOWN_CHARACTERS = 2000;

function describe({ code, message, path, source }: CompileError): string {
  return `${code} at ${path}${source === null ? '' : ` (${source})`}: ${message}`;
}

function describeAll(errors: readonly CompileError[]): string {
  const shown = errors.slice(0, SHOWN_ERRORS).map(describe);
  const more = errors.length > SHOWN_ERRORS ? [`and ${errors.length - SHOWN_ERRORS} more`] : [];
  return [...shown, ...more].join('; ').slice(0, SHOWN_CHARACTERS);
}

const TOOLCHAIN_CODES: Readonly<Record<ToolchainFailure['code'], status>> = {
  NO_COMPILER: status.FAILED_PRECONDITION,
  COMPILE_FAILED: status.INVALID_ARGUMENT,
  CACHE: status.FAILED_PRECONDITION,
};

/** Builds for this machine; objects are kept in `cacheFolder` (null: the default one). */
export function nativeBuilder(cacheFolder: string | null): PipelineBuilder {
  return {
    build: async (deviceConfig) => {
      const compiled = compileJson(deviceConfig);
      if (!compiled.ok) return invalid(`p4_device_config: ${describeAll(compiled.errors)}`);
      const { c, layout } = compiled.value;
      const built = await compileObject(c, cacheFolder === null ? {} : { cacheFolder });
      if (built.ok) return done({ sharedObject: built.value.sharedObject, layout });
      const { code, message } = built.error;
      return fail(TOOLCHAIN_CODES[code], message.slice(0, SHOWN_CHARACTERS));
    },
  };
}
