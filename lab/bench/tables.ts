/**
 * Match tables alone, in memory: what a lookup costs in a large one. The large exact table is held
 * against a small one, prefixes and masks against the plain way to find them among the same entries.
 */
import { z } from 'zod';
import { runCommand } from '../namespaces/commands.js';
import { programPath } from './native-programs.js';
import { type BenchResult, type Contest, interleave, judge } from './results.js';

const reportSchema = z.object({
  entries: z.number(),
  nsPerInsert: z.number(),
  nsPerLookup: z.number(),
  hits: z.number(),
  octetsPerEntry: z.number(),
});
type Report = z.infer<typeof reportSchema>;

export interface Scale {
  readonly rounds: number;
  readonly lookups: number;
}

export const FULL: Scale = { rounds: 7, lookups: 5_000_000 };
export const QUICK: Scale = { rounds: 3, lookups: 1_000_000 };

interface Side {
  /** As table_loop.c takes it. */
  readonly kind: string;
  readonly entries: number;
  /** A walk over a list is not repeated as often. */
  readonly lookupsShare: number;
}

interface TableContest {
  readonly contest: Contest;
  readonly ours: Side;
  readonly theirs: Side;
}

const contest = (
  name: string,
  baseline: string,
  what: string,
  figure: 'share' | 'ratio',
): Contest => ({
  name,
  baseline,
  unit: 'ns CPU/lookup',
  direction: 'cost',
  targets: [{ what, figure, unit: '×' }],
});

const side = (kind: string, entries: number, lookupsShare = 1): Side => ({
  kind,
  entries,
  lookupsShare,
});

export const CONTESTS: readonly TableContest[] = [
  {
    contest: contest(
      'exact table of 1,000,000 entries',
      'the same of 1,000 entries',
      'a lookup among 1,000,000 exact entries, over one among 1,000',
      'share',
    ),
    ours: side('exact', 1_000_000),
    theirs: side('exact', 1_000),
  },
  {
    contest: contest(
      'LPM table of 100,000 prefixes',
      'a probe for each length in use',
      'a probe for each length in use, over a lookup among 100,000 prefixes',
      'ratio',
    ),
    ours: side('lpm', 100_000),
    theirs: side('lpm-plain', 100_000),
  },
  {
    contest: contest(
      'ternary table of 10,000 entries',
      'a list by falling priority',
      'a list by priority, over a lookup among 10,000 ternary entries',
      'ratio',
    ),
    ours: side('ternary', 10_000, 0.2),
    theirs: side('ternary-list', 10_000, 0.01),
  },
];

async function run({ kind, entries, lookupsShare }: Side, scale: Scale): Promise<Report> {
  const lookups = Math.round(scale.lookups * lookupsShare);
  const args = [kind, String(entries), String(lookups)];
  const said = await runCommand([programPath('table_loop'), ...args]);
  return reportSchema.parse(JSON.parse(said));
}

/** One contest; what an insertion costs and an entry takes is remarked. */
export async function compareTables(
  { contest: one, ours, theirs }: TableContest,
  scale: Scale,
  progress: (text: string) => void,
): Promise<BenchResult> {
  let last: Report | null = null;
  const rounds = await interleave(
    scale.rounds,
    async () => {
      last = await run(ours, scale);
      return last.nsPerLookup;
    },
    async () => (await run(theirs, scale)).nsPerLookup,
    (round) => progress(`${one.name}: round ${round + 1} of ${scale.rounds}`),
  );
  const { nsPerInsert, octetsPerEntry } = last ?? { nsPerInsert: 0, octetsPerEntry: 0 };
  const reason = `an insertion costs ${nsPerInsert} ns, an entry takes ${octetsPerEntry} octets`;
  return { ...judge(one, rounds), reason };
}
