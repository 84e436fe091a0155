/** One leg: a network is built, its clocks are listened to, everything is taken down again. */
import { LabError } from '../../lab-error.js';
import type { OffsetSample } from '../../measure/offset.js';
import type { TruthResult } from '../../measure/residence-truth.js';
import { startClockPair } from '../../peers/clock-pair.js';
import type { ManagedProcess } from '../../peers/managed-process.js';
import { startStampTaps, type StampTaps } from '../../peers/stamp-taps.js';
import { startSink, startTraffic } from '../../peers/traffic.js';
import { buildChain, type ChainPath } from '../../namespaces/chain.js';
import type { QueueLimits } from '../../namespaces/links.js';
import type { Cleanup } from '../first-light/cleanup.js';
import { listen, settle, type ListeningContext, type Running } from '../listening.js';
import { pause } from '../run.js';
import { startDevices, type Devices } from './devices.js';
import type { Comparison, Row } from './rows.js';
import type { TransparentConfig } from './schema.js';

export interface LabContext extends ListeningContext {
  readonly config: TransparentConfig;
  readonly directory: string;
  /** How many legs of how many have been begun. */
  readonly legs: { begun: number; readonly planned: number };
}

/** What a passing line of progress begins with. */
export function beginLeg({ legs }: LabContext, title: string): string {
  legs.begun++;
  return `[${legs.begun}/${legs.planned}] ${title}`;
}

/** What a leg has to tell of one load. */
export interface LegFigures {
  readonly samples: readonly OffsetSample[];
  readonly truth: TruthResult;
  readonly lostTrafficFrames: number;
}

export type LegOutcome =
  | { readonly status: 'ok'; readonly figures: LegFigures }
  | { readonly status: 'skipped' | 'failed'; readonly reason: string };

export interface LegResult {
  readonly idle: LegOutcome;
  /** Undefined where load was not asked for, or is not meant. */
  readonly loaded?: LegOutcome;
}

/** For the first bursts to have filled the queues, and the delay filter to have seen them. */
const LOAD_SETTLING_MS = 500;
/** For the last frames of the interval to have been written down. */
const TAP_SETTLING_MS = 200;

const ADDRESSES = { L2: 'none', UDPv4: 'ipv4', UDPv6: 'ipv6' } as const;

export const limitsOf = (config: TransparentConfig): QueueLimits => ({
  rateBitsPerSecond: config.rateBitsPerSecond,
  boundBytes: config.queueBoundBytes,
});

/** Everything that runs in a leg. */
export interface Network {
  readonly path: ChainPath;
  readonly devices: Devices;
  readonly taps: StampTaps;
  readonly clocks: Running['clocks'];
  readonly sink?: ManagedProcess;
}

/** All that runs now: devices may have been started anew. */
export function runningOf({ devices, taps, clocks, sink }: Network): Running {
  const others = sink === undefined ? [] : [sink];
  return {
    clocks,
    processes: [...devices.processes(), ...taps.processes, ...clocks.processes, ...others],
  };
}

/** Builds the network and starts all that belongs on it. What it started is left to `cleanup`. */
export async function buildNetwork(
  context: LabContext,
  comparison: Comparison,
  row: Row,
  cleanup: Cleanup,
): Promise<Network> {
  const path = await buildChain({
    switches: row.switches,
    vlan: comparison.vlan,
    addresses: ADDRESSES[comparison.transport],
    switchesSpeak: row.device === 'ptp4l',
  });
  cleanup.add(() => path.close());
  const { config, directory } = context;
  const onStart = (process: ManagedProcess) => cleanup.add(() => process.stop());
  const limits = limitsOf(config);
  const devices = await startDevices({ comparison, row, path, limits, directory, onStart });
  const sink = path.crossTraffic && (await startSink(path.crossTraffic.sink));
  if (sink !== undefined) onStart(sink);
  const taps = await startStampTaps(path.grandmasterLink, path.clientLink);
  cleanup.add(() => taps.stop());
  const { grandmaster, client } = path;
  const { mechanism, transport, unicast, oneStepMaster } = comparison;
  const kind = { mechanism, transport, unicast, oneStepMaster };
  const clocks = await startClockPair({ grandmaster, client, directory, ...kind });
  cleanup.add(() => clocks.stop());
  return { path, devices, taps, clocks, ...(sink === undefined ? {} : { sink }) };
}

/** Listens for the configured time, and takes what the taps have of it. */
export async function listenWithTaps(
  context: LabContext,
  title: string,
  network: Network,
  running: Running,
): Promise<Omit<LegFigures, 'lostTrafficFrames'>> {
  const heard = await listen(context, title, running, context.config.durationSeconds);
  await pause(TAP_SETTLING_MS, context.signal);
  const truth = network.taps.truth(heard);
  context.fidelity.count(truth);
  return { samples: heard.samples, truth };
}

async function measureLoaded(
  context: LabContext,
  title: string,
  network: Network,
): Promise<LegOutcome> {
  const { devices, path, sink } = network;
  const { noLoadReason } = devices;
  if (noLoadReason !== undefined) return { status: 'skipped', reason: noLoadReason };
  if (path.crossTraffic === undefined || sink === undefined) throw new Error('no cross traffic');
  const { config } = context;
  const { source, sink: sinkEnd } = path.crossTraffic;
  const traffic = startTraffic(source, sinkEnd, sink, limitsOf(config), config.load, config.seed);
  try {
    const idle = runningOf(network);
    const running = { ...idle, processes: [...idle.processes, ...traffic.processes] };
    context.progress.update(`${title}: filling the queue`);
    await pause(LOAD_SETTLING_MS, context.signal);
    const figures = await listenWithTaps(context, title, network, running);
    const counts = await traffic.finish();
    if (counts.receivedFrames === 0) {
      return { status: 'failed', reason: 'no frame of the cross traffic reached the sink' };
    }
    const lostTrafficFrames = counts.sentFrames - counts.receivedFrames;
    context.fidelity.count({ sent: counts.sentFrames, lost: lostTrafficFrames });
    return { status: 'ok', figures: { ...figures, lostTrafficFrames } };
  } finally {
    await traffic.stop();
  }
}

/** Turns an expected failure into an outcome; lets bugs and interruptions pass. */
export function explain(error: unknown): Exclude<LegOutcome, { readonly status: 'ok' }> {
  if (!(error instanceof LabError) || error.code === 'interrupted') throw error;
  const status = error.code === 'precondition' ? 'skipped' : 'failed';
  return { status, reason: error.message };
}

/** Runs a leg. What it started is left to `cleanup`. */
export async function runLeg(
  context: LabContext,
  comparison: Comparison,
  row: Row,
  cleanup: Cleanup,
): Promise<LegResult> {
  const title = beginLeg(context, `${comparison.title}: ${row.title}`);
  const withLoad = comparison.loaded && row.device !== 'direct' && context.config.load > 0;
  let idle: LegOutcome;
  let network: Network;
  try {
    context.progress.update(`${title}: building`);
    network = await buildNetwork(context, comparison, row, cleanup);
    const running = runningOf(network);
    await settle(context, title, running);
    const figures = await listenWithTaps(context, title, network, running);
    idle = { status: 'ok', figures: { ...figures, lostTrafficFrames: 0 } };
  } catch (error) {
    idle = explain(error);
    return withLoad ? { idle, loaded: idle } : { idle };
  }
  if (!withLoad) return { idle };
  return { idle, loaded: await measureLoaded(context, title, network).catch(explain) };
}
