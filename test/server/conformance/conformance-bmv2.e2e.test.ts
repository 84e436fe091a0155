/**
 * simple_switch_grpc, put to the same clauses: what it does is printed, and with WRITE_CONFORMANCE=1
 * recorded for the table in docs/. How it fares is not for our tests to judge.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BMV2, bmv2Note } from '../bmv2.js';
import { bmv2Workshop } from './bench.js';
import { CLAUSES } from './chapters.js';
import { titleOf, type Clause } from './clause.js';
import { Deviation } from './deviation.js';
import { bmv2File, fingerprint, type Observations } from './table.js';

const workshop = bmv2Workshop();
const CLAUSE_MS = 15_000;
/** Each clause has a switch of its own, and most of them wait. */
const AT_ONCE = 4;

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What a clause came to: kept, or a deviation, or a bench that does not work. */
interface Outcome {
  readonly deviation: string | null;
  readonly broken: string | null;
}

async function outcomeOf(clause: Clause): Promise<Outcome> {
  const errors: unknown[] = [];
  const bench = await workshop.start();
  try {
    const late = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Deviation('it took too long')), CLAUSE_MS).unref(),
    );
    await Promise.race([clause.check(bench), late]);
  } catch (error) {
    errors.push(error);
  }
  try {
    await bench.close();
  } catch (error) {
    errors.unshift(error);
  }
  if (errors.length === 0) return { deviation: null, broken: null };
  const found = errors.map(said).join(': ');
  // A switch that ended is what a connection breaks of.
  if (errors[0] instanceof Deviation) return { deviation: found, broken: null };
  return { deviation: null, broken: found };
}

function version(): string {
  const { stdout } = spawnSync(BMV2, ['--version'], { encoding: 'utf8' });
  return /^\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? '';
}

describe.skipIf(bmv2Note !== '')(`P4Runtime 1.5 on simple_switch_grpc${bmv2Note}`, () => {
  it('is told clause by clause', { timeout: 1_200_000 }, async () => {
    const outcomes = new Map<Clause, Outcome>();
    const left = CLAUSES.values();
    const work = async (): Promise<void> => {
      for (const clause of left) outcomes.set(clause, await outcomeOf(clause));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    // Another switch, or anybody, may have been given its port in between: once more, alone.
    for (const [clause, { broken }] of outcomes) {
      if (broken !== null) outcomes.set(clause, await outcomeOf(clause));
    }
    const told = (what: keyof Outcome): Record<string, string> =>
      Object.fromEntries(
        CLAUSES.flatMap((clause) => {
          const said = outcomes.get(clause)?.[what];
          return typeof said === 'string' ? [[titleOf(clause), said]] : [];
        }),
      );
    const [deviations, broken] = [told('deviation'), told('broken')];
    const lines = Object.entries(deviations).map(([title, found]) => `  ${title}\n    ${found}`);
    const kept = CLAUSES.length - lines.length;
    console.log(`simple_switch_grpc: ${kept} of ${CLAUSES.length} clauses\n${lines.join('\n')}`);
    // Else it is our bench that does not work.
    expect(broken).toEqual({});
    expect(kept).toBeGreaterThan(CLAUSES.length / 4);
    if (process.env['WRITE_CONFORMANCE'] !== '1') return;
    const found: Observations = { version: version(), clauses: fingerprint(CLAUSES), deviations };
    writeFileSync(bmv2File, `${JSON.stringify(found, null, 2)}\n`);
  });
});
