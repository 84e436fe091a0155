/** The true error of every clock over time, as a drawing (SVG). Pure. */
import type { AccuracyRow } from './schema.js';

const WIDTH = 900;
const PANEL = 150;
const LEFT = 90;
const RIGHT = 20;
const TOP = 34;
const BOTTOM = 26;
const COLOURS = ['#1f5fa8', '#c2562d', '#3a8a4d', '#7d4a9e'];
/** Errors while it acquires are beyond it, and drawn at the edge. */
const LEAST_RANGE_NS = 100;
/** Of all errors so many are within the drawing. */
const WITHIN = 0.9;
const GRID = 4;

interface Line {
  readonly name: string;
  readonly series: readonly { readonly seconds: number; readonly errorNs: number }[];
}

function linesOf({ hops }: AccuracyRow): Line[] {
  return hops.flatMap(({ truth }, index) =>
    truth === null ? [] : [{ name: `clock ${index + 1}`, series: truth.series }],
  );
}

/** One, two or five times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

function rangeOf(lines: readonly Line[]): number {
  const errors = lines
    .flatMap(({ series }) => series.map(({ errorNs }) => Math.abs(errorNs)))
    .sort((a, b) => a - b);
  return roundUp(Math.max(LEAST_RANGE_NS, errors[Math.floor(errors.length * WITHIN)] ?? 0));
}

const timeText = (ns: number) => (Math.abs(ns) >= 1000 ? `${ns / 1000} µs` : `${ns} ns`);
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function panel(row: AccuracyRow, top: number): string[] {
  const lines = linesOf(row);
  const rangeNs = rangeOf(lines);
  const seconds = Math.max(
    1,
    ...lines.flatMap(({ series }) => series.map((point) => point.seconds)),
  );
  const x = (at: number) => LEFT + (at / seconds) * (WIDTH - LEFT - RIGHT);
  const y = (ns: number) => {
    const clamped = Math.max(-rangeNs, Math.min(rangeNs, ns));
    return top + PANEL / 2 - (clamped / rangeNs) * (PANEL / 2);
  };
  const grid = [rangeNs, 0, -rangeNs].flatMap((ns) => [
    `<path class="grid" d="M${LEFT} ${y(ns)}H${WIDTH - RIGHT}"/>`,
    `<text class="axis" x="${LEFT - 8}" y="${y(ns) + 4}" text-anchor="end">${timeText(ns)}</text>`,
  ]);
  const times = Array.from({ length: GRID + 1 }, (_, index) => {
    const at = (seconds * index) / GRID;
    return `<text class="axis" x="${x(at)}" y="${top + PANEL + 15}" text-anchor="middle">${at.toFixed(0)} s</text>`;
  });
  const curves = lines.map(({ series }, index) => {
    const points = series.map(
      (point) => `${x(point.seconds).toFixed(1)},${y(point.errorNs).toFixed(1)}`,
    );
    return `<polyline stroke="${COLOURS[index % COLOURS.length] ?? ''}" points="${points.join(' ')}"/>`;
  });
  const names = lines.map(
    ({ name }, index) =>
      `<tspan fill="${COLOURS[index % COLOURS.length] ?? ''}" dx="12">${name}</tspan>`,
  );
  const title = `<text x="${LEFT}" y="${top - 10}">${escaped(row.title)}${names.join('')}</text>`;
  return [title, ...grid, ...times, ...curves];
}

/** A panel for each row that has a truth; null where none has. */
export function accuracyPlot(rows: readonly AccuracyRow[]): string | null {
  const drawn = rows.filter((row) => linesOf(row).some(({ series }) => series.length > 1));
  if (drawn.length === 0) return null;
  const height = drawn.length * (TOP + PANEL + BOTTOM);
  const panels = drawn.flatMap((row, index) => panel(row, index * (TOP + PANEL + BOTTOM) + TOP));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif">`,
    '<style>text{font-size:13px}.axis{font-size:11px;fill:#666}.grid{stroke:#ccc}' +
      'polyline{fill:none;stroke-width:1.2}</style>',
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}
