/**
 * Limits of recommendations as data: each number with the edition and the place that it stands in, as
 * others have published them (`sources.ts` says who). The recommendations themselves decide.
 */

/** A stretch of a mask: offset + slope·τ for from < τ ≤ to. */
export interface Segment {
  /** Seconds; a τ equal to it belongs to the stretch before, if there is one. */
  readonly from: number;
  /** Infinity where the mask has no end. */
  readonly to: number;
  readonly offsetNs: number;
  readonly slopeNsPerSecond: number;
}

/** `low`: behind a first-order low pass of 0.1 Hz, as G.8273.2, 7.1 and G.8271.1, 7.3 have it. */
export type Band = 'all' | 'low';

export type Limit =
  | { readonly kind: 'maxTe'; readonly band: Band; readonly ns: number; readonly source: string }
  | { readonly kind: 'cTe'; readonly ns: number; readonly source: string }
  /** dTE_H, peak to peak. */
  | { readonly kind: 'dTeHigh'; readonly ns: number; readonly source: string }
  | {
      readonly kind: 'mtie' | 'tdev';
      readonly band: Band;
      readonly segments: readonly Segment[];
      /** A record shorter than so many τ says nothing at that τ. */
      readonly leastRecordsOfTau: number;
      readonly source: string;
    };

export type CurveLimit = Extract<Limit, { readonly segments: unknown }>;

export interface Mask {
  /** As the command line names it. */
  readonly id: string;
  readonly title: string;
  readonly recommendation: string;
  /** Of the recommendation that the limits are of. */
  readonly edition: string;
  readonly limits: readonly Limit[];
  /** What the limits presume. */
  readonly remark: string;
}

/** The limit at τ, ns; null where the mask says nothing. */
export function limitAt({ segments }: CurveLimit, tauSeconds: number): number | null {
  const found = segments.find(({ from, to }) => tauSeconds > from && tauSeconds <= to);
  const first = segments[0];
  // A mask "from m on" is written with its own m; the very first edge belongs to it.
  const segment = found ?? (first?.from === tauSeconds ? first : undefined);
  return segment === undefined ? null : segment.offsetNs + segment.slopeNsPerSecond * tauSeconds;
}
