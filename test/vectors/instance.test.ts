/** Several PTP instances on the same ports, each with a mode of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hex, unhex } from '#lab/bench/frames';
import { MESSAGES } from '#lab/bench/frames';
import { eventFrame } from './event-frame.js';
import { corrected } from './reference.js';
import { type Program, VECTOR_PLAN, VirtualSwitch } from './virtual-switch.js';

const SYNC = MESSAGES[0];
const OFF = 0;
const TRANSPARENT = 1;
const BLOCKED = 2;

const both = (sdoId: number, domainNumber: number, ptpMode: 0 | 1 | 2) =>
  [1, 2].map((port) => ({ port, sdoId, domainNumber, ptpMode }));

/** A Sync of an instance; majorSdoId is the high half of the first octet, minorSdoId the sixth. */
function syncOf(sdoId: number, domainNumber: number): Uint8Array {
  if (SYNC === undefined) throw new Error('no Sync');
  const octets = eventFrame(SYNC, 'l2', 5n);
  octets[14] = ((sdoId >> 8) << 4) | (octets[14] ?? 0);
  octets[14 + 4] = domainNumber;
  octets[14 + 5] = sdoId & 0xff;
  return octets;
}

describe.each<Program>(['main_native', 'main_bmv2'])('%s, ports in mode transparent', (program) => {
  let device: VirtualSwitch;
  let now = 1_000_000n;
  beforeAll(async () => {
    device = await VirtualSwitch.open(program, {
      ...VECTOR_PLAN,
      instances: [
        ...both(0x000, 7, OFF),
        ...both(0x100, 7, TRANSPARENT),
        ...both(0x000, 9, BLOCKED),
        { port: 2, sdoId: 0, domainNumber: 11, ptpMode: BLOCKED },
        { port: 2, sdoId: 0, domainNumber: 12, ptpMode: OFF },
      ],
    });
  });
  afterAll(() => {
    device.close();
  });

  /** From port 1, through 3 µs of residence: what leaves, in hex. */
  function pass(octets: Uint8Array): { readonly sent: readonly string[]; readonly good: string } {
    now += 1_000_000n;
    const sent = device.pass(1, octets, now, now + 3000n).map(({ frame }) => hex(frame));
    return { sent, good: hex(corrected(octets, now, now + 3000n)) };
  }

  it('corrects an instance that nobody named', () => {
    const { sent, good } = pass(syncOf(0x000, 0));
    expect(sent).toEqual([good]);
    expect(unhex(good)).not.toEqual(syncOf(0x000, 0));
  });

  it('passes an instance that is off untouched, and corrects the same domain of another sdoId', () => {
    expect(pass(syncOf(0x000, 7)).sent).toEqual([hex(syncOf(0x000, 7))]);
    const { sent, good } = pass(syncOf(0x100, 7));
    expect(sent).toEqual([good]);
  });

  it('tells minorSdoId apart too', () => {
    const { sent, good } = pass(syncOf(0x001, 7));
    expect(sent).toEqual([good]);
  });

  it('lets a blocked instance neither in nor out, and counts it', () => {
    const counted = () => [
      device.counted('ingress_dropped', 32 * device.slot(1) + 10),
      device.counted('egress_dropped', 32 * device.slot(2) + 10),
    ];
    const before = counted();
    expect(pass(syncOf(0x000, 9)).sent).toEqual([]);
    expect(pass(syncOf(0x000, 11)).sent).toEqual([]);
    expect(counted()).toEqual(before.map((count) => count + 1n));
  });

  it('corrects only where both ports take part', () => {
    expect(pass(syncOf(0x000, 12)).sent).toEqual([hex(syncOf(0x000, 12))]);
  });
});

describe.each<Program>(['main_native', 'main_bmv2'])('%s, ports off', (program) => {
  it('corrects the one instance that is transparent', async () => {
    const device = await VirtualSwitch.open(program, {
      ...VECTOR_PLAN,
      ptpMode: OFF,
      instances: both(0x000, 24, TRANSPARENT),
    });
    const at = 5_000_000n;
    const wanted = syncOf(0x000, 24);
    const sent = device.pass(1, wanted, at, at + 4000n).map(({ frame }) => hex(frame));
    expect(sent).toEqual([hex(corrected(wanted, at, at + 4000n))]);
    const other = syncOf(0x000, 25);
    expect(
      device.pass(1, other, at + 10_000n, at + 20_000n).map(({ frame }) => hex(frame)),
    ).toEqual([hex(other)]);
    device.close();
  });
});
