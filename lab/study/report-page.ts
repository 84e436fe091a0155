/** The report: one file without anything from elsewhere, that follows the reader's light or dark theme. */
import { escapeXml, lineChart } from './line-chart.js';
import type { Chart } from './study.js';

export interface TextTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface ReportPage {
  readonly title: string;
  /** What the reader should know first: problems, and what is partial. */
  readonly warnings: readonly string[];
  readonly verdicts: readonly { readonly text: string; readonly isGood: boolean }[];
  readonly tables: readonly TextTable[];
  readonly charts: readonly Chart[];
  /** Inputs, options, seeds, versions: what it takes to do it again. */
  readonly configuration: readonly (readonly [name: string, value: string])[];
  /** The command that made it. */
  readonly command: string;
}

const STYLE = `
:root{color-scheme:light dark;--ground:#fff;--text:#222;--soft:#666;--line:#ddd;--good:#1a7f37;--bad:#b3261e;--warn:#fff4e5}
@media(prefers-color-scheme:dark){:root{--ground:#181a1b;--text:#e6e6e6;--soft:#aaa;--line:#3a3a3a;--good:#4ac26b;--bad:#ff7b72;--warn:#3b2e16}}
body{background:var(--ground);color:var(--text);font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}th,td{border-bottom:1px solid var(--line);padding:.25rem .7rem;text-align:left;white-space:nowrap}
th{color:var(--soft);font-weight:600}td{font-variant-numeric:tabular-nums}
.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}
.warning{background:var(--warn);border-left:4px solid var(--bad);padding:.4rem .8rem;margin:.4rem 0}
svg{max-width:100%;height:auto;margin:.6rem 0}code{font-size:.85rem}`;

function tableHtml({ title, head, rows }: TextTable): string {
  const cells = (tag: 'th' | 'td', row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join('')}</tr>`;
  return [
    `<h2>${escapeXml(title)}</h2><div class="scroll"><table>`,
    `<thead>${cells('th', head)}</thead>`,
    `<tbody>${rows.map((row) => cells('td', row)).join('\n')}</tbody></table></div>`,
  ].join('\n');
}

/** A picture that has nothing to draw is left out. */
function chartHtml(chart: Chart): string {
  const isDrawable = chart.series.some(({ points }) =>
    points.some(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)),
  );
  return isDrawable ? `<figure>${lineChart(chart)}</figure>` : '';
}

/** The same page for the same input, at every run: it has no date of its making. */
export function reportHtml(page: ReportPage): string {
  const { title, warnings, verdicts, tables, charts, configuration, command } = page;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">',
    `<title>${escapeXml(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escapeXml(title)}</h1>`,
    ...warnings.map((text) => `<p class="warning">${escapeXml(text)}</p>`),
    ...verdicts.map(
      ({ text, isGood }) => `<p class="${isGood ? 'good' : 'bad'}">${escapeXml(text)}</p>`,
    ),
    ...tables.map(tableHtml),
    ...(charts.length === 0 ? [] : ['<h2>Pictures</h2>', ...charts.map(chartHtml)]),
    tableHtml({ title: 'Configuration', head: ['', ''], rows: configuration }),
    `<h2>Command</h2><p><code>${escapeXml(command)}</code></p>`,
    '</body></html>',
    '',
  ].join('\n');
}
