/** More than a hundred frames that are wrong in a way that has a name, and what becomes of each. */
import { describe, expect, it } from 'vitest';
import { GROUPS, NAMED_FRAMES } from './all.js';
import { alone, brokenPromise, cellNamed } from './expected.js';

describe(`the ${NAMED_FRAMES.length} named frames`, () => {
  it('are more than a hundred, and no name is used twice', () => {
    expect(NAMED_FRAMES.length).toBeGreaterThanOrEqual(100);
    expect(new Set(NAMED_FRAMES.map(({ name }) => name)).size).toBe(NAMED_FRAMES.length);
  });

  describe.each(GROUPS)('%s', (_, frames) => {
    it.each(frames)('$name: $fate, by the reference too', (one) => {
      const { left, clock } = alone(one);
      expect(brokenPromise(one, left)).toBeNull();
      const cell = cellNamed(one);
      if (cell !== null) expect([...clock.counts]).toContainEqual([cell, 1n]);
    });
  });
});
