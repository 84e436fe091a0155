import { describe, expect, it } from 'vitest';
import { instant, ppb } from '#units/time';
import type { TimePropertiesDS } from '#ptp/data-sets';
import type { SanityConfig } from '#ptp/instance/instance-types';
import { GrandmasterWatch, type JumpVerdict } from '#ptp/sanity/grandmaster-watch';
import type { PhaseChange } from '#ptp/sanity/explained-jump';

const SECOND = 1_000_000_000;
const GM = 0x001b19fffe000001n;
const OTHER_GM = 0x001b19fffe000002n;
const TAI: TimePropertiesDS = {
  currentUtcOffsetSeconds: 37,
  currentUtcOffsetValid: true,
  leap59: false,
  leap61: false,
  timeTraceable: true,
  frequencyTraceable: true,
  ptpTimescale: true,
  timeSource: 0x20,
};
const CONFIG: SanityConfig = { jumpLimitNs: 100_000, policy: 'quarantine', quarantineSeconds: 10 };

/** A grandmaster that sends a Sync each second, by a local clock that is 20 ppm slow. */
class Conversation {
  readonly watch: GrandmasterWatch;
  grandmaster = GM;
  says: TimePropertiesDS = TAI;
  phaseChange: PhaseChange | null = null;
  /** How far it is from the true time. */
  offNs = 0;
  rateKnown = true;
  isSettled = true;
  /** Seconds. */
  interval = 1;
  readonly alarms: [boolean, string][] = [];
  #seconds = 0;

  constructor(config: Partial<SanityConfig> = {}) {
    this.watch = new GrandmasterWatch({ ...CONFIG, ...config });
  }

