/**
 * Intervals that the neighbor asked for by a message interval request: 802.1AS-2020 10.6.4.3. Values
 * of table 10-16: 127 stops the messages, 126 brings the initial interval back, -128 leaves it.
 */
import { logIntervalValue, type LogInterval } from '#units/time';
import type { IntervalRequestTlv } from '#wire/tlv/organization';
import { toldInterval } from '../sanity/message-guard.js';
import type { PortConfig } from './instance-types.js';

const STOP = 127;
const INITIAL = 126;
const UNCHANGED = -128;

/** Null: as configured. */
export type RequestedInterval = LogInterval | 'stopped' | null;

export interface RequestedIntervals {
  readonly sync: RequestedInterval;
  readonly announce: RequestedInterval;
}

export const NOTHING_REQUESTED: RequestedIntervals = { sync: null, announce: null };

export function requestedIntervals(
  before: RequestedIntervals,
  request: IntervalRequestTlv,
): RequestedIntervals {
  return {
    sync: next(before.sync, request.logTimeSyncInterval),
    announce: next(before.announce, request.logAnnounceInterval),
  };
}

/** The port's configuration with what was asked for. */
export function withRequested(config: PortConfig, requested: RequestedIntervals): PortConfig {
  const { sync, announce } = requested;
  if (sync === null && announce === null) return config;
  return {
    ...config,
    logSyncInterval: sync === null || sync === 'stopped' ? config.logSyncInterval : sync,
    logAnnounceInterval:
      announce === null || announce === 'stopped' ? config.logAnnounceInterval : announce,
  };
}

function next(before: RequestedInterval, asked: LogInterval): RequestedInterval {
  const value = logIntervalValue(asked);
  if (value === UNCHANGED) return before;
  if (value === STOP) return 'stopped';
  if (value === INITIAL) return null;
  return toldInterval(asked).interval;
}
