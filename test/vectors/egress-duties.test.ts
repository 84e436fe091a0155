/**
 * What is done to a message on its way out beside its correction: the rate, the VLAN's form, priority
 * marking, and options that are skipped over.
 */
import { describe, expect, it } from 'vitest';
import type { VlanTag } from '#lab/bench/frames';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { CASES, PROGRAMS, talkTo } from './cases.js';
import { STAY_NS, by } from './conversation.js';
import { TAGGED_VID } from './generate.js';
import {
  type Message,
  NS,
  TWO_STEP,
  announce,
  delayReq,
  followUp,
  frameOf,
  management,
  sync,
} from './messages.js';
import { Frame, rightUdpChecksum } from './reference-clock/anatomy.js';
import { atRate } from './reference-clock/arithmetic.js';
import { planOf } from './virtual-switch.js';

const more = (one: Message, addend: bigint): Message => ({
  ...one,
  correctionField: one.correctionField + addend,
});

describe.each(CASES)('$program over $transport: the rate', ({ program, way }) => {
  const STAY = 1_000_000n;

  it.each([100, -100, 0.001, -0.001, 450, -450])('%d ppm on a millisecond', async (ppm) => {
    const rateOffset = Math.round((ppm * 2 ** 41) / 1e6);
    const worth = atRate(STAY, rateOffset);
    expect(Number(worth - STAY * NS) / 65536).toBeCloseTo(ppm, 3);
    const rates = [{ sdoId: 0x100, domainNumber: 4, rateOffset }];
    const talk = await talkTo(program, { ...planOf(1, 2, 3), rates, twoStepPorts: [2] }, way);
    const one = sync({ domain: 4, sdoId: 0x100, correctionField: 3n });
    const made = followUp({ domain: 4, sdoId: 0x100, correctionField: worth });
    talk
      .receives(one)
      .on(1, STAY)
      .sends(by(2, { ...one, flags: TWO_STEP }), by(2, made), by(3, more(one, worth)));
  });

  it('is that of the message’s own instance', async () => {
    const rates = [{ sdoId: 0, domainNumber: 4, rateOffset: 1 << 28 }];
    const talk = await talkTo(program, { ...planOf(1, 2), rates }, way);
    const other = sync({ domain: 5 });
    talk
      .receives(other)
      .on(1, STAY)
      .sends(by(2, more(other, STAY * NS)));
    const sdo = sync({ domain: 4, sdoId: 1 });
    talk
      .receives(sdo)
      .on(1, STAY)
      .sends(by(2, more(sdo, STAY * NS)));
  });

  it('counts for residence only, not for what the ports add', async () => {
    const rateOffset = 1 << 30;
    const timing = [
      {
        port: 1,
        ingressLatency: 1000n * NS,
        egressLatency: 0n,
        asymmetry: 77n,
        residenceLimitNs: 0n,
      },
      {
        port: 2,
        ingressLatency: 0n,
        egressLatency: 500n * NS,
        asymmetry: 0n,
        residenceLimitNs: 0n,
      },
    ];
    const rates = [{ sdoId: 0, domainNumber: 0, rateOffset }];
    const talk = await talkTo(program, { ...planOf(1, 2), rates, timing }, way);
    const added = atRate(STAY, rateOffset) + 1500n * NS + 77n;
    talk
      .receives(sync())
      .on(1, STAY)
      .sends(by(2, more(sync(), added)));
  });

  it('of a long stay loses no bit', async () => {
    const rateOffset = -(2 ** 31);
    const rates = [{ sdoId: 0, domainNumber: 0, rateOffset }];
    const talk = await talkTo(program, { ...planOf(1, 2), rates }, way);
    const stay = 140_000_000_000_000n; // a day and a half, below 2^47 ns
    talk
      .receives(delayReq())
      .on(1, stay)
      .sends(by(2, more(delayReq(), atRate(stay, rateOffset))));
  });
});

