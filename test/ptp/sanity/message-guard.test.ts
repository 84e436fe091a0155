import { describe, expect, it } from 'vitest';
import { instant, logInterval, logIntervalValue } from '#units/time';
import { DEFAULT_RATE_LIMITS, MessageGuard, toldInterval } from '#ptp/sanity/message-guard';

const ms = (value: number) => instant(BigInt(Math.round(value * 1e6)));

describe('a port that is flooded', () => {
  it('looks at so many messages of a kind in a second, and counts the others', () => {
    const guard = new MessageGuard();
    let admitted = 0;
    for (let index = 0; index < 100_000; index += 1) {
      if (guard.admits('announce', ms(index / 10))) admitted += 1;
    }
    const { perSecond, burst } = DEFAULT_RATE_LIMITS.announce;
    expect(admitted).toBeLessThanOrEqual(burst + 10 * perSecond);
    expect(admitted).toBeGreaterThan(9 * perSecond);
    expect(guard.refused('announce')).toBe(100_000 - admitted);
  });

  it('still looks at the other kinds', () => {
    const guard = new MessageGuard();
    for (let index = 0; index < 10_000; index += 1) guard.admits('announce', ms(0));
    expect(guard.admits('sync', ms(0))).toBe(true);
    expect(guard.refused('sync')).toBe(0);
  });

  it('takes 32 masters at eight a second for no flood', () => {
    const guard = new MessageGuard();
    for (let index = 0; index < 60 * 256; index += 1) {
      expect(guard.admits('announce', ms((index * 1000) / 256))).toBe(true);
    }
  });
});

describe('an interval that another tells', () => {
  it.each([
    [0, 0, false],
    [-7, -7, false],
    [7, 7, false],
    [-8, -7, true],
    [-128, -7, true],
    [126, 7, true],
  ])('of 2^%i s is taken for 2^%i s', (told, taken, impossible) => {
    const result = toldInterval(logInterval(told));
    expect(result.interval === null ? null : logIntervalValue(result.interval)).toBe(taken);
    expect(result.impossible).toBe(impossible);
  });

  it('of 0x7F is none', () => {
    expect(toldInterval(logInterval(0x7f))).toEqual({ interval: null, impossible: false });
  });
});
