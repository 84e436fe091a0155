/** Studies as a report: one file, light or dark, that asks nobody for anything. */
import type { ReportPage } from './report-page.js';
import { cellText } from './report.js';
import type { StudyResult } from './run-study.js';
import {
  deviation,
  holds,
  replayCommand,
  type Check,
  type Scale,
  type Study,
  type Table,
} from './study.js';

export interface StudyRun {
  readonly study: Study;
  readonly result: StudyResult;
  readonly scale: Scale;
}

type TextTable = ReportPage['tables'][number];

function textTable(name: string, { title, columns, rows }: Table): TextTable {
  return {
    title: `${name}: ${title}`,
    head: columns.map((column) => column.name),
    rows: rows.map((row) => row.map((cell, at) => cellText(cell, columns[at]?.digits))),
  };
}

function checkTable(name: string, checks: readonly Check[]): TextTable[] {
  if (checks.length === 0) return [];
  return [
    {
      title: `${name}: against what is known`,
      head: ['', 'found', 'expected', 'off by', 'may be'],
      rows: checks.map((check) => [
        check.what,
        cellText({ mean: check.found, half: check.half }),
        cellText(check.expected),
        `${(100 * deviation(check)).toFixed(2)} %`,
        `${100 * check.tolerance} %`,
      ]),
    },
  ];
}

export function studyPage(
  runs: readonly StudyRun[],
  versions: Readonly<Record<string, string>>,
): ReportPage {
  return {
    title: runs.map(({ study }) => study.title).join('; '),
    warnings: runs.flatMap(({ study, result: { done, points } }) =>
      done < points
        ? [`${study.name}: ended after ${done} of ${points} points; what follows is a part`]
        : [],
    ),
    verdicts: runs.flatMap(({ study, result: { findings } }) => [
      ...findings.checks
        .filter((check) => !holds(check))
        .map(({ what }) => ({ text: `${study.name}: off what is known: ${what}`, isGood: false })),
      ...findings.notes.map((text) => ({ text: `${study.name}: ${text}`, isGood: true })),
    ]),
    tables: runs.flatMap(({ study: { name }, result: { findings } }) => [
      ...findings.tables.map((table) => textTable(name, table)),
      ...checkTable(name, findings.checks),
    ]),
    charts: runs.flatMap(({ result }) => result.findings.charts),
    configuration: [
      ...runs.flatMap(({ study, scale }): (readonly [string, string])[] => [
        [`${study.name}: question`, study.question],
        [
          `${study.name}: seeds`,
          `${scale.firstSeed} to ${scale.firstSeed + scale.seeds - 1}, ± 95 % over them`,
        ],
      ]),
      ...Object.entries(versions),
    ],
    command: runs.map(({ study, scale }) => replayCommand(study, scale)).join(' && '),
  };
}
