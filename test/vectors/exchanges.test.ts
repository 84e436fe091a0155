/** Every message × mode × step × transport, octet by octet, on both programs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hex, unhex } from '#lab/bench/frames';
import { EXCHANGES_SEED, type ExchangeVector, exchangePlan, exchangeVectors } from './exchanges.js';
import { Frame, rightIpv4Checksum, rightUdpChecksum } from './reference-clock/anatomy.js';
import { ReferenceClock } from './reference-clock/clock.js';
import { type Program, VirtualSwitch } from './virtual-switch.js';

const update = process.env['TIMEPLANE_UPDATE_VECTORS'] === '1';
const path = join(import.meta.dirname, 'exchanges.json');

function text(vectors: readonly ExchangeVector[]): string {
  return `[\n${vectors.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`;
}

// Before anything reads it.
if (update) writeFileSync(path, text(exchangeVectors()));

function load(): readonly ExchangeVector[] {
  return JSON.parse(readFileSync(path, 'utf8')) as ExchangeVector[];
}

/** Vectors that share a switch: the same modes and steps. */
function bySetting(vectors: readonly ExchangeVector[]): Map<string, ExchangeVector[]> {
  const out = new Map<string, ExchangeVector[]>();
  for (const one of vectors) {
    const key = `modes ${one.modes.join(' and ')}, two-step ${one.twoStep.join(' and ') || 'nowhere'}`;
    out.set(key, [...(out.get(key) ?? []), one]);
  }
  return out;
}

/** Checksums from scratch: RFC 768 for UDP, RFC 791 for IPv4. */
function hasRightChecksums(octets: Uint8Array): boolean {
  const frame = new Frame(octets);
  if (frame.ip === null || frame.udp === null) return true;
  const ipv4 = frame.isIpv6 || frame.u16(frame.ip + 10) === rightIpv4Checksum(frame);
  const stood = frame.u16(frame.udp + 6);
  return ipv4 && (stood === rightUdpChecksum(frame) || (stood === 0 && !frame.isIpv6));
}

describe(`exchanges (seed ${EXCHANGES_SEED})`, () => {
  it('exchanges.json is what generating it again gives', () => {
    const now = text(exchangeVectors());
    expect(readFileSync(path, 'utf8') === now, 'exchanges.json differs from exchanges.ts').toBe(
      true,
    );
  });

  it('are a whole cross product with no name twice, and right checksums', () => {
    const vectors = load();
    expect(vectors).toHaveLength(5 * 4 * 4 * 5 * 2);
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
    const wrong = vectors.filter(({ steps }) =>
      steps.some((step) => !step.out.every((sent) => hasRightChecksums(unhex(sent.slice(2))))),
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});

describe.each<readonly [Program, bigint]>([
  ['main_native', 1n],
  ['main_bmv2', 1000n],
])('%s on the native engine', (program, tickNs) => {
  it.each([...bySetting(load())])('%s', async (_, vectors) => {
    const [first] = vectors;
    if (first === undefined) return;
    const plan = exchangePlan(first.modes, first.twoStep);
    const device = await VirtualSwitch.open(program, plan);
    const clock = new ReferenceClock(plan, tickNs);
    // All on one switch, one after the other: nothing may be left behind that another one finds.
    let laterNs = 0n;
    const wrong: unknown[] = [];
    for (const { name, steps } of vectors) {
      steps.forEach((step, index) => {
        const octets = unhex(step.in);
        const rxNs = BigInt(step.rxNs) + laterNs;
        const txNs = BigInt(step.txNs) + laterNs;
        clock.receive(step.port, octets, rxNs, txNs);
        const sent = device.pass(step.port, octets, rxNs, txNs);
        const got = sent.map(({ port, frame }) => `${port}:${hex(frame)}`);
        if (got.join() !== step.out.join()) wrong.push({ name, index, got, expected: step.out });
      });
      laterNs += 100_000_000n;
    }
    const counters = device.counters();
    device.close();
    expect(wrong.slice(0, 2), `${wrong.length} of ${vectors.length} are wrong`).toEqual([]);
    expect(counters).toEqual(clock.counts);
  });
});
