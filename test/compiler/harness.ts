/** Compiles a program to C, builds it with the harness and runs frames through it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '#binding/paths';
import { compilePipeline } from '#compiler/compile';
import type { CompiledPipeline, PipelineLayout, TableLayout } from '#compiler/layout';
import { fillSlots, packSlots } from '#compiler/slots';

const ENGINE = fileURLToPath(new URL('../../dataplane-native/engine', import.meta.url));
const HARNESS = fileURLToPath(new URL('harness/harness.c', import.meta.url));
const WARNINGS = ['-std=c17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror'];
const SANITIZERS = ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

export interface Harness {
  readonly layout: PipelineLayout;
  /** Runs the commands in a fresh process and returns what it prints, a line each. */
  run(commands: readonly string[]): string[];
  dispose(): void;
}

/** Commands that are there of gcc and clang; at least one must be. */
export function compilers(): string[] {
  return ['gcc', 'clang'].filter((name) => spawnSync(name, ['--version']).status === 0);
}

export function translate(json: unknown): CompiledPipeline {
  const result = compilePipeline(typeof json === 'string' ? json : JSON.stringify(json));
  if (!result.ok) {
    throw new Error(JSON.stringify(result.errors));
  }
  return result.value;
}

/** The engine's files on tables, meters and profiles, which need nothing of the rest of it. */
const STATE_SOURCES = readdirSync(join(ENGINE, 'tables'))
  .filter((name) => name.endsWith('.c'))
  .map((name) => join(ENGINE, 'tables', name));

const KEPT = join(packageRoot, 'build', 'test', 'harness');

/** What a build of the harness is made of, beside the compiler and its flags. */
const HARNESS_TEXTS = [
  HARNESS,
  ...STATE_SOURCES,
  ...readdirSync(ENGINE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.h'))
    .sort()
    .map((name) => join(ENGINE, name)),
].map((file) => readFileSync(file, 'utf8'));

/** All but the program, which is the same for every one: compiled once, and kept. */
function harnessObject(cc: string, flags: readonly string[]): string {
  const version = spawnSync(cc, ['--version'], { encoding: 'utf8' }).stdout;
  const hash = createHash('sha256');
  for (const part of [cc, version, ...flags, ...HARNESS_TEXTS])
    hash.update(`${part.length}:${part}`);
  const object = join(KEPT, `${hash.digest('hex').slice(0, 24)}.o`);
  if (existsSync(object)) return object;
  mkdirSync(KEPT, { recursive: true });
  const unfinished = `${object}.${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-harness-'));
  const sources = [HARNESS, ...STATE_SOURCES];
  execFileSync(cc, [...flags, '-c', ...sources], { cwd: folder, stdio: 'pipe' });
  const objects = readdirSync(folder).map((name) => join(folder, name));
  // Without the sanitizers' flags, with which clang puts their runtime in.
  execFileSync(cc, ['-r', '-nostdlib', ...objects, '-o', unfinished], { stdio: 'pipe' });
  rmSync(folder, { recursive: true });
  renameSync(unfinished, object);
  return object;
}

/** Builds with sanitizers, unless `fast`. */
export function build(json: unknown, options: { cc?: string; fast?: boolean } = {}): Harness {
  const { c, layout } = translate(json);
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-compiler-'));
  const source = join(folder, 'pipeline.c');
  const program = join(folder, 'pipeline');
  writeFileSync(source, c);
  const cc = options.cc ?? compilers()[0] ?? 'cc';
  const mode = options.fast === true ? ['-O2'] : SANITIZERS;
  const flags = [...WARNINGS, ...mode, `-I${ENGINE}`];
  const args = [...flags, source, harnessObject(cc, flags), '-o', program];
  execFileSync(cc, args, { stdio: 'pipe' });
  return {
    layout,
    run: (commands) =>
      execFileSync(program, [], { input: `${commands.join('\n')}\n`, maxBuffer: 1 << 28 })
        .toString()
        .split('\n')
        .filter((line) => line !== ''),
    dispose: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The value of `name=value` in a line that the harness printed. */
export function valueOf(line: string | undefined, name: string): string {
  const found = new RegExp(`(?:^| )${name}=([^ ]*)`).exec(line ?? '');
  if (found?.[1] === undefined) {
    throw new Error(`no ${name} in "${line ?? ''}"`);
  }
  return found[1];
}

/** The committed JSON of a program in fixtures/. */
export function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8');
}

/** Hexadecimal of values of so many bits, one after the other. They must fill whole octets. */
export function bitsToHex(...values: readonly (readonly [bigint | number, number])[]): string {
  let all = 0n;
  let count = 0;
  for (const [value, bits] of values) {
    all = (all << BigInt(bits)) | BigInt.asUintN(bits, BigInt(value));
    count += bits;
  }
  return all.toString(16).padStart(count / 4, '0');
}

/** A harness's tables by their names, with what tests do to them. */
export class Tables {
  private readonly layout: PipelineLayout;

  constructor(layout: PipelineLayout) {
    this.layout = layout;
  }

  table(name: string): TableLayout {
    const table = this.layout.tables.find((item) => item.name.endsWith(`.${name}`));
    if (table === undefined) {
      throw new Error(`no table ${name}`);
    }
    return table;
  }

  action(table: string, name: string): number {
    const index = this.table(table).actions.find((action) =>
      `.${this.layout.actions[action]?.name ?? ''}`.endsWith(`.${name}`),
    );
    if (index === undefined) {
      throw new Error(`no action ${name} in ${table}`);
    }
    return index;
  }

  /** The command that inserts an entry. A mask per key is for LPM and ternary tables. */
  insert(
    table: string,
    keys: readonly bigint[],
    masks: readonly bigint[],
    action: string,
    args: readonly bigint[] = [],
    priority = 0,
  ): string {
    const { index, key, keyWords } = this.table(table);
    const packed = { slots: key, words: keyWords };
    const number = this.action(table, action);
    const params = packSlots(this.layout.actions[number]?.params ?? []);
    const words = [fillSlots(packed, keys), fillSlots(packed, masks), fillSlots(params, args)];
    return `insert ${index} ${priority} ${number} ${words.map((part) => part.join(' ')).join(' / ')}`;
  }

  /** The commands that the server gives when it loads a program: const entries and defaults. */
  initial(): string[] {
    return this.layout.tables.flatMap((table) => [
      ...(table.defaultAction === null
        ? []
        : [
            `default ${table.index} ${table.defaultAction.action} ${table.defaultAction.args.join(' ')}`,
          ]),
      ...table.constEntries.map(
        ({ priority, action, key, mask, args }) =>
          `insert ${table.index} ${priority} ${action} ${key.join(' ')} / ${mask.join(' ')} / ${args.join(' ')}`,
      ),
    ]);
  }
}
