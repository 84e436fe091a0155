/** Several switches in a row, started a few at a time. */
import type { SwitchPlace } from '../namespaces/chain.js';

/** Switches that start at the same time: more of them only wait for processors. */
const STARTING_AT_ONCE = 3;

export async function forEachPlace(
  places: readonly SwitchPlace[],
  start: (place: SwitchPlace, index: number) => Promise<void>,
): Promise<void> {
  for (let i = 0; i < places.length; i += STARTING_AT_ONCE) {
    const some = places.slice(i, i + STARTING_AT_ONCE);
    await Promise.all(some.map((place, at) => start(place, i + at)));
  }
}
