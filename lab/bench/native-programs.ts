/** Builds the benchmarks' C programs and the pipelines that they run, into build/bench/. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { compilePipeline as compileC } from '#binding/toolchain';
import { compilePipeline } from '#compiler/compile';
import type { PipelineLayout } from '#compiler/layout';
import { LabError } from '../lab-error.js';
import { projectRoot } from '../peers/helpers.js';
import { tryCommand } from '../namespaces/commands.js';

/** The engine's own recipe, so that the peers are built by the flags of the product. */
const recipeSchema = z.object({
  output: z.string(),
  includeDirectory: z.string(),
  sources: z.array(z.string()),
  flags: z.array(z.string()),
});
type Recipe = z.infer<typeof recipeSchema>;

export const PROGRAMS = [
  'hand_loop',
  'pipeline_loop',
  'engine_loop',
  'port_loop',
  'loops',
  'null_forwarder',
  'table_loop',
  'traffic',
] as const;
export type Program = (typeof PROGRAMS)[number];

export interface BuiltPipeline {
  readonly sharedObject: string;
  readonly layout: PipelineLayout;
}

function recipe(): Recipe {
  const path = join(projectRoot(), 'dataplane-native', 'engine', 'build.json');
  return recipeSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
}

export function benchDirectory(): string {
  const directory = join(projectRoot(), 'build', 'bench');
  mkdirSync(directory, { recursive: true });
  return directory;
}

export function programPath(program: Program): string {
  return join(benchDirectory(), program);
}

/** The path of a committed artefact of the P4 program. */
export function artefactPath(name: string): string {
  return join(projectRoot(), 'p4', 'artefacts', name);
}

/** Compiles what is older than its inputs. Throws LabError where the C compiler is missing or fails. */
export async function buildPrograms(): Promise<void> {
  const { flags, output, includeDirectory, sources } = recipe();
  const root = projectRoot();
  const native = join(root, 'lab', 'bench', 'native');
  const engine = join(root, includeDirectory);
  const library = join(root, output);
  const headers = [native, engine].flatMap((folder) => filesIn(folder, '.h'));
  const tables = filesIn(join(engine, 'tables'), '.c');
  const more: Readonly<Record<Program, readonly string[]>> = {
    hand_loop: [],
    pipeline_loop: [...tables, '-ldl'],
    engine_loop: [library, '-Wl,-rpath,$ORIGIN/..'],
    port_loop: [library, '-Wl,-rpath,$ORIGIN/..'],
    // It has ports of its own, so the library's few symbols are not enough for it.
    loops: [...sources.map((source) => join(root, source)), '-ldl'],
    null_forwarder: [],
    table_loop: tables,
    traffic: [],
  };
  for (const program of PROGRAMS) {
    const source = join(native, `${program}.c`);
    const extra = more[program];
    const inputs = [source, ...headers, ...extra.filter((one) => existsSync(one))];
    const args = [...flags, '-I', engine, source, ...extra];
    await compile(args, inputs, programPath(program));
  }
}

/** Compiles a bmv2 JSON as `timeplane switch` does. */
export async function buildPipeline(artefact: string): Promise<BuiltPipeline> {
  const compiled = compilePipeline(readFileSync(artefactPath(`${artefact}.json`)));
  if (!compiled.ok) {
    const [first] = compiled.errors;
    throw new LabError('command-failed', `${artefact}.json: ${first?.message ?? 'not compiled'}`);
  }
  const { c, layout } = compiled.value;
  const built = await compileC(c, { cacheFolder: benchDirectory() });
  if (!built.ok) throw new LabError('command-failed', built.error.message);
  return { sharedObject: built.value.sharedObject, layout };
}

async function compile(
  args: readonly string[],
  inputs: readonly string[],
  output: string,
): Promise<void> {
  const hash = createHash('sha256').update(args.join('\0'));
  for (const input of inputs) hash.update(readFileSync(input));
  const print = hash.digest('hex');
  const stamp = `${output}.stamp`;
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === print) return;
  const result = await tryCommand(['cc', ...args, '-o', output]);
  if (result.code === 127) {
    throw new LabError(
      'precondition',
      'there is no C compiler (cc)',
      'install one: sudo apt-get install gcc libc6-dev',
    );
  }
  if (result.code !== 0) {
    throw new LabError('command-failed', `cc failed for ${output}:\n${result.stderr.trim()}`);
  }
  writeFileSync(stamp, print);
}
