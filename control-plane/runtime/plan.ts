/** What a configuration comes to on its target, before anything is sent. */
import { desiredState } from '#dataplane/desired-state';
import { featureLimits, settingsAdvice } from '#dataplane/feature-use';
import type { Entity } from '#p4rt/entities';
import type { Target } from '#p4rt/target';
import { failure, success, type Result } from '#units/result';
import type { Pipeline } from './artefacts.js';
import type { AgentConfig } from './config.js';

export interface Plan {
  readonly desired: readonly Entity[];
  /** What the target does only partly, and what is hardly meant so: for the operator. */
  readonly notes: readonly string[];
}

/** Errors: `target-cannot`, with all keys that ask for too much; the pipeline is another program's. */
export function makePlan(config: AgentConfig, target: Target, pipeline: Pipeline): Result<Plan> {
  const limits = featureLimits(target, config.settings);
  const impossible = limits.filter(({ support }) => support === 'no');
  if (impossible.length > 0) {
    const why = impossible.map(({ message }) => message).join('; ');
    return failure('target-cannot', `${why} (see \`timeplane show capabilities\`)`);
  }
  const desired = desiredState(pipeline.index, config.settings, target.capabilities);
  if (!desired.ok) return failure(desired.error.code, desired.error.message);
  const notes = [
    ...limits.map(({ message }) => message),
    ...settingsAdvice(target, config.settings),
  ];
  return success({ desired: desired.value, notes });
}
