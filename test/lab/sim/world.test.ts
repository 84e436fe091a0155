/** Clocks in a simulated world: they are the instances that run on the switch. */
import { describe, expect, it } from 'vitest';
import type { PortChoices } from '#ptp/profiles/profile-choices';
import { scaledFromNumber, scaledToNumber } from '#units/time';
import { encodeMessage, type PtpMessage } from '#wire/ptp-message';
import {
  corrupting,
  delaying,
  detouring,
  duplicating,
  interrupting,
  losing,
  reordering,
  wire,
  wires,
} from '#lab/sim/channels';
import { clockConfig, grandmasterConfig } from '#lab/sim/clocks';
import type { Channel, Frame, Station } from '#lab/sim/link-types';
import { PtpNode, type PtpNodeOptions } from '#lab/sim/ptp-node';
import { boundaryChain, boundaryWithClients, transparentChain } from '#lab/sim/topologies';
import { TransparentNode } from '#lab/sim/transparent/node';
import { World } from '#lab/sim/world';

const GRANDMASTER = 0x001b19fffe000001n;
const CLIENT = 0x001b19fffe000002n;
const SECOND_NS = 1e9;
/** More than the 5 ms by which a master may move between two Syncs. */
const JUMP_NS = 20_000_000;

/** FNV-1a over every octet that leaves anybody, and when, and from where. */
class Trace {
  #hash = 0x811c9dc5;
  frames = 0;

  readonly onFrame = ({ message }: Frame, from: Station, port: number, atNs: number): void => {
    this.frames += 1;
    const head = `${atNs} ${from.name} ${port} `;
    for (let i = 0; i < head.length; i += 1) this.#mix(head.charCodeAt(i));
    for (const octet of encodeMessage(message)) this.#mix(octet);
  };

  get digest(): string {
    return (this.#hash >>> 0).toString(16);
  }

  #mix(octet: number): void {
    this.#hash = Math.imul(this.#hash ^ octet, 0x01000193);
  }
}

function digestOf(seed: number, overTheWire = true): string {
  const trace = new Trace();
  const world = new World({ seed, onFrame: trace.onFrame });
  const timestamper = { jitter: { kind: 'normal', sigmaNs: 20 } } as const;
  const { grandmaster, clocks } = boundaryChain(world, { hops: 3, timestamper, overTheWire });
  for (const node of [grandmaster, ...clocks]) node.start();
  world.run(60);
  expect(trace.frames).toBeGreaterThan(500);
  return trace.digest;
}

/** Wrong by milliseconds, to either side, and none as its neighbour. */
const ERRORS_MS = [37, -41, 23, -12, 31, -29];

describe('clocks that are all started at once', () => {
  it.each([
    [0, 60],
    [-4, 30],
  ])(
    'agree, though each follows one that is wrong itself: 2^%d s between Syncs, within %d s',
    (logSyncInterval, seconds) => {
      const world = new World({ seed: 5 });
      const port = { logSyncInterval, logMinDelayReqInterval: logSyncInterval };
      const { grandmaster, clocks } = boundaryChain(world, { hops: ERRORS_MS.length, port });
      grandmaster.start();
      for (const [at, node] of clocks.entries()) node.start(1e6 * (ERRORS_MS[at] ?? 0));
      world.run(seconds);
      const errors = clocks.map(({ errorNs }) => Math.round(errorNs));
      expect(errors.filter((errorNs) => Math.abs(errorNs) > 10_000)).toEqual([]);
    },
  );
});

/** A grandmaster and a client, with what a test puts between them. */
function pair(
  world: World,
  between: {
    readonly there?: (channel: Channel) => Channel;
    readonly back?: (channel: Channel) => Channel;
  } = {},
  client: Partial<PtpNodeOptions> = {},
) {
  const node = (name: string, config: PtpNodeOptions['config'], more = {}) =>
    new PtpNode(world, name, { config, overTheWire: true, ...more });
  const master = node('master', grandmasterConfig({ identity: GRANDMASTER, ports: 1 }));
  const slave = node('slave', clockConfig({ identity: CLIENT, ports: 1 }), client);
  const [there, back] = wires(1_000);
  const link = world.link(
    { station: master, port: 1 },
    { station: slave, port: 1 },
    between.there?.(there) ?? there,
    between.back?.(back) ?? back,
  );
  master.start();
  slave.start(5_000_000);
  return { master, slave, link };
}

