/** From samples to the table's figures, ratios and aims. Pure. */
import type { ResidenceTruth } from '../../measure/residence-truth.js';
import { percentile, percentileOf } from '../../../control-plane/statistics/samples.js';
import { summarizeErrors, summarizeSpread } from '../../measure/statistics.js';
import type { LegFigures, LegOutcome } from './leg.js';
import type { Comparison, Row } from './rows.js';
import type { Aim, Measurement } from './schema.js';

type Values = Record<string, number>;

const whole = <Names extends Values>(values: Names): Names =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Math.round(value)]),
  ) as Names;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

const middle = (values: readonly number[]) => percentileOf(values, 0.5);

const NOTHING = { rms: 0, p50: 0, p99: 0, max: 0 };
const NO_SPREAD = { p50: 0, p99: 0, max: 0 };
const NO_RATIOS = { p99ToPtp4l: null, rmsToPtp4l: null, rmsToOne: null };

function truthOf(arrived: readonly ResidenceTruth[]): Measurement['truth'] {
  const errors = arrived.map(({ transitNs, correctionNs }) => transitNs - correctionNs);
  const spread = (values: readonly number[]) =>
    whole({ ...(summarizeSpread(values) ?? NO_SPREAD) });
  const ascending = errors.toSorted((a, b) => a - b);
  return {
    samples: arrived.length,
    transitNs: spread(arrived.map(({ transitNs }) => transitNs)),
    correctionNs: spread(arrived.map(({ correctionNs }) => correctionNs)),
    errorNs: spread(errors),
    spreadNs:
      arrived.length === 0
        ? 0
        : Math.round(percentile(ascending, 0.99) - percentile(ascending, 0.01)),
  };
}

function describe(comparison: Comparison, row: Row, loaded: boolean) {
  const { mechanism, transport, vlan, unicast, oneStepMaster } = comparison;
  const { device, step, switches, title } = row;
  const names = { comparison: comparison.name, row: row.name };
  const network = { mechanism, transport, vlan, unicast, oneStepMaster };
  return { ...names, title, device, step, switches, ...network, loaded };
}

/** A row without figures: `samples` 0 says that the zeros are none. */
export function unmeasured(
  comparison: Comparison,
  row: Row,
  loaded: boolean,
  status: 'skipped' | 'failed',
  reason: string,
): Measurement {
  return {
    ...describe(comparison, row, loaded),
    ...{ status, reason, legs: 0, samples: 0, errorNs: NOTHING, legP99Ns: [] },
    ...{ offsetNs: 0, pathDelayNs: 0, syncs: { sent: 0, lost: 0 }, lostTrafficFrames: 0 },
    truth: truthOf([]),
    ratios: NO_RATIOS,
  };
}

/** All legs of a row together; a leg that went wrong is the row's result. */
export function evaluateRow(
  comparison: Comparison,
  row: Row,
  loaded: boolean,
  legs: readonly LegOutcome[],
): Measurement {
  const figures: LegFigures[] = [];
  for (const leg of legs) {
    if (leg.status !== 'ok') return unmeasured(comparison, row, loaded, leg.status, leg.reason);
    figures.push(leg.figures);
  }
  const samples = figures.flatMap((leg) => leg.samples);
  const errors = summarizeErrors(samples.map(({ offsetNs }) => offsetNs));
  if (errors === null) {
    const reason = 'no Sync was evaluated while we listened';
    return unmeasured(comparison, row, loaded, 'failed', reason);
  }
  const legP99Ns = figures.map((leg) =>
    Math.round(summarizeErrors(leg.samples.map(({ offsetNs }) => offsetNs))?.p99 ?? 0),
  );
  return {
    ...describe(comparison, row, loaded),
    ...{ status: 'ok', reason: '', legs: figures.length, samples: samples.length },
    errorNs: whole({ ...errors }),
    legP99Ns,
    offsetNs: Math.round(middle(samples.map(({ offsetNs }) => offsetNs))),
    pathDelayNs: Math.round(middle(samples.map(({ meanPathDelayNs }) => meanPathDelayNs))),
    syncs: {
      sent: sum(figures.map(({ truth }) => truth.sent)),
      lost: sum(figures.map(({ truth }) => truth.lost)),
    },
    lostTrafficFrames: sum(figures.map((leg) => leg.lostTrafficFrames)),
    truth: truthOf(figures.flatMap(({ truth }) => truth.arrived)),
    ratios: NO_RATIOS,
  };
}

/** Three figures: a ratio of measurements has no more. */
function ratio(value: number, to: number | undefined): number | null {
  if (to === undefined || to === 0) return null;
  return Number((value / to).toPrecision(3));
}

/** Fills in the ratios of one comparison. */
export function withRatios(measurements: readonly Measurement[]): Measurement[] {
  return measurements.map((own) => {
    if (own.status !== 'ok' || own.device === 'ptp4l') return own;
    const others = measurements.filter(
      (other) =>
        other.status === 'ok' &&
        other.comparison === own.comparison &&
        other.loaded === own.loaded &&
        other !== own,
    );
    const reference = others.find(
      (other) => other.device === 'ptp4l' && other.switches === own.switches,
    );
    const one = others.find(
      (other) => other.device === own.device && other.step === own.step && other.switches === 1,
    );
    return {
      ...own,
      ratios: {
        p99ToPtp4l: ratio(own.errorNs.p99, reference?.errorNs.p99),
        rmsToPtp4l: ratio(own.errorNs.rms, reference?.errorNs.rms),
        rmsToOne: ratio(own.errorNs.rms, one?.errorNs.rms),
      },
    };
  });
}

const TWO_STEP_LIMIT = 1.0;
const ONE_STEP_LIMIT = 1.5;
const TEN_LIMIT = 4;

/**
 * Which aims the run speaks of, and whether they are met. A one-step grandmaster without hardware
 * guesses when its Sync leaves: behind it a clock's own error is too small to be seen.
 */
export function aimsOf(measurements: readonly Measurement[]): Aim[] {
  return measurements
    .filter(
      ({ device, status, oneStepMaster }) =>
        device === 'native' && status === 'ok' && !oneStepMaster,
    )
    .flatMap(({ comparison, row, loaded, step, switches, ratios }) => {
      const aim = (text: string, value: number | null, limit: number): Aim[] =>
        value === null
          ? []
          : [{ aim: text, comparison, row, loaded, value, limit, met: value <= limit }];
      if (switches === 10) return aim('rms of ten to rms of one', ratios.rmsToOne, TEN_LIMIT);
      if (switches !== 1) return [];
      const limit = step === 'two' ? TWO_STEP_LIMIT : ONE_STEP_LIMIT;
      return aim('p99 to ptp4l’s p99', ratios.p99ToPtp4l, limit);
    });
}

/** The medians that asymmetry moves. */
export function medians(legs: readonly LegFigures[]): { offsetNs: number; pathDelayNs: number } {
  const samples = legs.flatMap((leg) => leg.samples);
  return {
    offsetNs: middle(samples.map(({ offsetNs }) => offsetNs)),
    pathDelayNs: middle(samples.map(({ meanPathDelayNs }) => meanPathDelayNs)),
  };
}
