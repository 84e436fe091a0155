import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePipeline } from '#compiler/compile';
import { assign, buildProgram, extract, field, hexstr, op, state } from './builder.js';
import type { TypeValue } from './builder.js';
import { build, compilers, valueOf } from './harness.js';

/** Inputs of every kind of width: within a C type, at its edge, beyond it. */
const INPUTS: readonly (readonly [string, number, boolean])[] = [
  ['u1', 1, false],
  ['u3', 3, false],
  ['u4', 4, false],
  ['u8', 8, false],
  ['u16', 16, false],
  ['u31', 31, false],
  ['u33', 33, false],
  ['u48', 48, false],
  ['u64', 64, false],
  ['u65', 65, false],
  ['u127', 127, false],
  ['u128', 128, false],
  ['s7', 7, true],
  ['s16', 16, true],
  ['s33', 33, true],
  ['s64', 64, true],
  ['s100', 100, true],
  ['s128', 128, true],
];
const PADDING = (8 - (INPUTS.reduce((sum, [, bits]) => sum + bits, 0) % 8)) % 8;
const INPUT_FIELDS = [...INPUTS, ...(PADDING > 0 ? [['pad', PADDING, false] as const] : [])];
const INPUT_OCTETS = INPUT_FIELDS.reduce((sum, [, bits]) => sum + bits, 0) / 8;

/** What results are stored in. */
const OUTPUTS: readonly (readonly [number, boolean])[] = [
  [128, false],
  [64, false],
  [40, false],
  [8, false],
  [128, true],
  [72, true],
  [64, true],
  [16, true],
];

type Inputs = ReadonlyMap<string, bigint>;

const sign = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);
const shift = (count: bigint): bigint => (count > 600n ? 600n : count);

/** The reference: the JSON's expressions over unbounded integers, as bmv2 has them. */
function evaluate(e: TypeValue, inputs: Inputs): bigint | boolean {
  if (e['type'] === 'hexstr') {
    const text = String(e['value']);
    return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  }
  if (e['type'] === 'field') {
    return inputs.get((e['value'] as string[])[1] ?? '') ?? 0n;
  }
  if (e['type'] === 'bool') {
    return e['value'] as boolean;
  }
  const node = e['value'] as { readonly op: string } & Record<string, TypeValue>;
  const side = (name: string): bigint | boolean => evaluate(node[name] ?? {}, inputs);
  const left = (): bigint => side('left') as bigint;
  const right = (): bigint => side('right') as bigint;
  switch (node.op) {
    case '+':
      return left() + right();
    case '-':
      return left() - right();
    case '*':
      return left() * right();
    case '&':
      return left() & right();
    case '|':
      return left() | right();
    case '^':
      return left() ^ right();
    case '~':
      return ~right();
    case '<<':
      return left() << shift(right());
    case '>>':
      return left() >> shift(right());
    case 'two_comp_mod':
      return sign(left(), Number(right()));
    case 'sat_cast': {
      const limit = 1n << (right() - 1n);
      const value = left();
      return value < -limit ? -limit : value >= limit ? limit - 1n : value;
    }
    case 'usat_cast': {
      const limit = 1n << right();
      const value = left();
      return value < 0n ? 0n : value >= limit ? limit - 1n : value;
    }
    case '==':
      return side('left') === side('right');
    case '!=':
      return side('left') !== side('right');
    case '<':
      return left() < right();
    case '<=':
      return left() <= right();
    case '>':
      return left() > right();
    case '>=':
      return left() >= right();
    case 'and':
      return (side('left') as boolean) && side('right');
    case 'or':
      return side('left') || side('right');
    case 'not':
      return side('right') !== true;
    case 'd2b':
      return right() !== 0n;
    case 'b2d':
      return side('right') === true ? 1n : 0n;
    case '?':
      return side('cond') === true ? left() : right();
    default:
      throw new Error(node.op);
  }
}

const interesting = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 0xffn, 0xffffn, 0xffffffffn, (1n << 64n) - 1n, 1n << 64n, 1n << 63n),
  fc.constantFrom((1n << 128n) - 1n, (1n << 127n) - 1n, -1n, -128n, 0xffff_ffff_0000n),
  fc.bigInt({ min: -(1n << 20n), max: 1n << 20n }),
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
);

