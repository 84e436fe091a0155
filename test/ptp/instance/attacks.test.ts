/** Conversations with those who mean no good, or are broken: what they say costs nobody else. */
import { describe, expect, it } from 'vitest';
import { instant, nsSinceEpoch, scaledNs } from '#units/time';
import { FLAG } from '#wire/ptp-header';
import {
  announce,
  conversation,
  followUp,
  MASTER,
  oneStepSync,
  twoStepSync,
} from './conversation.js';
import type { Conversation } from './conversation.js';
import { portConfig } from './settings.js';

const SECOND_NS = 1_000_000_000n;
const LAST_SECOND = (1n << 48n) - 1n;
const MOST_CORRECTION = (1n << 63n) - 2n;

describe('a master whose time no timestamp can hold', () => {
  it.each([
    ['before the epoch', 0n, -(1n << 63n)],
    ['at the last second', LAST_SECOND, 0n],
    ['beyond the last second', LAST_SECOND, MOST_CORRECTION],
  ])('%s does not set the clock', (_, seconds, correction) => {
    const us = conversation().start();
    us.hearsMaster(1);
    for (let i = 0; i < 10; i++) {
      us.hears(1, twoStepSync(MASTER, i));
      const told = followUp(MASTER, i, instant((seconds - 10n + BigInt(i)) * SECOND_NS));
      const header = { ...told.header, correctionField: scaledNs(correction) };
      us.hears(1, { ...told, header });
      us.waits(1);
      us.hearsAnnounce(1, MASTER);
    }
    expect(us.effects('setClock').filter(({ step }) => step !== null)).toEqual([]);
    expect(us.instance.status(us.now).counters['timesImpossible']).toBeGreaterThan(0);
  });
});

describe('two others who agree that our master is wrong', () => {
  const sanity = { jumpLimitNs: 1e6, policy: 'quarantine', quarantineSeconds: 60 } as const;
  const TRUE_TIME = FLAG.ptpTimescale | FLAG.timeTraceable;

  /** Served by MASTER on port 1 for half a minute, with both of them on port 2 in domains of their own. */
  function outvoted(us: Conversation, masterFlags: number, theirFlags: number): Conversation {
    us.start();
    for (let i = 0; i < 30; i++) {
      us.isServed(1, MASTER, 1, 1_000n, masterFlags);
      for (const domainNumber of [100, 101]) {
        const source = { clockIdentity: BigInt(domainNumber), portNumber: 1 };
        us.hearsAnnounce(2, source, { header: { domainNumber, flags: theirFlags } });
        const sync = oneStepSync(source, i, instant(nsSinceEpoch(us.ptpTime) - 37n * SECOND_NS));
        us.hears(2, { ...sync, header: { ...sync.header, domainNumber } });
      }
    }
    return us;
  }

  it('are believed if they are as good', () => {
    const us = outvoted(conversation({ sanity }), FLAG.ptpTimescale, FLAG.ptpTimescale);
    expect(us.state(1)).not.toBe('slave');
    expect(us.effects('alarm').map(({ code }) => code)).toContain('falseticker');
  });

  it.each([
    ['have an arbitrary timescale', FLAG.ptpTimescale, 0],
    ['are traceable to nothing, and our master is', TRUE_TIME, FLAG.ptpTimescale],
  ])('are not believed if they %s', (_, masterFlags, theirFlags) => {
    const us = outvoted(conversation({ sanity }), masterFlags, theirFlags);
    expect(us.state(1)).toBe('slave');
  });

  it('are not heard on a port that is masterOnly', () => {
    const ports = [portConfig(1), portConfig(2, { masterOnly: true })];
    const us = outvoted(conversation({ sanity, ports }), FLAG.ptpTimescale, FLAG.ptpTimescale);
    expect(us.state(1)).toBe('slave');
  });

  it('are not heard where they are no acceptable masters', () => {
    const ports = [portConfig(1), portConfig(2, { acceptableMasters: [] })];
    const us = outvoted(conversation({ sanity, ports }), FLAG.ptpTimescale, FLAG.ptpTimescale);
    expect(us.state(1)).toBe('slave');
  });
});

describe('a storm of Announces', () => {
  it('leaves none of the master’s own out', () => {
    const us = conversation().start();
    us.hearsMaster(1);
    for (let n = 1n; n <= 2_000n; n++) {
      us.hears(
        1,
        announce({ clockIdentity: n << 8n, portNumber: 1 }, { grandmasterPriority1: 255 }),
      );
    }
    const before = us.port(1).counters['announcesReceived'] ?? 0;
    us.hearsAnnounce(1, MASTER);
    expect(us.port(1).counters['refused:announce']).toBeGreaterThan(1_500);
    expect(us.port(1).counters['announcesReceived']).toBe(before + 1);
  });
});
