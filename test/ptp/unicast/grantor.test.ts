import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logInterval } from '#units/time';
import type { GrantorEffect } from '#ptp/unicast/unicast-types';
import { UNICAST_SERVICES } from '#ptp/unicast/unicast-types';
import {
  cancel,
  grant,
  Granting,
  LIMITS,
  request,
  said,
  signals,
  station,
} from './conversation.js';

const SEED = 0x1588;
const CLIENT = station(1);
const OTHER = station(2);

const transmissions = (effects: readonly GrantorEffect[]) =>
  effects.filter((effect) => effect.kind === 'transmit');

describe('a request for unicast service', () => {
  it('is granted, and the first message leaves at once', () => {
    const port = new Granting();
    const [answer, given] = port.receives(CLIENT, request('announce', 1, 60));
    expect(answer).toMatchObject({
      kind: 'signal',
      address: CLIENT.address,
      targetPortIdentity: CLIENT.port,
    });
    expect(answer?.kind === 'signal' && said(answer)).toEqual([grant('announce', 1, 60)]);
    expect(given).toMatchObject({ kind: 'given', grant: { requester: CLIENT.port } });
    const [first] = port.pass(0.004);
    expect(first).toMatchObject({
      kind: 'transmit',
      sequenceId: 0,
      grant: { service: 'announce' },
    });
  });

  it('for three services at once is answered in one Signaling', () => {
    const port = new Granting();
    const wanted = [request('announce', 1), request('sync', -4), request('delayResp', -4)];
    const [answer] = signals(port.receives(CLIENT, ...wanted));
    expect(answer && said(answer)).toEqual([
      grant('announce', 1),
      grant('sync', -4),
      grant('delayResp', -4),
    ]);
    expect(port.machine.size).toBe(3);
    expect(port.machine.messagesPerSecond).toBe(0.5 + 16 + 16);
    expect(port.machine.isServed(CLIENT.port, CLIENT.address, 'delayResp')).toBe(true);
    expect(port.machine.isServed(CLIENT.port, OTHER.address, 'delayResp')).toBe(false);
  });

  it('for longer than we grant is granted for as long as we do', () => {
    const [answer] = signals(new Granting().receives(CLIENT, request('sync', 0, 0xffff_ffff)));
    expect(answer && said(answer)).toEqual([grant('sync', 0, 1_000)]);
  });

  it.each([
    ['too many messages a second of its own', request('sync', -8), 'refusedInterval'],
    ['an interval that nobody has a use for', request('sync', 0x7f), 'refusedInterval'],
    ['Pdelay_Resp', { ...request('sync', 0), messageType: 3 }, 'refusedService'],
    ['Follow_Up', { ...request('sync', 0), messageType: 8 }, 'refusedService'],
  ] as const)('for %s is refused: a duration of 0', (_what, tlv, counter) => {
    const port = new Granting();
    const effects = port.receives(CLIENT, tlv);
    const [answer] = signals(effects);
    expect(answer && said(answer)).toMatchObject([
      {
        kind: 'grantUnicast',
        messageType: 'messageType' in tlv ? tlv.messageType : 0,
        durationSeconds: 0,
        renewalInvited: false,
      },
    ]);
    expect(effects).toHaveLength(1);
    expect(port.counters[counter]).toBe(1);
    expect(port.hasTimer).toBe(false);
  });

  it('to a port that is no master, or does not negotiate, is refused', () => {
    const slave = new Granting();
    slave.carry(slave.machine.setServing(false, slave.now));
    const silent = new Granting(null);
    for (const port of [slave, silent]) {
      const [answer] = signals(port.receives(CLIENT, request('announce', 1)));
      expect(answer && said(answer)).toMatchObject([{ durationSeconds: 0 }]);
      expect(port.counters.refusedNotServing).toBe(1);
    }
  });
});

