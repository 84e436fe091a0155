/**
 * Random switches and random conversations on them: few identities and few sequenceIds, so that
 * everything meets everything. What leaves and what is counted must be what the reference says.
 */
import { describe, expect, it } from 'vitest';
import { hex } from '#lab/bench/frames';
import type { PtpMode, TimingPlan } from '#lab/bench/ptp-plan';
import { Random } from '#lab/bench/random';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { described } from './conversation.js';
import { TAGGED_VID } from './generate.js';
import {
  type Message,
  NS,
  type PortIdentity,
  SHAPES,
  STATION_B,
  type Way,
  announce,
  delayReq,
  delayResp,
  followUp,
  frameOf,
  management,
  pdelayReq,
  pdelayResp,
  pdelayRespFollowUp,
  signaling,
  sync,
} from './messages.js';
import { ReferenceClock } from './reference-clock/clock.js';
import { type Program, VirtualSwitch, planOf } from './virtual-switch.js';

const seed = Number(process.env['TIMEPLANE_SEED'] ?? 0x1588);
const SWITCHES = 60;
const FRAMES = 150;
const PORTS = [1, 2, 3, 4] as const;

const OWN = 0x0200_00ff_fe00_0001n;
const SOURCES: readonly PortIdentity[] = [
  { clock: 0x11n, port: 1 },
  { clock: 0x11n, port: 2 },
  { clock: 0x22n, port: 1 },
  { clock: OWN, port: 1 },
];

const OWN_STATIONS = PORTS.map((port) => ({
  mac: 0x0200_0000_0000n | BigInt(port),
  ipv4: 0x0a00_0000n | BigInt(port),
  ipv6: (0xfe80n << 112n) | BigInt(port),
}));