describe.each(CASES)('$program over $transport: marking', ({ program, way }) => {
  const tag = (pcp: number): VlanTag => ({ tpid: 0x8100, vid: TAGGED_VID, pcp });
  const marked = (pcp: number | null, dscp: number | null): SwitchPlan => ({
    ...planOf(1, 2, 3),
    twoStepPorts: [3],
    marking: [2, 3].map((port) => ({ port, pcp, dscp })),
  });
  /** ECN stays: the low two bits. */
  const trafficClass = (dscp: number): number => (dscp << 2) | 2;
  const coming = { ...way, tags: [tag(1)], trafficClass: trafficClass(0) };

  it.each([
    ['a PCP', 7, null],
    ['a DSCP', null, 46],
    ['both', 6, 56],
    ['zeros', 0, 0],
  ])('sets %s on events, general messages and what it makes', async (_, pcp, dscp) => {
    const talk = await talkTo(program, marked(pcp, dscp));
    const leaving = {
      ...way,
      tags: [tag(pcp ?? 1)],
      trafficClass: trafficClass(dscp ?? 0),
    };
    const residence = STAY_NS * NS;
    talk
      .receives(sync(), coming)
      .on(1)
      .sends(
        by(2, more(sync(), residence), leaving),
        by(3, sync({ flags: TWO_STEP }), leaving),
        by(3, followUp({ correctionField: residence }), leaving),
      );
    talk
      .receives(announce(), coming)
      .on(1)
      .sends(by(2, announce(), leaving), by(3, announce(), leaving));
  });

  it('leaves ports alone that have no entry, and frames without a tag untagged', async () => {
    const talk = await talkTo(program, marked(7, 46));
    const one = delayReq();
    talk
      .receives(one, way)
      .on(2)
      .sends(by(1, more(one, STAY_NS * NS), way), by(3, one, { ...way, trafficClass: 0xb8 }));
    const plain = { ...way, trafficClass: trafficClass(1) };
    talk
      .receives(announce(), plain)
      .on(1)
      .sends(
        by(2, announce(), { ...way, trafficClass: trafficClass(46) }),
        by(3, announce(), { ...way, trafficClass: trafficClass(46) }),
      );
  });

  it('marks PTP only', async () => {
    const talk = await talkTo(program, marked(7, 46));
    const other = frameOf(announce(), { ...coming, transport: 'ipv4' });
    other[14 + 4 + 20 + 3] = 99; // another UDP port
    talk.receives(other).on(1).sends(by(2, other), by(3, other));
  });
});

describe.each(CASES)('$program over $transport: VLAN forms', ({ program, way }) => {
  const VID = 30;
  /** Untagged at port 1, tagged at ports 2 (one-step) and 3 (two-step). */
  const plan: SwitchPlan = {
    ...planOf(1, 2, 3),
    vlans: [{ vid: VID, untagged: [1], tagged: [2, 3] }],
    twoStepPorts: [3],
  };
  const tagged = { ...way, tags: [{ tpid: 0x8100 as const, vid: VID, pcp: 0 }] };

  it('a tag is added, and the correction is where it belongs', async () => {
    const talk = await talkTo(program, plan, way);
    const residence = STAY_NS * NS;
    talk
      .receives(sync())
      .on(1)
      .sends(
        by(2, more(sync(), residence), tagged),
        by(3, sync({ flags: TWO_STEP }), tagged),
        by(3, followUp({ correctionField: residence }), tagged),
      );
  });

  it('a tag is taken off', async () => {
    const talk = await talkTo(program, plan, way);
    const one = delayReq();
    talk
      .receives(one, tagged)
      .on(2)
      .sends(by(1, more(one, STAY_NS * NS), way), by(3, one, tagged));
  });

  it('an inner tag stays', async () => {
    const inner = { tpid: 0x8100 as const, vid: 99, pcp: 4 };
    const talk = await talkTo(program, plan, way);
    const both = { ...way, tags: [...tagged.tags, inner] };
    const one = delayReq();
    talk
      .receives(one, both)
      .on(2)
      .sends(by(1, more(one, STAY_NS * NS), { ...way, tags: [inner] }), by(3, one, both));
  });
});

describe.each(PROGRAMS)('%s: IPv4 options', (program) => {
  it.each([1, 2, 5, 10])('of %d words are skipped over, one-step and two-step', async (words) => {
    const ipOptions = new Uint8Array(4 * words).fill(1);
    const way = { transport: 'ipv4' as const, ipOptions };
    const talk = await talkTo(program, { ...planOf(1, 2, 3), twoStepPorts: [2] }, way);
    const residence = STAY_NS * NS;
    talk
      .receives(sync())
      .on(1)
      .sends(
        by(2, sync({ flags: TWO_STEP })),
        by(2, followUp({ correctionField: residence })),
        by(3, more(sync(), residence)),
      );
  });
});

describe.each(CASES)('$program over $transport: Management', ({ program, way }) => {
  it('loses a hop between PTP ports, and passes where PTP is off', async () => {
    const talk = await talkTo(program, planOf(1, 2), way);
    const one = frameOf(management({ boundaryHops: 5 }), way);
    const { sent } = talk.receives(one).on(1);
    // startingBoundaryHops stays, boundaryHops behind it does not.
    const at = one.length - 4;
    expect([...(sent[0]?.frame.subarray(at, at + 2) ?? [])]).toEqual([5, 4]);
    const { udp } = new Frame(sent[0]?.frame ?? one);
    if (udp !== null && way.checksum !== 'zero') {
      const left = new Frame(sent[0]?.frame ?? one);
      expect(left.u16(udp + 6)).toBe(rightUdpChecksum(left));
    }
    talk.device.close();
    const off = await talkTo(program, { ...planOf(1, 2), ptpMode: 0 }, way);
    off
      .receives(management({ boundaryHops: 0 }))
      .on(1)
      .sends(by(2, management({ boundaryHops: 0 })));
  });
});
