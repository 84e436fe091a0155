/**
 * PTP time as a function of the dataplane's free-running counter: from a reference pair it runs by a
 * rate. This is the one clock of an instance; the dataplane is told every change and computes the
 * same time from it (p4/core/clock.p4).
 *
 * A change of rate begins a new piece of the function. Pieces of the last minute are kept, so that a
 * stamp from before a change is read on the piece that held then; a step moves all of the past, since
 * what was measured before it is void anyway.
 */
import type { ServoAdjustment } from '../servo/servo.js';
import {
  bigintOf,
  dataplaneNs,
  dataplaneTime,
  elapsed,
  elapsedDataplane,
  instant,
  nanoseconds,
  nearestInstant,
  nsOf,
  nsSinceEpoch,
  ppb,
  ppbValue,
  preciseFromUnits,
  seconds,
  type DataplaneTime,
  type Instant,
  type Nanoseconds,
  type Ppb,
  type PreciseInstant,
} from '#units/time';
import { ClockPieces, type Piece } from './clock-pieces.js';
import type { ClockReference } from './instance/instance-types.js';

/** What the dataplane must be told, and what became of a step. */
export interface ClockChange {
  readonly reference: ClockReference;
  /** As it was made; null: none. */
  readonly step: Nanoseconds | null;
  /** Why a step that was asked for was not made. */
  readonly refused: 'would-run-backwards' | null;
}

const SCALE_BITS = 16n;
const RATE_BITS = 41n;
const RATE_UNITS_PER_PPB = 2 ** Number(RATE_BITS) / 1e9;
/** 32 bits signed: 976 ppm. */
const MAX_RATE_UNITS = (1n << 31n) - 1n;
/** What the dataplane can hold, rounded down. */
export const MAX_RATE_PPB = 976_000;
/** The dataplane takes a reference for none after 39 hours (2^47 ns). */
const RENEWAL = seconds(600);
/** Without a stamp for so long the counter is taken to be where time has led it. */
const UNSEEN = seconds(3_600);
const HISTORY = seconds(64);
const MAX_PIECES = 64;

export class LocalClock {
  readonly #pieces: ClockPieces;
  /** The last reading that was seen, and when; unwraps the next. */
  #lastTime: DataplaneTime;
  #lastNs: bigint;
  #lastSeen: Instant | null = null;
  /** It was not seen for so long that the caller's clock has to tell: the next stamp corrects that. */
  #isEstimated = false;
  #referenceNs: bigint;
  #servesTime = false;

  /** `reference`: where to begin, such as an earlier agent's or the system's time. */
  constructor(reference: ClockReference) {
    this.#lastTime = reference.localTime;
    this.#lastNs = dataplaneNs(reference.localTime);
    this.#referenceNs = this.#lastNs;
    this.#pieces = new ClockPieces(MAX_PIECES, this.#firstPiece(reference));
  }

