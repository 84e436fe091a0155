/** The agent's numbers against the P4 program's source and the committed P4Info. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CELLS,
  DROP,
  KEYLESS_TABLES,
  LEDGER_METER,
  MALFORMED,
  MESSAGE_TYPE,
  PTP_KIND,
  PTP_MODE,
  PUNT_METER,
  PUNT_REASON,
  TABLES,
  TWO_STEP,
  UNKNOWN_SLOT,
  UNTOUCHED,
} from '#dataplane/program';
import { MESSAGE_TYPE as WIRE_MESSAGE_TYPE } from '#wire/ptp-header';
import { programIndex, programP4Info } from '../support/program.js';

const index = programIndex();
const source = readFileSync(new URL('../../p4/core/types.p4', import.meta.url), 'utf8');

/** All constants of one type, without what their names begin with. */
function constants(type: string, prefix: string): Map<string, number> {
  const found = source.matchAll(new RegExp(`const ${type} +${prefix}(\\w+) *= *(\\d+);`, 'g'));
  return new Map([...found].map(([, name = '', number]) => [name, Number(number)]));
}

/** What the source has and the agent names otherwise, or not at all. */
const NAMES: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  drop_reason_t: {
    NOT: null,
    // What the program took for itself is no loss, and not counted.
    TAKEN: null,
    NO_CLOCK: 'noPtpClock',
    METERED: 'meteredAway',
  },
  ptp_mode_t: { TRANSPARENT_E2E: 'transparent', TRANSPARENT_P2P: 'transparentP2P' },
  ptp_kind_t: { NONE: null, VERSION_1: null, MALFORMED: null },
  malformed_t: {
    NOT: null,
    VERSION: 'unknownVersion',
    LENGTH_BEYOND: 'lengthBeyondFrame',
    LENGTH_TOO_LOW: 'lengthTooShort',
  },
  untouched_t: { NOT: null, VLAN_TAGS: 'moreThanTwoTags' },
  record_outcome_t: { RESPONSE_UNMATCHED: 'unmatchedResponse' },
};

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The names that the agent has for them, with the source's numbers. */
function sourceNumbers(type: string, prefix: string): [string, number][] {
  return [...constants(type, prefix)].flatMap(([name, number]): [string, number][] => {
    const known = NAMES[type]?.[name];
    return known === null ? [] : [[known ?? camelCase(name), number]];
  });
}

/** The other reasons are the controller's own. */
const PROGRAM_REASONS = Object.fromEntries(
  Object.entries(PUNT_REASON).filter(([, reason]) => reason >= 64),
);

describe('the numbers of the P4 program', () => {
  it.each([
    ['drop_reason_t', 'DROP_', DROP],
    ['ptp_mode_t', 'PTP_MODE_', PTP_MODE],
    ['ptp_kind_t', 'PTP_KIND_', PTP_KIND],
    ['malformed_t', 'MALFORMED_', MALFORMED],
    ['punt_reason_t', 'PUNT_', PROGRAM_REASONS],
    ['record_outcome_t', 'RECORD_', TWO_STEP],
  ])('of %s are those of its source', (type, prefix, ours) => {
    expect(Object.fromEntries(sourceNumbers(type, prefix))).toEqual(
      Object.fromEntries(Object.entries(ours).map(([name, number]) => [name, Number(number)])),
    );
  });

  it('of what is not looked into are one less than those of its source', () => {
    const numbers = sourceNumbers('untouched_t', 'UNTOUCHED_');
    expect(Object.fromEntries(numbers.map(([name, number]) => [name, number - 1]))).toEqual(
      UNTOUCHED,
    );
  });

  it('of messages are those of the wire', () => {
    expect(MESSAGE_TYPE).toEqual(WIRE_MESSAGE_TYPE);
  });

  it.each(Object.entries(CELLS))('of its counter %s are %d cells in each slot', (name, cells) => {
    const counter = index.counters.byName(name);
    const size = BigInt((UNKNOWN_SLOT + 1) * cells);
    expect(counter).toMatchObject({ ok: true, value: { size } });
  });

  it('of its meters are those that the agent writes', () => {
    const size = BigInt((UNKNOWN_SLOT + 1) * PUNT_METER.cellsPerSlot);
    expect(index.meters.byName(PUNT_METER.name)).toMatchObject({ ok: true, value: { size } });
    expect(index.meters.byName(LEDGER_METER)).toMatchObject({
      ok: true,
      value: { id: 0x1400_0002, size: BigInt(UNKNOWN_SLOT + 1) },
    });
  });

  it.each([...TABLES, ...KEYLESS_TABLES])('have a table %s', (name) => {
    const table = index.tables.byName(name);
    const isKeyless = (KEYLESS_TABLES as readonly string[]).includes(name);
    expect(table.ok && (table.value.match.length === 0) === isKeyless).toBe(true);
  });

  it('have no other table for the agent to fill', () => {
    const known: readonly string[] = [...TABLES, ...KEYLESS_TABLES];
    const others = programP4Info()
      .tables.filter(({ isConstTable }) => !isConstTable)
      .map(({ preamble }) => preamble?.alias ?? '')
      .filter((alias) => !known.includes(alias));
    expect(others).toEqual([]);
  });
});
