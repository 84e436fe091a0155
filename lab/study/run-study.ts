/**
 * Runs a study's points on worker threads. Results are in the order of the points, whatever the number of
 * workers and whoever is first.
 */
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { SIMULATION_THREAD } from '../sim/thread-limits.js';
import { replayCommand, type Findings, type Run, type Scale, type Study } from './study.js';

export interface RunOptions {
  /** 0: on this thread. */
  readonly workers: number;
  readonly scale: Scale;
  readonly progress: (done: number, all: number) => void;
  /** Ends the run; what is done so far is summarised if `summarise` can. */
  readonly signal?: AbortSignal;
}

export interface StudyResult {
  readonly findings: Findings;
  readonly points: number;
  /** Fewer than `points` when the run was ended. */
  readonly done: number;
}

/** What a worker is asked and answers. */
export interface Asked {
  readonly index: number;
  readonly point: unknown;
}
export type Answered =
  | { readonly index: number; readonly outcome: unknown }
  | { readonly index: number; readonly error: string };

const WORKER = new URL('./worker.js', import.meta.url);

/** A point could not be simulated: a bug, with what replays it. */
export class StudyError extends Error {
  constructor(study: Study, scale: Scale, point: unknown, message: string) {
    const seed = seedOf(point);
    const again = replayCommand(study, seed === null ? scale : { ...scale, ...seed });
    super(`${study.name}: ${message}\nat the point ${JSON.stringify(point)}\nagain: ${again}`);
    this.name = 'StudyError';
  }
}

/** Points name their seed. */
function seedOf(point: unknown): Pick<Scale, 'firstSeed' | 'seeds'> | null {
  const seed = (point as { readonly seed?: unknown } | null)?.seed;
  return typeof seed === 'number' ? { firstSeed: seed, seeds: 1 } : null;
}

export async function runStudy(study: Study, options: RunOptions): Promise<StudyResult> {
  const points = study.points(options.scale);
  const outcomes = new Map<number, unknown>();
  const take = (index: number, outcome: unknown): void => {
    outcomes.set(index, outcome);
    options.progress(outcomes.size, points.length);
  };
  options.progress(0, points.length);
  if (options.workers === 0) await runHere(study, points, options, take);
  else await runOnWorkers(study, points, options, take);
  const runs = [...outcomes]
    .sort(([a], [b]) => a - b)
    .map(([index, outcome]): Run<unknown, unknown> => ({ point: points[index], outcome }));
  const findings = study.summarise(runs, options.scale);
  return { findings, points: points.length, done: runs.length };
}

type Take = (index: number, outcome: unknown) => void;

async function runHere(
  study: Study,
  points: readonly unknown[],
  { signal, scale }: RunOptions,
  take: Take,
): Promise<void> {
  for (const [index, point] of points.entries()) {
    if (signal?.aborted === true) return;
    // As a worker would have it: through JSON, so that nothing depends on where it runs.
    const passed: unknown = JSON.parse(JSON.stringify(point));
    let outcome: unknown;
    try {
      outcome = JSON.parse(JSON.stringify(study.simulate(passed)));
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new StudyError(study, scale, point, message);
    }
    take(index, outcome);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function runOnWorkers(
  study: Study,
  points: readonly unknown[],
  { workers: count, signal, scale }: RunOptions,
  take: Take,
): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    const worker = new Worker(WORKER, { workerData: { study: study.name }, ...SIMULATION_THREAD });
    try {
      while (next < points.length && signal?.aborted !== true) {
        const asked: Asked = { index: next, point: points[next] };
        next += 1;
        worker.postMessage(asked);
        const [answered] = (await once(worker, 'message', signal && { signal })) as [Answered];
        if ('error' in answered) {
          throw new StudyError(study, scale, asked.point, answered.error);
        }
        take(answered.index, answered.outcome);
      }
    } catch (error) {
      if (!(error instanceof Error && error.name === 'AbortError')) throw error;
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, points.length) }, one));
}
