/** A chart as a self-contained drawing (SVG) that follows the reader's light or dark theme. */
import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import type { Axis, Chart, ChartPoint, Series } from './study.js';

const WIDTH = 760;
const HEIGHT = 400;
const LEFT = 78;
const RIGHT = 18;
const TOP = 40;
const BOTTOM = 46;
const LEGEND_LINE = 18;
/** More lines below a picture are set in two columns. */
const LEGEND_ROWS = 5;
const TICKS = 6;
/** Told apart on both grounds, and by most who do not see all colours (Okabe and Ito's order). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b58900', '#56b4e9', '#8c564b'];

const STYLE = `
.ground{fill:#fff}text{fill:#222;font:13px sans-serif}.small{font-size:11px;fill:#555}.grid{stroke:#ddd}.frame{stroke:#888;fill:none}
@media(prefers-color-scheme:dark){.ground{fill:#181a1b}text{fill:#e6e6e6}.small{fill:#aaa}.grid{stroke:#333}.frame{stroke:#777}}`;

type Position = (value: number) => number;

interface Placed {
  readonly position: Position;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function tickText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return value.toExponential(0).replace('e+', 'e');
  return String(Number(value.toPrecision(4)));
}

function placed(
  { scale, isTight = false }: Axis,
  values: readonly number[],
  range: readonly [number, number],
): Placed {
  const usable = values.filter(
    (value) => Number.isFinite(value) && (scale === 'linear' || value > 0),
  );
  const [least, most] = [Math.min(...usable), Math.max(...usable)];
  if (scale === 'log') {
    const free = scaleLog().domain([least, least === most ? least * 10 : most]);
    const axis = (isTight ? free : free.nice()).range(range);
    const all = axis.ticks();
    const decades = all.filter((tick) => Number.isInteger(Math.log10(tick)));
    const ticks =
      decades.length >= 3 ? decades : all.filter((tick) => /^[125]/.test(tick.toExponential()));
    return { position: (value) => axis(value), ticks: marked(ticks, (value) => axis(value)) };
  }
  const low = isTight ? least : Math.min(0, least);
  const axis = scaleLinear()
    .domain([low, most === low ? low + 1 : most])
    .nice(TICKS)
    .range(range);
  return {
    position: (value) => axis(value),
    ticks: marked(axis.ticks(TICKS), (value) => axis(value)),
  };
}

function marked(ticks: readonly number[], position: Position): Placed['ticks'] {
  return ticks.map((tick) => ({ at: position(tick), text: tickText(tick) }));
}

function drawn(
  { style = 'line', points }: Series,
  colour: string,
  x: Position,
  y: Position,
): string[] {
  const inside = points.filter(
    (point) => Number.isFinite(x(point.x)) && Number.isFinite(y(point.y)),
  );
  const path = line<ChartPoint>()
    .x((point) => x(point.x))
    .y((point) => y(point.y))
    .digits(1);
  const dash = style === 'dashed' ? ' stroke-dasharray="6 4"' : '';
  const curve =
    style === 'points'
      ? []
      : [
          `<path fill="none" stroke="${colour}" stroke-width="1.8"${dash} d="${path([...inside]) ?? ''}"/>`,
        ];
  const bars = inside.flatMap((point) => {
    const { half } = point;
    if (half === undefined || !(half > 0)) return [];
    const [low, high] = [y(point.y - half), y(point.y + half)].map((at) =>
      Number.isFinite(at) ? at : y(point.y),
    );
    return [
      `<path stroke="${colour}" d="M${x(point.x).toFixed(1)} ${(low ?? 0).toFixed(1)}V${(high ?? 0).toFixed(1)}"/>`,
    ];
  });
  const dots =
    style === 'dashed' || style === 'plain'
      ? []
      : inside.map(
          (point) =>
            `<circle cx="${x(point.x).toFixed(1)}" cy="${y(point.y).toFixed(1)}" r="2.8" fill="${colour}"/>`,
        );
  return [...curve, ...bars, ...dots];
}

/** @throws RangeError for a chart without a point that can be drawn. */
export function lineChart(chart: Chart): string {
  const points = chart.series.flatMap((one) => one.points);
  if (!points.some((point) => Number.isFinite(point.x) && Number.isFinite(point.y))) {
    throw new RangeError(`"${chart.title}" has no point to draw`);
  }
  const legendColumns = chart.series.length > LEGEND_ROWS ? 2 : 1;
  const height = HEIGHT + LEGEND_LINE * Math.ceil(chart.series.length / legendColumns);
  const bottom = HEIGHT - BOTTOM;
  const x = placed(
    chart.x,
    points.map((point) => point.x),
    [LEFT, WIDTH - RIGHT],
  );
  const y = placed(
    chart.y,
    points.map((point) => point.y),
    [bottom, TOP],
  );
  const colour = (index: number) =>
    COLOURS[(chart.series[index]?.colour ?? index) % COLOURS.length] ?? '#888';
  const legend = chart.series.flatMap((one, index) => {
    const left = LEFT + ((index % legendColumns) * (WIDTH - LEFT)) / legendColumns;
    const at = HEIGHT + LEGEND_LINE * Math.floor(index / legendColumns);
    const dash = one.style === 'dashed' ? ' stroke-dasharray="6 4"' : '';
    return [
      `<path stroke="${colour(index)}" stroke-width="2"${dash} d="M${left} ${at}h26"/>`,
      `<text x="${left + 34}" y="${at + 4}">${escapeXml(one.name)}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeXml(chart.title)}">`,
    `<style>${STYLE}</style><rect class="ground" width="${WIDTH}" height="${height}"/>`,
    `<text x="${LEFT}" y="22">${escapeXml(chart.title)}</text>`,
    ...x.ticks.flatMap(({ at, text }) => [
      `<path class="grid" d="M${at.toFixed(1)} ${TOP}V${bottom}"/>`,
      `<text class="small" x="${at.toFixed(1)}" y="${bottom + 16}" text-anchor="middle">${text}</text>`,
    ]),
    ...y.ticks.flatMap(({ at, text }) => [
      `<path class="grid" d="M${LEFT} ${at.toFixed(1)}H${WIDTH - RIGHT}"/>`,
      `<text class="small" x="${LEFT - 8}" y="${(at + 4).toFixed(1)}" text-anchor="end">${text}</text>`,
    ]),
    `<rect class="frame" x="${LEFT}" y="${TOP}" width="${WIDTH - LEFT - RIGHT}" height="${bottom - TOP}"/>`,
    `<text class="small" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${bottom + 34}" text-anchor="middle">${escapeXml(chart.x.label)}</text>`,
    `<text class="small" transform="translate(16 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(chart.y.label)}</text>`,
    ...chart.series.flatMap((one, index) => drawn(one, colour(index), x.position, y.position)),
    ...legend,
    '</svg>',
    '',
  ].join('\n');
}
