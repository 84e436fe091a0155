/** One row: a network is built, its client's clock is followed, idle and loaded, all is taken down. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../../lab-error.js';
import { startClockPair } from '../../peers/clock-pair.js';
import type { FrameCount } from '../../peers/fidelity-watch.js';
import { startLinkTap, type LinkTap } from '../../peers/link-tap.js';
import type { ManagedProcess } from '../../peers/managed-process.js';
import { tracedErrors } from '../../peers/own-clock.js';
import { startSink, startTraffic, type TrafficCounts } from '../../peers/traffic.js';
import type { Fidelity } from '../../measure/fidelity.js';
import { syncWays } from '../../measure/path-noise.js';
import type { SlaveEvent } from '../../measure/slave-events.js';
import type { TapMessage } from '../../measure/tap-messages.js';
import { servedTimes } from '../../measure/served-time.js';
import type { ChainPath } from '../../namespaces/chain.js';
import type { QueueLimits } from '../../namespaces/links.js';
import { FAST_RATES, type Rates } from '../boundary/clocks.js';
import { SETTLED_NS, sharedNowNs, until } from '../boundary/observer.js';
import { CLIENT_OSCILLATOR } from '../boundary/plan.js';
import type { Cleanup } from '../first-light/cleanup.js';
import { listen, settle, type ListeningContext, type Running } from '../listening.js';
import { pause } from '../run.js';
import { rowNoise, type RowNoise } from './noise.js';
import type { Timeline } from './predict.js';
import { rowTitle, type CompareRow } from './rows.js';
import type { CompareConfig } from './schema.js';
import { buildSite } from './sites.js';

export interface CompareContext extends ListeningContext {
  readonly config: CompareConfig;
  readonly directory: string;
  /** How many legs of how many have been begun. */
  readonly legs: { begun: number; readonly planned: number };
}

export interface ClockError {
  readonly atNs: bigint;
  readonly errorNs: number;
}

/** What was heard in a row for a while. */
export interface Heard {
  /** Of the client's clock against the true time, whenever it was steered. */
  readonly errors: readonly ClockError[];
  /** What passed the interfaces of the grandmaster, of the switches' sides towards them, of the client. */
  readonly taps: ReadonlyMap<string, readonly TapMessage[]>;
  /** The client's raw times, on its own clock. */
  readonly events: readonly SlaveEvent[];
}

/** What is known of a row at one load. */
export interface CompareFigures extends Heard {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly lostTrafficFrames: number;
  readonly sentTrafficFrames: number;
  /** Of this measurement alone. */
  readonly fidelity: Fidelity;
}

export type CompareOutcome =
  | { readonly status: 'ok'; readonly figures: CompareFigures }
  | { readonly status: 'skipped' | 'failed'; readonly reason: string };

/** A row from its beginning to its end; both count from its beginning. */
export interface Recording {
  readonly timeline: Timeline;
  readonly noise: RowNoise;
}

export interface CompareLeg {
  /** Null where it was not measured. */
  readonly recording: Recording | null;
  readonly idle: CompareOutcome;
  /** Undefined where load was not asked for, or is not meant. */
  readonly loaded?: CompareOutcome;
}

const SETTLED_SYNCS = 8;
const SETTLE_LIMIT_MS = 60_000;
/** For the client's loop to have forgotten how it began: ten of its time constants. */
const CLIENT_WARM_UP_MS = 5_000;
const LOAD_SETTLING_MS = 1_500;
const TAP_SETTLING_MS = 200;

/** linuxptp's gains for good stamps: with those for software stamps it needs most of a minute to begin. */
export const CLIENT_GAINS = {
  pi_proportional_scale: 0.7,
  pi_proportional_exponent: -0.3,
  pi_proportional_norm_max: 0.7,
  pi_integral_scale: 0.3,
  pi_integral_exponent: 0.4,
  pi_integral_norm_max: 0.3,
} as const;

const STEERING = {
  ...CLIENT_GAINS,
  freq_est_interval: 1,
  sanity_freq_limit: 200_000_000,
  // Behind a plain bridge a Sync may wait for as long as the queue is.
  step_threshold: 0.03,
};

/**
 * Announce that may be missing, a second of them: who gives up its grandmaster because a program was not woken
 * learns its frequency anew, and is off by microseconds for seconds.
 */
