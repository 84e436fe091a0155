/**
 * Expressions against the reference: unbounded integers. A family of cases has the fields that trees are made
 * of, and the fields that their values are stored in.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { assign, buildProgram, extract, field, hexstr, op, state } from './builder.js';
import type { TypeValue } from './builder.js';
import { build, valueOf } from './harness.js';

/** Name, bits and whether it has a sign. */
export type InputField = readonly [string, number, boolean];

export interface Family {
  readonly inputs: readonly InputField[];
  /** Bits, in whole octets, and whether there is a sign. */
  readonly outputs: readonly (readonly [number, boolean])[];
  /** What casts and masks cut to. */
  readonly widths: readonly number[];
  readonly constants: fc.Arbitrary<bigint>;
  readonly mostShift: number;
}

export interface Case {
  readonly tree: TypeValue;
  readonly bits: number;
  readonly signed: boolean;
}

type Inputs = ReadonlyMap<string, bigint>;

const sign = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);
/** Beyond all values here, whichever bits of the count are set. */
const shift = (count: bigint): bigint => (count > 40_000n ? 40_000n : count);

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
  // A minus with one operand has nothing on its left.
  const left = (): bigint => (node['left'] === null ? 0n : (side('left') as bigint));
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
    case '/':
      return right() === 0n ? 0n : left() / right();
    case '%':
      return right() === 0n ? 0n : left() % right();
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

const maskOf = (bits: number): TypeValue => hexstr((1n << BigInt(bits)) - 1n);
const RING = ['+', '-', '*', '&', '|', '^'] as const;
const CASTS = ['two_comp_mod', 'sat_cast', 'usat_cast'] as const;
const ORDERS = ['==', '!=', '<', '<=', '>', '>='] as const;

/** Trees of data expressions, with the casts and masks that p4c puts in, each with where it is stored. */
export function casesOf({
  inputs,
  outputs,
  widths,
  constants,
  mostShift,
}: Family): fc.Arbitrary<Case> {
  const width = fc.constantFrom(...widths);
  const counts = inputs.filter(([, , signed]) => !signed).map(([name]) => name);
  const { data } = fc.letrec<{ data: TypeValue; bool: TypeValue; leaf: TypeValue }>((tie) => ({
    leaf: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...inputs.map(([name]) => field('in', name))) },
      { weight: 1, arbitrary: constants.map(hexstr) },
    ),
    data: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      tie('leaf'),
      fc
        .tuple(fc.constantFrom(...RING), tie('data'), tie('data'))
        .map(([name, a, b]) => op(name, a, b)),
      fc
        .tuple(fc.constantFrom(...RING), tie('data'), tie('data'), width)
        .map(([name, a, b, bits]) => op('&', op(name, a, b), maskOf(bits))),
      fc.tuple(tie('data'), width).map(([a, bits]) => op('&', op('~', null, a), maskOf(bits))),
      fc
        .tuple(
          fc.constantFrom('<<', '>>'),
          tie('data'),
          fc.integer({ min: 0, max: mostShift }),
          width,
        )
        .map(([name, a, n, bits]) => op('&', op(name, a, hexstr(n)), maskOf(bits))),
      fc
        .tuple(fc.constantFrom('<<', '>>'), tie('data'), fc.constantFrom(...counts), width)
        .map(([name, a, n, bits]) => op('&', op(name, a, field('in', n)), maskOf(bits))),
      fc
        .tuple(fc.constantFrom(...CASTS), tie('data'), width)
        .map(([name, a, bits]) => op(name, a, hexstr(bits))),
      fc.tuple(tie('bool'), tie('data'), tie('data')).map(([c, a, b]) => op('?', a, b, c)),
      tie('bool').map((a) => op('b2d', null, a)),
    ),
    bool: fc.oneof(
      { maxDepth: 4 },
      fc
        .tuple(fc.constantFrom(...ORDERS), tie('data'), tie('data'))
        .map(([name, a, b]) => op(name, a, b)),
      tie('leaf').map((a) => op('d2b', null, a)),
      fc
        .tuple(fc.constantFrom('and', 'or'), tie('bool'), tie('bool'))
        .map(([name, a, b]) => op(name, a, b)),
      tie('bool').map((a) => op('not', null, a)),
      fc.boolean().map((value) => ({ type: 'bool', value })),
    ),
  }));
  return fc
    .tuple(data, fc.constantFrom(...outputs))
    .map(([tree, [bits, signed]]) => ({ tree, bits, signed }));
}

/** The fields of a frame, filled up to whole octets. */
function fieldsOf(inputs: readonly InputField[]): readonly InputField[] {
  const padding = (8 - (inputs.reduce((sum, [, bits]) => sum + bits, 0) % 8)) % 8;
  return padding > 0 ? [...inputs, ['pad', padding, false]] : inputs;
}

export function frameOctets(inputs: readonly InputField[]): number {
  return fieldsOf(inputs).reduce((sum, [, bits]) => sum + bits, 0) / 8;
}

/** Frames at the edges of all types. */
export function edgeFrames(inputs: readonly InputField[]): readonly Uint8Array[] {
  return [0x00, 0xff, 0x80, 0x7f, 0x01].map((octet) =>
    new Uint8Array(frameOctets(inputs)).fill(octet),
  );
}

export function programOf(
  inputs: readonly InputField[],
  cases: readonly Case[],
): Record<string, unknown> {
  const perAction = 20;
  const groups = Array.from({ length: Math.ceil(cases.length / perAction) }, (_, i) =>
    cases.slice(i * perAction, (i + 1) * perAction),
  );
  return buildProgram({
    headerTypes: [
      { name: 'in_t', fields: fieldsOf(inputs) },
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

function readInputs(inputs: readonly InputField[], frame: Uint8Array): Inputs {
  const all = BigInt(`0x${hexOf(frame)}`);
  let left = frameOctets(inputs) * 8;
  return new Map(
    fieldsOf(inputs).map(([name, bits, signed]) => {
      left -= bits;
      const value = BigInt.asUintN(bits, all >> BigInt(left));
      return [name, signed ? sign(value, bits) : value];
    }),
  );
}

const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

/** Runs the cases, built by `cc` with sanitizers, over the frames. */
export function check(
  inputs: readonly InputField[],
  cases: readonly Case[],
  frames: readonly Uint8Array[],
  cc: string,
): void {
  const harness = build(programOf(inputs, cases), { cc });
  const lines = harness.run(frames.map((frame) => `frame 1 0 0 ${hexOf(frame)}`));
  harness.dispose();
  const outputs = lines.filter((line) => line.startsWith('out'));
  expect(outputs).toHaveLength(frames.length);
  frames.forEach((frame, f) => {
    const values = readInputs(inputs, frame);
    const hex = valueOf(outputs[f], 'hex');
    let offset = 0;
    for (const { tree, bits } of cases) {
      const wanted = BigInt.asUintN(bits, evaluate(tree, values) as bigint);
      const got = BigInt(`0x${hex.slice(offset, offset + bits / 4)}`);
      offset += bits / 4;
      if (got !== wanted) {
        const detail = {
          tree,
          bits,
          frame: hexOf(frame),
          got: got.toString(16),
          wanted: wanted.toString(16),
        };
        throw new Error(JSON.stringify(detail));
      }
    }
  });
}
