/** What a requester counts. */

/** Each stops at 2^32 - 1. */
export interface RequesterCounters {
  readonly requestsSent: number;
  readonly granted: number;
  readonly renewed: number;
  readonly refused: number;
  readonly cancelled: number;
  readonly expired: number;
  /** Masters that granted, and then were not heard. */
  readonly silent: number;
  readonly cancelsUnacknowledged: number;
  /** From a station that is not in the table. */
  readonly fromOthers: number;
  /** Grants of what was not asked for: cancelled again. */
  readonly unasked: number;
  readonly malformed: number;
  readonly mastersLeftOut: number;
}

export const NO_COUNTS: RequesterCounters = {
  requestsSent: 0,
  granted: 0,
  renewed: 0,
  refused: 0,
  cancelled: 0,
  expired: 0,
  silent: 0,
  cancelsUnacknowledged: 0,
  fromOthers: 0,
  unasked: 0,
  malformed: 0,
  mastersLeftOut: 0,
};
