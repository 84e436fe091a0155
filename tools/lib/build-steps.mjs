/** What is built from what: TypeScript, the C engine, the lab's C helpers, the shipped pipeline. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SetupError, runQuietly, step, tail } from './console.mjs';
import {
  filesBelow,
  fingerprint,
  inRoot,
  isUpToDate,
  markBuilt,
  root,
  which,
  withLock,
} from './files.mjs';

const ending =
  (...endings) =>
  (name) =>
    endings.includes(extname(name));

/**
 * @typedef {object} Part something that is built as one
 * @property {string} name
 * @property {string} [label] for the progress line, of what is built alone
 * @property {string[]} inputs files
 * @property {string[]} more other things that it depends on: flags, versions
 * @property {string[]} outputs files that must be there
 * @property {() => Promise<void>} build
 */

/** The compiler leaves behind what it made of sources that are gone since. */
function removeOrphans() {
  const dist = inRoot('dist');
  for (const file of filesBelow(dist, ending('.js', '.map'))) {
    const source = inRoot(relative(dist, file).replace(/\.js(\.map)?$/, '.ts'));
    if (!existsSync(source)) rmSync(file);
  }
}

/** @returns {Part} */
function typescript() {
  const sources = ['control-plane', 'dataplane-native', 'protos/gen', 'lab'].flatMap((folder) =>
    filesBelow(inRoot(folder), ending('.ts')),
  );
  const info = inRoot('dist', '.tsbuildinfo');
  const outputs = [inRoot('dist', 'control-plane', 'cli', 'main.js')];
  return {
    name: 'typescript',
    label: 'compiling TypeScript',
    inputs: [
      ...sources,
      ...['tsconfig.json', 'tsconfig.build.json', 'package.json'].map((f) => inRoot(f)),
    ],
    more: [],
    outputs,
    build: async () => {
      // The incremental compiler trusts its record, even when somebody deleted what it wrote.
      if (!outputs.every((file) => existsSync(file))) rmSync(info, { force: true });
      const compiler = inRoot('node_modules', 'typescript', 'bin', 'tsc');
      const { code, output } = await runQuietly(
        process.execPath,
        [compiler, '-p', 'tsconfig.build.json'],
        { cwd: root },
      );
      if (code === 0) return removeOrphans();
      throw new SetupError('TypeScript found errors', {
        where: 'tsconfig.build.json',
        detail: tail(output),
        fix: 'mend the lines named above (in an unchanged clone this is our bug: please report it)',
      });
    },
  };
}

/** The C compiler's command: $CC may be “ccache gcc”, as for the switch's own compiler driver. */
const [cc = 'cc', ...ccArgs] = (process.env.CC ?? '').trim().split(/\s+/).filter(Boolean);

async function compileC(args, output) {
  mkdirSync(dirname(output), { recursive: true });
  const line = [...ccArgs, ...args, '-o', output];
  const { code, output: text } = await runQuietly(cc, line, { cwd: root });
  if (code === 0) return;
  throw new SetupError('the C compiler found errors', {
    where: `${which(cc)} for ${output.slice(root.length + 1)}`,
    detail: tail(text),
    fix: `mend the lines named above (in an unchanged clone this is our bug: please report it with the output of: ${cc} --version)`,
  });
}

/** Warnings stop us (in CI), not a user whose compiler is newer than ours. What comes out is the
 * same, so this is in no fingerprint. */
const strictness = process.env.CI ? ['-Werror'] : [];

/** The packet engine: its sources and flags are data, since tests build it in other ways too. */
function engine(compiler) {
  const folder = inRoot('dataplane-native', 'engine');
  const recipe = join(folder, 'build.json');
  const { output, sources, flags, linkFlags, warnings } = JSON.parse(readFileSync(recipe, 'utf8'));
  const args = [...flags, ...warnings, ...sources, ...linkFlags];
  return {
    name: 'engine',
    label: 'compiling the packet engine',
    inputs: [...filesBelow(folder, ending('.h')), ...sources.map((file) => inRoot(file)), recipe],
    more: [compiler, ...args],
    outputs: [inRoot(output)],
    build: () => compileC([...strictness, ...args], inRoot(output)),
  };
}

/** @returns {Part[]} */
function labHelpers(compiler) {
  const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Wvla'];
  const base = ['-std=c17', '-O2', '-D_GNU_SOURCE', '-fvisibility=hidden', '-pthread'];
  const flags = [...base, ...warnings];
  const folder = inRoot('lab', 'native');
  const headers = filesBelow(folder, ending('.h'));
  return filesBelow(folder, ending('.c')).map((source) => {
    const name = basename(source, '.c');
    const output = inRoot('build', 'lab', name);
    return {
      name: `lab/${name}`,
      inputs: [source, ...headers],
      more: [compiler, ...flags],
      outputs: [output],
      build: () => compileC([...strictness, ...flags, source], output),
    };
  });
}

