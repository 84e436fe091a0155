/** A fuzzer for code of ours in TypeScript: inputs that reach new code are kept and changed further. */
import { Chance } from '../stf/differential/packets.js';
import { Coverage } from './coverage.js';

export interface GuidedTarget<T> {
  /** Part of the path of every script whose code counts. */
  readonly covers: string;
  readonly seeds: readonly T[];
  /** A changed copy; `others` to take parts from. */
  mutate(chance: Chance, input: T, others: readonly T[]): T;
  /** Throws, or rejects, where the input shows a fault. */
  run(input: T): void | Promise<void>;
  /** Called with each input that reached new code. */
  found?(input: T): void | Promise<void>;
}

export interface GuidedReport<T> {
  readonly inputs: number;
  readonly features: number;
  /** What reached new code, seeds included. */
  readonly corpus: readonly T[];
  /** The first fault. */
  readonly fault: { readonly input: T; readonly error: unknown } | null;
}

/** One longer than that hangs. */
const LIMIT_MS = 20_000;

/** Changes seeds and what came of them, until time is up or a fault is found. */
export async function fuzz<T>(
  target: GuidedTarget<T>,
  seconds: number,
  seed: number,
): Promise<GuidedReport<T>> {
  const coverage = new Coverage((url) => url.includes(target.covers));
  const chance = new Chance(seed);
  const deadline = Date.now() + seconds * 1000;
  const corpus: T[] = [];
  let inputs = 0;
  const report = (fault: GuidedReport<T>['fault']): GuidedReport<T> => ({
    ...{ inputs, corpus, fault },
    features: coverage.features,
  });
  try {
    for (;;) {
      const input = nextInput(target, chance, corpus, inputs);
      if (inputs >= target.seeds.length && Date.now() > deadline) return report(null);
      inputs += 1;
      const start = Date.now();
      try {
        await target.run(input);
        if (Date.now() - start > LIMIT_MS) throw new Error('it took more than 20 s');
        if (coverage.fresh() === 0 && inputs > target.seeds.length) continue;
        corpus.push(input);
        await target.found?.(input);
      } catch (error) {
        return report({ input, error });
      }
      coverage.fresh(); // what `found` did is not the input's merit
    }
  } finally {
    coverage.close();
  }
}

/** The seeds first, as they are. Later ones of the corpus are more often taken: they lead further. */
function nextInput<T>(
  target: GuidedTarget<T>,
  chance: Chance,
  corpus: readonly T[],
  done: number,
): T {
  const seed = target.seeds[done];
  if (seed !== undefined) return seed;
  const place = Math.max(chance.below(corpus.length), chance.below(corpus.length));
  const input = corpus[place];
  if (input === undefined) throw new Error('there are no seeds');
  return target.mutate(chance, input, corpus);
}
