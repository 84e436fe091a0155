/**
 * The dataplane and its controller: frames it sends, with their transmit time or their originTimestamp
 * written by the dataplane, frames it gets, and the residence ledger.
 */
import { describe, expect, it } from 'vitest';
import type { ClockPlan } from '#lab/bench/ptp-plan';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { CASES, PROGRAMS, talkTo } from './cases.js';
import { type Conversation, Outcome, STAY_NS, by, described } from './conversation.js';
import {
  CLIENT,
  MASTER,
  type Message,
  NS,
  TWO_STEP,
  delayReq,
  followUp,
  frameOf,
  management,
  pdelayReq,
  sync,
} from './messages.js';
import { CONTROLLER_PORT, type PacketOutHead, packetOutOf, planOf } from './virtual-switch.js';

const TX_EVENT = 64;
const SECOND_NS = 1_000_000_000n;
const EPOCH_NS = 1_800_000_000n * SECOND_NS + 999_000_000n;
const CLOCK: ClockPlan = {
  referenceTicks: 0n,
  seconds: EPOCH_NS / SECOND_NS,
  nanoseconds: Number(EPOCH_NS % SECOND_NS),
  rateOffset: 0,
};
const GROUP = 1;
const UNKNOWN_SLOT = 127;

/** What leaves when the controller says so. */
function says(talk: Conversation, head: PacketOutHead, octets: Uint8Array): Outcome {
  const sent = talk.device.packetOut(packetOutOf(head, octets), talk.nowNs);
  talk.nowNs += 1_000_000n;
  return new Outcome(sent, talk.way);
}

describe.each(CASES)('$program over $transport: packet-outs', ({ program, way }) => {
  const own = sync({
    source: { clock: 0x0200_00ff_fe00_0001n, port: 0 },
    timestamp: { seconds: 0n, nanoseconds: 0 },
  });

  it('leave as they are by one port, whatever it does with PTP', async () => {
    for (const ptpMode of [0, 1, 2, 3, 4] as const) {
      const talk = await talkTo(program, { ...planOf(1, 2, 3), ptpMode, twoStepPorts: [2] }, way);
      says(talk, { egressPort: 2 }, frameOf(own, way)).sends(by(2, own));
      talk.device.close();
    }
  });

  it('or by every port of a group', async () => {
    const talk = await talkTo(program, planOf(1, 2, 3), way);
    says(talk, { group: GROUP }, frameOf(own, way)).sends(by(1, own), by(2, own), by(3, own));
  });

  it('come back with the time at which they left, if asked for', async () => {
    const talk = await talkTo(program, planOf(1, 2), way);
    const request = frameOf(pdelayReq(), way);
    const sentNs = talk.nowNs;
    says(talk, { egressPort: 2, txEvent: true }, request).sends(by(2, request));
    says(talk, { egressPort: 1 }, request).sends(by(1, request));
    const { packetIns } = await talk.device.heard();
    expect(packetIns).toEqual([
      { ingressPort: 2, reason: TX_EVENT, receiveTimeNs: sentNs, frame: request },
    ]);
  });

  it('of a group come back once for each port', async () => {
    const talk = await talkTo(program, planOf(1, 2, 3), way);
    says(talk, { group: GROUP, txEvent: true }, frameOf(own, way));
    const { packetIns } = await talk.device.heard();
    expect(packetIns.map(({ ingressPort }) => ingressPort).sort()).toEqual([1, 2, 3]);
  });

  it('to the controller’s own port are a reading of the clock', async () => {
    const talk = await talkTo(program, planOf(1, 2), way);
    const probe = frameOf(own, way);
    const askedNs = talk.nowNs;
    says(talk, { egressPort: CONTROLLER_PORT }, probe).sendsNothing();
    const { packetIns } = await talk.device.heard();
    expect(packetIns).toEqual([
      { ingressPort: CONTROLLER_PORT, reason: 0, receiveTimeNs: askedNs, frame: probe },
    ]);
  });

  it('that are stamped carry PTP time and the port’s number', async () => {
    const origins = [1, 2, 3].map((port) => ({ port, portNumber: 10 + port }));
    const talk = await talkTo(program, { ...planOf(1, 2, 3), clock: CLOCK, origins }, way);
    const nowNs = EPOCH_NS + talk.nowNs;
    const timestamp = { seconds: nowNs / SECOND_NS, nanoseconds: Number(nowNs % SECOND_NS) };
    const stamped = (port: number): Message => ({
      ...own,
      timestamp,
      source: { ...own.source, port: 10 + port },
    });
    says(talk, { group: GROUP, stamp: true }, frameOf(own, way)).sends(
      by(1, stamped(1)),
      by(2, stamped(2)),
      by(3, stamped(3)),
    );
  });

  it('that are stamped get the egressLatency, and nothing without a clock', async () => {
    const timing = [
      {
        port: 2,
        ingressLatency: 5n,
        egressLatency: 40n * NS + 3n,
        asymmetry: 900n,
        residenceLimitNs: 0n,
      },
    ];
    const talk = await talkTo(program, { ...planOf(1, 2), clock: CLOCK, timing }, way);
    const nowNs = EPOCH_NS + talk.nowNs;
    const timestamp = { seconds: nowNs / SECOND_NS, nanoseconds: Number(nowNs % SECOND_NS) };
    says(talk, { egressPort: 2, stamp: true }, frameOf(own, way)).sends(
      by(2, { ...own, timestamp, correctionField: 40n * NS + 3n }),
    );
    talk.device.close();
    const without = await talkTo(program, planOf(1, 2), way);
    const own18 = without.counting('egress_dropped', 2, 32, 18);
    says(without, { egressPort: 2, stamp: true }, frameOf(own, way)).sendsNothing();
    // Under its own slot or under the one of ports that nobody knows, never under another port's.
    const unknown = without.device.counted('egress_dropped', UNKNOWN_SLOT * 32 + 18);
    expect(own18() + unknown).toBe(1n);
  });
});

