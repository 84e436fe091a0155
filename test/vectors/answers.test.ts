/**
 * Requests that the dataplane answers itself: peer delay, one-step and two-step, and Delay_Req on
 * boundary ports. What it must say is written out message by message.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { VlanTag } from '#lab/bench/frames';
import { concat } from '#lab/bench/frames';
import type { ClockPlan, PeerDelayPlan, TimingPlan } from '#lab/bench/ptp-plan';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { Conversation, by } from './conversation.js';
import { TAGGED_VID } from './generate.js';
import {
  CLIENT,
  type Message,
  NS,
  STATION_B,
  TWO_STEP,
  type Timestamp,
  UNICAST,
  type Way,
  delayReq,
  delayResp,
  frameOf,
  pdelayReq,
  pdelayResp,
  pdelayRespFollowUp,
  sync,
} from './messages.js';
import { atRate } from './reference-clock/arithmetic.js';
import { type Program, VirtualSwitch, planOf } from './virtual-switch.js';

const PORT = 1;
const OWN = { clock: 0x0200_00ff_fe00_0001n, port: 7 };
const OWN_STATION = {
  mac: 0x0200_0000_0007n,
  ipv4: 0x0a00_0007n,
  ipv6: 0xfe80_0000_0000_0000_0000_0000_0000_0007n,
};
const OWN_ADDRESS = { port: PORT, clockIdentity: OWN.clock, portNumber: OWN.port, ...OWN_STATION };

const TIMING: TimingPlan = {
  port: PORT,
  ingressLatency: 20n * NS + 0x8000n,
  egressLatency: 3n * NS + 1n,
  asymmetry: 1000n * NS,
  residenceLimitNs: 0n,
  meanLinkDelay: 500n * NS,
};
const LATENCIES = TIMING.ingressLatency + TIMING.egressLatency;

const SECOND_NS = 1_000_000_000n;
const PEER_DELAY = 65;
const BOUNDARY = 66;

const C: VlanTag = { tpid: 0x8100, vid: TAGGED_VID, pcp: 6 };
const S: VlanTag = { tpid: 0x88a8, vid: TAGGED_VID, pcp: 5 };
const INNER: VlanTag = { tpid: 0x8100, vid: 20, pcp: 3 };

const TRANSPORTS: readonly (readonly [string, Partial<Way>])[] = [
  ['Ethernet', {}],
  ['UDP/IPv4', { transport: 'ipv4' }],
  ['UDP/IPv4 without checksum', { transport: 'ipv4', checksum: 'zero' }],
  ['UDP/IPv6', { transport: 'ipv6' }],
  ['UDP/IPv6 and two octets', { transport: 'ipv6', trailer: new Uint8Array(2) }],
];
const TAGS: readonly (readonly [string, readonly VlanTag[]])[] = [
  ['no tag', []],
  ['a C-tag', [C]],
  ['an S-tag and a C-tag', [S, INNER]],
];
const WAYS = TRANSPORTS.flatMap(([transport, way]) =>
  TAGS.flatMap(([tag, tags]) =>
    [false, true].map((unicast) => ({
      name: `${transport}, ${tag}, ${unicast ? 'unicast' : 'multicast'}`,
      way: { ...way, tags, unicast, from: STATION_B, to: OWN_STATION },
      /** How the answer travels. */
      back: {
        ...way,
        tags,
        unicast,
        from: OWN_STATION,
        to: STATION_B,
        ...(unicast ? { hops: 64 } : {}),
      },
      flags: unicast ? UNICAST : 0,
    })),
  ),
);

const PROGRAMS: readonly (readonly [Program, bigint])[] = [
  ['main_native', 1n],
  ['main_bmv2', 1000n],
];

/** An instant as PTP writes it. */
function timestamp(ns: bigint): Timestamp {
  return { seconds: ns / SECOND_NS, nanoseconds: Number(ns % SECOND_NS) };
}

