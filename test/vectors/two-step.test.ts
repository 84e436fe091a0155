/**
 * Two-step ports in conversation: followers that come early, late, twice or never, masters and
 * requesters beside each other, and what is counted of it.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { Conversation, Outcome, STAY_NS, by } from './conversation.js';
import { TAGGED_VID } from './generate.js';
import {
  CLIENT,
  MASTER,
  type Message,
  NS,
  TWO_STEP,
  type Way,
  announce,
  delayReq,
  delayResp,
  followUp,
  frameOf,
  pdelayReq,
  pdelayResp,
  pdelayRespFollowUp,
  sync,
} from './messages.js';
import { type Program, VirtualSwitch, planOf } from './virtual-switch.js';

/** GM at port 1, one-step; clients at ports 2 (two-step) and 3 (one-step). */
const PLAN: SwitchPlan = { ...planOf(1, 2, 3), twoStepPorts: [2] };
/** The GM's port is the two-step one. */
const TOWARDS_MASTER: SwitchPlan = { ...planOf(1, 2, 3), twoStepPorts: [1] };

const RECORDED = 0;
const APPLIED = 1;
const GENERATED = 2;
const WAITED = 3;
const UNMATCHED = 4;
const UNMATCHED_RESPONSE = 6;
const DROP_UNMATCHED = 14;
const DROP_TOO_LONG = 9;

const SECOND_NS = 1_000_000_000n;
const PATIENCE_NS = 10_000_000n;
const LIFETIME_NS = 2n * SECOND_NS;
const RESIDENCE = STAY_NS * NS;

const OTHER_MASTER = { clock: MASTER.clock + 1n, port: 1 };

const more = (one: Message, addend: bigint): Message => ({
  ...one,
  correctionField: one.correctionField + addend,
});

const WAYS: readonly (readonly [string, Partial<Way>])[] = [
  ['Ethernet', {}],
  ['UDP/IPv4', { transport: 'ipv4' }],
  ['UDP/IPv6', { transport: 'ipv6' }],
];

/**
 * main_bmv2 lets a frame wait by sending it round through ingress, which takes no time on a clock
 * that the test sets: the engine ends the loop. bmv2.e2e.test.ts has these cases on simple_switch.
 */
const canWait = (program: Program): boolean => program === 'main_native';

const PROGRAMS: readonly Program[] = ['main_native', 'main_bmv2'];
const CASES = PROGRAMS.flatMap((program) =>
  WAYS.map(([name, way]) => ({ program, transport: name, way })),
);

