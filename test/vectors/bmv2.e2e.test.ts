/**
 * The same frames through the same program on bmv2 itself, fed from pcap files. Its clock cannot be
 * set, so the residence is read off what comes out; everything else is held to the reference.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bmv2MissingReason, bmv2Outputs } from '#lab/bench/bmv2-files';
import { CORRECTION_OFFSET, hex, unhex } from '#lab/bench/frames';
import { artefactPath } from '#lab/bench/native-programs';
import type { MalformedVector, Vector } from './generate.js';
import { MAX_CORRECTION, corrected, findPtp } from './reference.js';
import { VECTOR_PLAN } from './virtual-switch.js';

function load<T>(name: string): readonly T[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8')) as T[];
}

const missing = bmv2MissingReason();
const MICROSECOND_NS = 1000n;

/** The residence that explains the difference of two correctionFields. Nanoseconds. */
function residenceBetween(before: Uint8Array, after: Uint8Array): bigint {
  const at = (findPtp(before)?.message ?? 0) + CORRECTION_OFFSET;
  const field = (octets: Uint8Array): bigint =>
    new DataView(octets.buffer, octets.byteOffset).getBigInt64(at);
  const room = MAX_CORRECTION - field(before);
  // Saturated: any residence that fills it up says the same.
  if (field(after) === MAX_CORRECTION) return (room >> 16n) + 1n;
  return (field(after) - field(before)) >> 16n;
}

const note = missing === null ? '' : ` (skipped: ${missing})`;

describe.skipIf(missing !== null)(`the vectors on simple_switch${note}`, () => {
  let directory = '';
  const vectors = [
    ...load<Vector>('correction.json').filter((_, index) => index % 2 === 0),
    ...load<Vector>('shapes.json'),
    ...load<Vector>('untouched.json'),
  ];
  let sent: readonly Uint8Array[] = [];

  const send = async (frames: readonly Uint8Array[]): Promise<readonly Uint8Array[]> => {
    const out = await bmv2Outputs({
      json: artefactPath('main_bmv2.json'),
      plan: VECTOR_PLAN,
      directory,
      frames: frames.map((octets) => ({ port: 1, octets })),
    });
    expect(out.filter(({ port }) => port !== 2)).toEqual([]);
    return out.map(({ octets }) => octets);
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'timeplane-bmv2-'));
    sent = await send(vectors.map((one) => unhex(one.in)));
  }, 90_000);
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('every frame leaves, and is what the reference makes of it', () => {
    expect(sent).toHaveLength(vectors.length);
    const wrong = vectors.filter((one, index) => {
      const before = unhex(one.in);
      const after = sent[index] ?? new Uint8Array(0);
      if (hex(after) === one.in) return one.out !== null && !one.name.includes('saturated');
      const residence = residenceBetween(before, after);
      return one.out === null || hex(after) !== hex(corrected(before, 0n, residence));
    });
    expect(wrong.map((one) => one.name)).toEqual([]);
  });

  it('residence is whole microseconds, and not negative', () => {
    const odd = vectors.filter((one, index) => {
      if (one.out === null || /saturat|just-fits/.test(one.name)) return false;
      const residence = residenceBetween(unhex(one.in), sent[index] ?? new Uint8Array(0));
      return residence <= 0n || residence % MICROSECOND_NS !== 0n;
    });
    expect(odd.map((one) => one.name)).toEqual([]);
  });

  it('malformed messages are dropped: only the last, sound one leaves', async () => {
    const malformed = load<MalformedVector>('malformed.json').map((one) => unhex(one.in));
    const sound = unhex(load<Vector>('untouched.json')[0]?.in ?? '');
    expect((await send([...malformed, sound])).map(hex)).toEqual([hex(sound)]);
  }, 60_000);
});
