/**
 * dataField of the management TLVs that only ordinary and boundary clocks have: IEEE 1588-2019 15.5.3
 * and linuxptp's own, whose layouts its pmc prints.
 */
import { failure, success } from '#units/result';
import {
  followedBy,
  int16,
  int32,
  layout,
  octetString,
  uint16,
  uint32,
  uint64,
  uint8,
  type Codec,
  type Field,
} from './fields.js';
import { viewOf } from './octets.js';
import { readTimestamp, writeTimestamp } from './ptp-header.js';
import type { Instant } from '#units/time';

/** 15.5.3.6.2; flags: those of UTC in the second octet of flagField. */
export const utcProperties = layout({ currentUtcOffset: int16, flags: followedBy(uint8, 1) });

/** 15.5.3.6.3; flags: timeTraceable and frequencyTraceable where flagField has them. */
export const traceabilityProperties = layout({ flags: followedBy(uint8, 1) });

/** 15.5.3.6.4; flags: ptpTimescale where flagField has it. */
export const timescaleProperties = layout({ flags: uint8, timeSource: uint8 });

const TIMESTAMP_OCTETS = 10;

/** 15.5.3.2.1: TIME. */
export const time: Codec<Instant> = {
  encode: (value) => {
    const octets = new Uint8Array(TIMESTAMP_OCTETS);
    writeTimestamp(viewOf(octets), 0, value);
    return octets;
  },
  decode: (octets) => {
    if (octets.length < TIMESTAMP_OCTETS) {
      return failure('layout-too-short', `${octets.length} octets are no timestamp`);
    }
    const value = readTimestamp(viewOf(octets), 0);
    return value.ok ? value : failure('layout-bad-value', value.error.message);
  },
};

const IDENTITY_OCTETS = 8;

/** 15.5.3.4.x: PATH_TRACE_LIST, as many clock identities as there are. */
export const pathTraceList: Codec<readonly bigint[]> = {
  encode: (value) => {
    const octets = new Uint8Array(IDENTITY_OCTETS * value.length);
    const view = viewOf(octets);
    value.forEach((identity, i) => {
      view.setBigUint64(i * IDENTITY_OCTETS, identity);
    });
    return octets;
  },
  decode: (octets) => {
    const view = viewOf(octets);
    const length = Math.floor(octets.length / IDENTITY_OCTETS);
    return success(Array.from({ length }, (_, i) => view.getBigUint64(i * IDENTITY_OCTETS)));
  },
};

const int64: Field<bigint> = {
  octets: 8,
  read: (view, offset) => view.getBigInt64(offset),
  write: (view, offset, value) => {
    view.setBigInt64(offset, value);
  },
};

/** TIME_STATUS_NP: offset and PTP time of the last Sync in whole ns. */
export const timeStatusNp = layout({
  masterOffsetNs: int64,
  ingressTimeNs: int64,
  /** (rateRatio - 1) × 2^41 of 802.1AS. */
  cumulativeScaledRateOffset: int32,
  scaledLastGmPhaseChange: int32,
  gmTimeBaseIndicator: uint16,
  lastGmPhaseChange: octetString(12),
  gmPresent: uint32,
  gmIdentity: uint64,
});

/** GRANDMASTER_SETTINGS_NP: what a free-running clock announces; flags as flagField's second octet. */
export const grandmasterSettingsNp = layout({
  clockClass: uint8,
  clockAccuracy: uint8,
  offsetScaledLogVariance: uint16,
  currentUtcOffset: int16,
  flags: uint8,
  timeSource: uint8,
});

const EVENT_MASK_OCTETS = 64;

/** SUBSCRIBE_EVENTS_NP: seconds, and a bit for each event, the first in the first octet's lowest. */
export const subscribeEventsNp = layout({
  durationSeconds: uint16,
  events: octetString(EVENT_MASK_OCTETS),
});
