/** When a frame came, by the ring and by AF_XDP: both against when the kernel sent it. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { must, REQUESTS } from '../harness.js';
import { addPair, startEngine, sync, until, type Running } from './wires.js';

/*  sender  in0 ---- in1  one  out0 ---- out1  other, with either io  */
let sender: Running;
let one: Running;
let other: Running;

const FRAMES = 400;

beforeAll(async () => {
  addPair('in0', 'in1');
  addPair('out0', 'out1');
  sender = await startEngine({ 1: 'in0' });
  one = await startEngine({ 1: 'in1', 2: 'out0' });
  sender.forward(7, 1);
  one.treat(7, 'event', 2, REQUESTS.end);
});
afterEach(() => {
  other.engine.close();
});
afterAll(() => {
  for (const { engine } of [sender, one]) engine.close();
});

const cell = ({ engine }: Running, register: number): bigint =>
  must(engine.registerRead(register, 0, 1))[0]?.[0] ?? 0n;

it.each(['packet', 'xdp'] as const)('with io=%s it is soon after that', async (io) => {
  other = await startEngine({ 1: 'out1' }, {}, undefined, io);
  other.forward(7, 510);
  const waysNs: number[] = [];
  for (let i = 0; i < FRAMES; i++) {
    const before = one.port(2).txEvents;
    other.messages.length = 0;
    must(sender.engine.packetOut(sync(i)));
    await until('it is there', () => other.frames().length === 1);
    await until('its event was there', () => one.port(2).txEvents === before + 1n);
    waysNs.push(Number(BigInt.asIntN(48, cell(other, 0) - cell(one, 1))));
  }
  waysNs.sort((a, b) => a - b);
  const at = (part: number): number => waysNs[Math.floor(part * FRAMES)] ?? NaN;
  console.log(
    `io=${io}: from send to receive stamp p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)} ns`,
  );
  // Never before; and not the time at which the loop woke up, which is far later than p50 here.
  expect(at(0)).toBeGreaterThanOrEqual(0);
  expect(at(0.5)).toBeLessThan(20_000);
  expect(other.port(1).rxNoTimestamp).toBe(0n);
});
