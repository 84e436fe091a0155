/** Arithmetic of more than 128 bits, against unbounded integers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePipeline } from '#compiler/compile';
import { field, hexstr, op } from './builder.js';
import type { TypeValue } from './builder.js';
import { casesOf, check, edgeFrames, frameOctets, programOf } from './expression-cases.js';
import type { Case, Family, InputField } from './expression-cases.js';
import { compilers } from './harness.js';

const WIDTHS = [129, 160, 192, 255, 256, 512, 1000, 2048];
const INPUTS: readonly InputField[] = [
  ...WIDTHS.flatMap((bits): InputField[] => [
    [`u${bits}`, bits, false],
    [`s${bits}`, bits, true],
  ]),
  ['u7', 7, false],
  ['u12', 12, false],
  ['u64', 64, false],
  ['s20', 20, true],
  ['u128', 128, false],
  ['s128', 128, true],
];
const OUTPUTS = [136, 160, 192, 256, 512, 1000, 2048, 8, 64, 128].flatMap(
  (bits) =>
    [
      [bits, false],
      [bits, true],
    ] as const,
);

/** TIMEPLANE_CASES=160 is the long form, of all widths. */
const CASES = Number(process.env['TIMEPLANE_CASES'] ?? 36);
const SHORT = [129, 255, 2048];
const seed = Number(process.env['TIMEPLANE_SEED'] ?? 20_260_101);
const octets = frameOctets(INPUTS);
const frame = fc.uint8Array({ minLength: octets, maxLength: octets });
const edges = edgeFrames(INPUTS);
const frames = [...edges, ...fc.sample(frame, { numRuns: 6, seed })];

const pow2 = (bits: number): bigint => 1n << BigInt(bits);
const constants = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, -1n, -2n, pow2(64), pow2(64) - 1n, pow2(63), -pow2(63)),
  fc
    .tuple(fc.constantFrom(...WIDTHS), fc.constantFrom(-1n, 0n, 1n))
    .map(([bits, by]) => pow2(bits) + by),
  fc
    .tuple(fc.constantFrom(...WIDTHS), fc.constantFrom(-1n, 0n, 1n))
    .map(([bits, by]) => by - pow2(bits - 1)),
  fc.bigInt({ min: 0n, max: pow2(256) }),
);

const family: Family = {
  inputs: INPUTS,
  outputs: OUTPUTS,
  widths: [8, 64, 65, 128, ...WIDTHS],
  constants,
  mostShift: 600,
};

const isTaken = (one: Case): boolean =>
  compilePipeline(JSON.stringify(programOf(INPUTS, [one]))).ok;
const stored = (tree: TypeValue, bits: number): Case => ({ tree, bits, signed: false });
const mask = (bits: number): TypeValue => hexstr(pow2(bits) - 1n);

describe('numbers of more than 128 bits', () => {
  it.each(compilers())(
    'are what unbounded integers give, by %s',
    (cc) => {
      console.info(`seed ${seed}`);
      const cases = fc.sample(casesOf(family), { numRuns: CASES, seed }).filter(isTaken);
      // Refused are shifts by counts that may be negative, and products that have no end.
      expect(cases.length).toBeGreaterThan(0.7 * CASES);
      check(INPUTS, cases, frames, cc);
    },
    300_000,
  );
});

/** Every operator at every width, as p4c writes it for that width. */
function operators(bits: number): Case[] {
  const [u, s] = [field('in', `u${bits}`), field('in', `s${bits}`)];
  const small = field('in', 'u12');
  const out = Math.ceil(bits / 8) * 8;
  const cut = (tree: TypeValue): Case => stored(op('&', tree, mask(bits)), out);
  const truth = (tree: TypeValue): Case => stored(op('b2d', null, tree), 8);
  const other = op('^', u, hexstr(pow2(bits - 1) + 0x1234_5678_9abc_def0n));
  const number = hexstr(bits);
  return [
    ...['+', '-', '*', '&', '|', '^'].map((name) => cut(op(name, u, other))),
    cut(op('-', null, u)),
    cut(op('~', null, u)),
    ...['<<', '>>'].flatMap((name) => [cut(op(name, u, small)), cut(op(name, u, hexstr(67)))]),
    ...['/', '%'].flatMap((name) => [
      cut(op(name, u, hexstr(0xffff_ffff_ffff_ffff_fff1n))),
      cut(op(name, u, op('>>', other, small))),
    ]),
    ...['==', '!=', '<', '<=', '>', '>='].flatMap((name) => [
      truth(op(name, u, other)),
      truth(op(name, u, s)),
      truth(op(name, s, op('two_comp_mod', other, number))),
    ]),
    ...['+', '-', '*'].flatMap((name) => [
      stored(op('usat_cast', op(name, u, other), number), out),
      stored(op('sat_cast', op(name, s, op('two_comp_mod', other, number)), number), out),
      stored(op('two_comp_mod', op(name, s, op('two_comp_mod', other, number)), number), out),
    ]),
    ...['<<', '>>'].map((name) => stored(op('two_comp_mod', op(name, s, small), number), out)),
    stored(op('&', op('>>', u, hexstr(61)), mask(bits - 70)), out),
    stored(op('|', op('<<', u, hexstr(bits)), op('&', s, mask(bits))), 2 * out),
    stored(op('?', u, s, op('>', s, hexstr(-5n))), out),
    stored(s, 2 * out),
    stored(op('two_comp_mod', u, number), 2 * out),
  ];
}

describe('every operator', () => {
  it.each(CASES > 100 ? WIDTHS : SHORT)(
    'is exact at %i bits',
    (bits) => {
      const cases = operators(bits);
      expect(cases.filter((one) => !isTaken(one))).toEqual([]);
      check(INPUTS, cases, frames, compilers()[0] ?? 'cc');
    },
    300_000,
  );
});
