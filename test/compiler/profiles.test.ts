import { crc32 } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { Tables, bitsToHex, build, fixture, valueOf } from './harness.js';

const frame = (which: number, address: number, flow = 0): string =>
  `frame 1 0 0 ${bitsToHex([which, 8], [address, 16], [flow, 32], [0, 8])}`;

const ALL = 0xffffn;
const MEMBER = 0;
const GROUP = 1;
const PLAIN = 0;
const SHARED = 1;

describe('action profiles', () => {
  const harness = build(fixture('profiles'));
  afterAll(() => {
    harness.dispose();
  });
  const tables = new Tables(harness.layout);
  const run = (...commands: readonly string[]): string[] =>
    harness.run([...tables.initial(), ...commands]).slice(tables.initial().length);
  /** What the program left in the frame's last octet, and where it sends it. */
  const traces = (lines: readonly string[]): string[] =>
    lines
      .filter((line) => line.startsWith('out'))
      .map((line) => `${valueOf(line, 'hex').slice(-2)}:${valueOf(line, 'port')}`);

  const member = (profile: number, table: string, name: string, arg: number | null): string =>
    `member ${profile} ${tables.action(table, name)}${arg === null ? '' : ` ${arg}`}`;
  /** An entry that refers to a member or a group. */
  const refer = (table: string, address: number, mask: bigint, kind: number, index: number) =>
    `insert ${tables.table(table).index} 1 ${kind} ${address} / ${mask} / ${index}`;

  it('are in the layout, with the tables that refer to them', () => {
    expect(harness.layout.profiles).toEqual([
      { name: 'ProfilesIngress.plain', index: 0, size: 4, argWords: 1, hasSelector: false },
      { name: 'ProfilesIngress.shared', index: 1, size: 8, argWords: 1, hasSelector: true },
    ]);
    const profileOf = (name: string) => tables.table(name).profile;
    expect(['indirect', 'by_prefix', 'by_mask'].map(profileOf)).toEqual([0, 1, 1]);
  });

  it('give entries the action of the member that they refer to', () => {
    const lines = run(
      member(PLAIN, 'indirect', 'mark', 0x11),
      member(PLAIN, 'indirect', 'forward', 9),
      refer('indirect', 1, ALL, MEMBER, 0),
      refer('indirect', 2, ALL, MEMBER, 1),
      refer('indirect', 3, ALL, MEMBER, 0),
      ...[1, 2, 3, 4].map((address) => frame(1, address)),
    );
    expect(traces(lines)).toEqual(['11:1', '00:9', '11:1', 'ee:1']);
  });

  it('count the hits of entries, whichever action they run', () => {
    const { index } = tables.table('indirect');
    const lines = run(
      member(PLAIN, 'indirect', 'count', null),
      refer('indirect', 1, ALL, MEMBER, 0),
      frame(1, 1),
      frame(1, 1),
      `direct ${index} ${1n << 32n}`,
    );
    expect(lines.at(-1)).toBe('direct 0 2 16');
  });

  it('do nothing where a member is gone or was never there; it is a hit all the same', () => {
    const lines = run(
      member(PLAIN, 'indirect', 'mark', 0x11),
      refer('indirect', 1, ALL, MEMBER, 0),
      refer('indirect', 2, ALL, MEMBER, 3),
      refer('indirect', 3, ALL, MEMBER, 0xffff_ffff),
      'forget 0 member 0',
      'forget 0 member 0',
      ...[1, 2, 3].map((address) => frame(1, address)),
    );
    expect(traces(lines)).toEqual(['00:1', '00:1', '00:1']);
    expect(lines.filter((line) => line.startsWith('forget'))).toEqual(['forget 0', 'forget -8']);
  });

  it('have room for so many members, and take an index again', () => {
    const add = member(PLAIN, 'indirect', 'mark', 1);
    const lines = run(add, add, add, add, add, 'forget 0 member 2', add);
    expect(lines).toEqual([
      ...['member 0', 'member 1', 'member 2', 'member 3', 'member -10'],
      ...['forget 0', 'member 2'],
    ]);
  });

  it('choose a group’s member by the hash of the selector’s fields', () => {
    const flows = Array.from({ length: 64 }, (_, i) => i * 0x0101_0003);
    const lines = run(
      ...[1, 2, 3].map((trace) => member(SHARED, 'by_prefix', 'mark', trace)),
      'group 1 0 1 2',
      refer('by_prefix', 0x0a00, 0xff00n, GROUP, 0),
      ...flows.map((flow) => frame(2, 0x0a01, flow)),
    );
    const expected = flows.map((flow) => {
      const octets = Buffer.alloc(4);
      octets.writeUInt32BE(flow >>> 0);
      return `0${(crc32(octets) % 3) + 1}:1`;
    });
    expect(traces(lines)).toEqual(expected);
    expect(new Set(expected).size).toBe(3);
  });

  it('are shared by tables, in which actions have numbers of their own', () => {
    const lines = run(
      // As either table calls it.
      member(SHARED, 'by_prefix', 'forward', 5),
      member(SHARED, 'by_mask', 'mark', 0x22),
      refer('by_prefix', 1, ALL, MEMBER, 0),
      refer('by_prefix', 2, ALL, MEMBER, 1),
      refer('by_mask', 1, ALL, MEMBER, 0),
      refer('by_mask', 2, ALL, MEMBER, 1),
      ...[1, 2].flatMap((address) => [frame(2, address), frame(3, address)]),
      frame(3, 7),
    );
    // by_mask goes on by the action that ran.
    expect(traces(lines)).toEqual(['00:5', 'f0:5', '22:1', '22:1', '00:1']);
  });

  it('do nothing for groups that are empty, gone or out of range', () => {
    const lines = run(
      member(SHARED, 'by_prefix', 'mark', 1),
      'group 1',
      'group 1 0 0',
      'group 1 0 8',
      refer('by_prefix', 1, ALL, GROUP, 0),
      refer('by_prefix', 2, ALL, GROUP, 1),
      refer('by_prefix', 3, ALL, GROUP, 0xffff_ffff),
      ...[1, 2, 3].map((address) => frame(2, address)),
      'forget 1 group 1',
      frame(2, 2),
    );
    expect(lines.filter((line) => line.startsWith('group'))).toEqual([
      'group 0',
      'group 1',
      'group -11',
    ]);
    expect(traces(lines)).toEqual(['00:1', '01:1', '00:1', '00:1']);
  });

  it('make more groups than at first', () => {
    const groups = Array.from({ length: 40 }, () => 'group 1 0');
    const lines = run(member(SHARED, 'by_prefix', 'mark', 1), ...groups);
    expect(lines.slice(1)).toEqual(groups.map((_, i) => `group ${i}`));
  });
});
