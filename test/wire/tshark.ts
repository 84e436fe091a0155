/** What tshark reads in frames of ours, field by field. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writePcap } from '#server/replay/pcap';

/** Null where it cannot be run. */
export const TSHARK_VERSION: string | null = tsharkVersion();

function tsharkVersion(): string | null {
  try {
    const output = execFileSync('tshark', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] });
    return output.toString().split('\n')[0] ?? null;
  } catch {
    return null;
  }
}

const MAX_OUTPUT_OCTETS = 64 * 1024 * 1024;

/** In each frame each field's values, as tshark prints them; none where it has none. */
export async function readFields(
  frames: readonly Uint8Array[],
  fields: readonly string[],
): Promise<readonly Readonly<Record<string, readonly string[]>>[]> {
  const directory = mkdtempSync(join(tmpdir(), 'timeplane-tshark-'));
  try {
    const file = join(directory, 'frames.pcap');
    writeFileSync(file, writePcap(frames.map((octets, i) => ({ timeNs: BigInt(i), octets }))));
    const options = ['-n', '-r', file, '-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=|'];
    const wanted = fields.flatMap((name) => ['-e', name]);
    const { stdout } = await promisify(execFile)('tshark', [...options, ...wanted], {
      maxBuffer: MAX_OUTPUT_OCTETS,
    });
    return stdout
      .split('\n')
      .slice(0, frames.length)
      .map((line) => {
        const texts = line.split('\t');
        return Object.fromEntries(
          fields.map((name, i) => [
            name,
            (texts[i] ?? '').split('|').filter((text) => text !== ''),
          ]),
        );
      });
  } finally {
    rmSync(directory, { recursive: true });
  }
}
