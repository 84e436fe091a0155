import { selectorCalculation } from './decode-calculation.js';
import { fail, sanitise } from './failure.js';
import type { Json } from './json.js';
import { LIMITS } from './limits.js';
import type { ActionProfile, Calculation } from './model.js';
import type { Scope } from './scope.js';

export interface DecodedProfiles {
  readonly profiles: readonly ActionProfile[];
  /** The calculations of their selectors, which come after the declared ones. */
  readonly selectors: readonly Calculation[];
  readonly byName: ReadonlyMap<string, number>;
}

/** Decodes the action profiles of all pipelines. */
export function decodeProfiles(scope: Scope, root: Json, declared: number): DecodedProfiles {
  const profiles: ActionProfile[] = [];
  const selectors: Calculation[] = [];
  const byName = new Map<string, number>();
  for (const pipeline of root.get('pipelines').items(16)) {
    for (const json of pipeline.optional('action_profiles')?.items(LIMITS.arrays) ?? []) {
      const name = json.get('name').string();
      if (byName.has(name)) {
        fail(json, 'MALFORMED', `the action profile "${sanitise(name)}" is there twice`);
      }
      byName.set(name, profiles.length);
      const selector = json.optional('selector');
      profiles.push({
        name,
        size: json.get('max_size').integer(0, LIMITS.tableSize),
        selector: selector === null ? null : declared + selectors.length,
      });
      if (selector !== null) {
        selectors.push(selectorCalculation(scope, selector));
      }
    }
  }
  return { profiles, selectors, byName };
}