describe('a world', () => {
  it('gives the same octets from the same seed, and others from another', () => {
    expect(digestOf(7)).toBe(digestOf(7));
    expect(digestOf(7)).not.toBe(digestOf(8));
  });

  it('gives the same octets whether or not messages are encoded on their way', () => {
    expect(digestOf(7, false)).toBe(digestOf(7, true));
  });

  it('runs a boundary clock whose clients are right', () => {
    const world = new World({ seed: 3 });
    const { grandmaster, boundary, clients } = boundaryWithClients(world, 4, {});
    for (const node of [grandmaster, boundary, ...clients]) node.start(0);
    world.run(120);
    expect(boundary.portState(1)).toBe('slave');
    expect([2, 3, 4].map((port) => boundary.portState(port))).toEqual([
      'master',
      'master',
      'master',
    ]);
    for (const { errorNs, status } of clients) {
      expect(Math.abs(errorNs)).toBeLessThan(50);
      expect(status.currentDS.stepsRemoved).toBe(2);
    }
  });

  it('leaves a client off by the asymmetry, and by that alone', () => {
    const world = new World({ seed: 4 });
    const { slave } = pair(world, { there: () => wire({ delayNs: 1_400, bitsPerSecond: null }) });
    world.run(120);
    // 1400 there and 1000 back: what takes longer on its way makes us late, by half of what differs.
    expect(slave.errorNs).toBeCloseTo(-200, 0);
  });

  it('takes the time that a rate takes, and lets frames wait for each other', () => {
    const arrivals: number[] = [];
    const channel = wire({ delayNs: 100, bitsPerSecond: 1e9 });
    const config = grandmasterConfig({ identity: GRANDMASTER, ports: 1 });
    const world = new World({ seed: 1, onFrame: (frame) => frames.push(frame) });
    const frames: Frame[] = [];
    const node = new PtpNode(world, 'master', { config });
    world.link({ station: node, port: 1 }, { station: node, port: 2 }, channel, channel);
    node.start();
    world.run(20);
    const sync = frames.find(({ message }) => message.kind === 'sync');
    expect(sync).toBeDefined();
    for (let i = 0; i < 3 && sync !== undefined; i += 1) {
      channel(sync, 100e9, (_frame, delayNs) => arrivals.push(delayNs));
    }
    // 46 octets of payload at least and 38 around them, 8 ns each.
    expect(arrivals).toEqual([100, 772, 1_444]);
    expect(() => wire({ delayNs: -1, bitsPerSecond: null })).toThrow(RangeError);
  });
});

