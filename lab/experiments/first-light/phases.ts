/** The phases: what is between the clocks, how long they are listened to, what came of it. */
import { formatNs } from '#units/format';
import { LabError } from '../../lab-error.js';
import { missingSyncs, type OffsetSample } from '../../measure/offset.js';
import { summarizeErrors, summarizeSpread } from '../../measure/statistics.js';
import { startBmv2 } from '../../peers/bmv2.js';
import { startClockPair } from '../../peers/clock-pair.js';
import type { Forwarder, ForwarderOptions } from '../../peers/forwarder.js';
import type { ManagedProcess } from '../../peers/managed-process.js';
import { startNativeSwitch } from '../../peers/native-switch.js';
import { startPtp4lTransparentClock } from '../../peers/ptp4l-tc.js';
import { startSink, startTraffic } from '../../peers/traffic.js';
import { entrance } from '../../namespaces/sandbox.js';
import {
  buildDirectPath,
  buildSwitchedPath,
  type DirectPath,
  type SwitchedPath,
} from '../../namespaces/switched-path.js';
import type { Cleanup } from './cleanup.js';
import { listen, settle, type ListeningContext, type Running } from '../listening.js';
import { pause } from '../run.js';
import { phaseTitle } from './report.js';
import type { FirstLightConfig, PhaseName, PhaseResult } from './schema.js';

export interface PhaseContext extends ListeningContext {
  readonly config: FirstLightConfig;
  readonly directory: string;
}

type SwitchedName = Exclude<PhaseName, 'direct'>;

const FORWARDERS: Readonly<
  Record<SwitchedName, (options: ForwarderOptions) => Promise<Forwarder>>
> = {
  bridge: (options) => startNativeSwitch(options, 'off'),
  transparent: (options) => startNativeSwitch(options, 'transparent'),
  'ptp4l-tc': startPtp4lTransparentClock,
  bmv2: startBmv2,
};

/** For the first bursts to have filled the queue, and the delay filter to have seen them. */
const LOAD_SETTLING_MS = 500;

const integers = <Values extends Record<string, number>>(values: Values): Values =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Math.round(value)]),
  ) as Values;

/** A phase's result from its samples. */
export function evaluate(
  name: PhaseName,
  loaded: boolean,
  samples: readonly OffsetSample[],
  lostTrafficFrames: number,
): PhaseResult {
  const errors = summarizeErrors(samples.map((sample) => sample.offsetNs));
  const residence = summarizeSpread(samples.map((sample) => sample.residenceNs));
  const pathDelay = summarizeSpread(samples.map((sample) => sample.meanPathDelayNs));
  if (errors === null || residence === null || pathDelay === null) {
    return unmeasured(name, loaded, 'failed', 'no Sync reached the client during the phase');
  }
  return {
    name,
    loaded,
    status: 'ok',
    reason: '',
    samples: samples.length,
    errorNs: integers({ ...errors }),
    meanPathDelayNs: Math.round(pathDelay.p50),
    residenceNs: integers({ ...residence }),
    lostFrames: missingSyncs(samples) + lostTrafficFrames,
  };
}

/** A phase without figures: `samples` 0 says that the zeros are none. */
export function unmeasured(
  name: PhaseName,
  loaded: boolean,
  status: 'skipped' | 'failed',
  reason: string,
): PhaseResult {
  return {
    ...{ name, loaded, status, reason, samples: 0 },
    errorNs: { rms: 0, p50: 0, p99: 0, max: 0 },
    meanPathDelayNs: 0,
    residenceNs: { p50: 0, p99: 0, max: 0 },
    lostFrames: 0,
  };
}

/** Turns an expected failure into a result; lets bugs and interruptions pass. */
function explain(name: PhaseName, loaded: boolean, error: unknown): PhaseResult {
  if (!(error instanceof LabError) || error.code === 'interrupted') throw error;
  const status = error.code === 'precondition' ? 'skipped' : 'failed';
  return unmeasured(name, loaded, status, error.message);
}

function announce(context: PhaseContext, result: PhaseResult): PhaseResult {
  const title = `${phaseTitle(result.name)}, ${result.loaded ? 'loaded' : 'idle'}`;
  const text =
    result.status !== 'ok'
      ? `${result.status}: ${result.reason}`
      : `${result.samples} Syncs, error p50 ${formatNs(result.errorNs.p50)}, ` +
        `p99 ${formatNs(result.errorNs.p99)}`;
  context.progress.done(`${title}: ${text}`);
  return result;
}

