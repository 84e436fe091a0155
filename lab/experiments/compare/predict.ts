/**
 * What the simulator makes of a row, from the noise of its ends and of one switch: the same clocks are
 * started at the same pace, wait for as long, and are measured for as long, idle and then loaded.
 */
import { TransparentNode } from '../../sim/transparent/node.js';
import { clockConfig, grandmasterConfig } from '../../sim/clocks.js';
import type { Channel, Station } from '../../sim/link-types.js';
import type { OscillatorSpec } from '../../sim/oscillator.js';
import { PtpNode } from '../../sim/ptp-node.js';
import { World } from '../../sim/world.js';
import type { OwnClock } from '../../peers/own-clock.js';
import type { Rates } from '../boundary/clocks.js';
import { CLIENT_OSCILLATOR, LAB_OSCILLATOR, otherOscillator } from '../boundary/plan.js';
import { FollowingClock, type Ptp4lGains } from './following-clock.js';
import { Player, type PlayedNoise } from './recorded-noise.js';

export type PredictedKind = 'direct' | 'tc-one' | 'tc-two' | 'bc';

export interface PredictionPlan {
  readonly kind: PredictedKind;
  readonly switches: number;
  readonly idle: PlayedNoise;
  readonly loaded: PlayedNoise | null;
  readonly rates: Rates;
  readonly gains: Ptp4lGains;
  /** From the first switch's start to the measurement, and between idle and loaded. */
  readonly secondsBefore: number;
  readonly secondsBetween: number;
  readonly seconds: number;
  /** Worlds that are simulated, with seeds from `seed` on. */
  readonly runs: number;
  readonly seed: number;
}

export interface Prediction {
  /** Over all runs together. */
  readonly rmsNs: number;
  readonly meanNs: number;
  /** Of single runs: within it are the middle 80 %. */
  readonly runsNs: readonly [least: number, greatest: number];
}

export interface RowPrediction {
  readonly idle: Prediction;
  readonly loaded: Prediction | null;
}

/** Longer than any noise is negative; the same both ways, so that no clock sees it. */
const LINK_NS = 100_000;
/** Of the time before the measurement, the client's part. */
const CLIENT_SECONDS = 7;
const IDENTITIES = 0x0274_70ff_fe00_0000n;

function oscillatorOf({ ppm, wanderPpb }: OwnClock): Partial<OscillatorSpec> {
  return { ppm, walkPpb: wanderPpb };
}

/** The links from the grandmaster down, with what is played on them. */
function linkOf(player: Player, { switches, rates }: PredictionPlan, index: number) {
  const intervalNs = 1e9 * 2 ** rates.logSyncInterval;
  const down: Channel = (frame, nowNs, arrive) => {
    if (index > 0) arrive(frame, LINK_NS + player.hop('down', index, nowNs));
    else if (frame.message.kind !== 'sync' || !player.isSilent(nowNs, intervalNs)) {
      arrive(frame, LINK_NS + player.end('down', nowNs));
    }
  };
  // On its way up a message meets a switch after the link: what that adds is put on the link above it.
  const up: Channel = (frame, nowNs, arrive) => {
    const isLast = index === switches;
    const noiseNs = isLast ? player.end('up', nowNs) : player.hop('up', index + 1, nowNs);
    arrive(frame, LINK_NS + noiseNs);
  };
  return { down, up };
}

function portOf({ rates }: PredictionPlan) {
  return {
    logAnnounceInterval: rates.logAnnounceInterval,
    logSyncInterval: rates.logSyncInterval,
    logMinDelayReqInterval: rates.logDelayReqInterval,
    step: 'two',
  } as const;
}

function switchOf(world: World, plan: PredictionPlan, index: number) {
  const name = `switch ${index + 1}`;
  if (plan.kind !== 'bc') {
    return new TransparentNode(world, name, { port: { twoStep: plan.kind === 'tc-two' } });
  }
  const identity = IDENTITIES + BigInt(0x100 + index);
  const clock = index === 0 ? LAB_OSCILLATOR : otherOscillator(index);
  return new PtpNode(world, name, {
    config: clockConfig({ identity, ports: 2, port: portOf(plan) }),
    oscillator: oscillatorOf(clock),
  });
}

interface RunErrors {
  readonly idle: readonly number[];
  readonly loaded: readonly number[];
}

function simulate(plan: PredictionPlan, seed: number): RunErrors {
  const world = new World({ seed });
  const { rates, gains, switches, secondsBefore } = plan;
  const config = grandmasterConfig({ identity: IDENTITIES, ports: 1, port: portOf(plan) });
  const grandmaster = new PtpNode(world, 'grandmaster', { config });
  const row = Array.from({ length: switches }, (_, index) => switchOf(world, plan, index));
  const player = new Player(plan.idle, switches, (name) => world.stream(name));
  let errors: number[] = [];
  const client = new FollowingClock(world, {
    identity: IDENTITIES + 1n,
    oscillator: oscillatorOf(CLIENT_OSCILLATOR),
    logInterval: rates.logSyncInterval,
    gains,
    lateNs: () => player.steeringNs(world.nowNs),
    onSteered: (errorNs) => errors.push(errorNs),
  });
  const stations: Station[] = [grandmaster, ...row, client];
  for (const [index, below] of [...row, client].entries()) {
    const above = stations[index];
    if (above === undefined) continue;
    const { down, up } = linkOf(player, plan, index);
    const port = index === 0 ? 1 : 2;
    world.link({ station: above, port }, { station: below, port: 1 }, down, up);
  }
  grandmaster.start();
  const stepSeconds = Math.max(0, secondsBefore - CLIENT_SECONDS) / (2 * Math.max(1, switches));
  for (const one of row) {
    one.start();
    world.run(stepSeconds);
  }
  world.run(Math.max(0, secondsBefore - CLIENT_SECONDS - row.length * stepSeconds));
  client.start();
  world.run(CLIENT_SECONDS);
  const measured = (): readonly number[] => {
    errors = [];
    world.run(plan.seconds);
    const found = errors;
    errors = [];
    return found;
  };
  const idle = measured();
  if (plan.loaded === null) return { idle, loaded: [] };
  player.play(plan.loaded);
  world.run(plan.secondsBetween);
  return { idle, loaded: measured() };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Of several runs' errors. Null where none has any. */
export function predictionOf(runs: readonly (readonly number[])[]): Prediction | null {
  const all = runs.flat();
  if (all.length === 0) return null;
  const rms = (errors: readonly number[]) =>
    Math.sqrt(sum(errors.map((error) => error * error)) / errors.length);
  const each = runs.filter((errors) => errors.length > 0).map(rms);
  const ascending = each.sort((a, b) => a - b);
  const at = (share: number) => ascending[Math.round(share * (ascending.length - 1))] ?? Number.NaN;
  return { rmsNs: rms(all), meanNs: sum(all) / all.length, runsNs: [at(0.1), at(0.9)] };
}

/** Null where no clock ever followed. */
export function predict(plan: PredictionPlan): RowPrediction | null {
  const runs = Array.from({ length: plan.runs }, (_, run) => simulate(plan, plan.seed + run));
  const idle = predictionOf(runs.map((run) => run.idle));
  if (idle === null) return null;
  return { idle, loaded: predictionOf(runs.map((run) => run.loaded)) };
}
