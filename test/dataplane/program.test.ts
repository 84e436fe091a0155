/** The agent's numbers against the P4 program's source and the committed P4Info. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CELLS,
  DROP,
  MALFORMED,
  MESSAGE_TYPE,
  PTP_KIND,
  PTP_MODE,
  PUNT_REASON,
  TABLES,
  UNKNOWN_SLOT,
  UNTOUCHED,
} from '#dataplane/program';
import { MESSAGE_TYPE as WIRE_MESSAGE_TYPE } from '#wire/ptp-header';
import { programIndex } from '../support/program.js';

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
    TRAPPED_ONLY: 'trappedOnly',
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
  punt_reason_t: {},
};

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

describe('the numbers of the P4 program', () => {
  it.each([
    ['drop_reason_t', 'DROP_', DROP],
    ['ptp_mode_t', 'PTP_MODE_', PTP_MODE],
    ['ptp_kind_t', 'PTP_KIND_', PTP_KIND],
    ['malformed_t', 'MALFORMED_', MALFORMED],
    ['punt_reason_t', 'PUNT_', PUNT_REASON],
  ])('of %s are those of its source', (type, prefix, ours) => {
    const numbers = new Map<string, number | bigint>(Object.entries(ours));
    for (const [name, number] of constants(type, prefix)) {
      const known = NAMES[type]?.[name];
      if (known === null) continue;
      expect([name, Number(numbers.get(known ?? camelCase(name)))]).toEqual([name, number]);
    }
  });

  it('of what is not looked into are one less than those of its source', () => {
    for (const [name, number] of constants('untouched_t', 'UNTOUCHED_')) {
      const known = NAMES['untouched_t']?.[name];
      if (known === null) continue;
      const numbers = new Map<string, number>(Object.entries(UNTOUCHED));
      expect([name, numbers.get(known ?? camelCase(name))]).toEqual([name, number - 1]);
    }
  });

  it('of messages are those of the wire', () => {
    expect(MESSAGE_TYPE).toEqual(WIRE_MESSAGE_TYPE);
  });

  it('of its counters are rows of as many slots as there are', () => {
    for (const [name, cells] of Object.entries(CELLS)) {
      const counter = index.counters.byName(name);
      if (counter.ok && counter.value.size >= 64n) {
        expect([name, counter.value.size]).toEqual([name, BigInt((UNKNOWN_SLOT + 1) * cells)]);
      }
    }
  });

  it('and its tables are those of the agent', () => {
    const ours: readonly string[] = TABLES;
    expect(ours.filter((name) => index.tables.byName(name).ok)).toContain('port');
  });
});
