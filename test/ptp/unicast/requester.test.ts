import { describe, expect, it } from 'vitest';
import { logInterval } from '#units/time';
import type { RequesterEffect } from '#ptp/unicast/unicast-types';
import { ALL_PORTS, isMeantFor } from '#ptp/unicast/unicast-types';
import { MAX_UNICAST_MASTERS } from '#ptp/unicast/requester';
import {
  ASKED,
  Asking,
  cancel,
  grant,
  request,
  said,
  secondsSince,
  signals,
  station,
} from './conversation.js';

const FIRST = station(1);
const SECOND = station(2);

const kinds = (effects: readonly RequesterEffect[]) => effects.map(({ kind }) => kind);

/** What it says while time passes: seconds since now, to whom, and what. */
function pass(port: Asking, duration: number) {
  const start = port.now;
  const messages: (readonly [number, string, number])[] = [];
  const step = 0.25;
  for (let passed = 0; passed < duration; passed += step) {
    for (const signal of signals(port.pass(step))) {
      const to = signal.address.ip?.join('.') ?? '';
      messages.push([Math.round(secondsSince(start, port.now)), to, said(signal).length]);
    }
  }
  return messages;
}

/** A port whose first master was selected and grants everything. */
function served(): Asking {
  const port = new Asking();
  port.starts();
  port.receives(FIRST, grant('announce', 1));
  port.receives(SECOND, grant('announce', 1));
  port.selects(FIRST);
  port.receives(FIRST, grant('sync', -4), grant('delayResp', -4));
  return port;
}

describe('a requester that starts', () => {
  it('asks all masters of its table for Announce, whatever port of theirs it is', () => {
    const effects = signals(new Asking().starts());
    expect(effects.map(({ address }) => address)).toEqual([FIRST.address, SECOND.address]);
    for (const effect of effects) {
      expect(said(effect)).toEqual([request('announce', 1)]);
      expect(effect.targetPortIdentity).toEqual(ALL_PORTS);
    }
  });

  it('asks again: three times at its interval, then less and less often', () => {
    const port = new Asking({ ...ASKED, masters: ASKED.masters.slice(0, 1) });
    port.starts();
    const times = pass(port, 200).map(([time]) => time);
    expect(times).toEqual([1, 2, 4, 8, 16, 32, 64, 124, 184]);
  });

  it('asks what refuses less often at once', () => {
    const port = new Asking({ ...ASKED, masters: ASKED.masters.slice(0, 1) });
    port.starts();
    expect(kinds(port.receives(FIRST, grant('announce', 1, 0)))).toEqual(['refused']);
    expect(pass(port, 30).map(([time]) => time)).toEqual([2, 6, 14, 30]);
    expect(port.counters.refused).toBe(1);
  });

  it('leaves masters out that no table holds', () => {
    const masters = Array.from({ length: MAX_UNICAST_MASTERS + 5 }, (_, n) => ({
      address: station(n + 1).address,
      localPriority: 128,
    }));
    const port = new Asking({ ...ASKED, masters });
    expect(signals(port.starts())).toHaveLength(MAX_UNICAST_MASTERS);
    expect(port.counters.mastersLeftOut).toBe(5);
  });
});

describe('a grant', () => {
  it('is service until its end, and renewed before: one Signaling for what ends together', () => {
    const port = served();
    expect(port.machine.status().filter(({ contract }) => contract !== null)).toHaveLength(4);
    expect(pass(port, 224)).toEqual([]);
    const renewals = pass(port, 2);
    expect(renewals).toContainEqual([1, '192.0.2.1', 3]);
    const [given] = port.receives(FIRST, grant('sync', -4));
    expect(given).toMatchObject({ kind: 'given', renewed: true });
  });

  it('may have another interval than was asked for', () => {
    const port = new Asking();
    port.starts();
    const [given] = port.receives(FIRST, grant('announce', 2, 60));
    expect(given).toMatchObject({
      kind: 'given',
      renewed: false,
      contract: { master: FIRST.port, logInterval: logInterval(2) },
    });
  });

  it('tells which port of the master to talk to from then on', () => {
    const port = served();
    const [asked] = signals(port.pass(226));
    expect(asked?.targetPortIdentity).toEqual(FIRST.port);
  });

  it('that is not renewed ends, and is asked for again', () => {
    const port = served();
    const effects = port.pass(310);
    const ended = effects.filter(({ kind }) => kind === 'ended');
    expect(ended).toHaveLength(4);
    expect(ended[0]).toMatchObject({ why: 'expired' });
    expect(port.counters).toMatchObject({ expired: 4, renewed: 0 });
    expect(port.hasTimer).toBe(true);
    // It may be another clock by now.
    expect(signals(port.pass(60)).at(-1)?.targetPortIdentity).toEqual(ALL_PORTS);
  });

  it('that is refused a second time holds until its end', () => {
    const port = served();
    port.pass(226);
    expect(kinds(port.receives(FIRST, grant('sync', -4, 0)))).toEqual(['refused']);
    const contracts = port.machine.status().filter(({ service }) => service === 'sync');
    expect(contracts[0]?.contract).not.toBeNull();
  });

  it('of a station that is no master of ours is none', () => {
    const port = new Asking();
    port.starts();
    expect(port.receives(station(9), grant('announce', 1))).toEqual([]);
    expect(port.counters).toMatchObject({ granted: 0, fromOthers: 1 });
    expect(port.machine.isMaster(station(9).address)).toBe(false);
    expect(port.machine.localPriorityOf(SECOND.address)).toBe(2);
  });

  it('that was not asked for is cancelled', () => {
    const port = new Asking();
    port.starts();
    const [answer] = signals(port.receives(FIRST, grant('sync', -4)));
    expect(answer && said(answer)).toEqual([cancel('sync', 'requester')]);
    expect(port.counters.unasked).toBe(1);
  });

  it('that nobody hears is no grant: the master has forgotten it', () => {
    const port = served();
    const [ended, asked] = port.carry(port.machine.silent(FIRST.address, 'sync', port.now));
    expect(ended).toMatchObject({ kind: 'ended', why: 'expired', contract: { service: 'sync' } });
    expect(asked?.kind === 'signal' && said(asked)).toEqual([request('sync', -4)]);
    expect(port.counters.silent).toBe(1);
  });
});

