/** A grandmaster and a client, and what the client makes of every Sync. */
import { join } from 'node:path';
import { LabError } from '../lab-error.js';
import { OffsetEstimator, type OffsetSample } from '../measure/offset.js';
import { parsePrintedOffset, type PrintedOffset } from '../measure/printed-offsets.js';
import { parseSlaveEventLine } from '../measure/slave-events.js';
import type { Interface } from '../topology/links.js';
import { helperPath } from './helpers.js';
import { assertAllAlive, startProcess, type ManagedProcess } from './managed-process.js';
import { startPtp4l, type Transport } from './ptp4l.js';

export interface ClockPair {
  readonly processes: readonly ManagedProcess[];
  /** Every evaluated Sync since the start. */
  readonly samples: readonly OffsetSample[];
  /** What the client printed itself, once a second. */
  readonly printed: readonly PrintedOffset[];
  /** Lines of the reader that were no slave event; always empty unless ptp4l changed its format. */
  readonly unreadable: readonly string[];
  stop(): Promise<void>;
}

export interface ClockPairOptions {
  readonly grandmaster: Interface;
  readonly client: Interface;
  readonly directory: string;
  readonly transport: Transport;
}

const READER_TIMEOUT_MS = 2000;

/** Starts the reader first: ptp4l does not repeat what nobody heard. */
export async function startClockPair(options: ClockPairOptions): Promise<ClockPair> {
  const samples: OffsetSample[] = [];
  const printed: PrintedOffset[] = [];
  const unreadable: string[] = [];
  const estimator = new OffsetEstimator();
  const monitorPath = join(options.directory, `events-${options.client.namespace.pid}`);
  const take = (line: string) => {
    if (line === 'ready') return;
    const result = parseSlaveEventLine(line);
    if (!result.ok) {
      unreadable.push(`${result.code}: ${line}`);
      return;
    }
    for (const event of result.events) {
      const sample = estimator.push(event);
      if (sample !== undefined) samples.push(sample);
    }
  };
  const reader = startProcess({
    label: 'the slave event reader',
    argv: [helperPath('tlv_reader'), monitorPath],
    onLine: take,
    dataOutput: true,
  });
  const processes: ManagedProcess[] = [reader];
  const stop = async () => {
    await Promise.all(processes.map((process) => process.stop()));
  };
  try {
    await reader.line(/^ready$/, READER_TIMEOUT_MS);
    const shared = { directory: options.directory, transport: options.transport };
    processes.push(
      await startPtp4l({
        ...shared,
        label: 'the grandmaster’s ptp4l',
        interfaces: [options.grandmaster],
        settings: { masterOnly: 1, priority1: 1 },
      }),
      await startPtp4l({
        ...shared,
        label: 'the client’s ptp4l',
        interfaces: [options.client],
        settings: { slaveOnly: 1, slave_event_monitor: monitorPath },
        onLine: (line) => {
          const offset = parsePrintedOffset(line);
          if (offset !== null) printed.push(offset);
        },
      }),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { processes, samples, printed, unreadable, stop };
}

/** Throws `no-samples` with the client's last words. */
export function reportNoSamples(pair: ClockPair, seconds: number): never {
  assertAllAlive(pair.processes);
  const client = pair.processes.at(-1);
  const said = client?.tail().slice(-2).join(' | ') ?? '';
  throw new LabError(
    'no-samples',
    `the client saw no time from the grandmaster within ${seconds} s; it last said: ${said}`,
  );
}
