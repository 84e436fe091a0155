/** What all of the boundary clock's experiments share. */
import type { OwnClock } from '../../peers/own-clock.js';

/** A good crystal's, in any of the boundary clocks: further from the truth than any step threshold. */
export const LAB_OSCILLATOR: OwnClock = {
  offsetNs: 37_000_000,
  ppm: 12,
  wanderPpb: 0.1,
  seed: 1,
};
