/**
 * Whether the dataplane's counter still is the one that we count by. Each reading of it comes with
 * readings of a clock that nobody sets (CLOCK_MONOTONIC), just before and just after. What passed on
 * both must agree, up to what an oscillator may be off and what a reading may take.
 *
 * The counter wraps: of 48 bits, every 78 hours. Since the other clock tells how much passed, a wrap is
 * never taken for anything else, even if nobody looked for days.
 */

/** All times in nanoseconds; of the counter the low 48 bits count. */
export interface CounterReading {
  readonly counterNs: bigint;
  readonly beforeNs: bigint;
  readonly afterNs: bigint;
}

/**
 * What a reading says against the one before it.
 * - `steady`: the counter is where it should be.
 * - `wrapped`: it is, and has begun another round meanwhile.
 * - `restarted`: it counts from about zero, and was not about to: a new epoch.
 * - `jumped`: it is somewhere else, by `offByNs`: a new epoch too (its clock was set).
 * - `unclear`: the reading took too long to say anything.
 */
export type CounterFinding =
  | { readonly kind: 'first' | 'steady' | 'wrapped' | 'unclear' }
  | { readonly kind: 'restarted' | 'jumped'; readonly offByNs: bigint; readonly why: string };

const COUNTER_BITS = 48;
const ROUND_NS = 1n << BigInt(COUNTER_BITS);
/** No oscillator is further off than 1000 ppm. */
const MOST_DRIFT = 1_000n;
/** What a busy process adds to a reading beyond what it sees of it. */
const TOLERANCE_NS = 1_000_000n;
/** A reading that takes longer says little: a jump by less than that would be missed. */
const LONGEST_READING_NS = 100_000_000n;
/** A counter below this was started a moment ago. */
const YOUNG_NS = 60_000_000_000n;

export class CounterWatch {
  #last: CounterReading | null = null;
  #wraps = 0;

  /** Rounds of the counter since the first reading of this epoch. */
  get wraps(): number {
    return this.#wraps;
  }

  take(reading: CounterReading): CounterFinding {
    const before = this.#last;
    if (width(reading) > LONGEST_READING_NS) return { kind: 'unclear' };
    this.#last = reading;
    if (before === null) return { kind: 'first' };
    const passedNs = middle(reading) - middle(before);
    const expectedNs = BigInt.asUintN(COUNTER_BITS, before.counterNs) + passedNs;
    const offByNs = BigInt.asIntN(COUNTER_BITS, reading.counterNs - expectedNs);
    const explained = (width(before) + width(reading)) / 2n + passedNs / MOST_DRIFT + TOLERANCE_NS;
    if (offByNs > explained || offByNs < -explained) return this.#newEpoch(reading, offByNs);
    const rounds = (expectedNs + offByNs) / ROUND_NS;
    this.#wraps += Number(rounds);
    return { kind: rounds > 0n ? 'wrapped' : 'steady' };
  }

  /** What comes next is another counter, whatever it says. */
  reset(): void {
    this.#last = null;
    this.#wraps = 0;
  }

  #newEpoch(reading: CounterReading, offByNs: bigint): CounterFinding {
    this.#wraps = 0;
    const counterNs = BigInt.asUintN(COUNTER_BITS, reading.counterNs);
    const far = offByNs < 0n ? -offByNs : offByNs;
    if (counterNs < YOUNG_NS && far > YOUNG_NS) {
      const age = (Number(counterNs) / 1e9).toFixed(1);
      const why = `the counter of the switch counts from anew, since ${age} s`;
      return { kind: 'restarted', offByNs, why };
    }
    const by = (Number(offByNs) / 1e6).toFixed(3);
    return { kind: 'jumped', offByNs, why: `the counter of the switch jumped by ${by} ms` };
  }
}

function middle({ beforeNs, afterNs }: CounterReading): bigint {
  return (beforeNs + afterNs) / 2n;
}

function width({ beforeNs, afterNs }: CounterReading): bigint {
  return afterNs - beforeNs;
}
