/** The phases: what is between the clocks, how long they are listened to, what came of it. */
import { formatNs } from '#units/format';
import { LabError } from '../../lab-error.js';
import { missingSyncs, type OffsetSample } from '../../measure/offset.js';
import { unexplained, type PrintedOffset } from '../../measure/printed-offsets.js';
import { percentile, summarizeErrors, summarizeSpread } from '../../measure/statistics.js';
import { startBmv2 } from '../../peers/bmv2.js';
import { reportNoSamples, startClockPair, type ClockPair } from '../../peers/clock-pair.js';
import type { Forwarder, ForwarderOptions } from '../../peers/forwarder.js';
import { assertAllAlive, type ManagedProcess } from '../../peers/managed-process.js';
import { startNativeSwitch } from '../../peers/native-switch.js';
import { startPtp4lTransparentClock } from '../../peers/ptp4l-tc.js';
import { startSink, startTraffic } from '../../peers/traffic.js';
import { entrance } from '../../topology/sandbox.js';
import {
  buildDirectPath,
  buildSwitchedPath,
  type DirectPath,
  type SwitchedPath,
} from '../../topology/switched-path.js';
import type { Cleanup } from './cleanup.js';
import type { Progress } from './progress.js';
import { phaseTitle, type CheckedOffsets } from './report.js';
import type { FirstLightConfig, PhaseName, PhaseResult } from './schema.js';

export interface PhaseContext {
  readonly checked: { -readonly [Key in keyof CheckedOffsets]: number };
  readonly config: FirstLightConfig;
  readonly directory: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
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

/** Enough Syncs for the client's delay filter to have forgotten its first values. */
const SETTLING_SAMPLES = 40;
const SETTLING_TIMEOUT_S = 8;
/** For the first bursts to have filled the queue, and the delay filter to have seen them. */
const LOAD_SETTLING_MS = 500;
/** The reader passes events on in bundles. */
const READER_DELAY_MS = 250;
const TICK_MS = 200;

/** Waits; throws `interrupted` at once when the run is to end. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(finish, milliseconds);
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    }
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
  if (signal.aborted) throw new LabError('interrupted', 'interrupted');
}

/** What is running for a group of phases with the same network. */
interface Running {
  readonly clocks: ClockPair;
  readonly processes: ManagedProcess[];
}

async function settle(context: PhaseContext, title: string, running: Running): Promise<void> {
  const end = Date.now() + SETTLING_TIMEOUT_S * 1000;
  while (running.clocks.samples.length < SETTLING_SAMPLES) {
    if (Date.now() > end) reportNoSamples(running.clocks, SETTLING_TIMEOUT_S);
    context.progress.update(`${title}: waiting for the clocks to find each other`);
    await pause(TICK_MS, context.signal);
    assertAllAlive(running.processes);
  }
}

/** Samples whose Sync came in between now and `durationSeconds` later. */
async function listen(
  context: PhaseContext,
  title: string,
  running: Running,
): Promise<OffsetSample[]> {
  const { samples, printed } = running.clocks;
  const printedBefore = printed.length;
  const startMs = Date.now();
  const endMs = startMs + context.config.durationSeconds * 1000;
  const first = samples.length;
  while (Date.now() < endMs) {
    const recent = samples.slice(first).map((sample) => Math.abs(sample.offsetNs));
    const median = percentile(
      recent.sort((a, b) => a - b),
      0.5,
    );
    const leftS = Math.ceil((endMs - Date.now()) / 1000);
    context.progress.update(
      `${title}: ${recent.length} Syncs` +
        (recent.length > 0 ? `, median error ${formatNs(median)}` : '') +
        `, ${leftS} s to go`,
    );
    await pause(Math.min(TICK_MS, Math.max(1, endMs - Date.now())), context.signal);
    assertAllAlive(running.processes);
  }
  const printedNow = printed.slice(printedBefore);
  await pause(READER_DELAY_MS, context.signal);
  checkAgainstClient(context, running.clocks, printedNow);
  const [startNs, endNs] = [BigInt(startMs) * 1_000_000n, BigInt(endMs) * 1_000_000n];
  return samples.filter((sample) => sample.ingressNs >= startNs && sample.ingressNs < endNs);
}

/**
 * The client's own word: the offsets that it printed have to be among those that we computed. Not
 * each of them: when the machine is too busy to read the events, the kernel drops some, and our
 * median is another one for a while.
 */
function checkAgainstClient(
  { checked }: PhaseContext,
  { samples, unreadable }: ClockPair,
  printed: readonly PrintedOffset[],
): void {
  const [event] = unreadable;
  if (event !== undefined) throw new LabError('no-samples', `unknown slave event: ${event}`);
  const others = unexplained(printed, samples);
  checked.printed += printed.length;
  checked.found += printed.length - others.length;
  const [other] = others;
  if (other === undefined || others.length <= printed.length / 2) return;
  throw new LabError(
    'no-samples',
    `the client printed an offset of ${other.offsetNs} ns with a path delay of ` +
      `${other.pathDelayNs} ns, which is none of those computed from its raw times`,
  );
}

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
  return evaluate(name, false, await listen(context, title, running), 0);
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
    const samples = await listen(context, title, loaded);
    const counts = await traffic.finish();
    if (counts.receivedFrames === 0) {
      return unmeasured(name, true, 'failed', 'no frame of the cross traffic reached the sink');
    }
    return evaluate(name, true, samples, counts.sentFrames - counts.receivedFrames);
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
