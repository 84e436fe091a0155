/** Listening to a pair of clocks for a while, and holding what they say against each other. */
import { formatNs } from '#units/format';
import { LabError } from '../lab-error.js';
import type { OffsetSample } from '../measure/offset.js';
import { unexplained, type PrintedOffset } from '../measure/printed-offsets.js';
import type { Interval } from '../measure/residence-truth.js';
import { percentile } from '../../control-plane/statistics/samples.js';
import { reportNoSamples, type ClockPair } from '../peers/clock-pair.js';
import type { FidelityWatch } from '../peers/fidelity-watch.js';
import { assertAllAlive, type ManagedProcess } from '../peers/managed-process.js';
import type { CheckedOffsets } from './first-light/report.js';
import type { Progress } from './first-light/progress.js';
import { pause } from './run.js';

/** Enough Syncs for the client's delay filter to have forgotten its first values. */
const SETTLING_SAMPLES = 40;
const SETTLING_TIMEOUT_S = 8;
/** The reader passes events on in bundles. */
const READER_DELAY_MS = 250;
const TICK_MS = 200;

export interface ListeningContext {
  readonly checked: { -readonly [Key in keyof CheckedOffsets]: number };
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly fidelity: FidelityWatch;
}

/** What is running on one network. */
export interface Running {
  readonly clocks: ClockPair;
  readonly processes: readonly ManagedProcess[];
}

/** Waits for the client to have evaluated some Syncs beyond those that it has. */
export async function settle(
  context: ListeningContext,
  title: string,
  { clocks, processes }: Running,
): Promise<void> {
  const enough = clocks.samples.length + SETTLING_SAMPLES;
  const end = Date.now() + SETTLING_TIMEOUT_S * 1000;
  while (clocks.samples.length < enough) {
    if (Date.now() > end) reportNoSamples(clocks, SETTLING_TIMEOUT_S);
    context.progress.update(`${title}: waiting for the clocks to find each other`);
    await pause(TICK_MS, context.signal);
    assertAllAlive(processes);
  }
}

export interface Heard extends Interval {
  /** Those whose Sync came in within the interval. */
  readonly samples: readonly OffsetSample[];
}

/** Listens from now on. */
export function listen(
  context: ListeningContext,
  title: string,
  running: Running,
  durationSeconds: number,
): Promise<Heard> {
  return context.fidelity.during(() => hear(context, title, running, durationSeconds));
}

async function hear(
  context: ListeningContext,
  title: string,
  running: Running,
  durationSeconds: number,
): Promise<Heard> {
  const { samples, printed } = running.clocks;
  const printedBefore = printed.length;
  const startMs = Date.now();
  const endMs = startMs + durationSeconds * 1000;
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
  return {
    startNs,
    endNs,
    samples: samples.filter(({ ingressNs }) => ingressNs >= startNs && ingressNs < endNs),
  };
}

/**
 * The client's own word: the offsets that it printed have to be among those that we computed. Not
 * each of them: when the machine is too busy to read the events, the kernel drops some, and our
 * median is another one for a while.
 */
function checkAgainstClient(
  { checked }: ListeningContext,
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
