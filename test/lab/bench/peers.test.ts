import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { difference } from '#lab/bench/compare';
import { type MemoryBench, outputs, prepareMemory } from '#lab/bench/memory';
import { buildPrograms } from '#lab/bench/native-programs';

describe('the in-memory peers', () => {
  let bench: MemoryBench;
  const directory = mkdtempSync(join(tmpdir(), 'timeplane-bench-'));
  beforeAll(async () => {
    await buildPrograms();
    bench = await prepareMemory(directory);
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it('do the same work: what they let out is the same octet by octet', async () => {
    const hand = await outputs(bench, bench.hand);
    expect([...hand.values()].flat()).toHaveLength(bench.frames.length);
    expect(difference(await outputs(bench, bench.pipeline), hand)).toBeNull();
    expect(difference(await outputs(bench, bench.engine), hand)).toBeNull();
  });

  it('correct event messages: frames do not leave as they came', async () => {
    const out = [...(await outputs(bench, bench.hand)).values()].flat();
    const came = new Set(bench.frames.map(({ octets }) => Buffer.from(octets).toString('hex')));
    const changed = out.filter((frame) => !came.has(frame)).length;
    expect(changed / out.length).toBeGreaterThan(0.4);
    expect(changed / out.length).toBeLessThan(0.6);
  });
});
