import { setTimeout as delay } from 'node:timers/promises';
import koffi from 'koffi';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { frameTo, must } from '../harness.js';
import { addPair, ip, startEngine, sync, until, type Running } from './wires.js';

/*  sender -- in0 ~ in1 [ 1  switch  2 ] out0 ~ out1 -- receiver  */
let sender: Running;
let node: Running;
let receiver: Running;

beforeAll(async () => {
  addPair('in0', 'in1');
  addPair('out0', 'out1');
  sender = await startEngine({ 1: 'in0' });
  receiver = await startEngine({ 1: 'out1' });
  sender.forward(7, 1);
  receiver.forward(7, 510);
});
beforeEach(async () => {
  node = await startEngine({ 1: 'in1', 2: 'out0' });
  node.forward(7, 2);
  receiver.messages.length = 0;
});
afterEach(() => {
  node.engine.close();
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

describe('an interface', () => {
  it('may go down and come back', async () => {
    ip('link', 'set', 'out0', 'down');
    await until('the port is down', () => node.status().at(-1) === false);
    send(frameTo(7));
    await until('the frame is counted', () => node.port(2).txErrors === 1n);
    ip('link', 'set', 'out0', 'up');
    await until('the port is up', () => node.status().at(-1) === true);
    send(frameTo(7));
    expect(await received(1)).toEqual([frameTo(7)]);
  });

  it('loses its carrier, and nobody waits a quarter of a second to look', async () => {
    const tookMs: number[] = [];
    for (let turn = 0; turn < 7; turn++) {
      ip('link', 'set', 'out1', 'down');
      const cutAt = performance.now();
      await until('the port is down', () => node.status().at(-1) === false);
      tookMs.push(performance.now() - cutAt);
      ip('link', 'set', 'out1', 'up');
      await until('both ends are up again', () => {
        return node.status().at(-1) === true && receiver.status().at(-1) === true;
      });
    }
    const median = tookMs.sort((a, b) => a - b)[3];
    expect(median).toBeLessThan(50);
  });

  it('without a carrier is stood in for by a backup, without the host', async () => {
    addPair('alt0', 'alt1');
    must(node.engine.addPacketPort(3, 'alt0'));
    const backups = [{ port: 3, instance: 2 }];
    must(node.engine.multicastGroupSet(1, [{ port: 2, instance: 1, backups }]));
    node.treat(9, 'flood', 1);
    sender.forward(9, 1);
    const sent = () => [2, 3].map((port) => Number(node.port(port).txFrames));
    send(frameTo(9));
    await until('a frame leaves', () => sent().join() === '1,0');
    ip('link', 'set', 'out1', 'down');
    await until('the port is down', () => node.status().at(-1) === false);
    send(frameTo(9));
    await until('a frame leaves by the backup', () => sent().join() === '1,1');
    ip('link', 'set', 'out1', 'up');
    await until('the port is up', () => node.status().at(-1) === true);
    send(frameTo(9));
    await until('a frame leaves as before', () => sent().join() === '2,1');
  });

  it('may go away and come back under its name', async () => {
    ip('link', 'del', 'out0');
    await until('the port is down', () => node.status().at(-1) === false);
    send(frameTo(7));
    await until('the frame is counted', () => node.port(2).txErrors === 1n);
    addPair('out0', 'out1');
    await until(
      'both ends are up again',
      () => node.status().at(-1) === true && receiver.status().at(-1) === true,
    );
    send(sync());
    expect(await received(1)).toHaveLength(1);
  });

  it('may get a larger MTU while it is a port', async () => {
    for (const name of ['in0', 'in1', 'out0', 'out1']) ip('link', 'set', name, 'mtu', '9000');
    await until('a long frame passes', () => {
      send(frameTo(7, 9014));
      return receiver.frames().some((frame) => frame.length === 9014);
    });
  });

  it('that is not there is named', () => {
    expect(node.engine.addPacketPort(3, 'nowhere0')).toEqual({
      ok: false,
      error: {
        code: 'NO_SUCH_INTERFACE',
        message: expect.stringContaining('no interface nowhere0') as string,
      },
    });
    expect(node.engine.addPacketPort(3, 'a-name-longer-than-any')).toMatchObject({
      error: { code: 'NO_SUCH_INTERFACE' },
    });
  });

  it('or a number that is a port already is refused', () => {
    expect(node.engine.addPacketPort(3, 'in1')).toMatchObject({
      error: { code: 'PORT_IN_USE', message: 'interface in1 is a port already' },
    });
    expect(node.engine.addPacketPort(1, 'lo')).toMatchObject({
      error: { code: 'PORT_IN_USE', message: 'port 1 is in use' },
    });
    expect(node.engine.addPacketPort(511, 'lo')).toMatchObject({ error: { code: 'OUT_OF_RANGE' } });
  });

  it('can be removed and added again', async () => {
    must(node.engine.removePort(1));
    must(node.engine.addPacketPort(1, 'in1'));
    send(frameTo(7));
    expect(await received(1)).toEqual([frameTo(7)]);
  });
});

describe('the loop', () => {
  it('sleeps when there is nothing to do', async () => {
    await delay(50);
    const before = process.cpuUsage();
    await delay(500);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(250); // ms of CPU of three engines and Node
  });

  it('lets a thousand writes through while traffic flows', () => {
    for (let i = 0; i < 1_000; i++) {
      send(frameTo(7));
      must(node.engine.counterWrite(0, 0, { packets: BigInt(i), octets: 0n }));
    }
    expect(must(node.engine.counterRead(0, 0, 1))[0]?.packets).toBe(999n);
  });
});

describe('without permission', () => {
  it('no interface is opened, and the message says what is needed', () => {
    // The last test: this thread gives its capabilities up.
    const capset = koffi.load('libc.so.6').func('int capset(uint8_t *header, uint8_t *data)');
    const header = Buffer.alloc(8);
    header.writeUInt32LE(0x20080522, 0); // _LINUX_CAPABILITY_VERSION_3
    expect(capset(header, Buffer.alloc(24))).toBe(0);
    expect(node.engine.addPacketPort(3, 'lo')).toMatchObject({
      error: {
        code: 'NO_PERMISSION',
        message: expect.stringContaining('CAP_NET_RAW') as string,
      },
    });
  });
});