const ANNOUNCE_RECEIPT_TIMEOUT = 8;

export function ratesOf({ logSyncInterval }: CompareConfig): Rates {
  return {
    ...FAST_RATES,
    announceReceiptTimeout: ANNOUNCE_RECEIPT_TIMEOUT,
    logSyncInterval,
    logDelayReqInterval: logSyncInterval,
  };
}

function ptp4lRates(config: CompareConfig) {
  const rates = ratesOf(config);
  return {
    logAnnounceInterval: rates.logAnnounceInterval,
    announceReceiptTimeout: rates.announceReceiptTimeout,
    logSyncInterval: rates.logSyncInterval,
    logMinDelayReqInterval: rates.logDelayReqInterval,
    // Several Sync intervals, in units of one, and more than the longest wait in the queue.
    syncReceiptTimeout: 20,
  };
}

export const limitsOf = (config: CompareConfig): QueueLimits => ({
  rateBitsPerSecond: config.rateBitsPerSecond,
  boundBytes: config.queueBoundBytes,
});

interface Network {
  readonly path: ChainPath;
  readonly running: Running;
  readonly taps: ReadonlyMap<string, LinkTap>;
  readonly sink?: ManagedProcess;
  readonly traceFile: string;
  readonly beginNs: bigint;
  /** When the switches began, and the client. */
  readonly begun: { readonly switchesNs: readonly bigint[]; readonly clientNs: bigint };
}

/** Where it is listened: at the ends of the first link and of the last; between boundary clocks at all. */
function listenedAt({ kind, switches }: CompareRow, path: ChainPath) {
  const inside = path.switches.flatMap(({ ports: [up, down] }, index) => {
    const isEach = kind === 'bc';
    return [
      ...(up !== undefined && (index === 0 || isEach) ? [[`${index + 1}-up`, up] as const] : []),
      ...(down !== undefined && (index === switches - 1 || isEach)
        ? [[`${index + 1}-down`, down] as const]
        : []),
    ];
  });
  const ends = [
    ['grandmaster', path.grandmaster],
    ['client', path.client],
  ] as const;
  return kind === 'bridge' ? ends : [...ends, ...inside];
}

/** Boundary clocks serve the true time, and have had time to become narrow. */
async function boundarySettled(
  context: CompareContext,
  title: string,
  tap: LinkTap,
  processes: readonly ManagedProcess[],
): Promise<void> {
  const { config, progress, signal } = context;
  progress.update(`${title}: the boundary clocks are settling`);
  const isSettled = () => {
    const last = servedTimes(tap.messages.slice(-200)).slice(-SETTLED_SYNCS);
    const isTrue = last.every(({ errorNs }) => Math.abs(errorNs) < SETTLED_NS);
    return last.length === SETTLED_SYNCS && isTrue;
  };
  const describe = () => {
    const errorNs = servedTimes(tap.messages).at(-1)?.errorNs;
    const served = errorNs === undefined ? 'no Sync came' : `${Math.round(errorNs)} ns off`;
    return `the true time behind the boundary clocks (${served})`;
  };
  await until({ processes, signal }, isSettled, SETTLE_LIMIT_MS, describe);
  progress.update(`${title}: the boundary clocks become narrow`);
  await pause(config.warmUpSeconds * 1000, signal);
}

/** When so many began one after the other, where nobody tells of each. */
function evenly(fromNs: bigint, untilNs: bigint, count: number): bigint[] {
  const step = count === 0 ? 0n : (untilNs - fromNs) / BigInt(count);
  return Array.from({ length: count }, (_, index) => fromNs + BigInt(index + 1) * step);
}

