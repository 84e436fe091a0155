import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { artefact } from '../support/program.js';
import { Tables, build, fixture, valueOf } from './harness.js';

const PROGRAMS: readonly (readonly [string, () => string])[] = [
  ['headers', () => fixture('headers')],
  ['tables', () => fixture('tables')],
  ['externs', () => fixture('externs')],
  ['meters', () => fixture('meters')],
  ['profiles', () => fixture('profiles')],
  ['value-sets', () => fixture('value-sets')],
  ['wide', () => fixture('wide')],
  ['unions', () => fixture('unions')],
  ['main_native', () => artefact('main_native.json')],
  ['main_bmv2', () => artefact('main_bmv2.json')],
];

/** Octets that lead somewhere in the parsers above, among random ones. */
const octet = fc.oneof(
  fc.nat(255),
  fc.constantFrom(0x00, 0x01, 0x08, 0x11, 0x45, 0x81, 0x86, 0x88, 0xdd, 0xf7, 0xff),
);
const beginnings = fc.constantFrom(
  '',
  '01',
  '02',
  '0112345678',
  '01020304050601020304050688f7',
  '0102030405060102030405060800450000400000000040110000c0a80001e0000181013f013f',
  '0102030405060102030405068100000a88a8000a08004500',
  '01020304050601020304050686dd60000000',
);

describe('any frame', () => {
  it.each(PROGRAMS)('passes %s without a fault', (_, json) => {
    const seed = Number(process.env['TIMEPLANE_SEED'] ?? 20_260_104);
    console.info(`seed ${seed}`);
    const harness = build(json());
    const frames = fc.sample(
      fc.tuple(
        fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 510, 511),
        beginnings,
        fc.array(octet, { maxLength: 200 }),
      ),
      { numRuns: 3000, seed },
    );
    const commands = frames.map(
      ([port, begin, rest]) => `frame ${port} 1 2 ${begin}${Buffer.from(rest).toString('hex')}`,
    );
    const lines = harness.run([...new Tables(harness.layout).initial(), ...commands]);
    harness.dispose();
    const entered = lines.filter((line) => line.startsWith('in '));
    expect(entered).toHaveLength(frames.length);
    expect(entered.map((line) => valueOf(line, 'lost')).includes('1')).toBe(false);
  });
});
