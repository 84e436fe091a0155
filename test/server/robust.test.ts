/** Many clients, hurried ones, slow ones, and such as die: bounded, and nobody holds up the others. */
import { connect } from 'node:net';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { CONFIG, startSwitch } from './conversation.js';
import { b } from './entries.js';
import { ID } from './fixture-program.js';

const { MODIFY } = Update_Type;

let device: TestSwitch;
let primary: Controller;
beforeEach(async () => {
  device = await startSwitch();
  primary = await device.controller(1_000_000n).becomesPrimary();
  await primary.commits(CONFIG);
});
afterEach(() => device.close());

/** How long the primary waits for a write, ms. */
async function writeMs(): Promise<number> {
  const start = performance.now();
  expect(await primary.writes(MODIFY, [counter(1)])).toBe('OK');
  return performance.now() - start;
}

const counter = (index: number): EntityInit => ({
  case: 'counterEntry',
  value: { counterId: ID.portCounter, index: { index: BigInt(index) }, data: {} },
});

const SOON = { timeout: 10_000 };

/** Far more than a write takes here, far less than one that waits for somebody. */
const HELD_UP_MS = 2000;

describe('a hundred clients', () => {
  it('have one primary, hear of the next one, and hold up nobody', async () => {
    const backups = Array.from({ length: 99 }, (_, i) => device.controller(BigInt(i + 1)));
    for (const backup of backups) backup.arbitrates();
    for (const backup of backups) expect(await backup.hearsArbitration()).toBe('ALREADY_EXISTS');
    expect(device.service.counts()).toMatchObject({ clients: 100, primaries: 1 });
    expect(await writeMs()).toBeLessThan(HELD_UP_MS);
    await device.controller(2_000_000n).becomesPrimary();
    for (const backup of backups) expect(await backup.hearsArbitration()).toBe('ALREADY_EXISTS');
    expect(await primary.hearsArbitration()).toBe('ALREADY_EXISTS');
  });
});

describe('a thousand streams that are opened and closed', () => {
  it('leave nothing behind', { timeout: 60_000 }, async () => {
    const waves = 20;
    for (let wave = 0; wave < waves; wave += 1) {
      const clients = Array.from({ length: 50 }, (_, i) => device.controller(BigInt(i + 1)));
      for (const client of clients) client.arbitrates();
      for (const client of clients) await client.hearsUpdate();
      for (const [i, client] of clients.entries()) {
        // Politely, and by breaking the connection.
        if (i % 2 === 0) client.leaves();
        else client.dies();
      }
      await expect.poll(() => device.service.counts().clients, SOON).toBe(1);
      for (const client of clients) client.hangsUp();
    }
    expect(device.service.counts()).toMatchObject({ clients: 1, primaries: 1 });
    expect(await writeMs()).toBeLessThan(HELD_UP_MS);
  });
});

describe('a client that reads nothing', () => {
  it('loses packet-ins beyond a bound, and the others wait for nothing', async () => {
    primary.stopsReading();
    const sent = 20_000;
    const frame = new Uint8Array(1024);
    for (let i = 0; i < sent; i += 1) device.engine.says({ kind: 'packetIn', frame });
    await expect.poll(() => device.service.counts().droppedPacketIns).toBeGreaterThan(sent / 2);
    expect(await writeMs()).toBeLessThan(HELD_UP_MS);
    const { sent: told, droppedPacketIns } = device.service.counts();
    // What the sockets' buffers took, and the queue; not what was said.
    expect(told + droppedPacketIns).toBeLessThanOrEqual(sent + 16);
  });
});

// In the middle of a batch: see dying-client.test.ts.
describe('a client that dies', () => {
  it('in the middle of a message is forgotten', async () => {
    const sockets = Array.from({ length: 50 }, () => connect(device.port, '127.0.0.1'));
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x10');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const socket of sockets) socket.destroy();
    expect(await writeMs()).toBeLessThan(HELD_UP_MS);
    const payload = new Uint8Array(14);
    const metadata = [
      { metadataId: 1, value: b(1) },
      { metadataId: 2, value: b(0) },
    ];
    primary.says({ case: 'packet', value: { payload, metadata } });
    await expect.poll(() => device.engine.packetOuts.length).toBe(1);
  });
});
