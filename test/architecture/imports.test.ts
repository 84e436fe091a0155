import { describe, expect, it } from 'vitest';
import { importsOf, layerOf, subpaths, violations } from './import-rules.js';
import type { Violation } from './import-rules.js';
import { LAYERS } from './layers.js';
import { ROOT, read, repositoryFiles } from './repository-files.js';

const NAMES = subpaths(ROOT);
const check = (file: string, text: string): string[] =>
  violations(file, text, LAYERS, NAMES).map((violation) => violation.message);

const SOURCES = ['control-plane', 'dataplane-native', 'protos/gen', 'lab']
  .flatMap((folder) => repositoryFiles(folder))
  .filter((file) => file.endsWith('.ts'));

describe('who may import whom', () => {
  it('is what the code does', () => {
    const found: Violation[] = SOURCES.flatMap((file) =>
      violations(file, read(file), LAYERS, NAMES),
    );
    expect(SOURCES.length).toBeGreaterThan(10);
    expect(found.map(({ file, line, message }) => `${file}:${line} ${message}`)).toEqual([]);
  });

  it('is what ARCHITECTURE.md says', () => {
    const cells = (line: string): string[] => line.split('|').map((cell) => cell.trim());
    const table = read('ARCHITECTURE.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map(cells)
      .filter((row) => layerOf((row[1] ?? '').replaceAll('`', ''), LAYERS) !== undefined)
      .map((row) => row.slice(1, 5));
    const code = (names: readonly string[]): string =>
      names.length === 0 ? '–' : names.map((name) => `\`${name}\``).join(', ');
    expect(table).toEqual(
      LAYERS.map((layer) => [
        `\`${layer.path}\``,
        layer.holds,
        code(layer.mayImport),
        code([...(layer.node ? ['node:*'] : []), ...layer.packages]),
      ]),
    );
  });

  it('covers every subpath of package.json', () => {
    const folders = [...NAMES.values()];
    expect(folders.filter((folder) => layerOf(folder, LAYERS) === undefined)).toEqual([]);
  });
});

describe('the checker', () => {
  it('catches a relative import across layers', () => {
    expect(check('control-plane/units/time.ts', `import { a } from '../wire/a.js';`)).toEqual([
      'control-plane/units must not import control-plane/wire/a',
    ]);
  });

  it('catches a subpath import across layers, of types too', () => {
    expect(check('control-plane/ptp/a.ts', `import type { A } from '#runtime/a';`)).toEqual([
      'control-plane/ptp must not import control-plane/runtime/a',
    ]);
    expect(check('control-plane/ptp/a.ts', `let a: import('#p4rt/a').A;`)).toHaveLength(1);
  });

  it('catches re-exports, dynamic imports and require', () => {
    expect(check('lab/a.ts', `export * from '#server/a';`)).toHaveLength(1);
    expect(check('lab/a.ts', `await import('#server/a');`)).toHaveLength(1);
    expect(check('lab/a.ts', `require('../dataplane-native/server/a.js');`)).toHaveLength(1);
    expect(check('lab/a.ts', `await import(name);`)).toEqual([
      'lab must not import what it computes',
    ]);
  });

  it('catches Node and packages in a pure folder', () => {
    expect(check('dataplane-native/compiler/a.ts', `import 'node:fs';`)).toHaveLength(1);
    expect(check('dataplane-native/compiler/a.ts', `import fs from 'fs/promises';`)).toHaveLength(
      1,
    );
    expect(check('control-plane/wire/a.ts', `import { z } from 'zod';`)).toHaveLength(1);
  });

  it('lets a single file in without its neighbours', () => {
    const file = 'dataplane-native/server/a.ts';
    expect(check(file, `import { a } from '#p4rt/bytestring';`)).toEqual([]);
    expect(check(file, `import { a } from '#p4rt/session';`)).toHaveLength(1);
  });

  it('does not take an inner layer for part of the outer one', () => {
    expect(check('lab/peers/a.ts', `import { a } from '../bench/a.js';`)).toHaveLength(1);
    expect(check('lab/bench/a.ts', `import { a } from '../peers/a.js';`)).toEqual([]);
  });

  it('wants every file in a layer', () => {
    expect(check('control-plane/odds/a.ts', '')).toEqual(['belongs to no layer of the table']);
  });

  it('does not take a comment or a string for an import', () => {
    expect(importsOf(`// import 'x'\nconst a = "import 'y'";`)).toEqual([]);
  });
});
