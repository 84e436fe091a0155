/** Small parts of an instance: tokens, names of timers, schedules, what we tell of ourselves. */
import { describe, expect, it } from 'vitest';
import { after, instant, nsOf, seconds } from '#units/time';
import { pathTraceTlv, propagatedTlvs } from '#ptp/instance/announce-tlvs';
import { clockClassOf, timePropertiesOfOwn } from '#ptp/instance/own-clock';
import { Schedule } from '#ptp/instance/schedule';
import {
  INSTANCE_TIMERS,
  instanceTimerName,
  parseTimerName,
  PORT_TIMERS,
  portTimerName,
} from '#ptp/instance/timer-names';
import { TokenTable } from '#ptp/instance/tokens';
import { announce, MASTER, US } from './conversation.js';
import { instanceConfig } from './settings.js';

describe('tokens', () => {
  it('are claimed once', () => {
    const tokens = new TokenTable<string>();
    const token = tokens.issue('a Sync');
    expect([tokens.claim(token), tokens.claim(token)]).toEqual(['a Sync', null]);
  });

  it('are forgotten, the oldest first, when there are too many', () => {
    const tokens = new TokenTable<number>(2);
    const [first, second, third] = [1, 2, 3].map((purpose) => tokens.issue(purpose));
    expect(tokens.claim(first ?? -1)).toBeNull();
    expect([tokens.claim(second ?? -1), tokens.claim(third ?? -1)]).toEqual([2, 3]);
    expect(tokens.forgotten).toBe(1);
  });
});

describe('names of timers', () => {
  it('are read as they were written', () => {
    for (const timer of PORT_TIMERS) {
      const read = { of: 'port', port: 12, timer };
      expect(parseTimerName(portTimerName(12, timer))).toEqual({ ...read, key: '' });
      expect(parseTimerName(portTimerName(12, timer, 'k'))).toEqual({ ...read, key: 'k' });
    }
    for (const timer of INSTANCE_TIMERS) {
      expect(parseTimerName(instanceTimerName(timer))).toEqual({ of: 'instance', timer });
    }
  });

  it.each(['', '/', 'x/sync', '1/none', '/sync', 'instance/sync', '1.5/sync'])(
    'are none of ours: %s',
    (name) => {
      expect(parseTimerName(name)).toBeNull();
    },
  );
});

describe('a schedule', () => {
  it('keeps the mean interval though its timer is late', () => {
    const schedule = new Schedule();
    let now = instant(0n);
    let wait = schedule.begin(now, seconds(1), () => 0);
    for (let i = 0; i < 100; i++) {
      now = after(after(now, wait), seconds(0.02));
      wait = schedule.next(now, seconds(1));
    }
    expect(Number(nsOf(wait)) / 1e9).toBeCloseTo(0.98, 9);
  });

  it('makes nothing up that was missed', () => {
    const schedule = new Schedule();
    schedule.begin(instant(0n), seconds(1), () => 0);
    expect(schedule.next(after(instant(0n), seconds(10)), seconds(1))).toEqual(seconds(1));
  });

  it('begins with a share of chance', () => {
    const waits = [0, 0.5, 0.999].map((random) =>
      new Schedule().begin(instant(0n), seconds(1), () => random),
    );
    expect(waits.map((wait) => Number(nsOf(wait)) / 1e9)).toEqual([1, 0.85, 0.7003]);
  });
});

describe('what we tell of ourselves', () => {
  const config = instanceConfig(US, {
    clockClassLadder: {
      freeRun: 248,
      holdoverInSpecification: 135,
      holdoverOutOfSpecification: 165,
      holdoverSeconds: 100,
    },
  });
  const lastLocked = instant(0n);

  it.each([
    ['FREE_RUN', 0, 248],
    ['ACQUIRING', 0, 248],
    ['LOCKED', 0, 248],
    ['HOLDOVER', 100, 135],
    ['HOLDOVER', 101, 165],
  ] as const)('is by the ladder: %s for %d s is class %d', (lockState, passed, clockClass) => {
    const now = after(instant(0n), seconds(passed));
    expect(clockClassOf(config, { lockState, lastLocked, now })).toBe(clockClass);
  });

  it.each([6, 127, 255])('is as configured for class %d', (clockClass) => {
    const own = instanceConfig(US, {
      defaultDS: { clockQuality: { ...config.defaultDS.clockQuality, clockClass } },
    });
    const state = { lockState: 'HOLDOVER', lastLocked, now: instant(0n) } as const;
    expect(clockClassOf(own, state)).toBe(clockClass);
  });

  it('keeps the timescale in holdover, and its traceability as long as it is good', () => {
    const ofParent = {
      ...config.timePropertiesDS,
      currentUtcOffsetSeconds: 38,
      timeTraceable: true,
      timeSource: 0x20,
    };
    const told = (passed: number) => {
      const now = after(instant(0n), seconds(passed));
      const state = { lockState: 'HOLDOVER', lastLocked, now } as const;
      return timePropertiesOfOwn(config, state, ofParent);
    };
    expect(told(50)).toMatchObject({ currentUtcOffsetSeconds: 38, timeTraceable: true });
    expect(told(150)).toMatchObject({ timeTraceable: false, timeSource: 0xa0 });
  });
});

describe('TLVs of Announce', () => {
  it('pass on what is to be propagated, and no more than a frame bears', () => {
    const small = { type: 0x4000, value: new Uint8Array(6) };
    const own = { type: 0x8000, value: new Uint8Array(6) };
    const big = { type: 0x4abc, value: new Uint8Array(1_000) };
    expect(propagatedTlvs(announce(MASTER, { tlvs: [own, big, small] }))).toEqual([small]);
    expect(propagatedTlvs(null)).toEqual([]);
  });

  it('append us to the path, unless it is too long', () => {
    expect(pathTraceTlv([MASTER.clockIdentity], US)?.value).toHaveLength(16);
    expect(
      pathTraceTlv(
        Array.from({ length: 128 }, () => 1n),
        US,
      ),
    ).toBeNull();
  });
});
