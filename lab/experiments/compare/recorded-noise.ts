/**
 * Noise that was measured, played again in a simulated world: what is slow in it stays slow, and what was at
 * the same time in both directions stays together.
 */
import type { RandomStream } from '../../sim/random.js';
import type { NoiseSample, WayNoise } from './noise.js';

/** What is played between the clocks of a row; links are counted from the grandmaster's on. */
export interface NoisePlayer {
  link(direction: keyof WayNoise, link: number, nowNs: number): number;
  steeringNs(nowNs: number): number;
  /** Whether no Sync came by that link for a while then: somebody was not woken. */
  isSilent(link: number, nowNs: number, intervalNs: number): boolean;
}

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

/** Of the one that is nearest in time; 0 where there is none. */
function nearestIndex(samples: readonly NoiseSample[], atNs: number): number {
  const index = indexAfter(samples, atNs);
  const [before, after] = [samples[index - 1]?.atNs, samples[index]?.atNs];
  if (before === undefined) return index;
  return after === undefined || atNs - before < after - atNs ? index - 1 : index;
}

/** When it was measured. */
function nearest(samples: readonly NoiseSample[], atNs: number): number {
  return samples[nearestIndex(samples, atNs)]?.atNs ?? atNs;
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

/**
 * Plays what was measured elsewhere: each part of the way begins somewhere else in the recording, and after its
 * length somewhere else again. What is played now may be exchanged: first idle, then loaded.
 */
export class DrawnPlayer implements NoisePlayer {
  #noise: PlayedNoise;
  readonly #switches: number;
  readonly #endHead: Playhead;
  readonly #heads: readonly Playhead[];

  constructor(noise: PlayedNoise, switches: number, stream: (name: string) => RandomStream) {
    this.#noise = noise;
    this.#switches = switches;
    this.#endHead = new Playhead(stream('ends'));
    const heads = Array.from(
      { length: switches + 1 },
      (_, hop) => new Playhead(stream(`hop ${hop}`)),
    );
    this.#heads = heads;
  }

  play(noise: PlayedNoise): void {
    this.#noise = noise;
  }

  /** On its way up a message meets a switch after the link: what that adds is put on the link above it. */
  link(direction: keyof WayNoise, link: number, nowNs: number): number {
    if (direction === 'down') {
      return link === 0 ? this.#end('down', nowNs) : this.#hop('down', link, nowNs);
    }
    return link === this.#switches ? this.#end('up', nowNs) : this.#hop('up', link + 1, nowNs);
  }

  steeringNs(nowNs: number): number {
    const { ends, steering } = this.#noise;
    return sampleAt(steering, this.#endHead.at(nowNs, lengthOf(ends)));
  }

  isSilent(link: number, nowNs: number, intervalNs: number): boolean {
    if (link > 0) return false;
    const { ends } = this.#noise;
    const at = this.#endHead.at(nowNs, lengthOf(ends));
    return Math.abs(nearest(ends.down, at) - at) > intervalNs;
  }

  #end(direction: keyof WayNoise, nowNs: number): number {
    const { ends } = this.#noise;
    return sampleAt(ends[direction], this.#endHead.at(nowNs, lengthOf(ends)));
  }

  #hop(direction: keyof WayNoise, hop: number, nowNs: number): number {
    const own = this.#noise.hop;
    const head = this.#heads[hop];
    return head === undefined ? 0 : sampleAt(own[direction], head.at(nowNs, lengthOf(own)));
  }
}

/** Of a whole row, from its beginning on. */
export interface AlignedNoise {
  readonly links: readonly WayNoise[];
  readonly steering: readonly NoiseSample[];
}

/** A message at this distance from one that was measured is the same one. */
const SAME_NS = 5_000_000;
/** So far from a sample's own time it may be played, so that each is played once. */
const TURN_LIMIT_NS = 150_000_000;
/** Of an interval: without a sample for longer, a Sync is missing. */
const SILENCE = 0.75;

/** One after the other, unless that would be at another time than theirs. */
class Turns {
  readonly #samples: readonly NoiseSample[];
  #last = -1;

  constructor(samples: readonly NoiseSample[]) {
    this.#samples = samples;
  }

  next(nowNs: number): number {
    const samples = this.#samples;
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined) return 0;
    const closest = nearestIndex(samples, nowNs);
    if (Math.abs((samples[closest]?.atNs ?? Infinity) - nowNs) < SAME_NS) {
      this.#last = closest;
      return samples[closest]?.ns ?? 0;
    }
    const following = samples[this.#last + 1];
    if (following !== undefined && Math.abs(following.atNs - nowNs) < TURN_LIMIT_NS) {
      this.#last += 1;
      return following.ns;
    }
    // Before anything was measured it was as it was soon afterwards.
    const lengthNs = Math.max(1, last.atNs - first.atNs);
    const since = (nowNs - first.atNs) % lengthNs;
    const at = first.atNs + (since < 0 ? since + lengthNs : since);
    const index = indexAfter(samples, nowNs > last.atNs ? last.atNs : at);
    this.#last = Math.min(index, samples.length - 1);
    return samples[this.#last]?.ns ?? 0;
  }
}

/** Plays a row's own noise when it was: the world's time is that since the row began. */
export class AlignedPlayer implements NoisePlayer {
  readonly #noise: AlignedNoise;
  readonly #turns: readonly { readonly down: Turns; readonly up: Turns }[];

  constructor(noise: AlignedNoise) {
    this.#noise = noise;
    this.#turns = noise.links.map(({ down, up }) => ({ down: new Turns(down), up: new Turns(up) }));
  }

  link(direction: keyof WayNoise, link: number, nowNs: number): number {
    return this.#turns[link]?.[direction].next(nowNs) ?? 0;
  }

  steeringNs(nowNs: number): number {
    const { steering } = this.#noise;
    return steering[nearestIndex(steering, nowNs)]?.ns ?? 0;
  }

  isSilent(link: number, nowNs: number, intervalNs: number): boolean {
    const down = this.#noise.links[link]?.down ?? [];
    const [first, last] = [down[0], down.at(-1)];
    if (first === undefined || last === undefined) return false;
    if (nowNs < first.atNs || nowNs > last.atNs) return false;
    return Math.abs(nearest(down, nowNs) - nowNs) > SILENCE * intervalNs;
  }
}
