/** A folder for a test's files, and the logs that go into it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { randomStream } from '#lab/sim/random';

export function testFolder(): {
  readonly path: (name: string) => string;
  readonly write: (name: string, content: string | Uint8Array) => string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-measure-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string) => join(folder, name);
  return {
    path,
    write: (name, content) => {
      writeFileSync(path(name), content);
      return path(name);
    },
  };
}

/** ptp4l at 16 Sync a second, with white noise of `sigmaNs`. */
export function ptp4lLog(lines: number, sigmaNs = 5, seed = 4): string {
  const random = randomStream(seed, 'log');
  return Array.from({ length: lines }, (_, i) => {
    const uptime = (100 + i / 16).toFixed(3);
    const offset = Math.round(sigmaNs * random.normal());
    return `ptp4l[${uptime}]: master offset ${offset} s2 freq -1200 path delay 456\n`;
  }).join('');
}
