import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allantoolsTrouble, contestOf, record } from '#lab/bench/stability';
import { slidingRecord, tdevOf } from '#lab/measure/stability/modified';
import { mtieOctaves } from '#lab/measure/stability/mtie';
import { octaves } from '#lab/measure/stability/phase';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'timeplane-stability-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const TINY = { rounds: 1, points: 2_000, mtiePoints: 1_000 };
const trouble = allantoolsTrouble();

describe('a million points', () => {
  it('take TDEV and MTIE over all octaves well under a second', () => {
    const phase = record(1_000_000);
    const run = () => {
      const sliding = slidingRecord(phase);
      octaves(333_333).forEach((m) => tdevOf(sliding, m));
      return mtieOctaves(phase);
    };
    run();
    // Processor time: other tests run beside this one.
    const before = process.cpuUsage();
    expect(run()).toHaveLength(20);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(1);
  });
});

describe('the contests', () => {
  it('have one without Python', async () => {
    const result = await contestOf('both', TINY, directory);
    expect(result).toMatchObject({ status: 'ok', baselineValue: 1_000 });
  });

  it.skipIf(trouble === null)('say what is missing', async () => {
    const result = await contestOf('tdev', TINY, directory);
    expect(result).toMatchObject({ status: 'skipped', reason: trouble });
  });

  it.skipIf(trouble !== null).each(['tdev', 'mtie'] as const)(
    'agree with allantools: %s',
    async (which) => {
      const result = await contestOf(which, TINY, directory);
      expect(result.reason).toContain('agree to');
      expect(result.status).toBe('ok');
    },
  );
});
