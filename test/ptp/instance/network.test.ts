/** Instances among themselves: virtual clocks with oscillators of their own, virtual links. */
import { describe, expect, it } from 'vitest';
import { logInterval, ppb, scaledNs, scaledUnits } from '#units/time';
import type { InstanceConfig, PortConfig } from '#ptp/instance/instance-types';
import { instanceConfig, portConfig, type ConfigChange } from './settings.js';
import { VirtualNetwork, type VirtualNode } from './virtual-network.js';

const GM = 0x0000_00ff_fe00_0001n;
const GM2 = 0x0000_00ff_fe00_0004n;
const BC = 0x0000_00ff_fe00_0002n;
const BC2 = 0x0000_00ff_fe00_0005n;
const OC = 0x0000_00ff_fe00_0003n;

const FAST: Partial<PortConfig> = {
  logSyncInterval: logInterval(-4),
  logMinDelayReqInterval: logInterval(-3),
  logAnnounceInterval: logInterval(-3),
};

function ports(change: Partial<PortConfig>, count = 2): ConfigChange {
  return { ports: Array.from({ length: count }, (_, i) => portConfig(i + 1, change)) };
}

function grandmaster(identity: bigint, priority1: number, change: Partial<PortConfig> = {}) {
  return instanceConfig(identity, { ...ports(change), defaultDS: { priority1 } });
}

function slave(identity: bigint, change: Partial<PortConfig> = {}): InstanceConfig {
  return instanceConfig(identity, { ...ports(change, 1), defaultDS: { slaveOnly: true } });
}

function chain(change: Partial<PortConfig> = {}) {
  const network = new VirtualNetwork(7);
  const gm = network.node('gm', grandmaster(GM, 10, change));
  const boundary = instanceConfig(BC, ports(change));
  const bc = network.node('bc', boundary, { offsetNs: 5_000_000n, ppm: 20 });
  const oc = network.node('oc', slave(OC, change), {
    offsetNs: (1n << 48n) - 20_000_000_000n,
    ppm: -35,
  });
  const upper = network.link([gm, 1], [bc, 1], 1_500n);
  const lower = network.link([bc, 2], [oc, 1], 700n);
  gm.start();
  bc.start(3_000_000_000n);
  oc.start(-12_345n);
  return { network, gm, bc, oc, upper, lower };
}

function stepsAfterLock(node: VirtualNode): number {
  const lockedAt = node.effects.findIndex(
    ({ effect }) => effect.kind === 'lockState' && effect.to === 'LOCKED',
  );
  expect(lockedAt).toBeGreaterThan(0);
  return node.effects
    .slice(lockedAt)
    .filter(({ effect }) => effect.kind === 'setClock' && effect.step !== null).length;
}

