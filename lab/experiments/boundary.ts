/**
 * The boundary clock with real peers: networks in which it must do the right thing, the time that it
 * serves, and how long clients wait when a grandmaster is gone, all beside ptp4l's boundary clock.
 */
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { formatNs } from '#units/format';
import { LabError } from '../lab-error.js';
import type { FidelityWatch } from '../peers/fidelity-watch.js';
import { measureAccuracy } from './boundary/accuracy.js';
import { BOUNDARY_TITLES } from './boundary/clocks.js';
import { aimsOf, withPtp4l, type MeasuredFailover } from './boundary/evaluate.js';
import { measureFailover } from './boundary/failover.js';
import { accuracyPlot } from './boundary/plot.js';
import { renderBoundary } from './boundary/report.js';
import {
  RATES,
  type AccuracyPlanRow,
  type BoundarySelection,
  type FailoverPlanRow,
} from './boundary/rows.js';
import type { Scenario } from './boundary/scenarios.js';
import {
  boundarySchema,
  type AccuracyRow,
  type BoundaryConfig,
  type ScenarioRow,
} from './boundary/schema.js';
import { onStage, type BoundaryContext, type Outcome } from './boundary/stage.js';
import { watched } from './fidelity.js';
import { createProgress } from './first-light/progress.js';
import { INTERRUPTED_EXIT_CODE, interruption, requireHelpers, versions } from './run.js';
import { legsOf } from './transparent/rows.js';

export interface BoundaryLabOptions {
  readonly config: BoundaryConfig;
  readonly selection: BoundarySelection;
  readonly jsonFile?: string;
  /** For a drawing of the true errors. */
  readonly plotFile?: string;
  readonly productVersion: string;
}

interface LabContext extends BoundaryContext {
  readonly config: BoundaryConfig;
}

const statusOf = (outcome: Outcome<unknown>) => ({
  status: outcome.status,
  reason: outcome.status === 'ok' ? '' : outcome.reason,
});

async function runScenario(context: LabContext, scenario: Scenario): Promise<ScenarioRow> {
  const { name, title } = scenario;
  context.progress.update(title);
  const outcome = await context.fidelity.during(() =>
    onStage((cleanup) => scenario.run(context, cleanup)),
  );
  const checks = outcome.status === 'ok' ? outcome.figures.all : [];
  const wrong = checks.filter(({ ok }) => !ok);
  const said = outcome.status === 'ok' ? (wrong.length === 0 ? 'right' : 'wrong') : outcome.reason;
  context.progress.done(`${title}: ${said}`);
  return { name, title, ...statusOf(outcome), checks: [...checks] };
}

async function runAccuracy(context: LabContext, row: AccuracyPlanRow): Promise<AccuracyRow> {
  const { durationSeconds, warmUpSeconds } = context.config;
  const plan = { ...row, rates: RATES.fast, durationSeconds, warmUpSeconds };
  const outcome = await measureAccuracy(context, plan);
  const figures = outcome.status === 'ok' ? outcome.figures : null;
  const last = figures?.hops.at(-1);
  const error = last?.truth?.errorNs.rms ?? last?.errorNs.rms ?? NaN;
  context.progress.done(
    `${row.title}: ${outcome.status === 'ok' ? `rms ${formatNs(error)}` : outcome.reason}`,
  );
  return {
    ...row,
    kinds: [...row.kinds],
    ...statusOf(outcome),
    settledMs: figures?.settledMs ?? 0,
    hops: [...(figures?.hops ?? [])],
  };
}

async function runFailover(
  context: LabContext,
  row: FailoverPlanRow,
  kills: number,
  random: () => number,
): Promise<MeasuredFailover> {
  const { rates, way, kind } = row;
  const plan = { kind, way, rates: RATES[rates], kills, random };
  const outcome = await context.fidelity.during(() => measureFailover(context, plan));
  const failovers = outcome.status === 'ok' ? outcome.figures : [];
  const title = `${rates} rates, ${way}, ${BOUNDARY_TITLES[kind]}`;
  const times = failovers.map(({ followMs }) => followMs.toFixed(0)).join(', ');
  context.progress.done(`${title}: ${outcome.status === 'ok' ? `${times} ms` : outcome.reason}`);
  return {
    ...{ rates, way, kind },
    ...statusOf(outcome),
    followMs: failovers.map(({ followMs }) => followMs),
    worstErrorNs: failovers.map(({ worstErrorNs }) => worstErrorNs),
  };
}

