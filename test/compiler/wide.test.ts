import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { compilePipeline } from '#compiler/compile';
import { assign, buildProgram, extract, hexstr, op, state, type TypeValue } from './builder.js';
import { Tables, build, fixture, valueOf } from './harness.js';

interface Operands {
  readonly a: bigint;
  readonly b: bigint;
  readonly small: bigint;
  readonly c: bigint;
}

const WIDTHS = [8, 4, 200, 4, 256, 64, 136];
const ones = (bits: number): bigint => (1n << BigInt(bits)) - 1n;
const cut = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);
const BEFORE = 0x9n;
const BEHIND = 0x6n;
const PLAIN: Operands = { a: 0n, b: 0n, small: 0n, c: 0n };

function hex(which: number, { a, b, small, c }: Operands): string {
  const values = [BigInt(which), BEFORE, a, BEHIND, b, small, c];
  const all = values.reduce((sum, value, i) => (sum << BigInt(WIDTHS[i] ?? 0)) | value, 0n);
  return all.toString(16).padStart(WIDTHS.reduce((sum, bits) => sum + bits, 0) / 4, '0');
}

function operandsOf(text: string): Operands {
  let rest = BigInt(`0x${text}`);
  const parts = [...WIDTHS].reverse().map((bits) => {
    const part = cut(rest, bits);
    rest >>= BigInt(bits);
    return part;
  });
  const [c = 0n, small = 0n, b = 0n, behind, a = 0n, before] = parts;
  expect([before, behind]).toEqual([BEFORE, BEHIND]);
  return { a, b, small, c };
}

const slice = (value: bigint, high: number, low: number): bigint =>
  cut(value >> BigInt(low), high - low + 1);

/** What the program does, as its P4 source says it. */
const EXPECTED: Readonly<Record<number, (o: Operands) => Partial<Operands>>> = {
  1: ({ b }) => ({ b: cut(b + b, 256) }),
  2: ({ a, b }) => ({ b: cut(a - b, 256) }),
  3: ({ a }) => ({ b: (a << 56n) | 5n }),
  4: ({ a }) => ({ small: slice(a, 167, 104) }),
  5: ({ a, b }) => ({ a: (a & ~(ones(68) << 64n)) | (slice(b, 77, 10) << 64n) }),
  6: ({ b }) => ({ b: cut(b << 67n, 256) | (b >> 189n) }),
  7: ({ b, small }) => ({ b: b ^ ones(256) ^ small }),
  8: ({ b }) => ({ a: cut(b, 200) }),
  9: ({ a, b }) => ({ small: b < a ? 1n : b === a ? 2n : 3n }),
  12: ({ c }) => ({ a: c }),
  15: ({ a, c }) => ({ b: (cut(a, 128) << 128n) | cut(c, 128) }),
  16: ({ a, b }) => ({ b: (a & 15n) === 0n ? b : cut(b + 1n, 256) }),
  17: () => ({ a: 0x123456789abcdef0123456789abcdef0123456789abcdef012n }),
};