describe('a grandmaster, a boundary clock and a slave in a row', () => {
  it.each(['two', 'one'] as const)('lock, with %s-step Sync', (step) => {
    const { network, gm, bc, oc } = chain({ step });
    network.run(900);
    expect([gm.state(1), bc.state(1), bc.state(2), oc.state(1)]).toEqual([
      'master',
      'slave',
      'master',
      'slave',
    ]);
    expect(bc.status.currentDS.stepsRemoved).toBe(1);
    expect(oc.status.currentDS.stepsRemoved).toBe(2);
    expect(oc.status.parentDS.grandmasterIdentity).toBe(GM);
    expect(bc.status.servo.state).toBe('LOCKED');
    expect(oc.status.servo.state).toBe('LOCKED');
    expect(Math.abs(bc.errorNs)).toBeLessThan(20);
    expect(Math.abs(oc.errorNs)).toBeLessThan(40);
  });

  it('have no step after they are locked', () => {
    const { network, bc, oc } = chain();
    network.run(300);
    expect([bc, oc].map(stepsAfterLock)).toEqual([0, 0]);
  });

  it('are slaves within seconds at sixteen Syncs a second', () => {
    const { network, oc } = chain(FAST);
    const seconds = network.runUntil(() => oc.state(1) === 'slave', 30);
    expect(seconds).not.toBeNull();
    expect(seconds).toBeLessThan(10);
  });

  it('lose a third of all but Announces, have the rest delayed by chance, and stay locked', () => {
    const { network, bc, oc } = chain(FAST);
    network.loses = ({ kind }) => kind !== 'announce' && network.random() < 0.33;
    network.jitterNs = () => BigInt(Math.floor(network.random() * 200));
    network.run(120);
    expect([bc.state(1), oc.state(1)]).toEqual(['slave', 'slave']);
    expect(Math.abs(bc.errorNs)).toBeLessThan(150);
    expect(Math.abs(oc.errorNs)).toBeLessThan(250);
  });

  it('follow the asymmetry that they are told of', () => {
    const network = new VirtualNetwork(7);
    const gm = network.node('gm', grandmaster(GM, 10, FAST));
    const asymmetric = { ...FAST, delayAsymmetry: scaledNs(400n << 16n) };
    const oc = network.node('oc', slave(OC, asymmetric), { ppm: 4 });
    network.link([gm, 1], [oc, 1], 1_400n, 600n);
    gm.start();
    oc.start();
    network.run(60);
    expect(Math.abs(oc.errorNs)).toBeLessThan(10);
    expect(Number(scaledUnits(oc.status.currentDS.meanDelay) >> 16n)).toBeCloseTo(1_000, -1);
  });

  it('keep their time without a grandmaster, and take it up again without a step', () => {
    const { network, gm, bc, upper } = chain(FAST);
    network.run(60);
    network.setLink(upper, false);
    network.run(30);
    expect(bc.status.servo.state).toBe('HOLDOVER');
    expect(bc.status.parentDS.grandmasterIdentity).toBe(BC);
    expect(Math.abs(bc.errorNs)).toBeLessThan(2_000);
    network.setLink(upper, true);
    network.run(60);
    expect([gm.state(1), bc.state(1)]).toEqual(['master', 'slave']);
    expect(Math.abs(bc.errorNs)).toBeLessThan(20);
    expect(stepsAfterLock(bc)).toBe(0);
  });
});

describe('peer delay', () => {
  it('is all that a P2P port needs', () => {
    const network = new VirtualNetwork(3);
    const p2p: Partial<PortConfig> = { ...FAST, delayMechanism: 'p2p' };
    const gm = network.node('gm', grandmaster(GM, 10, p2p));
    const oc = network.node('oc', slave(OC, p2p), { ppm: 12 });
    network.link([gm, 1], [oc, 1], 2_000n);
    gm.start();
    oc.start(500_000n);
    network.run(2);
    expect(oc.status.ports[0]?.why).toContain('the delay of the link has not been measured');
    oc.feed({
      kind: 'linkDelay',
      port: 1,
      meanLinkDelay: scaledNs(2_000n << 16n),
      neighborRate: ppb(0),
      asCapable: true,
    });
    network.run(40);
    expect(oc.state(1)).toBe('slave');
    expect(Math.abs(oc.errorNs)).toBeLessThan(10);
    expect(network.frames.some(({ message }) => message.kind === 'delayReq')).toBe(false);
  });

  it('is in the error bound with as much as it scatters', () => {
    const network = new VirtualNetwork(3);
    const p2p: Partial<PortConfig> = { ...FAST, delayMechanism: 'p2p' };
    const gm = network.node('gm', grandmaster(GM, 10, p2p));
    const oc = network.node('oc', slave(OC, p2p), { ppm: 12 });
    network.link([gm, 1], [oc, 1], 2_000n);
    gm.start();
    oc.start(500_000n);
    const measured = {
      kind: 'linkDelay',
      port: 1,
      meanLinkDelay: scaledNs(2_000n << 16n),
      neighborRate: ppb(0),
      asCapable: true,
    } as const;
    oc.feed(measured);
    network.run(40);
    const sure = oc.status.servo.errorBoundNs ?? Infinity;
    oc.feed({ ...measured, deviation: scaledNs(100n << 16n) });
    network.run(5);
    expect(oc.status.servo.errorBoundNs ?? 0).toBeGreaterThan(sure + 250);
  });
});