const ZERO_TIME: Timestamp = { seconds: 0n, nanoseconds: 0 };
/** The answering clock's PTP time at the instant 0 of its ticks. */
const EPOCH_NS = 1_800_000_000n * SECOND_NS + 123_456_000n;
const CLOCK: ClockPlan = {
  referenceTicks: 0n,
  seconds: EPOCH_NS / SECOND_NS,
  nanoseconds: Number(EPOCH_NS % SECOND_NS),
  rateOffset: 0,
};

let open: VirtualSwitch | null = null;
afterEach(() => {
  open?.close();
  open = null;
});

async function talkTo(program: Program, plan: SwitchPlan, startNs?: bigint): Promise<Conversation> {
  open = await VirtualSwitch.open(program, plan);
  return new Conversation(open, {}, startNs);
}

function answering(twoStep: boolean, more: Partial<SwitchPlan> = {}): SwitchPlan {
  const peer: PeerDelayPlan = { ...OWN_ADDRESS, twoStep };
  return { ...planOf(1, 2), peerDelay: [peer], timing: [TIMING], ownClocks: [OWN.clock], ...more };
}

const TURNAROUND_NS = 6_000n;

describe.each(PROGRAMS)('%s answers Pdelay_Req', (program) => {
  const ask = (more: Partial<Message> = {}): Message =>
    pdelayReq({ sequenceId: 77, source: CLIENT, domain: 5, sdoId: 0x100, ...more });
  const reply = (more: Partial<Message>): Message =>
    pdelayResp({
      sequenceId: 77,
      source: OWN,
      requesting: CLIENT,
      domain: 5,
      sdoId: 0x100,
      timestamp: ZERO_TIME,
      ...more,
    });

  it.each(WAYS)('one-step over $name', async ({ way, back, flags }) => {
    const talk = await talkTo(program, answering(false));
    const answered = talk.counting('answered', PORT, 16, 2);
    const correctionField = -5n * NS + 7n;
    const said = reply({
      flags,
      correctionField: correctionField + TURNAROUND_NS * NS + LATENCIES,
    });
    talk
      .receives(ask({ flags, correctionField }), way)
      .on(PORT, TURNAROUND_NS)
      .sends(by(PORT, said, back));
    expect(answered()).toBe(1n);
  });

  it.each(WAYS)('two-step over $name', async ({ way, back, flags }) => {
    const talk = await talkTo(program, answering(true, { clock: CLOCK }));
    const correctionField = 9n * NS + 7n;
    const t2 = timestamp(EPOCH_NS + talk.nowNs);
    const t3 = timestamp(EPOCH_NS + talk.nowNs + TURNAROUND_NS);
    const after = pdelayRespFollowUp({
      ...reply({}),
      flags,
      timestamp: t3,
      correctionField: correctionField + LATENCIES,
    });
    talk
      .receives(ask({ flags, correctionField }), way)
      .on(PORT, TURNAROUND_NS)
      .sends(
        by(PORT, reply({ flags: flags | TWO_STEP, timestamp: t2 }), back),
        by(PORT, { ...after, kind: 'Pdelay_Resp_Follow_Up' }, back),
      );
  });

  it('two-step without PTP time, by its ticks', async () => {
    const talk = await talkTo(program, answering(true), 123n * SECOND_NS);
    const [t2, t3] = [timestamp(talk.nowNs), timestamp(talk.nowNs + TURNAROUND_NS)];
    const back = { from: OWN_STATION };
    const after = pdelayRespFollowUp({ ...reply({}), timestamp: t3, correctionField: LATENCIES });
    talk
      .receives(ask(), { from: STATION_B })
      .on(PORT, TURNAROUND_NS)
      .sends(
        by(PORT, reply({ flags: TWO_STEP, timestamp: t2 }), back),
        by(PORT, { ...after, kind: 'Pdelay_Resp_Follow_Up' }, back),
      );
  });

  it.each([100, -100])('scales the turnaround by %d ppm', async (ppm) => {
    const rateOffset = Math.round((ppm * 2 ** 41) / 1e6);
    const rates = [{ sdoId: 0x100, domainNumber: 5, rateOffset }];
    const talk = await talkTo(program, answering(false, { rates }));
    const correctionField = LATENCIES + atRate(1_000_000n, rateOffset);
    talk
      .receives(ask(), { from: STATION_B })
      .on(PORT, 1_000_000n)
      .sends(by(PORT, reply({ correctionField }), { from: OWN_STATION }));
  });

  it.each<readonly [string, Partial<SwitchPlan>]>([
    ['off', { ptpMode: 0 }],
    ['blocked', { ptpMode: 2 }],
    ['peer-to-peer', { ptpMode: 3 }],
    ['boundary', { ptpMode: 4 }],
    ['in no VLAN', { vlans: [] }],
  ])('on a port that is %s', async (_, plan) => {
    const talk = await talkTo(program, answering(false, plan));
    const correctionField = TURNAROUND_NS * NS + LATENCIES;
    talk
      .receives(ask(), { from: STATION_B })
      .on(PORT, TURNAROUND_NS)
      .sends(by(PORT, reply({ correctionField }), { from: OWN_STATION }));
  });

  it.each([false, true])('saturates at "too big" (two-step: %s)', async (twoStep) => {
    const talk = await talkTo(program, answering(twoStep, { clock: CLOCK }));
    const top = (1n << 63n) - 1n;
    const { sent } = talk
      .receives(ask({ correctionField: top - 5n }), { from: STATION_B })
      .on(PORT, TURNAROUND_NS);
    const last = sent.at(-1)?.frame ?? new Uint8Array(0);
    expect(new DataView(last.buffer).getBigInt64(14 + 8)).toBe(top);
  });

  it('hands the answers to its own requests to the controller, and to nobody else', async () => {
    const talk = await talkTo(program, answering(true));
    const arrivedNs = talk.nowNs;
    const response = pdelayResp({ requesting: OWN });
    talk.receives(response).on(PORT).sendsNothing();
    talk
      .receives(pdelayRespFollowUp({ requesting: OWN }))
      .on(PORT)
      .sendsNothing();
    const { packetIns } = await talk.device.heard();
    expect(packetIns.map(({ reason, ingressPort }) => [reason, ingressPort])).toEqual([
      [PEER_DELAY, PORT],
      [PEER_DELAY, PORT],
    ]);
    expect(packetIns[0]?.frame).toEqual(frameOf(response));
    expect(packetIns[0]?.receiveTimeNs).toBe(arrivedNs);
  });

  it('drops a request of its own that comes back', async () => {
    const talk = await talkTo(program, answering(false));
    const loops = talk.counting('ingress_dropped', PORT, 32, 11);
    talk
      .receives(ask({ source: OWN }))
      .on(PORT)
      .sendsNothing();
    expect(loops()).toBe(1n);
  });

  it.each<readonly [string, Partial<Way>]>([
    ['to another station', { unicast: true, to: STATION_B }],
    ['to another station over UDP/IPv4', { unicast: true, to: STATION_B, transport: 'ipv4' }],
    ['with IPv4 options', { transport: 'ipv4', ipOptions: Uint8Array.of(0x83, 3, 4, 0) }],
  ])('does not answer a request %s', async (_, way) => {
    const talk = await talkTo(program, answering(false));
    const refused = talk.counting('ingress_dropped', PORT, 32, 16);
    talk.receives(ask(), way).on(PORT).sendsNothing();
    expect(refused()).toBe(1n);
  });

  it('asks nobody behind another port, which forwards', async () => {
    const talk = await talkTo(program, answering(false));
    talk
      .receives(ask())
      .on(2, TURNAROUND_NS)
      .sends(
        by(
          1,
          ask({ correctionField: TURNAROUND_NS * NS + TIMING.egressLatency - TIMING.asymmetry }),
        ),
      );
  });
});

