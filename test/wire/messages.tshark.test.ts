import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { macAddress } from '#units/identity';
import { logIntervalValue, nsSinceEpoch, scaledUnits, type Instant } from '#units/time';
import { ETHERTYPE, encodeFrame } from '#wire/frame';
import { encodeMessage, MESSAGE_OCTETS, type PtpMessage } from '#wire/ptp-message';
import { encodeTlv, type KnownTlv } from '#wire/tlv/known-tlv';
import { messages } from './arbitraries.js';
import { readFields, TSHARK_VERSION } from './tshark.js';
import { tlvKinds } from './tlv/arbitraries.js';

const SEED = 0x1588;
const MESSAGES = 400;
const TYPES = {
  ...{ sync: 0, delayReq: 1, pdelayReq: 2, pdelayResp: 3, followUp: 8, delayResp: 9 },
  ...{ pdelayRespFollowUp: 10, announce: 11, signaling: 12, management: 13 },
} as const;

/** A number: whatever digits tshark prints of it. */
type Fields = Readonly<Record<string, string | number | readonly string[]>>;

const hex = (value: number | bigint, digits: number): string =>
  `0x${value.toString(16).padStart(digits, '0')}`;
const clock = (value: bigint): string => hex(value, 16);
const bit = (value: number, of: number): string => String((value >> of) & 1);
const seconds = (time: Instant): string => String(nsSinceEpoch(time) / 1_000_000_000n);
const nanoseconds = (time: Instant): string => String(nsSinceEpoch(time) % 1_000_000_000n);

function timestamp(name: string, time: Instant): Fields {
  return {
    [`ptp.v2.${name}.seconds`]: seconds(time),
    [`ptp.v2.${name}.nanoseconds`]: nanoseconds(time),
  };
}

function headerFields({ kind, header }: PtpMessage): Fields {
  const { flags, sourcePortIdentity, correctionField } = header;
  const names = {
    ...{ alternatemaster: 8, twostep: 9, unicast: 10, specific1: 13, specific2: 14, security: 15 },
    ...{ li61: 0, li59: 1, utcreasonable: 2, timescale: 3, timetraceable: 4 },
    ...{ frequencytraceable: 5, synchronizationUncertain: 6 },
  };
  const units = scaledUnits(correctionField);
  return {
    '_ws.malformed': [],
    'ptp.v2.majorsdoid': hex(header.majorSdoId, 2),
    'ptp.v2.messagetype': hex(TYPES[kind], 2),
    'ptp.v2.minorversionptp': String(header.minorVersionPtp),
    'ptp.v2.versionptp': '2',
    'ptp.v2.messagelength': String(MESSAGE_OCTETS[kind]),
    'ptp.v2.minorsdoid': String(header.minorSdoId),
    'ptp.v2.domainnumber': String(header.domainNumber),
    'ptp.v2.flags': hex(flags, 4),
    ...Object.fromEntries(
      Object.entries(names).map(([name, of]) => [`ptp.v2.flags.${name}`, bit(flags, of)]),
    ),
    // An unsigned field of tshark's, which it sign-extends.
    'ptp.v2.correction.ns': String(BigInt.asUintN(64, units >> 16n)),
    'ptp.v2.correction.subns': Number(units & 0xffffn) / 0x1_0000,
    'ptp.v2.messagetypespecific': String(header.messageTypeSpecific),
    'ptp.v2.clockidentity': clock(sourcePortIdentity.clockIdentity),
    'ptp.v2.sourceportid': String(sourcePortIdentity.portNumber),
    'ptp.v2.sequenceid': String(header.sequenceId),
    'ptp.v2.controlfield': String(header.controlField),
    'ptp.v2.logmessageperiod': String(logIntervalValue(header.logMessageInterval)),
  };
}

