import { describe, expect, it } from 'vitest';
import { compareFrames } from '#server/stf/expectations';
import { matchOf } from '#server/stf/match-value';
import { findNamed } from '#server/stf/names';
import { MatchField_MatchType as MatchType } from '#protos/p4/config/v1/p4info_pb';

const expectation = (line: number, port: number, digits: string | null, isExact = false) =>
  ({ kind: 'expect', line, port, digits, isExact }) as const;

function problems(
  expectations: readonly ReturnType<typeof expectation>[],
  outputs: Readonly<Record<number, readonly string[]>>,
): string[] {
  const frames = Object.entries(outputs).map(
    ([port, all]) =>
      [Number(port), all.map((digits) => Uint8Array.from(Buffer.from(digits, 'hex')))] as const,
  );
  return compareFrames(expectations, new Map(frames), 99).map(
    ({ line, message }) => `${line}: ${message.split('\n')[0] ?? ''}`,
  );
}

describe('frames against expectations', () => {
  it('may be longer than expected unless it says where they end', () => {
    expect(problems([expectation(1, 2, '0a*b')], { 2: ['0afbff'] })).toEqual([]);
    expect(problems([expectation(1, 2, '0a*b', true)], { 2: ['0afbff'] })).toEqual([
      '1: port 2, frame 1: the frame is 3 octets long, expected exactly 2',
    ]);
  });

  it('are compared port by port, in order', () => {
    const expected = [expectation(1, 2, '01'), expectation(2, 3, null), expectation(3, 2, '02')];
    expect(problems(expected, { 2: ['01', '02'], 3: ['77'] })).toEqual([]);
    expect(problems(expected, { 2: ['02', '01'], 3: [] })).toEqual([
      '1: port 2, frame 1: octet 0 differs',
      '2: port 3, frame 1: no frame left',
      '3: port 2, frame 2: octet 0 differs',
    ]);
  });

  it('are not to be more, nor on other ports', () => {
    expect(problems([expectation(1, 2, '01')], { 2: ['01', '02'], 3: ['03'] })).toEqual([
      '1: port 2, frame 2: not expected',
      '99: port 3, frame 1: not expected',
    ]);
  });
});

describe('values of keys', () => {
  const key = (value: MatchType, bitwidth: number) =>
    ({ id: 1, name: 'k', bitwidth, match: { case: 'matchType', value } }) as const;
  const fieldMatch = (type: MatchType, text: string, bitwidth = 16) => {
    const found = matchOf(key(type, bitwidth), text);
    return found.ok ? (found.value?.fieldMatchType ?? null) : found.message;
  };

  it('of ternary keys have don’t-care digits', () => {
    expect(fieldMatch(MatchType.TERNARY, '0x12**')).toEqual({
      case: 'ternary',
      value: { value: Uint8Array.of(0x12, 0), mask: Uint8Array.of(0xff, 0) },
    });
    expect(fieldMatch(MatchType.TERNARY, '0b1*', 2)).toEqual({
      case: 'ternary',
      value: { value: Uint8Array.of(2), mask: Uint8Array.of(2) },
    });
    expect(fieldMatch(MatchType.TERNARY, '0x****')).toBeNull();
    expect(fieldMatch(MatchType.TERNARY, '7&&&5')).toEqual({
      case: 'ternary',
      value: { value: Uint8Array.of(5), mask: Uint8Array.of(5) },
    });
  });

  it('of LPM keys have prefixes, and no bits beyond them', () => {
    const whole = { case: 'lpm', value: { value: Uint8Array.of(0x0a, 0), prefixLen: 8 } };
    expect(fieldMatch(MatchType.LPM, '0x0aff/8')).toEqual(whole);
    expect(fieldMatch(MatchType.LPM, '0x0a**')).toEqual(whole);
    expect(fieldMatch(MatchType.LPM, '0/0')).toBeNull();
    expect(fieldMatch(MatchType.LPM, '0x**0a')).toMatch(/expected VALUE\/LENGTH/);
    expect(fieldMatch(MatchType.LPM, '1/17')).toMatch(/expected VALUE\/LENGTH/);
  });

  it('of range keys are two numbers', () => {
    expect(fieldMatch(MatchType.RANGE, '3..5')).toMatchObject({ case: 'range' });
    expect(fieldMatch(MatchType.RANGE, '0..65535')).toBeNull();
    expect(fieldMatch(MatchType.RANGE, '5..3')).toMatch(/within 0\.\.65535/);
  });

  it.each([MatchType.EXACT, MatchType.OPTIONAL, MatchType.TERNARY, MatchType.LPM])(
    'fit the key: %i',
    (type) => {
      expect(fieldMatch(type, '0x10000')).toBe("'0x10000' is no value of key 'k': it has 16 bits");
    },
  );
});

describe('names', () => {
  const find = (name: string) => {
    const all = ['ingress.a.t', 'egress.t', 'ingress.u'];
    const found = findNamed(all, (one) => one, name, 'table');
    return found.ok ? found.value : found.message;
  };

  it('may lack their first parts, and no letters', () => {
    expect(find('a.t')).toBe('ingress.a.t');
    expect(find('u')).toBe('ingress.u');
    expect(find('egress.t')).toBe('egress.t');
    expect(find('ress.u')).toMatch(/^there is no table 'ress.u': ingress.a.t, /);
    expect(find('t')).toBe("'t' may be any of ingress.a.t, egress.t");
  });
});
