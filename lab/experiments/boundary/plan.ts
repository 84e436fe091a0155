/** What all of the boundary clock's experiments share. */
import type { OwnClock } from '../../peers/own-clock.js';

/** A good crystal's, in any of the boundary clocks: further from the truth than any step threshold. */
export const LAB_OSCILLATOR: OwnClock = {
  offsetNs: 37_000_000,
  ppm: 12,
  wanderPpb: 0.1,
  seed: 1,
};

/** Of the further clocks in a row: none is like its neighbour. */
export function otherOscillator(index: number): OwnClock {
  const sign = index % 2 === 0 ? 1 : -1;
  return {
    offsetNs: sign * (11_000_000 + 5_000_000 * index),
    ppm: sign * (7 + 3 * index),
    wanderPpb: LAB_OSCILLATOR.wanderPpb,
    seed: LAB_OSCILLATOR.seed + index,
  };
}

export const CLIENT_OSCILLATOR: OwnClock = {
  offsetNs: -90_000_000,
  ppm: -21,
  wanderPpb: 0.1,
  seed: 99,
};
