import fc from 'fast-check';
import { readPcap, writePcap } from '#server/replay/pcap';
import { describe, expect, it } from 'vitest';

const frame = { octets: Uint8Array.of(1, 2, 3), timeNs: 1_700_000_000_123_456_789n };

/** The same file with the other byte order, for one frame. */
function swapped(file: Uint8Array): Uint8Array {
  const copy = file.slice();
  const swap = (at: number, octets: number) => copy.subarray(at, at + octets).reverse();
  for (const at of [0, 8, 12, 16, 20, 24, 28, 32, 36]) swap(at, 4);
  for (const at of [4, 6]) swap(at, 2);
  return copy;
}

const messageOf = (file: Uint8Array): string => {
  const result = readPcap(file);
  return result.ok ? 'fine' : result.message;
};

describe('pcap files', () => {
  it('come back as they were written', () => {
    const frames = fc.array(
      fc.record({
        octets: fc.uint8Array({ maxLength: 2000 }),
        timeNs: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
      }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(frames, (given) => {
        expect(readPcap(writePcap(given))).toEqual({ ok: true, frames: given });
      }),
    );
  });

  it('are read in both byte orders', () => {
    expect(readPcap(swapped(writePcap([frame])))).toEqual({ ok: true, frames: [frame] });
  });

  it('of microseconds are read as such', () => {
    const file = writePcap([{ ...frame, timeNs: 5_000_000_007n }]);
    new DataView(file.buffer).setUint32(0, 0xa1b2c3d4, true);
    expect(readPcap(file)).toMatchObject({ frames: [{ timeNs: 5_000_007_000n }] });
  });

  it('say what is wrong with them', () => {
    const file = writePcap([frame]);
    expect(messageOf(file.subarray(0, 10))).toContain('too short');
    expect(messageOf(new Uint8Array(100))).toBe('not a pcap file');
    expect(messageOf(file.subarray(0, file.length - 1))).toBe('frame 1 is cut off');
    expect(messageOf(file.subarray(0, 30))).toBe('frame 1 is cut off');
    const wireless = file.slice();
    wireless[20] = 105;
    expect(messageOf(wireless)).toContain('not Ethernet');
    const part = file.slice();
    part[36] = 99;
    expect(messageOf(part)).toContain('in part only');
    const next = file.slice();
    next.set([0x0a, 0x0d, 0x0d, 0x0a]);
    expect(messageOf(next)).toContain('editcap');
  });
});
