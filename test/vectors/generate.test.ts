import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SEED, correctionVectors, vectorFiles } from './generate.js';

/** Set to write the files instead of comparing them: after a change of generate.ts. */
const update = process.env['TIMEPLANE_UPDATE_VECTORS'] === '1';

describe(`the correction vectors (seed ${SEED})`, () => {
  it('are some', () => {
    expect([...vectorFiles()].length).toBeGreaterThan(0);
  });

  for (const [name, text] of vectorFiles()) {
    it(`${name} is what generating it again gives`, () => {
      const path = join(import.meta.dirname, name);
      if (update) writeFileSync(path, text);
      // Not toEqual: a difference of a megabyte has no use in a report.
      expect(readFileSync(path, 'utf8') === text, `${name} differs from generate.ts`).toBe(true);
    });
  }

  it('are a whole cross product with no name twice', () => {
    const vectors = correctionVectors();
    expect(vectors).toHaveLength(4 * 6 * 5 * 10 * 2);
    expect(new Set(vectors.map((one) => one.name)).size).toBe(vectors.length);
  });

  it('hold what they promise', () => {
    const vectors = correctionVectors();
    const wraps = vectors.filter((one) => BigInt(one.rxNs) >> 48n !== BigInt(one.txNs) >> 48n);
    expect(wraps.length).toBeGreaterThanOrEqual(vectors.length / 2);
    expect(vectors.filter((one) => one.resolutionNs === 1).length).toBeGreaterThan(400);
    const ones = vectors.filter((one) => one.name.includes(' ones '));
    expect(ones.length).toBeGreaterThan(0);
    for (const one of ones) {
      const tags = one.name.match(/8100|88a8/g)?.length ?? 0;
      const udp = 14 + 4 * tags + (one.name.includes('ipv6') ? 40 : 20);
      const out = one.out ?? one.in;
      expect(out.slice(2 * (udp + 6), 2 * (udp + 8)), one.name).toBe('ffff');
    }
  });
});
