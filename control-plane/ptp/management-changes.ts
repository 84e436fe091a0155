/**
 * What a SET or a COMMAND of an ordinary or boundary clock carries, as the change that it asks for:
 * IEEE 1588-2019 15.5.3. Wrong lengths and values are refused, nothing is clamped.
 */
import { failure, success, type Result } from '#units/result';
import { logInterval } from '#units/time';
import * as data from '#wire/management-data';
import * as more from '#wire/management-instance-data';
import { FLAG } from '#wire/ptp-header';
import { encodeUtf8 } from '#wire/text';
import type { TimePropertiesDS } from './data-sets.js';
import {
  NOTIFIED_EVENTS,
  type InstanceChange,
  type ManagementEffect,
  type PortSet,
  type SetResult,
} from './management-types.js';

/** What the configuration allows, too. */
const INTERVALS = { min: -7, max: 5 } as const;
const RECEIPT_TIMEOUT = { min: 2, max: 255 } as const;

/** Flags of timePropertiesDS as the second octet of flagField has them. */
export function timeFlags(time: TimePropertiesDS): number {
  return (
    (time.leap61 ? FLAG.leap61 : 0) |
    (time.leap59 ? FLAG.leap59 : 0) |
    (time.currentUtcOffsetValid ? FLAG.currentUtcOffsetValid : 0) |
    (time.ptpTimescale ? FLAG.ptpTimescale : 0) |
    (time.timeTraceable ? FLAG.timeTraceable : 0) |
    (time.frequencyTraceable ? FLAG.frequencyTraceable : 0)
  );
}

function fromTimeFlags(
  flags: number,
): Omit<TimePropertiesDS, 'currentUtcOffsetSeconds' | 'timeSource'> {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  return {
    leap61: has(FLAG.leap61),
    leap59: has(FLAG.leap59),
    currentUtcOffsetValid: has(FLAG.currentUtcOffsetValid),
    ptpTimescale: has(FLAG.ptpTimescale),
    timeTraceable: has(FLAG.timeTraceable),
    frequencyTraceable: has(FLAG.frequencyTraceable),
  };
}

function change(what: InstanceChange): SetResult {
  return success({ kind: 'changeInstance', change: what });
}

/** Decodes what a SET carries, and makes a change of it. */
function changing<Value>(
  codec: { readonly decode: (octets: Uint8Array) => Result<Value, string> },
  make: (value: Value) => SetResult,
): (octets: Uint8Array) => SetResult {
  return (octets) => {
    const decoded = codec.decode(octets);
    return decoded.ok ? make(decoded.value) : failure('wrong-length', decoded.error.message);
  };
}

/** A SET of one octet that the standard allows all values of. */
export const octetChange = (what: 'priority1' | 'priority2' | 'clockAccuracy') =>
  changing(data.oneUnsigned, ({ value }) => change({ what, value }));

export const truthChange = (what: 'slaveOnly' | 'pathTrace') =>
  changing(data.oneUnsigned, ({ value }) =>
    value > 1 ? failure('wrong-value', 'not 0 or 1') : change({ what, value: value === 1 }),
  );

export function intervalChange(what: 'logAnnounceInterval' | 'logSyncInterval') {
  return (octets: Uint8Array, portNumber: number): SetResult =>
    changing(data.oneInterval, ({ value }) =>
      value < INTERVALS.min || value > INTERVALS.max
        ? failure('wrong-value', `not from ${INTERVALS.min} to ${INTERVALS.max}`)
        : change({ what, portNumber, value: logInterval(value) }),
    )(octets);
}

export function receiptTimeoutChange(octets: Uint8Array, portNumber: number): SetResult {
  return changing(data.oneUnsigned, ({ value }) =>
    value < RECEIPT_TIMEOUT.min
      ? failure('wrong-value', `less than ${RECEIPT_TIMEOUT.min}`)
      : change({ what: 'announceReceiptTimeout', portNumber, value }),
  )(octets);
}

export function pdelayIntervalChange(octets: Uint8Array, portNumber: number): SetResult {
  return changing(data.oneInterval, ({ value }) =>
    value < INTERVALS.min || value > INTERVALS.max
      ? failure('wrong-value', `not from ${INTERVALS.min} to ${INTERVALS.max}`)
      : success<ManagementEffect>({
          kind: 'setLogMinPdelayReqInterval',
          portNumber,
          logInterval: logInterval(value),
        }),
  )(octets);
}

export function userDescriptionChange(octets: Uint8Array): SetResult {
  return changing(data.userDescription, (text) =>
    encodeUtf8(text).length > data.USER_DESCRIPTION_MAX
      ? failure('wrong-value', `more than ${data.USER_DESCRIPTION_MAX} octets`)
      : success<ManagementEffect>({ kind: 'setUserDescription', userDescription: text }),
  )(octets);
}

export const enable = (value: boolean): Omit<PortSet, 'scope' | 'get'> => ({
  command: (portNumber) => change({ what: 'portEnable', portNumber, value }),
});

export function utcPropertiesChange() {
  return changing(more.utcProperties, ({ currentUtcOffset, flags }) => {
    const { leap59, leap61, currentUtcOffsetValid } = fromTimeFlags(flags);
    if (leap59 && leap61) return failure('wrong-value', 'leap59 and leap61 at once');
    const value = { leap59, leap61, currentUtcOffsetValid };
    return change({
      what: 'timeProperties',
      value: { ...value, currentUtcOffsetSeconds: currentUtcOffset },
    });
  });
}

export function traceabilityPropertiesChange() {
  return changing(more.traceabilityProperties, ({ flags }) => {
    const { timeTraceable, frequencyTraceable } = fromTimeFlags(flags);
    return change({ what: 'timeProperties', value: { timeTraceable, frequencyTraceable } });
  });
}

export function timescalePropertiesChange() {
  return changing(more.timescaleProperties, ({ flags, timeSource }) =>
    change({
      what: 'timeProperties',
      value: { ptpTimescale: fromTimeFlags(flags).ptpTimescale, timeSource },
    }),
  );
}

export function grandmasterSettingsChange() {
  return changing(more.grandmasterSettingsNp, (settings) => {
    const { clockClass, clockAccuracy, offsetScaledLogVariance } = settings;
    return change({
      what: 'grandmasterSettings',
      clockQuality: { clockClass, clockAccuracy, offsetScaledLogVariance },
      timeProperties: {
        ...fromTimeFlags(settings.flags),
        currentUtcOffsetSeconds: settings.currentUtcOffset,
        timeSource: settings.timeSource,
      },
    });
  });
}

export function neighborThresholdChange(octets: Uint8Array, portNumber: number): SetResult {
  return changing(data.portDataSetNp, ({ neighborPropDelayThresh }) =>
    success<ManagementEffect>({
      kind: 'setNeighborPropDelayThreshold',
      portNumber,
      thresholdNs: neighborPropDelayThresh,
    }),
  )(octets);
}

/** SUBSCRIBE_EVENTS_NP: bits that are not known are asked for in vain, as of an older clock. */
export const subscription = changing(more.subscribeEventsNp, ({ durationSeconds, events }) =>
  success<ManagementEffect>({
    kind: 'subscribe',
    durationSeconds,
    events: NOTIFIED_EVENTS.filter((_, bit) => ((events[bit >> 3] ?? 0) >> (bit & 7)) & 1),
  }),
);
