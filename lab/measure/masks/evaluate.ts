/** Holds a record against a mask: each limit with what was measured, and how much is left. */
import { mtieAt } from '../stability/mtie.js';
import { slidingRecord, tdevOf, type SlidingRecord } from '../stability/modified.js';
import { octaves, type PhaseRecord } from '../stability/phase.js';
import {
  constantError,
  dynamicError,
  summarizeTimeError,
  type DynamicResult,
} from '../time-error.js';
import { limitAt, type CurveLimit, type Limit, type Mask } from './mask.js';

export type LimitStatus = 'pass' | 'fail' | 'not-evaluated';

export interface LimitVerdict {
  readonly limit: Limit;
  readonly status: LimitStatus;
  /** Where it comes closest to its limit; null where it was not evaluated. */
  readonly measuredNs: number | null;
  readonly limitNs: number | null;
  /** limit − measured; below zero it fails. */
  readonly marginNs: number | null;
  /** Of MTIE and TDEV: the τ of the worst, and of the longest that the record could say something of. */
  readonly tauSeconds: number | null;
  readonly coveredToSeconds: number | null;
  /** Why it is not evaluated, or only in part; empty where nothing is to be said. */
  readonly note: string;
}

export interface MaskVerdict {
  readonly mask: Mask;
  /** `incomplete`: no limit is broken, but not all could be looked at. */
  readonly status: 'pass' | 'fail' | 'incomplete';
  readonly limits: readonly LimitVerdict[];
}

/** Everything is computed once, however many masks ask. */
export class MaskJudge {
  readonly #record: PhaseRecord;
  #dynamic: DynamicResult | null = null;
  readonly #sliding = new Map<PhaseRecord, SlidingRecord>();

  constructor(record: PhaseRecord) {
    this.#record = record;
  }

  judge(mask: Mask): MaskVerdict {
    const limits = mask.limits.map((limit) => this.#verdict(limit));
    const isWhole = limits.every(({ status, note }) => status === 'pass' && note === '');
    const isBroken = limits.some(({ status }) => status === 'fail');
    return { mask, limits, status: isBroken ? 'fail' : isWhole ? 'pass' : 'incomplete' };
  }

  #verdict(limit: Limit): LimitVerdict {
    switch (limit.kind) {
      case 'cTe':
        return this.#constant(limit);
      case 'maxTe':
        return limit.band === 'all' ? this.#largest(limit) : this.#filtered(limit, 'lowMaxAbsNs');
      case 'dTeHigh':
        return this.#filtered(limit, 'highPeakToPeakNs');
      case 'mtie':
      case 'tdev':
        return this.#curve(limit);
    }
  }

  #largest(limit: Limit & { readonly ns: number }): LimitVerdict {
    const summary = summarizeTimeError(this.#record);
    return summary === null ? without(limit, 'no sample') : compared(limit, summary.maxAbsNs, '');
  }

  #constant(limit: Limit & { readonly ns: number }): LimitVerdict {
    const wanted = constantError(this.#record);
    if (wanted === null) return without(limit, 'no sample');
    const isShort = wanted.seconds < 999;
    const note = isShort ? `the mean of ${wanted.seconds.toPrecision(3)} s, not of 1000 s` : '';
    return compared(limit, Math.abs(wanted.ns), note);
  }

  #filtered(
    limit: Limit & { readonly ns: number },
    which: 'lowMaxAbsNs' | 'highPeakToPeakNs',
  ): LimitVerdict {
    const bands = this.#bands();
    return bands.ok ? compared(limit, bands.value[which], '') : without(limit, bands.message);
  }

  #bands(): DynamicResult {
    this.#dynamic ??= dynamicError(this.#record);
    return this.#dynamic;
  }

  #curve(limit: CurveLimit): LimitVerdict {
    let record = this.#record;
    if (limit.band === 'low') {
      const bands = this.#bands();
      if (!bands.ok) return without(limit, bands.message);
      record = bands.value.low;
    }
    const points = factorsOf(limit, record).flatMap((m) => {
      const tauSeconds = (m * record.tau0Ns) / 1e9;
      const limitNs = limitAt(limit, tauSeconds);
      const measuredNs = limitNs === null ? null : this.#at(limit.kind, record, m);
      return limitNs === null || measuredNs === null ? [] : [{ tauSeconds, limitNs, measuredNs }];
    });
    const worst = points.reduce<(typeof points)[number] | null>(
      (most, one) =>
        most === null || one.measuredNs / one.limitNs > most.measuredNs / most.limitNs ? one : most,
      null,
    );
    if (worst === null) return without(limit, 'the record is too short for every τ of the mask');
    const { measuredNs, limitNs, tauSeconds } = worst;
    const covered = points.at(-1)?.tauSeconds ?? 0;
    const end = limit.segments.at(-1)?.to ?? 0;
    // An octave or an edge short of the end is all there is.
    const isWhole = end === Infinity || covered >= end * 0.99;
    return {
      ...{ limit, measuredNs, limitNs, tauSeconds, coveredToSeconds: covered },
      marginNs: limitNs - measuredNs,
      status: measuredNs <= limitNs ? 'pass' : 'fail',
      note: isWhole ? '' : `up to τ = ${text(covered)} s of ${text(end)} s`,
    };
  }

  #at(kind: CurveLimit['kind'], record: PhaseRecord, m: number): number | null {
    if (kind === 'mtie') return mtieAt(record, m)?.valueNs ?? null;
    let sliding = this.#sliding.get(record);
    if (sliding === undefined) {
      sliding = slidingRecord(record);
      this.#sliding.set(record, sliding);
    }
    return tdevOf(sliding, m)?.value ?? null;
  }
}

const text = (seconds: number) => String(Number(seconds.toPrecision(4)));

/** Octaves, and the edges of the mask, as far as the record reaches. */
function factorsOf({ segments, leastRecordsOfTau }: CurveLimit, record: PhaseRecord): number[] {
  const most = Math.floor((record.xNs.length - 1) / leastRecordsOfTau);
  const edges = segments.flatMap(({ from, to }) =>
    [from, to].flatMap((seconds) => {
      const m = Math.floor((seconds * 1e9) / record.tau0Ns + 1e-9);
      return Number.isFinite(m) ? [m, m + 1] : [];
    }),
  );
  const all = new Set([...octaves(most), ...edges, most]);
  return [...all].filter((m) => m >= 1 && m <= most).sort((a, b) => a - b);
}

function compared(
  limit: Limit & { readonly ns: number },
  measuredNs: number,
  note: string,
): LimitVerdict {
  return {
    ...{ limit, measuredNs, limitNs: limit.ns, marginNs: limit.ns - measuredNs, note },
    status: measuredNs <= limit.ns ? 'pass' : 'fail',
    tauSeconds: null,
    coveredToSeconds: null,
  };
}

function without(limit: Limit, note: string): LimitVerdict {
  return {
    ...{ limit, note, status: 'not-evaluated', measuredNs: null, limitNs: null, marginNs: null },
    ...{ tauSeconds: null, coveredToSeconds: null },
  };
}