describe('two grandmasters', () => {
  /** Both are on ports of a boundary clock that serves a slave. */
  function two(change: Partial<PortConfig> = {}) {
    const network = new VirtualNetwork(11);
    const first = network.node('first', grandmaster(GM, 10, change));
    const second = network.node('second', grandmaster(GM2, 20, change));
    const bc = network.node('bc', instanceConfig(BC, ports(change, 3)), { ppm: 17 });
    const oc = network.node('oc', slave(OC, change), { ppm: -9 });
    const link = network.link([first, 1], [bc, 1]);
    network.link([second, 1], [bc, 2]);
    network.link([bc, 3], [oc, 1]);
    for (const node of [first, second, bc, oc]) node.start();
    network.run(60);
    expect([bc.state(1), bc.state(2), bc.state(3)]).toEqual(['slave', 'master', 'master']);
    return { network, first, second, bc, oc, link };
  }

  const isOnSecond = (node: VirtualNode): boolean =>
    node.status.parentDS.grandmasterIdentity === GM2;

  it.each([
    // The second one is a slave of ours: it announces as soon as it hears something worse.
    ['its Announces end', {}, 5],
    ['its Syncs end', { syncReceiptTimeout: 3 }, 0.5],
  ] as const)('are followed one after the other: %s', (_, change, limit) => {
    const { network, first, second, oc } = two({ ...FAST, ...change });
    first.isDead = true;
    const seconds = network.runUntil(() => isOnSecond(oc), 10, 0.001);
    expect(seconds).not.toBeNull();
    expect(seconds).toBeLessThan(limit);
    network.run(60);
    expect(oc.state(1)).toBe('slave');
    // The second one is on its own now; the two below it settle on its frequency.
    expect(Math.abs(oc.errorNs - second.errorNs)).toBeLessThan(200);
    expect(stepsAfterLock(oc)).toBe(0);
  });

  it('are followed after two Announces where the link says that it is down', () => {
    const { network, oc, link } = two(FAST);
    network.setLink(link, false);
    const seconds = network.runUntil(() => isOnSecond(oc), 10, 0.001);
    expect(seconds).not.toBeNull();
    expect(seconds).toBeLessThan(0.2);
  });

  it('change places again when the first is back', () => {
    const { network, first, bc, oc } = two(FAST);
    first.isDead = true;
    network.run(30);
    expect(isOnSecond(oc)).toBe(true);
    first.isDead = false;
    first.feed({ kind: 'stop' });
    first.start();
    network.run(60);
    expect(oc.status.parentDS.grandmasterIdentity).toBe(GM);
    expect(bc.state(1)).toBe('slave');
    expect(stepsAfterLock(oc)).toBe(0);
  });
});

describe('a ring', () => {
  it('is cut by one PASSIVE port, and heals the other way round', () => {
    const network = new VirtualNetwork(5);
    const gm = network.node('gm', grandmaster(GM, 10, FAST));
    const a = network.node('a', instanceConfig(BC, ports(FAST)), { ppm: 3 });
    const b = network.node('b', instanceConfig(BC2, ports(FAST)), { ppm: -3 });
    const link = network.link([gm, 1], [a, 1]);
    network.link([gm, 2], [b, 1]);
    network.link([a, 2], [b, 2]);
    for (const node of [gm, a, b]) node.start();
    network.run(60);
    expect([a.state(1), b.state(1)]).toEqual(['slave', 'slave']);
    expect([a.state(2), b.state(2)].sort()).toEqual(['master', 'passive']);
    network.setLink(link, false);
    if (a.state(2) !== 'master') expect(a.status.parentDS.grandmasterIdentity).toBe(GM);
    network.run(30);
    expect([a.state(2), b.state(2), b.state(1)]).toEqual(['slave', 'master', 'slave']);
    expect(a.status.currentDS.stepsRemoved).toBe(2);
    network.setLink(link, true);
    network.run(30);
    expect([a.state(1), b.state(1)]).toEqual(['slave', 'slave']);
  });
});

