import { describe, expect, it } from 'vitest';
import { parseStf } from '#server/stf/parse';

function statements(...lines: string[]) {
  const parsed = parseStf(lines.join('\n'));
  if (!parsed.ok) throw new Error(`${parsed.problem.line}: ${parsed.problem.message}`);
  return parsed.value;
}

function problem(...lines: string[]): string {
  const parsed = parseStf(lines.join('\n'));
  return parsed.ok ? 'good' : `${parsed.problem.line}: ${parsed.problem.message}`;
}

describe('packets and expectations', () => {
  it('are digits with spaces anywhere, up to the end of the line', () => {
    expect(statements('packet 3 01 0203 # a comment', 'expect 2 01**AB cd $', 'expect 4')).toEqual([
      { kind: 'packet', line: 1, port: 3, octets: Uint8Array.of(1, 2, 3) },
      { kind: 'expect', line: 2, port: 2, digits: '01**abcd', isExact: true },
      { kind: 'expect', line: 3, port: 4, digits: null, isExact: false },
    ]);
  });

  it.each([
    ['packet 1 0', 'whole octets'],
    ['packet 1', 'whole octets'],
    ['packet 511 00', 'a port from 0 to 510'],
    ['packet x 00', 'a port from 0 to 510'],
    ['expect 1 0g', 'hexadecimal digits'],
    ['expect 1 $00', 'hexadecimal digits'],
  ])('%s: %s', (line, message) => {
    expect(problem('# first', line)).toMatch(new RegExp(`^2: .*${message}`));
  });
});

describe('entries', () => {
  it('have a priority, keys with masks and prefixes, arguments and a label', () => {
    const [first] = statements(
      'add t 5 h.stack$0.f:0x*1 "h.odd name":1/8 x[2].y:1&&&3 z:1..2',
      '  c.act(port:0x02, n:7) = A',
    );
    expect(first).toEqual({
      kind: 'add',
      line: 1,
      table: 't',
      priority: 5,
      matches: [
        { name: 'h.stack$0.f', value: '0x*1' },
        { name: 'h.odd name', value: '1/8' },
        { name: 'x[2].y', value: '1&&&3' },
        { name: 'z', value: '1..2' },
      ],
      action: {
        name: 'c.act',
        args: [
          { name: 'port', value: 2n },
          { name: 'n', value: 7n },
        ],
      },
      label: 'A',
    });
  });

  it.each([
    [['add t k:1 a('], '1: the file ends in the middle of a statement'],
    [['wait', 'add t', 'k:1 a(p=1)'], "3: ':' is expected, not '='"],
    [['setdefault t a(p:x)'], "1: 'x' is not a number"],
    [['ad t k:1 a()'], "1: 'ad' is not a statement"],
    [['remove t'], "1: only 'remove all' is known"],
    [['check_counter c(1) packets ~ 3'], "1: '~' is not expected here"],
  ])('%j: %s', (lines, message) => {
    expect(problem(...lines)).toBe(message);
  });
});

describe('commands of simple_switch', () => {
  it('are read with rates by the microsecond', () => {
    expect(
      statements('meter_set_rates c.m 2 0.000005:4 0.00002:5', 'mc_node_create 3 1 2', 'wait'),
    ).toEqual([
      {
        kind: 'meterWrite',
        line: 1,
        name: 'c.m',
        index: 2n,
        rates: { committed: { rate: 5n, burst: 4n }, peak: { rate: 20n, burst: 5n } },
      },
      { kind: 'nodeCreate', line: 2, instance: 3, ports: [1, 2] },
      { kind: 'wait', line: 3 },
    ]);
  });

  it('check counters by index or label, and by default for none', () => {
    expect(statements('check_counter a.b(3) bytes >= 0x10', 'check_counter c($A)')).toMatchObject([
      { counter: 'a.b', index: 3n, what: 'bytes', comparison: '>=', value: 16n },
      { counter: 'c', index: '$A', what: 'packets', comparison: '==', value: 0n },
    ]);
  });
});

it('never throws, whatever it is given', () => {
  let state = 7;
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff) >> 8;
  const words = ['add', 't', 'packet', '1', '00', '(', ')', ':', '\n', '0x*', '"', '$', '..', 'é'];
  for (let round = 0; round < 2000; round += 1) {
    const text = Array.from({ length: next() % 12 }, () => words[next() % words.length]).join(' ');
    expect(parseStf(text)).toHaveProperty('ok');
  }
});
