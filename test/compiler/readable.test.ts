/** The C text as people read it: the program's names, and the lines of P4. */
import { describe, expect, it } from 'vitest';
import { identifier } from '../../dataplane-native/compiler/c/identifiers.js';
import { assign, buildProgram, extract, field, hexstr, op, state } from './builder.js';
import { artefact } from '../support/program.js';
import { build, fixture, translate } from './harness.js';

const from = (line: number, fragment: string, filename = 'switch/main.p4') => ({
  source_info: { filename, line, column: 8, source_fragment: fragment },
});

const HEADER = { name: 'ipv4_t', fields: [['ttl', 8, false] as const] };

/** A program with an action of one assignment, which came from that fragment. */
function withFragment(fragment: string, filename?: string): Record<string, unknown> {
  const value = op('&', op('+', field('ipv4', 'ttl'), hexstr(255)), hexstr(255));
  return buildProgram({
    headerTypes: [HEADER],
    headers: [{ name: 'ipv4', type: 'ipv4_t' }],
    parseStates: [state('start', [extract('ipv4')])],
    deparser: ['ipv4'],
    actions: [
      {
        name: 'ingress.age',
        primitives: [
          { ...assign(field('ipv4', 'ttl'), value), ...from(12, fragment, filename) },
          // Nothing may have been cut off or commented out behind it.
          assign(field('standard_metadata', 'egress_spec'), hexstr(7)),
        ],
      },
    ],
    ingress: ['ingress.age'],
  });
}

describe('the C text of a program', () => {
  it('calls things by their names in the program', () => {
    const { c } = translate(withFragment('hdr.ipv4.ttl = hdr.ipv4.ttl - 1'));
    expect(c).toMatch(/p->h\.ipv4_h\d+\.ttl_f0/);
    expect(c).toMatch(/ingress_age_action\d+\(pipeline, packet, p, l/);
    expect(c).toMatch(/struct ipv4_t_t\d+ \{/);
    expect(c).toMatch(/BIT_ipv4_h\d+/);
  });

  it('has the lines of P4 above what they became', () => {
    const { c } = translate(withFragment('hdr.ipv4.ttl = hdr.ipv4.ttl - 1'));
    expect(c).toMatch(
      /\/\* main\.p4\(12\): hdr\.ipv4\.ttl = hdr\.ipv4\.ttl - 1 \*\/\n[^/]*p->h\.ipv4_h\d+\.ttl_f0 = /,
    );
  });

  it('shows the lines of a real program: its conditions, its tables, its parser', () => {
    const { c } = translate(fixture('tables'));
    const lines = fixture('tables').match(/"source_fragment"/g) ?? [];
    const comments = c.match(/\/\* tables\.p4\(\d+\): .* \*\//g) ?? [];
    expect(lines.length).toBeGreaterThan(0);
    expect(comments.length).toBeGreaterThan(20);
  });
});

/** What a reader stumbles over, each with the lines in which it is. */
function stumbles(c: string): Readonly<Record<string, readonly string[]>> {
  const lines = c.split('\n');
  const comments = lines.flatMap((line) => line.match(/\/\*.*?\*\//g) ?? []);
  const code = lines.map((line) => line.replace(/\/\*.*?\*\//g, ''));
  const names = code.flatMap((line) => /^struct (\w+) \{$/.exec(line)?.[1] ?? []);
  const mentions = (name: string): number =>
    code.filter((line) => new RegExp(`\\bstruct ${name}\\b`).test(line)).length;
  return {
    'lines beyond 110 columns': lines.filter((line) => line.length > 110),
    'statements of nothing': code.filter((line) => /^\s*;\s*$/.test(line)),
    'comments of a sign': comments.filter((text) => !/\w/.test(text)),
    'comments that begin in the middle': comments.filter((text) => /\): [=;,)]/.test(text)),
    'structs that nothing has': names.filter((name) => mentions(name) < 2),
    'members of nothing': code.filter((line) => /\bunused;/.test(line)),
    'two jumps in a row': code.filter(
      (line, i) => /^\s*(?:break;|goto \w+;)$/.test(line) && /^\s*break;$/.test(code[i + 1] ?? ''),
    ),
    'values that are only named': code.filter((line) => /\(void\)\w/.test(line)),
  };
}

describe.each([
  ...['main_native', 'main_bmv2'].map((name) => [name, () => artefact(`${name}.json`)] as const),
  ...['headers', 'tables', 'externs', 'unions', 'wide', 'value-sets', 'meters', 'profiles'].map(
    (name) => [name, () => fixture(name)] as const,
  ),
])('the C of %s', (_, json) => {
  it('has nothing to stumble over', () => {
    const { c } = translate(json());
    const found = Object.entries(stumbles(c)).map(([what, lines]) => [what, lines.length]);
    console.info(`${c.split('\n').length} lines`, Object.fromEntries(found));
    expect(stumbles(c)).toEqual(
      Object.fromEntries(Object.keys(stumbles('')).map((what) => [what, []])),
    );
  });
});

it('what one stumbles over is found where it is', () => {
  const c = [
    'struct lonely {',
    '  uint8_t unused;',
    '};',
    `${'x'.repeat(111)};`,
    '  ;',
    '  /* main.p4(1): = */',
    '  /* = */',
    '  break;',
    '  break;',
    '  (void)packet;',
  ].join('\n');
  for (const [what, lines] of Object.entries(stumbles(c))) expect(lines, what).toHaveLength(1);
});

describe('a line of P4 in a comment', () => {
  const FRAGMENTS = [
    'a */ int evil; /* b',
    '*/',
    '**//**//*',
    '/*/ int evil; /*/',
    'over\nseveral\r\nlines */\n#include "/etc/passwd"',
    'ends in a backslash \\',
    '??/',
    '*??/\n/',
    '*\u2028/',
    '*\u0000/',
    'goto done; steps-- calculation0(packet p->v.changed node0:',
    '{ { {',
    'x'.repeat(100_000),
  ];

  it.each(FRAGMENTS)('cannot end it (%#)', (fragment) => {
    for (const json of [withFragment(fragment), withFragment('x', fragment)]) {
      const { c } = translate(json);
      expect(c).not.toMatch(/[^\x20-\x7e\n]/);
      const code = c.replace(/\/\*.*?\*\//g, '');
      expect(code).not.toMatch(/evil|\/\*|\*\/|passwd|x{100}/);
      expect(code).toContain('egress_spec = ');
      build(json, { fast: true }).dispose();
    }
  });
});

describe('an identifier', () => {
  it.each([
    ['hdr.ipv4', 'ipv4_h3'],
    ['int', 'int_h3'],
    ['', 'h3'],
    ['__', 'h3'],
    ['4to6', 'n4to6_h3'],
    ['UINT64_MAX', 'uint64_max_h3'],
    ['a"; system("x', 'a_system_x_h3'],
    ['ÄÖ\u0000', 'h3'],
  ])('of %j is one that nothing else has', (name, expected) => {
    const found = identifier(name.replace(/^hdr\./, ''), 'h', 3);
    expect(found).toBe(expected);
    expect(found).toMatch(/^[a-z][a-z0-9_]*\d$/);
  });

  it('is short, and the number tells apart what reads alike', () => {
    const long = 'main_'.repeat(1000);
    expect(identifier(long, 'action', 12).length).toBeLessThan(64);
    expect(identifier('a.b', 'f', 1)).not.toBe(identifier('a_b', 'f', 2));
  });
});
