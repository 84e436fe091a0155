/** TX events on veth pairs, whose stamps the kernel takes while it sends. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { frameTo, must, REQUESTS, words } from '../harness.js';
import { addPair, ip, startEngine, until, type Running } from './wires.js';

/*  sender  in0 ---- in1  the switch under test  out0 ---- out1  receiver  */
let sender: Running;
let node: Running;
let receiver: Running;

const BUFFERS = 1_024;
const WITHIN_NS = 1_000_000n;
const TIME_MASK = (1n << 48n) - 1n;

beforeAll(async () => {
  addPair('in0', 'in1');
  addPair('out0', 'out1');
  sender = await startEngine({ 1: 'in0' });
  receiver = await startEngine({ 1: 'out1' });
  for (const destination of [7, 8]) {
    sender.forward(destination, 1);
    receiver.forward(destination, 510);
  }
});
beforeEach(async () => {
  node = await startEngine({ 1: 'in1', 2: 'out0' }, { packetCount: BUFFERS });
  receiver.messages.length = 0;
});
afterEach(() => {
  node.engine.close();
});
afterAll(() => {
  sender.engine.close();
  receiver.engine.close();
});

function sync(destination: number, sequenceId: number): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([2, 0, 0, 0, 0, destination, 2, 0, 0, 0, 0, 1, 0x88, 0xf7, 0x00, 0x02, 0, 44]);
  new DataView(frame.buffer).setUint16(58, sequenceId);
  return frame;
}

const send = (frame: Uint8Array) => must(sender.engine.packetOut(frame));
const viewOf = (frame: Uint8Array) => new DataView(frame.buffer, frame.byteOffset);
const nameOf = (frame: Uint8Array) =>
  `${frame[14] === 8 ? 'f' : 's'}${viewOf(frame).getUint16(58)}`;
const cell = (running: Running, register: number): bigint =>
  must(running.engine.registerRead(register, 0, 1))[0]?.[0] ?? 0n;
const events = () => {
  const { txEvents, txEventsLost, txWaits, txWaitsLost } = node.port(2);
  return [txEvents, txEventsLost, txWaits, txWaitsLost].map(Number);
};

async function received(count: number): Promise<Uint8Array[]> {
  await until(`${count} frames are there`, () => receiver.frames().length >= count);
  return receiver.frames();
}

/** The loop stands still: what it may hold it can be made to give. */
function expectNoBufferLost(): void {
  must(node.engine.stop());
  must(node.engine.removePort(1));
  must(node.engine.removePort(2));
  for (let i = 0; i < BUFFERS; i++) must(node.engine.packetOut(frameTo(9)));
  expect(node.engine.packetOut(frameTo(9))).toMatchObject({ error: { code: 'FULL' } });
}

describe('the time of a TX event', () => {
  it("is the kernel's: microseconds before the peer's kernel has the frame", async () => {
    node.treat(7, 'event', 2, REQUESTS.end);
    const ways: number[] = [];
    for (let i = 0; i < 100; i++) {
      receiver.messages.length = 0;
      send(sync(7, i));
      await received(1);
      await until('its event was there', () => node.port(2).txEvents === BigInt(i + 1));
      const wayNs = (cell(receiver, 0) - cell(node, 1)) & TIME_MASK;
      expect(wayNs).toBeLessThan(WITHIN_NS); // and not negative, which would be huge
      ways.push(Number(wayNs));
    }
    ways.sort((a, b) => a - b);
    console.log(`stamp to stamp: p50 ${ways[50]} ns, p99 ${ways[98]} ns, max ${ways[99]} ns`);
    expect(ways[50]).toBeLessThan(20_000);
    const { txStamps, txStampsMissing } = node.port(2);
    expect({ txStamps, txStampsMissing }).toEqual({ txStamps: 100n, txStampsMissing: 0n });
    expect(events()).toEqual([100, 0, 0, 0]);
    expectNoBufferLost();
  });

  it('goes out with the frame that follows, together with the correction as it was sent', async () => {
    node.treat(7, 'event', 2, REQUESTS.tell);
    send(sync(7, 1));
    const [first = sync(0, 0), second = sync(0, 0)] = await received(2);
    expect([nameOf(first), nameOf(second)]).toEqual(['s1', 'f1']);
    const correction = viewOf(first).getBigInt64(22);
    expect(correction >> 16n).toBeGreaterThan(0n);
    expect(viewOf(second).getBigInt64(41)).toBe(correction);
    expect(viewOf(second).getBigUint64(32) & TIME_MASK).toBe(cell(node, 1));
  });
});

