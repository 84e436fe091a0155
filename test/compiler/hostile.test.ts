import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePipeline } from '#compiler/compile';
import type { CompileError, CompileResult } from '#compiler/layout';
import { assign, buildProgram, extract, field, hexstr, op, state } from './builder.js';
import type { ProgramParts, TypeValue } from './builder.js';
import { build, fixture } from './harness.js';

const compile = (json: unknown): CompileResult =>
  compilePipeline(typeof json === 'string' ? json : JSON.stringify(json));

function errorOf(json: unknown): CompileError {
  const result = compile(json);
  const error = result.ok ? undefined : result.errors[0];
  if (error === undefined) {
    throw new Error('it compiled');
  }
  return error;
}

const VARBITS = [
  ['x', '*'],
  ['y', '*'],
] as const;

const BASE: ProgramParts = {
  headerTypes: [{ name: 'a_t', fields: [['x', 8, false]] }],
  headers: [{ name: 'a', type: 'a_t' }],
  parseStates: [state('start', [extract('a')])],
  deparser: ['a'],
};

const program = (parts: ProgramParts = {}): Record<string, unknown> =>
  buildProgram({ ...BASE, ...parts });

const actionWith = (...primitives: readonly TypeValue[]): Record<string, unknown> =>
  program({ actions: [{ name: 'act', primitives }], ingress: ['act'] });

describe('a JSON that is not one', () => {
  it.each([
    ['nothing', ''],
    ['half of one', fixture('headers').slice(0, 20_000)],
    ['two', '{}{}'],
    ['C', 'int main(void) { return 0; }'],
  ])('is refused: %s', (_, text) => {
    expect(errorOf(text).code).toBe('NOT_JSON');
  });

  it('is refused: octets that are not UTF-8', () => {
    for (const octets of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      const result = compilePipeline(Uint8Array.from([0x22, ...octets, 0x22]));
      expect(result).toMatchObject({ ok: false, errors: [{ code: 'NOT_JSON' }] });
    }
  });

  it('is refused before it is read where it is too large', () => {
    expect(errorOf(' '.repeat(16 * 1024 * 1024 + 1)).code).toBe('TOO_LARGE');
    const result = compilePipeline(fixture('headers'), { maxJsonOctets: 1000 });
    expect(result).toMatchObject({ ok: false, errors: [{ code: 'TOO_LARGE' }] });
  });

  it('is refused where it is nested without end', () => {
    expect(errorOf('['.repeat(1_000_000)).code).toBe('LIMIT');
    expect(errorOf('{"a":'.repeat(5000)).code).toBe('LIMIT');
  });

  it('is taken as octets too', () => {
    expect(compilePipeline(new TextEncoder().encode(fixture('headers'))).ok).toBe(true);
  });
});

