import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { COLOURS, ReferenceMeter, type Rates } from '../support/meter-reference.js';
import { Tables, bitsToHex, build, fixture, valueOf } from './harness.js';

const SECOND = 1_000_000_000n;

/** A request, then colours that no meter gives: what stays as it is was not measured. */
function frame(
  nowNs: bigint,
  which: number,
  index: number | bigint,
  address = 0,
  octets = 16,
): string {
  const request = bitsToHex([which, 8], [index, 32], [address, 8]);
  return `frame 1 ${nowNs} 0 ${request}${'a5'.repeat(10)}${'00'.repeat(octets - 16)}`;
}

const OFFSETS = { packets: 0, bytes: 1, exact: 5, prefix: 6, ternary: 7, small: 8, egress: 9 };
const SIZES: Partial<Record<keyof typeof OFFSETS, number>> = { bytes: 4 };

/** What the program left in one of the fields for colours, of each frame. */
function fields(lines: readonly string[], name: keyof typeof OFFSETS): number[] {
  const at = 12 + 2 * OFFSETS[name];
  return lines
    .filter((line) => line.startsWith('out'))
    .map((line) => Number(`0x${valueOf(line, 'hex').slice(at, at + 2 * (SIZES[name] ?? 1))}`));
}

const text = ({ committedRate, committedBurst, peakRate, peakBurst }: Rates): string =>
  [committedRate, committedBurst, peakRate, peakBurst].join(' ');

/** 2 a second and 1 at once; 4 a second and 3 at once. */
const SLOW: Rates = { committedRate: 2n, committedBurst: 1n, peakRate: 4n, peakBurst: 3n };

