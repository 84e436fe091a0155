#!/usr/bin/env node
/*
 * Compiles the P4 programs and writes p4/artefacts with its manifest:
 *
 *   node tools/p4.mjs            needs p4c-bm2-ss on PATH (and its p4include where it looks for it)
 *   P4INCLUDE=DIR node tools/p4.mjs    …or says where v1model.p4 is
 *
 * The manifest holds a hash of every source, the compiler's version and its command line, so that a
 * test notices a source that changed without its artefacts.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const P4_DIR = resolve(dirname(fileURLToPath(import.meta.url)), '..', 'p4');
export const MAINS = ['main_bmv2', 'main_native'];

const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Every source below p4/, relative to it, sorted. */
export function sources(dir = P4_DIR) {
  return readdirSync(dir, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.p4'))
    .sort();
}

/** The compiler's arguments for one main, relative to p4/; `out` is where its artefacts go. */
export function p4cArguments(main, out) {
  return [
    '--std',
    'p4-16',
    '--Wdisable=unused',
    '-o',
    join(out, `${main}.json`),
    '--p4runtime-files',
    ['p4info.json', 'p4info.txtpb'].map((ending) => join(out, `${main}.${ending}`)).join(','),
    `${main}.p4`,
  ];
}

export function compile(out) {
  const include = process.env.P4INCLUDE ? ['-I', process.env.P4INCLUDE] : [];
  for (const main of MAINS) {
    const run = spawnSync('p4c-bm2-ss', [...include, ...p4cArguments(main, out)], {
      cwd: P4_DIR,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (run.error)
      throw new Error(`p4c-bm2-ss: ${run.error.message}. Install p4c and put p4c-bm2-ss on PATH.`);
    if (run.status !== 0) throw new Error(`p4c-bm2-ss failed on ${main}.p4 (exit ${run.status}).`);
  }
}

function main() {
  const out = join(P4_DIR, 'artefacts');
  mkdirSync(out, { recursive: true });
  compile('artefacts');
  const { stdout, stderr } = spawnSync('p4c-bm2-ss', ['--version'], { encoding: 'utf8' });
  const version = /Version (.*)/.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
  const manifest = {
    compiler: `p4c-bm2-ss ${version}`,
    commands: MAINS.map((name) => ['p4c-bm2-ss', ...p4cArguments(name, 'artefacts')].join(' ')),
    sources: Object.fromEntries(sources().map((name) => [name, sha256(join(P4_DIR, name))])),
    artefacts: Object.fromEntries(
      readdirSync(out)
        .filter((name) => name !== 'manifest.json')
        .sort()
        .map((name) => [name, sha256(join(out, name))]),
    ),
  };
  writeFileSync(join(out, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`p4/artefacts: ${Object.keys(manifest.artefacts).length} files written`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
