/** Whatever a PTP message can hold. */
import fc from 'fast-check';
import { instant, logInterval, scaledNs } from '#units/time';
import type { PtpHeader } from '#wire/ptp-header';
import type { PtpMessage } from '#wire/ptp-message';

const MAX_SECONDS = (1n << 48n) - 1n;

export const portIdentities = fc.record({
  clockIdentity: fc.bigInt(0n, (1n << 64n) - 1n),
  portNumber: fc.nat(0xffff),
});

const timestamps = fc
  .tuple(fc.bigInt(0n, MAX_SECONDS), fc.bigInt(0n, 999_999_999n))
  .map(([s, ns]) => instant(s * 1_000_000_000n + ns));

export const timeIntervals = fc.bigInt(-(1n << 63n), (1n << 63n) - 1n).map(scaledNs);

export const headers: fc.Arbitrary<PtpHeader> = fc.record({
  majorSdoId: fc.nat(15),
  minorVersionPtp: fc.nat(15),
  domainNumber: fc.nat(255),
  minorSdoId: fc.nat(255),
  flags: fc.nat(0xffff),
  correctionField: timeIntervals,
  messageTypeSpecific: fc.nat(0xffff_ffff),
  sourcePortIdentity: portIdentities,
  sequenceId: fc.nat(0xffff),
  controlField: fc.nat(255),
  logMessageInterval: fc.integer({ min: -128, max: 127 }).map(logInterval),
});

const tlvs = fc.array(
  fc.record({
    type: fc.nat(0xffff),
    value: fc.uint8Array({ maxLength: 10 }).filter((value) => value.length % 2 === 0),
  }),
  { maxLength: 3 },
);

const common = { header: headers, tlvs };

export const messages: fc.Arbitrary<PtpMessage> = fc.oneof(
  fc.record({
    ...common,
    kind: fc.constantFrom('sync' as const, 'delayReq' as const, 'pdelayReq' as const),
    originTimestamp: timestamps,
  }),
  fc.record({
    ...common,
    kind: fc.constant('followUp' as const),
    preciseOriginTimestamp: timestamps,
  }),
  fc.record({
    ...common,
    kind: fc.constantFrom(
      'delayResp' as const,
      'pdelayResp' as const,
      'pdelayRespFollowUp' as const,
    ),
    timestamp: timestamps,
    requestingPortIdentity: portIdentities,
  }),
  fc.record({
    ...common,
    kind: fc.constant('announce' as const),
    originTimestamp: timestamps,
    currentUtcOffsetSeconds: fc.integer({ min: -0x8000, max: 0x7fff }),
    grandmasterPriority1: fc.nat(255),
    grandmasterClockClass: fc.nat(255),
    grandmasterClockAccuracy: fc.nat(255),
    grandmasterOffsetScaledLogVariance: fc.nat(0xffff),
    grandmasterPriority2: fc.nat(255),
    grandmasterIdentity: fc.bigInt(0n, (1n << 64n) - 1n),
    stepsRemoved: fc.nat(0xffff),
    timeSource: fc.nat(255),
  }),
  fc.record({
    ...common,
    kind: fc.constant('signaling' as const),
    targetPortIdentity: portIdentities,
  }),
  fc.record({
    ...common,
    kind: fc.constant('management' as const),
    targetPortIdentity: portIdentities,
    startingBoundaryHops: fc.nat(255),
    boundaryHops: fc.nat(255),
    action: fc.nat(15),
  }),
);