describe('a client under faults', () => {
  const at = (world: World) => world.stream('faults');

  it('keeps its time though a third of all frames is lost', () => {
    const world = new World({ seed: 5 });
    const lossy = (channel: Channel) => losing(channel, 0.33, at(world));
    const { slave } = pair(world, { there: lossy, back: lossy });
    world.run(300);
    expect(Math.abs(slave.errorNs)).toBeLessThan(20);
    expect(slave.status.ports[0]?.counters['syncsUsed']).toBeGreaterThan(50);
  });

  it('uses no Sync twice', () => {
    const world = new World({ seed: 6 });
    const { slave } = pair(world, {
      there: (channel) => duplicating(channel, 1, 3_000, at(world)),
    });
    world.run(60);
    const counters = slave.status.ports[0]?.counters ?? {};
    expect(counters['syncsUsed']).toBeGreaterThan(50);
    expect(counters['syncsDuplicate']).toBeGreaterThan(50);
    expect(Math.abs(slave.errorNs)).toBeLessThan(20);
  });

  it('bears what overtakes and what is held up', () => {
    const world = new World({ seed: 7 });
    const { slave } = pair(world, {
      there: (channel) => reordering(channel, 0.05, 1.5 * SECOND_NS, at(world)),
      back: (channel) => delaying(channel, { kind: 'exponential', meanNs: 200 }, at(world)),
    });
    world.run(300);
    expect(slave.portState(1)).toBe('slave');
    expect(Math.abs(slave.errorNs)).toBeLessThan(1_000);
  });

  it('throws nothing whatever bits are turned', () => {
    const world = new World({ seed: 8 });
    const bad = (channel: Channel) => corrupting(channel, 0.3, at(world));
    const { slave } = pair(world, { there: bad, back: bad }, { overTheWire: false });
    world.run(600);
    expect(['slave', 'uncalibrated', 'master', 'listening', 'passive']).toContain(
      slave.portState(1),
    );
  });

  it('loses its master with the link, and follows it again', () => {
    const world = new World({ seed: 9 });
    const { slave, link } = pair(world);
    world.run(60);
    link.set(false);
    world.run(30);
    expect(slave.portState(1)).not.toBe('slave');
    link.set(true);
    expect(world.runUntil(() => slave.portState(1) === 'slave', 60)).not.toBeNull();
  });

  it('bears a link that flaps', () => {
    const world = new World({ seed: 15 });
    const { slave, link } = pair(world);
    world.flap(link, { upSeconds: 60, downSeconds: 5 });
    let ups = 0;
    for (let second = 0; second < 640; second += 1) {
      const was = link.isUp;
      world.run(1);
      if (link.isUp && !was) ups += 1;
    }
    expect(ups).toBe(9);
    // 55 s since the link came back for the last time.
    expect(slave.portState(1)).toBe('slave');
    expect(Math.abs(slave.errorNs)).toBeLessThan(50);
    expect(() => world.flap(link, { upSeconds: 0, downSeconds: 1 })).toThrow('up for 0 s');
  });

  it('bears a line that has bad moments, of which nobody tells', () => {
    const world = new World({ seed: 16 });
    const spec = { everyNs: 30 * SECOND_NS, downNs: 4 * SECOND_NS };
    const { slave } = pair(world, { there: (channel) => interrupting(channel, spec) });
    world.run(300);
    expect(slave.portState(1)).toBe('slave');
    expect(Math.abs(slave.errorNs)).toBeLessThan(50);
    const used = slave.status.ports[0]?.counters['syncsUsed'] ?? 0;
    expect(used).toBeGreaterThan(200);
    expect(used).toBeLessThan(280);
  });

  it('is off by half of what latencies differ, unless its port knows them', () => {
    const timestamper = { ingressLatencyNs: 300, egressLatencyNs: 100 };
    const errorBehind = (port: Partial<PortChoices>): number => {
      const world = new World({ seed: 17 });
      const config = clockConfig({ identity: CLIENT, ports: 1, port });
      const { slave } = pair(world, {}, { config, timestamper });
      world.run(120);
      return slave.errorNs;
    };
    expect(errorBehind({})).toBeCloseTo(-100, -1);
    const known = { ingressLatency: scaledFromNumber(300), egressLatency: scaledFromNumber(100) };
    expect(errorBehind(known)).toBeCloseTo(0, -1);
  });

  it('is drawn away by a delay attack, and by no more than half of it', () => {
    const world = new World({ seed: 10 });
    const { slave } = pair(world, {
      there: (channel) =>
        detouring(channel, { beginNs: 200 * SECOND_NS, endNs: Infinity, extraNs: 800 }),
    });
    world.run(200);
    expect(Math.abs(slave.errorNs)).toBeLessThan(5);
    world.run(400);
    expect(slave.errorNs).toBeCloseTo(-400, -1);
  });

  it('sees a grandmaster jump', () => {
    const world = new World({ seed: 11 });
    const alarms: string[] = [];
    const { master } = pair(
      world,
      {},
      {
        onEffect: (effect) => {
          if (effect.kind === 'alarm' && effect.raised) alarms.push(effect.code);
        },
      },
    );
    world.run(120);
    expect(alarms).toEqual([]);
    master.setTime(JUMP_NS, 'jump');
    world.run(5);
    expect(alarms).not.toEqual([]);
  });

  it('follows nobody who is dead', () => {
    const world = new World({ seed: 12 });
    const { master, slave } = pair(world);
    world.run(60);
    master.die();
    expect(master.timers).toBe(0);
    expect(world.runUntil(() => slave.portState(1) === 'master', 30)).not.toBeNull();
  });
});