describe.each(CASES)('$program over $transport: Sync and Follow_Up', ({ program, way }) => {
  let talk: Conversation;
  beforeEach(async () => {
    talk = new Conversation(await VirtualSwitch.open(program, PLAN), way);
  });
  afterEach(() => {
    talk.device.close();
  });

  const flagged = (sequenceId: number, source = MASTER): Message =>
    sync({ sequenceId, source, flags: TWO_STEP });
  const count = (what: number): (() => bigint) => talk.counting('two_step', 2, 16, what);

  it('a two-step Sync leaves as it came, and its Follow_Up says how long it stayed', () => {
    talk
      .receives(flagged(7))
      .on(1)
      .sends(by(2, flagged(7)), by(3, more(flagged(7), RESIDENCE)));
    const after = followUp({ sequenceId: 7, correctionField: 5n });
    talk
      .receives(after)
      .on(1, 77_000n)
      .sends(by(2, more(after, RESIDENCE)), by(3, after));
  });

  it('a one-step Sync gets its flag set and a Follow_Up of its own', () => {
    const generated = count(GENERATED);
    const one = sync({ sequenceId: 8, correctionField: 9n * NS });
    talk
      .receives(one)
      .on(1)
      .sends(
        by(2, { ...one, flags: TWO_STEP }),
        by(2, followUp({ sequenceId: 8, correctionField: RESIDENCE })),
        by(3, more(one, RESIDENCE)),
      );
    expect(generated()).toBe(1n);
  });

  it.runIf(canWait(program))('a Follow_Up that is before its Sync waits for it', () => {
    const [waited, applied] = [count(WAITED), count(APPLIED)];
    talk
      .receives(followUp({ sequenceId: 9 }))
      .on(1)
      .sends(by(3, followUp({ sequenceId: 9 })));
    talk
      .receives(flagged(9))
      .on(1)
      .sends(
        by(2, flagged(9)),
        by(2, followUp({ sequenceId: 9, correctionField: RESIDENCE })),
        by(3, more(flagged(9), RESIDENCE)),
      );
    expect([waited(), applied()]).toEqual([1n, 1n]);
  });

  it.runIf(canWait(program))(
    'a Follow_Up whose Sync never comes is dropped after ten milliseconds, and counted',
    () => {
      const unmatched = count(UNMATCHED);
      const dropped = talk.counting('egress_dropped', 2, 32, DROP_UNMATCHED);
      talk
        .receives(followUp({ sequenceId: 10 }))
        .on(1)
        .sends(by(3, followUp({ sequenceId: 10 })));
      talk.waits(PATIENCE_NS + 1_000_000n).sendsNothing();
      expect([unmatched(), dropped()]).toEqual([1n, 1n]);
      // Its Sync, when it comes at last, is followed by nothing.
      talk
        .receives(flagged(10))
        .on(1)
        .sends(by(2, flagged(10)), by(3, more(flagged(10), RESIDENCE)));
      talk.waits(PATIENCE_NS).sendsNothing();
    },
  );

  it('a lost Follow_Up is nobody else’s: the next one is right', () => {
    talk.receives(flagged(20)).on(1, 9_000n);
    talk.receives(flagged(21)).on(1, 5_000n);
    const after = followUp({ sequenceId: 21 });
    talk
      .receives(after)
      .on(1)
      .sends(by(2, more(after, 5_000n * NS)), by(3, after));
  });

  it('a duplicate Follow_Up is dropped: one Sync, one correction', () => {
    const [applied, unmatched] = [count(APPLIED), count(UNMATCHED)];
    talk.receives(flagged(30)).on(1);
    const after = followUp({ sequenceId: 30 });
    talk
      .receives(after)
      .on(1)
      .sends(by(2, more(after, RESIDENCE)), by(3, after));
    talk.receives(after).on(1).sends(by(3, after));
    talk.waits(PATIENCE_NS + 1_000_000n).sendsNothing();
    expect([applied(), unmatched()]).toEqual([1n, 1n]);
  });

  it('of a duplicate Sync the later residence counts', () => {
    talk.receives(flagged(31)).on(1, 3_000n);
    talk.receives(flagged(31)).on(1, 8_000n);
    const after = followUp({ sequenceId: 31 });
    talk
      .receives(after)
      .on(1)
      .sends(by(2, more(after, 8_000n * NS)), by(3, after));
  });

  it('sequenceId wraps without a gap', () => {
    for (const sequenceId of [0xfffe, 0xffff, 0, 1]) {
      talk.receives(flagged(sequenceId)).on(1);
      const after = followUp({ sequenceId });
      talk
        .receives(after)
        .on(1)
        .sends(by(2, more(after, RESIDENCE)), by(3, after));
    }
  });

  it.runIf(canWait(program))(
    'a sequenceId that comes round again after its record’s life is a new one',
    () => {
      talk.receives(flagged(40)).on(1, 9_000n);
      talk.waits(LIFETIME_NS + 1_000_000n);
      const after = followUp({ sequenceId: 40 });
      talk.receives(after).on(1).sends(by(3, after));
      talk
        .receives(flagged(40))
        .on(1)
        .sends(
          by(2, flagged(40)),
          by(2, more(after, RESIDENCE)),
          by(3, more(flagged(40), RESIDENCE)),
        );
    },
  );

  it('a record is good until its life ends', () => {
    talk.receives(flagged(41)).on(1);
    talk.waits(LIFETIME_NS - 10_000_000n);
    const after = followUp({ sequenceId: 41 });
    talk
      .receives(after)
      .on(1)
      .sends(by(2, more(after, RESIDENCE)), by(3, after));
  });

  it('two masters with the same sequenceIds are not mixed up', () => {
    talk.receives(flagged(50)).on(1, 3_000n);
    talk.receives(flagged(50, OTHER_MASTER)).on(1, 8_000n);
    const [one, other] = [
      followUp({ sequenceId: 50 }),
      followUp({ sequenceId: 50, source: OTHER_MASTER }),
    ];
    talk
      .receives(other)
      .on(1)
      .sends(by(2, more(other, 8_000n * NS)), by(3, other));
    talk
      .receives(one)
      .on(1)
      .sends(by(2, more(one, 3_000n * NS)), by(3, one));
  });

  it.each([
    ['domain', { domain: 3 }],
    ['majorSdoId', { sdoId: 0x100 }],
    ['minorSdoId', { sdoId: 0x001 }],
    ['portNumber', { source: { clock: MASTER.clock, port: 2 } }],
  ])('another %s is another exchange', (_, different) => {
    talk.receives(flagged(60)).on(1, 3_000n);
    talk.receives({ ...flagged(60), ...different }).on(1, 8_000n);
    const one = followUp({ sequenceId: 60 });
    const other = followUp({ sequenceId: 60, ...different });
    talk
      .receives(one)
      .on(1)
      .sends(by(2, more(one, 3_000n * NS)), by(3, one));
    talk
      .receives(other)
      .on(1)
      .sends(by(2, more(other, 8_000n * NS)), by(3, other));
  });

  it('another VLAN is another exchange', () => {
    const tagged = { ...way, tags: [{ tpid: 0x8100 as const, vid: TAGGED_VID, pcp: 0 }] };
    talk.receives(flagged(65)).on(1, 3_000n);
    talk.receives(flagged(65), tagged).on(1, 8_000n);
    const after = followUp({ sequenceId: 65 });
    talk
      .receives(after)
      .on(1)
      .sends(by(2, more(after, 3_000n * NS)), by(3, after));
    talk
      .receives(after, tagged)
      .on(1)
      .sends(by(2, more(after, 8_000n * NS)), by(3, after));
  });

  it('a Follow_Up from another port than its Sync’s finds nothing', () => {
    talk.receives(flagged(61)).on(1);
    const after = followUp({ sequenceId: 61 });
    talk.receives(after).on(3).sends(by(1, after));
    talk.waits(PATIENCE_NS + 1_000_000n).sendsNothing();
  });

  it('what is recorded saturates at "too big", and less than nothing is added too', () => {
    const top = (1n << 63n) - 1n;
    talk.receives(flagged(62)).on(1);
    talk
      .receives(followUp({ sequenceId: 62, correctionField: top - 1n }))
      .on(1)
      .sends(
        by(2, followUp({ sequenceId: 62, correctionField: top })),
        by(3, followUp({ sequenceId: 62, correctionField: top - 1n })),
      );
    talk.receives(flagged(63)).on(1);
    const below = followUp({ sequenceId: 63, correctionField: -RESIDENCE - 1n });
    talk
      .receives(below)
      .on(1)
      .sends(by(2, { ...below, correctionField: -1n }), by(3, below));
  });

  it('a Follow_Up right behind its Sync, in one burst, finds the record', () => {
    const start = talk.nowNs;
    talk.device.arrive(1, frameOf(flagged(70), way), start);
    talk.device.arrive(1, frameOf(followUp({ sequenceId: 70 }), way), start + 1_000n);
    const sent = talk.device.run(start + 9_000n).filter(({ port }) => port === 2);
    const residence = 9_000n * NS;
    new Outcome(sent, way).sends(
      by(2, flagged(70)),
      by(2, followUp({ sequenceId: 70, correctionField: residence })),
    );
  });

  it('counts what it records and applies', () => {
    const [recorded, applied] = [count(RECORDED), count(APPLIED)];
    const sent = talk.counting('ptp_sent', 2, 16, 8);
    talk.receives(flagged(64)).on(1);
    talk.receives(followUp({ sequenceId: 64 })).on(1);
    expect([recorded(), applied(), sent()]).toEqual([1n, 1n, 1n]);
  });

  it('an Announce passes between them untouched', () => {
    talk.receives(announce()).on(1).sends(by(2, announce()), by(3, announce()));
  });
});

