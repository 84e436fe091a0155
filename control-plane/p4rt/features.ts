/**
 * What a configuration may ask of a target beyond forwarding. Whether a target can is in its own
 * file, with the reason where it cannot, or not quite.
 */
export const FEATURES = {
  nanosecondTime: 'timestamps in steps of a nanosecond',
  fullResidence: 'residence up to the frame’s departure',
  hardwareTimestamps: 'timestamps of the network interface’s hardware',
  oneStep: 'one-step: event messages are corrected as they leave',
  twoStep: 'two-step: what follows an event message carries its residence',
  waiting: 'what follows may come before its event message has left',
  peerDelayOneStep: 'Pdelay_Req answered one-step',
  peerDelayTwoStep: 'Pdelay_Req answered two-step',
  delayResponder: 'Delay_Req answered in PTP time',
  systemTime: 'PTP time that is exactly the system clock',
  syntonization: 'residence by the grandmaster’s rate',
  puntLimit: 'meters in front of the agent',
  ledger: 'sampled messages told with their times',
  marking: 'PCP and DSCP of PTP messages',
  priorityQueues: 'PTP event messages before others',
} as const;

export type FeatureName = keyof typeof FEATURES;

export const FEATURE_NAMES = Object.keys(FEATURES) as FeatureName[];

/** `why`: what is missing, and what to do about it; empty where nothing is. */
export type FeatureSupport =
  | { readonly support: 'yes'; readonly why: '' }
  | { readonly support: 'partly' | 'no'; readonly why: string };

export const YES: FeatureSupport = { support: 'yes', why: '' };

export function partly(why: string): FeatureSupport {
  return { support: 'partly', why };
}

export function no(why: string): FeatureSupport {
  return { support: 'no', why };
}
