/** Builds the packet engine's library from its recipe, engine/build.json; `npm run build` reads the
 * same recipe. Tests build it with other flags. */
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { engineFolder, packageRoot } from './paths.js';
import { findCompiler, type ToolchainResult } from './toolchain.js';

export interface BuildRecipe {
  readonly output: string;
  readonly includeDirectory: string;
  /** From the package's root. */
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  readonly linkFlags: readonly string[];
  readonly warnings: readonly string[];
  readonly pipelineFlags: readonly string[];
}

export async function readRecipe(): Promise<BuildRecipe> {
  return JSON.parse(await readFile(join(engineFolder, 'build.json'), 'utf8')) as BuildRecipe;
}

/** Compiles the engine to `output` (default: the recipe's). COMPILE_FAILED has the complaints. */
export async function buildEngine(
  output?: string,
  extraFlags: readonly string[] = [],
): Promise<ToolchainResult<string>> {
  const compiler = await findCompiler();
  if (!compiler.ok) return compiler;
  const recipe = await readRecipe();
  const target = output ?? join(packageRoot, recipe.output);
  await mkdir(dirname(target), { recursive: true });
  const [program = 'cc', ...first] = compiler.value.command;
  const args = [
    ...first,
    ...recipe.flags,
    ...recipe.warnings,
    ...extraFlags,
    ...recipe.sources,
    ...recipe.linkFlags,
    '-o',
    target,
  ];
  return new Promise((resolve) => {
    execFile(program, args, { cwd: packageRoot, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) {
        resolve({ ok: true, value: target });
      } else {
        const message = `the packet engine does not compile: ${stdout}${stderr}${error.message}`;
        resolve({ ok: false, error: { code: 'COMPILE_FAILED', message } });
      }
    });
  });
}
