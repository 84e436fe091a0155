/** The report's pictures, as data for the lab's drawing of charts. */
import type { Chart, ChartPoint, Series } from '../study/study.js';
import { indicesOf } from '../measure/analyse.js';
import type { ResidenceResult } from '../measure/capture/residence.js';
import type { Histogram } from '../measure/histogram.js';
import { limitAt, type Mask } from '../measure/masks/mask.js';
import type { PhaseRecord } from '../measure/stability/phase.js';
import {
  METRICS,
  TIME_METRICS,
  type Metric,
  type StabilityPoint,
  type StabilityTable,
} from '../measure/stability/table.js';
import { messageName } from './tables.js';

/** More cannot be told apart in the width of a page. */
const BUCKETS = 400;

/** The least and the greatest of each stretch, so that no peak is lost in the picture. */
export function envelope(name: string, count: number, at: (index: number) => ChartPoint): Series {
  const points: ChartPoint[] = [];
  const buckets = Math.min(count, BUCKETS);
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const from = Math.floor((bucket * count) / buckets);
    const to = Math.floor(((bucket + 1) * count) / buckets);
    let least: ChartPoint | null = null;
    let most: ChartPoint | null = null;
    for (let index = from; index < to; index += 1) {
      const point = at(index);
      if (Number.isNaN(point.y)) continue;
      if (least === null || point.y < least.y) least = point;
      if (most === null || point.y > most.y) most = point;
    }
    if (least === null || most === null) continue;
    points.push(...(least.x <= most.x ? [least, most] : [most, least]));
  }
  return { name, style: 'plain', points };
}

export function timeErrorChart({ xNs, tau0Ns }: PhaseRecord): Chart {
  const at = (index: number) => ({ x: (index * tau0Ns) / 1e9, y: xNs[index] ?? Number.NaN });
  return {
    title: 'Time error',
    x: { label: 'seconds', scale: 'linear' },
    y: { label: 'ns', scale: 'linear' },
    series: [envelope('time error, least and greatest', xNs.length, at)],
  };
}

export function residenceChart(result: ResidenceResult): Chart {
  const kinds = [...new Set(result.messageType)].sort((a, b) => a - b);
  const series = kinds.map((kind) => {
    const indices = indicesOf(result.messageType, kind);
    const count = indices === null ? result.messageType.length : indices.length;
    return envelope(messageName(kind), count, (index) => {
      const at = indices === null ? index : (indices[index] ?? 0);
      return {
        x: result.timeSeconds[at] ?? Number.NaN,
        y: (result.residenceNs[at] ?? Number.NaN) / 1e3,
      };
    });
  });
  return {
    title: 'Residence',
    x: { label: 'seconds', scale: 'linear' },
    y: { label: 'µs', scale: 'linear' },
    series,
  };
}

/** Steps: each bin as wide as it is. */
export function histogramChart(title: string, unit: string, found: Histogram): Chart {
  const { from, width, counts, below, above } = found;
  const points = counts.flatMap((count, bin) => [
    { x: from + bin * width, y: count },
    { x: from + (bin + 1) * width, y: count },
  ]);
  const beyond = below + above === 0 ? '' : `; ${below} below, ${above} above`;
  return {
    title,
    x: { label: unit, scale: 'linear', isTight: true },
    y: { label: 'count', scale: 'linear' },
    series: [{ name: `in each ${width} ${unit}${beyond}`, style: 'plain', points }],
  };
}

/** The metrics without unit, and those in ns with the masks that were asked for. */
export function stabilityCharts(
  table: StabilityTable,
  lowBand: StabilityTable,
  masks: readonly Mask[],
): Chart[] {
  const metrics = METRICS.filter((metric) => drawable(table[metric] ?? []).length > 0);
  const seriesOf = (metric: Metric): Series[] => {
    const points = drawable(table[metric] ?? []);
    const name = metric.toUpperCase();
    const bound = (side: 'low' | 'high'): Series[] => {
      const inside = points.flatMap(({ tauSeconds, interval }) =>
        interval === null ? [] : [{ x: tauSeconds, y: interval[side] }],
      );
      return inside.length < 2
        ? []
        : [{ name: `${name}, ${side} bound`, style: 'dashed', points: inside }];
    };
    const line = points.map(({ tauSeconds, value }) => ({ x: tauSeconds, y: value }));
    return [{ name, points: line }, ...bound('low'), ...bound('high')];
  };
  const chart = (title: string, label: string, series: readonly Series[]): Chart[] =>
    series.length === 0
      ? []
      : [
          {
            ...{ title, series },
            x: { label: 'τ, seconds', scale: 'log' },
            y: { label, scale: 'log' },
          },
        ];
  const free = metrics.filter((metric) => !TIME_METRICS.has(metric));
  const timed = metrics.filter((metric) => TIME_METRICS.has(metric));
  return [
    ...free
      .slice(0, 1)
      .flatMap((metric) => chart(metric.toUpperCase(), 'deviation', seriesOf(metric))),
    ...(free.length > 1
      ? chart(
          'All deviations',
          'deviation',
          free.flatMap((metric) => seriesOf(metric).slice(0, 1)),
        )
      : []),
    ...timed.flatMap((metric) =>
      chart(metric.toUpperCase(), 'ns', [
        ...seriesOf(metric),
        ...lowSeries(lowBand, metric),
        ...maskSeries(masks, metric, table),
      ]),
    ),
  ];
}

/** What masks with a filter look at. */
function lowSeries(lowBand: StabilityTable, metric: Metric): Series[] {
  const points = drawable(lowBand[metric] ?? []).map((point) => ({
    ...{ x: point.tauSeconds, y: point.value },
  }));
  return points.length === 0 ? [] : [{ name: `${metric.toUpperCase()} below 0.1 Hz`, points }];
}

const drawable = (points: readonly StabilityPoint[]) => points.filter(({ value }) => value > 0);

/** Where the record reaches: a mask to 10,000 s says nothing of a minute. */
function maskSeries(masks: readonly Mask[], metric: Metric, table: StabilityTable): Series[] {
  const taus = table[metric]?.map(({ tauSeconds }) => tauSeconds) ?? [];
  return masks.flatMap(({ id, limits }) =>
    limits.flatMap((limit): Series[] => {
      if (limit.kind !== metric || !('segments' in limit)) return [];
      const points = taus.flatMap((x) => {
        const y = limitAt(limit, x);
        return y === null ? [] : [{ x, y }];
      });
      const band = limit.band === 'low' ? ' (for what is below 0.1 Hz)' : '';
      return points.length < 2 ? [] : [{ name: `limit of ${id}${band}`, style: 'dashed', points }];
    }),
  );
}
