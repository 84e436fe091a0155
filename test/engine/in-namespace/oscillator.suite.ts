/** Two switches on one link, each with an oscillator of its own: what the kernel stamped in one time
 * is told in two others, and either can be taken back to the kernel's. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rateOffsetOfPpb, ticksOnLine, type OscillatorOptions } from '#binding/oscillator';
import type { Engine } from '#binding/engine';
import { must, REQUESTS } from '../harness.js';
import { addPair, startEngine, sync, until, type Running } from './wires.js';

/*  sender  in0 ---- in1  one  out0 ---- out1  other  */
let sender: Running;
let one: Running;
let other: Running;

const SECOND = 1_000_000_000n;
const TIME_MASK = (1n << 48n) - 1n;
const ONE: OscillatorOptions = {
  offsetNs: 7_000n * SECOND,
  rateOffset: rateOffsetOfPpb(900_000),
  wander: rateOffsetOfPpb(1_000),
  seed: 1n,
};
const OTHER: OscillatorOptions = {
  offsetNs: -7_000n * SECOND,
  rateOffset: rateOffsetOfPpb(-900_000),
  wander: rateOffsetOfPpb(1_000),
  seed: 2n,
};

beforeAll(async () => {
  addPair('in0', 'in1');
  addPair('out0', 'out1');
  sender = await startEngine({ 1: 'in0' });
  one = await startEngine({ 1: 'in1', 2: 'out0' }, {}, ONE);
  other = await startEngine({ 1: 'out1' }, {}, OTHER);
  sender.forward(7, 1);
  other.forward(7, 510);
  one.treat(7, 'event', 2, REQUESTS.end);
});
afterAll(() => {
  for (const { engine } of [sender, one, other]) engine.close();
});

const cell = ({ engine }: Running, register: number): bigint =>
  must(engine.registerRead(register, 0, 1))[0]?.[0] ?? 0n;

/** The kernel's time at which a switch's clock had these 48 bits, to within a nanosecond. */
function kernelTime(engine: Engine, ticks48: bigint): bigint {
  const line = must(engine.oscillatorLines(0n)).findLast(
    ({ ticksNs }) => BigInt.asIntN(48, ticks48 - ticksNs) >= 0n,
  );
  if (line === undefined) throw new Error('no line of that time');
  const ticks = line.ticksNs + BigInt.asIntN(48, ticks48 - line.ticksNs);
  let systemNs = line.systemNs + (ticks - line.ticksNs);
  for (let round = 0; round < 8; round++) systemNs += ticks - ticksOnLine(line, systemNs);
  return systemNs;
}

it('stamps of both, taken back to the kernel’s time, are microseconds apart', async () => {
  const ways: number[] = [];
  const apart: number[] = [];
  for (let i = 0; i < 60; i++) {
    other.messages.length = 0;
    must(sender.engine.packetOut(sync(i)));
    await until('it is there', () => other.frames().length === 1);
    await until('its event was there', () => one.port(2).txEvents === BigInt(i + 1));
    const [sent, received] = [cell(one, 1), cell(other, 0) & TIME_MASK];
    ways.push(Number(kernelTime(other.engine, received) - kernelTime(one.engine, sent)));
    apart.push(Number(BigInt.asIntN(48, received - sent)));
  }
  ways.sort((a, b) => a - b);
  console.log(`stamp to stamp: p50 ${ways[30]} ns, max ${ways[59]} ns`);
  // Neither before it was sent nor long after: a stamp that was not converted is seconds off.
  expect(ways[0]).toBeGreaterThanOrEqual(-2);
  expect(ways[30]).toBeLessThan(20_000);
  expect(ways[59]).toBeLessThan(1_000_000);
  expect(Math.max(...apart)).toBeLessThan(-13_000e9);
  expect(one.port(2)).toMatchObject({ txStamps: 60n, txStampsMissing: 0n, txEventsLost: 0n });
});