describe('meters', () => {
  const harness = build(fixture('meters'));
  afterAll(() => {
    harness.dispose();
  });
  const tables = new Tables(harness.layout);
  const run = (...commands: readonly string[]): string[] =>
    harness.run([...tables.initial(), ...commands]).slice(tables.initial().length);

  it('are in the layout', () => {
    expect(harness.layout.meters.map(({ name, size, unit }) => [name, size, unit])).toEqual([
      ['MetersIngress.packets', 4, 'packets'],
      ['MetersIngress.bytes', 8, 'bytes'],
      ['MetersEgress.late', 2, 'bytes'],
    ]);
    expect(tables.table('by_value').directMeter).toEqual({
      name: 'MetersIngress.exact_meter',
      unit: 'packets',
    });
  });

  it('are green as long as they are not configured, and again when it is taken back', () => {
    const burst = Array.from({ length: 5 }, () => frame(0n, 1, 2));
    const lines = run(...burst, 'meter 0 2 0 0 0 0', ...burst, 'meter 0 2', ...burst);
    expect(fields(lines, 'packets')).toEqual([0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0]);
  });

  it('start full, and fill at both rates: green, yellow, red', () => {
    const times = [0n, 0n, 0n, 0n, SECOND / 4n, SECOND / 2n, SECOND * 10n, SECOND * 10n];
    const lines = run(`meter 0 3 ${text(SLOW)}`, ...times.map((now) => frame(now, 1, 3)));
    // Three at the peak, of which one is committed; then one every quarter, one green every half.
    const expected = ['green', 'yellow', 'yellow', 'red', 'yellow', 'green', 'green', 'yellow'];
    expect(fields(lines, 'packets').map((colour) => COLOURS[colour])).toEqual(expected);
  });

  it('measure octets of the frame as it came', () => {
    const rates = { committedRate: 0n, committedBurst: 100n, peakRate: 0n, peakBurst: 150n };
    const sent = [100, 51, 50, 16].map((octets) => frame(0n, 2, 5, 0, octets));
    const lines = run(`meter 1 5 ${text(rates)}`, ...sent);
    expect(fields(lines, 'bytes')).toEqual([0, 2, 1, 2]);
  });

  it('each cell for itself, and none outside of the array', () => {
    const lines = run(
      'meter 0 0 0 0 0 0',
      frame(0n, 1, 0),
      frame(0n, 1, 1),
      frame(0n, 1, 4),
      frame(0n, 1, 0xffff_ffffn),
    );
    expect(fields(lines, 'packets')).toEqual([2, 0, 0xa5, 0xa5]);
  });

  it('refuse a peak below what is committed, and numbers that P4Runtime cannot have', () => {
    const lines = run('meter 0 0 5 1 4 1', `meter 0 0 0 ${1n << 63n} 0 0`, 'meter 0 0 5 1 5 0');
    expect(lines).toEqual(['meter -11', 'meter -11', 'meter 0']);
  });

  it('cut the colour to the field that gets it', () => {
    const lines = run('meter 0 1 0 1 0 1', ...Array.from({ length: 4 }, () => frame(0n, 6, 1)));
    // bit<1> gets the low bit of red's 2; int<7> all of it.
    expect(fields(lines, 'small')).toEqual([0x02, 0x02, 0x02, 0x02]);
  });

  it('work in egress', () => {
    const lines = run('meter 2 1 0 20 0 20', frame(0n, 7, 0), frame(0n, 7, 0));
    expect(fields(lines, 'egress')).toEqual([0, 2]);
  });

  it('belong to entries: hits are measured before the action, misses are not', () => {
    const handle = 1n << 32n;
    const value = tables.table('by_value').index;
    const mask = tables.table('by_mask').index;
    const lines = run(
      tables.insert('by_value', [9n], [], 'keep_exact'),
      tables.insert('by_value', [8n], [], 'keep_exact'),
      tables.insert('by_mask', [0x10n], [0xf0n], 'keep_ternary', [], 1),
      `direct_meter ${value} ${handle} 0 1 0 2`,
      `direct_meter ${mask} ${handle} 0 0 0 1`,
      ...[9, 9, 9, 8, 7].map((address) => frame(0n, 3, 0, address)),
      ...[0x11, 0x12, 0x21].map((address) => frame(0n, 5, 0, address)),
      `direct_meter ${value} -1 1 1 1 1`,
      `direct_meter ${value} ${handle + 7n} 1 1 1 1`,
      `direct ${value} ${handle}`,
    );
    expect(fields(lines, 'exact').slice(0, 5)).toEqual([0, 1, 2, 0, 0xa5]);
    expect(fields(lines, 'ternary').slice(5)).toEqual([0x11, 0x12, 0xff]);
    // The default entry has one too, for misses, once it is configured.
    expect(lines.slice(-3)).toEqual(['direct_meter 0', 'direct_meter -8', 'direct 0 3 48']);
  });

  it('of an entry end with it', () => {
    const { index } = tables.table('by_prefix');
    const insert = tables.insert('by_prefix', [0x0a000000n], [0xff000000n], 'keep_prefix', [3n]);
    const first = 1n << 32n;
    const lines = run(
      insert,
      `direct_meter ${index} ${first} 0 0 0 0`,
      frame(0n, 4, 0x0a010203),
      `remove ${index} ${first}`,
      insert,
      frame(0n, 4, 0x0a010203),
    );
    expect(fields(lines, 'prefix')).toEqual([2, 0]);
    expect(lines.filter((line) => line.startsWith('out')).map((l) => valueOf(l, 'port'))).toEqual([
      '3',
      '3',
    ]);
  });

  it('give the colours of RFC 2698 to any sequence of frames, without rounding', () => {
    const amount = fc.oneof(
      fc.bigInt({ min: 0n, max: 4n }),
      fc.bigInt({ min: 0n, max: 20_000n }),
      fc.bigInt({ min: 0n, max: 10_000_000_000n }),
      fc.constant((1n << 63n) - 1n),
    );
    const step = fc.oneof(
      fc.bigInt({ min: 0n, max: 3n }),
      fc.bigInt({ min: 0n, max: 1_000_000n }),
      fc.bigInt({ min: 0n, max: 3n * SECOND }),
    );
    const sequence = fc.array(fc.tuple(step, fc.integer({ min: 16, max: 200 })), {
      minLength: 1,
      maxLength: 60,
    });
    const property = fc.property(
      fc.tuple(amount, amount, amount, amount),
      fc.bigInt({ min: 0n, max: 1n << 62n }),
      sequence,
      fc.boolean(),
      ([rate, burst, more, peakBurst], start, frames, isBytes) => {
        const limit = (1n << 63n) - 1n;
        const peakRate = rate + more > limit ? limit : rate + more;
        const rates = { committedRate: rate, committedBurst: burst, peakRate, peakBurst };
        const reference = new ReferenceMeter(rates);
        let now = start;
        const expected: number[] = [];
        const commands = frames.map(([passed, octets]) => {
          now += passed;
          const colour = reference.mark(now, isBytes ? BigInt(octets) : 1n);
          expected.push(COLOURS.indexOf(colour));
          return frame(now, isBytes ? 2 : 1, 1, 0, octets);
        });
        const lines = run(`meter ${isBytes ? 1 : 0} 1 ${text(rates)}`, ...commands);
        expect(fields(lines, isBytes ? 'bytes' : 'packets')).toEqual(expected);
      },
    );
    fc.assert(property, { numRuns: 60 });
  });
});
