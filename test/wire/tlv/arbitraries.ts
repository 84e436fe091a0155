/** Whatever each TLV can hold: one arbitrary a kind, so that none is forgotten. */
import fc from 'fast-check';
import { instant, logInterval } from '#units/time';
import type { KnownTlv } from '#wire/tlv/known-tlv';
import { TLV_TYPE } from '#wire/tlv/tlv-type';
import { portIdentities, timeIntervals } from '../arbitraries.js';

const octet = fc.nat(0xff);
const word = fc.nat(0xffff);
const long = fc.nat(0xffff_ffff);
const signed = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const bits48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const bits64 = fc.bigInt(0n, (1n << 64n) - 1n);
const yes = fc.boolean();
const intervals = fc.integer({ min: -128, max: 127 }).map(logInterval);
const timestamps = fc
  .tuple(fc.bigInt(0n, (1n << 48n) - 1n), fc.bigInt(0n, 999_999_999n))
  .map(([s, ns]) => instant(s * 1_000_000_000n + ns));
/** Not minus zero, and not a NaN: they have more than one pattern. */
const float64 = fc.double({ noNaN: true }).map((value) => value + 0);
const octets = (maxLength: number) => fc.uint8Array({ maxLength });
const even = (maxLength: number) => octets(maxLength).filter(({ length }) => length % 2 === 0);
const text = fc.string({ unit: 'grapheme', maxLength: 12 });

type Kind = KnownTlv['kind'];
type Arbitraries = {
  readonly [K in Kind]: fc.Arbitrary<Omit<Extract<KnownTlv, { kind: K }>, 'kind'>>;
};

const availability = fc.record({
  multicastCapable: yes,
  unicastCapable: yes,
  unicastNegotiationCapable: yes,
  unicastNegotiationRequired: yes,
});
const inaccuracy = fc.record({ max: timeIntervals, variance: float64 });
const cancel = fc.record({ messageType: fc.nat(15), maintainRequest: yes, maintainGrant: yes });
const known = new Set<number>(Object.values(TLV_TYPE));

