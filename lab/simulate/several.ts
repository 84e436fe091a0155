/** The same network from several seeds: figures with what the seeds leave open. */
import Table from 'cli-table3';
import pc from 'picocolors';
import { estimate, estimateRms, type Estimate } from '../study/estimate.js';
import { nsText } from './outputs.js';
import type { SimulationPlan } from './plan.js';
import type { RunHooks } from './run.js';
import { summarize, type GroupFigures } from './summary.js';
import { runAnywhere } from './thread.js';

/** Of one seed. */
export interface SeedFigures {
  readonly seed: number;
  readonly groups: readonly GroupFigures[];
}

export interface SeveralGroup extends Pick<GroupFigures, 'role' | 'hops' | 'clocks'> {
  /** Over seeds, ± 95 %. */
  readonly maxAbsNs: Estimate;
  readonly rmsNs: Estimate;
  readonly meanNs: Estimate;
}

export interface Several {
  /** Those that were run to their end. */
  readonly seeds: readonly SeedFigures[];
  readonly groups: readonly SeveralGroup[];
}

/** From the plan's seed on; ends early when it is asked to, with the seeds that are done. */
export async function runSeveral(
  plan: SimulationPlan,
  count: number,
  hooks: RunHooks,
): Promise<Several> {
  const seeds: SeedFigures[] = [];
  for (let at = 0; at < count && !hooks.signal.aborted; at += 1) {
    const own = { ...plan, seed: plan.seed + at };
    const progress = (share: number): void => hooks.progress((at + share) / count);
    const run = await runAnywhere(own, { ...hooks, progress });
    if (hooks.signal.aborted) break;
    seeds.push({ seed: own.seed, groups: summarize(own, run).groups });
  }
  return { seeds, groups: overSeeds(seeds) };
}

/** Groups are the topology's, so every seed has the same ones in the same order. */
export function overSeeds(seeds: readonly SeedFigures[]): readonly SeveralGroup[] {
  return (seeds[0]?.groups ?? []).map(({ role, hops, clocks }, at) => {
    const values = (of: (group: GroupFigures) => number): number[] =>
      seeds.flatMap(({ groups }) => {
        const group = groups[at];
        return group === undefined ? [] : [of(group)];
      });
    return {
      ...{ role, hops, clocks },
      maxAbsNs: estimate(values(({ maxAbsNs }) => maxAbsNs)),
      rmsNs: estimateRms(values(({ rmsNs }) => rmsNs)),
      meanNs: estimate(values(({ meanNs }) => meanNs)),
    };
  });
}

function estimateText({ mean, half }: Estimate): string {
  return Number.isFinite(half) ? `${nsText(mean)} ± ${nsText(half)}` : nsText(mean);
}

export function renderSeveral(plan: SimulationPlan, count: number, several: Several): string {
  const { seeds, groups } = several;
  const first = seeds[0]?.seed ?? plan.seed;
  const last = seeds.at(-1)?.seed ?? plan.seed;
  const parts = [
    pc.bold(
      `${plan.topology.name}: ${plan.seconds} s, seeds ${first} to ${last}, ± 95 % over seeds`,
    ),
  ];
  if (seeds.length < count) {
    parts.push(pc.yellow(`ended after ${seeds.length} of ${count} seeds: what follows is a part`));
  }
  if (seeds.length === 0) return parts.join('\n');
  const head = ['role', 'hops', 'clocks', 'max|TE|', 'rms', 'mean'];
  const colAligns = head.map((_, at) => (at === 0 ? ('left' as const) : ('right' as const)));
  const table = new Table({ head, style: { head: [], border: [] }, colAligns });
  for (const { role, hops, clocks, maxAbsNs, rmsNs, meanNs } of groups) {
    table.push([role, hops, clocks, ...[maxAbsNs, rmsNs, meanNs].map(estimateText)]);
  }
  parts.push(table.toString());
  parts.push(
    `Errors against true time from ${plan.settleSeconds} s on; max|TE| of the worst clock.`,
  );
  return parts.join('\n');
}
