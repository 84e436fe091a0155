/** What was found, as tables of text: the terminal and the report show the same. */
import type { ResidenceAnalysis, ResidenceGroup, TimeAnalysis } from '../measure/analyse.js';
import { NO_PTP } from '../measure/capture/residence.js';
import type { LimitVerdict, MaskVerdict } from '../measure/masks/evaluate.js';
import { NOISE_NAMES } from '../measure/stability/noise-type.js';
import {
  METRICS,
  TIME_METRICS,
  type Metric,
  type StabilityPoint,
  type StabilityTable,
} from '../measure/stability/table.js';
import type { TimeErrorSummary } from '../measure/time-error.js';
import type { TextTable } from '../study/report-page.js';

export type { TextTable };

/** A time in its best unit: "12.3 ns", "−4.56 µs". */
export function nsText(ns: number): string {
  const size = Math.abs(ns);
  if (!Number.isFinite(ns)) return '–';
  if (size >= 1e9) return `${digits(ns / 1e9)} s`;
  if (size >= 1e6) return `${digits(ns / 1e6)} ms`;
  if (size >= 1e3) return `${digits(ns / 1e3)} µs`;
  return `${digits(ns)} ns`;
}

function digits(value: number, count = 4): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  // Never an exponent for what has a unit, but for what is next to nothing.
  if (size < 1e-3) return value.toExponential(count - 1).replace('-', '−');
  return String(Number(value.toPrecision(count))).replace('-', '−');
}

export const secondsText = (seconds: number) => `${digits(seconds)} s`;
const percent = (fraction: number) => `p${digits(100 * fraction, 6)}`;

export function summaryTable(title: string, summary: TimeErrorSummary): TextTable {
  const { samples, missing, seconds, maxAbsNs, minNs, maxNs, meanNs, rmsNs, deviationNs } = summary;
  return {
    title,
    head: ['', 'value', 'absolute'],
    rows: [
      ['samples', `${samples}${missing === 0 ? '' : `, ${missing} missing`}`, secondsText(seconds)],
      ['mean', nsText(meanNs), ''],
      ['standard deviation', nsText(deviationNs), ''],
      ['rms', '', nsText(rmsNs)],
      ['least, greatest', `${nsText(minNs)}, ${nsText(maxNs)}`, ''],
      ...summary.percentilesNs.map(({ fraction, valueNs, absNs }) => [
        percent(fraction),
        nsText(valueNs),
        nsText(absNs),
      ]),
      ['max|TE|', '', nsText(maxAbsNs)],
    ],
  };
}

export function partsTable({ constant, dynamic }: TimeAnalysis): TextTable {
  const rows: string[][] = [];
  if (constant !== null) {
    rows.push(['cTE', nsText(constant.ns), `worst mean over ${secondsText(constant.seconds)}`]);
  }
  if ('missing' in dynamic) {
    rows.push(['dTE', '–', dynamic.missing]);
  } else {
    const low = 'behind the low pass of 0.1 Hz';
    rows.push(['max|TE_L|', nsText(dynamic.lowMaxAbsNs), low]);
    rows.push(['dTE_L, peak to peak', nsText(dynamic.lowPeakToPeakNs), low]);
    rows.push([
      'dTE_H, peak to peak',
      nsText(dynamic.highPeakToPeakNs),
      'behind the high pass of 0.1 Hz',
    ]);
  }
  return { title: 'Constant and dynamic time error', head: ['', 'value', ''], rows };
}

function pointText(metric: Metric, { value, interval, coveredShare }: StabilityPoint): string {
  const text = (one: number) =>
    TIME_METRICS.has(metric) ? nsText(one) : one.toExponential(3).replace('e-', 'e−');
  if (coveredShare !== null) return `${text(value)} (${shareText(coveredShare)} of windows)`;
  if (interval === null) return text(value);
  return `${text(value)} (${text(interval.low)} … ${text(interval.high)})`;
}

/** Rounded down: a share that is promised is not more than what is. */
function shareText(share: number): string {
  return `${Math.floor(share * 1e4) / 100} %`;
}

/** A line for each τ, a column for each metric. */
export function stabilityText(table: StabilityTable, confidence: number): TextTable {
  const shown = METRICS.filter((metric) => (table[metric]?.length ?? 0) > 0);
  const factors = new Set(shown.flatMap((metric) => table[metric]?.map(({ m }) => m) ?? []));
  const rows = [...factors]
    .sort((a, b) => a - b)
    .map((m) => {
      const points = shown.map((metric) => table[metric]?.find((point) => point.m === m));
      const any = points.find((point) => point !== undefined);
      const alpha = points.find((point) => (point?.alpha ?? null) !== null)?.alpha ?? null;
      return [
        secondsText(any?.tauSeconds ?? Number.NaN),
        ...points.map((point, i) =>
          point === undefined ? '' : pointText(shown[i] ?? 'adev', point),
        ),
        alpha === null ? '' : NOISE_NAMES[alpha],
      ];
    });
  return {
    title: `Stability, with ${digits(100 * confidence)} % confidence`,
    head: ['τ', ...shown.map((metric) => metric.toUpperCase()), 'noise'],
    rows,
  };
}

