/**
 * The C compiler: from a pipeline's C text to a shared object in a cache. An object is named by the
 * hash of what it is made of (text, flags, the headers it includes) and of what made it (the
 * compiler), and appears under its name only when it is whole, so two processes may compile the same
 * pipeline at once. Any compiler's object will do on a machine that has none.
 */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheFolder, engineFolder, packageRoot } from './paths.js';

export interface Compiler {
  /** The command and its first arguments: $CC may be `ccache gcc`. */
  readonly command: readonly string[];
  /** What `--version` prints. */
  readonly version: string;
}

export interface ToolchainFailure {
  /** NO_COMPILER: none found. COMPILE_FAILED: it refused the text. CACHE: the folder is not usable. */
  readonly code: 'NO_COMPILER' | 'COMPILE_FAILED' | 'CACHE';
  readonly message: string;
}

export type ToolchainResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ToolchainFailure };

export interface CompiledObject {
  readonly sharedObject: string;
  /** It was there already: nothing was compiled. */
  readonly fromCache: boolean;
}

export interface CompileOptions {
  /** Where objects are kept; default `$XDG_CACHE_HOME/timeplane` or `~/.cache/timeplane`. */
  readonly cacheFolder?: string;
  /** Looked into first and never written: pipelines that came with the build. Default
   * `build/pipelines` of the package. */
  readonly shippedFolder?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A compiler that has not finished by then never will. */
const COMPILE_LIMIT_MS = 120_000;
/** Of the compiler's complaints, in a message. */
const COMPLAINT_OCTETS = 2_000;
const CANDIDATES = ['cc', 'gcc', 'clang'];

interface Run {
  readonly ok: boolean;
  readonly output: string;
}

function run(command: readonly string[], args: readonly string[], limitMs: number): Promise<Run> {
  const [program = '', ...first] = command;
  return new Promise((resolve) => {
    execFile(
      program,
      [...first, ...args],
      { timeout: limitMs, maxBuffer: 16 * 1024 * 1024, encoding: 'utf8' },
      (error, stdout, stderr) => {
        const output = `${stdout}${stderr}`;
        resolve({ ok: error === null, output: output === '' ? (error?.message ?? '') : output });
      },
    );
  });
}

/** $CC if it is set, else the first of cc, gcc and clang that runs. */
export async function findCompiler(
  env: NodeJS.ProcessEnv = process.env,
): Promise<ToolchainResult<Compiler>> {
  const chosen = env['CC']?.trim().split(/\s+/) ?? [];
  const candidates =
    chosen.length > 0 && chosen[0] !== '' ? [chosen] : CANDIDATES.map((name) => [name]);
  for (const command of candidates) {
    const { ok, output } = await run(command, ['--version'], 10_000);
    if (ok) return { ok: true, value: { command, version: output } };
  }
  const tried = candidates.map((command) => command.join(' ')).join(', ');
  return {
    ok: false,
    error: {
      code: 'NO_COMPILER',
      message:
        `a pipeline must be compiled, and there is no C compiler (tried ${tried}): ` +
        'install one (apt-get install gcc libc6-dev) or set CC',
    },
  };
}

async function pipelineFlags(): Promise<string[]> {
  const text = await readFile(join(engineFolder, 'build.json'), 'utf8');
  const recipe = JSON.parse(text) as { readonly pipelineFlags: string[] };
  return recipe.pipelineFlags;
}

/** Each part is hashed with its length, so that no two lists of parts look alike. */
function hashOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex').slice(0, 32);
}

async function hashOfSource(c: string, flags: readonly string[]): Promise<string> {
  const files = await readdir(engineFolder, { recursive: true });
  const names = files.filter((name) => name.endsWith('.h')).sort();
  const headers = await Promise.all(
    names.map((name) => readFile(join(engineFolder, name), 'utf8')),
  );
  return hashOf([...flags, ...headers, c]);
}

function hashOfCompiler({ command, version }: Compiler): string {
  return hashOf([...command, version]);
}

/** An object of that source; by that compiler, or by any if it is null. */
async function findObject(
  folder: string,
  source: string,
  compiler: Compiler | null,
): Promise<string | null> {
  const wanted = compiler === null ? `${source}-` : `${source}-${hashOfCompiler(compiler)}`;
  const names = await readdir(folder).catch(() => []);
  const name = names.find((one) => one.startsWith(wanted) && one.endsWith('.so'));
  return name === undefined ? null : join(folder, name);
}

function cacheFailure(folder: string, error: unknown): ToolchainResult<never> {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    ok: false,
    error: {
      code: 'CACHE',
      message:
        `the folder for compiled pipelines, ${folder}, cannot be used (${reason}): ` +
        'choose another with --pipeline-cache',
    },
  };
}

async function compileInto(
  target: string,
  c: string,
  flags: readonly string[],
  compiler: Compiler,
): Promise<ToolchainResult<CompiledObject>> {
  const temporary = `${target}.${process.pid}-${randomBytes(4).toString('hex')}`;
  const source = `${temporary}.c`;
  try {
    await writeFile(source, c, { mode: 0o600 });
    const args = [...flags, `-I${engineFolder}`, '-o', temporary, source];
    const { ok, output } = await run(compiler.command, args, COMPILE_LIMIT_MS);
    if (!ok) {
      const complaint = output.replaceAll(source, 'pipeline.c').slice(0, COMPLAINT_OCTETS);
      const message = `the C compiler (${compiler.command.join(' ')}) refused the pipeline: ${complaint}`;
      return { ok: false, error: { code: 'COMPILE_FAILED', message } };
    }
    await rename(temporary, target);
    return { ok: true, value: { sharedObject: target, fromCache: false } };
  } finally {
    await rm(source, { force: true });
    await rm(temporary, { force: true });
  }
}

/** Compiles a pipeline's C text (of the compiler's making: it is not checked here), or finds it. */
export async function compilePipeline(
  c: string,
  options: CompileOptions = {},
): Promise<ToolchainResult<CompiledObject>> {
  const env = options.env ?? process.env;
  const compiler = await findCompiler(env);
  const flags = await pipelineFlags();
  const source = await hashOfSource(c, flags);
  const folder = options.cacheFolder ?? defaultCacheFolder(env);
  const shipped = options.shippedFolder ?? join(packageRoot, 'build', 'pipelines');
  for (const place of [shipped, folder]) {
    const found = await findObject(place, source, compiler.ok ? compiler.value : null);
    if (found !== null) return { ok: true, value: { sharedObject: found, fromCache: true } };
  }
  if (!compiler.ok) return compiler;
  const name = `${source}-${hashOfCompiler(compiler.value)}.so`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await compileInto(join(folder, name), c, flags, compiler.value);
  } catch (error) {
    return cacheFailure(folder, error);
  }
}
