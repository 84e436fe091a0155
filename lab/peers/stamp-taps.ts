/** The kernel's stamps at both clocks' interfaces, for as long as it runs. */
import { isFrameLine, parseStampLine, type StampedMessage } from '../measure/frame-stamps.js';
import { residenceTruth, type Interval, type TruthResult } from '../measure/residence-truth.js';
import type { Interface } from '../namespaces/links.js';
import { helperPath } from './helpers.js';
import { startProcess, type ManagedProcess } from './managed-process.js';

const READY_TIMEOUT_MS = 2000;
/** What is given out in bundles has come after that; see frame_stamps.c. */
export const TAP_DELAY_MS = 150;

interface Tap {
  readonly process: ManagedProcess;
  /** Decodes what came since the last time it was asked, and forgets it. */
  take(): StampedMessage[];
}

async function startTap(at: Interface): Promise<Tap> {
  let lines: string[] = [];
  const process = startProcess({
    label: `the stamps of ${at.name}`,
    argv: [helperPath('frame_stamps'), at.name],
    namespace: at.namespace,
    dataOutput: true,
    onLine: (line) => {
      if (isFrameLine(line)) lines.push(line);
    },
  });
  await process.line(/^ready$/, READY_TIMEOUT_MS);
  return {
    process,
    take: () => {
      // Decoding waits until nothing is measured.
      const taken = lines;
      lines = [];
      return taken.map(parseStampLine).filter((message) => message !== null);
    },
  };
}

export interface StampTaps {
  readonly processes: readonly ManagedProcess[];
  /** What became of the Syncs of an interval, since the last time this was asked. */
  truth(interval: Interval): TruthResult;
  stop(): Promise<void>;
}

/** Starts both; what passes from then on is written down. */
export async function startStampTaps(
  grandmaster: Interface,
  client: Interface,
): Promise<StampTaps> {
  const taps = [await startTap(grandmaster)];
  const stop = async () => {
    await Promise.all(taps.map((tap) => tap.process.stop()));
  };
  try {
    taps.push(await startTap(client));
  } catch (error) {
    await stop();
    throw error;
  }
  const truth = (interval: Interval) => {
    const [left = [], came = []] = taps.map((tap) => tap.take());
    return residenceTruth(left, came, interval);
  };
  return { processes: taps.map((tap) => tap.process), truth, stop };
}