async function buildNetwork(
  context: CompareContext,
  title: string,
  row: CompareRow,
  cleanup: Cleanup,
): Promise<Network> {
  const { config, directory } = context;
  context.progress.update(`${title}: building`);
  const { switches, kind } = row;
  const processes: ManagedProcess[] = [];
  const onStart = (process: ManagedProcess) => {
    processes.push(process);
    cleanup.add(() => process.stop());
  };
  const [limits, rates] = [limitsOf(config), ratesOf(config)];
  const switchesNs: bigint[] = [];
  const onBegun = () => switchesNs.push(sharedNowNs());
  const devices = { row, limits, rates, directory, onStart, onBegun };
  const { path, startSwitches } = await buildSite({ ...devices, signal: context.signal });
  cleanup.add(() => path.close());
  const sink = path.crossTraffic && (await startSink(path.crossTraffic.sink));
  if (sink !== undefined) onStart(sink);
  const taps = new Map<string, LinkTap>();
  for (const [name, end] of listenedAt(row, path)) taps.set(name, await startLinkTap(end, onStart));
  const clientTap = taps.get('client');
  const beginNs = sharedNowNs();
  let clientNs = beginNs;
  const traceFile = join(directory, `client-${path.client.namespace.pid}.trace`);
  const clocks = await startClockPair({
    ...{ grandmaster: path.grandmaster, client: path.client, directory, transport: 'L2' },
    settings: ptp4lRates(config),
    steering: { clock: { ...CLIENT_OSCILLATOR, traceFile }, settings: STEERING },
    // Boundary clocks begin when there is somebody to follow.
    beforeClient: async () => {
      const startNs = sharedNowNs();
      await startSwitches();
      if (switchesNs.length === 0) switchesNs.push(...evenly(startNs, sharedNowNs(), switches));
      if (kind === 'bc' && clientTap !== undefined) {
        await boundarySettled(context, title, clientTap, processes);
      }
      clientNs = sharedNowNs();
    },
  });
  cleanup.add(() => clocks.stop());
  const running = { clocks, processes: [...processes, ...clocks.processes] };
  const others = sink === undefined ? {} : { sink };
  const begun = { switchesNs, clientNs };
  return { path, running, taps, traceFile, beginNs, begun, ...others };
}

/** All since the row's beginning. */
function heardIn({ running, taps, traceFile }: Network): Heard {
  return {
    errors: tracedErrors(readFileSync(traceFile, 'utf8')),
    taps: new Map([...taps].map(([name, { messages }]) => [name, [...messages]])),
    events: running.clocks.events,
  };
}

async function listenTo(
  context: CompareContext,
  title: string,
  network: Network,
): Promise<Omit<CompareFigures, 'lostTrafficFrames' | 'sentTrafficFrames' | 'fidelity'>> {
  const { running } = network;
  const startNs = sharedNowNs();
  const eventsBefore = running.clocks.events.length;
  await listen(context, title, running, context.config.durationSeconds);
  const endNs = sharedNowNs();
  await pause(TAP_SETTLING_MS, context.signal);
  const isWithin = (ns: bigint) => ns >= startNs && ns < endNs;
  const { errors, taps, events } = heardIn(network);
  return {
    ...{ startNs, endNs },
    errors: errors.filter(({ atNs }) => isWithin(atNs)),
    taps: new Map(
      [...taps].map(([name, messages]) => [
        name,
        messages.filter(({ stampNs }) => isWithin(stampNs)),
      ]),
    ),
    events: events.slice(eventsBefore),
  };
}

/** Listens and judges the machine by that time alone. */
async function listenJudged(
  context: CompareContext,
  title: string,
  network: Network,
  countTraffic: () => Promise<TrafficCounts>,
): Promise<CompareFigures> {
  const { fidelity } = context;
  const windows = fidelity.windows;
  const figures = await listenTo(context, title, network);
  const { sentFrames, receivedFrames } = await countTraffic();
  const lostTrafficFrames = sentFrames - receivedFrames;
  const syncs = syncCount(figures.taps);
  const frames = { sent: sentFrames + syncs.sent, lost: lostTrafficFrames + syncs.lost };
  fidelity.count(frames);
  return {
    ...figures,
    ...{ lostTrafficFrames, sentTrafficFrames: sentFrames },
    fidelity: fidelity.judge(windows, frames),
  };
}

/** Those that left last may still be under way. */
const UNDER_WAY = 2;

/** The grandmaster's, where they are to reach the client: boundary clocks send others. */
function syncCount(taps: CompareFigures['taps']): FrameCount {
  const arrived = new Set(syncWays(taps.get('client') ?? []).map(({ key }) => key));
  const mirrored = (taps.get('grandmaster') ?? [])
    .filter(({ direction }) => direction === 'out')
    .map((message) => ({ ...message, direction: 'in' as const }));
  const sent = syncWays(mirrored).slice(0, -UNDER_WAY);
  const found = sent.filter(({ key }) => arrived.has(key)).length;
  return found === 0 ? { sent: 0, lost: 0 } : { sent: sent.length, lost: sent.length - found };
}

