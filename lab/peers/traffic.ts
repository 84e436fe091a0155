/** Cross traffic: a bursty source and a sink that counts. */
import type { Interface, QueueLimits } from '../namespaces/links.js';
import { helperPath } from './helpers.js';
import { startProcess, type ManagedProcess } from './managed-process.js';

export const TRAFFIC_FRAME_BYTES = 1514;
export const TRAFFIC_SEED = 1588;
const READY_TIMEOUT_MS = 2000;
/** Longer than a frame can wait in a full queue. */
const DRAIN_MS = 300;

export interface TrafficCounts {
  readonly sentFrames: number;
  readonly receivedFrames: number;
}

export interface Traffic {
  readonly processes: readonly ManagedProcess[];
  /** Stops the source, lets the queue drain, stops the sink, and says what both counted. */
  finish(): Promise<TrafficCounts>;
  stop(): Promise<void>;
}

function numberAfter(lines: readonly string[], word: string): number {
  for (const line of lines) {
    const found = new RegExp(`\\b${word} (\\d+)`).exec(line);
    if (found !== null) return Number(found[1]);
  }
  throw new Error(`no '${word}' in: ${lines.join(' | ')}`);
}

/** Starts the sink, which also lets a learning switch know where its address is. */
export async function startSink(sink: Interface): Promise<ManagedProcess> {
  const process = startProcess({
    label: 'the traffic sink',
    argv: [helperPath('traffic_sink'), sink.name, sink.mac],
    namespace: sink.namespace,
  });
  await process.line(/^ready$/, READY_TIMEOUT_MS);
  return process;
}

/**
 * Starts the source: bursts of up to the queue's bound, of which a queue that drains while they come
 * in at four times its rate holds three quarters at most. A load under 1 therefore loses nothing, unless the scheduler holds the source
 * up in the middle of a burst.
 */
export function startTraffic(
  source: Interface,
  sink: Interface,
  sinkProcess: ManagedProcess,
  limits: QueueLimits,
  load: number,
  seed = TRAFFIC_SEED,
): Traffic {
  const sourceProcess = startProcess({
    label: 'the traffic source',
    argv: [
      ...[helperPath('traffic_source'), source.name, source.mac, sink.mac],
      ...[limits.rateBitsPerSecond, load, limits.boundBytes].map(String),
      ...[TRAFFIC_FRAME_BYTES, seed].map(String),
    ],
    namespace: source.namespace,
  });
  const stop = async () => {
    await sourceProcess.stop();
    await sinkProcess.stop();
  };
  const finish = async () => {
    await sourceProcess.stop();
    await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
    await sinkProcess.stop();
    const arrived = sinkProcess.tail();
    return {
      sentFrames: numberAfter(sourceProcess.tail(), 'sent'),
      receivedFrames: numberAfter(arrived, 'received') + numberAfter(arrived, 'overrun'),
    };
  };
  return { processes: [sourceProcess, sinkProcess], finish, stop };
}
