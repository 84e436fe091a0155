import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant, nsSinceEpoch, type Instant } from '#units/time';
import type { TimePropertiesDS } from '#ptp/data-sets';
import {
  announcedLeap,
  leapAtEndOf,
  LeapWatch,
  utcDayEnd,
  utcText,
  utcTime,
  withScheduledLeap,
} from '#ptp/leap';

const SEED = 0x1588;
const SECOND = 1_000_000_000n;
/** Before the leap second at the end of 2016. */
const IN_2016: TimePropertiesDS = {
  currentUtcOffsetSeconds: 36,
  currentUtcOffsetValid: true,
  leap59: false,
  leap61: false,
  timeTraceable: true,
  frequencyTraceable: true,
  ptpTimescale: true,
  timeSource: 0x20,
};
const LEAP61 = { ...IN_2016, leap61: true };
const LEAP59 = { ...IN_2016, leap59: true };
const IN_2017 = { ...IN_2016, currentUtcOffsetSeconds: 37 };

/** PTP time when UTC shows this, by an offset of 36 s: so many seconds before or after midnight. */
function ptp(secondsFromNewYear: number): Instant {
  const newYear = BigInt(Date.UTC(2017, 0, 1)) / 1000n;
  return instant((newYear + 36n) * SECOND + BigInt(Math.round(secondsFromNewYear * 1e9)));
}

/** What UTC shows half a second into each of the seconds from `first` on. */
function shows(watch: LeapWatch, first: number, count: number): (string | null)[] {
  return Array.from({ length: count }, (_, index) => {
    const utc = watch.utc(ptp(first + index + 0.5));
    return utc === null ? null : utcText(utc).slice(0, 19);
  });
}

function hearing(properties: TimePropertiesDS, hours = 1): LeapWatch {
  const watch = new LeapWatch(IN_2016);
  watch.heard(properties, ptp(-hours * 3600));
  return watch;
}

describe('the end of 2016', () => {
  it('had a second more', () => {
    expect(shows(hearing(LEAP61), -2, 5)).toEqual([
      '2016-12-31T23:59:58',
      '2016-12-31T23:59:59',
      '2016-12-31T23:59:60',
      '2017-01-01T00:00:00',
      '2017-01-01T00:00:01',
    ]);
  });

  it('could have had a second less', () => {
    expect(shows(hearing(LEAP59), -3, 4)).toEqual([
      '2016-12-31T23:59:57',
      '2016-12-31T23:59:58',
      '2017-01-01T00:00:00',
      '2017-01-01T00:00:01',
    ]);
  });

  it('without an announcement would have been a midnight like others', () => {
    expect(shows(hearing(IN_2016), -1, 2)).toEqual(['2016-12-31T23:59:59', '2017-01-01T00:00:00']);
  });

  it('shows the fraction of the leap second', () => {
    const utc = hearing(LEAP61).utc(ptp(0.25));
    expect(utc === null ? null : utcText(utc)).toBe('2016-12-31T23:59:60.250000000Z');
  });
});