export const tlvArbitraries: Arbitraries = {
  unknown: fc.record({
    type: word.filter((type) => !known.has(type)),
    value: even(20),
  }),
  management: fc.record({ managementId: word, data: even(20) }),
  managementErrorStatus: fc.record({ errorId: word, managementId: word, displayData: text }),
  organizationExtension: fc.record({
    type: fc.constantFrom(0x0003 as const, 0x4000 as const, 0x8000 as const),
    // None of those that are known.
    organizationId: fc.nat(0xff_ffff).map((id) => (id & 0xff_fff0) | 0xf),
    organizationSubType: fc.nat(0xff_ffff),
    data: even(20),
  }),
  followUpInformation: fc.record({
    cumulativeScaledRateOffset: signed,
    gmTimeBaseIndicator: word,
    lastGmPhaseChange: fc.bigInt(-(1n << 95n), (1n << 95n) - 1n),
    scaledLastGmFreqChange: signed,
  }),
  intervalRequest: fc.record({
    logLinkDelayInterval: intervals,
    logTimeSyncInterval: intervals,
    logAnnounceInterval: intervals,
    flags: fc.record({
      computeNeighborRateRatio: yes,
      computeMeanLinkDelay: yes,
      oneStepReceiveCapable: yes,
    }),
  }),
  gptpCapable: fc.record({ logGptpCapableMessageInterval: intervals, flags: octet }),
  gptpCapableIntervalRequest: fc.record({ logGptpCapableMessageInterval: intervals }),
  power2011: fc.record({
    grandmasterId: word,
    grandmasterTimeInaccuracyNs: long,
    networkTimeInaccuracyNs: long,
  }),
  power2017: fc.record({ grandmasterId: word, totalTimeInaccuracyNs: long }),
  smpteMetadata: fc.record({
    defaultSystemFrameRateNumerator: long,
    defaultSystemFrameRateDenominator: long,
    masterLockingStatus: octet,
    timeAddressFlags: fc.record({ dropFrame: yes, colorFrame: yes }),
    currentLocalOffsetSeconds: signed,
    jumpSeconds: signed,
    timeOfNextJump: bits48,
    timeOfNextJam: bits48,
    timeOfPreviousJam: bits48,
    previousJamLocalOffsetSeconds: signed,
    daylightSaving: fc.record({ current: yes, next: yes, previous: yes }),
    leapSecondJump: fc.record({ change: yes }),
  }),
  interfaceRate: fc.record({
    interfaceBitPeriod: bits64,
    numberBitsBeforeTimestamp: word,
    numberBitsAfterTimestamp: word,
  }),
  requestUnicast: fc.record({
    messageType: fc.nat(15),
    logInterMessagePeriod: intervals,
    durationSeconds: long,
  }),
  grantUnicast: fc.record({
    messageType: fc.nat(15),
    logInterMessagePeriod: intervals,
    durationSeconds: long,
    renewalInvited: yes,
  }),
  cancelUnicast: cancel,
  acknowledgeCancelUnicast: cancel,
  pathTrace: fc.record({ path: fc.array(bits64, { maxLength: 8 }) }),
  alternateTimeOffset: fc.record({
    keyField: octet,
    currentOffsetSeconds: signed,
    jumpSeconds: signed,
    timeOfNextJump: bits48,
    displayName: text,
  }),
  enhancedAccuracyMetrics: fc.record({
    bcHopCount: octet,
    tcHopCount: octet,
    grandmaster: inaccuracy,
    transient: inaccuracy,
    dynamic: inaccuracy,
    staticInstance: inaccuracy,
    staticMedium: inaccuracy,
  }),
  l1Sync: fc.record({
    txCoherentIsRequired: yes,
    rxCoherentIsRequired: yes,
    congruentIsRequired: yes,
    isTxCoherent: yes,
    isRxCoherent: yes,
    isCongruent: yes,
    options: fc.option(
      fc.record({
        timestampsCorrectedTx: yes,
        phaseOffsetTxValid: yes,
        frequencyOffsetTxValid: yes,
        phaseOffsetTx: timeIntervals,
        phaseOffsetTxTimestamp: timestamps,
        frequencyOffsetTx: timeIntervals,
        frequencyOffsetTxTimestamp: timestamps,
      }),
    ),
  }),
  portCommunicationAvailability: fc.record({ sync: availability, delayResp: availability }),
  protocolAddress: fc.record({ networkProtocol: word, address: octets(17) }),
  cumulativeRateRatio: fc.record({ scaledCumulativeRateRatio: signed }),
  slaveRxSyncTimingData: fc.record({
    syncSourcePortIdentity: portIdentities,
    records: fc.array(
      fc.record({
        sequenceId: word,
        syncOriginTimestamp: timestamps,
        totalCorrectionField: timeIntervals,
        scaledCumulativeRateOffset: signed,
        syncEventIngressTimestamp: timestamps,
      }),
      { maxLength: 4 },
    ),
  }),
  slaveRxSyncComputedData: fc.record({
    sourcePortIdentity: portIdentities,
    valid: fc.record({
      scaledNeighborRateRatio: yes,
      meanPathDelay: yes,
      offsetFromMaster: yes,
    }),
    records: fc.array(
      fc.record({
        sequenceId: word,
        offsetFromMaster: timeIntervals,
        meanPathDelay: timeIntervals,
        scaledNeighborRateRatio: signed,
      }),
      { maxLength: 4 },
    ),
  }),
  slaveTxEventTimestamps: fc.record({
    sourcePortIdentity: portIdentities,
    eventMessageType: octet,
    records: fc.array(fc.record({ sequenceId: word, eventEgressTimestamp: timestamps }), {
      maxLength: 4,
    }),
  }),
  authentication: fc.record({
    spp: octet,
    secParamIndicator: octet,
    keyId: long,
    rest: even(32),
  }),
  pad: fc.record({ octets: fc.nat(20).map((half) => half * 2) }),
};

const byKind = Object.entries(tlvArbitraries) as [Kind, fc.Arbitrary<object>][];

/** Each kind by its name, for tests that go through all of them. */
export const tlvKinds: readonly (readonly [Kind, fc.Arbitrary<KnownTlv>])[] = byKind.map(
  ([kind, arbitrary]) => [kind, arbitrary.map((value) => ({ kind, ...value }) as KnownTlv)],
);

export const knownTlvs: fc.Arbitrary<KnownTlv> = fc.oneof(
  ...tlvKinds.map(([, arbitrary]) => arbitrary),
);
