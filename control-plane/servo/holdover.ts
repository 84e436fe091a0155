/**
 * What the clock's oscillator has been like while it was LOCKED, for the time when there is no master:
 * its rate, whether that rate drifts steadily, and how far both can be trusted.
 *
 * A steady drift (ageing, a slow change of temperature) is worth following; a random walk looks
 * like one for a while, and following that is worse than doing nothing. So it counts only if a long
 * history shows it, and both halves of it show the same.
 */
import { mean } from '../statistics/samples.js';

export interface HoldoverModel {
  /** Where it begins. */
  readonly ratePpb: number;
  /** 0: none is followed. */
  readonly driftPpbPerSecond: number;
  /** The drift is followed for so long, and the rate stays from then on. */
  readonly driftSeconds: number;
  /** One standard deviation of the rate. */
  readonly deviationPpb: number;
}

/** Mean rate of some time. */
interface Span {
  readonly startSeconds: number;
  readonly seconds: number;
  readonly ppb: number;
}

const SPAN_SECONDS = 16;
const MAX_SPANS = 256;
/** The rate is the mean of about so long: shorter is noisier, longer is older. */
const RATE_SECONDS = 128;
const SPANS_FOR_DRIFT = 32;
const SECONDS_FOR_DRIFT = 1_800;
/** Of the two halves' drifts against the whole's. */
const AGREEMENT = 0.5;

export class FrequencyHistory {
  #spans: Span[] = [];
  #spanSeconds = SPAN_SECONDS;
  #start: number | null = null;
  #end = 0;
  /** Nanoseconds that the clock was steered since the span began, and the offset when it did. */
  #steeredNs = 0;
  #startPhaseNs = 0;

  /**
   * At `seconds` of the local clock the offset is taken to be `phaseNs`, and the clock was steered by
   * `steeredPpb` since the last call.
   */
  add(seconds: number, phaseNs: number, steeredPpb: number): void {
    if (this.#start === null) {
      this.#begin(seconds, phaseNs);
      return;
    }
    this.#steeredNs += steeredPpb * (seconds - this.#end);
    this.#end = seconds;
    const length = seconds - this.#start;
    if (length < this.#spanSeconds) return;
    // What it was steered and did not show as offset is what the oscillator is off.
    const ppb = (this.#steeredNs - (phaseNs - this.#startPhaseNs)) / length;
    this.#spans.push({ startSeconds: this.#start, seconds: length, ppb });
    if (this.#spans.length > MAX_SPANS) this.#shorten();
    this.#begin(seconds, phaseNs);
  }

  /** The clock was not locked for a while: what came before it still counts. */
  interrupt(): void {
    this.#start = null;
  }

  get seconds(): number {
    const [first] = this.#spans;
    return first === undefined ? 0 : this.#end - first.startSeconds;
  }

  /** The history ends here. Null: there is hardly any. */
  model(): HoldoverModel | null {
    const spans = this.#spans;
    const count = Math.max(2, Math.round(RATE_SECONDS / this.#spanSeconds));
    const recent = spans.slice(-count);
    if (recent.length < 2) return null;
    const steady: HoldoverModel = {
      ratePpb: mean(recent.map(({ ppb }) => ppb)),
      driftPpbPerSecond: 0,
      driftSeconds: 0,
      deviationPpb: allanDeviation(spans),
    };
    if (spans.length < SPANS_FOR_DRIFT || this.seconds < SECONDS_FOR_DRIFT) return steady;
    const middle = spans.length >> 1;
    const whole = lineThrough(spans);
    const halves = [lineThrough(spans.slice(0, middle)), lineThrough(spans.slice(middle))];
    const isSteady = halves.every(
      ({ slope }) => Math.abs(slope - whole.slope) <= AGREEMENT * Math.abs(whole.slope),
    );
    if (!isSteady) return steady;
    return {
      ratePpb: whole.at(this.#end),
      driftPpbPerSecond: whole.slope,
      driftSeconds: this.seconds / 2,
      deviationPpb: whole.deviation,
    };
  }

  #begin(seconds: number, phaseNs: number): void {
    this.#start = seconds;
    this.#end = seconds;
    this.#steeredNs = 0;
    this.#startPhaseNs = phaseNs;
  }

  /** Half as many spans, each twice as long. */
  #shorten(): void {
    const pairs: Span[] = [];
    for (let i = 0; i + 1 < this.#spans.length; i += 2) {
      const [a, b] = [this.#spans[i], this.#spans[i + 1]];
      if (a === undefined || b === undefined) continue;
      const seconds = a.seconds + b.seconds;
      const ppb = (a.ppb * a.seconds + b.ppb * b.seconds) / seconds;
      pairs.push({ startSeconds: a.startSeconds, seconds, ppb });
    }
    this.#spans = pairs;
    this.#spanSeconds *= 2;
  }
}

/** The rate `seconds` after holdover began. */
export function holdoverPpb(model: HoldoverModel, seconds: number): number {
  return model.ratePpb + model.driftPpbPerSecond * Math.min(seconds, model.driftSeconds);
}

/** Of neighbouring spans: what one foretells of the next. */
function allanDeviation(spans: readonly Span[]): number {
  const squares = spans.slice(1).map(({ ppb }, i) => (ppb - (spans[i]?.ppb ?? ppb)) ** 2);
  return Math.sqrt(mean(squares) / 2);
}

interface Line {
  readonly slope: number;
  readonly at: (seconds: number) => number;
  /** Of the spans from the line. */
  readonly deviation: number;
}

function lineThrough(spans: readonly Span[]): Line {
  const times = spans.map(({ startSeconds, seconds }) => startSeconds + seconds / 2);
  const middle = mean(times);
  const level = mean(spans.map(({ ppb }) => ppb));
  let product = 0;
  let spread = 0;
  spans.forEach(({ ppb }, i) => {
    const from = (times[i] ?? middle) - middle;
    product += from * (ppb - level);
    spread += from * from;
  });
  const slope = spread > 0 ? product / spread : 0;
  const at = (seconds: number) => level + slope * (seconds - middle);
  const squares = spans.map(({ ppb }, i) => (ppb - at(times[i] ?? middle)) ** 2);
  return { slope, at, deviation: Math.sqrt(mean(squares)) };
}