function bodyFields(message: PtpMessage): Fields {
  switch (message.kind) {
    case 'sync':
    case 'delayReq':
      return timestamp('sdr.origintimestamp', message.originTimestamp);
    case 'pdelayReq':
      return timestamp('pdrq.origintimestamp', message.originTimestamp);
    case 'followUp':
      return timestamp('fu.preciseorigintimestamp', message.preciseOriginTimestamp);
    case 'delayResp':
    case 'pdelayResp':
    case 'pdelayRespFollowUp':
      return responseFields(message);
    case 'announce':
      return {
        ...timestamp('an.origintimestamp', message.originTimestamp),
        'ptp.v2.an.origincurrentutcoffset': String(message.currentUtcOffsetSeconds),
        'ptp.v2.an.priority1': String(message.grandmasterPriority1),
        'ptp.v2.an.grandmasterclockclass': String(message.grandmasterClockClass),
        'ptp.v2.an.grandmasterclockaccuracy': hex(message.grandmasterClockAccuracy, 2),
        'ptp.v2.an.grandmasterclockvariance': String(message.grandmasterOffsetScaledLogVariance),
        'ptp.v2.an.priority2': String(message.grandmasterPriority2),
        'ptp.v2.an.grandmasterclockidentity': clock(message.grandmasterIdentity),
        'ptp.v2.an.localstepsremoved': String(message.stepsRemoved),
        'ptp.v2.timesource': hex(message.timeSource, 2),
      };
    case 'signaling':
      return {
        'ptp.v2.sig.targetportidentity': clock(message.targetPortIdentity.clockIdentity),
        'ptp.v2.sig.targetportid': String(message.targetPortIdentity.portNumber),
      };
    case 'management':
      return {
        'ptp.v2.mm.targetportidentity': clock(message.targetPortIdentity.clockIdentity),
        'ptp.v2.mm.targetportid': String(message.targetPortIdentity.portNumber),
        'ptp.v2.mm.startingboundaryhops': String(message.startingBoundaryHops),
        'ptp.v2.mm.boundaryhops': String(message.boundaryHops),
        'ptp.v2.mm.action': String(message.action),
      };
  }
}

function responseFields(
  message: Extract<PtpMessage, { kind: 'delayResp' | 'pdelayResp' | 'pdelayRespFollowUp' }>,
): Fields {
  const { clockIdentity, portNumber } = message.requestingPortIdentity;
  const [prefix, time, port] = {
    delayResp: ['dr', 'receivetimestamp', 'requestingsourceportidentity'],
    pdelayResp: ['pdrs', 'requestreceipttimestamp', 'requestingportidentity'],
    pdelayRespFollowUp: ['pdfu', 'responseorigintimestamp', 'requestingportidentity'],
  }[message.kind] as [string, string, string];
  return {
    ...timestamp(`${prefix}.${time}`, message.timestamp),
    [`ptp.v2.${prefix}.${port}`]: clock(clockIdentity),
    [`ptp.v2.${prefix}.requestingsourceportid`]: String(portNumber),
  };
}

type Tlv<Kind extends KnownTlv['kind']> = Extract<KnownTlv, { readonly kind: Kind }>;
type Envelope = 'announce' | 'followUp' | 'signaling' | 'management';

/** What tshark 4 reads of a TLV, in the message that carries it; majorSdoId 1 is 802.1AS's. */
interface Reading<Kind extends KnownTlv['kind']> {
  readonly message: Envelope;
  readonly majorSdoId: number;
  readonly fields: (tlv: Tlv<Kind>) => Fields;
}

const unicast = ({ messageType }: { readonly messageType: number }): Fields => ({
  'ptp.v2.sig.tlv.messageType': hex(messageType, 2),
});
const gptpInterval = (tlv: Tlv<'gptpCapable' | 'gptpCapableIntervalRequest'>): Fields => ({
  'ptp.as.sig.tlv.gptpcapablemessageinterval': String(
    logIntervalValue(tlv.logGptpCapableMessageInterval),
  ),
});
const flag = (value: boolean): string => (value ? '1' : '0');

