/** `timeplane sim`: a topology, simulated; without root and without namespaces. */
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createProgress } from '../experiments/first-light/progress.js';
import { INTERRUPTED_EXIT_CODE, interruption } from '../experiments/run.js';
import { lineChart } from '../study/line-chart.js';
import { csvLines, renderRun, runChart, runDocument } from './outputs.js';
import type { SimulationPlan } from './plan.js';
import { runSimulation } from './run.js';
import { summarize } from './summary.js';

export interface SimulateOptions {
  readonly plan: SimulationPlan;
  /** The command that makes it again. */
  readonly replay: string;
  readonly jsonFile?: string;
  readonly csvFile?: string;
  readonly chartFile?: string;
  readonly productVersion: string;
}

const BAR = 24;
/** Nothing is shown of what is done before that. */
const QUIET_MS = 1_000;

/** Resolves to the exit code: 130 where it was interrupted; what was done until then is shown. */
export async function simulate(options: SimulateOptions): Promise<number> {
  const { plan, replay } = options;
  const progress = createProgress(process.stderr);
  const signal = interruption();
  const began = performance.now();
  const run = await runSimulation(plan, {
    signal,
    progress: (share) => {
      const passed = performance.now() - began;
      if (passed > QUIET_MS) progress.update(barText(share, passed));
    },
  });
  progress.clear();
  const summary = summarize(plan, run);
  const output = renderRun(plan, run, summary);
  process.stdout.write(`${output}\nSeed ${plan.seed}; again: ${replay}\n`);
  const { jsonFile, csvFile, chartFile } = options;
  const versions = { timeplane: options.productVersion, node: process.versions.node };
  if (jsonFile !== undefined) {
    const document = runDocument(plan, run, summary, { replay, versions });
    await writeFile(jsonFile, `${JSON.stringify(document, null, 2)}\n`);
  }
  if (csvFile !== undefined) await writeLines(csvFile, csvLines(plan, run));
  if (chartFile !== undefined) {
    const chart = runChart(plan, run, summary);
    if (chart.series.some(({ points }) => points.length > 0)) {
      await writeFile(chartFile, lineChart(chart));
    } else process.stderr.write(`${chartFile} was not written: no clock has an error to draw\n`);
  }
  return signal.aborted ? INTERRUPTED_EXIT_CODE : 0;
}

function barText(share: number, passedMs: number): string {
  const full = Math.round(BAR * share);
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
  const leftSeconds = share > 0 ? (passedMs * (1 / share - 1)) / 1e3 : 0;
  return `simulating ${bar} ${(100 * share).toFixed(0)} %, ${leftSeconds.toFixed(0)} s left`;
}

function* withEnds(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`;
}

function writeLines(file: string, lines: Iterable<string>): Promise<void> {
  return pipeline(Readable.from(withEnds(lines)), createWriteStream(file));
}
