/** The reference that knows a whole clock, held to the one that knows a single correction. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, unhex } from '#lab/bench/frames';
import { mutatedFrame, ptpFrame } from '../arbitraries.js';
import { MALFORMED_REASONS, type MalformedVector, type Vector } from '../generate.js';
import { corrected, findPtp, udpChecksum } from '../reference.js';
import { VECTOR_PLAN } from '../virtual-switch.js';
import { Frame, rightIpv4Checksum, rightUdpChecksum } from './anatomy.js';
import { added, atRate, bucketOf, elapsedNs } from './arithmetic.js';
import { ReferenceClock } from './clock.js';

const seed = Number(process.env['TIMEPLANE_SEED'] ?? 0x1588);

function load<T>(name: string): readonly T[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, '..', name), 'utf8')) as T[];
}

describe(`the reference clock (seed ${seed})`, () => {
  it.each(['correction.json', 'shapes.json', 'untouched.json'])('reproduces %s', (file) => {
    const clock = new ReferenceClock(VECTOR_PLAN, 1n);
    const wrong = load<Vector>(file).filter((one) => {
      const left = clock.receive(one.ingress, unhex(one.in), BigInt(one.rxNs), BigInt(one.txNs));
      const expected = `${one.egress}:${one.out ?? one.in}`;
      return left.map(({ port, frame }) => `${port}:${hex(frame)}`).join() !== expected;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it('drops and counts malformed.json', () => {
    const wrong = load<MalformedVector>('malformed.json').filter((one) => {
      const clock = new ReferenceClock(VECTOR_PLAN, 1n);
      const left = clock.receive(one.ingress, unhex(one.in), 0n, 1n);
      const cell = `ptp_malformed[${MALFORMED_REASONS[one.reason]}]`;
      return left.length > 0 || clock.counts.get(cell) !== 1n;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it('corrects every sound frame as the other does', () => {
    fc.assert(
      fc.property(ptpFrame, fc.bigInt(0n, 1n << 40n), (frame, residenceNs) => {
        const clock = new ReferenceClock(VECTOR_PLAN, 1n);
        const left = clock.receive(1, frame, 1000n, 1000n + residenceNs);
        const expected = hex(corrected(frame, 1000n, 1000n + residenceNs));
        expect(left.map(({ port, frame: out }) => `${port}:${hex(out)}`)).toEqual([
          `2:${expected}`,
        ]);
      }),
      { seed, numRuns: 2000 },
    );
  });

  it('computes the same checksums, and right ones', () => {
    fc.assert(
      fc.property(mutatedFrame, (octets) => {
        const place = findPtp(octets);
        const frame = new Frame(octets);
        if (place === null || place.udp === null || frame.udp === null) return;
        expect(rightUdpChecksum(frame)).toBe(udpChecksum(octets, place));
      }),
      { seed, numRuns: 2000 },
    );
    // RFC 1071's arithmetic on a header that is known to be right.
    const header = '45000073000040004011b861c0a80001c0a800c7';
    const known = new Frame(unhex(`${'00'.repeat(12)}0800${header}${'00'.repeat(8)}`));
    expect(rightIpv4Checksum(known)).toBe(0xb861);
  });
});

describe('its arithmetic', () => {
  it('saturates, and leaves "too big" alone', () => {
    const max = (1n << 63n) - 1n;
    expect(added(max, -5n)).toBe(max);
    expect(added(max - 1n, 2n)).toBe(max);
    expect(added(-(1n << 63n), -1n)).toBe(-(1n << 63n));
    expect(added(-3n, 5n)).toBe(2n);
  });

  it('multiplies residence by the rate, rounding down', () => {
    // A rate of 1 + 2^-20 makes a nanosecond out of 2^20 of them.
    expect(atRate(1n << 20n, 1 << 21)).toBe((1n << 36n) + (1n << 16n));
    expect(atRate(1n << 20n, -(1 << 21))).toBe((1n << 36n) - (1n << 16n));
    expect(atRate(1n, -1)).toBe(0xffffn);
    expect(atRate(5n, 0)).toBe(5n << 16n);
  });

  it('takes 48-bit clocks as what they are', () => {
    const wrap = 1n << 48n;
    expect(elapsedNs(wrap - 3n, wrap + 4n, 1n)).toBe(7n);
    expect(elapsedNs(1000n * wrap - 3000n, 1000n * wrap + 4000n, 1000n)).toBe(7000n);
  });

  it('has a bucket for every residence, a sixteenth wide at most', () => {
    expect([0n, 15n, 16n, 31n, 32n, 34n].map(bucketOf)).toEqual([0, 15, 16, 31, 32, 33]);
    expect([(1n << 32n) - 1n, 1n << 32n].map(bucketOf)).toEqual([463, 511]);
  });
});
