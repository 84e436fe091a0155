/** All profiles by name. */
import { DEFAULT_E2E } from './default-e2e.js';
import { DEFAULT_P2P } from './default-p2p.js';
import type { Profile } from './profile.js';

export const PROFILES: readonly Profile[] = [DEFAULT_E2E, DEFAULT_P2P];

/** Null: there is none of that name. */
export function profileNamed(name: string): Profile | null {
  return PROFILES.find((profile) => profile.name === name) ?? null;
}