describe('the selected master', () => {
  it('is asked for Sync and Delay_Resp, the one before it has them cancelled', () => {
    const port = served();
    const effects = port.selects(SECOND);
    expect(kinds(effects)).toEqual(['ended', 'ended', 'signal', 'signal']);
    const [toFirst, toSecond] = signals(effects);
    expect(toFirst?.address).toEqual(FIRST.address);
    expect(toFirst && said(toFirst)).toEqual([
      cancel('sync', 'requester'),
      cancel('delayResp', 'requester'),
    ]);
    expect(toSecond?.address).toEqual(SECOND.address);
    expect(toSecond && said(toSecond)).toEqual([request('sync', -4), request('delayResp', -4)]);
  });

  it('is asked once', () => {
    const port = served();
    expect(port.selects(FIRST)).toEqual([]);
    expect(port.selects(station(7))).not.toEqual([]);
    expect(port.selects(null)).toEqual([]);
  });

  it('is told three times that its service is not wanted, unless it acknowledges', () => {
    const port = served();
    port.selects(null);
    port.receives(FIRST, cancel('delayResp', 'requester', 'acknowledgeCancelUnicast'));
    expect(pass(port, 10)).toEqual([
      [1, '192.0.2.1', 1],
      [2, '192.0.2.1', 1],
    ]);
    expect(port.counters.cancelsUnacknowledged).toBe(1);
  });

  it('of a port without Delay_Req is asked for Sync alone', () => {
    const port = new Asking({ ...ASKED, logDelayRespInterval: null });
    port.starts();
    const [asked] = signals(port.selects(FIRST));
    expect(asked && said(asked)).toEqual([request('sync', -4)]);
  });
});

describe('a cancel by the master', () => {
  it('is acknowledged, and after a while asked for again', () => {
    const port = served();
    const [ended, answer] = port.receives(FIRST, cancel('sync', 'grantor'));
    expect(ended).toMatchObject({ kind: 'ended', why: 'cancelled' });
    expect(answer?.kind === 'signal' && said(answer)).toEqual([
      cancel('sync', 'grantor', 'acknowledgeCancelUnicast'),
    ]);
    expect(pass(port, 1.5)).toEqual([[1, '192.0.2.1', 1]]);
  });

  it('of what it was given itself is nothing to us', () => {
    const port = served();
    expect(port.receives(FIRST, cancel('sync', 'requester'))).toEqual([]);
  });
});

describe('a requester that stops', () => {
  it('cancels what it has, and is quiet when that is acknowledged', () => {
    const port = served();
    const effects = port.carry(port.machine.stop(port.now));
    expect(signals(effects).map((signal) => said(signal).length)).toEqual([3, 1]);
    expect(effects.filter(({ kind }) => kind === 'ended')).toHaveLength(4);
    const acknowledged = (service: 'announce' | 'sync' | 'delayResp') =>
      cancel(service, 'requester', 'acknowledgeCancelUnicast');
    port.receives(FIRST, acknowledged('announce'), acknowledged('sync'), acknowledged('delayResp'));
    port.receives(SECOND, acknowledged('announce'));
    expect(port.hasTimer).toBe(false);
    expect(port.machine.status()).toEqual([]);
  });

  it('with the link, tells nobody and begins anew', () => {
    const port = served();
    const effects = port.carry(port.machine.reset());
    expect(kinds(effects)).toEqual(['ended', 'ended', 'ended', 'ended']);
    expect(port.hasTimer).toBe(false);
    expect(signals(port.starts())).toHaveLength(2);
  });
});

describe('another configuration', () => {
  const configure = (port: Asking, change: Partial<typeof ASKED>) =>
    port.carry(port.machine.configure({ ...ASKED, ...change }, port.now));

  it('that is the same changes nothing', () => {
    expect(configure(served(), {})).toEqual([]);
  });

  it('asks new masters, and cancels those that are gone', () => {
    const port = served();
    const effects = configure(port, {
      masters: [SECOND, station(3)].map(({ address }) => ({ address, localPriority: 1 })),
    });
    const messages = signals(effects).map(({ address, ...signal }) => [
      address.ip?.[3],
      ...said({ address, ...signal }).map(({ kind }) => kind),
    ]);
    expect(messages).toEqual([
      [1, 'cancelUnicast', 'cancelUnicast', 'cancelUnicast'],
      [3, 'requestUnicast'],
    ]);
  });

  it('of another Sync interval asks for that, without a gap', () => {
    const effects = configure(served(), { logSyncInterval: logInterval(-5) });
    expect(kinds(effects)).toEqual(['signal']);
    expect(signals(effects).map(said)).toEqual([[request('sync', -5)]]);
  });
});

describe('targetPortIdentity', () => {
  it('is a port, all ports of a clock, or all', () => {
    const { port } = FIRST;
    expect(isMeantFor(port, port)).toBe(true);
    expect(isMeantFor(ALL_PORTS, port)).toBe(true);
    expect(isMeantFor({ ...port, portNumber: 0xffff }, port)).toBe(true);
    expect(isMeantFor({ ...port, portNumber: 2 }, port)).toBe(false);
    expect(isMeantFor(SECOND.port, port)).toBe(false);
  });
});
