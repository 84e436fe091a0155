import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ClockFollowers, comparisonOf } from '#runtime/clock-devices/clock-followers';
import { openLocalSocket } from '#runtime/ptp/local-socket';
import { instant, ppb } from '#units/time';

const CONTEXT = { countsBySystemClock: false, nowNs: 0n };

function logged() {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
  const messages = () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  return { log, messages };
}

const TIME_PROPERTIES = {
  currentUtcOffsetSeconds: 37,
  currentUtcOffsetValid: true,
  leap59: false,
  leap61: true,
  timeTraceable: true,
  frequencyTraceable: true,
  ptpTimescale: true,
  timeSource: 0x20,
};
const SERVO = {
  name: 'pi',
  state: 'LOCKED',
  since: instant(0n),
  why: '',
  rate: ppb(0),
  offsetNs: 1,
  meanDelayNs: 1,
  errorBoundNs: 250,
  asymmetryUpToNs: 1,
  errorBoundAssumptions: [],
  port: null,
};

function comparison(changes: Partial<typeof TIME_PROPERTIES> = {}, state = 'LOCKED') {
  const timePropertiesDS = { ...TIME_PROPERTIES, ...changes };
  const nowNs = process.hrtime.bigint();
  const told = { servo: { ...SERVO, state }, timePropertiesDS };
  return comparisonOf(told, instant(9n), { beforeNs: nowNs, afterNs: nowNs + 10n });
}

describe('what an instance says of its time', () => {
  it('is PTP time, and UTC where that is known', () => {
    expect(comparison()).toMatchObject({
      utcOffsetSeconds: 37,
      leap: 'insert',
      isSynchronized: true,
      errorBoundNs: 250,
    });
    expect(comparison({ currentUtcOffsetValid: false }).utcOffsetSeconds).toBeNull();
    expect(comparison({ ptpTimescale: false }).utcOffsetSeconds).toBeNull();
    expect(comparison({ leap61: false, leap59: true }).leap).toBe('delete');
  });

  it('is worth following in holdover, and not before lock', () => {
    expect(comparison({}, 'HOLDOVER').isSynchronized).toBe(true);
    expect(comparison({}, 'ACQUIRING').isSynchronized).toBe(false);
    expect(comparison({}, 'FREE_RUN').isSynchronized).toBe(false);
  });
});

describe('clocks that follow', () => {
  it('work without those that are not there', () => {
    const { log, messages } = logged();
    const specs = [
      { kind: 'phc', path: '/dev/ptp250' },
      { kind: 'chrony-sock', path: '/tmp/timeplane-nobody.sock' },
    ] as const;
    const followers = new ClockFollowers(specs, CONTEXT, log);
    expect(messages()).toEqual([
      'no clock follows PTP time: /dev/ptp250: no such file or directory',
    ]);
    expect(followers.status().map(({ name }) => name)).toEqual([
      'chrony SOCK /tmp/timeplane-nobody.sock',
    ]);
    followers.close();
  });

  it('tell a failure when it begins and when it ends', () => {
    const { log, messages } = logged();
    const folder = mkdtempSync(join(tmpdir(), 'timeplane-follow-'));
    const path = join(folder, 'sock');
    const followers = new ClockFollowers([{ kind: 'chrony-sock', path }], CONTEXT, log);
    for (let n = 0; n < 5; n += 1) followers.follow(comparison());
    expect(messages()).toHaveLength(1);
    expect(messages()[0]).toMatch(/is it running/);
    const socket = openLocalSocket({
      path,
      onDatagram: () => undefined,
      onFailure: () => undefined,
    });
    // A comparison that took long is not used: another one will be.
    for (let n = 0; n < 50 && messages().length < 2; n += 1) followers.follow(comparison());
    expect(messages()[1]).toMatch(/works again/);
    if (socket.ok) socket.value.close();
    followers.close();
    rmSync(folder, { recursive: true });
  });
});
