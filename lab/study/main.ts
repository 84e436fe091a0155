/** `timeplane lab study`: experiments in the simulator, without root and without namespaces. */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createProgress } from '../experiments/first-light/progress.js';
import { STUDIES } from '../experiments/studies.js';
import { reportHtml } from './report-page.js';
import { lineChart } from './line-chart.js';
import { chartFile, renderStudy, studyDocument } from './report.js';
import { runStudy } from './run-study.js';
import { studyPage, type StudyRun } from './study-page.js';
import { holds, type Chart, type Scale, type Study } from './study.js';

export interface StudyOptions {
  readonly studies: readonly Study[];
  readonly scale: Scale['name'];
  readonly firstSeed: number;
  /** Not given: each study's own number. */
  readonly seeds?: number;
  /** Not given: one a processor. */
  readonly workers?: number;
  readonly jsonFile?: string;
  readonly htmlFile?: string;
  /** For the pictures; made if it is not there. */
  readonly chartDirectory?: string;
  readonly productVersion: string;
}

/** Resolves to the exit code: 1 where a figure is off what is known, 130 where it was interrupted. */
export async function runStudies(options: StudyOptions): Promise<number> {
  const progress = createProgress(process.stdout);
  const interrupted = new AbortController();
  const onInterrupt = (): void => interrupted.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  const documents: unknown[] = [];
  const runs: StudyRun[] = [];
  let exitCode = 0;
  const versions = { timeplane: options.productVersion, node: process.versions.node };
  for (const study of options.studies) {
    if (interrupted.signal.aborted) break;
    const seeds = options.seeds ?? study.seeds[options.scale];
    const scale: Scale = { name: options.scale, firstSeed: options.firstSeed, seeds };
    const result = await runStudy(study, {
      workers: options.workers ?? availableParallelism(),
      scale,
      signal: interrupted.signal,
      progress: (done, all) => progress.update(`${study.name}: ${done} of ${all} points`),
    });
    progress.done(renderStudy(study, result, scale));
    documents.push(studyDocument(study, result, scale, versions));
    runs.push({ study, result, scale });
    if (options.chartDirectory !== undefined) {
      await writeCharts(study, result.findings.charts, options.chartDirectory);
    }
    if (result.done === result.points && !result.findings.checks.every(holds)) exitCode = 1;
  }
  if (options.jsonFile !== undefined) {
    await writeFile(options.jsonFile, `${JSON.stringify(documents, null, 2)}\n`);
  }
  if (options.htmlFile !== undefined) {
    await writeFile(options.htmlFile, reportHtml(studyPage(runs, versions)));
  }
  process.off('SIGINT', onInterrupt);
  process.off('SIGTERM', onInterrupt);
  return interrupted.signal.aborted ? 130 : exitCode;
}

async function writeCharts(
  { name }: Study,
  charts: readonly Chart[],
  directory: string,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [index, chart] of charts.entries()) {
    await writeFile(join(directory, chartFile(name, index)), lineChart(chart));
  }
}

/** What there is, a line each. */
export function listStudies(): string {
  return STUDIES.map(({ name, question }) => `${name.padEnd(28)}${question}`).join('\n');
}
