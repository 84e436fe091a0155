/** The targets' capabilities as a table for people and programs. */
import { FEATURE_NAMES, FEATURES, type FeatureName, type FeatureSupport } from '#p4rt/features';
import type { Target } from '#p4rt/target';
import { TARGETS } from '#p4rt/targets/targets';
import { nsOf } from '#units/time';

/** One target. */
export interface CapabilityReport {
  readonly kind: string;
  readonly description: string;
  readonly timestampResolutionNs: number;
  readonly txHalf: string;
  readonly txEvents: string;
  readonly waits: string;
  readonly pipeline: string;
  readonly features: Readonly<Record<FeatureName, FeatureSupport>>;
  readonly quirks: Target['quirks'];
}

/** What each feature is, in words. */
export const FEATURE_TITLES: Readonly<Record<FeatureName, string>> = FEATURES;

export { FEATURE_NAMES };

/** Every target that the agent can drive. */
export function capabilityReports(): CapabilityReport[] {
  return Object.values(TARGETS).map(({ kind, description, capabilities, features, quirks }) => ({
    kind,
    description,
    timestampResolutionNs: Number(nsOf(capabilities.timestampResolution)),
    txHalf: capabilities.txHalf,
    txEvents: capabilities.txEvents,
    waits: capabilities.waits,
    pipeline: capabilities.pipelineArtefact,
    features,
    quirks,
  }));
}
