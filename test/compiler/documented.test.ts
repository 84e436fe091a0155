/** The README of the compiler says what there is, by what it is tested, and what is refused. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '#binding/paths';

const COMPILER = join(packageRoot, 'dataplane-native', 'compiler');
const README = join(COMPILER, 'README.md');
const PROGRAMS = join(packageRoot, 'test', 'stf', 'programs');
/** Included by all, and about nothing itself. */
const NO_PROGRAM = 'skeleton';

const readme = readFileSync(README, 'utf8');
/** The cells of the table, without its head. */
const rows = readme
  .split('### Where, and by what it is tested')[1]
  ?.split('\n## ')[0]
  ?.split('\n')
  .filter((line) => line.startsWith('|'))
  .slice(2)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

const named = (rows ?? []).flatMap(([, , tests = '']) => tests.split(', '));

describe('the table of constructs', () => {
  it('names every program of the STF suite', () => {
    const programs = readdirSync(PROGRAMS)
      .filter((name) => name.endsWith('.p4') && name !== `${NO_PROGRAM}.p4`)
      .map((name) => `stf/${name.slice(0, -'.p4'.length)}`);
    expect(programs.length).toBeGreaterThan(25);
    expect(programs.filter((program) => !named.includes(program))).toEqual([]);
  });

  it('names nothing that is not there', () => {
    expect(named.length).toBeGreaterThan(40);
    const missing = named.filter((name) => {
      const [folder = '', test = ''] = name.split('/');
      const files =
        folder === 'stf'
          ? [join(PROGRAMS, `${test}.p4`), join(PROGRAMS, `${test}.stf`)]
          : [join(packageRoot, 'test', folder, `${test}.test.ts`)];
      return !files.every((file) => existsSync(file));
    });
    expect(missing).toEqual([]);
  });

  it('says where, in files that are there', () => {
    const files = (rows ?? []).flatMap(([, where = '']) => where.match(/[\w/-]+\.ts/g) ?? []);
    expect(files.length).toBeGreaterThan(30);
    expect(files.filter((file) => !existsSync(join(COMPILER, file)))).toEqual([]);
  });
});

describe('the list of what is refused', () => {
  const BEGIN = '<!-- refusals -->\n';
  const END = '<!-- end -->';

  function refusals(): string[] {
    const sources = readdirSync(COMPILER, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.ts'));
    const said = sources.flatMap((name) => {
      const text = readFileSync(join(COMPILER, name), 'utf8');
      return [...text.matchAll(/'UNSUPPORTED',\s*(['`])((?:(?!\1)[^\\]|\\.)*)\1/g)].map(
        ([, , message = '']) => message.replace(/\$\{[^}]*\}/g, '…'),
      );
    });
    return [...new Set(said)].sort();
  }

  it('has each of them; WRITE_REFUSALS=1 writes it again', () => {
    const messages = refusals();
    expect(messages.length).toBeGreaterThan(40);
    const list = `\n${messages.map((message) => `- ${message}`).join('\n')}\n\n`;
    const at = [readme.indexOf(BEGIN) + BEGIN.length, readme.indexOf(END)] as const;
    if (process.env['WRITE_REFUSALS'] === '1') {
      writeFileSync(README, readme.slice(0, at[0]) + list + readme.slice(at[1]));
    }
    expect(readFileSync(README, 'utf8')).toContain(BEGIN + list + END);
  });
});
