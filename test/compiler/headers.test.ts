import { afterAll, describe, expect, it } from 'vitest';
import { bitsToHex, build, fixture, valueOf } from './harness.js';

const label = (value: number, last: number, ttl = 64): string =>
  bitsToHex([value, 20], [0, 3], [last, 1], [ttl, 8]);

interface Odd {
  readonly a: number;
  readonly b: bigint;
  readonly c: number;
  readonly d: bigint;
  readonly e: bigint;
  readonly f: number;
}

const odd = ({ a, b, c, d, e, f }: Odd): string =>
  bitsToHex([a, 3], [b, 67], [c, 10], [d, 128], [e, 64], [f, 8]);

const ERRORS = { none: '0', tooShort: '1', outOfBounds: '3', badKind: '7' };

describe('headers', () => {
  const harness = build(fixture('headers'));
  afterAll(() => {
    harness.dispose();
  });
  const send = (port: number, frame: string): { error: string; hex: string; lastIndex: string } => {
    const [ingress, egress] = harness.run([`frame ${port} 0 0 ${frame}`]);
    return {
      error: valueOf(ingress, 'error'),
      hex: valueOf(egress, 'hex'),
      lastIndex: valueOf(ingress, 'spec'),
    };
  };

  it('come out as they went in', () => {
    for (const frame of [
      `01${label(1, 0)}${label(2, 0)}${label(3, 1)}deadbeef`,
      `02${odd({ a: 5, b: (1n << 66n) + 3n, c: -2, d: (1n << 127n) + 9n, e: 77n, f: 8 })}aa`,
      '00112233',
    ]) {
      expect(send(1, frame)).toMatchObject({ error: ERRORS.none, hex: frame });
    }
  });

  it('know the last element of a stack', () => {
    expect(send(1, `01${label(1, 0)}${label(2, 1)}`).lastIndex).toBe('1');
  });

  it('are too many for their stack', () => {
    const frame = `01${label(1, 0)}${label(2, 0)}${label(3, 0)}${label(4, 1)}`;
    expect(send(1, frame)).toMatchObject({ error: ERRORS.outOfBounds, hex: frame });
  });

  it('of a frame that ends too soon leave the frame as it was', () => {
    for (const frame of [
      '',
      '01',
      '0100',
      `01${label(1, 0)}0011`,
      '02',
      '03',
      '0312',
      '04000000',
    ]) {
      expect(send(1, frame)).toMatchObject({ error: ERRORS.tooShort, hex: frame });
    }
  });

  it('are refused by verify', () => {
    expect(send(1, 'ff00')).toMatchObject({ error: ERRORS.badKind, hex: 'ff00' });
  });

  it('are chosen by a masked select, by lookahead, after advance', () => {
    expect(send(1, `4a${label(9, 0)}${label(9, 1)}`).lastIndex).toBe('1');
    expect(send(1, `03${label(0x12345, 0)}${label(9, 1)}`).lastIndex).toBe('1');
    expect(send(1, `03${label(0x12346, 0)}${label(9, 1)}`).lastIndex).toBe('0');
    // Advanced octets are gone: they belong to no header.
    const content = odd({ a: 1, b: 2n, c: 3, d: 4n, e: 5n, f: 6 });
    expect(send(1, `0401020304${content}`).hex).toBe(`04${content}`);
    expect(send(7, '03a5f0').hex).toBe('55a5f0');
  });

  it('are pushed and popped', () => {
    const [a, b, c] = [label(1, 0), label(2, 0), label(3, 1)];
    expect(send(2, `01${a}${c}`).hex).toBe(`01${label(0xabcde, 0, 0)}${a}${c}`);
    expect(send(2, `01${a}${b}${c}`).hex).toBe(`01${label(0xabcde, 0, 0)}${a}${b}`);
    expect(send(3, `01${a}${b}${c}`).hex).toBe(`01${b}${c}`);
    expect(send(3, `01${c}`).hex).toBe('01');
  });

  it('of a stack are found by an index that is computed', () => {
    expect(send(4, `01${label(1, 0)}${label(0x42, 1)}`).hex).toBe(
      `42${label(1, 0)}${label(0x42, 1, 99)}`,
    );
  });

  it('that are invalid read as zero, and are not sent', () => {
    const content = odd({ a: 7, b: 2n, c: 3, d: 4n, e: 5n, f: 6 });
    expect(send(5, `02${content}ee`).hex).toBe('00ee');
  });

  it('are copied, compared and saturated', () => {
    const d = 0xffff_ffff_ffff_ffffn << 64n;
    const before = { a: 5, b: (1n << 67n) - 1n, c: -512, d, e: 77n, f: 8 };
    const most = (1n << 128n) - 1n;
    const after = { ...before, d: most };
    const copy = { ...before, b: 0n, c: 511 };
    expect(send(6, `02${odd(before)}bb`).hex).toBe(`02${odd(after)}${odd(copy)}bb`);
  });
});
