/**
 * PTP time as straight lines, one behind the other, each from a reading of the local clock on. They lie in
 * typed arrays: a clock is told another rate with every Sync, and a minute of that as objects would be most
 * of what an instance takes of the memory.
 */
export interface Piece {
  /** Of the local clock, unwrapped. */
  readonly fromNs: bigint;
  /** PTP time then, 2^-16 ns. */
  readonly units: bigint;
  /** (rate - 1) × 2^41, 32 bits signed: what the dataplane can hold. */
  readonly rateUnits: bigint;
}

const SCALE_BITS = 16n;
const RATE_BITS = 41n;
const LOW_BITS = 32n;
const LOW_MASK = (1n << LOW_BITS) - 1n;
const FIRST_ROOM = 8;

export class ClockPieces {
  readonly #most: number;
  #fromNs = new BigInt64Array(FIRST_ROOM);
  /** Units without their low 32 bits: a timestamp's 48 bits of seconds need more than 64. */
  #high = new BigInt64Array(FIRST_ROOM);
  /** In pairs: the low 32 bits, and the rate. */
  #rest = new Int32Array(2 * FIRST_ROOM);
  #first = 0;
  #count = 0;

  /** `most`: beyond that the oldest is forgotten. At least one piece is there from the beginning. */
  constructor(most: number, piece: Piece) {
    this.#most = most;
    this.begin(piece);
  }

  /** This one alone. */
  begin(piece: Piece): void {
    this.#first = 0;
    this.#count = 0;
    this.#push(piece);
  }

  /** From its time on it holds; what began before `oldestNs` is kept as long as it holds then. */
  add(piece: Piece, oldestNs: bigint): void {
    while (this.#count > 0 && this.#from(this.#count - 1) >= piece.fromNs) this.#count -= 1;
    while (this.#count > 1 && this.#from(1) <= oldestNs) this.#drop();
    if (this.#count === this.#most) this.#drop();
    this.#push(piece);
  }

  get lastFromNs(): bigint {
    return this.#from(this.#count - 1);
  }

  get lastRateUnits(): number {
    return this.#rest[2 * (this.#first + this.#count - 1) + 1] ?? 0;
  }

  /** PTP time in 2^-16 ns; before the first piece that one's line goes on. */
  unitsAt(time: bigint): bigint {
    let index = this.#count - 1;
    while (index > 0 && this.#from(index) > time) index -= 1;
    const at = this.#first + index;
    const low = BigInt((this.#rest[2 * at] ?? 0) >>> 0);
    const units = ((this.#high[at] ?? 0n) << LOW_BITS) + low;
    const passed = time - this.#from(index);
    const rateUnits = BigInt(this.#rest[2 * at + 1] ?? 0);
    return units + (passed << SCALE_BITS) + ((passed * rateUnits) >> (RATE_BITS - SCALE_BITS));
  }

  #from(index: number): bigint {
    return this.#fromNs[this.#first + index] ?? 0n;
  }

  #drop(): void {
    this.#first += 1;
    this.#count -= 1;
  }

  #push({ fromNs, units, rateUnits }: Piece): void {
    if (this.#first + this.#count === this.#fromNs.length) this.#makeRoom();
    const at = this.#first + this.#count;
    this.#fromNs[at] = fromNs;
    this.#high[at] = units >> LOW_BITS;
    this.#rest[2 * at] = Number(units & LOW_MASK);
    this.#rest[2 * at + 1] = Number(rateUnits);
    this.#count += 1;
  }

  /** What was forgotten gives its place; where that is little there will be twice as much. */
  #makeRoom(): void {
    const end = this.#first + this.#count;
    const fromNs = this.#fromNs.subarray(this.#first, end);
    const high = this.#high.subarray(this.#first, end);
    const rest = this.#rest.subarray(2 * this.#first, 2 * end);
    const { length } = this.#fromNs;
    if (this.#count > length / 2) {
      this.#fromNs = new BigInt64Array(2 * length);
      this.#high = new BigInt64Array(2 * length);
      this.#rest = new Int32Array(4 * length);
    }
    this.#fromNs.set(fromNs);
    this.#high.set(high);
    this.#rest.set(rest);
    this.#first = 0;
  }
}