describe.each(CASES)('$program over $transport: requests leaving two-step', ({ program, way }) => {
  let talk: Conversation;
  beforeEach(async () => {
    talk = new Conversation(await VirtualSwitch.open(program, TOWARDS_MASTER), way);
  });
  afterEach(() => {
    talk.device.close();
  });

  const ask = (sequenceId: number, client = CLIENT): Message =>
    delayReq({ sequenceId, source: client });
  const answer = (sequenceId: number, client = CLIENT): Message =>
    delayResp({ sequenceId, requesting: client, correctionField: 11n });

  it('a Delay_Req’s residence is in the Delay_Resp, towards the asker only', () => {
    talk
      .receives(ask(1))
      .on(2)
      .sends(by(1, ask(1)), by(3, more(ask(1), RESIDENCE)));
    talk
      .receives(answer(1))
      .on(1)
      .sends(by(2, more(answer(1), RESIDENCE)), by(3, answer(1)));
  });

  it('a Delay_Resp that nobody asked for goes nowhere, and is counted', () => {
    const stray = talk.counting('two_step', 1, 16, UNMATCHED_RESPONSE);
    talk.receives(answer(2)).on(1).sendsNothing();
    expect(stray()).toBeGreaterThanOrEqual(1n);
  });

  it('a duplicate Delay_Resp does not reach the asker again', () => {
    talk.receives(ask(3)).on(2);
    talk.receives(answer(3)).on(1);
    talk
      .receives(answer(3))
      .on(1)
      .sends(by(3, answer(3)));
  });

  it('clients behind two ports with the same sequenceId each get their own', () => {
    const other = { clock: CLIENT.clock + 1n, port: 1 };
    talk.receives(ask(4)).on(2, 3_000n);
    talk.receives(ask(4, other)).on(3, 8_000n);
    const [one, two] = [answer(4), answer(4, other)];
    talk
      .receives(two)
      .on(1)
      .sends(by(2, two), by(3, more(two, 8_000n * NS)));
    talk
      .receives(one)
      .on(1)
      .sends(by(2, more(one, 3_000n * NS)), by(3, one));
  });

  it('a lost Delay_Resp leaves nothing behind for the next', () => {
    talk.receives(ask(5)).on(2, 9_000n);
    talk.receives(ask(6)).on(2, 2_000n);
    talk
      .receives(answer(6))
      .on(1)
      .sends(by(2, more(answer(6), 2_000n * NS)), by(3, answer(6)));
  });

  it('an answer after its record’s life is dropped', () => {
    talk.receives(ask(7)).on(2);
    talk.waits(LIFETIME_NS + 1_000_000n);
    talk.receives(answer(7)).on(1).sendsNothing();
  });

  it('Pdelay_Req’s residence is in Pdelay_Resp, beside its own', () => {
    const request = pdelayReq({ sequenceId: 8 });
    const response = pdelayResp({ sequenceId: 8, flags: TWO_STEP });
    talk.receives(request).on(2, 3_000n);
    talk
      .receives(response)
      .on(1, 2_000n)
      .sends(by(2, more(response, 5_000n * NS)), by(3, more(response, 2_000n * NS)));
    const after = pdelayRespFollowUp({ sequenceId: 8 });
    talk.receives(after).on(1).sends(by(2, after), by(3, after));
  });

  it('a thousand requesters at once are all answered right', () => {
    const clients = Array.from({ length: 1000 }, (_, i) => ({
      clock: 0x1000n + BigInt(i),
      port: 1,
    }));
    const overwritten = talk.counting('two_step', 1, 16, 5);
    clients.forEach((client, i) => {
      const stay = BigInt(1 + (i % 50)) * 1000n;
      talk.device.pass(2, frameOf(ask(i, client), way), talk.nowNs, talk.nowNs + stay);
      talk.nowNs += stay;
    });
    const wrong = clients.filter((client, i) => {
      const residence = BigInt(1 + (i % 50)) * 1000n * NS;
      const sent = talk.device.pass(
        1,
        frameOf(answer(i, client), way),
        talk.nowNs,
        talk.nowNs + 1000n,
      );
      talk.nowNs += 1000n;
      const right = frameOf(more(answer(i, client), residence), way);
      const towards = sent.find(({ port }) => port === 2);
      return Buffer.compare(towards?.frame ?? new Uint8Array(0), right) !== 0;
    });
    expect(overwritten()).toBe(0n);
    expect(wrong).toEqual([]);
  });
});

