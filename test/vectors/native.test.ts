import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hex, unhex } from '#lab/bench/frames';
import { MALFORMED_REASONS, type MalformedVector, type Vector } from './generate.js';
import { type Program, VECTOR_PLAN, VirtualSwitch } from './virtual-switch.js';

function load<T>(name: string): readonly T[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8')) as T[];
}

/** In order of time: the switch's clock does not go back. */
function inTime(vectors: readonly Vector[]): Vector[] {
  return [...vectors].sort((a, b) => Number(BigInt(a.rxNs) - BigInt(b.rxNs)));
}

interface Wrong {
  readonly name: string;
  readonly expected: string;
  readonly got: readonly string[];
}

/** Those of the vectors that the switch does not reproduce octet by octet. */
function wrongOnes(device: VirtualSwitch, vectors: readonly Vector[]): Wrong[] {
  return inTime(vectors).flatMap((one) => {
    const sent = device.pass(one.ingress, unhex(one.in), BigInt(one.rxNs), BigInt(one.txNs));
    const got = sent.map(({ port, frame }) => `${port}:${hex(frame)}`);
    const expected = `${one.egress}:${one.out ?? one.in}`;
    return got.length === 1 && got[0] === expected ? [] : [{ name: one.name, expected, got }];
  });
}

/** Some of many failures: enough to see what is wrong. */
function some(wrong: readonly Wrong[]): readonly Wrong[] {
  return wrong.slice(0, 3);
}

const PROGRAMS: readonly (readonly [Program, 1 | 1000])[] = [
  ['main_native', 1],
  ['main_bmv2', 1000],
];

describe.each(PROGRAMS)('%s on the native engine', (program, resolutionNs) => {
  let device: VirtualSwitch;
  beforeAll(async () => {
    device = await VirtualSwitch.open(program, VECTOR_PLAN);
  });
  afterAll(() => {
    device.close();
  });

  it.each(['correction.json', 'shapes.json', 'untouched.json'])(
    'reproduces %s octet by octet',
    async (file) => {
      const vectors = load<Vector>(file).filter((one) => one.resolutionNs >= resolutionNs);
      expect(vectors.length).toBeGreaterThan(200);
      const fresh = await VirtualSwitch.open(program, VECTOR_PLAN);
      const wrong = wrongOnes(fresh, vectors);
      fresh.close();
      expect(some(wrong), `${wrong.length} of ${vectors.length} are wrong`).toEqual([]);
    },
  );

  it('drops malformed messages and counts each under its reason', () => {
    const bad = load<MalformedVector>('malformed.json').filter((one) => {
      const cell = MALFORMED_REASONS[one.reason];
      const before = device.counted('ptp_malformed', cell);
      const sent = device.pass(one.ingress, unhex(one.in), 1_000_000n, 2_000_000n);
      return sent.length !== 0 || device.counted('ptp_malformed', cell) !== before + 1n;
    });
    expect(bad.slice(0, 3), `${bad.length} are wrong`).toEqual([]);
  });

  it('passes malformed messages untouched where the policy says so, and counts them', async () => {
    const passMalformed = Object.values(MALFORMED_REASONS);
    const lenient = await VirtualSwitch.open(program, { ...VECTOR_PLAN, passMalformed });
    const bad = load<MalformedVector>('malformed.json').filter((one) => {
      const cell = MALFORMED_REASONS[one.reason];
      const before = lenient.counted('ptp_malformed', cell);
      const sent = lenient.pass(one.ingress, unhex(one.in), 1_000_000n, 2_000_000n);
      const passed = sent.length === 1 && sent[0]?.port === 2 && hex(sent[0].frame) === one.in;
      return !passed || lenient.counted('ptp_malformed', cell) !== before + 1n;
    });
    lenient.close();
    expect(bad.slice(0, 3), `${bad.length} are wrong`).toEqual([]);
  });

  it('leaves PTP alone on ports whose mode is off', async () => {
    const off = await VirtualSwitch.open(program, { ...VECTOR_PLAN, ptpMode: 0 });
    const vectors = load<Vector>('correction.json')
      // Peer delay over Ethernet goes to an address that a bridge keeps to the link.
      .filter((one) => one.resolutionNs >= resolutionNs && !one.in.startsWith('0180c2'))
      .map((one) => ({ ...one, out: null }));
    const wrong = wrongOnes(off, vectors);
    off.close();
    expect(some(wrong), `${wrong.length} of ${vectors.length} are wrong`).toEqual([]);
  });
});
