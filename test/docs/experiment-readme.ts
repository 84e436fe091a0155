/** What an experiment's README has of the code and of the committed results. */
import { cellText, chartFile } from '#lab/study/report';
import { deviation, type Check, type Study } from '#lab/study/study';
import { markdownTable, type StudyDocument } from './study-results.js';

/** More are not read: those that are furthest off stand for all. */
const MOST_CHECKS = 16;
const SHOWN_OF_MANY = 8;

export const README_SECTIONS = ['Model', 'Parameters', 'Expected', 'Result'] as const;

const commandOf = ({ name }: Study): string => `timeplane lab study ${name.slice(0, 3)}`;

/** Title, commands, question. */
export function readmeHead(study: Study, minutes: string): string {
  const command = commandOf(study);
  return [
    `# ${study.title}`,
    `    ${`${command} `.padEnd(34)} # ${minutes}\n    ${command} --quick`,
    `**${study.question}**`,
  ].join('\n\n');
}

/** "15 figures, each within 2 %". */
export function readmeTolerance({ checks }: StudyDocument): string {
  const tolerances = [...new Set(checks.map(({ tolerance }) => tolerance))];
  const percent = tolerances.map((tolerance) => Number((100 * tolerance).toPrecision(3)));
  return `${checks.length} figures, each within ${percent.join(', ')} %`;
}

/** What was found at full scale against what is expected. */
export function readmeChecks({ checks }: StudyDocument): string {
  const rows = shownOf(checks).map((check) => [
    check.what,
    cellText(check.expected),
    cellText({ mean: check.found, half: check.half }),
    `${(100 * deviation(check)).toFixed(2)} %`,
  ]);
  return markdownTable(['figure', 'expected', 'found', 'off by'], rows);
}

function shownOf(checks: readonly Check[]): readonly Check[] {
  if (checks.length <= MOST_CHECKS) return checks;
  return checks.toSorted((a, b) => deviation(b) - deviation(a)).slice(0, SHOWN_OF_MANY);
}

/** Where the page has its tables, and all pictures. */
export function readmeResult({ name, title, charts }: StudyDocument): string {
  const anchor = title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
  const pictures = charts.map(
    (chart, index) => `![${chart.title}](../../../docs/tc-or-bc/${chartFile(name, index)})`,
  );
  return [`[docs/tc-or-bc.md](../../../docs/tc-or-bc.md#${anchor})`, ...pictures].join('\n\n');
}
