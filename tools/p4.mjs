#!/usr/bin/env node
/*
 * Compiles the P4 programs and writes their artefacts with a manifest each: the product's to
 * p4/artefacts, those of tests and benchmarks to an artefacts folder beside them.
 *
 *   node tools/p4.mjs            needs p4c-bm2-ss on PATH (and its p4include where it looks for it)
 *   P4INCLUDE=DIR node tools/p4.mjs    …or says where v1model.p4 is
 *   node tools/p4.mjs p4         only that folder
 *
 * The manifest holds a hash of every source, the compiler's version and its command line, so that a
 * test notices a source that changed without its artefacts.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const STF_PROGRAMS = join(ROOT, 'test', 'stf', 'programs');
const BENCH_PROGRAMS = join(ROOT, 'lab', 'bench', 'programs');
const CONFORMANCE_PROGRAMS = join(ROOT, 'test', 'server', 'conformance', 'programs');

/** Folders of sources, with the programs in them and how their P4Info is written. */
const PLACES = [
  {
    dir: join(ROOT, 'p4'),
    mains: ['main_bmv2', 'main_native'],
    endings: ['p4info.json', 'p4info.txtpb'],
  },
  {
    dir: STF_PROGRAMS,
    mains: sources(STF_PROGRAMS)
      .map((name) => name.replace(/\.p4$/, ''))
      .filter((name) => name !== 'skeleton'),
    endings: ['p4info.txtpb'],
  },
  {
    dir: BENCH_PROGRAMS,
    mains: sources(BENCH_PROGRAMS).map((name) => name.replace(/\.p4$/, '')),
    endings: ['p4info.json'],
  },
  {
    dir: CONFORMANCE_PROGRAMS,
    mains: sources(CONFORMANCE_PROGRAMS).map((name) => name.replace(/\.p4$/, '')),
    endings: ['p4info.json'],
  },
];

const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Every source below a folder, relative to it, sorted. */
function sources(dir) {
  return readdirSync(dir, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.p4'))
    .sort();
}

/** The compiler's arguments for one main, relative to its folder; `out` is where its artefacts go. */
function p4cArguments(main, endings, out) {
  return [
    '--std',
    'p4-16',
    '--Wdisable=unused',
    '-o',
    join(out, `${main}.json`),
    '--p4runtime-files',
    endings.map((ending) => join(out, `${main}.${ending}`)).join(','),
    `${main}.p4`,
  ];
}

function compile({ dir, mains, endings }, out) {
  const include = process.env.P4INCLUDE ? ['-I', process.env.P4INCLUDE] : [];
  for (const main of mains) {
    const run = spawnSync('p4c-bm2-ss', [...include, ...p4cArguments(main, endings, out)], {
      cwd: dir,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (run.error)
      throw new Error(`p4c-bm2-ss: ${run.error.message}. Install p4c and put p4c-bm2-ss on PATH.`);
    if (run.status !== 0) throw new Error(`p4c-bm2-ss failed on ${main}.p4 (exit ${run.status}).`);
  }
}

function build(place, version) {
  const { dir, mains, endings } = place;
  const out = join(dir, 'artefacts');
  mkdirSync(out, { recursive: true });
  compile(place, 'artefacts');
  const manifest = {
    compiler: `p4c-bm2-ss ${version}`,
    commands: mains.map((name) =>
      ['p4c-bm2-ss', ...p4cArguments(name, endings, 'artefacts')].join(' '),
    ),
    sources: Object.fromEntries(sources(dir).map((name) => [name, sha256(join(dir, name))])),
    artefacts: Object.fromEntries(
      readdirSync(out)
        .filter((name) => name !== 'manifest.json')
        .sort()
        .map((name) => [name, sha256(join(out, name))]),
    ),
  };
  writeFileSync(join(out, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`${out}: ${Object.keys(manifest.artefacts).length} files written`);
}

function main() {
  const { stdout, stderr } = spawnSync('p4c-bm2-ss', ['--version'], { encoding: 'utf8' });
  const version = /Version (.*)/.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
  const wanted = process.argv.slice(2);
  for (const place of PLACES) {
    const isWanted = wanted.length === 0 || wanted.some((one) => resolve(one) === place.dir);
    if (isWanted) build(place, version);
  }
}

main();