const LIMIT_NAMES = {
  maxTe: 'max|TE|',
  cTe: 'cTE',
  mtie: 'MTIE',
  tdev: 'TDEV',
  dTeHigh: 'dTE_H, peak to peak',
} as const;

function limitName({ limit }: LimitVerdict): string {
  const isLow = 'band' in limit && limit.band === 'low';
  return isLow ? `${LIMIT_NAMES[limit.kind]}, below 0.1 Hz` : LIMIT_NAMES[limit.kind];
}

const VERDICTS = { pass: 'within', fail: 'BROKEN', 'not-evaluated': 'not evaluated' } as const;

export function maskTable({ mask, limits, status }: MaskVerdict): TextTable {
  const told = { pass: 'within all limits', fail: 'LIMIT BROKEN', incomplete: 'incomplete' }[
    status
  ];
  return {
    title: `${mask.title} (${mask.id}): ${told}`,
    head: ['limit', 'measured', 'limit', 'margin', 'at τ', '', 'from'],
    rows: limits.map((one) => [
      limitName(one),
      one.measuredNs === null ? '–' : nsText(one.measuredNs),
      one.limitNs === null ? '–' : nsText(one.limitNs),
      one.marginNs === null ? '–' : nsText(one.marginNs),
      one.tauSeconds === null ? '' : secondsText(one.tauSeconds),
      [VERDICTS[one.status], ...(one.note === '' ? [] : [one.note])].join(': '),
      one.limit.source,
    ]),
  };
}

const MESSAGE_NAMES: Readonly<Record<number, string>> = {
  0: 'Sync',
  1: 'Delay_Req',
  2: 'Pdelay_Req',
  3: 'Pdelay_Resp',
  8: 'Follow_Up',
  9: 'Delay_Resp',
  10: 'Pdelay_Resp_Follow_Up',
  11: 'Announce',
  12: 'Signaling',
  13: 'Management',
  [NO_PTP]: 'all other packets',
};

export function messageName(messageType: number): string {
  return MESSAGE_NAMES[messageType] ?? `PTP message ${messageType}`;
}

export function countsTable({ counts }: ResidenceAnalysis): TextTable {
  return {
    title: 'Packets',
    head: ['', 'count'],
    rows: [
      ['in the capture before the device', String(counts.framesIn)],
      ['in the capture behind it', String(counts.framesOut)],
      ['the same in both', String(counts.matched)],
      ['only before it', String(counts.onlyIn)],
      ['only behind it', String(counts.onlyOut)],
      ['behind it first: the other way, or the clocks disagree', String(counts.backwards)],
      ['not told from others', String(counts.unknown)],
    ],
  };
}

export function residenceTable(groups: readonly ResidenceGroup[]): TextTable {
  const fractions = groups[0]?.residence.percentilesNs.map(({ fraction }) => fraction) ?? [];
  return {
    title: 'Residence',
    head: ['', 'packets', 'least', ...fractions.map(percent), 'greatest', 'PDV', 'floor packets'],
    rows: groups.map(({ messageType, residence, floor }) => [
      messageName(messageType),
      String(residence.packets),
      nsText(residence.minNs),
      ...residence.percentilesNs.map(({ delayNs }) => nsText(delayNs)),
      nsText(residence.maxNs),
      nsText(residence.peakToPeakNs),
      floor === null ? '' : floorText(floor.percent, floor.worst?.percent ?? null),
    ]),
  };
}

function floorText(percentOfAll: number, worst: number | null): string {
  return `${digits(percentOfAll)} %${worst === null ? '' : `, worst ${digits(worst)} %`}`;
}

/** Null where nothing was corrected. */
export function correctionTable(groups: readonly ResidenceGroup[]): TextTable | null {
  const corrected = groups.filter(({ correctionError }) => correctionError !== null);
  if (corrected.length === 0) return null;
  return {
    title: 'correctionField less residence',
    head: ['', 'packets', 'mean', 'deviation', '|p50|', '|p99|', 'least', 'greatest'],
    rows: corrected.flatMap(({ messageType, correctionError: error }) =>
      error === null
        ? []
        : [
            [
              messageName(messageType),
              String(error.samples),
              nsText(error.meanNs),
              nsText(error.deviationNs),
              nsText(absOf(error, 0.5)),
              nsText(absOf(error, 0.99)),
              nsText(error.minNs),
              nsText(error.maxNs),
            ],
          ],
    ),
  };
}

function absOf({ percentilesNs }: TimeErrorSummary, wanted: number): number {
  return percentilesNs.find(({ fraction }) => fraction === wanted)?.absNs ?? Number.NaN;
}