describe.each(PROGRAMS)('%s answers Delay_Req on a boundary port', (program, tickNs) => {
  const LOG_INTERVAL = -3;
  const plan = (more: Partial<SwitchPlan> = {}): SwitchPlan => ({
    ...planOf(1, 2),
    ptpMode: 4,
    clock: CLOCK,
    timing: [TIMING],
    ownClocks: [OWN.clock],
    delayResponders: [
      { ...OWN_ADDRESS, sdoId: 0x100, domainNumber: 5, logMinDelayReqInterval: LOG_INTERVAL },
    ],
    ...more,
  });
  const ask = (more: Partial<Message> = {}): Message =>
    delayReq({ sequenceId: 65_535, source: CLIENT, domain: 5, sdoId: 0x100, ...more });
  const reply = (more: Partial<Message>): Message =>
    delayResp({
      sequenceId: 65_535,
      source: OWN,
      requesting: CLIENT,
      domain: 5,
      sdoId: 0x100,
      logInterval: BigInt.asUintN(8, BigInt(LOG_INTERVAL)) === 0xfdn ? 0xfd : 0,
      correctionField: TIMING.ingressLatency,
      ...more,
    });
  const back = { from: OWN_STATION };

  it.each(WAYS)('over $name', async ({ way, back: travels, flags }) => {
    const talk = await talkTo(program, plan());
    const answered = talk.counting('answered', PORT, 16, 1);
    const t4 = timestamp(EPOCH_NS + talk.nowNs);
    const correctionField = 3n * NS + 0x1234n;
    const said = reply({
      flags,
      timestamp: t4,
      correctionField: correctionField + TIMING.ingressLatency,
      ...(flags === UNICAST ? { logInterval: 0x7f } : {}),
    });
    talk
      .receives(ask({ flags, correctionField }), way)
      .on(PORT)
      .sends(by(PORT, said, travels));
    expect(answered()).toBe(1n);
  });

  it('keeps the padding of a short Ethernet frame', async () => {
    const talk = await talkTo(program, plan());
    const said = reply({ timestamp: timestamp(EPOCH_NS + talk.nowNs) });
    const padded = concat([frameOf(said, back), new Uint8Array(2)]);
    talk.receives(ask(), { from: STATION_B, padTo: 60 }).on(PORT).sends(by(PORT, padded));
  });

  const instants: readonly (readonly [string, ClockPlan, bigint, bigint])[] = [
    [
      'carries into the next second',
      { ...CLOCK, nanoseconds: 999_999_999 },
      1_000n,
      1_800_000_000n * SECOND_NS + 999_999_999n + 1_000n,
    ],
    [
      'is right a day after its reference',
      CLOCK,
      86_400n * SECOND_NS,
      EPOCH_NS + 86_400n * SECOND_NS,
    ],
    [
      'is right a moment before its reference',
      { ...CLOCK, referenceTicks: 50_000_000_000n },
      49_999_000_000n,
      EPOCH_NS - 1_000_000n,
    ],
    [
      'borrows from the second before',
      { ...CLOCK, nanoseconds: 5, referenceTicks: 50_000_000_000n },
      49_999_000_000n,
      1_800_000_000n * SECOND_NS + 5n - 1_000_000n,
    ],
    [
      'has 48 bits of seconds',
      { ...CLOCK, seconds: (1n << 48n) - 1n, nanoseconds: 0 },
      500_000_000n,
      ((1n << 48n) - 1n) * SECOND_NS + 500_000_000n,
    ],
  ];
  it.each(instants)('its time %s', async (_, clock, atNs, wantedNs) => {
    const inTicks = { ...clock, referenceTicks: clock.referenceTicks / tickNs };
    const talk = await talkTo(program, plan({ clock: inTicks }), atNs);
    talk
      .receives(ask(), { from: STATION_B })
      .on(PORT)
      .sends(by(PORT, reply({ timestamp: timestamp(wantedNs) }), back));
  });

  it('its time survives the wrap of the ticks', async () => {
    const wrapNs = tickNs << 48n;
    const referenceTicks = (wrapNs - SECOND_NS) / tickNs;
    const talk = await talkTo(
      program,
      plan({ clock: { ...CLOCK, referenceTicks } }),
      wrapNs + 2_000n,
    );
    const wanted = timestamp(EPOCH_NS + SECOND_NS + 2_000n);
    talk
      .receives(ask(), { from: STATION_B })
      .on(PORT)
      .sends(by(PORT, reply({ timestamp: wanted }), back));
  });

  it.each([50, -50])('its time runs by %d ppm', async (ppm) => {
    const rateOffset = Math.round((ppm * 2 ** 41) / 1e6);
    const talk = await talkTo(program, plan({ clock: { ...CLOCK, rateOffset } }), 100n * SECOND_NS);
    const elapsedNs = atRate(100n * SECOND_NS, rateOffset) >> 16n;
    expect(Number(elapsedNs - 100n * SECOND_NS)).toBeCloseTo(ppm * 100_000, -1);
    const wanted = timestamp(EPOCH_NS + elapsedNs);
    talk
      .receives(ask(), { from: STATION_B })
      .on(PORT)
      .sends(by(PORT, reply({ timestamp: wanted }), back));
  });

  it('answers nothing as long as it has no PTP time, and counts it', async () => {
    const { clock: _, ...rest } = plan();
    const talk = await talkTo(program, rest);
    const cells = [
      talk.counting('ingress_dropped', PORT, 32, 18),
      talk.counting('egress_dropped', PORT, 32, 18),
    ];
    talk.receives(ask()).on(PORT).sendsNothing();
    expect(cells.map((cell) => cell()).reduce((a, b) => a + b)).toBe(1n);
  });

  it.each([
    ['17 s before its reference', 17n * SECOND_NS, 0n],
    ['two days after it', 0n, 172_800n * SECOND_NS],
  ])('has no time %s', async (_, referenceNs, atNs) => {
    // 2^47 ticks are 39 hours of nanoseconds, and four years of microseconds.
    if (atNs > 0n && tickNs !== 1n) return;
    const clock = { ...CLOCK, referenceTicks: referenceNs / tickNs };
    const talk = await talkTo(program, plan({ clock }), atNs);
    const refused = talk.counting('egress_dropped', PORT, 32, 18);
    talk.receives(ask()).on(PORT).sendsNothing();
    expect(refused()).toBe(1n);
  });

  it('does not answer in another station’s name', async () => {
    const talk = await talkTo(program, plan());
    talk.receives(ask(), { unicast: true, to: STATION_B }).on(PORT).sendsNothing();
    expect((await talk.device.heard()).packetIns).toEqual([]);
  });

  it('answers only whom it serves', async () => {
    const talk = await talkTo(program, plan());
    const refused = talk.counting('ingress_dropped', PORT, 32, 16);
    talk
      .receives(ask({ domain: 6 }))
      .on(PORT)
      .sendsNothing();
    talk
      .receives(ask({ sdoId: 0x101 }))
      .on(PORT)
      .sendsNothing();
    expect(refused()).toBe(2n);
  });

  it('everything else of PTP is the controller’s alone', async () => {
    const talk = await talkTo(program, plan());
    talk.receives(sync()).on(PORT).sendsNothing();
    talk.receives(delayResp()).on(PORT).sendsNothing();
    const { packetIns } = await talk.device.heard();
    expect(packetIns.map(({ reason, frame }) => [reason, frame])).toEqual([
      [BOUNDARY, frameOf(sync())],
      [BOUNDARY, frameOf(delayResp())],
    ]);
  });

  it('a thousand askers, each gets its own answer', async () => {
    const talk = await talkTo(program, plan());
    const wrong = Array.from({ length: 1000 }, (_, i) => i).filter((i) => {
      const source = { clock: BigInt(i) << 13n, port: i };
      const wanted = reply({
        requesting: source,
        sequenceId: i,
        timestamp: timestamp(EPOCH_NS + talk.nowNs),
      });
      const way = { transport: 'ipv4' as const };
      const asked = ask({ source, sequenceId: i });
      const { sent } = talk.receives(asked, { ...way, from: STATION_B }).on(PORT);
      const right = frameOf(wanted, { ...way, ...back });
      return sent.length !== 1 || Buffer.compare(sent[0]?.frame ?? right.subarray(1), right) !== 0;
    });
    expect(wrong).toEqual([]);
  });
});
