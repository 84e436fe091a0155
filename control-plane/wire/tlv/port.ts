/**
 * What ports tell each other, IEEE 1588-2019: L1_SYNC annex L, communication availability 16.9,
 * protocol address 16.13, cumulative rate ratio 16.10.
 */
import { failure, success } from '#units/result';
import type { Instant, ScaledNs } from '#units/time';
import { flags, followedBy, int32, layout, timeInterval, timestamp, uint16 } from '../fields.js';
import { concatOctets } from '../octets.js';
import { evenly, fixedTlv, type DecodedBy, type TlvCodec } from './codec.js';
import { TLV_TYPE } from './tlv-type.js';

/** L.8: sent with optParamsEnabled. */
export interface L1SyncOptions {
  readonly timestampsCorrectedTx: boolean;
  readonly phaseOffsetTxValid: boolean;
  readonly frequencyOffsetTxValid: boolean;
  readonly phaseOffsetTx: ScaledNs;
  readonly phaseOffsetTxTimestamp: Instant;
  readonly frequencyOffsetTx: ScaledNs;
  readonly frequencyOffsetTxTimestamp: Instant;
}

export interface L1SyncTlv {
  readonly kind: 'l1Sync';
  readonly txCoherentIsRequired: boolean;
  readonly rxCoherentIsRequired: boolean;
  readonly congruentIsRequired: boolean;
  readonly isTxCoherent: boolean;
  readonly isRxCoherent: boolean;
  readonly isCongruent: boolean;
  /** Null without optParamsEnabled. */
  readonly options: L1SyncOptions | null;
}

const l1SyncBasic = layout({
  config: flags({
    txCoherentIsRequired: 0,
    rxCoherentIsRequired: 1,
    congruentIsRequired: 2,
    optParamsEnabled: 3,
  }),
  state: flags({ isTxCoherent: 0, isRxCoherent: 1, isCongruent: 2 }),
});
const L1_SYNC_BASIC_OCTETS = 2;

const l1SyncOptions = layout({
  valid: flags({ timestampsCorrectedTx: 0, phaseOffsetTxValid: 1, frequencyOffsetTxValid: 2 }),
  phaseOffsetTx: timeInterval,
  phaseOffsetTxTimestamp: timestamp,
  frequencyOffsetTx: timeInterval,
  frequencyOffsetTxTimestamp: followedBy(timestamp, 1),
});

const l1Sync: TlvCodec<L1SyncTlv> = {
  decode: (value) => {
    const basic = l1SyncBasic.decode(value);
    if (!basic.ok) return failure('tlv-too-short', `l1Sync: ${basic.error.message}`);
    const { optParamsEnabled, ...config } = basic.value.config;
    const tlv = { kind: 'l1Sync' as const, ...config, ...basic.value.state };
    if (!optParamsEnabled) return success({ ...tlv, options: null });
    const extended = l1SyncOptions.decode(value.subarray(L1_SYNC_BASIC_OCTETS));
    if (!extended.ok) {
      const { code, message } = extended.error;
      return failure(code === 'layout-too-short' ? 'tlv-too-short' : 'tlv-bad-value', message);
    }
    const { valid, ...options } = extended.value;
    return success({ ...tlv, options: { ...valid, ...options } });
  },
  encode: ({ options, ...tlv }) => {
    const config = { ...tlv, optParamsEnabled: options !== null };
    const basic = l1SyncBasic.encode({ config, state: tlv });
    if (options === null) return basic;
    return concatOctets(basic, l1SyncOptions.encode({ ...options, valid: options }));
  },
};

/** 16.9: how a port can send the messages in question. */
const availability = flags({
  multicastCapable: 0,
  unicastCapable: 1,
  unicastNegotiationCapable: 2,
  unicastNegotiationRequired: 3,
});

const portCommunicationAvailability = fixedTlv('portCommunicationAvailability', {
  sync: availability,
  delayResp: availability,
});

/** 5.3.6. */
export interface ProtocolAddressTlv {
  readonly kind: 'protocolAddress';
  /** Table 3: NETWORK_PROTOCOL of management-data.ts. */
  readonly networkProtocol: number;
  readonly address: Uint8Array;
}

const addressHead = layout({ networkProtocol: uint16, addressOctets: uint16 });
const ADDRESS_HEAD_OCTETS = 4;

const protocolAddress: TlvCodec<ProtocolAddressTlv> = {
  decode: (value) => {
    const head = addressHead.decode(value);
    if (!head.ok) return failure('tlv-too-short', `protocolAddress: ${head.error.message}`);
    const { networkProtocol, addressOctets } = head.value;
    const end = ADDRESS_HEAD_OCTETS + addressOctets;
    if (value.length < end) return failure('tlv-too-short', 'an address goes beyond its TLV');
    const address = value.slice(ADDRESS_HEAD_OCTETS, end);
    return success({ kind: 'protocolAddress', networkProtocol, address });
  },
  encode: ({ networkProtocol, address }) => {
    const head = addressHead.encode({ networkProtocol, addressOctets: address.length });
    return evenly(concatOctets(head, address));
  },
};

const cumulativeRateRatio = fixedTlv('cumulativeRateRatio', {
  /** (ratio - 1) × 2^41. */
  scaledCumulativeRateRatio: int32,
});

export type PortCommunicationAvailabilityTlv = DecodedBy<typeof portCommunicationAvailability>;
export type CumulativeRateRatioTlv = DecodedBy<typeof cumulativeRateRatio>;
export type PortTlv =
  L1SyncTlv | PortCommunicationAvailabilityTlv | ProtocolAddressTlv | CumulativeRateRatioTlv;

export const PORT_TLVS = {
  l1Sync: { type: TLV_TYPE.l1Sync, codec: l1Sync },
  portCommunicationAvailability: {
    type: TLV_TYPE.portCommunicationAvailability,
    codec: portCommunicationAvailability,
  },
  protocolAddress: { type: TLV_TYPE.protocolAddress, codec: protocolAddress },
  cumulativeRateRatio: { type: TLV_TYPE.cumulativeRateRatio, codec: cumulativeRateRatio },
} as const;