  get now() {
    return instant(BigInt(this.#seconds * SECOND));
  }

  /** One Sync, an interval later. */
  sync(): JumpVerdict {
    this.#seconds += this.interval;
    const trueNs = BigInt(this.#seconds * SECOND);
    const verdict = this.watch.sample(
      {
        localTime: instant(trueNs - BigInt(Math.round(this.#seconds * 20_000))),
        masterTime: instant(1_700_000_000n * BigInt(SECOND) + trueNs + BigInt(this.offNs)),
        rate: this.rateKnown ? ppb(20_000) : null,
        grandmasterIdentity: this.grandmaster,
        claims: { timeProperties: this.says, phaseChange: this.phaseChange },
        isSettled: this.isSettled,
      },
      this.now,
    );
    this.alarms.push(...verdict.alarms.map(({ raised, why }): [boolean, string] => [raised, why]));
    return verdict;
  }

  syncs(count: number): JumpVerdict['use'][] {
    return Array.from({ length: count }, () => this.sync().use);
  }

  wait(seconds: number): void {
    this.#seconds += seconds;
  }
}

function settled(config: Partial<SanityConfig> = {}): Conversation {
  const gm = new Conversation(config);
  gm.syncs(10);
  return gm;
}

const fill = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('a grandmaster that keeps its time', () => {
  it('is used from its first Sync on', () => {
    expect(new Conversation().syncs(5)).toEqual(fill(5, 'yes'));
  });

  it('may have another rate than ours that nobody knows yet', () => {
    const gm = new Conversation();
    gm.rateKnown = false;
    expect(gm.syncs(5)).toEqual(fill(5, 'yes'));
  });

  it('may be silent for minutes', () => {
    const gm = settled();
    gm.wait(600);
    expect(gm.syncs(2)).toEqual(['yes', 'yes']);
  });

  it('may have noise below the limit', () => {
    const gm = settled();
    gm.offNs = 90_000;
    expect(gm.sync().use).toBe('yes');
    gm.offNs = 0;
    expect(gm.sync().use).toBe('yes');
  });
});

describe('a grandmaster whose time moves before ours ever was right by it', () => {
  it('is believed when that is sure, without an alarm: a clock between was not right yet', () => {
    const gm = new Conversation();
    gm.isSettled = false;
    gm.syncs(5);
    gm.offNs = 37_000_000;
    expect(gm.syncs(4)).toEqual(['no', 'no', 'anew', 'yes']);
    expect(gm.alarms).toEqual([]);
    expect(gm.watch.counters).toMatchObject({ jumps: 0 });
    expect(gm.watch.isSuspect(GM, gm.now)).toBe(false);
    gm.isSettled = true;
    gm.offNs = 0;
    expect(gm.syncs(4)).toEqual(fill(4, 'no'));
    expect(gm.watch.isSuspect(GM, gm.now)).toBe(true);
  });
});

describe('a single Sync that is late', () => {
  it('is not used, is counted, and raises nothing', () => {
    const gm = settled();
    gm.offNs = -5_000_000;
    expect(gm.syncs(2)).toEqual(['no', 'no']);
    gm.offNs = 0;
    expect(gm.syncs(2)).toEqual(['yes', 'yes']);
    expect(gm.alarms).toEqual([]);
    expect(gm.watch.counters).toMatchObject({ outliers: 2, jumps: 0 });
    expect(gm.watch.isSuspect(GM, gm.now)).toBe(false);
  });

  it('after another, each elsewhere, is no jump however many they are', () => {
    const gm = settled();
    for (let index = 1; index <= 20; index += 1) {
      gm.offNs = -5_000_000 * index;
      expect(gm.sync().use).toBe('no');
    }
    expect(gm.alarms).toEqual([]);
    expect(gm.watch.counters.jumps).toBe(0);
  });
});

describe('a burst of late Syncs', () => {
  it('that come often is no jump before half a second', () => {
    const gm = settled();
    gm.interval = 1 / 16;
    gm.offNs = -5_000_000;
    expect(gm.syncs(8)).toEqual(fill(8, 'no'));
    expect(gm.alarms).toEqual([]);
    gm.sync();
    expect(gm.alarms.map(([raised]) => raised)).toEqual([true]);
  });
});

describe('a jump that nobody announced', () => {
  it('raises the alarm at the third Sync, once', () => {
    const gm = settled();
    gm.offNs = 2 * SECOND;
    gm.syncs(6);
    expect(gm.alarms).toEqual([
      [true, 'the time of grandmaster 001b19.fffe.000001 jumped by 2 s, unannounced'],
    ]);
    expect(gm.watch.counters.jumps).toBe(1);
  });

  it('in quarantine is followed after its seconds, and the alarm ends', () => {
    const gm = settled();
    gm.offNs = 2 * SECOND;
    expect(gm.syncs(10)).toEqual(fill(10, 'no'));
    expect(gm.sync().use).toBe('anew');
    expect(gm.alarms.map(([raised]) => raised)).toEqual([true, false]);
    expect(gm.syncs(3)).toEqual(fill(3, 'yes'));
  });

  it('in quarantine begins again where it jumps again', () => {
    const gm = settled();
    gm.offNs = 2 * SECOND;
    gm.syncs(8);
    gm.offNs = 3 * SECOND;
    expect(gm.syncs(10)).toEqual(fill(10, 'no'));
    expect(gm.sync().use).toBe('anew');
  });

  it('is rejected for ever by that policy', () => {
    const gm = settled({ policy: 'reject' });
    gm.offNs = -2 * SECOND;
    expect(gm.syncs(500)).toEqual(fill(500, 'no'));
    expect(gm.watch.isSuspect(GM, gm.now)).toBe(true);
  });

  it('is followed at once by that policy, not without a word', () => {
    const gm = settled({ policy: 'follow' });
    gm.offNs = 2 * SECOND;
    expect(gm.syncs(4)).toEqual(['no', 'no', 'anew', 'yes']);
    expect(gm.alarms.map(([raised]) => raised)).toEqual([true, false]);
  });

  it.each(['reject', 'quarantine'] as const)('is forgiven once it is back (%s)', (policy) => {
    const gm = settled({ policy });
    gm.offNs = 2 * SECOND;
    gm.syncs(5);
    gm.offNs = 0;
    expect(gm.syncs(4)).toEqual(['no', 'no', 'yes', 'yes']);
    expect(gm.alarms.map(([raised]) => raised)).toEqual([true, false]);
    expect(gm.watch.isSuspect(GM, gm.now)).toBe(false);
    expect(gm.watch.counters.returned).toBe(1);
  });

  it.each(['reject', 'quarantine'] as const)(
    'makes it suspect for a while after it was heard last (%s)',
    (policy) => {
      const gm = settled({ policy });
      gm.offNs = 2 * SECOND;
      gm.syncs(5);
      gm.wait(9);
      expect(gm.watch.isSuspect(GM, gm.now)).toBe(true);
      gm.wait(1);
      expect(gm.watch.isSuspect(GM, gm.now)).toBe(false);
    },
  );

  it('that is still there when it is tried again makes it suspect again, by one Sync', () => {
    const gm = settled({ policy: 'reject' });
    gm.offNs = 2 * SECOND;
    gm.syncs(3);
    for (let round = 0; round < 5; round += 1) {
      gm.wait(10);
      expect(gm.sync().use).toBe('no');
      expect(gm.watch.isSuspect(GM, gm.now)).toBe(true);
    }
    expect(gm.alarms).toHaveLength(1);
  });

  it('that is gone when it is tried again is forgiven', () => {
    const gm = settled({ policy: 'reject' });
    gm.offNs = 2 * SECOND;
    gm.syncs(3);
    gm.wait(10);
    gm.offNs = 0;
    expect(gm.syncs(3)).toEqual(['no', 'no', 'yes']);
    expect(gm.alarms.map(([raised]) => raised)).toEqual([true, false]);
  });

  it('in quarantine is followed when it is tried again and has not moved since', () => {
    const gm = settled();
    gm.offNs = 2 * SECOND;
    gm.syncs(3);
    gm.wait(10);
    expect(gm.syncs(2)).toEqual(['anew', 'yes']);
  });

  it('means nothing when the local counter began anew', () => {
    const gm = settled();
    gm.offNs = 2 * SECOND;
    gm.syncs(5);
    expect(gm.watch.reset()).toMatchObject([{ code: 'grandmaster-jump', raised: false }]);
    expect(gm.sync().use).toBe('yes');
    expect(gm.watch.reset()).toEqual([]);
  });
});

describe('a jump that was announced', () => {
  it('by a mended UTC offset is followed, in either order', () => {
    for (const announcedFirst of [true, false]) {
      const gm = settled({ policy: 'reject' });
      const mended = { ...TAI, currentUtcOffsetSeconds: 38 };
      if (announcedFirst) {
        gm.says = mended;
        gm.syncs(2);
      }
      gm.offNs = SECOND;
      gm.syncs(5);
      gm.says = mended;
      expect(gm.sync().use).toBe(announcedFirst ? 'yes' : 'anew');
      expect(gm.sync().use).toBe('yes');
      expect(gm.watch.counters.explained).toBe(1);
    }
  });

  it('is not explained by an offset that changed a long time ago, nor by another amount', () => {
    const gm = settled({ policy: 'reject' });
    gm.says = { ...TAI, currentUtcOffsetSeconds: 38 };
    gm.syncs(2);
    gm.offNs = 2 * SECOND;
    expect(gm.syncs(5)).toEqual(fill(5, 'no'));
    gm.offNs = 0;
    gm.syncs(100);
    gm.offNs = SECOND;
    expect(gm.syncs(5)).toEqual(fill(5, 'no'));
  });

  it('as a leap second is no excuse in the PTP timescale', () => {
    const gm = settled({ policy: 'reject' });
    gm.says = { ...TAI, leap61: true };
    gm.syncs(5);
    gm.offNs = -SECOND;
    gm.says = { ...TAI, currentUtcOffsetSeconds: 38 };
    expect(gm.syncs(5)).toEqual(fill(5, 'no'));
    gm.offNs = SECOND;
    expect(gm.syncs(5)).toEqual(fill(5, 'no'));
  });

  it.each([
    ['leap61', -SECOND],
    ['leap59', SECOND],
  ] as const)('as %s moves a timescale that follows UTC', (leap, movesBy) => {
    const gm = new Conversation({ policy: 'reject' });
    const utc = { ...TAI, ptpTimescale: false };
    gm.says = { ...utc, [leap]: true };
    gm.syncs(10);
    gm.says = utc;
    gm.offNs = movesBy;
    expect(gm.syncs(4)).toEqual(['no', 'no', 'anew', 'yes']);
  });

  it('by a new time base of 802.1AS is followed if it is by so much', () => {
    const gm = new Conversation({ policy: 'reject' });
    gm.phaseChange = { gmTimeBaseIndicator: 4, lastGmPhaseChangeNs: 0 };
    gm.syncs(10);
    gm.offNs = 7_000_000;
    gm.phaseChange = { gmTimeBaseIndicator: 5, lastGmPhaseChangeNs: 3_000_000 };
    expect(gm.syncs(5)).toEqual(fill(5, 'no'));
    gm.phaseChange = { gmTimeBaseIndicator: 5, lastGmPhaseChangeNs: 7_000_000 };
    expect(gm.sync().use).toBe('anew');
  });
});

describe('another grandmaster', () => {
  it('that has the same time is used at once', () => {
    const gm = settled();
    gm.grandmaster = OTHER_GM;
    expect(gm.sync().use).toBe('yes');
  });

  it('that has a time of its own is believed where one of them is not traceable', () => {
    const gm = settled({ policy: 'reject' });
    gm.grandmaster = OTHER_GM;
    gm.says = { ...TAI, timeTraceable: false };
    gm.offNs = 5 * SECOND;
    expect(gm.syncs(2)).toEqual(['anew', 'yes']);
  });

  it('that is traceable and elsewhere is held to be a jump', () => {
    const gm = settled({ policy: 'reject' });
    gm.grandmaster = OTHER_GM;
    gm.offNs = 5 * SECOND;
    expect(gm.syncs(5)).toEqual(fill(5, 'no'));
    expect(gm.watch.isSuspect(OTHER_GM, gm.now)).toBe(true);
    expect(gm.watch.isSuspect(GM, gm.now)).toBe(false);
  });

  it('on the line does not acquit the one that jumped', () => {
    const gm = settled({ policy: 'reject' });
    gm.offNs = 5 * SECOND;
    gm.syncs(5);
    gm.grandmaster = OTHER_GM;
    gm.offNs = 0;
    expect(gm.syncs(3)).toEqual(fill(3, 'yes'));
    expect(gm.watch.isSuspect(GM, gm.now)).toBe(true);
    expect(gm.alarms.map(([raised]) => raised)).toEqual([true]);
  });

  it('after another, each with its own jump, does not grow without bound', () => {
    const gm = settled({ policy: 'reject', quarantineSeconds: 1_000 });
    gm.offNs = 5 * SECOND;
    for (let index = 0n; index < 100n; index += 1n) {
      gm.grandmaster = 0x1000n + index;
      expect(gm.syncs(3)).toEqual(fill(3, 'no'));
    }
    const suspects = Array.from({ length: 100 }, (_, index) =>
      gm.watch.isSuspect(0x1000n + BigInt(index), gm.now),
    );
    expect(suspects.filter(Boolean)).toHaveLength(8);
  });
});
