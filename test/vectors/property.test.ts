import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hex } from '#lab/bench/frames';
import { anyFrame, mutatedFrame, ptpFrame, stay } from './arbitraries.js';
import { CORRECTION_OFFSET } from '#lab/bench/frames';
import { ReferenceClock } from './reference-clock/clock.js';
import { corrected, findPtp } from './reference.js';
import { type Program, VECTOR_PLAN, type Sent, VirtualSwitch } from './virtual-switch.js';

const seed = Number(process.env['TIMEPLANE_SEED'] ?? 0x1588);
const RUNS = { seed, numRuns: 3000 };
const INGRESS = 1;

const MANAGEMENT = 0xd;
const BOUNDARY_HOPS_OFFSET = 45;

/** Octets that may differ: correctionField or boundaryHops, and the UDP checksum over them. */
function mayChange(frame: Uint8Array): ReadonlySet<number> {
  const place = findPtp(frame);
  if (place === null) return new Set();
  const isManagement = ((frame[place.message] ?? 0) & 0x0f) === MANAGEMENT;
  const field = isManagement
    ? [place.message + BOUNDARY_HOPS_OFFSET]
    : Array.from({ length: 8 }, (_, i) => place.message + CORRECTION_OFFSET + i);
  return new Set(place.udp === null ? field : [...field, place.udp + 6, place.udp + 7]);
}

function changedOctets(before: Uint8Array, after: Uint8Array): number[] {
  return [...before.keys()].filter((at) => before[at] !== after[at]);
}

/** What holds for every frame there is. */
function expectHarmless(frame: Uint8Array, sent: readonly Sent[]): void {
  expect(sent.length).toBeLessThanOrEqual(1);
  for (const one of sent) {
    expect(one.port).not.toBe(INGRESS);
    expect(one.frame.length).toBe(frame.length);
    const allowed = mayChange(frame);
    expect(changedOctets(frame, one.frame).filter((at) => !allowed.has(at))).toEqual([]);
  }
}

interface Visit {
  readonly sent: Sent[];
  readonly expected: Uint8Array;
  readonly rxNs: bigint;
  readonly txNs: bigint;
}

const PROGRAMS: readonly (readonly [Program, bigint])[] = [
  ['main_native', 1n],
  ['main_bmv2', 1000n],
];

describe.each(PROGRAMS)(`%s with random frames (seed ${seed})`, (program, tickNs) => {
  let device: VirtualSwitch;
  let nowNs = 1_000_000_000n;
  beforeAll(async () => {
    device = await VirtualSwitch.open(program, VECTOR_PLAN);
  });
  afterAll(() => {
    device.close();
  });

  /** Whole ticks of the program's clock, so that its residence is exact. */
  const visit = (
    frame: Uint8Array,
    times: { readonly pauseNs: bigint; readonly residenceNs: bigint },
  ): Visit => {
    const ticks = (ns: bigint): bigint => (ns / tickNs) * tickNs;
    const rxNs = nowNs + ticks(times.pauseNs);
    const txNs = rxNs + ticks(times.residenceNs);
    nowNs = txNs;
    return {
      sent: device.pass(INGRESS, frame, rxNs, txNs),
      expected: corrected(frame, rxNs, txNs),
      rxNs,
      txNs,
    };
  };

  it('corrects every sound frame exactly as the reference does', () => {
    fc.assert(
      fc.property(ptpFrame, stay, (frame, times) => {
        const { sent, expected } = visit(frame, times);
        expect(sent.map((one) => `${one.port}:${hex(one.frame)}`)).toEqual([`2:${hex(expected)}`]);
      }),
      RUNS,
    );
  });

  it('does with damaged frames what the reference does, and changes nothing else', () => {
    let passed = 0;
    fc.assert(
      fc.property(mutatedFrame, stay, (frame, times) => {
        const { sent, rxNs, txNs } = visit(frame, times);
        expectHarmless(frame, sent);
        const reference = new ReferenceClock(VECTOR_PLAN, tickNs).receive(1, frame, rxNs, txNs);
        expect(sent.map((one) => `${one.port}:${hex(one.frame)}`)).toEqual(
          reference.map((one) => `${one.port}:${hex(one.frame)}`),
        );
        passed += sent.length;
      }),
      RUNS,
    );
    expect(passed).toBeGreaterThan(RUNS.numRuns / 10);
  });

  it('changes nothing in random octets', () => {
    fc.assert(
      fc.property(anyFrame, stay, (frame, times) => {
        expectHarmless(frame, visit(frame, times).sent);
      }),
      RUNS,
    );
  });
});
