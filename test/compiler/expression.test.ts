import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePipeline } from '#compiler/compile';
import { field, hexstr, op } from './builder.js';
import { casesOf, check, edgeFrames, frameOctets, programOf } from './expression-cases.js';
import type { Case, Family, InputField } from './expression-cases.js';
import { compilers } from './harness.js';

/** Inputs of every kind of width: within a C type, at its edge, beyond it. */
const INPUTS: readonly InputField[] = [
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

const interesting = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 0xffn, 0xffffn, 0xffffffffn, (1n << 64n) - 1n, 1n << 64n, 1n << 63n),
  fc.constantFrom((1n << 128n) - 1n, (1n << 127n) - 1n, -1n, -128n, 0xffff_ffff_0000n),
  fc.bigInt({ min: -(1n << 20n), max: 1n << 20n }),
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
);

const family: Family = {
  inputs: INPUTS,
  outputs: OUTPUTS,
  widths: [1, 7, 8, 9, 16, 31, 32, 33, 48, 63, 64, 65, 80, 127, 128],
  constants: interesting,
  mostShift: 140,
};

const isSupported = (one: Case): boolean =>
  compilePipeline(JSON.stringify(programOf(INPUTS, [one]))).ok;

describe('expressions', () => {
  const seed = Number(process.env['TIMEPLANE_SEED'] ?? 20_260_101);
  const octets = frameOctets(INPUTS);
  const frame = fc.uint8Array({ minLength: octets, maxLength: octets });
  const edges = edgeFrames(INPUTS);

  it.each(compilers())(
    'are what unbounded integers give, by %s',
    (cc) => {
      console.info(`seed ${seed}`);
      const cases = fc.sample(casesOf(family), { numRuns: 260, seed }).filter(isSupported);
      const frames = [...edges, ...fc.sample(frame, { numRuns: 12, seed })];
      // Refused are shifts by counts that may be negative, and what would need more than the limit.
      expect(cases.length).toBeGreaterThan(200);
      check(INPUTS, cases, frames, cc);
    },
    180_000,
  );

  it('saturates 128-bit sums, whose exact value has 129 bits', () => {
    const [a, b] = [field('in', 'u128'), field('in', 'u127')];
    const [c, d] = [field('in', 's128'), field('in', 's100')];
    const cases = [
      { tree: op('usat_cast', op('+', a, b), hexstr(128)), bits: 128, signed: false },
      { tree: op('usat_cast', op('-', b, a), hexstr(128)), bits: 128, signed: false },
      { tree: op('sat_cast', op('+', c, d), hexstr(128)), bits: 128, signed: true },
      { tree: op('sat_cast', op('-', d, c), hexstr(128)), bits: 128, signed: true },
    ];
    check(
      INPUTS,
      cases,
      [...edges, ...fc.sample(frame, { numRuns: 50, seed })],
      compilers()[0] ?? 'cc',
    );
  });
});
