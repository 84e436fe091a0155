/**
 * What the simulator makes of a row: the same clocks are started when they were, wait for as long, and are
 * measured for as long, idle and then loaded. Either the noise is another row's, of one switch, or it is what was
 * measured in this row, played again when it was: then this very run is foretold, else what such runs are like.
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
import { Moments, recordedTimers } from './recorded-moments.js';
import {
  AlignedPlayer,
  DrawnPlayer,
  type AlignedNoise,
  type NoisePlayer,
  type PlayedNoise,
} from './recorded-noise.js';

export type PredictedKind = 'direct' | 'tc-one' | 'tc-two' | 'bc';

/** In seconds since the row's beginning. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** When things began, in seconds since the first of them. */
export interface Timeline {
  /** Of each switch, from the grandmaster's side on. */
  readonly switches: readonly number[];
  readonly client: number;
  /** When it was measured. */
  readonly idle: Span;
  readonly loaded: Span | null;
}

export type RowNoiseToPlay =
  | { readonly how: 'drawn'; readonly idle: PlayedNoise; readonly loaded: PlayedNoise | null }
  | { readonly how: 'aligned'; readonly noise: AlignedNoise };

export interface PredictionPlan {
  readonly kind: PredictedKind;
  readonly switches: number;
  readonly noise: RowNoiseToPlay;
  readonly rates: Rates;
  readonly gains: Ptp4lGains;
  readonly timeline: Timeline;
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
const IDENTITIES = 0x0274_70ff_fe00_0000n;

function oscillatorOf({ ppm, wanderPpb }: OwnClock): Partial<OscillatorSpec> {
  return { ppm, walkPpb: wanderPpb };
}

/** A link, the grandmaster's being the first, with what is played on it. */
function linkOf(player: NoisePlayer, rates: Rates, link: number) {
  const intervalNs = 1e9 * 2 ** rates.logSyncInterval;
  let lastNs = 0;
  const down: Channel = (frame, nowNs, arrive) => {
    if (frame.message.kind !== 'sync') {
      // A Follow_Up does not overtake its Sync.
      arrive(frame, LINK_NS + Math.max(0, lastNs));
    } else if (!player.isSilent(link, nowNs, intervalNs)) {
      lastNs = Math.max(-LINK_NS, player.link('down', link, nowNs));
      arrive(frame, LINK_NS + lastNs);
    }
  };
  const up: Channel = (frame, nowNs, arrive) => {
    const isRequest = frame.message.kind === 'delayReq';
    const noiseNs = isRequest ? player.link('up', link, nowNs) : 0;
    arrive(frame, LINK_NS + Math.max(-LINK_NS, noiseNs));
  };
  return { down, up };
}

function portOf({ rates }: PredictionPlan) {
  return {
    logAnnounceInterval: rates.logAnnounceInterval,
    announceReceiptTimeout: rates.announceReceiptTimeout,
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
    ...timersOf(plan, index + 1),
  });
}

interface RunErrors {
  readonly idle: readonly number[];
  readonly loaded: readonly number[];
}

interface SimulatedRow {
  readonly stations: readonly (PtpNode | TransparentNode)[];
  readonly client: FollowingClock;
  /** All errors of the client since it was asked last. */
  readonly takeErrors: () => readonly number[];
}

/** When a clock of the row sends: as it did, where that is known. The grandmaster is the first. */
function timersOf({ noise }: PredictionPlan, clock: number) {
  if (noise.how === 'drawn') return {};
  const { links } = noise.noise;
  const below = links[clock];
  const above = clock === 0 ? null : links[clock - 1];
  return below === undefined || above === undefined
    ? {}
    : { timerAfterNs: recordedTimers(above, below) };
}

function momentsOf({ noise }: PredictionPlan) {
  const last = noise.how === 'drawn' ? undefined : noise.noise.links.at(-1);
  return last === undefined ? null : new Moments(last.up);
}

function buildRow(world: World, plan: PredictionPlan, player: NoisePlayer): SimulatedRow {
  const { rates, gains, switches } = plan;
  const config = grandmasterConfig({ identity: IDENTITIES, ports: 1, port: portOf(plan) });
  const grandmaster = new PtpNode(world, 'grandmaster', { config, ...timersOf(plan, 0) });
  const row = Array.from({ length: switches }, (_, index) => switchOf(world, plan, index));
  let errors: number[] = [];
  const client = new FollowingClock(world, {
    identity: IDENTITIES + 1n,
    oscillator: oscillatorOf(CLIENT_OSCILLATOR),
    logInterval: rates.logSyncInterval,
    gains,
    lateNs: () => player.steeringNs(world.nowNs),
    onSteered: (errorNs) => errors.push(errorNs),
    requests: momentsOf(plan),
  });
  const stations: Station[] = [grandmaster, ...row, client];
  for (const [index, below] of [...row, client].entries()) {
    const above = stations[index];
    if (above === undefined) continue;
    const { down, up } = linkOf(player, rates, index);
    const port = index === 0 ? 1 : 2;
    world.link({ station: above, port }, { station: below, port: 1 }, down, up);
  }
  const takeErrors = () => {
    const taken = errors;
    errors = [];
    return taken;
  };
  grandmaster.start();
  return { stations: row, client, takeErrors };
}

function simulate(plan: PredictionPlan, seed: number): RunErrors {
  const { noise, timeline, switches } = plan;
  const world = new World({ seed });
  const player =
    noise.how === 'drawn'
      ? new DrawnPlayer(noise.idle, switches, (name) => world.stream(name))
      : new AlignedPlayer(noise.noise);
  const { stations, client, takeErrors } = buildRow(world, plan, player);
  const runTo = (seconds: number) => {
    world.run(Math.max(0, seconds - world.nowNs / 1e9));
  };
  for (const [index, one] of stations.entries()) {
    runTo(timeline.switches[index] ?? 0);
    one.start();
  }
  runTo(timeline.client);
  client.start();
  const measured = ({ from, until }: Span) => {
    runTo(from);
    takeErrors();
    runTo(until);
    return takeErrors();
  };
  const idle = measured(timeline.idle);
  const { loaded } = timeline;
  if (loaded === null || (noise.how === 'drawn' && noise.loaded === null)) {
    return { idle, loaded: [] };
  }
  if (noise.how === 'drawn' && player instanceof DrawnPlayer)
    player.play(noise.loaded ?? noise.idle);
  return { idle, loaded: measured(loaded) };
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
