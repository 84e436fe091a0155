/** What time error is measured with, of a record as of a stream. */

export interface PercentileNs {
  /** 0.5 for the median. */
  readonly fraction: number;
  readonly valueNs: number;
  /** Of the absolute values. */
  readonly absNs: number;
}

export const FRACTIONS: readonly number[] = [0.5, 0.9, 0.95, 0.99, 0.999];

/** G.8273.2, table 7-3, note 1. */
export const CONSTANT_SECONDS = 1_000;

/** Between the low and the high band of dynamic time error. */
export const BAND_EDGE_HZ = 0.1;
/** Six time constants and more: what is left of a step by then is below 0.2 %. */
export const SETTLE_SECONDS = 10;
