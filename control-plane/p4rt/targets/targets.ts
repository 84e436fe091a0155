import type { Target } from '../target.js';
import { BMV2 } from './bmv2.js';
import { NATIVE } from './native.js';

/** Every target that the agent can drive, by the `kind` of its configuration. */
export const TARGETS = { native: NATIVE, bmv2: BMV2 } as const satisfies Record<string, Target>;

export type TargetKind = keyof typeof TARGETS;