describe('limits', () => {
  it('hold for the number of grants', () => {
    const port = new Granting({ ...LIMITS, maxGrants: 3 });
    for (let n = 1; n <= 5; n++) port.receives(station(n), request('announce', 1));
    expect(port.machine.size).toBe(3);
    expect(port.counters.refusedGrants).toBe(2);
    // Who is served already may go on.
    port.receives(station(2), request('announce', 1));
    expect(port.counters).toMatchObject({ refusedGrants: 2, renewed: 1 });
  });

  it('hold for the messages of all grants together', () => {
    const port = new Granting({ ...LIMITS, maxMessagesPerSecond: 40 });
    port.receives(CLIENT, request('sync', -5));
    port.receives(OTHER, request('sync', -4));
    expect(port.counters).toMatchObject({ given: 1, refusedRate: 1 });
    port.receives(OTHER, request('sync', -3));
    expect(port.machine.messagesPerSecond).toBe(40);
    // A slower one makes room.
    port.receives(CLIENT, request('sync', -4));
    expect(port.machine.messagesPerSecond).toBe(24);
  });

  it('that are narrowed revoke the newest grants', () => {
    const port = new Granting();
    for (let n = 1; n <= 4; n++) port.receives(station(n), request('sync', -4));
    const effects = port.carry(port.machine.configure({ ...LIMITS, maxGrants: 3 }, port.now));
    expect(effects).toMatchObject([
      { kind: 'ended', why: 'revoked', grant: { requester: station(4).port } },
      { kind: 'signal', address: station(4).address },
    ]);
    expect(port.machine.messagesPerSecond).toBe(48);
  });

  it('hold whatever is asked, and nothing is left when all of it has ended', () => {
    const tlv = fc.oneof(
      fc.record({
        kind: fc.constant('requestUnicast' as const),
        messageType: fc.nat(15),
        logInterMessagePeriod: fc.integer({ min: -10, max: 14 }).map(logInterval),
        durationSeconds: fc.nat(5_000),
      }),
      fc.record({
        kind: fc.constantFrom('cancelUnicast' as const, 'acknowledgeCancelUnicast' as const),
        messageType: fc.nat(15),
        maintainRequest: fc.boolean(),
        maintainGrant: fc.boolean(),
      }),
    );
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ who: fc.nat(40), tlvs: fc.array(tlv, { maxLength: 20 }) }),
      },
      { weight: 2, arbitrary: fc.record({ passed: fc.double({ min: 0, max: 20, noNaN: true }) }) },
      { weight: 1, arbitrary: fc.record({ serving: fc.boolean() }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const port = new Granting();
        let ended = 0;
        const watch = (effects: readonly GrantorEffect[]): void => {
          ended += effects.filter(({ kind }) => kind === 'ended').length;
        };
        for (const happened of steps) {
          if ('who' in happened) watch(port.receives(station(happened.who), ...happened.tlvs));
          else if ('passed' in happened) watch(port.late(happened.passed));
          else watch(port.carry(port.machine.setServing(happened.serving, port.now)));
          const { size, messagesPerSecond } = port.machine;
          expect(size).toBeLessThanOrEqual(LIMITS.maxGrants);
          expect(messagesPerSecond).toBeLessThanOrEqual(LIMITS.maxMessagesPerSecond);
          expect(port.counters.given - ended).toBe(size);
        }
        watch(port.late(10_000));
        watch(port.pass(10));
        expect(port.machine.size).toBe(0);
        expect(port.machine.messagesPerSecond).toBe(0);
        expect(port.counters.given).toBe(ended);
        expect(port.hasTimer).toBe(false);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });
});

describe('service', () => {
  it('is as many messages as were granted, until it expires', () => {
    const port = new Granting();
    port.receives(CLIENT, request('sync', -4, 10));
    const effects = port.pass(11);
    const sent = transmissions(effects);
    expect(sent.length).toBeGreaterThanOrEqual(159);
    expect(sent.length).toBeLessThanOrEqual(161);
    expect(sent.map(({ sequenceId }) => sequenceId)).toEqual(sent.map((_, index) => index));
    expect(effects.at(-1)).toMatchObject({ kind: 'ended', why: 'expired' });
    expect(port.counters).toMatchObject({ expired: 1, skipped: 0, transmitted: sent.length });
    expect(port.hasTimer).toBe(false);
  });

  it('goes on without a gap when it is renewed', () => {
    const port = new Granting();
    port.receives(CLIENT, request('sync', -4, 10));
    let sent = transmissions(port.pass(8)).length;
    const [, ...others] = port.receives(CLIENT, request('sync', -4, 10));
    expect(others).toEqual([]);
    sent += transmissions(port.pass(9)).length;
    expect(Math.abs(sent - 17 * 16)).toBeLessThanOrEqual(1);
    expect(port.counters).toMatchObject({ given: 1, renewed: 1, expired: 0 });
  });

  it('of another interval replaces the old one', () => {
    const port = new Granting();
    port.receives(CLIENT, request('sync', 0));
    port.pass(5);
    port.receives(CLIENT, request('sync', -3));
    expect(Math.abs(transmissions(port.pass(4)).length - 32)).toBeLessThanOrEqual(1);
    expect(port.machine.size).toBe(1);
  });

  it('that we were too late for is skipped, not made up for', () => {
    const port = new Granting();
    port.receives(CLIENT, request('sync', -4));
    port.pass(1);
    expect(transmissions(port.late(1))).toHaveLength(1);
    expect(port.counters.skipped).toBeGreaterThanOrEqual(14);
    expect(transmissions(port.pass(1)).length).toBeLessThanOrEqual(17);
  });

  it('of a thousand clients is spread over each interval, on few timers', () => {
    const port = new Granting({ ...LIMITS, maxGrants: 1_000, maxMessagesPerSecond: 16_000 });
    for (let n = 0; n < 1_000; n++) port.receives(station(n), request('sync', -4));
    port.pass(1);
    const before = port.timersFired;
    const perTimer: number[] = [];
    for (let n = 0; n < 256; n++) perTimer.push(transmissions(port.pass(1 / 256)).length);
    const total = perTimer.reduce((sum, count) => sum + count, 0);
    expect(Math.abs(total - 16_000)).toBeLessThanOrEqual(100);
    expect(Math.max(...perTimer)).toBeLessThanOrEqual(70);
    expect(port.timersFired - before).toBeLessThanOrEqual(257);
  });

  it('is kept for each port of a station, and each address of a port', () => {
    const port = new Granting();
    const second = { ...CLIENT, port: { ...CLIENT.port, portNumber: 2 } };
    const moved = { ...CLIENT, address: OTHER.address };
    for (const from of [CLIENT, second, moved]) port.receives(from, request('sync', 0));
    expect(port.machine.grants().map(({ requester }) => requester.portNumber)).toEqual([1, 2, 1]);
    expect(port.machine.size).toBe(3);
  });
});

