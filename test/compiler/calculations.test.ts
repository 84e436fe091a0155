/** Hashes that no program of p4c's reaches, or that p4c alone does not tell from others. */
import { describe, expect, it } from 'vitest';
import { compilePipeline } from '#compiler/compile';
import { buildProgram, extract, field, hexstr, state } from './builder.js';
import { build, fixture, Tables, valueOf } from './harness.js';

const DIGITS = Buffer.from('123456789').toString('hex');

/** A frame of nine octets, and what follows if that counts, becomes its hash. */
function hashing(algorithm: string, hasPayload = false): Record<string, unknown> {
  const hash = {
    op: 'modify_field_with_hash_based_offset',
    parameters: [
      field('result', 'value'),
      hexstr(0),
      { type: 'calculation', value: 'hash' },
      hexstr(1n << 32n),
    ],
  };
  return buildProgram({
    headerTypes: [
      { name: 'digits_t', fields: [['value', 72, false]] },
      { name: 'result_t', fields: [['value', 32, false]] },
    ],
    headers: [
      { name: 'digits', type: 'digits_t' },
      { name: 'result', type: 'result_t' },
    ],
    parseStates: [state('start', [extract('digits')])],
    deparser: ['result'],
    actions: [
      {
        name: 'run',
        primitives: [{ op: 'add_header', parameters: [{ type: 'header', value: 'result' }] }, hash],
      },
    ],
    ingress: ['run'],
    overrides: {
      calculations: [
        {
          ...{ name: 'hash', id: 0, algo: algorithm },
          input: [
            field('digits', 'value'),
            ...(hasPayload ? [{ type: 'payload', value: null }] : []),
          ],
        },
      ],
    },
  });
}

function results(algorithm: string, frames: number): string[] {
  const harness = build(hashing(algorithm));
  try {
    const lines = harness.run(Array.from({ length: frames }, () => `frame 1 0 0 ${DIGITS}`));
    return lines.filter((line) => line.startsWith('out')).map((line) => valueOf(line, 'hex'));
  } finally {
    harness.dispose();
  }
}

describe('a hash over the payload, too', () => {
  it.each([
    // Nine octets come before it: it goes on with the second half of a word.
    ['xor16', '0a0b', 0x3132 ^ 0x3334 ^ 0x3536 ^ 0x3738 ^ 0x390a ^ 0x0b00],
    ['xor16', '', 0x3132 ^ 0x3334 ^ 0x3536 ^ 0x3738 ^ 0x3900],
    ['identity', 'ff', 0x35363738],
  ])('is that of all octets in a row: %s, %j', (algorithm, payload, wanted) => {
    const harness = build(hashing(algorithm, true));
    try {
      const lines = harness.run([`frame 1 0 0 ${DIGITS}${payload}`]);
      const out = lines.find((line) => line.startsWith('out')) ?? '';
      expect(parseInt(valueOf(out, 'hex').slice(0, 8), 16)).toBe(wanted);
    } finally {
      harness.dispose();
    }
  });
});

describe('the check value of', () => {
  // Of the octets "123456789", as catalogues of CRCs have it.
  it.each([
    ['crc16', '0000bb3d'],
    ['crc32', 'cbf43926'],
    ['crcCCITT', '000029b1'],
    ['crc16_custom', '0000bb3d'],
    ['crc32_custom', 'cbf43926'],
  ])('%s', (algorithm, check) => {
    expect(results(algorithm, 1)).toEqual([check]);
  });
});

describe('the hash algorithm random', () => {
  it('gives another number each time, of all 32 bits', () => {
    const numbers = results('random', 200).map((hex) => parseInt(hex, 16));
    expect(numbers).toHaveLength(200);
    expect(new Set(numbers).size).toBeGreaterThan(195);
    for (let bit = 0; bit < 32; bit += 1) {
      const ones = numbers.filter((number) => ((number >>> bit) & 1) === 1).length;
      expect(ones, `bit ${bit}`).toBeGreaterThan(50);
      expect(ones, `bit ${bit}`).toBeLessThan(150);
    }
  });

  it('lets a selector choose any member for one flow', () => {
    const text = JSON.stringify(JSON.parse(fixture('profiles'))).replaceAll(
      '"algo":"crc32"',
      '"algo":"random"',
    );
    expect(text).toContain('"algo":"random"');
    const harness = build(text);
    try {
      const tables = new Tables(harness.layout);
      const { index } = tables.table('by_prefix');
      const mark = tables.action('by_prefix', 'mark');
      const lines = harness.run([
        ...tables.initial(),
        ...[1, 2, 3].map((trace) => `member 1 ${mark} ${trace}`),
        'group 1 0 1 2',
        `insert ${index} 1 1 ${0x0a00} / ${0xff00} / 0`,
        ...Array.from({ length: 90 }, () => 'frame 1 0 0 020a010000000000'),
      ]);
      const chosen = lines
        .filter((line) => line.startsWith('out'))
        .map((line) => valueOf(line, 'hex').slice(-2));
      for (const member of ['01', '02', '03']) {
        expect(chosen.filter((one) => one === member).length, member).toBeGreaterThan(10);
      }
    } finally {
      harness.dispose();
    }
  });

  it('is no checksum', () => {
    const program = {
      ...hashing('random'),
      checksums: [
        {
          name: 'cksum',
          id: 0,
          target: ['result', 'value'],
          type: 'generic',
          calculation: 'hash',
          verify: false,
          update: true,
        },
      ],
    };
    const compiled = compilePipeline(Buffer.from(JSON.stringify(program)));
    expect(compiled).toMatchObject({ ok: false, errors: [{ code: 'UNSUPPORTED' }] });
  });

  it('is the only one beside the known that is taken', () => {
    const compiled = compilePipeline(Buffer.from(JSON.stringify(hashing('md5'))));
    expect(compiled).toMatchObject({
      ok: false,
      errors: [{ code: 'UNSUPPORTED', message: 'the hash algorithm "md5"' }],
    });
  });
});
