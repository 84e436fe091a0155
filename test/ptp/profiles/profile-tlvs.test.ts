import { describe, expect, it } from 'vitest';
import { ppb } from '#units/time';
import type { Tlv } from '#wire/ptp-message';
import type { AlternateTimeOffsetTlv } from '#wire/tlv/announce';
import { encodeTlv, findTlv } from '#wire/tlv/known-tlv';
import {
  announceRefusal,
  followUpInformationTlv,
  phaseChangeOf,
  profileAnnounceTlvs,
  type AnnounceTlvContext,
} from '#ptp/profiles/profile-tlvs';

const ZONE: AlternateTimeOffsetTlv = {
  kind: 'alternateTimeOffset',
  keyField: 1,
  currentOffsetSeconds: 3_600,
  jumpSeconds: 3_600,
  timeOfNextJump: 1_774_746_037,
  displayName: 'CET',
};
const POWER_2011 = ['power2011', 'alternateTimeOffset'] as const;
const OWN = { powerGrandmasterId: 7, timeInaccuracyNs: 250, alternateTimeOffsets: [ZONE] };
const grandmaster: AnnounceTlvContext = { parent: null, own: OWN, inaccuracyNs: null };

function boundary(parent: readonly Tlv[], inaccuracyNs: number | null = 200): AnnounceTlvContext {
  return {
    parent,
    own: { powerGrandmasterId: 9, timeInaccuracyNs: 5, alternateTimeOffsets: [] },
    inaccuracyNs,
  };
}

describe('a grandmaster of C37.238-2011', () => {
  it('says who it is and how inaccurate, first of all, and then the local time', () => {
    const tlvs = profileAnnounceTlvs(POWER_2011, grandmaster);
    expect(tlvs).toHaveLength(2);
    expect(findTlv(tlvs.slice(0, 1), 'power2011')).toEqual({
      kind: 'power2011',
      grandmasterId: 7,
      grandmasterTimeInaccuracyNs: 250,
      networkTimeInaccuracyNs: 0,
    });
    expect(findTlv(tlvs.slice(1), 'alternateTimeOffset')).toEqual(ZONE);
  });

  it('says UTC where no local time was given, since the TLV has to be there', () => {
    const own = { ...OWN, alternateTimeOffsets: [] };
    const tlvs = profileAnnounceTlvs(POWER_2011, { ...grandmaster, own });
    expect(findTlv(tlvs, 'alternateTimeOffset')).toMatchObject({ currentOffsetSeconds: 0 });
  });
});

describe('boundary clocks in a row', () => {
  it('of 2011 add to the network’s inaccuracy and leave the grandmaster’s', () => {
    let tlvs = profileAnnounceTlvs(POWER_2011, grandmaster);
    for (let hop = 0; hop < 3; hop += 1) tlvs = profileAnnounceTlvs(POWER_2011, boundary(tlvs));
    expect(findTlv(tlvs, 'power2011')).toMatchObject({
      grandmasterId: 7,
      grandmasterTimeInaccuracyNs: 250,
      networkTimeInaccuracyNs: 600,
    });
    // The alternate time goes on by its type, with whatever else is propagated.
    expect(tlvs.map((tlv) => tlv.type)).toEqual([0x0003]);
  });

  it('of 2017 add to the total', () => {
    let tlvs = profileAnnounceTlvs(['power2017'], grandmaster);
    for (let hop = 0; hop < 3; hop += 1) tlvs = profileAnnounceTlvs(['power2017'], boundary(tlvs));
    expect(findTlv(tlvs, 'power2017')).toMatchObject({
      grandmasterId: 7,
      totalTimeInaccuracyNs: 850,
    });
  });

  it.each([
    [
      'does not know its own',
      () => boundary(profileAnnounceTlvs(['power2017'], grandmaster), null),
    ],
    ['has a parent that says nothing', () => boundary([])],
    [
      'adds beyond what can be said',
      () => boundary(profileAnnounceTlvs(['power2017'], grandmaster), 2 ** 33),
    ],
  ])('say that it is too much when one %s', (_what, context) => {
    const tlvs = profileAnnounceTlvs(['power2017'], context());
    expect(findTlv(tlvs, 'power2017')?.totalTimeInaccuracyNs).toBe(0xffffffff);
  });
});

describe('an Announce', () => {
  const complete = profileAnnounceTlvs(POWER_2011, grandmaster);

  it('counts by C37.238-2011 with both of its TLVs alone', () => {
    expect(announceRefusal(POWER_2011, complete)).toBeNull();
    expect(announceRefusal(POWER_2011, complete.slice(1))).toBe('without power2011');
    expect(announceRefusal(POWER_2011, complete.slice(0, 1))).toBe('without alternateTimeOffset');
    expect(announceRefusal(POWER_2011, [])).toBe('without power2011 and alternateTimeOffset');
  });

  it('counts by the others without', () => {
    expect(announceRefusal(['power2017'], [])).toBeNull();
    expect(announceRefusal([], [])).toBeNull();
  });
});

describe('Follow_Up information', () => {
  const received = encodeTlv({
    kind: 'followUpInformation',
    cumulativeScaledRateOffset: 12_345,
    gmTimeBaseIndicator: 6,
    lastGmPhaseChange: -(5n << 16n),
    scaledLastGmFreqChange: -77,
  });

  it('tells our rate, and gives on what the grandmaster said', () => {
    const tlv = followUpInformationTlv(ppb(10_000), [received]);
    expect(findTlv([tlv], 'followUpInformation')).toEqual({
      kind: 'followUpInformation',
      // 10 ppm × 2^41
      cumulativeScaledRateOffset: 21_990_233,
      gmTimeBaseIndicator: 6,
      lastGmPhaseChange: -(5n << 16n),
      scaledLastGmFreqChange: -77,
    });
  });

  it('of a grandmaster has a time base that never changed', () => {
    expect(findTlv([followUpInformationTlv(ppb(0), null)], 'followUpInformation')).toMatchObject({
      cumulativeScaledRateOffset: 0,
      gmTimeBaseIndicator: 0,
      lastGmPhaseChange: 0n,
    });
  });

  it('stays within its 32 bits', () => {
    const tlv = followUpInformationTlv(ppb(5e6), null);
    expect(findTlv([tlv], 'followUpInformation')?.cumulativeScaledRateOffset).toBe(2 ** 31 - 1);
  });

  it('explains a phase change', () => {
    expect(phaseChangeOf([received])).toEqual({ gmTimeBaseIndicator: 6, lastGmPhaseChangeNs: -5 });
    expect(phaseChangeOf([])).toBeNull();
  });
});