async function startClocks(
  context: PhaseContext,
  path: DirectPath,
  processes: readonly ManagedProcess[],
  cleanup: Cleanup,
): Promise<Running> {
  const clocks = await startClockPair({
    grandmaster: path.grandmaster,
    client: path.client,
    directory: context.directory,
    transport: context.config.transport,
  });
  cleanup.add(() => clocks.stop());
  return { clocks, processes: [...processes, ...clocks.processes] };
}

async function measureIdle(
  context: PhaseContext,
  name: PhaseName,
  running: Running,
): Promise<PhaseResult> {
  const title = `${phaseTitle(name)}, idle`;
  await settle(context, title, running);
  const seconds = context.config.durationSeconds;
  return evaluate(name, false, (await listen(context, title, running, seconds)).samples, 0);
}

async function measureLoaded(
  context: PhaseContext,
  name: PhaseName,
  path: SwitchedPath,
  sink: ManagedProcess,
  running: Running,
): Promise<PhaseResult> {
  const { config } = context;
  const limits = {
    rateBitsPerSecond: config.rateBitsPerSecond,
    boundBytes: config.queueBoundBytes,
  };
  const title = `${phaseTitle(name)}, loaded`;
  const traffic = startTraffic(path.source, path.sink, sink, limits, config.load);
  try {
    const loaded = { ...running, processes: [...running.processes, ...traffic.processes] };
    context.progress.update(`${title}: filling the queue`);
    await pause(LOAD_SETTLING_MS, context.signal);
    const { samples } = await listen(context, title, loaded, config.durationSeconds);
    const counts = await traffic.finish();
    if (counts.receivedFrames === 0) {
      return unmeasured(name, true, 'failed', 'no frame of the cross traffic reached the sink');
    }
    const lost = counts.sentFrames - counts.receivedFrames;
    context.fidelity.count({ sent: counts.sentFrames, lost });
    return evaluate(name, true, samples, lost);
  } finally {
    await traffic.stop();
  }
}

async function runDirect(context: PhaseContext, cleanup: Cleanup): Promise<PhaseResult[]> {
  context.progress.update('direct link: building');
  const path = await buildDirectPath();
  cleanup.add(() => path.close());
  const running = await startClocks(context, path, [], cleanup);
  return [announce(context, await measureIdle(context, 'direct', running))];
}

/** One network, first idle, then loaded. */
async function runSwitched(
  context: PhaseContext,
  name: SwitchedName,
  cleanup: Cleanup,
  notes: string[],
): Promise<PhaseResult[]> {
  const { config } = context;
  context.progress.update(`${phaseTitle(name)}: building`);
  const switchAddresses = name === 'ptp4l-tc' && config.transport !== 'L2';
  const path = await buildSwitchedPath({ switchAddresses });
  cleanup.add(() => path.close());
  const forwarder = await FORWARDERS[name]({
    path,
    limits: { rateBitsPerSecond: config.rateBitsPerSecond, boundBytes: config.queueBoundBytes },
    directory: context.directory,
    transport: config.transport,
    onStart: (process) => cleanup.add(() => process.stop()),
  });
  notes.push(...namespaceNotes(path), ...forwarder.notes);
  const sink = await startSink(path.sink);
  cleanup.add(() => sink.stop());
  const running = await startClocks(context, path, [...forwarder.processes, sink], cleanup);
  const results = [announce(context, await measureIdle(context, name, running))];
  if (config.load === 0) return results;
  const loaded =
    forwarder.noLoadReason === undefined
      ? await measureLoaded(context, name, path, sink, running).catch((error: unknown) =>
          explain(name, true, error),
        )
      : unmeasured(name, true, 'skipped', forwarder.noLoadReason);
  return [...results, announce(context, loaded)];
}

function namespaceNotes(path: SwitchedPath): string[] {
  const ends = [path.grandmaster, path.ports[1], path.client, path.source, path.sink];
  return ends.map(({ namespace }) => `${entrance(namespace)}   # ${namespace.label}`);
}

export interface PhaseRun {
  readonly results: PhaseResult[];
  /** How to look around in what is still running. */
  readonly notes: readonly string[];
}

/** Runs one phase, idle and where it makes sense loaded. What it started is left to `cleanup`. */
export async function runPhase(
  context: PhaseContext,
  name: PhaseName,
  cleanup: Cleanup,
): Promise<PhaseRun> {
  const notes: string[] = [];
  try {
    const results =
      name === 'direct'
        ? await runDirect(context, cleanup)
        : await runSwitched(context, name, cleanup, notes);
    return { results, notes };
  } catch (error) {
    const loads = name === 'direct' || context.config.load === 0 ? [false] : [false, true];
    const results = loads.map((loaded) => announce(context, explain(name, loaded, error)));
    return { results, notes };
  }
}