const maskOf = (bits: number): TypeValue => hexstr((1n << BigInt(bits)) - 1n);
const width = fc.constantFrom(1, 7, 8, 9, 16, 31, 32, 33, 48, 63, 64, 65, 80, 127, 128);
const unsignedInput = fc.constantFrom(...INPUTS.filter(([, , signed]) => !signed).map(([n]) => n));

/** Trees of data expressions, with the casts and masks that p4c puts in. */
const { data } = fc.letrec<{ data: TypeValue; bool: TypeValue; leaf: TypeValue }>((tie) => ({
  leaf: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...INPUTS.map(([name]) => field('in', name))) },
    { weight: 1, arbitrary: interesting.map(hexstr) },
  ),
  data: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    tie('leaf'),
    fc
      .tuple(fc.constantFrom('+', '-', '*', '&', '|', '^'), tie('data'), tie('data'))
      .map(([name, a, b]) => op(name, a, b)),
    fc
      .tuple(fc.constantFrom('+', '-', '*', '&', '|', '^'), tie('data'), tie('data'), width)
      .map(([name, a, b, bits]) => op('&', op(name, a, b), maskOf(bits))),
    fc.tuple(tie('data'), width).map(([a, bits]) => op('&', op('~', null, a), maskOf(bits))),
    fc
      .tuple(fc.constantFrom('<<', '>>'), tie('data'), fc.integer({ min: 0, max: 140 }), width)
      .map(([name, a, n, bits]) => op('&', op(name, a, hexstr(n)), maskOf(bits))),
    fc
      .tuple(fc.constantFrom('<<', '>>'), tie('data'), unsignedInput, width)
      .map(([name, a, n, bits]) => op('&', op(name, a, field('in', n)), maskOf(bits))),
    fc
      .tuple(fc.constantFrom('two_comp_mod', 'sat_cast', 'usat_cast'), tie('data'), width)
      .map(([name, a, bits]) => op(name, a, hexstr(bits))),
    fc.tuple(tie('bool'), tie('data'), tie('data')).map(([c, a, b]) => op('?', a, b, c)),
    tie('bool').map((a) => op('b2d', null, a)),
  ),
  bool: fc.oneof(
    { maxDepth: 4 },
    fc
      .tuple(fc.constantFrom('==', '!=', '<', '<=', '>', '>='), tie('data'), tie('data'))
      .map(([name, a, b]) => op(name, a, b)),
    tie('leaf').map((a) => op('d2b', null, a)),
    fc
      .tuple(fc.constantFrom('and', 'or'), tie('bool'), tie('bool'))
      .map(([name, a, b]) => op(name, a, b)),
    tie('bool').map((a) => op('not', null, a)),
    fc.boolean().map((value) => ({ type: 'bool', value })),
  ),
}));

interface Case {
  readonly tree: TypeValue;
  readonly bits: number;
  readonly signed: boolean;
}

const oneCase: fc.Arbitrary<Case> = fc
  .tuple(data, fc.constantFrom(...OUTPUTS))
  .map(([tree, [bits, signed]]) => ({ tree, bits, signed }));

function programOf(cases: readonly Case[]): Record<string, unknown> {
  const perAction = 20;
  const groups = Array.from({ length: Math.ceil(cases.length / perAction) }, (_, i) =>
    cases.slice(i * perAction, (i + 1) * perAction),
  );
  return buildProgram({
    headerTypes: [
      { name: 'in_t', fields: INPUT_FIELDS },
      ...cases.map(({ bits, signed }, i) => ({
        name: `out${i}_t`,
        fields: [['v', bits, signed] as const],
      })),
    ],
    headers: [
      { name: 'in', type: 'in_t' },
      ...cases.map((_, i) => ({ name: `out${i}`, type: `out${i}_t` })),
    ],
    parseStates: [state('start', [extract('in')])],
    deparser: cases.map((_, i) => `out${i}`),
    actions: groups.map((group, g) => ({
      name: `a${g}`,
      primitives: group.flatMap(({ tree }, i) => {
        const name = `out${g * perAction + i}`;
        return [
          { op: 'add_header', parameters: [{ type: 'header', value: name }] },
          assign(field(name, 'v'), tree),
        ];
      }),
    })),
    ingress: groups.map((_, g) => `a${g}`),
  });
}