/** Draws of one switch and its conversation. */
class Draw {
  readonly #random: Random;
  constructor(from: number) {
    this.#random = new Random(from);
    // The generator's first numbers resemble their seeds.
    for (let i = 0; i < 8; i++) this.#random.next(2);
  }
  one<T>(list: readonly [T, ...T[]]): T {
    return list[this.#random.next(list.length)] ?? list[0];
  }
  chance(percent: number): boolean {
    return this.#random.next(100) < percent;
  }
  below(limit: number): number {
    return this.#random.next(limit);
  }
  some<T>(list: readonly T[], percent: number): T[] {
    return list.filter(() => this.chance(percent));
  }
  /** Signed scaled nanoseconds of a few microseconds, with a fraction. */
  scaled(): bigint {
    return BigInt(this.below(1 << 28) - (1 << 27));
  }
}

function timingOf(draw: Draw, port: number): TimingPlan {
  return {
    port,
    ingressLatency: draw.scaled(),
    egressLatency: draw.scaled(),
    asymmetry: draw.scaled(),
    residenceLimitNs: draw.chance(30) ? 20_000n : 0n,
    meanLinkDelay: draw.scaled(),
  };
}

/** Somewhere in the clock's life, and often so that it wraps in the middle. Nanoseconds. */
function randomStart(draw: Draw, tickNs: bigint): bigint {
  const wrapNs = tickNs << 48n;
  return draw.one([10_000_000_000n, 3_600_000_000_000n, wrapNs - 8_000_000_000n]);
}

function randomPlan(draw: Draw, referenceTicks: bigint): SwitchPlan {
  const modes = PORTS.map((port) => {
    const usual: PtpMode = draw.one([1, 1, 3]);
    return [port, draw.chance(80) ? usual : draw.one<PtpMode>([0, 2, 4])] as const;
  });
  const address = (port: number) => ({
    port,
    clockIdentity: OWN,
    portNumber: port,
    ...(OWN_STATIONS[port - 1] ?? STATION_B),
  });
  const clock = {
    referenceTicks,
    seconds: 1_000n,
    nanoseconds: 7,
    rateOffset: draw.below(1 << 30) - (1 << 29),
  };
  return {
    ...planOf(...PORTS),
    portModes: new Map(modes),
    twoStepPorts: draw.some(PORTS, 50),
    timing: draw.some(PORTS, 60).map((port) => timingOf(draw, port)),
    rates: draw.chance(50) ? [{ sdoId: 0, domainNumber: 0, rateOffset: draw.below(1 << 30) }] : [],
    ownClocks: draw.chance(50) ? [OWN] : [],
    listedMastersPorts: draw.some(PORTS, 20),
    acceptedMasters: PORTS.map((port) => ({ port, clockIdentity: 0x11n, portNumber: 1 })),
    peerDelay: draw.some(PORTS, 20).map((port) => ({ ...address(port), twoStep: draw.chance(50) })),
    delayResponders: PORTS.map((port) => ({
      ...address(port),
      sdoId: 0,
      domainNumber: 0,
      logMinDelayReqInterval: -1,
    })),
    marking: draw.some(PORTS, 30).map((port) => ({
      port,
      pcp: draw.chance(50) ? draw.below(8) : null,
      dscp: draw.chance(50) ? draw.below(64) : null,
    })),
    instances: draw.some(PORTS, 20).map((port) => ({
      port,
      sdoId: 0,
      domainNumber: 1,
      ptpMode: draw.one<PtpMode>([0, 1, 2, 3]),
    })),
    ...(draw.chance(70) ? { clock } : {}),
  };
}

const KINDS = [
  sync,
  followUp,
  delayReq,
  delayResp,
  pdelayReq,
  pdelayResp,
  pdelayRespFollowUp,
  announce,
  management,
  signaling,
] as const;

function randomMessage(draw: Draw): Message {
  const identity = (): PortIdentity => SOURCES[draw.below(draw.chance(10) ? 4 : 3)] ?? SOURCES[0]!;
  const make = KINDS[draw.below(draw.chance(10) ? KINDS.length : 7)] ?? sync;
  return make({
    source: identity(),
    requesting: identity(),
    sequenceId: draw.below(3),
    domain: draw.below(10) === 0 ? 1 : 0,
    sdoId: draw.chance(5) ? 0x100 : 0,
    flags: draw.one([0, 0x200, 0x200, 0x400, 0x600, 0x0008]),
    correctionField: draw.chance(5) ? (1n << 63n) - BigInt(1 + draw.below(3)) : draw.scaled() * NS,
    minorVersion: draw.below(2),
    boundaryHops: draw.below(3),
    tlvs: new Uint8Array(draw.chance(10) ? 2 * draw.below(20) : 0).fill(0xa5),
  });
}

function randomWay(draw: Draw): Partial<Way> {
  const C = { tpid: 0x8100, vid: TAGGED_VID, pcp: 1 } as const;
  const inner = { tpid: 0x8100, vid: 77, pcp: 2 } as const;
  return {
    transport: draw.one(['l2', 'ipv4', 'ipv6']),
    tags: draw.one<Way['tags']>([[], [], [C], [C, inner]]),
    checksum: draw.one(['valid', 'valid', 'wrong']),
    unicast: draw.chance(30),
    to: draw.chance(50) ? STATION_B : (OWN_STATIONS[draw.below(PORTS.length)] ?? STATION_B),
    trailer: new Uint8Array(draw.chance(20) ? 2 : 0),
    padTo: draw.one([0, 0, 64]),
    ipOptions: new Uint8Array(draw.chance(10) ? 8 : 0).fill(1),
    trafficClass: draw.below(256),
  };
}

/** Mostly at once, sometimes beyond a follower's patience or a record's life. Nanoseconds. */
function randomPause(draw: Draw): bigint {
  if (draw.chance(90)) return BigInt(draw.below(500)) * 1000n;
  return draw.one([4_000_000n, 11_000_000n, 1_900_000_000n, 2_100_000_000n]);
}

/** Cells that two sets of counters differ in. */
function differences(
  got: ReadonlyMap<string, bigint>,
  expected: ReadonlyMap<string, bigint>,
): string[] {
  return [...new Set([...got.keys(), ...expected.keys()])]
    .filter((cell) => got.get(cell) !== expected.get(cell))
    .map((cell) => `${cell}: ${got.get(cell) ?? 0n}, not ${expected.get(cell) ?? 0n}`);
}

describe.each<readonly [Program, bigint]>([
  ['main_native', 1n],
  ['main_bmv2', 1000n],
])(`%s in random conversations (seed ${seed})`, (program, tickNs) => {
  it(`of ${FRAMES} frames on ${SWITCHES} switches`, async () => {
    let sentInAll = 0;
    for (let number = 0; number < SWITCHES; number++) {
      const draw = new Draw(seed * 1000 + number * 7919);
      let nowNs = randomStart(draw, tickNs);
      const plan = randomPlan(draw, nowNs / tickNs - 1_000_000n);
      const device = await VirtualSwitch.open(program, plan);
      const clock = new ReferenceClock(plan, tickNs, program === 'main_native');
      const history: string[] = [];
      for (let count = 0; count < FRAMES; count++) {
        const port = draw.one(PORTS);
        const octets = frameOf(randomMessage(draw), randomWay(draw));
        nowNs += randomPause(draw);
        const late = device.runUntil(nowNs);
        const txNs = nowNs + BigInt(draw.below(30)) * 1000n;
        const expected = clock.receive(port, octets, nowNs, txNs);
        const sent = [...late, ...device.pass(port, octets, nowNs, txNs)];
        history.push(`${nowNs} in by ${described(port, octets)}`);
        const text = (all: typeof expected): string[] =>
          PORTS.flatMap((by) =>
            all.filter((one) => one.port === by).map(({ frame }) => described(by, frame)),
          );
        const where = `switch ${number}, ${JSON.stringify({ ...plan, portModes: [...(plan.portModes ?? [])] }, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}\n${history.slice(-6).join('\n')}`;
        expect(text(sent), where).toEqual(text(expected));
        sentInAll += sent.length;
        nowNs = txNs;
      }
      device.runUntil(nowNs + 20_000_000n);
      clock.passTime(nowNs + 20_000_000n);
      const counters = device.counters();
      device.close();
      expect(differences(counters, clock.counts), `switch ${number}`).toEqual([]);
    }
    expect(sentInAll).toBeGreaterThan((SWITCHES * FRAMES) / 2);
  }, 60_000);
});

it('draws every kind of message', () => {
  const draw = new Draw(seed);
  const kinds = new Set(Array.from({ length: 2000 }, () => randomMessage(draw).kind));
  expect([...kinds].sort()).toEqual(Object.keys(SHAPES).sort());
  expect(hex(frameOf(randomMessage(draw), randomWay(draw))).length).toBeGreaterThan(80);
});
