/**
 * A two-rate three-colour marker as RFC 2698 has it (colour-blind), in exact arithmetic: what the
 * switches are held against. Levels are in billionths of a unit.
 */
const BILLION = 1_000_000_000n;

export interface Rates {
  /** Units a second, and units. */
  readonly committedRate: bigint;
  readonly committedBurst: bigint;
  readonly peakRate: bigint;
  readonly peakBurst: bigint;
}

export type Colour = 'green' | 'yellow' | 'red';

/** The number that a P4 program sees. */
export const COLOURS: readonly Colour[] = ['green', 'yellow', 'red'];

export class ReferenceMeter {
  readonly #rates: Rates;
  #committed: bigint;
  #peak: bigint;
  #thenNs: bigint | null = null;

  constructor(rates: Rates) {
    this.#rates = rates;
    this.#committed = rates.committedBurst * BILLION;
    this.#peak = rates.peakBurst * BILLION;
  }

  /** The colour of a frame of `cost` units at `nowNs`. */
  mark(nowNs: bigint, cost: bigint): Colour {
    const { committedRate, committedBurst, peakRate, peakBurst } = this.#rates;
    const passed = this.#thenNs === null ? 0n : nowNs - this.#thenNs;
    this.#thenNs = nowNs;
    const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
    this.#committed = least(this.#committed + committedRate * passed, committedBurst * BILLION);
    this.#peak = least(this.#peak + peakRate * passed, peakBurst * BILLION);
    const due = cost * BILLION;
    if (this.#peak - due < 0n) return 'red';
    this.#peak -= due;
    if (this.#committed - due < 0n) return 'yellow';
    this.#committed -= due;
    return 'green';
  }
}
