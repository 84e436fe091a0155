import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromJson } from '@bufbuild/protobuf';
import { type P4Info, P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';

const P4_DIR = resolve(import.meta.dirname, '../../p4');
const ARTEFACTS = join(P4_DIR, 'artefacts');

interface Manifest {
  readonly compiler: string;
  readonly commands: readonly string[];
  readonly sources: Readonly<Record<string, string>>;
  readonly artefacts: Readonly<Record<string, string>>;
}

const sha256 = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');
const readP4Info = (main: string): P4Info =>
  fromJson(
    P4InfoSchema,
    JSON.parse(readFileSync(join(ARTEFACTS, `${main}.p4info.json`), 'utf8')) as never,
  );

const compiler = spawnSync('p4c-bm2-ss', ['--version'], { encoding: 'utf8' });
const compilerVersion = /Version (.*)/.exec(`${compiler.stdout}${compiler.stderr}`)?.[1];

describe.each([
  'p4',
  'test/stf/programs',
  'lab/bench/programs',
  'test/server/conformance/programs',
])('the committed artefacts of %s', (folder) => {
  const sourceFolder = resolve(import.meta.dirname, '../..', folder);
  const artefacts = join(sourceFolder, 'artefacts');
  const manifest = JSON.parse(readFileSync(join(artefacts, 'manifest.json'), 'utf8')) as Manifest;

  it('belong to the sources as they are: run `npm run p4` after a change', () => {
    const sources = readdirSync(sourceFolder, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.p4'))
      .sort();
    expect(
      Object.fromEntries(sources.map((name) => [name, sha256(join(sourceFolder, name))])),
    ).toEqual(manifest.sources);
  });

  it('are those that the manifest names', () => {
    const files = readdirSync(artefacts)
      .filter((name) => name !== 'manifest.json')
      .sort();
    expect(Object.fromEntries(files.map((name) => [name, sha256(join(artefacts, name))]))).toEqual(
      manifest.artefacts,
    );
  });

  it.skipIf(`p4c-bm2-ss ${compilerVersion}` !== manifest.compiler)(
    `are what ${manifest.compiler} makes of the sources (needs that compiler on PATH)`,
    { timeout: 120_000 },
    () => {
      const out = mkdtempSync(join(tmpdir(), 'timeplane-p4-'));
      expect(manifest.commands.length).toBeGreaterThan(0);
      expect(Object.keys(manifest.artefacts).length).toBeGreaterThan(0);
      try {
        for (const command of manifest.commands) {
          const [program = '', ...args] = command
            .split(' ')
            .map((word) => word.replaceAll('artefacts/', `${out}/`));
          const include = process.env['P4INCLUDE'] ? ['-I', process.env['P4INCLUDE']] : [];
          const run = spawnSync(program, [...include, ...args], {
            cwd: sourceFolder,
            encoding: 'utf8',
          });
          expect(run.status, run.stderr).toBe(0);
        }
        for (const name of Object.keys(manifest.artefacts)) {
          expect(contents(join(out, name)), name).toEqual(contents(join(artefacts, name)));
        }
      } finally {
        rmSync(out, { recursive: true });
      }
    },
  );
});

/** The compiler writes the members of a map in any order. */
function contents(path: string): unknown {
  const text = readFileSync(path, 'utf8');
  return path.endsWith('.json') ? JSON.parse(text) : text.split('\n').sort();
}

describe('what the controller sees', () => {
  const native = readP4Info('main_native');

  it('is the same on every v1model target', () => {
    expect(readP4Info('main_bmv2')).toEqual(native);
  });

  it('has an id that the source gives, so that a change of names breaks nobody', () => {
    const ids = [...native.tables, ...native.actions, ...native.counters, ...native.meters]
      .concat(native.controllerPacketMetadata as never)
      .map((object) => object.preamble?.id ?? 0);
    expect(ids.length).toBeGreaterThan(20);
    for (const id of ids) expect(id & 0x00ff_f000, `0x${id.toString(16)}`).toBe(0);
  });

  it('keeps the digest ids that their names give', () => {
    expect(native.digests.map(({ preamble }) => [preamble?.name, preamble?.id])).toEqual([
      ['residence_record_t', 0x1782_18ac],
      ['learned_mac_t', 0x1766_6925],
    ]);
  });
});