describe('transparent clocks', () => {
  it('are not felt behind them, however long frames wait there', () => {
    const world = new World({ seed: 13 });
    const queueing = { kind: 'exponential', meanNs: 100_000 } as const;
    const { grandmaster, clocks } = transparentChain(world, { hops: 4 }, { queueing });
    for (const node of [grandmaster, ...clocks]) node.start();
    world.run(120);
    // Their counters are perfect here: what is left is our crystal's wander.
    for (const clock of clocks) expect(Math.abs(clock.errorNs)).toBeLessThan(20);
  });

  it('add the error of stamps of 8 ns as the closed form has it', () => {
    for (const hops of [1, 10, 30]) {
      const { sigmaNs, meanNs } = correctionErrors(hops, 8);
      // σ(N) = q √(N/6); 20 % is three deviations of what 400 samples tell of a deviation.
      expect(sigmaNs / (8 * Math.sqrt(hops / 6)), `${hops} hops`).toBeGreaterThan(0.8);
      expect(sigmaNs / (8 * Math.sqrt(hops / 6)), `${hops} hops`).toBeLessThan(1.2);
      expect(Math.abs(meanNs)).toBeLessThan((4 * sigmaNs) / Math.sqrt(400));
    }
  });
});

/** What 400 Syncs carry in their correctionField behind so many transparent clocks, less the truth. */
function correctionErrors(hops: number, granularityNs: number) {
  const sent = new Map<number, number>();
  const errors: number[] = [];
  const world = new World({
    seed: 14,
    onFrame: ({ message }, from, _port, atNs) => {
      if (from.name === 'master' && message.kind === 'sync') {
        sent.set(message.header.sequenceId, atNs);
      }
    },
  });
  const config = grandmasterConfig({ identity: GRANDMASTER, ports: 1 });
  const master = new PtpNode(world, 'master', { config });
  let above: Station = master;
  for (let hop = 1; hop <= hops; hop += 1) {
    const clock = new TransparentNode(world, `transparent ${hop}`, {
      timestamper: { granularityNs },
      oscillator: { ppm: hop / 100, offsetNs: hop * 1.7 },
      queueing: { kind: 'exponential', meanNs: 1_000 },
    });
    const [there, back] = wires(0);
    world.link(
      { station: above, port: hop === 1 ? 1 : 2 },
      { station: clock, port: 1 },
      there,
      back,
    );
    above = clock;
  }
  const receive = (_port: number, { message }: { readonly message: PtpMessage }): void => {
    const at = sent.get(message.header.sequenceId);
    if (message.kind !== 'sync' || at === undefined) return;
    errors.push(scaledToNumber(message.header.correctionField) - (world.nowNs - at));
  };
  const end: Station = { name: 'end', attach: () => {}, linkChanged: () => {}, receive };
  const [there, back] = wires(0);
  world.link({ station: above, port: 2 }, { station: end, port: 1 }, there, back);
  master.start();
  while (errors.length < 400) world.run(10);
  const meanNs = errors.reduce((sum, one) => sum + one, 0) / errors.length;
  const variance = errors.reduce((sum, one) => sum + (one - meanNs) ** 2, 0) / errors.length;
  return { meanNs, sigmaNs: Math.sqrt(variance) };
}
