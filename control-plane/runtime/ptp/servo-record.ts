/**
 * How well a clock has followed since it locked, from the offsets that it measured itself: what its path
 * and its master hide from it is not in here. Memory does not grow, however long that is.
 */
import { elapsed, nsOf, scaledToNumber, type Instant, type ScaledNs } from '#units/time';
import { StreamingStability, type StreamPoint } from '../../statistics/stability.js';
import { StreamingTimeError, type StreamedTimeError } from '../../statistics/time-error.js';

/** Offsets against the master, since the clock locked; ns where a name says so. */
export interface ServoRecordReport extends StreamedTimeError {
  readonly intervalSeconds: number;
  /** ADEV, MDEV, TDEV, HDEV and bounds of MTIE over octaves of τ. */
  readonly stability: readonly StreamPoint[];
}

export interface RecordedOffset {
  readonly receivedAt: Instant;
  readonly offsetFromMaster: ScaledNs;
  readonly lockState: string;
}

/** So many Syncs tell what the interval is. */
const LEARNED_FROM = 16;
/** 2^16 intervals: 18 hours of one Sync a second, 68 minutes of 16. */
const OCTAVES = 17;
/** After so many in a row that are no interval apart, the interval is another one. */
const MOST_IRREGULAR = 16;
/** A longer pause begins a new record. */
const MOST_MISSING = 1_000;

interface Running {
  readonly tau0Ns: number;
  readonly stability: StreamingStability;
  readonly timeError: StreamingTimeError;
}

export class ServoRecord {
  #first: { readonly at: Instant; readonly offsetNs: number }[] = [];
  #running: Running | null = null;
  #last: Instant | null = null;
  #irregular = 0;

  /** A Sync was evaluated. Only what is measured while it is locked counts. */
  synchronized({ receivedAt, offsetFromMaster, lockState }: RecordedOffset): void {
    if (lockState !== 'LOCKED') {
      this.anew();
      return;
    }
    const offsetNs = scaledToNumber(offsetFromMaster);
    if (this.#running === null) this.#learn(receivedAt, offsetNs);
    else this.#add(this.#running, receivedAt, offsetNs);
  }

  /** Time was stepped, or another master has it: what was before says nothing of what comes. */
  anew(): void {
    this.#first = [];
    this.#running = null;
    this.#last = null;
    this.#irregular = 0;
  }

  /** Null until it has been locked for some Syncs. */
  report(): ServoRecordReport | null {
    const running = this.#running;
    const summary = running?.timeError.summary() ?? null;
    if (running === null || summary === null) return null;
    const stability = running.stability.points();
    return { ...summary, intervalSeconds: running.tau0Ns / 1e9, stability };
  }

  #learn(at: Instant, offsetNs: number): void {
    this.#first.push({ at, offsetNs });
    if (this.#first.length <= LEARNED_FROM) return;
    const steps = this.#first
      .slice(1)
      .map((one, i) => Number(nsOf(elapsed(this.#first[i]?.at ?? one.at, one.at))))
      .sort((a, b) => a - b);
    const tau0Ns = steps[steps.length >> 1] ?? 0;
    const first = this.#first;
    this.#first = [];
    // Time went backwards: nothing can be put in order.
    if (tau0Ns <= 0) return;
    const running = {
      tau0Ns,
      stability: new StreamingStability({ tau0Ns, octaves: OCTAVES }),
      timeError: new StreamingTimeError({ tau0Ns }),
    };
    this.#running = running;
    for (const one of first) this.#add(running, one.at, one.offsetNs);
  }

  #add(running: Running, at: Instant, offsetNs: number): void {
    const since = this.#last === null ? running.tau0Ns : Number(nsOf(elapsed(this.#last, at)));
    const steps = Math.round(since / running.tau0Ns);
    this.#irregular = steps === 1 ? 0 : this.#irregular + 1;
    if (this.#irregular >= MOST_IRREGULAR || steps < 0 || steps > MOST_MISSING) {
      this.anew();
      return;
    }
    // A second one in the same interval has no place.
    if (steps === 0) return;
    this.#last = at;
    for (let missing = 1; missing < steps; missing += 1) push(running, Number.NaN);
    push(running, offsetNs);
  }
}

function push({ stability, timeError }: Running, offsetNs: number): void {
  stability.push(offsetNs);
  timeError.push(offsetNs);
}
