/**
 * A row of switches that was never measured: simulated, with noise that is known, and listened to as the
 * lab listens to a real one. What it adds comes from generators, not from a recording.
 */
import { EPOCH_NS, World } from '#lab/sim/world';
import { clockConfig, grandmasterConfig } from '#lab/sim/clocks';
import { PtpNode } from '#lab/sim/ptp-node';
import { TransparentNode } from '#lab/sim/transparent/node';
import type { Channel, Frame, Station } from '#lab/sim/link-types';
import type { RandomStream } from '#lab/sim/random';
import type { OwnClock } from '#lab/peers/own-clock';
import type { SlaveEvent } from '#lab/measure/slave-events';
import type { TapMessage } from '#lab/measure/tap-messages';
import { CLIENT_OSCILLATOR, LAB_OSCILLATOR, otherOscillator } from '#lab/experiments/boundary/plan';
import { FollowingClock } from '#lab/experiments/compare/following-clock';
import { rowNoise } from '#lab/experiments/compare/noise';
import {
  CLIENT_GAINS,
  ratesOf,
  type ClockError,
  type CompareFigures,
} from '#lab/experiments/compare/leg';
import type { MeasuredRow } from '#lab/experiments/compare/evaluate';
import type { CompareRow } from '#lab/experiments/compare/rows';
import type { CompareConfig } from '#lab/experiments/compare/schema';
import { scaledUnits, nsSinceEpoch } from '#units/time';
import { judged } from './fidelity.js';

/** Of a part of the way in one direction. */
export interface KnownNoise {
  readonly meanNs: number;
  /** White. */
  readonly sigmaNs: number;
  /** Beside it, slow: it forgets itself within a second. */
  readonly slowSigmaNs: number;
}

export interface SyntheticNoise {
  readonly ends: { readonly down: KnownNoise; readonly up: KnownNoise };
  /** Of each switch with the link behind it. */
  readonly hop: { readonly down: KnownNoise; readonly up: KnownNoise };
}

const LINK_NS = 50_000;
/** What follows an event message comes behind it. */
const GENERAL_NS = 90_000;
const SLOW_NS = 1e9;
const LATE_NS = 150_000;
const CLIENT_SECONDS = 7;
/** As the lab's boundary clocks are told to. */
const MONITORING = {
  rxSyncTiming: { enable: true, eventsPerTlv: 2, everyNth: 1 },
  rxSyncComputed: { enable: false, eventsPerTlv: 1, everyNth: 1 },
  txEvents: { enable: true, eventsPerTlv: 4, everyNth: 1 },
};
const IDENTITIES = 0x0200_00ff_fe00_1000n;

/** White and slow noise; the slow part is an Ornstein-Uhlenbeck process, exact for any spacing. */
function generator(noise: KnownNoise, random: RandomStream): (nowNs: number) => number {
  let slow = random.normal();
  let lastNs = 0;
  return (nowNs) => {
    const kept = Math.exp(-(nowNs - lastNs) / SLOW_NS);
    slow = kept * slow + Math.sqrt(1 - kept * kept) * random.normal();
    lastNs = nowNs;
    return noise.meanNs + noise.sigmaNs * random.normal() + noise.slowSigmaNs * slow;
  };
}

const isEvent = ({ message }: Frame) => message.kind === 'sync' || message.kind === 'delayReq';

/** What the lab hears of a row, all on the true time. */
class Listening {
  readonly taps = new Map<string, TapMessage[]>();
  events: SlaveEvent[] = [];
  errors: ClockError[] = [];

  constructor(names: readonly string[]) {
    for (const name of names) this.taps.set(name, []);
  }

  hear(name: string, direction: TapMessage['direction'], { message }: Frame, atNs: number): void {
    const stampNs = EPOCH_NS + BigInt(Math.round(atNs));
    this.taps.get(name)?.push({ direction, stampNs, message });
  }

  /** Of all that was heard since the beginning, what a measurement from then until now has. */
  since(startNs: bigint): CompareFigures {
    const isWithin = (ns: bigint) => ns >= startNs;
    const taps = [...this.taps].map(
      ([name, messages]) => [name, messages.filter(({ stampNs }) => isWithin(stampNs))] as const,
    );
    return {
      ...{ taps: new Map(taps), startNs, endNs: this.errors.at(-1)?.atNs ?? startNs },
      errors: this.errors.filter(({ atNs }) => isWithin(atNs)),
      events: this.events.filter((event) =>
        isWithin(event.kind === 'sync' ? event.ingressNs : event.requestNs),
      ),
      ...{ lostTrafficFrames: 0, sentTrafficFrames: 0, fidelity: judged() },
    };
  }
}

function noisy(noiseOf: (nowNs: number) => number): Channel {
  return (frame, nowNs, arrive) => {
    arrive(frame, isEvent(frame) ? LINK_NS + noiseOf(nowNs) : GENERAL_NS);
  };
}

type Hear = (direction: TapMessage['direction'], port: number, frame: Frame) => void;

/** The same station, with somebody who listens at its ports. */
function tapped(station: Station, hear: Hear): Station {
  return {
    name: station.name,
    attach: (port, send) => {
      station.attach(port, (frame) => {
        hear('out', port, frame);
        send(frame);
      });
    },
    receive: (port, frame) => {
      hear('in', port, frame);
      station.receive(port, frame);
    },
    linkChanged: (port, isUp) => {
      station.linkChanged(port, isUp);
    },
  };
}