describe.each(CASES)('$program over $transport: the residence ledger', ({ program, way }) => {
  const sampled = (mask: number, twoStepPorts: readonly number[] = []): SwitchPlan => ({
    ...planOf(1, 2),
    ledgerMask: mask,
    twoStepPorts,
  });
  const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);
  const ledger = async (talk: Conversation) =>
    (await talk.device.heard()).digests
      .filter(({ name }) => name.startsWith('residence_record'))
      .map(({ fields }) => fields);

  it('tells of a one-step message: when it came and left, and what it became', async () => {
    const talk = await talkTo(program, sampled(0), way);
    const rxNs = talk.nowNs;
    const one = delayReq({ domain: 9, sdoId: 0x123, sequenceId: 77, correctionField: -3n * NS });
    talk
      .receives(one)
      .on(1)
      .sends(by(2, { ...one, correctionField: NS * STAY_NS - 3n * NS }));
    expect(await ledger(talk)).toEqual([
      {
        ingress_port: 1n,
        egress_port: 2n,
        message_type: 1n,
        source_clock_identity: CLIENT.clock,
        source_port_number: BigInt(CLIENT.port),
        sequence_id: 77n,
        domain_number: 9n,
        sdo_id: 0x123n,
        receive_time_ns: rxNs,
        transmit_time_ns: rxNs + STAY_NS,
        correction_before: unsigned(-3n * NS),
        correction_after: unsigned(NS * STAY_NS - 3n * NS),
      },
    ]);
  });

  it('tells of a two-step Sync what was recorded', async () => {
    const talk = await talkTo(program, sampled(0, [2]), way);
    talk.receives(sync({ sequenceId: 1, flags: TWO_STEP, correctionField: 5n })).on(1);
    const [first] = await ledger(talk);
    expect(first).toMatchObject({
      source_clock_identity: MASTER.clock,
      correction_before: 5n,
      correction_after: 5n + NS * STAY_NS,
    });
    talk.receives(followUp({ sequenceId: 1 })).on(1);
    expect(await ledger(talk)).toEqual([]);
  });

  it('tells of a one-step Sync what its Follow_Up says that was made here', async () => {
    const talk = await talkTo(program, sampled(0, [2]), way);
    const one = sync({ sequenceId: 4, correctionField: 5n });
    const rxNs = talk.nowNs;
    talk
      .receives(one)
      .on(1)
      .sends(
        by(2, { ...one, flags: TWO_STEP }),
        by(2, followUp({ sequenceId: 4, correctionField: NS * STAY_NS })),
      );
    const [first, ...more] = await ledger(talk);
    expect(first).toMatchObject({
      message_type: 0n,
      sequence_id: 4n,
      source_clock_identity: MASTER.clock,
      ingress_port: 1n,
      egress_port: 2n,
      receive_time_ns: rxNs,
      transmit_time_ns: rxNs + STAY_NS,
      correction_before: 5n,
      correction_after: 5n + NS * STAY_NS,
    });
    expect(more).toEqual([]);
  });

  it('tells of every fourth, if asked so', async () => {
    const talk = await talkTo(program, sampled(3), way);
    for (let sequenceId = 0; sequenceId < 10; sequenceId++) {
      talk.receives(sync({ sequenceId })).on(1);
    }
    expect((await ledger(talk)).map((record) => record['sequence_id'])).toEqual([0n, 4n, 8n]);
  });

  it('tells of nothing unless asked', async () => {
    const talk = await talkTo(program, planOf(1, 2), way);
    talk.receives(sync({ sequenceId: 0 })).on(1);
    expect(await ledger(talk)).toEqual([]);
  });

  it('does not change what leaves', async () => {
    const talk = await talkTo(program, sampled(0), way);
    const { sent } = talk.receives(sync()).on(1);
    const right = frameOf(sync({ correctionField: NS * STAY_NS }), way);
    expect(sent.map(({ port, frame }) => described(port, frame))).toEqual([described(2, right)]);
  });
});

describe.each(PROGRAMS)('%s: what the controller asks to see', (program) => {
  it('copies are the frame as it was received, and the frame goes on', async () => {
    const punts = [{ match: { ptp_kind: 2n, message_type: 0xdn }, reason: 1, trap: false }];
    const talk = await talkTo(program, { ...planOf(1, 2), punts });
    const rxNs = talk.nowNs;
    const one = management({ boundaryHops: 5 });
    expect(talk.receives(one).on(1).sent).toHaveLength(1);
    const { packetIns } = await talk.device.heard();
    expect(packetIns).toEqual([
      { ingressPort: 1, reason: 1, receiveTimeNs: rxNs, frame: frameOf(one) },
    ]);
  });

  it('traps go nowhere else', async () => {
    const punts = [{ match: { ptp_kind: 1n, message_type: 0n }, reason: 3, trap: true }];
    const talk = await talkTo(program, { ...planOf(1, 2), punts });
    talk.receives(sync()).on(1).sendsNothing();
    talk
      .receives(delayReq())
      .on(1)
      .sends(by(2, delayReq({ correctionField: NS * STAY_NS })));
    const { packetIns } = await talk.device.heard();
    expect(packetIns.map(({ reason, frame }) => [reason, frame])).toEqual([[3, frameOf(sync())]]);
  });
});
