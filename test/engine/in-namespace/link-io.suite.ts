/** What ports do with frames, however these come and go. */
import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { frameTo, must } from '../harness.js';
import { addPair, ip, startEngine, sync, until, type Running } from './wires.js';

/*  sender -- in0 ~ in1 [ 1  switch  2 ] out0 ~ out1 -- receiver  */
let sender: Running;
let receiver: Running;

beforeAll(async () => {
  addPair('in0', 'in1');
  addPair('out0', 'out1');
  sender = await startEngine({ 1: 'in0' });
  receiver = await startEngine({ 1: 'out1' });
  sender.forward(7, 1);
  receiver.forward(7, 510);
});
afterAll(() => {
  sender.engine.close();
  receiver.engine.close();
});

const send = (frame: Uint8Array) => must(sender.engine.packetOut(frame));

async function received(count: number): Promise<Uint8Array[]> {
  await until(`${count} frames are there`, () => receiver.frames().length >= count);
  return receiver.frames();
}

const correctionOf = (frame: Uint8Array) =>
  new DataView(frame.buffer, frame.byteOffset).getBigInt64(22);

describe.each(['auto', 'packet', 'xdp'] as const)('with io=%s,', (io) => {
  let node: Running;

  beforeEach(async () => {
    node = await startEngine({ 1: 'in1', 2: 'out0' }, {}, undefined, io);
    node.forward(7, 2);
    const facts = {
      sendsByXdp: io !== 'packet',
      receivesByXdp: io === 'xdp',
      zeroCopy: false,
      hardwareStamps: false,
    };
    await until(`it is ${JSON.stringify(facts)}`, () =>
      [1, 2].every(
        (port) => JSON.stringify(must(node.engine.linkFacts(port))) === JSON.stringify(facts),
      ),
    );
    receiver.messages.length = 0;
  });
  afterEach(() => {
    node.engine.close();
  });

  describe('frames', () => {
    it('pass unchanged, of every length the link takes', async () => {
      const frames = [14, 60, 64, 1000, 1514].map((octets) => frameTo(7, octets));
      frames.forEach(send);
      expect(await received(frames.length)).toEqual(frames);
      expect(node.port(1)).toMatchObject({ rxFrames: 5n, rxNoTimestamp: 0n, linkUp: 1n });
      expect(node.port(2)).toMatchObject({ txFrames: 5n, txErrors: 0n });
    });

    it('keep their VLAN tags, two of them too', async () => {
      const tagged = frameTo(7, 100, 0x8100);
      const twice = frameTo(7, 100, 0x88a8);
      twice.set([0, 5, 0x81, 0, 0, 6, 0x12, 0x34], 14);
      send(tagged);
      send(twice);
      expect(await received(2)).toEqual([tagged, twice]);
    });

    it('are not seen again on the port that they left by', async () => {
      send(frameTo(7));
      await received(1);
      await delay(20);
      expect(node.port(2).rxFrames).toBe(0n);
    });

    it('come in trains without loss', async () => {
      const count = 2_000;
      for (let i = 0; i < count; i++) {
        while (!sender.engine.packetOut(frameTo(7, 64 + (i % 100))).ok) await delay(1);
      }
      await until('all are forwarded', () => node.port(2).txFrames === BigInt(count));
      expect(node.port(1).rxKernelDrops).toBe(0n);
    });
  });

  describe('time', () => {
    it('in the switch is added to event frames, and the way to the stamp is learned', async () => {
      for (let i = 0; i < 50; i++) {
        send(sync());
        await delay(1);
      }
      for (const frame of await received(50)) {
        const residenceNs = correctionOf(frame) >> 16n;
        expect(residenceNs).toBeGreaterThan(0n);
        expect(residenceNs).toBeLessThan(1_000_000_000n);
      }
      await delay(20);
      expect(receiver.frames()).toHaveLength(50); // and nothing else that the port may have sent
      const { txCorrected, txStamps, txStampsMissing } = node.port(2);
      expect({ txCorrected, txStampsMissing }).toEqual({ txCorrected: 50n, txStampsMissing: 0n });
      const latency = must(node.engine.txLatency(2));
      expect(latency.samples).toBe(txStamps); // not every frame's: they may come close together
      expect(txStamps).toBeGreaterThan(5n);
      expect(latency.appliedNs).toBeGreaterThan(0n);
      expect(latency.appliedNs).toBeLessThanOrEqual(latency.maxNs);
      expect(latency.missedP99Ns).toBeGreaterThanOrEqual(latency.missedP50Ns);
      expect(latency.p50Ns).toBeGreaterThan(0n);
      expect(latency.p50Ns).toBeLessThan(10_000_000n);
      expect(latency.maxNs).toBeGreaterThanOrEqual(latency.p99Ns);
    });

    it('in a shaped queue is part of it', async () => {
      const line = { rateBps: 100_000n, overheadOctets: 24, boundOctets: 0, priorityCount: 1 };
      must(node.engine.setQueue(2, line));
      send(frameTo(7, 976)); // 80 ms at 100 kbit/s
      send(sync());
      const frames = await received(2);
      const residenceNs = correctionOf(frames[1] ?? sync()) >> 16n;
      expect(residenceNs).toBeGreaterThan(40_000_000n);
      expect(residenceNs).toBeLessThan(1_000_000_000n);
    });
  });

  describe('checksums that a sender left to its hardware', () => {
    it('are completed before the program sees the frame', async () => {
      ip('addr', 'add', '192.0.2.1/24', 'dev', 'in0');
      ip(
        'neigh',
        'replace',
        '192.0.2.2',
        'lladdr',
        '02:00:00:00:00:07',
        'dev',
        'in0',
        'nud',
        'permanent',
      );
      const socket = createSocket('udp4');
      await new Promise<void>((resolve) =>
        socket.send('hello, checksum', 9999, '192.0.2.2', () => resolve()),
      );
      socket.close();
      const frame = (await received(1))[0] ?? new Uint8Array(0);
      expect(node.port(1).rxChecksumFilled).toBe(1n);
      const datagram = frame.subarray(34);
      const pseudo = [...frame.subarray(26, 34), 0, 17, 0, datagram.length];
      let sum = 0;
      for (const [i, octet] of [...pseudo, ...datagram].entries())
        sum += i % 2 ? octet : octet << 8;
      expect(sum % 0xffff).toBe(0);
      expect(datagram[6] !== 0 || datagram[7] !== 0).toBe(true);
      ip('addr', 'del', '192.0.2.1/24', 'dev', 'in0');
    });
  });

  describe('what is sent', () => {
    it('frames of all lengths keep their order, and are counted', async () => {
      const frames = Array.from({ length: 300 }, (_, i) => frameTo(7, 60 + ((i * 37) % 1455)));
      for (const frame of frames) {
        while (!sender.engine.packetOut(frame).ok) await delay(1);
      }
      expect(await received(frames.length)).toEqual(frames);
      const octets = frames.reduce((sum, { length }) => sum + length, 0);
      const counted = { txFrames: BigInt(frames.length), txOctets: BigInt(octets), txErrors: 0n };
      expect(node.port(2)).toMatchObject(counted);
    });

    it('what the line cannot take is counted, and the next frame passes', async () => {
      ip('link', 'set', 'in0', 'mtu', '3000');
      ip('link', 'set', 'in1', 'mtu', '3000');
      await until('a frame of 2000 octets comes in', () => {
        send(frameTo(7, 2000));
        return node.port(1).rxFrames > 0n;
      });
      await until('it is refused', () => node.port(2).txErrors > 0n);
      ip('link', 'set', 'in0', 'mtu', '1500');
      ip('link', 'set', 'in1', 'mtu', '1500');
      send(frameTo(7));
      expect((await received(1)).at(-1)).toEqual(frameTo(7));
      expect(node.port(2).txFrames).toBe(1n);
    });
  });
});
