/** Varbits and stacks of header unions under sanitizers; what they do is in test/stf/programs. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Tables, build, valueOf } from './harness.js';

const artefact = (name: string): string =>
  readFileSync(new URL(`../stf/programs/artefacts/${name}.json`, import.meta.url), 'utf8');

/** The same frames at every run. */
function frames(count: number): string[] {
  let state = 0x2545_f491;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 8;
  return Array.from({ length: count }, () => {
    const head = [next() % 12, (next() % 9) * (next() % 4 === 0 ? 5 : 8)];
    const rest = Array.from({ length: next() % 24 }, () => next() % 256);
    return Buffer.from([...head, ...rest]).toString('hex');
  });
}

describe('frames of any kind', { timeout: 120_000 }, () => {
  it.each(['varbits', 'header_unions', 'header_stacks'])('do %s no harm', (name) => {
    const harness = build(artefact(name));
    try {
      const all = frames(3000);
      const commands = all.map((hex) => `frame 0 0 0 ${hex}`);
      const lines = harness.run([...new Tables(harness.layout).initial(), ...commands]);
      const out = lines.filter((line) => line.startsWith('out '));
      expect(out).toHaveLength(all.length);
      // Neither program makes more of a frame than a few headers.
      for (const [i, line] of out.entries()) {
        expect(valueOf(line, 'hex').length).toBeLessThanOrEqual((all[i] ?? '').length + 24);
      }
    } finally {
      harness.dispose();
    }
  });
});
