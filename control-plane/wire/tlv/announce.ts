/** TLVs of Announce, IEEE 1588-2019: path trace 16.2, alternate time offset 16.3, accuracy 16.12. */
import { failure, success } from '#units/result';
import {
  array,
  float64,
  followedBy,
  group,
  int32,
  layout,
  timeInterval,
  uint48,
  uint64,
  uint8,
} from '../fields.js';
import { concatOctets, viewOf } from '../octets.js';
import { decodeUtf8, encodeUtf8 } from '../text.js';
import { evenly, fixedTlv, type DecodedBy, type TlvCodec } from './codec.js';
import { TLV_TYPE } from './tlv-type.js';

export interface PathTraceTlv {
  readonly kind: 'pathTrace';
  /** clockIdentity of each boundary clock on the way, the grandmaster's first. */
  readonly path: readonly bigint[];
}

const CLOCK_IDENTITY_OCTETS = 8;

const pathTrace: TlvCodec<PathTraceTlv> = {
  decode: (value) => {
    const count = value.length / CLOCK_IDENTITY_OCTETS;
    if (!Number.isInteger(count)) {
      return failure('tlv-bad-value', `a path trace of ${value.length} octets`);
    }
    return success({ kind: 'pathTrace', path: array(uint64, count).read(viewOf(value), 0) });
  },
  encode: ({ path }) => {
    const value = new Uint8Array(path.length * CLOCK_IDENTITY_OCTETS);
    array(uint64, path.length).write(viewOf(value), 0, path);
    return value;
  },
};

/** 16.3.3; another time scale against the PTP time that the Announce is about. */
export interface AlternateTimeOffsetTlv {
  readonly kind: 'alternateTimeOffset';
  readonly keyField: number;
  readonly currentOffsetSeconds: number;
  /** At the next discontinuity: positive puts the alternate time forward. */
  readonly jumpSeconds: number;
  /** In seconds of the transmitting node's time. */
  readonly timeOfNextJump: number;
  readonly displayName: string;
}

const offsets = layout({
  keyField: uint8,
  currentOffsetSeconds: int32,
  jumpSeconds: int32,
  timeOfNextJump: uint48,
  nameOctets: uint8,
});
const OFFSETS_OCTETS = 16;

const alternateTimeOffset: TlvCodec<AlternateTimeOffsetTlv> = {
  decode: (value) => {
    const decoded = offsets.decode(value);
    if (!decoded.ok) return failure('tlv-too-short', decoded.error.message);
    const { nameOctets, ...fixed } = decoded.value;
    const name = value.subarray(OFFSETS_OCTETS, OFFSETS_OCTETS + nameOctets);
    if (name.length < nameOctets) {
      return failure('tlv-too-short', 'displayName goes beyond its TLV');
    }
    return success({ kind: 'alternateTimeOffset', ...fixed, displayName: decodeUtf8(name) });
  },
  encode: (tlv) => {
    const name = encodeUtf8(tlv.displayName);
    return evenly(concatOctets(offsets.encode({ ...tlv, nameOctets: name.length }), name));
  },
};

/** An inaccuracy: never more than, and the variance of it in square seconds. */
const inaccuracy = group({ max: timeInterval, variance: float64 });

const enhancedAccuracyMetrics = fixedTlv('enhancedAccuracyMetrics', {
  bcHopCount: uint8,
  tcHopCount: followedBy(uint8, 2),
  grandmaster: inaccuracy,
  transient: inaccuracy,
  dynamic: inaccuracy,
  staticInstance: inaccuracy,
  staticMedium: inaccuracy,
});

export type EnhancedAccuracyMetricsTlv = DecodedBy<typeof enhancedAccuracyMetrics>;
export type AnnounceTlv = PathTraceTlv | AlternateTimeOffsetTlv | EnhancedAccuracyMetricsTlv;

export const ANNOUNCE_TLVS = {
  pathTrace: { type: TLV_TYPE.pathTrace, codec: pathTrace },
  alternateTimeOffset: {
    type: TLV_TYPE.alternateTimeOffsetIndicator,
    codec: alternateTimeOffset,
  },
  enhancedAccuracyMetrics: {
    type: TLV_TYPE.enhancedAccuracyMetrics,
    codec: enhancedAccuracyMetrics,
  },
} as const;
