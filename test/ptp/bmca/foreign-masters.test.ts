import { portIdentityText } from '#units/clock-identity';
import { describe, expect, it } from 'vitest';
import { instant, seconds } from '#units/time';
import { FLAG } from '#wire/ptp-header';
import { TLV_TYPE } from '#wire/tlv/tlv-type';
import {
  ForeignMasters,
  type AnnounceVerdict,
  type ForeignMastersConfig,
} from '#ptp/bmca/foreign-masters';
import { announce, OURS, type AnnounceParts } from './announces.js';

const CONFIG: ForeignMastersConfig = {
  portIdentity: { clockIdentity: OURS, portNumber: 1 },
  localPriority: 128,
  comparison: 'ieee1588',
  maxStepsRemoved: 255,
  announceInterval: seconds(1),
  announceReceiptTimeout: 3,
  maxForeignMasters: 5,
  acceptableMasters: null,
};

const at = (second: number) => instant(BigInt(Math.round(second * 1e9)));

/** One port that hears Announces; sequenceIds count up by themselves. */
class Hearing {
  readonly foreign: ForeignMasters;
  #sequenceId = 100;

  constructor(config: Partial<ForeignMastersConfig> = {}) {
    this.foreign = new ForeignMasters({ ...CONFIG, ...config });
  }

