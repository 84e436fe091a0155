/**
 * The wait in front of a line that carries other traffic, too: store and forward, one frame at a time,
 * whatever has begun is sent to its end.
 */
import { draw, type RandomStream } from './random.js';

export interface CrossTraffic {
  /** Of the line, 0 to less than 1. */
  readonly load: number;
  /** Octets on the wire, preamble and gap included, with their shares of the frames. */
  readonly sizes: readonly { readonly octets: number; readonly share: number }[];
  /** Frames that come at once, back to back, on average; 1: each by itself (Poisson). */
  readonly burst: number;
}

export interface EgressSpec {
  readonly bitsPerSecond: number;
  /** PTP goes first: it waits for no more than the frame that is being sent. */
  readonly strictPriority: boolean;
  readonly traffic: CrossTraffic | null;
}

/** A third small, a third middle-sized, a third full frames. */
export const MIXED_SIZES: CrossTraffic['sizes'] = [
  { octets: 84, share: 1 / 3 },
  { octets: 613, share: 1 / 3 },
  { octets: 1538, share: 1 / 3 },
];
export const FULL_FRAMES: CrossTraffic['sizes'] = [{ octets: 1538, share: 1 }];

/** @throws RangeError for what no line can carry. */
export function checkEgress({ bitsPerSecond, traffic }: EgressSpec): void {
  if (!(bitsPerSecond > 0)) throw new RangeError(`a line cannot carry ${bitsPerSecond} bit/s`);
  if (traffic === null) return;
  const { load, sizes, burst } = traffic;
  if (!(load >= 0 && load < 1)) {
    throw new RangeError(`load ${load}: a line carries 0 to less than 1 of what it can`);
  }
  if (!(burst >= 1)) throw new RangeError(`burst ${burst}: at least one frame comes at a time`);
  const shares = sizes.reduce((sum, { share }) => sum + share, 0);
  if (Math.abs(shares - 1) > 1e-9)
    throw new RangeError(`sizes: their shares sum to ${shares}, not 1`);
}

/** A backlog is forgotten after so many mean bursts, over the square of what the line has to spare. */
const MEMORY = 20;

interface Waiting {
  readonly sinceNs: number;
  readonly takesNs: number;
}

/**
 * Cross traffic is drawn up to every frame of ours: bursts of a geometric length at exponential distances.
 * Where ours are far apart only the last part of the time between them is drawn, beginning with an empty
 * queue: by far longer than a backlog lasts.
 */
export class EgressQueue {
  readonly #spec: EgressSpec;
  readonly #random: RandomStream;
  readonly #meanGapNs: number;
  readonly #memoryNs: number;
  /** When the frame that is being sent ends. */
  #freeAtNs = 0;
  /** Cross traffic that has come and not begun to be sent. */
  #waiting: Waiting[] = [];
  #nextBurstNs: number;

  /** @throws RangeError as checkEgress. */
  constructor(spec: EgressSpec, random: RandomStream) {
    checkEgress(spec);
    this.#spec = spec;
    this.#random = random;
    const { traffic } = spec;
    const meanOctets = traffic?.sizes.reduce((sum, one) => sum + one.octets * one.share, 0) ?? 0;
    const meanBurstNs = this.sendingNs(meanOctets) * (traffic?.burst ?? 1);
    const load = traffic?.load ?? 0;
    this.#meanGapNs = load === 0 ? Number.POSITIVE_INFINITY : meanBurstNs / load;
    this.#memoryNs = (MEMORY * meanBurstNs) / (1 - load) ** 2;
    this.#nextBurstNs = this.#gapNs();
  }

  /** A frame comes at `nowNs`, not before the last one: how long it waits until it begins to be sent. */
  waitNs(nowNs: number, octets: number): number {
    this.#drawUntil(nowNs);
    let beginNs = Math.max(nowNs, this.#freeAtNs);
    if (!this.#spec.strictPriority) {
      for (const { takesNs } of this.#waiting) beginNs += takesNs;
      this.#waiting = [];
    }
    this.#freeAtNs = beginNs + this.sendingNs(octets);
    return beginNs - nowNs;
  }

  sendingNs(octets: number): number {
    return (octets * 8e9) / this.#spec.bitsPerSecond;
  }

  #drawUntil(nowNs: number): void {
    if (this.#nextBurstNs < nowNs - this.#memoryNs) {
      this.#waiting = [];
      this.#nextBurstNs = nowNs - this.#memoryNs + this.#gapNs();
    }
    while (this.#nextBurstNs <= nowNs) {
      this.#addBurst(this.#nextBurstNs);
      this.#serve(this.#nextBurstNs);
      this.#nextBurstNs += this.#gapNs();
    }
    this.#serve(nowNs);
  }

  /** What can begin to be sent by then does. */
  #serve(nowNs: number): void {
    let begun = 0;
    for (const { sinceNs, takesNs } of this.#waiting) {
      const beginNs = Math.max(sinceNs, this.#freeAtNs);
      if (beginNs >= nowNs) break;
      this.#freeAtNs = beginNs + takesNs;
      begun += 1;
    }
    if (begun !== 0) this.#waiting.splice(0, begun);
  }

  #addBurst(sinceNs: number): void {
    const goesOn = 1 - 1 / (this.#spec.traffic?.burst ?? 1);
    do this.#waiting.push({ sinceNs, takesNs: this.sendingNs(this.#octets()) });
    while (this.#random.uniform() < goesOn);
  }

  #octets(): number {
    let at = this.#random.uniform();
    const sizes = this.#spec.traffic?.sizes ?? [];
    for (const { octets, share } of sizes) {
      at -= share;
      if (at < 0) return octets;
    }
    return sizes.at(-1)?.octets ?? 0;
  }

  #gapNs(): number {
    if (this.#meanGapNs === Number.POSITIVE_INFINITY) return this.#meanGapNs;
    return draw({ kind: 'exponential', meanNs: this.#meanGapNs }, this.#random);
  }
}