describe('an announced leap second', () => {
  it.each([
    ['more', LEAP61, 1, 37],
    ['less', LEAP59, -1, 35],
  ] as const)(
    'of one %s changes the offset at its second, and takes the flag',
    (_, said, at, to) => {
      const watch = hearing(said);
      const justBefore = instant(nsSinceEpoch(ptp(at)) - 1n);
      expect(watch.nextChange(ptp(-10))).toEqual(ptp(at));
      expect(watch.timeProperties(justBefore)).toEqual(said);
      expect(watch.timeProperties(ptp(at))).toEqual({ ...IN_2016, currentUtcOffsetSeconds: to });
      expect(watch.nextChange(ptp(at))).toBeNull();
    },
  );

  it('stays carried out while others still tell the old offset, for half a minute', () => {
    const watch = hearing(LEAP61);
    watch.heard(LEAP61, ptp(3));
    watch.heard(LEAP61, ptp(30));
    expect(watch.timeProperties(ptp(30)).currentUtcOffsetSeconds).toBe(37);
    expect(shows(watch, 29, 1)).toEqual(['2017-01-01T00:00:28']);
    watch.heard(LEAP61, ptp(40));
    expect(watch.timeProperties(ptp(40)).currentUtcOffsetSeconds).toBe(36);
    expect(watch.faults('not-carried-out')).toBe(1);
  });

  it('is done with when the new offset is heard, and the flags are not taken for another', () => {
    const watch = hearing(LEAP61);
    watch.heard(LEAP61, ptp(3));
    watch.heard(IN_2017, ptp(5));
    watch.heard({ ...IN_2017, leap61: true }, ptp(7));
    expect(watch.timeProperties(ptp(8)).currentUtcOffsetSeconds).toBe(37);
    expect(watch.nextChange(ptp(8))).toBeNull();
    expect(watch.faults('too-early')).toBe(1);
    expect(shows(watch, 8, 1)).toEqual(['2017-01-01T00:00:07']);
  });

  it('can be taken back until midnight', () => {
    const watch = hearing(LEAP61);
    watch.heard(IN_2016, ptp(-60));
    expect(shows(watch, -1, 2)).toEqual(['2016-12-31T23:59:59', '2017-01-01T00:00:00']);
  });

  it('counts in the last twelve hours of its day', () => {
    expect(announcedLeap(ptp(-12 * 3600), LEAP61)).toMatchObject({ sign: 1 });
    expect(announcedLeap(ptp(-12 * 3600 - 1), LEAP61)).toBe('too-early');
  });

  it.each<[string, Partial<TimePropertiesDS>]>([
    ['both ways', { leap59: true }],
    ['with an offset that is not valid', { currentUtcOffsetValid: false }],
    ['in an arbitrary timescale', { ptpTimescale: false }],
  ])('%s is a contradiction, and counted', (_what, more) => {
    const watch = hearing({ ...LEAP61, ...more });
    expect(watch.faults('contradictory')).toBe(1);
    expect(watch.nextChange(ptp(-60))).toBeNull();
  });

  it('of another master is forgotten with it', () => {
    const watch = hearing(LEAP61);
    watch.reset(IN_2016);
    expect(watch.timeProperties(ptp(10)).currentUtcOffsetSeconds).toBe(36);
  });
});

describe('our own leap second', () => {
  const lastDayOf2016 = Date.UTC(2016, 11, 31) / 86_400_000;

  it.each([
    [1, 37, LEAP61],
    [-1, 35, LEAP59],
  ] as const)('of %i is announced for twelve hours, and carried out', (sign, offset, flagged) => {
    const leap = leapAtEndOf(lastDayOf2016, sign, 36);
    const own = (secondsFromNewYear: number) =>
      withScheduledLeap(IN_2016, leap, ptp(secondsFromNewYear));
    expect(own(-13 * 3600)).toEqual(IN_2016);
    expect(own(-12 * 3600)).toEqual(flagged);
    expect(own(sign - 0.001)).toEqual(flagged);
    expect(own(sign)).toEqual({ ...IN_2016, currentUtcOffsetSeconds: offset });
    expect(announcedLeap(ptp(-3600), own(-3600))).toEqual(leap);
  });
});

describe('UTC', () => {
  it('is not known without a valid offset, nor from an arbitrary timescale', () => {
    expect(new LeapWatch({ ...IN_2016, currentUtcOffsetValid: false }).utc(ptp(0))).toBeNull();
    expect(new LeapWatch({ ...IN_2016, ptpTimescale: false }).utc(ptp(0))).toBeNull();
  });

  it('ends its day by the offset', () => {
    expect(utcDayEnd(ptp(-1), IN_2016)).toEqual(ptp(0));
    expect(utcDayEnd(ptp(0), IN_2016)).toEqual(ptp(86_400));
  });

  it('is the calendar’s, for all of PTP’s seconds that a date can have', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), (unixSeconds) => {
        const time = instant((BigInt(unixSeconds) + 37n) * SECOND + 123_000_000n);
        const text = utcText(utcTime(time, IN_2017));
        expect(text).toBe(new Date(unixSeconds * 1000 + 123).toISOString().replace('Z', '000000Z'));
      }),
      { seed: SEED },
    );
  });
});
