/** Compiles a program to C, builds it with the harness and runs frames through it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compilePipeline } from '#compiler/compile';
import type { CompiledPipeline, PipelineLayout } from '#compiler/layout';

const ENGINE = fileURLToPath(new URL('../../dataplane-native/engine', import.meta.url));
const HARNESS = fileURLToPath(new URL('harness/harness.c', import.meta.url));
const WARNINGS = ['-std=c17', '-Wall', '-Wextra', '-Werror'];
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

/** Builds with sanitizers, unless `fast`. */
export function build(json: unknown, options: { cc?: string; fast?: boolean } = {}): Harness {
  const { c, layout } = translate(json);
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-compiler-'));
  const source = join(folder, 'pipeline.c');
  const program = join(folder, 'pipeline');
  writeFileSync(source, c);
  const mode = options.fast === true ? ['-O2'] : SANITIZERS;
  const args = [...WARNINGS, ...mode, `-I${ENGINE}`, source, HARNESS, join(ENGINE, 'table.c')];
  execFileSync(options.cc ?? compilers()[0] ?? 'cc', [...args, '-o', program], { stdio: 'pipe' });
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