function readInputs(frame: Uint8Array): Inputs {
  let all = 0n;
  for (const octet of frame) {
    all = (all << 8n) | BigInt(octet);
  }
  let left = INPUT_OCTETS * 8;
  return new Map(
    INPUT_FIELDS.map(([name, bits, signed]) => {
      left -= bits;
      const value = BigInt.asUintN(bits, all >> BigInt(left));
      return [name, signed ? sign(value, bits) : value];
    }),
  );
}

const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

function check(cases: readonly Case[], frames: readonly Uint8Array[], cc: string): void {
  const harness = build(programOf(cases), { cc });
  const lines = harness.run(frames.map((frame) => `frame 1 0 0 ${hexOf(frame)}`));
  harness.dispose();
  const outputs = lines.filter((line) => line.startsWith('out'));
  expect(outputs).toHaveLength(frames.length);
  frames.forEach((frame, f) => {
    const inputs = readInputs(frame);
    const hex = valueOf(outputs[f], 'hex');
    let offset = 0;
    for (const { tree, bits } of cases) {
      const wanted = BigInt.asUintN(bits, evaluate(tree, inputs) as bigint);
      const got = BigInt(`0x${hex.slice(offset, offset + bits / 4)}`);
      offset += bits / 4;
      if (got !== wanted) {
        const detail = {
          tree,
          frame: hexOf(frame),
          got: got.toString(16),
          wanted: wanted.toString(16),
        };
        throw new Error(JSON.stringify(detail));
      }
    }
  });
}

const isSupported = (one: Case): boolean => compilePipeline(JSON.stringify(programOf([one]))).ok;

describe('expressions', () => {
  const seed = Number(process.env['TIMEPLANE_SEED'] ?? 20_260_101);
  const frame = fc.uint8Array({ minLength: INPUT_OCTETS, maxLength: INPUT_OCTETS });
  const edges = [0x00, 0xff, 0x80, 0x7f, 0x01].map((octet) =>
    new Uint8Array(INPUT_OCTETS).fill(octet),
  );

  it.each(compilers())(
    'are what unbounded integers give, by %s',
    (cc) => {
      console.info(`seed ${seed}`);
      const cases = fc.sample(oneCase, { numRuns: 260, seed }).filter(isSupported);
      const frames = [...edges, ...fc.sample(frame, { numRuns: 12, seed })];
      // Most trees have a value that fits; the rest is refused, not computed wrongly.
      expect(cases.length).toBeGreaterThan(130);
      check(cases, frames, cc);
    },
    180_000,
  );

  it('refuses a comparison that needs more than 128 bits', () => {
    const wide = op('<', op('*', field('in', 'u128'), field('in', 'u128')), hexstr(5));
    const result = compilePipeline(
      JSON.stringify(programOf([{ tree: op('b2d', null, wide), bits: 8, signed: false }])),
    );
    expect(result).toMatchObject({ ok: false, errors: [{ code: 'UNSUPPORTED' }] });
  });

  it('saturates 128-bit sums, whose exact value has 129 bits', () => {
    const [a, b] = [field('in', 'u128'), field('in', 'u127')];
    const [c, d] = [field('in', 's128'), field('in', 's100')];
    const cases = [
      { tree: op('usat_cast', op('+', a, b), hexstr(128)), bits: 128, signed: false },
      { tree: op('usat_cast', op('-', b, a), hexstr(128)), bits: 128, signed: false },
      { tree: op('sat_cast', op('+', c, d), hexstr(128)), bits: 128, signed: true },
      { tree: op('sat_cast', op('-', d, c), hexstr(128)), bits: 128, signed: true },
    ];
    check(cases, [...edges, ...fc.sample(frame, { numRuns: 50, seed })], compilers()[0] ?? 'cc');
  });
});