describe('fields of more than 128 bits', () => {
  const harness = build(fixture('wide'));
  afterAll(() => {
    harness.dispose();
  });
  const tables = new Tables(harness.layout);
  const run = (...commands: readonly string[]): string[] =>
    harness.run([...tables.initial(), ...commands]).slice(tables.initial().length);
  const frame = (which: number, operands: Operands): string =>
    `frame 1 0 0 ${hex(which, operands)}`;
  const sent = (lines: readonly string[]) =>
    lines.filter((line) => line.startsWith('out')).map((line) => operandsOf(valueOf(line, 'hex')));

  /** Not one that the parser stops at. */
  const isFull = ({ a }: Operands): boolean => a !== 77n && a >> 196n !== 5n;
  const value = (bits: number) =>
    fc.oneof(
      fc.bigInt({ min: 0n, max: ones(bits) }),
      fc.bigInt({ min: 0n, max: 3n }),
      fc.bigInt({ min: ones(bits) - 3n, max: ones(bits) }),
      fc.integer({ min: 0, max: bits - 1 }).map((bit) => 1n << BigInt(bit)),
    );
  const operands = fc
    .record({ a: value(200), b: value(256), small: value(64), c: value(136) })
    .filter(isFull);

  it.each(Object.keys(EXPECTED).map(Number))('are computed exactly (%i)', (which) => {
    const property = fc.property(fc.array(operands, { minLength: 1, maxLength: 30 }), (list) => {
      const expected = list.map((one) => ({ ...one, ...EXPECTED[which]?.(one) }));
      expect(sent(run(...list.map((one) => frame(which, one))))).toEqual(expected);
    });
    fc.assert(property, { numRuns: 8 });
  });

  it('compare equal and next to each other', () => {
    const a = (1n << 199n) + (7n << 64n);
    const lines = run(...[a - 1n, a, a + 1n].map((b) => frame(9, { ...PLAIN, a, b })));
    expect(sent(lines).map(({ small }) => small)).toEqual([1n, 2n, 3n]);
  });

  it('are selected by the parser, whole and under a mask', () => {
    const lines = [77n, 5n << 196n, (5n << 196n) + 9n, 78n, 4n << 196n].map((a) =>
      run(frame(0, { ...PLAIN, a, c: ones(136) })).find((line) => line.startsWith('out')),
    );
    // What is not parsed is payload, and leaves all the same.
    expect(sent(lines.map(String)).map(({ c }) => c)).toEqual(lines.map(() => ones(136)));
    const parsed = [77n, 5n << 196n, (5n << 196n) + 9n, 78n, 4n << 196n].map(
      (a) => run(`parse 1 ${hex(0, { ...PLAIN, a })}`)[0],
    );
    expect(parsed).toEqual([
      'parsed 0 67',
      'parsed 0 67',
      'parsed 0 67',
      'parsed 0 84',
      'parsed 0 84',
    ]);
  });

  it('are keys, exact and ternary, and arguments between narrow ones', () => {
    const a = (0xabcn << 188n) + 3n;
    const b = (0xdn << 252n) + 1n;
    const mask = (0xfn << 252n) | 0xffn;
    const lines = run(
      tables.insert('by_value', [6n, a], [], 'set', [0x7fn, a ^ ones(200), 5n]),
      tables.insert('by_mask', [b], [mask], 'set', [1n, 9n, 6n], 1),
      frame(10, { ...PLAIN, a, small: 6n }),
      frame(10, { ...PLAIN, a: a ^ (1n << 130n), small: 6n }),
      frame(11, { ...PLAIN, b: b + (1n << 200n) }),
      frame(11, { ...PLAIN, b: b + (1n << 252n) }),
    );
    expect(sent(lines)).toEqual([
      { ...PLAIN, a: a ^ ones(200), small: 0x7fn },
      { ...PLAIN, a: a ^ (1n << 130n), small: 6n },
      { ...PLAIN, a: 9n, b: b + (1n << 200n), small: 1n },
      { ...PLAIN, b: b + (1n << 252n) },
    ]);
    const ports = lines.filter((l) => l.startsWith('out')).map((line) => valueOf(line, 'port'));
    expect(ports).toEqual(['5', '1', '6', '1']);
  });

  it('go into digests and hashes', () => {
    const a = 0x0102030405060708090a0b0c0d0e0f101112131415161718_19n;
    const [digest] = run(frame(13, { ...PLAIN, a }));
    const words = [0n, 64n, 128n, 192n].map((at) => cut(a >> at, 64));
    expect(digest).toBe(`digest 0 ${words.join(' ')} 13`);
    expect(harness.layout.digests[0]?.fields[0]).toMatchObject({
      word: 0,
      shift: 0,
      bitwidth: 200,
    });
    const octets = Buffer.from(a.toString(16).padStart(50, '0'), 'hex');
    const [hashed] = sent(run(frame(14, { ...PLAIN, a })));
    expect(hashed?.small).toBe(BigInt(crc32(octets)));
  });
});

