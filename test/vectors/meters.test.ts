/** What the controller is spared: a meter for each port and type of message in front of it. */
import { afterEach, describe, expect, it } from 'vitest';
import type { PuntPlan } from '#lab/bench/ptp-plan';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { Conversation, STAY_NS, by } from './conversation.js';
import { NS, announce, management, pdelayResp, signaling, sync } from './messages.js';
import { type Program, VirtualSwitch, planOf } from './virtual-switch.js';

const METERED = 19;
const MANAGEMENT = 0xd;
const PDELAY_RESP = 3;
const SYNC = 0;
/** A messageType that PTP reserves: here of what is none. */
const NO_MESSAGE = 0xf;

/** Who has an address? To everybody, as long as Ethernet's shortest frame. */
const ARP = Uint8Array.from({ length: 60 }, (_, i) => (i < 6 ? 0xff : ([8, 6][i - 12] ?? i & 1)));

/** A cell's place: the port's slot, then messageType. */
const cell = (talk: Conversation, port: number, type: number): number =>
  talk.device.slot(port) * 16 + type;

let open: VirtualSwitch | null = null;
afterEach(() => {
  open?.close();
  open = null;
});

async function talkTo(program: Program, plan: Partial<SwitchPlan>): Promise<Conversation> {
  open = await VirtualSwitch.open(program, { ...planOf(1, 2), ...plan });
  return new Conversation(open);
}

const copies: PuntPlan = { match: { message_type: BigInt(MANAGEMENT) }, reason: 1, trap: false };
const OWN = {
  clockIdentity: 1n,
  portNumber: 1,
  mac: 0x0200_0000_0001n,
  ipv4: 0n,
  ipv6: 0n,
  twoStep: true,
};

describe.each<Program>(['main_native', 'main_bmv2'])('%s: the meter', (program) => {
  it('lets a burst up, then as many as its rate allows; all of them go on', async () => {
    const talk = await talkTo(program, { punts: [copies] });
    const index = cell(talk, 1, MANAGEMENT);
    talk.device.limit('punt_meter', index, 10n, 4n);
    for (let count = 0; count < 10; count++) {
      expect(talk.receives(management({ boundaryHops: 2 })).on(1).sent).toHaveLength(1);
    }
    expect((await talk.device.heard()).packetIns).toHaveLength(4);
    expect(talk.device.counted('punt_metered', index)).toBe(6n);
    // Half a second at ten a second, and no more than the burst.
    talk.waits(500_000_000n);
    for (let count = 0; count < 10; count++) talk.receives(management({ boundaryHops: 2 })).on(1);
    expect((await talk.device.heard()).packetIns).toHaveLength(4);
  });

  it('drops what is for the controller alone, and counts it', async () => {
    const talk = await talkTo(program, { peerDelay: [{ ...OWN, port: 1 }] });
    const index = cell(talk, 1, PDELAY_RESP);
    talk.device.limit('punt_meter', index, 1n, 2n);
    const dropped = talk.counting('ingress_dropped', 1, 32, METERED);
    for (let count = 0; count < 5; count++) talk.receives(pdelayResp()).on(1).sendsNothing();
    expect((await talk.device.heard()).packetIns).toHaveLength(2);
    expect([dropped(), talk.device.counted('punt_metered', index)]).toEqual([3n, 3n]);
  });

  it('of one port and type does not touch another’s', async () => {
    const all: PuntPlan = { match: { ptp_kind: 2n }, reason: 2, trap: false };
    const talk = await talkTo(program, { punts: [all] });
    talk.device.limit('punt_meter', cell(talk, 1, MANAGEMENT), 1n, 1n);
    for (let count = 0; count < 3; count++) {
      talk.receives(management({ boundaryHops: 2 })).on(1);
      talk.receives(management({ boundaryHops: 2 })).on(2);
      talk.receives(signaling()).on(1);
    }
    const { packetIns } = await talk.device.heard();
    expect(packetIns.filter(({ ingressPort }) => ingressPort === 1)).toHaveLength(1 + 3);
    expect(packetIns.filter(({ ingressPort }) => ingressPort === 2)).toHaveLength(3);
  });

  it('of what is no PTP is a place of its own: a storm of ARP leaves Sync alone', async () => {
    const punts: PuntPlan[] = [
      { match: { ether_type: 0x0806n, ptp_kind: 0n }, reason: 4, trap: false },
      { match: { message_type: BigInt(SYNC), ptp_kind: 1n }, reason: 3, trap: false },
    ];
    const talk = await talkTo(program, { punts });
    for (const type of [SYNC, NO_MESSAGE]) {
      talk.device.limit('punt_meter', cell(talk, 1, type), 1n, 5n);
    }
    for (let count = 0; count < 20; count++) talk.receives(ARP).on(1);
    for (let count = 0; count < 3; count++) talk.receives(sync()).on(1);
    const { packetIns } = await talk.device.heard();
    expect(packetIns.map(({ reason }) => reason)).toEqual([4, 4, 4, 4, 4, 3, 3, 3]);
    expect(talk.device.counted('punt_metered', cell(talk, 1, NO_MESSAGE))).toBe(15n);
    expect(talk.device.counted('punt_metered', cell(talk, 1, SYNC))).toBe(0n);
  });

  it('has nothing to say of what is not for the controller', async () => {
    const talk = await talkTo(program, {});
    for (let type = 0; type < 16; type++) {
      talk.device.limit('punt_meter', cell(talk, 1, type), 1n, 1n);
    }
    for (let count = 0; count < 5; count++) {
      talk
        .receives(sync())
        .on(1)
        .sends(by(2, sync({ correctionField: STAY_NS * NS })));
      talk.receives(announce()).on(1).sends(by(2, announce()));
    }
  });

  it('of the ledger keeps a sender from filling it, whatever sequenceIds it chooses', async () => {
    const talk = await talkTo(program, { ledgerMask: 3 });
    talk.device.limit('ledger_meter', talk.device.slot(1), 1n, 3n);
    for (let count = 0; count < 10; count++) {
      const right = sync({ sequenceId: 4, correctionField: STAY_NS * NS });
      talk
        .receives(sync({ sequenceId: 4 }))
        .on(1)
        .sends(by(2, right));
    }
    talk.receives(sync({ sequenceId: 4 })).on(2);
    const { digests } = await talk.device.heard();
    const told = digests.filter(({ name }) => name.startsWith('residence_record'));
    expect(told.map(({ fields }) => fields['ingress_port'])).toEqual([1n, 1n, 1n, 2n]);
  });

  it('is green as long as nobody configures it', async () => {
    const talk = await talkTo(program, { punts: [copies] });
    for (let count = 0; count < 50; count++) talk.receives(management({ boundaryHops: 2 })).on(1);
    expect((await talk.device.heard()).packetIns).toHaveLength(50);
  });
});
