/** Floor packet percentage of a stream, window by window, in bounded memory. */

export interface StreamedWindow {
  readonly packets: number;
  readonly floorNs: number;
  /** Within the cluster above the window's own floor; right to one bin's packets. */
  readonly percent: number;
}

/** The cluster is counted in so many bins. */
const BINS = 256;

export class StreamingFloor {
  readonly #windowSeconds: number;
  readonly #binNs: number;
  readonly #counts = new Float64Array(BINS);
  #windowEnds: number | null = null;
  #packets = 0;
  /** Number of the bin that the floor is in, counted from a delay of zero. */
  #floorBin = 0;
  #floorNs = Infinity;

  constructor(options: { readonly clusterNs: number; readonly windowSeconds: number }) {
    this.#windowSeconds = options.windowSeconds;
    this.#binNs = options.clusterNs / BINS;
  }

  /** A packet, and the window that ended before it, if one did. Times ascend. */
  push(timeSeconds: number, delayNs: number): StreamedWindow | null {
    this.#windowEnds ??= timeSeconds + this.#windowSeconds;
    let ended: StreamedWindow | null = null;
    if (timeSeconds >= this.#windowEnds) {
      ended = this.#close();
      const windows = Math.floor((timeSeconds - this.#windowEnds) / this.#windowSeconds) + 1;
      this.#windowEnds += windows * this.#windowSeconds;
    }
    this.#count(delayNs);
    return ended;
  }

  #count(delayNs: number): void {
    this.#packets += 1;
    const bin = Math.floor(delayNs / this.#binNs);
    if (delayNs < this.#floorNs) {
      const down = this.#floorNs === Infinity ? BINS : this.#floorBin - bin;
      if (down >= BINS) this.#counts.fill(0);
      else if (down > 0) {
        this.#counts.copyWithin(down, 0);
        this.#counts.fill(0, 0, down);
      }
      this.#floorNs = delayNs;
      this.#floorBin = bin;
    }
    const above = bin - this.#floorBin;
    if (above < BINS) this.#counts[above] = (this.#counts[above] as number) + 1;
  }

  #close(): StreamedWindow {
    const inside = this.#counts.reduce((sum, count) => sum + count, 0);
    const packets = this.#packets;
    const window = { packets, floorNs: this.#floorNs, percent: (100 * inside) / packets };
    this.#counts.fill(0);
    this.#packets = 0;
    this.#floorNs = Infinity;
    return window;
  }
}
