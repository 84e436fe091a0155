/**
 * What profiles add to messages, and ask of those of others: IEEE C37.238's inaccuracies, which every
 * boundary clock adds its own to, a grandmaster's alternate time, and 802.1AS's Follow_Up information.
 */
import { ppbValue, type Ppb } from '#units/time';
import type { Tlv } from '#wire/ptp-message';
import type { AlternateTimeOffsetTlv } from '#wire/tlv/announce';
import { encodeTlv, findTlv } from '#wire/tlv/known-tlv';
import type { PhaseChange } from '../sanity/explained-jump.js';
import type { ProfileTlv } from './profile.js';

/** What our own Announces say if we are the grandmaster. */
export interface OwnAnnounceTlvs {
  /** C37.238: 3 to 254, and 0 for not configured. */
  readonly powerGrandmasterId: number;
  /** C37.238: how far the time source may be from the truth, in nanoseconds; null: not known. */
  readonly timeInaccuracyNs: number | null;
  readonly alternateTimeOffsets: readonly AlternateTimeOffsetTlv[];
}

export interface AnnounceTlvContext {
  /** Of the parent's Announce; null: we are the grandmaster. */
  readonly parent: readonly Tlv[] | null;
  readonly own: OwnAnnounceTlvs;
  /** How far our time may be from the parent's; null: not known. Nanoseconds. */
  readonly inaccuracyNs: number | null;
}

/** "The maximum has been exceeded" (C37.238-2011 5.12.2): what is not known is no better. */
const INACCURACY_EXCEEDED = 0xffffffff;

/** The first TLVs of an Announce of ours; path trace and what is propagated by its type come after. */
export function profileAnnounceTlvs(
  tlvs: readonly ProfileTlv[],
  context: AnnounceTlvContext,
): readonly Tlv[] {
  const power2011 = tlvs.includes('power2011') ? [power2011Tlv(context)] : [];
  const power2017 = tlvs.includes('power2017') ? [power2017Tlv(context)] : [];
  // C37.238-2011 5.12: its own TLV comes first.
  return [...power2011, ...power2017, ...alternateTimeOffsets(tlvs, context)];
}

function power2011Tlv({ parent, own, inaccuracyNs }: AnnounceTlvContext): Tlv {
  if (parent === null) {
    return encodeTlv({
      kind: 'power2011',
      grandmasterId: own.powerGrandmasterId,
      grandmasterTimeInaccuracyNs: inaccuracySum(0, own.timeInaccuracyNs),
      networkTimeInaccuracyNs: 0,
    });
  }
  const received = findTlv(parent, 'power2011');
  return encodeTlv({
    kind: 'power2011',
    grandmasterId: received?.grandmasterId ?? 0,
    grandmasterTimeInaccuracyNs: received?.grandmasterTimeInaccuracyNs ?? INACCURACY_EXCEEDED,
    networkTimeInaccuracyNs: inaccuracySum(
      received?.networkTimeInaccuracyNs ?? INACCURACY_EXCEEDED,
      inaccuracyNs,
    ),
  });
}

function power2017Tlv({ parent, own, inaccuracyNs }: AnnounceTlvContext): Tlv {
  if (parent === null) {
    return encodeTlv({
      kind: 'power2017',
      grandmasterId: own.powerGrandmasterId,
      totalTimeInaccuracyNs: inaccuracySum(0, own.timeInaccuracyNs),
    });
  }
  const received = findTlv(parent, 'power2017');
  return encodeTlv({
    kind: 'power2017',
    grandmasterId: received?.grandmasterId ?? 0,
    totalTimeInaccuracyNs: inaccuracySum(
      received?.totalTimeInaccuracyNs ?? INACCURACY_EXCEEDED,
      inaccuracyNs,
    ),
  });
}

function inaccuracySum(beforeNs: number, addedNs: number | null): number {
  if (addedNs === null) return INACCURACY_EXCEEDED;
  return Math.min(INACCURACY_EXCEEDED, beforeNs + Math.ceil(addedNs));
}

/** 16.3: those of a parent go on by their type, as all do that are to be propagated. */
function alternateTimeOffsets(
  tlvs: readonly ProfileTlv[],
  { parent, own }: AnnounceTlvContext,
): readonly Tlv[] {
  if (parent !== null || !tlvs.includes('alternateTimeOffset')) return [];
  const { alternateTimeOffsets: told } = own;
  return (told.length > 0 ? told : [UTC_WITHOUT_NAME]).map(encodeTlv);
}

/** Where the profile wants the TLV and nobody configured a local time. */
const UTC_WITHOUT_NAME: AlternateTimeOffsetTlv = {
  kind: 'alternateTimeOffset',
  keyField: 0,
  currentOffsetSeconds: 0,
  jumpSeconds: 0,
  timeOfNextJump: 0,
  displayName: '',
};

/** Why an Announce does not count by the profile; null: it does. Only C37.238-2011 asks for TLVs. */
export function announceRefusal(
  tlvs: readonly ProfileTlv[],
  received: readonly Tlv[],
): string | null {
  if (!tlvs.includes('power2011')) return null;
  const missing = (['power2011', 'alternateTimeOffset'] as const).filter(
    (kind) => findTlv(received, kind) === undefined,
  );
  return missing.length === 0 ? null : `without ${missing.join(' and ')}`;
}

/** What a Follow_Up said of the grandmaster's time base; null: it does not speak 802.1AS. */
export function phaseChangeOf(followUp: readonly Tlv[]): PhaseChange | null {
  const information = findTlv(followUp, 'followUpInformation');
  if (information === undefined) return null;
  return {
    gmTimeBaseIndicator: information.gmTimeBaseIndicator,
    lastGmPhaseChangeNs: Number(information.lastGmPhaseChange) / 2 ** 16,
  };
}

const RATE_SCALE = 2 ** 41;
const INT32_MAX = 2 ** 31 - 1;

/**
 * 802.1AS-2020 11.4.4.3, of our own Follow_Up: cumulativeScaledRateOffset is the grandmaster's rate
 * against the clock that our peer delay stamps are of, which is the local counter. What the grandmaster
 * said of its time base goes on as it came; `parent` null: we are the grandmaster.
 */
export function followUpInformationTlv(rate: Ppb, parent: readonly Tlv[] | null): Tlv {
  const received = parent === null ? undefined : findTlv(parent, 'followUpInformation');
  const scaled = Math.round((ppbValue(rate) / 1e9) * RATE_SCALE);
  return encodeTlv({
    kind: 'followUpInformation',
    cumulativeScaledRateOffset: Math.max(-INT32_MAX - 1, Math.min(INT32_MAX, scaled)),
    gmTimeBaseIndicator: received?.gmTimeBaseIndicator ?? 0,
    lastGmPhaseChange: received?.lastGmPhaseChange ?? 0n,
    scaledLastGmFreqChange: received?.scaledLastGmFreqChange ?? 0,
  });
}
