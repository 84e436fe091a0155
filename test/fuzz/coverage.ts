/**
 * Which code an input reaches, by V8's own precise coverage of this process: a feature is a range of a
 * function with how often, roughly, it was passed.
 */
import { Session } from 'node:inspector';

interface CoverageRange {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface ScriptCoverage {
  readonly scriptId: string;
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly CoverageRange[] }[];
}

/** 1, 2, 3, 4-7, 8-15, … once each. */
const bucket = (count: number): number => (count < 4 ? count : 2 + Math.floor(Math.log2(count)));

export class Coverage {
  readonly #session = new Session();
  readonly #isWanted: (url: string) => boolean;
  readonly #seen = new Set<string>();

  /** Of the scripts that `isWanted` likes; one at a time in a process. */
  constructor(isWanted: (url: string) => boolean) {
    this.#isWanted = isWanted;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.#take();
  }

  get features(): number {
    return this.#seen.size;
  }

  /** How many features since the last call were never seen before. */
  fresh(): number {
    const before = this.#seen.size;
    for (const { scriptId, url, functions } of this.#take()) {
      if (!this.#isWanted(url)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) {
            this.#seen.add(`${scriptId}:${startOffset}-${endOffset}:${bucket(count)}`);
          }
        }
      }
    }
    return this.#seen.size - before;
  }

  close(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** The session answers before `post` returns: it is of this thread. */
  #take(): readonly ScriptCoverage[] {
    let taken: readonly ScriptCoverage[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error;
      taken = result;
    });
    return taken;
  }
}
