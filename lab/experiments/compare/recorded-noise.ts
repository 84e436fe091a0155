/**
 * Noise that was measured, played again in a simulated world: what is slow in it stays slow, and what was at
 * the same time in both directions stays together. Each part of the way begins somewhere else in the
 * recording, and after its length somewhere else again.
 */
import type { RandomStream } from '../../sim/random.js';
import type { NoiseSample, WayNoise } from './noise.js';

/** Where in a recording the world is. */
class Playhead {
  readonly #random: RandomStream;
  #turn = -1;
  /** Of the recording's length. */
  #share = 0;

  constructor(random: RandomStream) {
    this.#random = random;
  }

  at(nowNs: number, lengthNs: number): number {
    const turn = Math.floor(nowNs / lengthNs);
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#share = this.#random.uniform();
    }
    return (nowNs + this.#share * lengthNs) % lengthNs;
  }
}

function indexAfter(samples: readonly NoiseSample[], atNs: number): number {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.atNs ?? 0) < atNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The one that was measured next. */
function sampleAt(samples: readonly NoiseSample[], atNs: number): number {
  return (samples[indexAfter(samples, atNs)] ?? samples[0])?.ns ?? 0;
}

/** When the one that is nearest in time was measured. */
function nearest(samples: readonly NoiseSample[], atNs: number): number {
  const index = indexAfter(samples, atNs);
  const [before, after] = [samples[index - 1]?.atNs, samples[index]?.atNs];
  if (before === undefined) return after ?? atNs;
  return after === undefined || atNs - before < after - atNs ? before : after;
}

function lengthOf({ down, up }: WayNoise): number {
  return Math.max(down.at(-1)?.atNs ?? 0, up.at(-1)?.atNs ?? 0, 1);
}

/** Of all parts of a way and the client, measured at the same time. */
export interface PlayedNoise {
  readonly ends: WayNoise;
  readonly hop: WayNoise;
  readonly steering: readonly NoiseSample[];
}

/** What is played now may be exchanged: first idle, then loaded. */
export class Player {
  #noise: PlayedNoise;
  readonly #endHead: Playhead;
  readonly #heads: readonly Playhead[];

  constructor(noise: PlayedNoise, hops: number, stream: (name: string) => RandomStream) {
    this.#noise = noise;
    this.#endHead = new Playhead(stream('ends'));
    this.#heads = Array.from({ length: hops + 1 }, (_, hop) => new Playhead(stream(`hop ${hop}`)));
  }

  play(noise: PlayedNoise): void {
    this.#noise = noise;
  }

  end(direction: keyof WayNoise, nowNs: number): number {
    const { ends } = this.#noise;
    return sampleAt(ends[direction], this.#endHead.at(nowNs, lengthOf(ends)));
  }

  hop(direction: keyof WayNoise, hop: number, nowNs: number): number {
    const own = this.#noise.hop;
    const head = this.#heads[hop];
    return head === undefined ? 0 : sampleAt(own[direction], head.at(nowNs, lengthOf(own)));
  }

  steeringNs(nowNs: number): number {
    const { ends, steering } = this.#noise;
    return sampleAt(steering, this.#endHead.at(nowNs, lengthOf(ends)));
  }

  /** Whether no Sync came for a while then: somebody was not woken. */
  isSilent(nowNs: number, intervalNs: number): boolean {
    const { ends } = this.#noise;
    const at = this.#endHead.at(nowNs, lengthOf(ends));
    return Math.abs(nearest(ends.down, at) - at) > intervalNs;
  }
}
