/** p4/README.md against the P4Info: whoever writes a controller copies the names from there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '#runtime/version';
import { describe, expect, it } from 'vitest';
import { programP4Info } from '../support/program.js';

const README = readFileSync(join(packageRoot(), 'p4', 'README.md'), 'utf8');
const info = programP4Info();

const ACTIONS = new Map(
  info.actions.map(({ preamble, params }) => [
    preamble?.alias ?? '',
    params.map(({ name }) => name).join(', '),
  ]),
);
/** `action(parameter, …)` as the tables have them. */
const NAMED = [...README.matchAll(/`(\w+)\(([^)`]*)\)`/g)].map(([, name = '', params = '']) => ({
  name,
  params,
}));

describe('p4/README.md', () => {
  it('has every table', () => {
    const tables = info.tables.map(({ preamble }) => preamble?.alias ?? '');
    expect(tables.filter((table) => !README.includes(`\`${table}\``))).toEqual([]);
  });

  it('gives actions the parameters that they have', () => {
    expect(NAMED.length).toBeGreaterThan(20);
    const wrong = NAMED.filter(({ name, params }) => ACTIONS.get(name) !== params);
    expect(wrong).toEqual([]);
  });

  it('names every meter', () => {
    const meters = info.meters.map(({ preamble }) => preamble?.alias ?? '');
    expect(meters.filter((meter) => !README.includes(`\`${meter}\``))).toEqual([]);
  });
});