const READINGS: { readonly [Kind in KnownTlv['kind']]?: Reading<Kind> } = {
  pathTrace: {
    message: 'announce',
    majorSdoId: 0,
    fields: ({ path }) => ({ 'ptp.v2.an.pathsequence': path.map(clock) }),
  },
  alternateTimeOffset: {
    message: 'announce',
    majorSdoId: 0,
    fields: (tlv) => ({
      'ptp.v2.an.atoi.keyField': String(tlv.keyField),
      'ptp.v2.an.atoi.currentOffset': String(tlv.currentOffsetSeconds),
      'ptp.v2.an.atoi.jumpSeconds': String(tlv.jumpSeconds),
      'ptp.v2.an.atoi.timeOfNextJump': tlv.timeOfNextJump.toString(16).padStart(12, '0'),
      'ptp.v2.an.atoi.displayName.length': String(Buffer.byteLength(tlv.displayName)),
    }),
  },
  power2011: {
    message: 'announce',
    majorSdoId: 0,
    fields: (tlv) => ({
      'ptp.v2.an.oe.grandmasterID': String(tlv.grandmasterId),
      'ptp.v2.an.oe.grandmasterTimeInaccuracy': String(tlv.grandmasterTimeInaccuracyNs),
      'ptp.v2.an.oe.networkTimeInaccuracy': String(tlv.networkTimeInaccuracyNs),
    }),
  },
  power2017: {
    message: 'announce',
    majorSdoId: 0,
    fields: (tlv) => ({
      'ptp.v2.an.oe.grandmasterID': String(tlv.grandmasterId),
      'ptp.v2.an.oe.totalTimeInaccuracy': String(tlv.totalTimeInaccuracyNs),
    }),
  },
  organizationExtension: {
    message: 'announce',
    majorSdoId: 0,
    fields: (tlv) =>
      tlv.type === 3 ? { 'ptp.v2.an.oe.organizationId': String(tlv.organizationId) } : {},
  },
  requestUnicast: {
    message: 'signaling',
    majorSdoId: 0,
    fields: (tlv) => ({
      ...unicast(tlv),
      'ptp.v2.sig.tlv.logInterMessagePeriod': String(logIntervalValue(tlv.logInterMessagePeriod)),
      'ptp.v2.sig.tlv.durationField': String(tlv.durationSeconds),
    }),
  },
  grantUnicast: {
    message: 'signaling',
    majorSdoId: 0,
    fields: (tlv) => ({
      ...unicast(tlv),
      'ptp.v2.sig.tlv.logInterMessagePeriod': String(logIntervalValue(tlv.logInterMessagePeriod)),
      'ptp.v2.sig.tlv.durationField': String(tlv.durationSeconds),
      'ptp.v2.sig.tlv.renewalInvited': flag(tlv.renewalInvited),
    }),
  },
  cancelUnicast: { message: 'signaling', majorSdoId: 0, fields: unicast },
  acknowledgeCancelUnicast: { message: 'signaling', majorSdoId: 0, fields: unicast },
  interfaceRate: {
    message: 'signaling',
    majorSdoId: 0,
    fields: (tlv) => ({
      'ptp.as.sig.tlv.interfaceBitPeriod': clock(tlv.interfaceBitPeriod),
      'ptp.as.sig.tlv.numberBitsBeforeTimestamp': String(tlv.numberBitsBeforeTimestamp),
      'ptp.as.sig.tlv.numberBitsAfterTimestamp': String(tlv.numberBitsAfterTimestamp),
    }),
  },
  intervalRequest: {
    message: 'signaling',
    majorSdoId: 1,
    fields: ({ flags, ...tlv }) => ({
      'ptp.as.sig.tlv.linkdelayinterval': String(logIntervalValue(tlv.logLinkDelayInterval)),
      'ptp.as.sig.tlv.timesyncinterval': String(logIntervalValue(tlv.logTimeSyncInterval)),
      'ptp.as.sig.tlv.announceinterval': String(logIntervalValue(tlv.logAnnounceInterval)),
      // The octet alone: tshark has its names one bit further on.
      'ptp.as.sig.tlv.flags': hex(
        Number(flags.computeNeighborRateRatio) +
          Number(flags.computeMeanLinkDelay) * 2 +
          Number(flags.oneStepReceiveCapable) * 4,
        2,
      ),
    }),
  },
  gptpCapable: { message: 'signaling', majorSdoId: 1, fields: gptpInterval },
  gptpCapableIntervalRequest: { message: 'signaling', majorSdoId: 1, fields: gptpInterval },
  followUpInformation: {
    message: 'followUp',
    majorSdoId: 1,
    fields: (tlv) => ({
      'ptp.as.fu.cumulativeScaledRateOffset': String(tlv.cumulativeScaledRateOffset >>> 0),
      'ptp.as.fu.gmTimeBaseIndicator': String(tlv.gmTimeBaseIndicator),
      'ptp.as.fu.lastGmPhaseChange': BigInt.asUintN(96, tlv.lastGmPhaseChange)
        .toString(16)
        .padStart(24, '0'),
      'ptp.as.fu.scaledLastGmFreqChange': String(tlv.scaledLastGmFreqChange),
    }),
  },
  smpteMetadata: {
    message: 'management',
    majorSdoId: 0,
    fields: (tlv) => ({
      'ptp.v2.oe.smpte.defaultsystemframerate.numerator': String(
        tlv.defaultSystemFrameRateNumerator,
      ),
      'ptp.v2.oe.smpte.defaultsystemframerate.denominator': String(
        tlv.defaultSystemFrameRateDenominator,
      ),
      'ptp.v2.oe.smpte.masterlockingstatus': String(tlv.masterLockingStatus),
      'ptp.v2.oe.smpte.timeaddressflags.drop': flag(tlv.timeAddressFlags.dropFrame),
      'ptp.v2.oe.smpte.timeaddressflags.color': flag(tlv.timeAddressFlags.colorFrame),
      'ptp.v2.oe.smpte.currentlocaloffset': String(tlv.currentLocalOffsetSeconds),
      'ptp.v2.oe.smpte.jumpseconds': String(tlv.jumpSeconds),
      'ptp.v2.oe.smpte.timeofnextjump': String(tlv.timeOfNextJump),
      'ptp.v2.oe.smpte.timeofnextjam': String(tlv.timeOfNextJam),
      'ptp.v2.oe.smpte.timeofpreviousjam': String(tlv.timeOfPreviousJam),
      'ptp.v2.oe.smpte.previousjamlocaloffset': String(tlv.previousJamLocalOffsetSeconds),
      'ptp.v2.oe.smpte.daylightsaving.current': flag(tlv.daylightSaving.current),
      'ptp.v2.oe.smpte.daylightsaving.next': flag(tlv.daylightSaving.next),
      'ptp.v2.oe.smpte.daylightsaving.previous': flag(tlv.daylightSaving.previous),
      'ptp.v2.oe.smpte.leapsecondjump.change': flag(tlv.leapSecondJump.change),
    }),
  },
};

