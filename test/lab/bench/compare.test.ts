import { describe, expect, it } from 'vitest';
import { difference, withoutCorrection } from '#lab/bench/compare';
import { mixFrames } from '#lab/bench/mix';

const SEED = 7;
const text = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const frames = mixFrames(SEED, 200, [1]).map(({ octets }) => text(octets));

describe(`comparing what two forwarders let out (seed ${SEED})`, () => {
  it('finds no difference between equal frames', () => {
    expect(difference(new Map([[2, frames]]), new Map([[2, [...frames]]]))).toBeNull();
  });

  it('finds a lost frame, a frame at another port and a changed octet', () => {
    const sent = new Map([[2, frames]]);
    expect(difference(new Map([[2, frames.slice(1)]]), sent)).toMatch(/199 and 200/);
    expect(difference(new Map([[1, frames]]), sent)).toMatch(/port 1 sent 200 and 0/);
    const changed = frames.with(3, `ff${(frames[3] ?? '').slice(2)}`);
    expect(difference(new Map([[2, changed]]), sent)).toMatch(/frame 3 of port 2/);
  });

  it('blanks correctionField and checksum of event messages, and nothing else', () => {
    const blanked = withoutCorrection(new Map([[2, frames]])).get(2) ?? [];
    for (const [index, frame] of frames.entries()) {
      const hidden = [...(blanked[index] ?? '')].filter((digit) => digit === 'x').length;
      const isEvent = /^(01005e|3333).{40,130}013f013f|^.{24}(8100.{4})?88f7[0-3]/.test(frame);
      expect([16, 20].includes(hidden), frame).toBe(isEvent);
      if (!isEvent) expect(blanked[index]).toBe(frame);
    }
  });
});