describe('a program', () => {
  it('compiles, for a start', () => {
    expect(compile(program())).toMatchObject({ ok: true });
  });

  it.each(['null', '[]', '{}', '"x"', '1'])('cannot be %s', (text) => {
    expect(errorOf(text).code).toBe('MALFORMED');
  });

  it('names what is missing, and where', () => {
    const json = program();
    delete json['actions'];
    expect(errorOf(json)).toEqual({
      code: 'MALFORMED',
      message: '"actions" is missing',
      path: '$',
      source: null,
    });
  });

  it('cannot refer to what is not there', () => {
    const bad: readonly Record<string, unknown>[] = [
      program({ parseStates: [state('start', [extract('b')])] }),
      program({ parseStates: [state('start', [], 'nowhere')] }),
      program({ deparser: ['b'] }),
      program({ headers: [{ name: 'a', type: 'b_t' }] }),
      actionWith(assign(field('a', 'y'), hexstr(1))),
      actionWith(assign(field('a', 'x'), { type: 'runtime_data', value: 0 })),
      actionWith({ op: '_jump', parameters: [hexstr(7)] }),
      actionWith({ op: 'generate_digest', parameters: [hexstr(1), hexstr(9)] }),
      program({ actions: [], ingress: ['act'] }),
    ];
    expect(bad.map((json) => errorOf(json).code)).toEqual(bad.map(() => 'BAD_REFERENCE'));
  });

  it('cannot come back to a table', () => {
    const json = actionWith() as { pipelines: { tables: Record<string, unknown>[] }[] };
    const table = json.pipelines[0]?.tables[0] ?? {};
    table['next_tables'] = { act: 'call0' };
    expect(errorOf(json).code).toBe('CYCLIC');
  });

  it('cannot parse for ever', () => {
    const ring = [state('start', [], 'b'), state('b', [], 'c'), state('c', [], 'start')];
    const harness = build(program({ parseStates: ring }));
    const lines = harness.run(['parse 1 00ffff']);
    harness.dispose();
    expect(lines).toEqual(['parsed 5 0']);
  });

  it('cannot advance by nothing for ever: the parser stops', () => {
    const step = { op: 'advance', parameters: [{ type: 'field', value: ['a', 'x'] }] };
    const harness = build(
      program({ parseStates: [state('start', [extract('a')], 'b'), state('b', [step], 'b')] }),
    );
    const lines = harness.run(['parse 1 00ffff', 'parse 1 08ffff', 'parse 1 09ffff']);
    harness.dispose();
    expect(lines).toEqual(['parsed 5 1', 'parsed 1 3', 'parsed 6 1']);
  });

  it.each([
    ['is what was asked for', 16, 'parsed 0 3'],
    ['is none of whole octets', 9, 'parsed 6 1'],
    ['is beyond any frame', 0x1000_0000_0000, 'parsed 1 1'],
  ])('goes on to the end where a constant advance %s', (_, bits, parsed) => {
    const value = `0x${bits.toString(16)}`;
    const step = { op: 'advance', parameters: [{ type: 'hexstr', value }] };
    const harness = build(program({ parseStates: [state('start', [extract('a'), step], null)] }));
    const lines = harness.run(['parse 1 00ffff']);
    harness.dispose();
    expect(lines).toEqual([parsed]);
  });

  it('does not hang in a loop of an action that has no end', () => {
    const back = { op: '_jump', parameters: [{ type: 'hexstr', value: '0x0' }] };
    const harness = build(actionWith(back));
    const lines = harness.run(['frame 0 0 0 05', 'frame 0 0 0 06']);
    harness.dispose();
    expect(lines.filter((line) => line.startsWith('out '))).toHaveLength(2);
  });

  it('says what is not supported, and where in the source', () => {
    const primitive = {
      op: 'extern_of_nobody',
      parameters: [],
      source_info: { filename: '/some/where/x.p4', line: 12, column: 4 },
    };
    expect(errorOf(actionWith(primitive))).toEqual({
      code: 'UNSUPPORTED',
      message: 'the primitive "extern_of_nobody"',
      path: '$.actions[0].primitives[0]',
      source: 'x.p4:12:4',
    });
    const unsupported: readonly Record<string, unknown>[] = [
      program({ headerTypes: [{ name: 'a_t', fields: [['x', 0, true]] }] }),
      program({ overrides: { meter_arrays: [{ name: 'm', size: 1, rate_count: 3 }] } }),
      program({ headerTypes: [{ name: 'a_t', fields: VARBITS }] }),
      program({ headerTypes: [{ name: 'a_t', fields: [['x', 4, false], ...VARBITS.slice(1)] }] }),
      program({ headerTypes: [{ name: 'a_t', fields: [['x', 7, false]] }] }),
    ];
    expect(unsupported.map((json) => errorOf(json).code)).toEqual(
      unsupported.map(() => 'UNSUPPORTED'),
    );
  });

  it('cannot want more memory than there is', () => {
    const array = { name: 'r', id: 0, size: 2 ** 31, bitwidth: 64 };
    const large: readonly Record<string, unknown>[] = [
      program({ overrides: { register_arrays: [array] } }),
      program({ overrides: { counter_arrays: [{ ...array, is_direct: false }] } }),
      program({ overrides: { meter_arrays: [{ ...array, rate_count: 2, type: 'bytes' }] } }),
      program({
        overrides: {
          register_arrays: Array.from({ length: 40 }, (_, i) => ({
            ...array,
            name: `r${i}`,
            size: 2 ** 24,
          })),
        },
      }),
      actionWith(assign(field('a', 'x'), hexstr(1n << 10_000n))),
    ];
    expect(large.map((json) => errorOf(json).code)).toEqual(large.map(() => 'LIMIT'));
  });
});

