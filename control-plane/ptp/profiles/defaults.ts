/** What no profile says: the servo, the checks of a master's time, and our own time properties. */
import type { TimePropertiesDS } from '../data-sets.js';
import type {
  DisciplineConfig,
  SanityConfig,
  UnicastGrantLimits,
} from '../instance/instance-types.js';
import { logInterval } from '#units/time';
import type { Profile } from './profile.js';

export const DEFAULT_DISCIPLINE: Omit<DisciplineConfig, 'timestampResolution'> = {
  servo: 'pi',
  firstStepThresholdNs: 20_000,
  stepThresholdNs: 0,
  maxFrequencyPpb: 500_000,
  delayFilter: 'moving-median',
  delayFilterLength: 10,
  lockThresholdNs: 10_000,
};

/** Stamps of software are late by a millisecond now and then, on a busy machine in a row. */
export const DEFAULT_SANITY: SanityConfig = {
  jumpLimitNs: 5_000_000,
  policy: 'quarantine',
  quarantineSeconds: 30,
};

/** Of a clock that knows no more than what it counts: an arbitrary epoch, nothing traceable. */
export const DEFAULT_TIME_PROPERTIES: TimePropertiesDS = {
  currentUtcOffsetSeconds: 37,
  currentUtcOffsetValid: false,
  leap59: false,
  leap61: false,
  timeTraceable: false,
  frequencyTraceable: false,
  ptpTimescale: true,
  /** Table 6: internal oscillator. */
  timeSource: 0xa0,
};

export const DEFAULT_MAX_FOREIGN_MASTERS = 32;

/** What a master of this profile grants at most: every rate that the profile has. */
export function defaultGrants(profile: Profile): UnicastGrantLimits | null {
  if (profile.unicast === null) return null;
  const { intervals, unicast } = profile;
  return {
    maxGrants: 3_072,
    maxMessagesPerSecond: 50_000,
    maxDurationSeconds: unicast.durationSeconds.high,
    minLogAnnounceInterval: logInterval(intervals.logAnnounceInterval.low),
    minLogSyncInterval: logInterval(intervals.logSyncInterval.low),
    minLogDelayRespInterval: logInterval(intervals.logMinDelayReqInterval.low),
  };
}