/** What a program of the lab is started with, to have a clock of its own. */
function ownClock(compiler) {
  const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Wvla'];
  const engineFolder = inRoot('dataplane-native', 'engine');
  const base = ['-std=c17', '-O2', '-D_GNU_SOURCE', '-fvisibility=hidden', '-pthread', '-fPIC'];
  const flags = [...base, '-shared', `-I${engineFolder}`, ...warnings];
  const source = inRoot('lab', 'preload', 'own_clock.c');
  const output = inRoot('build', 'lab', 'own_clock.so');
  return {
    name: 'lab/own_clock',
    inputs: [
      source,
      ...filesBelow(join(engineFolder, 'loop'), (name) => name.startsWith('oscillator.')),
    ],
    more: [compiler, ...flags],
    outputs: [output],
    build: () => compileC([...strictness, ...flags, source, '-ldl'], output),
  };
}

async function compilerVersion() {
  const { output } = await runQuietly(cc, [...ccArgs, '--version']);
  return `${cc} ${output.split('\n')[0]}`;
}

const printOf = (part) => fingerprint(part.inputs, ...part.more);
const isCurrent = (part) => isUpToDate(part.name, printOf(part), part.outputs);

async function build(part) {
  const print = printOf(part);
  await part.build();
  markBuilt(part.name, print);
}

async function bring(part) {
  if (!isCurrent(part)) await step(part.label, () => build(part));
}

/** Many small ones, as one step. */
async function bringAll(label, parts) {
  const stale = parts.filter((part) => !isCurrent(part));
  if (stale.length === 0) return;
  await step(label, async () => {
    for (const part of stale) await build(part);
  });
}

/**
 * The shipped pipelines, compiled to where the switch looks first, so that a plain run compiles
 * nothing. Needs dist/: the pipeline compiler is ours, and TypeScript.
 */
function pipelines(compiler) {
  const folder = inRoot('build', 'pipelines');
  const natives = inRoot('dataplane-native');
  const sources = ['compiler', 'binding'].flatMap((name) =>
    filesBelow(join(natives, name), ending('.ts')),
  );
  const artefact = inRoot('p4', 'artefacts', 'main_native.json');
  const engineFolder = join(natives, 'engine');
  const headers = [...filesBelow(engineFolder, ending('.h')), join(engineFolder, 'build.json')];
  return {
    name: 'pipelines',
    label: 'compiling the shipped P4 program',
    inputs: [...sources, ...headers, artefact],
    more: [compiler],
    outputs: [folder],
    build: async () => {
      const compiled = await compileShipped(artefact, folder);
      for (const file of filesBelow(folder, () => true)) {
        if (file !== compiled) rmSync(file, { force: true });
      }
    },
  };
}

/** Bmv2 JSON → C → shared object in `folder`. Returns its path. */
async function compileShipped(artefact, folder) {
  const load = (file) => import(pathToFileURL(inRoot('dist', 'dataplane-native', file)));
  const compiler = await load('compiler/compile.js');
  const toolchain = await load('binding/toolchain.js');
  const translated = compiler.compilePipeline(readFileSync(artefact));
  if (!translated.ok) {
    const detail = translated.errors.map((e) => `${e.code} ${e.path}: ${e.message}`).join('\n');
    throw new SetupError('the P4 program does not translate to C', { where: artefact, detail });
  }
  const options = { cacheFolder: folder, shippedFolder: folder };
  const compiled = await toolchain.compilePipeline(translated.value.c, options);
  if (compiled.ok) return compiled.value.sharedObject;
  throw new SetupError(compiled.error.message, { where: artefact });
}

export async function buildTypeScript() {
  const part = typescript();
  if (!isCurrent(part)) await withLock(() => bring(part));
}

/** Builds every part whose inputs changed. */
export async function buildAll() {
  const compiler = await compilerVersion();
  const helpers = [...labHelpers(compiler), ownClock(compiler)];
  const parts = [typescript(), engine(compiler), ...helpers, pipelines(compiler)];
  if (parts.every(isCurrent)) return;
  await withLock(async () => {
    await bring(typescript());
    await bring(engine(compiler));
    await bringAll('compiling the lab’s helpers', helpers);
    await bring(pipelines(compiler));
  });
}