/** Mulberry32: good enough to choose moments by, and the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Forth and back, half of the kills each time: what drifts meanwhile weighs on all rows alike. */
async function compareFailover(
  context: LabContext,
  rows: readonly FailoverPlanRow[],
): Promise<MeasuredFailover[]> {
  const { kills, seed } = context.config;
  const random = randomOf(seed);
  const measured = new Map<FailoverPlanRow, MeasuredFailover>();
  const legs = kills < 2 ? [kills] : [Math.ceil(kills / 2), Math.floor(kills / 2)];
  for (const [leg, count] of legs.entries()) {
    for (const row of leg % 2 === 0 ? rows : rows.toReversed()) {
      const before = measured.get(row);
      if (before !== undefined && before.status !== 'ok') continue;
      const now = await runFailover(context, row, count, random);
      measured.set(row, {
        ...now,
        followMs: [...(before?.followMs ?? []), ...now.followMs],
        worstErrorNs: [...(before?.worstErrorNs ?? []), ...now.worstErrorNs],
      });
    }
  }
  return rows.flatMap((row) => measured.get(row) ?? []);
}

/** Of two legs of a row the second is a row of its own: percentiles do not mix. */
async function compareAccuracy(
  context: LabContext,
  rows: readonly AccuracyPlanRow[],
): Promise<AccuracyRow[]> {
  const measured: AccuracyRow[] = [];
  for (const row of legsOf(rows, context.config.legs)) {
    measured.push(await runAccuracy(context, row));
  }
  return rows.flatMap(({ name }) => measured.filter((row) => row.name === name));
}

async function runAll(context: LabContext, options: BoundaryLabOptions): Promise<number> {
  const { selection, jsonFile, plotFile, productVersion } = options;
  const scenarios: ScenarioRow[] = [];
  for (const scenario of selection.scenarios) scenarios.push(await runScenario(context, scenario));
  const accuracy = await compareAccuracy(context, selection.accuracy);
  const failover = withPtp4l(await compareFailover(context, selection.failover));
  const result = boundarySchema.parse({
    ...{ scenarios, accuracy, failover, config: context.config },
    aims: aimsOf(accuracy, failover),
    versions: await versions(productVersion),
    fidelity: context.fidelity.judge(),
  });
  context.progress.clear();
  context.progress.done(`\n${renderBoundary(result)}`);
  if (jsonFile !== undefined) await writeFile(jsonFile, `${JSON.stringify(result, null, 2)}\n`);
  const plot = plotFile === undefined ? null : accuracyPlot(accuracy);
  if (plotFile !== undefined && plot !== null) await writeFile(plotFile, plot);
  const isWrong = scenarios.some(({ checks }) => checks.some(({ ok }) => !ok));
  const hasFailed = [...scenarios, ...accuracy, ...failover].some(
    ({ status }) => status === 'failed',
  );
  return isWrong || hasFailed ? 1 : 0;
}

/**
 * The whole run, inside the sandbox; resolves to the exit code. `directory` is removed at the end.
 * Throws LabError where nothing could be run at all.
 */
export function runBoundary(options: BoundaryLabOptions, directory: string): Promise<number> {
  requireHelpers();
  return watched((fidelity) => runWatched(options, directory, fidelity));
}

async function runWatched(
  options: BoundaryLabOptions,
  directory: string,
  fidelity: FidelityWatch,
): Promise<number> {
  const context: LabContext = {
    directory,
    config: options.config,
    progress: createProgress(process.stdout),
    signal: interruption(),
    fidelity,
  };
  context.progress.done(`Seed of the kills: ${options.config.seed}`);
  try {
    return await runAll(context, options);
  } catch (error) {
    if (!(error instanceof LabError && error.code === 'interrupted')) throw error;
    context.progress.done('Interrupted; nothing is left behind.');
    return INTERRUPTED_EXIT_CODE;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
