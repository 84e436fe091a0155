/**
 * What a port adds to corrections: latencies, the link's asymmetry, and the limit of residence. The
 * expected frames come from the standard's table of signs (11.6), written out here once more.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MESSAGES, concat, hex, type MessageKind } from '#lab/bench/frames';
import { eventFrame } from './event-frame.js';
import type { TimingPlan } from '#lab/bench/ptp-plan';
import { MAX_CORRECTION, findPtp, udpChecksum } from './reference.js';
import { type Program, VECTOR_PLAN, VirtualSwitch } from './virtual-switch.js';

const NS = 1n << 16n;

const IN: TimingPlan = {
  port: 1,
  ingressLatency: 20n * NS + 0x8000n,
  egressLatency: 1n,
  asymmetry: 300n * NS + 7n,
  residenceLimitNs: 0n,
};

const OUT: TimingPlan = {
  port: 2,
  ingressLatency: 5n,
  egressLatency: 40n * NS,
  asymmetry: -(1000n * NS) - 3n,
  residenceLimitNs: 2_000_000n,
};

/** 11.6: added where a message came from the timeTransmitter's side, subtracted before it goes there. */
const ASYMMETRY: Readonly<Record<string, bigint>> = {
  Sync: IN.asymmetry,
  Pdelay_Resp: IN.asymmetry,
  Delay_Req: -OUT.asymmetry,
  Pdelay_Req: -OUT.asymmetry,
};

const MIN_CORRECTION = -(1n << 63n);

function saturated(value: bigint): bigint {
  if (value > MAX_CORRECTION) return MAX_CORRECTION;
  return value < MIN_CORRECTION ? MIN_CORRECTION : value;
}

/** As the two steps of the program saturate: what the ports add first, residence at the very end. */
function expectedField(kind: MessageKind, before: bigint, residenceNs: bigint): bigint {
  if (before === MAX_CORRECTION) return before;
  const added = IN.ingressLatency + OUT.egressLatency + (ASYMMETRY[kind.name] ?? 0n);
  return saturated(saturated(before + added) + residenceNs * NS);
}

const FIELDS: readonly (readonly [string, bigint])[] = [
  ['zero', 0n],
  ['negative with a fraction', -5n * NS - 0x1234n],
  ['just below the limit', MAX_CORRECTION - 1n],
  ['too big already', MAX_CORRECTION],
  ['the least', MIN_CORRECTION],
];

const RX = 10_000_000n;
const RESIDENCE_NS = 1_234_000n;

describe.each<Program>(['main_native', 'main_bmv2'])('%s, with timing on its ports', (program) => {
  let device: VirtualSwitch;
  let now = RX;
  beforeAll(async () => {
    device = await VirtualSwitch.open(program, { ...VECTOR_PLAN, timing: [IN, OUT] });
  });
  afterAll(() => {
    device.close();
  });

  /** Through the switch from port 1 to port 2, staying so long. */
  function pass(octets: Uint8Array, residenceNs: bigint): string[] {
    now += 10_000_000n;
    const sent = device.pass(1, octets, now, now + residenceNs);
    return sent.map((one) => `${one.port}:${hex(one.frame)}`);
  }

  const cases = MESSAGES.filter(({ event }) => event).flatMap((kind) =>
    (['l2', 'ipv4', 'ipv6'] as const).flatMap((transport) =>
      FIELDS.map(([name, field]) => ({ kind, transport, name, field })),
    ),
  );

  it.each(cases)('$kind.name over $transport, $name', ({ kind, transport, field }) => {
    const expected = eventFrame(kind, transport, expectedField(kind, field, RESIDENCE_NS));
    expect(pass(eventFrame(kind, transport, field), RESIDENCE_NS)).toEqual([`2:${hex(expected)}`]);
  });

  it('leaves general messages as they are', () => {
    // Management loses a hop: see exchanges.
    for (const kind of MESSAGES.filter(({ event, name }) => !event && name !== 'Management')) {
      const octets = eventFrame(kind, 'ipv4', 5n);
      expect(pass(octets, RESIDENCE_NS), kind.name).toEqual([`2:${hex(octets)}`]);
    }
  });

  it('builds frames whose checksum is right, so that the comparison means something', () => {
    const octets = eventFrame(MESSAGES[0] as MessageKind, 'ipv6', 1n);
    const place = findPtp(octets);
    expect(place).not.toBeNull();
    if (place === null || place.udp === null) return;
    expect(concat([octets.subarray(place.udp + 6, place.udp + 8)])).toEqual(
      Uint8Array.of(udpChecksum(octets, place) >> 8, udpChecksum(octets, place) & 0xff),
    );
  });

  it('drops an event message that stayed longer than the egress port allows, and counts it', () => {
    const sync = eventFrame(MESSAGES[0] as MessageKind, 'l2', 0n);
    const cell = 32 * device.slot(2) + 9;
    const before = device.counted('egress_dropped', cell);
    expect(pass(sync, OUT.residenceLimitNs)).toHaveLength(1);
    expect(pass(sync, OUT.residenceLimitNs + 1000n)).toEqual([]);
    expect(device.counted('egress_dropped', cell)).toBe(before + 1n);
  });
});