function rowOf(
  world: World,
  row: CompareRow,
  port: NonNullable<Parameters<typeof clockConfig>[0]['port']>,
) {
  const spec = ({ ppm, wanderPpb }: OwnClock) => ({ ppm, walkPpb: wanderPpb });
  return Array.from({ length: row.switches }, (_, index) => {
    const name = `switch ${index + 1}`;
    if (row.kind !== 'bc') {
      return new TransparentNode(world, name, { port: { twoStep: row.kind === 'tc-two' } });
    }
    const identity = IDENTITIES + BigInt(0x100 + index);
    const oscillator = spec(index === 0 ? LAB_OSCILLATOR : otherOscillator(index));
    const instance = { slaveMonitoring: MONITORING };
    const config = clockConfig({ identity, ports: 2, port, instance });
    return new PtpNode(world, name, { config, oscillator });
  });
}

/** As `measureRow` would have it, idle. */
export function syntheticRow(
  row: CompareRow,
  noise: SyntheticNoise,
  config: CompareConfig,
  secondsBefore: number,
): MeasuredRow {
  const rates = ratesOf(config);
  const port = {
    logAnnounceInterval: rates.logAnnounceInterval,
    logSyncInterval: rates.logSyncInterval,
    logMinDelayReqInterval: rates.logDelayReqInterval,
    step: 'two',
  } as const;
  const inside = Array.from({ length: row.switches }, (_, index) => index + 1);
  const sides = inside.flatMap((index) => [`${index}-up`, `${index}-down`]);
  const heard = new Listening(['grandmaster', 'client', ...sides]);
  const world = new World({ seed: config.seed });
  const grandmaster = new PtpNode(world, 'grandmaster', {
    config: grandmasterConfig({ identity: IDENTITIES, ports: 1, port }),
  });
  const between = rowOf(world, row, port);
  const late = world.stream('late');
  const client: FollowingClock = new FollowingClock(world, {
    identity: IDENTITIES + 1n,
    oscillator: { ppm: CLIENT_OSCILLATOR.ppm, walkPpb: CLIENT_OSCILLATOR.wanderPpb },
    logInterval: rates.logSyncInterval,
    gains: CLIENT_GAINS,
    lateNs: () => LATE_NS * (1 + late.uniform()),
    onSteered: (errorNs) => {
      heard.errors.push({ atNs: EPOCH_NS + BigInt(world.nowNs), errorNs });
    },
  });
  const switches = between.map((one, index) =>
    tapped(one, (direction, side, frame) => {
      heard.hear(`${index + 1}-${side === 1 ? 'up' : 'down'}`, direction, frame, world.nowNs);
    }),
  );
  const own = new SlaveMonitor(world, client, heard);
  const tappedClient = tapped(client, (direction, _port, frame) => {
    own.hear(direction, frame);
  });
  const tappedMaster = tapped(grandmaster, (direction, _port, frame) => {
    heard.hear('grandmaster', direction, frame, world.nowNs);
  });
  linkUp(world, [tappedMaster, ...switches, tappedClient], noise);
  grandmaster.start();
  const seconds = () => world.nowNs / 1e9;
  const begun = between.map((one) => {
    const at = seconds();
    one.start();
    world.run((secondsBefore - CLIENT_SECONDS) / row.switches);
    return at;
  });
  const clientSeconds = seconds();
  client.start();
  world.run(CLIENT_SECONDS);
  const from = seconds();
  world.run(config.durationSeconds);
  const idle = { from, until: seconds() };
  const timeline = { switches: begun, client: clientSeconds, idle, loaded: null };
  const figures = heard.since(EPOCH_NS + BigInt(Math.round(1e9 * from)));
  const recording = { timeline, noise: rowNoise(row, heard, EPOCH_NS) };
  return { row, leg: { recording, idle: { status: 'ok', figures } } };
}

function linkUp(world: World, stations: readonly Station[], { ends, hop }: SyntheticNoise): void {
  const last = stations.length - 2;
  for (const [index, below] of stations.slice(1).entries()) {
    const above = stations[index];
    if (above === undefined) continue;
    const random = (way: string) => world.stream(`link ${index} ${way}`);
    const down = generator(index === 0 ? ends.down : hop.down, random('down'));
    const up = generator(index === last ? ends.up : hop.up, random('up'));
    const end = { station: above, port: index === 0 ? 1 : 2 };
    world.link(end, { station: below, port: 1 }, noisy(down), noisy(up));
  }
}

/** A client's interface, and its slave events: by its own clock. */
class SlaveMonitor {
  readonly #world: World;
  readonly #client: FollowingClock;
  readonly #heard: Listening;
  readonly #requests = new Map<number, bigint>();

  constructor(world: World, client: FollowingClock, heard: Listening) {
    this.#world = world;
    this.#client = client;
    this.#heard = heard;
  }

  hear(direction: TapMessage['direction'], frame: Frame): void {
    this.#heard.hear('client', direction, frame, this.#world.nowNs);
    const { message } = frame;
    const { sequenceId, correctionField } = message.header;
    const correctionScaledNs = scaledUnits(correctionField);
    const nowNs = EPOCH_NS + BigInt(Math.round(this.#world.nowNs + this.#client.errorNs));
    if (message.kind === 'delayReq') this.#requests.set(sequenceId, nowNs);
    if (message.kind === 'sync') {
      const what = { kind: 'sync', sequenceId, correctionScaledNs } as const;
      const originNs = nsSinceEpoch(message.originTimestamp);
      this.#heard.events.push({ ...what, originNs, ingressNs: nowNs });
    }
    if (message.kind === 'delayResp') {
      const requestNs = this.#requests.get(sequenceId);
      if (requestNs === undefined) return;
      const responseNs = nsSinceEpoch(message.timestamp);
      const what = { kind: 'delay', sequenceId, correctionScaledNs } as const;
      this.#heard.events.push({ ...what, requestNs, responseNs });
    }
  }
}