  /** A stamp of the dataplane came at `now`: it tells where the counter is. */
  observe(localTime: DataplaneTime, now: Instant): void {
    const time = this.#unwrap(localTime);
    if (time < this.#lastNs && !this.#isEstimated) return;
    this.#isEstimated = false;
    this.#lastTime = localTime;
    this.#lastNs = time;
    this.#lastSeen = now;
  }

  /** The local clock without its wraps, in nanoseconds from wherever it began: for the servo. */
  localInstant(localTime: DataplaneTime): Instant {
    return instant(this.#unwrap(localTime));
  }

  /** About where the counter is, from the last stamp that was seen: not for measuring. */
  localTimeAt(now: Instant): DataplaneTime {
    return dataplaneTime(this.#estimateNs(now));
  }

  /** What PTP time it is (was, will be) at this reading of the local clock. */
  ptpTimeAt(localTime: DataplaneTime): PreciseInstant {
    return preciseFromUnits(this.#pieces.unitsAt(this.#unwrap(localTime)));
  }

  /** About what PTP time it is: for Announce, leap seconds and people, not for measuring. */
  ptpTimeNow(now: Instant): PreciseInstant {
    return preciseFromUnits(this.#pieces.unitsAt(this.#estimateNs(now)));
  }

  get rate(): Ppb {
    return rateOf(this.#pieces.lastRateUnits);
  }

  /** As the dataplane should have it. */
  get reference(): ClockReference {
    const units = this.#pieces.unitsAt(this.#referenceNs);
    return {
      localTime: dataplaneTime(this.#referenceNs),
      ptpTime: nearestInstant(preciseFromUnits(units)),
      rate: this.rate,
    };
  }

  /** Others were told that this time is synchronized: it will not run backwards until they are told otherwise. */
  get servesTime(): boolean {
    return this.#servesTime;
  }

  set servesTime(value: boolean) {
    this.#servesTime = value;
  }

  /**
   * Runs at `rate` from `at` on, after a step if there is one. While time is served a step back is
   * refused, and a change holds from the latest stamp seen instead of from before it.
   */
  adjust({ rate, step }: ServoAdjustment, at: DataplaneTime): ClockChange {
    const isBack = step !== null && nsOf(step) < 0n;
    const refused = isBack && this.#servesTime ? 'would-run-backwards' : null;
    const stepNs = step === null || refused !== null ? 0n : nsOf(step);
    const asked = this.#unwrap(at);
    const earliest = this.#servesTime ? this.#lastNs : this.#pieces.lastFromNs;
    const fromNs = asked < earliest ? earliest : asked;
    const piece: Piece = {
      fromNs,
      units: this.#pieces.unitsAt(fromNs) + (stepNs << SCALE_BITS),
      rateUnits: rateUnitsOf(rate),
    };
    if (stepNs === 0n) this.#pieces.add(piece, fromNs - nsOf(HISTORY));
    else this.#pieces.begin(piece);
    this.#referenceNs = fromNs;
    return { reference: this.reference, step: stepNs === 0n ? null : nanoseconds(stepNs), refused };
  }

  /**
   * A reference on the same line that is not so old; null: the one that the dataplane has will do. To be
   * called every now and then: a counter that no stamp shows for 39 hours could not be unwrapped else.
   */
  renew(now: Instant): ClockReference | null {
    const time = this.#estimateNs(now);
    if (time - this.#lastNs > nsOf(UNSEEN)) {
      this.#lastTime = dataplaneTime(time);
      this.#lastNs = time;
      this.#lastSeen = now;
      this.#isEstimated = true;
    }
    if (time - this.#referenceNs < nsOf(RENEWAL)) return null;
    this.#referenceNs = time;
    return this.reference;
  }

  /** The counter counts from anew, or jumped: no reading from before means anything. */
  newEpoch(reference: ClockReference, now: Instant): void {
    this.#lastTime = reference.localTime;
    this.#lastNs = dataplaneNs(reference.localTime);
    this.#lastSeen = now;
    this.#isEstimated = false;
    this.#referenceNs = this.#lastNs;
    this.#pieces.begin(this.#firstPiece(reference));
  }

  #firstPiece({ ptpTime, rate }: ClockReference): Piece {
    return {
      fromNs: this.#referenceNs,
      units: nsSinceEpoch(ptpTime) << SCALE_BITS,
      rateUnits: rateUnitsOf(rate),
    };
  }

  #unwrap(localTime: DataplaneTime): bigint {
    return this.#lastNs + nsOf(elapsedDataplane(this.#lastTime, localTime));
  }

  #estimateNs(now: Instant): bigint {
    if (this.#lastSeen === null) return this.#lastNs;
    const passed = nsOf(elapsed(this.#lastSeen, now));
    return this.#lastNs + (passed > 0n ? passed : 0n);
  }
}

function rateUnitsOf(rate: Ppb): bigint {
  const units = bigintOf(Math.round(ppbValue(rate) * RATE_UNITS_PER_PPB));
  if (units > MAX_RATE_UNITS) return MAX_RATE_UNITS;
  return units < -MAX_RATE_UNITS ? -MAX_RATE_UNITS : units;
}

function rateOf(units: number): Ppb {
  return ppb(units / RATE_UNITS_PER_PPB);
}