describe.each(PROGRAMS)('%s: a burst of requests', (program) => {
  it('a thousand that leave in one go all have their own record', async () => {
    const device = await VirtualSwitch.open(program, TOWARDS_MASTER);
    const clients = Array.from({ length: 1000 }, (_, i) => ({ clock: BigInt(i) << 20n, port: i }));
    const start = 7n * SECOND_NS;
    clients.forEach((source, i) => {
      device.arrive(2, frameOf(delayReq({ source, sequenceId: 1 })), start + BigInt(i) * 1_000n);
    });
    const leftNs = start + 2_000_000n;
    expect(device.run(leftNs).filter(({ port }) => port === 1)).toHaveLength(1000);
    const wrong = clients.filter((requesting, i) => {
      const answer = delayResp({ requesting, sequenceId: 1 });
      const sent = device.pass(1, frameOf(answer), leftNs, leftNs + 1_000n);
      const residence = (leftNs - start - BigInt(i) * 1_000n) * NS;
      const right = frameOf(more(answer, residence));
      const towards = sent.find(({ port }) => port === 2)?.frame ?? new Uint8Array(0);
      return Buffer.compare(towards, right) !== 0;
    });
    device.close();
    expect(wrong).toEqual([]);
  });
});

describe.each(PROGRAMS)('%s: limits of residence at a two-step port', (program) => {
  it('no Follow_Up leaves for a Sync that stayed too long', async () => {
    const timing = {
      port: 2,
      ingressLatency: 0n,
      egressLatency: 0n,
      asymmetry: 0n,
      residenceLimitNs: 50_000n,
    };
    const device = await VirtualSwitch.open(program, { ...PLAN, timing: [timing] });
    const talk = new Conversation(device);
    const tooLong = talk.counting('egress_dropped', 2, 32, DROP_TOO_LONG);
    const one = sync({ sequenceId: 1 });
    const flagged = sync({ sequenceId: 2, flags: TWO_STEP });
    talk
      .receives(one)
      .on(1, 51_000n)
      .sends(by(2, { ...one, flags: TWO_STEP }), by(3, more(one, 51_000n * NS)));
    talk.receives(flagged).on(1, 51_000n);
    talk
      .receives(followUp({ sequenceId: 2 }))
      .on(1)
      .sends(by(3, followUp({ sequenceId: 2 })));
    expect(tooLong()).toBe(2n);
    talk.waits(20_000_000n).sendsNothing();
    device.close();
  });
});