describe('what is too wide', () => {
  const operand = { type: 'field', value: ['h', 'w'] };
  const outcome = (value: TypeValue, bits = 1024): string => {
    const program = buildProgram({
      headerTypes: [{ name: 'a_t', fields: [['w', bits, false]] }],
      headers: [{ name: 'h', type: 'a_t' }],
      actions: [{ name: 'act', primitives: [assign(operand, value)] }],
      ingress: ['act'],
    });
    const compiled = compilePipeline(JSON.stringify(program));
    return compiled.ok ? 'OK' : (compiled.errors[0]?.code ?? '');
  };
  const times = (count: number, make: (value: TypeValue) => TypeValue): TypeValue =>
    Array.from({ length: count }).reduce((value: TypeValue) => make(value), operand);

  it('is refused, where all of it is needed', () => {
    const power = (count: number): TypeValue => times(count, (value) => op('*', value, operand));
    expect(outcome(power(40))).toBe('OK');
    expect(outcome(op('>>', power(30), operand))).toBe('OK');
    expect(outcome(op('>>', power(40), operand))).toBe('LIMIT');
    expect(outcome(op('/', power(40), operand))).toBe('LIMIT');
    expect(outcome(op('usat_cast', power(40), hexstr(1024)))).toBe('LIMIT');
    expect(outcome(op('?', operand, operand, op('<', power(40), operand)))).toBe('LIMIT');
  });

  it('costs no more than a program may cost', () => {
    // Twice as many nodes each time, of 256 limbs.
    let doubled = operand as TypeValue;
    for (let i = 0; i < 10; i += 1) {
      doubled = op('^', op('>>', doubled, hexstr(1)), op('<<', doubled, hexstr(3)));
    }
    expect(outcome(doubled, 16_384)).toBe('LIMIT');
    const long = times(400, (value) => op('+', value, op('>>', operand, hexstr(3))));
    expect(outcome(long)).toBe('OK');
  });

  it('is no matter in a field that nothing is done with', () => {
    const compiled = compilePipeline(
      JSON.stringify(
        buildProgram({
          headerTypes: [{ name: 'a_t', fields: [['w', 8000, false]] }],
          headers: [{ name: 'h', type: 'a_t' }],
          parseStates: [state('start', [extract('h')])],
          deparser: ['h'],
        }),
      ),
    );
    expect(compiled.ok).toBe(true);
  });
});

describe('ranges of 256 bits', () => {
  const program = new URL('../stf/programs/artefacts/wide_arithmetic.json', import.meta.url);
  const harness = build(readFileSync(program, 'utf8'));
  afterAll(() => {
    harness.dispose();
  });
  const tables = new Tables(harness.layout);
  const BY_RANGE = 26n;

  interface Entry {
    readonly low: bigint;
    readonly high: bigint;
  }
  /** Ends that share words, and ends that do not. */
  const end = fc
    .tuple(fc.constantFrom(0n, 64n, 128n, 192n), fc.bigInt({ min: 0n, max: 5n }))
    .map(([at, value]) => value << at);
  const ends = fc.oneof(
    end,
    fc.tuple(end, end).map(([a, b]) => a | b),
  );
  const entry: fc.Arbitrary<Entry> = fc
    .tuple(ends, ends)
    .map(([a, b]) => (a < b ? { low: a, high: b } : { low: b, high: a }));

  /** The number of the entry that wins, from one on: that of the highest priority, which is the last. */
  const winner = (entries: readonly Entry[], a: bigint): bigint =>
    BigInt(entries.findLastIndex(({ low, high }) => low <= a && a <= high) + 1);

  it('are compared as numbers', () => {
    const property = fc.property(
      fc.uniqueArray(entry, { minLength: 1, maxLength: 12, selector: (e) => `${e.low} ${e.high}` }),
      fc.array(ends, { minLength: 5, maxLength: 20 }),
      (entries, values) => {
        const keys = [...values, ...entries.flatMap(({ low, high }) => [low, high, high + 1n])];
        const inserted = entries.map(({ low, high }, i) =>
          tables.insert('by_range', [low, 0n], [high, 0n], 'give', [BigInt(i + 1), 0n], i + 1),
        );
        const frames = keys.map((a) => {
          const frame = ((BY_RANGE << 264n) | a) << 656n;
          return `frame 1 0 0 ${frame.toString(16).padStart(232, '0')}`;
        });
        const results = harness
          .run([...tables.initial(), ...inserted, ...frames])
          .filter((line) => line.startsWith('out'))
          .map((line) => BigInt(`0x${valueOf(line, 'hex').slice(232)}`));
        expect(results).toEqual(keys.map((a) => winner(entries, a)));
      },
    );
    fc.assert(property, { numRuns: 12, seed: 20_260_103 });
  });
});