describe('order', () => {
  it('in a train: each frame, what its event made, the next frame', async () => {
    node.treat(7, 'event', 2, REQUESTS.tell);
    for (let i = 0; i < 50; i++) send(sync(7, i));
    const frames = await received(100);
    expect(frames.map(nameOf)).toEqual(
      Array.from({ length: 50 }, (_, i) => [`s${i}`, `f${i}`]).flat(),
    );
  });

  it('of a frame that came too early is mended', async () => {
    node.treat(7, 'event', 2, REQUESTS.end);
    node.treat(8, 'wait', 2, 1_000_000_000);
    send(sync(8, 1));
    await until('it waits', () => node.port(2).txWaits === 1n);
    send(sync(7, 1));
    expect((await received(2)).map(nameOf)).toEqual(['s1', 'f1']);
    expect(events()).toEqual([1, 0, 1, 0]);
    expectNoBufferLost();
  });
});

describe('a frame that waits', () => {
  it('wakes the loop when its time is over', async () => {
    node.treat(8, 'wait', 2, 30_000_000);
    const before = performance.now();
    send(sync(8, 1));
    await until('it is over', () => node.engine.counters().droppedByProgram === 1n);
    const waitedMs = performance.now() - before;
    expect(waitedMs).toBeGreaterThan(29);
    // The loop's other reason to wake, maintenance, comes four times a second.
    expect(waitedMs).toBeLessThan(200);
    expectNoBufferLost();
  });

  it('lets the loop sleep meanwhile', async () => {
    node.treat(8, 'wait', 2, 2_000_000_000);
    for (let i = 0; i < 10; i++) send(sync(8, i));
    await until('they wait', () => node.port(2).txWaits === 10n);
    const { user, system } = process.cpuUsage();
    await delay(500);
    const after = process.cpuUsage({ user, system });
    expect((after.user + after.system) / 1_000).toBeLessThan(250); // ms, of three engines and Node
  });
});

describe('a port that goes', () => {
  it('down, and comes back, has lost no buffer', async () => {
    node.treat(7, 'event', 2, REQUESTS.tell);
    node.treat(8, 'wait', 2, 1_000_000_000);
    for (let i = 0; i < 10; i++) send(sync(8, i));
    await until('they wait', () => node.port(2).txWaits === 10n);
    ip('link', 'set', 'out0', 'down');
    await until('the port is down', () => node.status().at(-1) === false);
    for (let i = 0; i < 10; i++) send(sync(7, i));
    await until('the frames are counted', () => node.port(2).txErrors >= 10n);
    ip('link', 'set', 'out0', 'up');
    await until('the port is up', () => node.status().at(-1) === true);
    receiver.messages.length = 0;
    send(sync(7, 99));
    expect((await received(2)).slice(0, 2).map(nameOf)).toEqual(['s99', 'f99']);
    expectNoBufferLost();
  });

  it('away, and comes back under its name, has events again', async () => {
    node.treat(7, 'event', 2, REQUESTS.tell);
    node.treat(8, 'wait', 2, 1_000_000_000);
    send(sync(7, 1));
    await received(2);
    send(sync(8, 1));
    ip('link', 'del', 'out0');
    await until('the port is down', () => node.status().at(-1) === false);
    send(sync(7, 2));
    await until('the frame is counted', () => node.port(2).txErrors >= 1n);
    addPair('out0', 'out1');
    await until(
      'both ends are up again',
      () => node.status().at(-1) === true && receiver.status().at(-1) === true,
    );
    receiver.messages.length = 0;
    send(sync(7, 3));
    expect((await received(2)).map(nameOf).slice(0, 2)).toEqual(['s3', 'f3']);
    expectNoBufferLost();
  });
});

describe('a pipeline that is loaded', () => {
  it('finds none of the old one’s frames, and nothing is lost', async () => {
    const { fixturePipeline } = await import('../harness.js');
    node.treat(8, 'wait', 2, 1_000_000_000);
    for (let i = 0; i < 10; i++) send(sync(8, i));
    await until('they wait', () => node.port(2).txWaits === 10n);
    must(node.engine.load(await fixturePipeline()));
    expect(node.engine.counters().droppedReload).toBe(10n);
    must(node.engine.registerWrite(1, 0, words(1, 0)));
    node.treat(7, 'event', 2, REQUESTS.tell);
    send(sync(7, 1));
    expect((await received(2)).map(nameOf)).toEqual(['s1', 'f1']);
    expectNoBufferLost();
  });
});
