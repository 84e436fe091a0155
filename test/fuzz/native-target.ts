/** Builds the packet fuzzer and the programs for it, with sanitizers, into build/fuzz; runs it. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRecipe } from '#binding/build';
import { engineFolder, packageRoot } from '#binding/paths';
import { workFolder } from './settings.js';

const SOURCES = join(packageRoot, 'test', 'fuzz', 'native');
const SANITIZE = 'address,undefined';
const FLAGS = [
  ...['-std=c17', '-D_GNU_SOURCE', '-pthread', '-g', '-O1', '-fno-omit-frame-pointer'],
  // Clang does not say it in the way that gcc does.
  ...['-D__SANITIZE_ADDRESS__=1', '-fno-sanitize-recover=all', `-I${engineFolder}`],
];

export interface FuzzCompiler {
  readonly command: string;
  /** Clang's libFuzzer; without it, inputs can only be run again. */
  readonly guides: boolean;
}

function canBuild(command: string, sanitize: string, body: string): boolean {
  const probe = join(workFolder(), `probe-${process.pid}`);
  const args = ['-x', 'c', '-', `-fsanitize=${sanitize}`, '-o', probe];
  const built = spawnSync(command, args, { input: body });
  return built.status === 0;
}

/** Clang with libFuzzer, else any compiler with sanitizers, else null. */
export function findFuzzCompiler(): FuzzCompiler | null {
  const target = 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return !d && n; }';
  if (canBuild('clang', `fuzzer,${SANITIZE}`, target)) return { command: 'clang', guides: true };
  const main = 'int main(void) { return 0; }';
  return canBuild('cc', SANITIZE, main) ? { command: 'cc', guides: false } : null;
}

/** Compiles unless what it is made of has been compiled so before; `texts` is part of that. */
function compileOnce(
  compiler: FuzzCompiler,
  name: string,
  args: readonly string[],
  texts: readonly string[],
): string {
  const hash = createHash('sha256');
  for (const part of [compiler.command, ...args, ...texts]) hash.update(`${part.length}:${part}`);
  const output = join(workFolder('bin'), `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(output)) return output;
  const temporary = `${output}.${process.pid}`;
  const built = spawnSync(compiler.command, [...args, '-o', temporary], {
    cwd: packageRoot,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`${name} does not compile:\n${built.stderr}`);
  renameSync(temporary, output);
  return output;
}

const textsIn = (folder: string, ending: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'));

/** The fuzzer: engine, target and libFuzzer, or a main function that runs inputs again. */
export async function buildFuzzer(compiler: FuzzCompiler): Promise<string> {
  const { sources, linkFlags } = await readRecipe();
  const sanitize = compiler.guides ? `fuzzer,${SANITIZE}` : SANITIZE;
  const driver = compiler.guides ? 'mutator.c' : 'replay_main.c';
  const own = [join(SOURCES, 'engine_fuzz.c'), join(SOURCES, driver)];
  const libraries = linkFlags.filter((flag) => flag !== '-shared');
  const args = [`-fsanitize=${sanitize}`, ...FLAGS, ...sources, ...own, '-rdynamic', ...libraries];
  const texts = [
    ...sources.map((file) => readFileSync(join(packageRoot, file), 'utf8')),
    ...[engineFolder, SOURCES].flatMap((folder) => textsIn(folder, '.h')),
    ...textsIn(SOURCES, '.c'),
  ];
  return compileOnce(compiler, 'engine_fuzz', args, texts);
}

/** A program's shared object, in which every packet has memory of its own. */
export function buildProgram(
  compiler: FuzzCompiler,
  name: string,
  c: string,
  more: readonly string[] = [],
): string {
  const source = join(workFolder('programs'), `${name}.c`);
  writeFileSync(source, c);
  const sanitize = compiler.guides ? `fuzzer-no-link,${SANITIZE}` : SANITIZE;
  const exact = join(SOURCES, 'exact_pipeline.c');
  const define = `-DPIPELINE_C="${source}"`;
  const args = ['-fPIC', '-shared', `-fsanitize=${sanitize}`, ...FLAGS, ...more, define, exact];
  const texts = [c, readFileSync(exact, 'utf8'), ...textsIn(engineFolder, '.h')];
  return compileOnce(compiler, `${name}.so`, args, texts);
}

export interface FuzzRun {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Of its output: the fault and its stack come at the end. */
const OUTPUT_CHARACTERS = 200_000;

export function runFuzzer(
  fuzzer: string,
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
  say: (text: string) => void = () => undefined,
): Promise<FuzzRun> {
  const env = {
    ...process.env,
    ASAN_OPTIONS: 'detect_leaks=0:malloc_context_size=8:quarantine_size_mb=16',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    ...environment,
  };
  const child = spawn(fuzzer, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARACTERS);
      say(text);
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal, output }));
  });
}
