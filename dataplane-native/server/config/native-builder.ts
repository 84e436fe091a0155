/** From p4_device_config, a bmv2 JSON, to a shared object: our compiler, then the system's. */
import { status } from '@grpc/grpc-js';
import { defaultCacheFolder } from '#binding/paths';
import { compilePipeline as compileObject } from '#binding/toolchain';
import type { ToolchainFailure } from '#binding/toolchain';
import { compilePipeline as compileJson } from '#compiler/compile';
import type { CompileError } from '#compiler/layout';
import type { Outcome } from '../errors.js';
import { done, fail, invalid } from '../errors.js';
import type { BuiltPipeline, PipelineBuilder } from './pipeline-config.js';
import { hashOfCompilerFiles, translationCache } from './translation-cache.js';

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

/** How a pipeline was come by. */
export interface NativePipeline extends BuiltPipeline {
  /** The JSON was not translated: it had been before, by the same compiler. */
  readonly isKnown: boolean;
  /** The C compiler did not run. */
  readonly fromCache: boolean;
}

export interface NativeBuilder extends PipelineBuilder {
  build(deviceConfig: Uint8Array): Promise<Outcome<NativePipeline>>;
}

export interface NativeBuilderOptions {
  /** As of the C compiler's driver. */
  readonly shippedFolder?: string;
  /** Default: the hash of our compiler's files. */
  readonly compilerHash?: string;
}

/** Our compiler's files do not change while it runs, as far as this is concerned. Null: they cannot
 * be read, and nothing is kept. */
let ownHash: Promise<string | null> | null = null;

/** Builds for this machine; objects and translations are kept in `cacheFolder` (null: the default
 * one). Bad JSON is never kept: its errors are the compiler's, each time. */
export function nativeBuilder(
  cacheFolder: string | null,
  options: NativeBuilderOptions = {},
): NativeBuilder {
  const { compilerHash, ...shipped } = options;
  const folder = cacheFolder ?? defaultCacheFolder();
  // Now, not at the first program: these are still the files that were loaded.
  ownHash ??= hashOfCompilerFiles().catch(() => null);
  const hash = compilerHash === undefined ? ownHash : Promise.resolve(compilerHash);
  return {
    build: async (deviceConfig) => {
      const key = await hash;
      const cache = key === null ? null : translationCache(folder, key);
      const known = (await cache?.read(deviceConfig)) ?? null;
      const compiled =
        known === null ? compileJson(deviceConfig) : { ok: true as const, value: known };
      if (!compiled.ok) return invalid(`p4_device_config: ${describeAll(compiled.errors)}`);
      const { c, layout } = compiled.value;
      const built = await compileObject(c, { cacheFolder: folder, ...shipped });
      if (!built.ok) {
        const { code, message } = built.error;
        return fail(TOOLCHAIN_CODES[code], message.slice(0, SHOWN_CHARACTERS));
      }
      if (known === null) await cache?.write(deviceConfig, compiled.value);
      return done({ ...built.value, layout, isKnown: known !== null });
    },
  };
}