describe('a path trace', () => {
  it('tells every clock on the way, and no clock of a loop is believed', () => {
    const network = new VirtualNetwork(5);
    const traced = { ...ports(FAST), pathTrace: true };
    const gm = network.node('gm', instanceConfig(GM, { ...traced, defaultDS: { priority1: 1 } }));
    const bc = network.node('bc', instanceConfig(BC, traced));
    const oc = network.node(
      'oc',
      instanceConfig(OC, { ...traced, defaultDS: { slaveOnly: true } }),
    );
    network.link([gm, 1], [bc, 1]);
    network.link([bc, 2], [oc, 1]);
    for (const node of [gm, bc, oc]) node.start();
    network.run(20);
    expect(oc.status.pathTraceDS).toEqual({ enable: true, list: [GM, BC] });
    expect(bc.status.pathTraceDS.list).toEqual([GM]);
    expect(gm.status.pathTraceDS.list).toEqual([]);
  });
});

describe('a unicast client', () => {
  function unicast(multicast = false) {
    const network = new VirtualNetwork(9);
    const grants = {
      maxGrants: 8,
      maxMessagesPerSecond: 256,
      maxDurationSeconds: 300,
      minLogAnnounceInterval: logInterval(-3),
      minLogSyncInterval: logInterval(-7),
      minLogDelayRespInterval: logInterval(-7),
    };
    const serving = { ...FAST, unicastGrants: grants, multicast };
    const gm = network.node('gm', grandmaster(GM, 10, serving));
    const asking = {
      ...FAST,
      unicastMasters: [{ address: gm.addressOf(1), localPriority: 128 }],
    };
    const oc = network.node('oc', slave(OC, asking), { ppm: 8 });
    const link = network.link([gm, 1], [oc, 1], 900n);
    gm.start();
    oc.start(7_777n);
    return { network, gm, oc, link };
  }

  it('asks for Announce, then for Sync and Delay_Resp, and locks', () => {
    const { network, gm, oc } = unicast();
    network.run(60);
    expect([gm.state(1), oc.state(1)]).toEqual(['master', 'slave']);
    expect(Math.abs(oc.errorNs)).toBeLessThan(10);
    expect(gm.status.ports[0]?.grants).toEqual({ given: 3, received: 0 });
    expect(oc.status.ports[0]?.grants).toEqual({ given: 0, received: 3 });
    const group = network.frames.filter(({ message }) => (message.header.flags & 0x0400) === 0);
    expect(group).toEqual([]);
  });

  it('takes what is sent to it alone, where its master sends to all as well', () => {
    const { network, oc } = unicast(true);
    network.run(60);
    expect(oc.state(1)).toBe('slave');
    expect(Math.abs(oc.errorNs)).toBeLessThan(10);
    const { syncsMulticast = 0, syncsUsed = 0 } = oc.status.ports[0]?.counters ?? {};
    // A Sync and its Follow_Up each.
    expect(syncsMulticast / 2 / syncsUsed).toBeCloseTo(1, 1);
  });

  it('is served on, across renewals', () => {
    const { network, oc } = unicast();
    network.run(700);
    expect(oc.state(1)).toBe('slave');
    expect(oc.status.ports[0]?.counters['announceReceiptTimeouts']).toBeUndefined();
  });

  it('asks anew after its link was gone', () => {
    const { network, oc, link } = unicast();
    network.run(30);
    network.setLink(link, false);
    network.run(5);
    expect(oc.state(1)).toBe('faulty');
    network.setLink(link, true);
    network.run(30);
    expect(oc.state(1)).toBe('slave');
  });
});

it('gives the same run for the same seed', () => {
  const [one, other] = [chain(FAST), chain(FAST)].map(({ network, bc }) => {
    network.run(20);
    return bc.effects.map(({ timeNs, effect }) => `${timeNs} ${effect.kind}`);
  });
  expect(one).toEqual(other);
});
