/** Where boundary and transparent clocks cross, and how many of each stay within a budget. */
import { estimate, type Estimate } from '../../study/estimate.js';
import type { Cell, Table } from '../../study/study.js';
import { gainsText, SERVOS } from '../servos.js';
import type { Row } from './rows.js';

const BUDGETS_NS = [100, 1_000] as const;

/** "1–4", "8", "–": numbers in order, neighbours of `all` joined. */
export function rangesText(some: readonly number[], all: readonly number[]): string {
  const parts: string[] = [];
  let first: number | null = null;
  for (const [index, count] of all.entries()) {
    const isIn = some.includes(count);
    if (isIn && first === null) first = count;
    const next = all[index + 1];
    const goesOn = next !== undefined && some.includes(next);
    if (isIn && !goesOn && first !== null) {
      parts.push(first === count ? String(count) : `${first}–${count}`);
      first = null;
    }
  }
  return parts.length === 0 ? '–' : parts.join(', ');
}

/**
 * Where one curve comes to lie below the other, between what was simulated straight in logarithms; null
 * where it does not. `isBelow` at the end.
 */
export function crossing(
  boundary: ReadonlyMap<number, number>,
  transparent: ReadonlyMap<number, number>,
): { readonly at: number | null; readonly boundaryWinsLast: boolean } {
  const counts = [...boundary.keys()].filter((count) => transparent.has(count));
  counts.sort((a, b) => a - b);
  const above = (count: number) =>
    Math.log(boundary.get(count) ?? 1) - Math.log(transparent.get(count) ?? 1);
  const last = counts.at(-1) ?? 1;
  const boundaryWinsLast = above(last) < 0;
  for (let index = counts.length - 2; index >= 0; index -= 1) {
    const [left, right] = [counts[index] ?? 1, counts[index + 1] ?? 1];
    if (above(left) < 0 === boundaryWinsLast) continue;
    const share = above(left) / (above(left) - above(right));
    const at = Math.exp(Math.log(left) + share * (Math.log(right) - Math.log(left)));
    return { at, boundaryWinsLast };
  }
  return { at: null, boundaryWinsLast };
}

const isClearlyLess = (one: Estimate, other: Estimate): boolean =>
  one.mean + one.half < other.mean - other.half;

/** Of each condition and servo: with how many in a row which is better, beyond what seeds leave open. */
export function crossingTable(conditions: readonly string[], rows: readonly Row[]): Table {
  return {
    title: 'With how many in a row which is better (95 % intervals apart), and where they cross',
    columns: ['condition', 'servo', 'kp, ki: peak', 'BC better', 'TC better', 'cross at'].map(
      (name) => ({ name, digits: 2 }),
    ),
    rows: conditions.flatMap((condition) =>
      SERVOS.flatMap(({ name, gains }): Cell[][] => {
        const of = (kind: string) =>
          rows.filter((row) => row.condition === condition && row.contender === `${kind}, ${name}`);
        const [boundary, transparent] = [of('BC'), of('TC')];
        if (boundary.length === 0 || transparent.length === 0) return [];
        const counts = transparent.map(({ switches }) => switches).sort((a, b) => a - b);
        const better = (some: readonly Row[], others: readonly Row[]) =>
          some.flatMap((row) => {
            const other = others.find(({ switches }) => switches === row.switches);
            const isLess = other !== undefined && isClearlyLess(row.rmsNs, other.rmsNs);
            return isLess ? [row.switches] : [];
          });
        return [
          [
            condition,
            name,
            gainsText(gains),
            rangesText(better(boundary, transparent), counts),
            rangesText(better(transparent, boundary), counts),
            crossingCell(boundary, transparent),
          ],
        ];
      }),
    ),
  };
}

/** Over seeds: each has its own crossing. */
function crossingCell(boundary: readonly Row[], transparent: readonly Row[]): Cell {
  const seeds = [...new Set(boundary.flatMap(({ bySeed }) => [...bySeed.keys()]))];
  const curve = (rows: readonly Row[], seed: number) =>
    new Map(
      rows.flatMap(({ switches, bySeed }): [number, number][] => {
        const rms = bySeed.get(seed);
        return rms === undefined ? [] : [[switches, rms]];
      }),
    );
  const found = seeds.map((seed) => crossing(curve(boundary, seed), curve(transparent, seed)));
  const at = found.flatMap((one) => (one.at === null ? [] : [one.at]));
  if (at.length === 0) return 'do not';
  const each = estimate(at);
  if (at.length === found.length) return each;
  const mean = `${Number(each.mean.toPrecision(2))}`;
  const text = Number.isFinite(each.half) ? `${mean} ± ${Number(each.half.toPrecision(2))}` : mean;
  return `${text}, with ${at.length} of ${found.length} seeds`;
}

/** How many in a row never are further off than a budget, with any seed. */
export function budgetTable(conditions: readonly string[], rows: readonly Row[]): Table {
  const contenders = [...new Set(rows.map(({ contender }) => contender))];
  return {
    title: 'The most in a row whose client is never further off than 100 ns, 1 µs, with any seed',
    columns: ['condition', '', '100 ns', '1 µs'].map((name) => ({ name })),
    rows: conditions.flatMap((condition) =>
      contenders.flatMap((contender): Cell[][] => {
        const own = rows
          .filter((row) => row.condition === condition && row.contender === contender)
          .sort((a, b) => a.switches - b.switches);
        if (own.length === 0) return [];
        return [[condition, contender, ...BUDGETS_NS.map((budget) => mostWithin(own, budget))]];
      }),
    ),
  };
}

function mostWithin(rows: readonly Row[], budgetNs: number): Cell {
  const first = rows.findIndex(({ maxNs }) => maxNs > budgetNs);
  if (first === 0) return 'none';
  const most = rows.at(first === -1 ? -1 : first - 1)?.switches ?? 0;
  if (first === -1) return `${most} or more`;
  const next = rows[first]?.switches ?? 0;
  return next === most + 1 ? most : `${most}, not ${next}`;
}