  hears(second: number, parts: AnnounceParts = {}): AnnounceVerdict {
    this.#sequenceId += 2;
    return this.foreign.observe(announce({ sequenceId: this.#sequenceId, ...parts }), at(second));
  }

  /** Twice in a row: enough to qualify. */
  meets(second: number, parts: AnnounceParts = {}): AnnounceVerdict {
    this.hears(second, parts);
    return this.hears(second + 0.01, parts);
  }

  best(second: number): string | null {
    const best = this.foreign.best(at(second));
    return best && portIdentityText(best.announce.header.sourcePortIdentity);
  }

  qualified(second: number): readonly string[] {
    return this.foreign
      .qualifiedForeign(at(second))
      .map((one) => portIdentityText(one.announce.header.sourcePortIdentity));
  }
}

const ident = (sender: bigint, port = 1): string =>
  portIdentityText({ clockIdentity: sender, portNumber: port });

describe('a foreign master qualifies (9.3.2.5 c)', () => {
  it('by its second Announce within four intervals', () => {
    const port = new Hearing();
    expect(port.hears(0)).toMatchObject({ accepted: true, qualified: false });
    expect(port.qualified(0)).toEqual([]);
    expect(port.hears(4)).toMatchObject({ qualified: true, newlyQualified: true });
    expect(port.best(4)).toBe(ident(0x10n));
    expect(port.hears(5)).toMatchObject({ qualified: true, newlyQualified: false });
  });

  it('not if the second comes later than that', () => {
    const port = new Hearing();
    port.hears(0);
    expect(port.hears(4.001)).toMatchObject({ qualified: false });
    expect(port.hears(5)).toMatchObject({ qualified: true });
  });

  it('each port of a clock for itself', () => {
    const port = new Hearing();
    port.hears(0, { senderPort: 1 });
    expect(port.hears(1, { senderPort: 2 })).toMatchObject({ qualified: false });
  });

  it('with the interval that it was granted, if that is another', () => {
    const { foreign } = new Hearing();
    foreign.observe(announce({ sequenceId: 1 }), at(0), seconds(16));
    expect(foreign.observe(announce({ sequenceId: 5 }), at(60), seconds(16))).toMatchObject({
      qualified: true,
    });
  });

  it('by its first Announce in 802.1AS', () => {
    const port = new Hearing({ comparison: 'ieee8021as' });
    expect(port.hears(0)).toMatchObject({ qualified: true, newlyQualified: true });
  });

  it('and says whether what it tells has changed', () => {
    const port = new Hearing();
    port.meets(0, { clockClass: 6 });
    expect(port.hears(1, { clockClass: 6 })).toMatchObject({ changed: false });
    expect(port.hears(2, { clockClass: 7 })).toMatchObject({ changed: true });
    expect(port.hears(3, { clockClass: 7, steps: 1 })).toMatchObject({ changed: true });
  });
});

describe('an Announce is a repeated one', () => {
  const tlv = (octet: number) => ({
    type: TLV_TYPE.organizationExtension,
    value: Uint8Array.of(0, octet),
  });
  const TOLD: AnnounceParts = { flags: FLAG.ptpTimescale, tlvs: [tlv(1), tlv(2)] };

  it('if it tells all that the one before told, and only its number is another', () => {
    const port = new Hearing();
    expect(port.hears(0, TOLD)).toMatchObject({ isRepeated: false });
    expect(port.hears(1, TOLD)).toMatchObject({ isRepeated: true, changed: false });
    expect(port.hears(2, { ...TOLD, tlvs: [tlv(1), tlv(2)] })).toMatchObject({ isRepeated: true });
  });

  it.each<[string, AnnounceParts, boolean]>([
    ['the UTC flag', { flags: FLAG.ptpTimescale | FLAG.currentUtcOffsetValid }, false],
    ['the UTC offset', { currentUtcOffsetSeconds: 38 }, false],
    ['the source of time', { timeSource: 0x20 }, false],
    ['an octet of a TLV', { tlvs: [tlv(1), tlv(3)] }, false],
    ['the order of TLVs', { tlvs: [tlv(2), tlv(1)] }, false],
    ['a TLV that is gone', { tlvs: [tlv(1)] }, false],
    ['a TLV that is new', { tlvs: [tlv(1), tlv(2), tlv(3)] }, false],
    ['stepsRemoved', { steps: 1 }, true],
    ['the grandmaster', { grandmaster: 0x77n }, true],
  ])('not if %s has changed, and once it is known it is', (_, change, changed) => {
    const port = new Hearing();
    port.meets(0, TOLD);
    expect(port.hears(1, { ...TOLD, ...change })).toMatchObject({ isRepeated: false, changed });
    expect(port.hears(2, { ...TOLD, ...change })).toMatchObject({ isRepeated: true });
    expect(port.hears(3, TOLD)).toMatchObject({ isRepeated: false, changed });
  });

  it('not if another port of the same clock told it', () => {
    const port = new Hearing();
    port.meets(0, { ...TOLD, senderPort: 1 });
    expect(port.hears(1, { ...TOLD, senderPort: 2 })).toMatchObject({ isRepeated: false });
  });
});

describe('a foreign master ages', () => {
  it('if fewer than two Announces came within four intervals, and it is not the best', () => {
    const port = new Hearing();
    port.meets(0, { sender: 0x10n });
    port.meets(0, { sender: 0x20n });
    expect(port.qualified(4)).toHaveLength(2);
    expect(port.qualified(4.1)).toEqual([]);
  });

  it('but the best one counts until its announce receipt timeout and a random share are over', () => {
    const port = new Hearing({ announceReceiptTimeout: 10 });
    port.meets(0);
    expect(port.best(1)).toBe(ident(0x10n));
    expect(port.best(11)).toBe(ident(0x10n));
    expect(port.best(11.1)).toBeNull();
  });

  it('and is gone at once when it is forgotten, until it qualifies anew', () => {
    const port = new Hearing();
    port.meets(0);
    port.best(0);
    port.foreign.forget({ clockIdentity: 0x10n, portNumber: 1 });
    expect(port.best(0)).toBeNull();
    expect(port.hears(1)).toMatchObject({ qualified: false });
    expect(port.hears(2)).toMatchObject({ newlyQualified: true });
  });

  it('and all are gone when the port begins anew', () => {
    const port = new Hearing();
    port.meets(0);
    port.foreign.clear();
    expect(port.foreign.list(at(0))).toEqual([]);
  });
});

describe('an Announce is rejected', () => {
  const rejects = (port: Hearing, parts: AnnounceParts, rejection: string): void => {
    expect(port.meets(0, parts)).toMatchObject({ accepted: false, rejection });
    expect(port.foreign.counters()[rejection]).toBe(2);
    expect(port.best(0)).toBeNull();
  };

  it('from the port itself (9.5.2.2)', () => {
    rejects(new Hearing(), { sender: OURS, senderPort: 1 }, 'own-port');
  });

  it('from another port of the same clock, which is remembered as long as it is heard (9.5.2.3)', () => {
    const port = new Hearing();
    rejects(port, { sender: OURS, senderPort: 7 }, 'own-clock');
    port.hears(1, { sender: OURS, senderPort: 3 });
    port.hears(2, { sender: OURS, senderPort: 9 });
    expect(port.foreign.ownPortHeard(at(5))).toBe(3);
    expect(port.foreign.ownPortHeard(at(5.1))).toBeNull();
  });

  it('with alternateMasterFlag (17.3)', () => {
    rejects(new Hearing(), { flags: FLAG.alternateMaster }, 'alternate-master');
  });

  it('at 255 steps or at maxStepsRemoved', () => {
    rejects(new Hearing(), { steps: 255 }, 'steps-removed');
    rejects(new Hearing({ maxStepsRemoved: 1000 }), { steps: 255 }, 'steps-removed');
    rejects(new Hearing({ maxStepsRemoved: 3 }), { steps: 3 }, 'steps-removed');
    expect(new Hearing({ maxStepsRemoved: 3 }).meets(0, { steps: 2 })).toMatchObject({
      qualified: true,
    });
  });

  it('if we are in its path trace (16.2)', () => {
    const path = new Uint8Array(16);
    new DataView(path.buffer).setBigUint64(8, OURS);
    rejects(
      new Hearing(),
      { tlvs: [{ type: TLV_TYPE.pathTrace, value: path }] },
      'path-trace-loop',
    );
    const others = { type: TLV_TYPE.pathTrace, value: new Uint8Array(18) };
    expect(new Hearing().meets(0, { tlvs: [others] })).toMatchObject({ qualified: true });
  });

  it('from whom is not in the acceptable master table (17.5)', () => {
    const acceptable = (portNumber: number) => ({
      acceptablePortIdentity: { clockIdentity: 0x20n, portNumber },
      alternatePriority1: 0,
    });
    const port = new Hearing({ acceptableMasters: [acceptable(2)] });
    rejects(port, { sender: 0x10n }, 'not-acceptable');
    expect(port.meets(0, { sender: 0x20n, senderPort: 1 })).toMatchObject({ accepted: false });
    expect(port.meets(0, { sender: 0x20n, senderPort: 2 })).toMatchObject({ qualified: true });
    const anyPort = new Hearing({ acceptableMasters: [acceptable(0xffff)] });
    expect(anyPort.meets(0, { sender: 0x20n, senderPort: 9 })).toMatchObject({ qualified: true });
  });

  it('if it is a repetition or was overtaken (9.3.2.5 b), but not if the master began anew', () => {
    const port = new Hearing();
    expect(port.hears(0, { sequenceId: 0xffff })).toMatchObject({ accepted: true });
    expect(port.hears(0, { sequenceId: 0xffff })).toMatchObject({ rejection: 'not-newest' });
    expect(port.hears(1, { sequenceId: 0 })).toMatchObject({ qualified: true });
    expect(port.hears(1, { sequenceId: 0xffff })).toMatchObject({ rejection: 'not-newest' });
    expect(port.hears(2, { sequenceId: 7 })).toMatchObject({ accepted: true });
    expect(port.hears(3, { sequenceId: 0 })).toMatchObject({ accepted: true });
  });
});

describe('who is best (Erbest)', () => {
  it('goes by the comparison of the profile', () => {
    const masters = (port: Hearing): Hearing => {
      port.meets(0, { sender: 0x10n, clockClass: 6, steps: 3 });
      port.meets(0, { sender: 0x20n, clockClass: 6, steps: 1 });
      return port;
    };
    expect(masters(new Hearing()).best(1)).toBe(ident(0x10n));
    expect(masters(new Hearing({ comparison: 'g8275' })).best(1)).toBe(ident(0x20n));
  });

  it('takes alternatePriority1 in place of priority1, if it is not 0 (17.5.3)', () => {
    const row = (clockIdentity: bigint, alternatePriority1: number) => ({
      acceptablePortIdentity: { clockIdentity, portNumber: 1 },
      alternatePriority1,
    });
    const port = new Hearing({ acceptableMasters: [row(0x10n, 0), row(0x20n, 1)] });
    port.meets(0, { sender: 0x10n, priority1: 2 });
    port.meets(0, { sender: 0x20n, priority1: 3 });
    expect(port.best(1)).toBe(ident(0x20n));
  });

  it('leaves out who is of no use', () => {
    const port = new Hearing();
    port.meets(0, { sender: 0x10n, priority1: 1 });
    port.meets(0, { sender: 0x20n, priority1: 2 });
    const best = port.foreign.best(
      at(1),
      ({ announce }) => announce.header.sourcePortIdentity.clockIdentity !== 0x10n,
    );
    expect(best?.announce.header.sourcePortIdentity.clockIdentity).toBe(0x20n);
  });

  it('does not depend on who came first', () => {
    const one = new Hearing();
    one.meets(0, { grandmaster: 1n, senderPort: 2 });
    one.meets(0, { grandmaster: 1n, senderPort: 1 });
    const other = new Hearing();
    other.meets(0, { grandmaster: 1n, senderPort: 1 });
    other.meets(0, { grandmaster: 1n, senderPort: 2 });
    expect([one.best(1), other.best(1)]).toEqual([ident(0x10n, 1), ident(0x10n, 1)]);
  });

  it('changes with the configuration at once', () => {
    const port = new Hearing();
    port.meets(0, { steps: 4 });
    expect(port.best(1)).not.toBeNull();
    port.foreign.configure({ ...CONFIG, maxStepsRemoved: 4 });
    expect(port.best(1)).toBeNull();
  });
});

describe('a flood of Announces', () => {
  it('of identities that come once costs no qualified master, and a bounded memory', () => {
    const port = new Hearing();
    port.meets(0, { sender: 0x10n, priority1: 200 });
    expect(port.best(0)).toBe(ident(0x10n));
    for (let index = 0; index < 10_000; index += 1) {
      port.hears(1 + index / 10_000, { sender: 0x1_0000n + BigInt(index), priority1: 0 });
    }
    port.hears(2, { sender: 0x10n, priority1: 200 });
    expect(port.best(2)).toBe(ident(0x10n));
    expect(port.foreign.counters()['candidates-overflow']).toBe(10_000 - 256);
    expect(port.foreign.list(at(2))).toHaveLength(5);
  });

  it('at a moderate rate does not keep a new master out', () => {
    const port = new Hearing();
    for (let index = 0; index < 1_000; index += 1) {
      const second = index / 100;
      port.hears(second, { sender: 0x1_0000n + BigInt(index) });
      if (index % 100 === 50) port.hears(second, { sender: 0x10n });
    }
    expect(port.best(10)).toBe(ident(0x10n));
  });

  it('of qualified masters leaves the best of them, and never evicts the one that is followed', () => {
    const port = new Hearing();
    port.meets(0, { sender: 0x99n, priority1: 100 });
    expect(port.best(0)).toBe(ident(0x99n));
    for (let index = 0; index < 50; index += 1) {
      port.meets(0.1, { sender: 0x100n + BigInt(index), priority1: 150 + index });
    }
    for (let index = 0; index < 50; index += 1) {
      port.meets(0.2, { sender: 0x200n + BigInt(index), priority1: 50 - index });
    }
    const kept = port.qualified(0.3);
    expect(kept).toHaveLength(5);
    expect(kept).toContain(ident(0x99n));
    expect(port.best(0.3)).toBe(ident(0x231n));
    const counters = port.foreign.counters();
    expect(counters['table-full']).toBeGreaterThan(0);
    expect(counters['evicted']).toBeGreaterThan(0);
  });

  it('of one master is counted, not kept', () => {
    const port = new Hearing();
    for (let index = 0; index < 1_000; index += 1) port.hears(index / 1_000);
    expect(port.foreign.list(at(1))[0]?.foreignMasterAnnounceMessages).toBe(8);
  });
});

describe('for status', () => {
  it('lists the qualified first, then those that are not yet', () => {
    const port = new Hearing();
    port.hears(0, { sender: 0x20n });
    port.meets(0, { sender: 0x10n });
    expect(port.foreign.list(at(1))).toMatchObject([
      { foreignMasterAnnounceMessages: 2, qualified: true, lastHeard: at(0.01) },
      { foreignMasterAnnounceMessages: 1, qualified: false, lastHeard: at(0) },
    ]);
  });
});
