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
import type { RunHooks } from './run.js';
import { renderSeveral, runSeveral } from './several.js';
import { summarize } from './summary.js';
import { runAnywhere } from './thread.js';

export interface SimulateOptions {
  readonly plan: SimulationPlan;
  /** How many, from the plan's on; 1: a single run. */
  readonly seeds: number;
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
  const progress = createProgress(process.stderr);
  const signal = interruption();
  const began = performance.now();
  const hooks: RunHooks = {
    signal,
    progress: (share) => {
      const passed = performance.now() - began;
      if (passed > QUIET_MS) progress.update(barText(share, passed));
    },
  };
  const show = (text: string): void => {
    progress.clear();
    process.stdout.write(`${text}\n`);
  };
  if (options.seeds === 1) await one(options, hooks, show);
  else await several(options, hooks, show);
  return signal.aborted ? INTERRUPTED_EXIT_CODE : 0;
}

type Show = (text: string) => void;

async function one(options: SimulateOptions, hooks: RunHooks, show: Show): Promise<void> {
  const { plan, replay, jsonFile, csvFile, chartFile } = options;
  const run = await runAnywhere(plan, hooks);
  const summary = summarize(plan, run);
  show(`${renderRun(plan, run, summary)}\nSeed ${plan.seed}; again: ${replay}`);
  if (jsonFile !== undefined) {
    const made = { replay, versions: versionsOf(options) };
    await writeJson(jsonFile, runDocument(plan, run, summary, made));
  }
  if (csvFile !== undefined) await writeLines(csvFile, csvLines(plan, run));
  if (chartFile === undefined) return;
  const chart = runChart(plan, run, summary);
  if (chart.series.some(({ points }) => points.length > 0)) {
    await writeFile(chartFile, lineChart(chart));
  } else process.stderr.write(`${chartFile} was not written: no clock has an error to draw\n`);
}

async function several(options: SimulateOptions, hooks: RunHooks, show: Show): Promise<void> {
  const { plan, seeds, replay, jsonFile } = options;
  const found = await runSeveral(plan, seeds, hooks);
  show(`${renderSeveral(plan, seeds, found)}\nAgain: ${replay}`);
  if (jsonFile === undefined) return;
  const isWhole = found.seeds.length === seeds;
  await writeJson(jsonFile, { replay, versions: versionsOf(options), plan, isWhole, ...found });
}

function versionsOf({ productVersion }: SimulateOptions) {
  return { timeplane: productVersion, node: process.versions.node };
}

function writeJson(file: string, document: unknown): Promise<void> {
  return writeFile(file, `${JSON.stringify(document, null, 2)}\n`);
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
