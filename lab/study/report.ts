/** A study's findings for a terminal, and for notebooks. */
import Table from 'cli-table3';
import pc from 'picocolors';
import type { Estimate } from './estimate.js';
import type { StudyResult } from './run-study.js';
import {
  deviation,
  holds,
  replayCommand,
  type Cell,
  type Check,
  type Scale,
  type Study,
} from './study.js';

const DIGITS = 4;
const style = { head: [], border: [] };

function isEstimate(cell: Cell): cell is Estimate {
  return typeof cell === 'object';
}

export function cellText(cell: Cell, digits = DIGITS): string {
  if (typeof cell === 'string') return cell;
  if (!isEstimate(cell)) return String(Number(cell.toPrecision(digits)));
  const mean = String(Number(cell.mean.toPrecision(digits)));
  // One seed leaves everything open.
  return Number.isFinite(cell.half) ? `${mean} ± ${Number(cell.half.toPrecision(2))}` : mean;
}

function checkTable(checks: readonly Check[]): string {
  const head = ['', 'found', 'expected', 'off by', 'may be'];
  const table = new Table({ head, style, colAligns: ['left', 'right', 'right', 'right', 'right'] });
  for (const check of checks) {
    const off = `${(100 * deviation(check)).toFixed(2)} %`;
    table.push([
      check.what,
      cellText({ mean: check.found, half: check.half }),
      cellText(check.expected),
      holds(check) ? pc.green(off) : pc.red(off),
      `${100 * check.tolerance} %`,
    ]);
  }
  return table.toString();
}

export function renderStudy(
  study: Study,
  { findings, points, done }: StudyResult,
  scale: Scale,
): string {
  const seeds = `seeds ${scale.firstSeed} to ${scale.firstSeed + scale.seeds - 1}`;
  const parts = [
    `${pc.bold(`${study.name}: ${study.title}`)}\n${study.question}\n${seeds}, ± 95 % over seeds`,
  ];
  if (done < points)
    parts.push(pc.yellow(`ended after ${done} of ${points} points: what follows is a part`));
  for (const { title, columns, rows } of findings.tables) {
    const colAligns = columns.map((): 'right' => 'right');
    const table = new Table({ head: columns.map(({ name }) => name), style, colAligns });
    for (const row of rows) table.push(row.map((cell, at) => cellText(cell, columns[at]?.digits)));
    parts.push(`${title}\n${table.toString()}`);
  }
  if (findings.checks.length > 0)
    parts.push(`Against what is known\n${checkTable(findings.checks)}`);
  parts.push(...findings.notes);
  return `${parts.join('\n\n')}\n`;
}

/** Everything as one document; `replay` is the command that makes it again. */
export function studyDocument(
  study: Study,
  { findings, points, done }: StudyResult,
  scale: Scale,
  versions: Readonly<Record<string, string>>,
) {
  const { name, title, question } = study;
  return {
    name,
    title,
    question,
    scale,
    replay: replayCommand(study, scale),
    versions,
    points,
    done,
    ...findings,
  };
}

/** `NAME.svg`, or `NAME-2.svg` for a second picture. */
export function chartFile(name: string, index: number): string {
  return index === 0 ? `${name}.svg` : `${name}-${index + 1}.svg`;
}
