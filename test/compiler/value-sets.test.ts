import { afterAll, describe, expect, it } from 'vitest';
import { compilePipeline } from '#compiler/compile';
import { fillSlots } from '#compiler/slots';
import { bitsToHex, build, fixture, valueOf } from './harness.js';

interface Request {
  readonly which: number;
  readonly kind?: number;
  readonly number?: number;
  readonly wide?: bigint;
  readonly more?: number;
}

const frame = ({ which, kind = 0, number = 0, wide = 0n, more = 0 }: Request): string =>
  `frame 1 0 0 ${bitsToHex([which, 8], [kind, 16], [number, 12], [0, 4], [wide, 128], [0, 8], [more, 16])}`;

describe('parser value sets', () => {
  const harness = build(fixture('value-sets'));
  afterAll(() => {
    harness.dispose();
  });
  const { layout } = harness;

  /** The command that puts a value, with a mask for each of its fields, into a set. */
  const put = (name: string, values: readonly bigint[], masks?: readonly bigint[]): string => {
    const set = layout.valueSets.find((item) => item.name.endsWith(`.${name}`));
    if (set === undefined) throw new Error(`no value set ${name}`);
    const packed = { slots: set.key, words: set.keyWords };
    const all = set.key.map(({ bitwidth }) => (1n << BigInt(bitwidth)) - 1n);
    const words = [fillSlots(packed, values), fillSlots(packed, masks ?? all)];
    return `insert ${set.index} 0 0 ${words.map((part) => part.join(' ')).join(' / ')} /`;
  };
  /** What the parser left behind: 0 where nothing has matched. */
  const traces = (lines: readonly string[]): number[] =>
    lines
      .filter((line) => line.startsWith('out'))
      .map((line) => Number(`0x${valueOf(line, 'hex').slice(42, 44)}`));

  it('are in the layout as tables after those of the program', () => {
    const sets = layout.valueSets.map(({ name, index, size, keyWords, key }) => [
      name,
      index - layout.tables.length,
      size,
      keyWords,
      key.map(({ bitwidth }) => bitwidth),
    ]);
    expect(sets).toEqual([
      ['ValueSetsParser.kinds', 0, 4, 1, [16]],
      ['ValueSetsParser.pairs', 1, 8, 1, [16, 12]],
      ['ValueSetsParser.wides', 2, 2, 2, [128]],
    ]);
  });

  it('match nothing as long as they are empty', () => {
    const sent = [frame({ which: 1, kind: 0x1234 }), frame({ which: 2 }), frame({ which: 3 })];
    expect(traces(harness.run(sent))).toEqual([0, 0, 0]);
  });

  it('match what is in them, in the order of the select', () => {
    const lines = harness.run([
      put('kinds', [0x1234n]),
      put('kinds', [0x0800n]),
      put('kinds', [0x86ddn]),
      ...[0x1234, 0x1235, 0x0800, 0x86dd].map((kind) => frame({ which: 1, kind })),
    ]);
    // The constant 0x0800 stands before the set, 0x86dd behind it.
    expect(traces(lines)).toEqual([1, 0, 0x80, 1]);
  });

  it('can be selected by more than one state', () => {
    const lines = harness.run([
      put('kinds', [0x1234n]),
      put('kinds', [0x5678n]),
      frame({ which: 1, kind: 0x1234, more: 0x5678 }),
      frame({ which: 1, kind: 0x1234, more: 0x9999 }),
    ]);
    expect(traces(lines)).toEqual([4, 1]);
  });

  it('compare every field of a struct, under its mask', () => {
    const lines = harness.run([
      put('pairs', [5n, 0x120n], [0xffffn, 0xff0n]),
      ...[0x120, 0x12f, 0x130].map((number) => frame({ which: 2, kind: 5, number })),
      frame({ which: 2, kind: 6, number: 0x120 }),
      frame({ which: 2, kind: 7, number: 7 }),
    ]);
    expect(traces(lines)).toEqual([2, 2, 0, 0, 0x80]);
  });

  it('compare more than 64 bits', () => {
    const wide = (0xfeedn << 112n) | 9n;
    const lines = harness.run([
      put('wides', [wide]),
      frame({ which: 3, wide }),
      frame({ which: 3, wide: 9n }),
      frame({ which: 3, wide: wide ^ (1n << 64n) }),
    ]);
    expect(traces(lines)).toEqual([3, 0, 0]);
  });

  it('hold each value once, and more entries than values: a range is several', () => {
    const lines = harness.run([1n, 2n, 3n, 3n].map((value) => put('wides', [value])));
    expect(lines.map((line) => line.split(' ')[1])).toEqual([
      String(1n << 32n),
      String((1n << 32n) + 1n),
      String((1n << 32n) + 2n),
      '-9',
    ]);
  });
});

describe('a value set', () => {
  const changed = (change: (set: Record<string, unknown>) => void) => {
    const json = JSON.parse(fixture('value-sets')) as { parse_vsets: Record<string, unknown>[] };
    change(json.parse_vsets[0] ?? {});
    const compiled = compilePipeline(JSON.stringify(json));
    return compiled.ok ? 'OK' : compiled.errors[0]?.code;
  };

  it('of another width than its keys, or of no name, is refused', () => {
    expect(changed(() => undefined)).toBe('OK');
    expect(changed((set) => (set['compressed_bitwidth'] = 17))).toBe('MALFORMED');
    expect(changed((set) => (set['name'] = 'other'))).toBe('BAD_REFERENCE');
    expect(changed((set) => (set['max_size'] = 2 ** 40))).toBe('LIMIT');
  });
});
