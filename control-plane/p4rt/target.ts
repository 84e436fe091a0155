/**
 * What a target can do and where it differs, as data: the agent asks for a capability, never for a
 * name. Every quirk carries the evidence that it exists.
 */
import type { Nanoseconds } from '#units/time';
import type { FeatureName, FeatureSupport } from './features.js';

export interface TargetCapabilities {
  /** The step of its timestamps. */
  readonly timestampResolution: Nanoseconds;
  /**
   * What its ticks count from. `system-clock`: they are CLOCK_REALTIME of the switch's machine but for
   * the bits that do not fit, so PTP time needs no measuring. `own`: from whenever it pleases.
   */
  readonly tickEpoch: 'system-clock' | 'own';
  /** Where the transmit half of a correction is added. */
  readonly txHalf: 'egress' | 'deferred';
  /** What brings a frame back with the time at which it has left. */
  readonly txEvents: 'engine' | 'clone';
  /** Where a message waits for what its event message leaves behind. */
  readonly waits: 'engine' | 'recirculation';
  /** Whether it tells of links that come and go: see link-notices.ts. */
  readonly linkNotices: boolean;
  /** Which of the committed pipelines it runs: a base name in p4/artefacts. */
  readonly pipelineArtefact: 'main_native' | 'main_bmv2';
}

export interface TargetQuirk {
  readonly name: string;
  readonly what: string;
  readonly evidence: string;
}

export interface Target {
  readonly kind: string;
  readonly description: string;
  readonly capabilities: TargetCapabilities;
  /** For people: what a configuration may ask for, and what it then gets. */
  readonly features: Readonly<Record<FeatureName, FeatureSupport>>;
  readonly quirks: readonly TargetQuirk[];
}