describe('an end before its time', () => {
  it('by the requester is acknowledged, as often as it asks', () => {
    const port = new Granting();
    port.receives(CLIENT, request('sync', -4));
    const [answer, ended] = port.receives(CLIENT, cancel('sync', 'requester'));
    const acknowledged = [cancel('sync', 'requester', 'acknowledgeCancelUnicast')];
    expect(answer?.kind === 'signal' && said(answer)).toEqual(acknowledged);
    expect(ended).toMatchObject({ kind: 'ended', why: 'cancelled' });
    expect(transmissions(port.pass(2))).toEqual([]);
    const again = port.receives(CLIENT, cancel('sync', 'requester'));
    expect(again).toHaveLength(1);
    expect(again[0]?.kind === 'signal' && said(again[0])).toEqual(acknowledged);
  });

  it('of what it grants itself is nothing to us', () => {
    const port = new Granting();
    port.receives(CLIENT, request('sync', -4));
    expect(port.receives(CLIENT, cancel('sync', 'grantor'))).toEqual([]);
    expect(port.machine.size).toBe(1);
  });

  it('from somebody else ends nothing', () => {
    const port = new Granting();
    port.receives(CLIENT, request('sync', -4));
    port.receives({ ...OTHER, port: CLIENT.port }, cancel('sync', 'requester'));
    expect(port.machine.size).toBe(1);
  });

  it('by us is told, and told again until it is acknowledged', () => {
    const port = new Granting();
    port.receives(CLIENT, request('sync', -4));
    port.receives(OTHER, request('sync', -4));
    const effects = port.carry(port.machine.setServing(false, port.now));
    expect(effects.map(({ kind }) => kind)).toEqual(['ended', 'signal', 'ended', 'signal']);
    expect(signals(effects).map(said)).toEqual([
      [cancel('sync', 'grantor')],
      [cancel('sync', 'grantor')],
    ]);
    port.receives(CLIENT, cancel('sync', 'grantor', 'acknowledgeCancelUnicast'));
    const later = signals(port.pass(10));
    expect(later.map(({ address }) => address)).toEqual([OTHER.address, OTHER.address]);
    expect(port.counters).toMatchObject({ revoked: 2, cancelsUnacknowledged: 1 });
    expect(port.hasTimer).toBe(false);
  });

  it('with the link leaves nothing behind', () => {
    const port = new Granting();
    for (const service of UNICAST_SERVICES) port.receives(CLIENT, request(service, 0));
    const effects = port.carry(port.machine.reset());
    expect(effects.map(({ kind }) => kind)).toEqual(['ended', 'ended', 'ended']);
    expect(port.hasTimer).toBe(false);
    expect(port.machine.messagesPerSecond).toBe(0);
  });
});

describe('memory', () => {
  it('does not grow with requesters that change their mind', () => {
    const port = new Granting();
    for (let n = 0; n < 20_000; n++) {
      port.receives(CLIENT, request('announce', n % 2 === 0 ? 12 : 11, 1_000));
      if (n % 3 === 0) port.receives(CLIENT, cancel('announce', 'requester'));
    }
    expect(port.machine.queued).toBeLessThanOrEqual(100);
  });

  it('of one Signaling takes sixteen TLVs at most', () => {
    const port = new Granting();
    port.receives(CLIENT, ...Array.from({ length: 40 }, () => request('sync', 0)));
    expect(port.counters).toMatchObject({ requests: 16, leftOut: 24 });
  });
});
