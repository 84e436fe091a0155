/** All experiments that are simulated, by their numbers. */
import type { Study } from '../study/study.js';
import { quantisedStamps } from './001-quantised-stamps/study.js';
import { boundaryOrTransparent } from './002-boundary-or-transparent/study.js';
import { relays } from './003-relays/study.js';
import { hops } from './004-hops/study.js';
import { lostGrandmaster } from './005-lost-grandmaster/study.js';
import { budgets } from './006-budgets/study.js';
import { syntonization } from './007-syntonization/study.js';
import { stampsAndSteps } from './008-stamps-and-steps/study.js';

/** Points and outcomes are each study's own, and JSON: whoever runs one passes them on unseen. */
function erased<Point, Outcome>(study: Study<Point, Outcome>): Study {
  return study as unknown as Study;
}

export const STUDIES: readonly Study[] = [
  erased(quantisedStamps),
  erased(boundaryOrTransparent),
  erased(relays),
  erased(hops),
  erased(lostGrandmaster),
  erased(budgets),
  erased(syntonization),
  erased(stampsAndSteps),
];

/** By its name, or by its number alone (`1`, `001`); null: there is none. */
export function studyNamed(name: string): Study | null {
  const number = /^\d+$/.test(name) ? name.padStart(3, '0') : null;
  return STUDIES.find((study) => study.name === name || study.name.slice(0, 3) === number) ?? null;
}
