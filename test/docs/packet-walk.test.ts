/** The page names functions: they are to be where it says. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/packet-walk.md'), 'utf8');
const named = [...page.matchAll(/`([a-z_/]+\.[ch]): ([a-z_]+)`/g)].map(
  ([, file = '', name = '']) => ({
    file,
    name,
  }),
);

describe('docs/packet-walk.md', () => {
  it('names functions throughout', () => {
    expect(named.length).toBeGreaterThan(20);
  });

  it.each(named)('finds $name in $file', ({ file, name }) => {
    const source = readFileSync(join(root, 'dataplane-native/engine', file), 'utf8');
    expect(source).toMatch(new RegExp(`^[a-z].*\\b${name}\\(`, 'm'));
  });

  it('names no file that is not there', () => {
    const files = new Set([...page.matchAll(/`([a-z_/]+\.[ch])/g)].map(([, file = '']) => file));
    expect(files.size).toBeGreaterThan(5);
    const missing = [...files].filter(
      (file) => !existsSync(join(root, 'dataplane-native/engine', file)),
    );
    expect(missing).toEqual([]);
  });
});
