import { afterAll, describe, expect, it } from 'vitest';
import { Tables, bitsToHex, build, fixture, valueOf } from './harness.js';

interface Key {
  readonly which: number;
  readonly address?: number;
  readonly wide?: bigint;
  readonly number?: number;
}

const frame = ({ which, address = 0, wide = 0n, number = 0 }: Key): string =>
  `frame 1 0 0 ${bitsToHex([which, 8], [address, 32], [wide, 128], [number, 16], [0, 8])}`;

const ALL_32 = 0xffff_ffffn;
const ALL_128 = (1n << 128n) - 1n;
const ALL_16 = 0xffffn;

describe('tables', () => {
  const harness = build(fixture('tables'));
  afterAll(() => {
    harness.dispose();
  });
  const tables = new Tables(harness.layout);
  const run = (...commands: readonly string[]): string[] =>
    harness.run([...tables.initial(), ...commands]).slice(tables.initial().length);
  /** What the program left in the frame's last octet, and where it sends it. */
  const traces = (lines: readonly string[]): string[] =>
    lines
      .filter((line) => line.startsWith('out'))
      .map((line) => `${valueOf(line, 'hex').slice(-2)}:${valueOf(line, 'port')}`);

  it('match exactly, over more than 64 bits', () => {
    const wide = (7n << 100n) + 5n;
    const lines = run(
      tables.insert('wide_exact', [wide, 9n], [], 'counted', [0xabn]),
      frame({ which: 1, wide, number: 9 }),
      frame({ which: 1, wide, number: 8 }),
      frame({ which: 1, wide: wide + (1n << 64n), number: 9 }),
    );
    expect(traces(lines)).toEqual(['ab:18', '00:19', '00:19']);
  });

  it('count what hits, and what misses for the default entry', () => {
    const { index } = tables.table('wide_exact');
    const [inserted, ...lines] = run(
      tables.insert('wide_exact', [1n, 1n], [], 'counted', [1n]),
      frame({ which: 1, wide: 1n, number: 1 }),
      frame({ which: 1, wide: 1n, number: 1 }),
      frame({ which: 1, wide: 2n, number: 1 }),
      `direct ${index} ${1n << 32n}`,
      `direct ${index} -1`,
    );
    expect(inserted).toBe(`handle ${1n << 32n}`);
    expect(lines.slice(-2)).toEqual(['direct 0 2 48', 'direct 0 1 24']);
  });

  it('match short keys by index', () => {
    const { index } = tables.table('small');
    const insert = (number: bigint, port: bigint, trace: bigint): string =>
      tables.insert('small', [number, port], [], 'mark', [trace]);
    const send = [0, 1, 255].map((number) => frame({ which: 7, number }));
    const lines = run(
      insert(0n, 1n, 0xa0n),
      insert(255n, 1n, 0xa1n),
      insert(255n, 15n, 0xa2n),
      insert(255n, 1n, 0xa3n),
      ...send,
      `remove ${index} ${1n << 32n}`,
      ...send,
      insert(0n, 1n, 0xa4n),
      ...send,
    );
    expect(lines[3]).toBe('handle -9');
    expect(traces(lines)).toEqual(
      [...['a0', '00', 'a1'], ...['00', '00', 'a1'], ...['a4', '00', 'a1']].map((t) => `${t}:17`),
    );
    // Beyond the key's bits there is no slot.
    const beyond = `insert ${index} 0 ${tables.action('small', 'mark')} 4096 / 0 / 1`;
    expect(run(beyond)).toEqual(['handle -11']);
  });

  it('match the longest prefix', () => {
    const prefix = (bits: number): bigint => ALL_32 ^ (ALL_32 >> BigInt(bits));
    const insert = (address: bigint, bits: number, trace: bigint): string =>
      tables.insert('prefix', [5n, address], [ALL_16, prefix(bits)], 'mark', [trace]);
    const lines = run(
      insert(0x0a000000n, 8, 1n),
      insert(0x0a010000n, 16, 2n),
      insert(0x0a010203n, 32, 3n),
      insert(0n, 0, 4n),
      frame({ which: 2, number: 5, address: 0x0a050505 }),
      frame({ which: 2, number: 5, address: 0x0a010505 }),
      frame({ which: 2, number: 5, address: 0x0a010203 }),
      frame({ which: 2, number: 5, address: 0x0b010203 }),
      frame({ which: 2, number: 6, address: 0x0a010203 }),
    );
    expect(traces(lines)).toEqual(['01:20', '02:20', '03:20', '04:20', 'ee:20']);
  });

  it('give actions arguments of 128 bits, go on by action, and end at exit', () => {
    const value = (0xfeedn << 112n) + 3n;
    const lines = run(
      tables.insert('prefix', [5n, 1n], [ALL_16, ALL_32], 'set_wide', [value, 0x77n]),
      tables.insert('prefix', [5n, 2n], [ALL_16, ALL_32], 'refuse'),
      frame({ which: 2, number: 5, address: 1 }),
      frame({ which: 2, number: 5, address: 2 }),
    );
    const sent = bitsToHex([2, 8], [1, 32], [value, 128], [5, 16], [0x77, 8]);
    expect(valueOf(lines[3], 'hex')).toBe(sent);
    expect(valueOf(lines[3], 'port')).toBe('21');
    expect(valueOf(lines[4], 'spec')).toBe('511');
  });

  it('match the entry of the highest priority', () => {
    const insert = (address: bigint, mask: bigint, priority: number, trace: bigint): string =>
      tables.insert('ternary', [address, 0n], [mask, 0n], 'mark', [trace], priority);
    const lines = run(
      insert(0x1n, 0xffn, 10, 1n),
      insert(0x101n, 0xffffn, 20, 2n),
      insert(0n, 0n, 1, 3n),
      tables.insert('ternary', [0n, 1n << 127n], [0n, 1n << 127n], 'mark', [4n], 30),
      frame({ which: 3, address: 0x201 }),
      frame({ which: 3, address: 0x101 }),
      frame({ which: 3, address: 0x102 }),
      frame({ which: 3, address: 0x101, wide: ALL_128 }),
    );
    expect(traces(lines)).toEqual(['01:17', '02:17', '03:17', '04:17']);
  });

  it('match ranges and optional keys', () => {
    const insert = (low: bigint, high: bigint, address: bigint | null, trace: bigint): string =>
      tables.insert(
        'mixed',
        [low, address ?? 0n, 1n],
        [high, address === null ? 0n : ALL_32, 1n],
        'mark',
        [trace],
        Number(trace),
      );
    const lines = run(
      insert(10n, 20n, null, 1n),
      insert(15n, 15n, 7n, 2n),
      ...[9, 10, 20, 21, 15].map((number) => frame({ which: 4, number })),
      frame({ which: 4, number: 15, address: 7 }),
    );
    expect(traces(lines)).toEqual(['00:17', '01:17', '01:17', '00:17', '01:17', '02:17']);
  });

  it('have const entries, the first one first', () => {
    const lines = run(
      frame({ which: 5, number: 0x1234, address: 0x0a000001 }),
      frame({ which: 5, number: 0x1234, address: 0x0b000001 }),
      frame({ which: 5, number: 0x2234 }),
      frame({ which: 5, number: 0xffff }),
    );
    expect(traces(lines)).toEqual(['01:17', '02:17', 'dd:17']);
    expect(valueOf(lines.at(-1), 'spec')).toBe('511');
  });

  it('refuse what is there already, what is full and what is not a prefix', () => {
    const one = tables.insert('wide_exact', [1n, 1n], [], 'counted', [1n]);
    const fill = Array.from({ length: 16 }, (_, i) =>
      tables.insert('wide_exact', [BigInt(i + 2), 1n], [], 'counted', [1n]),
    );
    const [first, again, ...rest] = run(one, one, ...fill);
    expect([first, again]).toEqual([`handle ${1n << 32n}`, 'handle -9']);
    expect(rest.filter((line) => line === 'handle -10')).toHaveLength(1);
    const prefix = (mask: bigint): string =>
      tables.insert('prefix', [1n, 0x010000n], [ALL_16, mask], 'mark', [1n]);
    expect(run(prefix(0xff000000n), prefix(0x00ff0000n)).at(-1)).toBe('handle -11');
  });

  it('forget what is removed, and a handle is not used again', () => {
    const { index } = tables.table('wide_exact');
    const inserts = Array.from({ length: 12 }, (_, i) =>
      tables.insert('wide_exact', [BigInt(i), 1n], [], 'counted', [BigInt(i + 1)]),
    );
    const gone = [3, 7, 0, 11];
    const handle = (i: number): bigint => (1n << 32n) + BigInt(i);
    const lines = run(
      ...inserts,
      ...gone.map((i) => `remove ${index} ${handle(i)}`),
      `remove ${index} ${handle(3)}`,
      ...Array.from({ length: 12 }, (_, i) => frame({ which: 1, wide: BigInt(i), number: 1 })),
      tables.insert('wide_exact', [3n, 1n], [], 'counted', [0x99n]),
      `remove ${index} ${handle(11)}`,
      frame({ which: 1, wide: 3n, number: 1 }),
    );
    expect(lines.slice(12, 17)).toEqual([
      'remove 0',
      'remove 0',
      'remove 0',
      'remove 0',
      'remove -8',
    ]);
    const expected = Array.from({ length: 12 }, (_, i) =>
      gone.includes(i) ? '00:19' : `${(i + 1).toString(16).padStart(2, '0')}:18`,
    );
    expect(traces(lines)).toEqual([...expected, '99:18']);
  });
});