const NO_TRAFFIC = { sentFrames: 0, receivedFrames: 0 };

async function listenLoaded(
  context: CompareContext,
  title: string,
  network: Network,
): Promise<CompareOutcome> {
  const { path, sink, running } = network;
  if (path.crossTraffic === undefined || sink === undefined) throw new Error('no cross traffic');
  const { config } = context;
  const { source, sink: sinkEnd } = path.crossTraffic;
  const traffic = startTraffic(source, sinkEnd, sink, limitsOf(config), config.load, config.seed);
  try {
    context.progress.update(`${title}: filling the queues`);
    await pause(LOAD_SETTLING_MS, context.signal);
    const processes = [...running.processes, ...traffic.processes];
    const loaded = { ...network, running: { ...running, processes } };
    const figures = await listenJudged(context, title, loaded, () => traffic.finish());
    if (figures.lostTrafficFrames === figures.sentTrafficFrames) {
      return { status: 'failed', reason: 'no frame of the cross traffic reached the sink' };
    }
    return { status: 'ok', figures };
  } finally {
    await traffic.stop();
  }
}

/** Turns an expected failure into an outcome; lets bugs and interruptions pass. */
function explain(error: unknown): Exclude<CompareOutcome, { readonly status: 'ok' }> {
  if (!(error instanceof LabError) || error.code === 'interrupted') throw error;
  const status = error.code === 'precondition' ? 'skipped' : 'failed';
  return { status, reason: error.message };
}

/** Whether a row is measured under load, too. */
const isLoaded = ({ config }: CompareContext, { switches }: CompareRow) =>
  switches > 0 && config.load > 0;

/** A row that there cannot be here. */
export function skippedLeg(context: CompareContext, row: CompareRow, reason: string): CompareLeg {
  const idle = { status: 'skipped', reason } as const;
  return { recording: null, idle, ...(isLoaded(context, row) ? { loaded: idle } : {}) };
}

/** Null where nothing was measured: there is nothing to hold a prediction against. */
function recordingOf(
  row: CompareRow,
  network: Network,
  outcomes: readonly (CompareOutcome | undefined)[],
): Recording | null {
  const { beginNs, begun } = network;
  const seconds = (ns: bigint) => Number(ns - beginNs) / 1e9;
  const [idle, loaded] = outcomes.map((outcome) =>
    outcome?.status === 'ok'
      ? { from: seconds(outcome.figures.startNs), until: seconds(outcome.figures.endNs) }
      : null,
  );
  if (!idle) return null;
  const switches = begun.switchesNs.map(seconds);
  const timeline = { switches, client: seconds(begun.clientNs), idle, loaded: loaded ?? null };
  return { timeline, noise: rowNoise(row, heardIn(network), beginNs) };
}

/** Runs a row, idle and where it makes sense loaded. What it started is left to `cleanup`. */
export async function runCompareLeg(
  context: CompareContext,
  row: CompareRow,
  cleanup: Cleanup,
): Promise<CompareLeg> {
  context.legs.begun += 1;
  const { begun, planned } = context.legs;
  const title = `[${begun}/${planned}] ${rowTitle(row)}`;
  const withLoad = isLoaded(context, row);
  let idle: CompareOutcome;
  let network: Network;
  try {
    network = await buildNetwork(context, title, row, cleanup);
    await settle(context, title, network.running);
    context.progress.update(`${title}: the client is settling`);
    await pause(CLIENT_WARM_UP_MS, context.signal);
    const noTraffic = () => Promise.resolve(NO_TRAFFIC);
    const figures = await listenJudged(context, `${title}, idle`, network, noTraffic);
    idle = { status: 'ok', figures };
  } catch (error) {
    idle = explain(error);
    return { recording: null, idle, ...(withLoad ? { loaded: idle } : {}) };
  }
  if (!withLoad) return { recording: recordingOf(row, network, [idle]), idle };
  const loadedTitle = `${title}, loaded`;
  const loaded = await listenLoaded(context, loadedTitle, network).catch(explain);
  return { recording: recordingOf(row, network, [idle, loaded]), idle, loaded };
}