describe('a large program', () => {
  it('takes seconds at most', () => {
    const count = 4000;
    const names = Array.from({ length: count }, (_, i) => `act${i}`);
    const value = op('&', op('+', field('a', 'x'), hexstr(1)), hexstr(255));
    const primitives = [assign(field('a', 'x'), value)];
    const json = program({
      actions: names.map((name) => ({ name, primitives })),
      ingress: names,
    });
    const result = compile(json);
    expect(result.ok && result.value.layout.tables.length).toBe(count);
  }, 10_000);
});

describe('names', () => {
  const HOSTILE = [
    '*/ int evil; /*',
    '"; system("true"); "',
    '\n#include "/etc/passwd"\n',
    '??/',
    '%s%n',
    '__proto__',
    'constructor',
    'toString',
    '\u2028\u0000\ud800',
    'a'.repeat(100_000),
    '\\',
    'struct',
  ];

  it.each(HOSTILE)('never reach the C text as they are (%#)', (name) => {
    const json = program({
      headerTypes: [{ name, fields: [[`${name}f`, 8, false]] }],
      headers: [{ name: `${name}h`, type: name }],
      parseStates: [{ ...state('start', [extract(`${name}h`)]), name }],
      deparser: [`${name}h`],
      actions: [
        {
          name,
          params: [{ name, bitwidth: 8 }],
          primitives: [assign(field(`${name}h`, `${name}f`), op('+', hexstr(1), hexstr(2)))],
        },
      ],
      overrides: { program: name },
    });
    (json['parsers'] as { init_state: string }[])[0] = {
      ...(json['parsers'] as { init_state: string }[])[0],
      init_state: name,
    };
    const result = compile(json);
    if (!result.ok) {
      throw new Error(JSON.stringify(result.errors));
    }
    const { c } = result.value;
    expect(c).not.toMatch(/evil;|system\(|passwd"|\?\?\/|%n|[^\x20-\x7e\n]/);
    expect(c.length).toBeLessThan(100_000);
    build(json).dispose();
  });
});

describe('a JSON with anything changed', () => {
  it('compiles or is refused, and is never an exception', () => {
    const seed = Number(process.env['TIMEPLANE_SEED'] ?? 20_260_102);
    console.info(`seed ${seed}`);
    const text = fixture('tables');
    const junk = fc.oneof(
      fc.constantFrom('', 'null', '-1', '""', '{}', '[]', '1e99', '"__proto__"', '0', 'true'),
      fc.string(),
    );
    const edit = fc.tuple(fc.nat(text.length), fc.nat(40), junk);
    fc.assert(
      fc.property(edit, ([at, length, replacement]) => {
        const result = compile(text.slice(0, at) + replacement + text.slice(at + length));
        expect(result.ok || result.errors.length > 0).toBe(true);
      }),
      { seed, numRuns: 300 },
    );
  });

  it('with a value exchanged for another kind compiles or is refused', () => {
    const seed = 20_260_103;
    const original = JSON.parse(fixture('headers')) as unknown;
    const paths: (string | number)[][] = [];
    const collect = (value: unknown, path: (string | number)[]): void => {
      paths.push(path);
      if (typeof value === 'object' && value !== null) {
        for (const [key, child] of Object.entries(value)) {
          collect(child, [...path, key]);
        }
      }
    };
    collect(original, []);
    const junk = fc.constantFrom<unknown>(
      null,
      -1,
      0,
      1e15,
      '',
      '0x',
      'x',
      [],
      {},
      true,
      [[]],
      'start',
    );
    fc.assert(
      fc.property(fc.constantFrom(...paths.slice(1)), junk, (path, value) => {
        const copy = structuredClone(original);
        let parent = copy as Record<string | number, unknown>;
        for (const key of path.slice(0, -1)) {
          parent = parent[key] as Record<string | number, unknown>;
        }
        parent[path.at(-1) ?? ''] = value;
        const result = compile(copy);
        expect(result.ok || result.errors.length > 0).toBe(true);
      }),
      { seed, numRuns: 1500 },
    );
  });
});
