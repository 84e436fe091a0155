import { afterAll, describe, expect, it } from 'vitest';
import { compilePipeline } from '#compiler/compile';
import { build, fixture, valueOf } from './harness.js';

const NONE = 0;
const OCTET = 1;
const WORD = 2;
/** The answer's bits: the union is valid, and which of its members. */
const IS = { nothing: '00', octet: '81', word: '82', other: '84' };

describe('header unions', () => {
  const harness = build(fixture('unions'));
  afterAll(() => {
    harness.dispose();
  });
  /** What comes out of a request and what follows it: the answer, and the octets behind. */
  const sent = (first: number, second: number, step: number, rest: string): string[] => {
    const head = [first, second, step, 0].map((n) => n.toString(16).padStart(2, '0')).join('');
    const lines = harness.run([`frame 1 0 0 ${head}${rest}`]);
    const hex = valueOf(
      lines.find((line) => line.startsWith('out')),
      'hex',
    );
    return [hex.slice(6, 8), hex.slice(8)];
  };

  it('have no valid member at first', () => {
    expect(sent(NONE, NONE, 0, '1122')).toEqual([IS.nothing, '1122']);
  });

  it('have the member that was extracted', () => {
    expect(sent(OCTET, NONE, 0, '1122')).toEqual([IS.octet, '1122']);
    expect(sent(WORD, NONE, 0, '112233')).toEqual([IS.word, '112233']);
  });

  it('have only the last one that was extracted', () => {
    expect(sent(OCTET, WORD, 0, '11223344')).toEqual([IS.word, '223344']);
    expect(sent(WORD, OCTET, 0, '11223344')).toEqual([IS.other, '3344']);
    // One of the same type, and one again.
    expect(sent(OCTET, OCTET, 0, '112233')).toEqual([IS.other, '2233']);
    expect(sent(WORD, WORD, 0, '1122334455')).toEqual([IS.word, '334455']);
  });

  it('have the member that was made valid instead of the one before', () => {
    expect(sent(OCTET, NONE, 1, '1122')).toEqual([IS.word, 'beef22']);
    expect(sent(WORD, NONE, 1, '112233')).toEqual([IS.word, 'beef33']);
    expect(sent(NONE, NONE, 1, '11')).toEqual([IS.word, 'beef11']);
  });

  it('lose the member that was made invalid, and no other', () => {
    expect(sent(OCTET, NONE, 2, '1122')).toEqual([IS.nothing, '22']);
    expect(sent(WORD, NONE, 2, '112233')).toEqual([IS.word, '112233']);
  });

  it('take an assigned header when it is valid', () => {
    expect(sent(OCTET, NONE, 3, '1122')).toEqual([IS.word, 'cafe22']);
    expect(sent(WORD, NONE, 4, '112233')).toEqual([IS.nothing, '33']);
    expect(sent(OCTET, NONE, 4, '112233')).toEqual([IS.octet, '112233']);
  });
});

describe('a header union', () => {
  interface Json {
    header_unions: { header_ids: number[] }[];
  }
  const changed = (change: (json: Json) => void) => {
    const json = JSON.parse(fixture('unions')) as Json;
    change(json);
    const compiled = compilePipeline(JSON.stringify(json));
    return compiled.ok ? 'OK' : compiled.errors[0]?.code;
  };

  it('is made of headers, each in one union', () => {
    expect(changed(() => undefined)).toBe('OK');
    expect(changed((json) => json.header_unions[0]?.header_ids.push(4000))).toBe('BAD_REFERENCE');
    expect(changed((json) => json.header_unions.push(...json.header_unions.slice(0, 1)))).not.toBe(
      'OK',
    );
  });
});