function framed(message: PtpMessage): Uint8Array {
  return encodeFrame({
    destination: macAddress('01:1b:19:00:00:00'),
    source: macAddress('02:00:00:00:00:0a'),
    tags: [],
    encapsulation: { kind: 'ethernet', etherType: ETHERTYPE.ptp },
    payload: encodeMessage(message),
    padding: new Uint8Array(0),
  });
}

/** To the nearest 2^-16. */
const toScaled = (text: string): number => Math.round(Number(text) * 0x1_0000) / 0x1_0000;

/** Sends all to tshark at once, and holds each field against what was sent. */
async function compare(sent: readonly (readonly [PtpMessage, Fields])[]): Promise<void> {
  const names = [...new Set(sent.flatMap(([, fields]) => Object.keys(fields)))];
  const read = await readFields(
    sent.map(([message]) => framed(message)),
    names,
  );
  expect(read).toHaveLength(sent.length);
  sent.forEach(([message, fields], i) => {
    const expected = Object.entries(fields).map(([name, value]) => {
      return [name, typeof value === 'string' || typeof value === 'number' ? [value] : value];
    });
    const found = Object.entries(fields).map(([name, value]) => {
      const texts = read[i]?.[name];
      return [name, typeof value === 'number' ? texts?.map(toScaled) : texts];
    });
    expect(found, message.kind).toEqual(expected);
  });
}

describe(`tshark reads our messages (${TSHARK_VERSION ?? 'skipped: it is not installed'})`, () => {
  it.skipIf(TSHARK_VERSION === null)('of nine types, each field', async () => {
    const sent = fc
      .sample(messages, { seed: SEED, numRuns: MESSAGES })
      // Of 802.1AS tshark reads other fields; a Management message without its TLV is malformed.
      .map((message) => ({ ...message, header: { ...message.header, majorSdoId: 0 }, tlvs: [] }))
      .map((message) => [message, { ...headerFields(message), ...bodyFields(message) }] as const)
      .filter(([{ kind }]) => kind !== 'management');
    expect(new Set(sent.map(([{ kind }]) => kind)).size).toBe(9);
    await compare(sent);
  });

  it.skipIf(TSHARK_VERSION === null)('of the tenth, management, each field', async () => {
    const tlvs = [encodeTlv({ kind: 'management', managementId: 0, data: new Uint8Array(0) })];
    const sent = fc
      .sample(messages, { seed: SEED, numRuns: MESSAGES })
      .filter(({ kind }) => kind === 'management')
      .map((message) => ({ ...message, header: { ...message.header, majorSdoId: 0 }, tlvs }))
      .map((message) => {
        const octets = { 'ptp.v2.messagelength': String(MESSAGE_OCTETS.management + 6) };
        return [message, { ...headerFields(message), ...bodyFields(message), ...octets }] as const;
      });
    await compare(sent);
  });

  it.skipIf(TSHARK_VERSION === null)('with TLVs, each field that it knows', async () => {
    const envelopes = fc.sample(messages, { seed: SEED, numRuns: MESSAGES });
    const sent = tlvKinds.flatMap(([kind, arbitrary]) => {
      const reading = READINGS[kind] as Reading<KnownTlv['kind']> | undefined;
      if (reading === undefined) return [];
      const carriers = envelopes.filter((message) => message.kind === reading.message);
      return fc.sample(arbitrary, { seed: SEED, numRuns: 20 }).map((tlv, i) => {
        const carrier = carriers[i % carriers.length];
        if (carrier === undefined) throw new Error(`no ${reading.message}`);
        const header = { ...carrier.header, majorSdoId: reading.majorSdoId };
        const message = { ...carrier, header, tlvs: [encodeTlv(tlv)] };
        return [message, { '_ws.malformed': [], ...reading.fields(tlv) }] as const;
      });
    });
    expect(sent).toHaveLength(20 * Object.keys(READINGS).length);
    await compare(sent);
  });
});
