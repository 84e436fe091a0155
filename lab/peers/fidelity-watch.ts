/** Watches the machine while something is measured on it: see measure/fidelity.ts. */
import { readFileSync } from 'node:fs';
import {
  judgeFidelity,
  pairedReports,
  parseProcessorTimes,
  parseWakeReport,
  summarizeWakes,
  type Fidelity,
  type ProcessorTimes,
  type WakeReport,
} from '../measure/fidelity.js';
import { helperPath } from './helpers.js';
import { startProcess, type ManagedProcess } from './managed-process.js';

const READY_TIMEOUT_MS = 2000;
/** Of an hour; who watches for longer knows less exactly what was when. */
const MOST_REPORTS = 36_000;
const NS_PER_MS = 1_000_000n;

interface Window {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly before: ProcessorTimes;
  readonly after: ProcessorTimes;
}

const nowNs = () => BigInt(Date.now()) * NS_PER_MS;
const processorTimes = () => parseProcessorTimes(readFileSync('/proc/stat', 'utf8'));

export interface FrameCount {
  readonly sent: number;
  readonly lost: number;
}

/** One for a whole run; only what happens while something is measured counts. */
export class FidelityWatch {
  readonly #probe: ManagedProcess;
  readonly #reports: WakeReport[];
  readonly #windows: Window[] = [];
  #sent = 0;
  #lost = 0;

  private constructor(probe: ManagedProcess, reports: WakeReport[]) {
    this.#probe = probe;
    this.#reports = reports;
  }

  static async start(): Promise<FidelityWatch> {
    const reports: WakeReport[] = [];
    const probe = startProcess({
      label: 'the probe of late timers',
      argv: [helperPath('wake_probe')],
      dataOutput: true,
      onLine: (line) => {
        const report = parseWakeReport(line);
        if (report === null) return;
        reports.push(report);
        if (reports.length >= MOST_REPORTS)
          reports.splice(0, reports.length, ...pairedReports(reports));
      },
    });
    await probe.line(/^ready$/, READY_TIMEOUT_MS);
    return new FidelityWatch(probe, reports);
  }

  /** Something is being measured until this has ended. */
  async during<T>(measure: () => Promise<T>): Promise<T> {
    const before = processorTimes();
    const fromNs = nowNs();
    try {
      return await measure();
    } finally {
      this.#windows.push({ fromNs, toNs: nowNs(), before, after: processorTimes() });
    }
  }

  /** Frames that were to arrive. */
  count({ sent, lost }: FrameCount): void {
    this.#sent += sent;
    this.#lost += lost;
  }

  /** Of all that was measured from the window of this number on. */
  judge(since = 0, frames?: FrameCount): Fidelity {
    const windows = this.#windows.slice(since);
    const reports = this.#reports.filter(({ atNs }) =>
      windows.some(({ fromNs, toNs }) => atNs >= fromNs && atNs < toNs),
    );
    const sum = (of: (window: Window) => number) =>
      windows.reduce((total, window) => total + of(window), 0);
    const all = sum(({ before, after }) => after.all - before.all);
    const share = (ticks: number) => (all === 0 ? 0 : ticks / all);
    return judgeFidelity({
      seconds: sum(({ fromNs, toNs }) => Number(toNs - fromNs) / 1e9),
      ...summarizeWakes(reports),
      stealShare: share(sum(({ before, after }) => after.steal - before.steal)),
      busyShare: 1 - share(sum(({ before, after }) => after.idle - before.idle)),
      framesSent: frames?.sent ?? this.#sent,
      framesLost: frames?.lost ?? this.#lost,
    });
  }

  /** How many windows there have been: for `judge`. */
  get windows(): number {
    return this.#windows.length;
  }

  stop(): Promise<void> {
    return this.#probe.stop();
  }
}
