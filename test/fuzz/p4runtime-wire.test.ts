/**
 * The P4Runtime server's socket: octets that are no messages in requests that are gRPC, octets that are
 * no gRPC, and connections that end in the middle of something. It goes on answering others.
 */
import { Client, credentials } from '@grpc/grpc-js';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectHttp2 } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestSwitch } from '../server/conversation.js';
import { CONFIG, startSwitch } from '../server/conversation.js';
import { Chance } from '../stf/differential/packets.js';
import type { Call } from './calls.js';
import { METHODS, REQUESTS, mutateCalls, unpackCalls } from './calls.js';
import { readsEverything } from './client-seeds.js';
import { committedInputs } from './corpus.js';
import { SEED, secondsFor } from './settings.js';

const BRIEF_SECONDS = 3;
const SERVICE = 'p4.v1.P4Runtime';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

let device: TestSwitch;
beforeAll(async () => {
  device = await startSwitch();
});
afterAll(() => device.close());

/** Another client, meanwhile, is served as if nothing were. */
async function servesOthers(): Promise<void> {
  const controller = device.controller(1n << 60n);
  expect(await controller.asksCapabilities()).toBe('1.5.0');
  controller.hangsUp();
}

const raw = (octets: Buffer): Buffer => octets;

/** The status of a call with these octets for a request; a stream is left open for a moment. */
function sends(client: Client, { method, octets }: Call): Promise<number> {
  const path = `/${SERVICE}/${method}`;
  const request = Buffer.from(octets);
  return new Promise((resolve) => {
    if (method === 'StreamChannel') {
      const stream = client.makeBidiStreamRequest(path, raw, raw);
      stream.on('data', () => undefined);
      stream.on('error', () => undefined);
      stream.once('status', ({ code }) => resolve(code));
      stream.write(request);
      stream.end();
    } else if (method === 'Read') {
      const stream = client.makeServerStreamRequest(path, raw, raw, request);
      stream.on('data', () => undefined);
      stream.on('error', () => undefined);
      stream.once('status', ({ code }) => resolve(code));
    } else {
      client.makeUnaryRequest(path, raw, raw, request, (error) => resolve(error?.code ?? 0));
    }
  });
}

function randomCall(chance: Chance): Call {
  const method = METHODS[chance.below(METHODS.length)] ?? 'Write';
  return { method, octets: Uint8Array.from(chance.octets(chance.below(300))) };
}

/** A connection of its own that says `octets` and goes, or is cut. */
async function intrudes(port: number, octets: Buffer, isCut: boolean): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  socket.write(octets);
  await new Promise((resolve) => setTimeout(resolve, 5));
  if (isCut) socket.resetAndDestroy();
  else socket.destroy();
}

describe(`the server’s socket (seed ${SEED})`, () => {
  const chance = new Chance(SEED);
  const until = (share: number): number => Date.now() + secondsFor(2, BRIEF_SECONDS) * 1000 * share;

  it(
    'requests that are no messages, or none that make sense, have a status each',
    async () => {
      expect(await (await device.controller(2n).becomesPrimary()).commits(CONFIG)).toBe('OK');
      const client = new Client(`127.0.0.1:${device.port}`, credentials.createInsecure());
      const known = committedInputs('p4runtime', 'conversations').map(unpackCalls);
      const seeds: readonly (readonly Call[])[] = [[readsEverything()], ...known];
      const statuses = new Map<number, number>();
      let count = 0;
      for (const deadline = until(1); Date.now() < deadline; count += 1) {
        const base = seeds[chance.below(seeds.length)] ?? [];
        const calls =
          chance.below(3) === 0 ? [randomCall(chance)] : mutateCalls(chance, base, base);
        for (const one of calls) {
          const code = await sends(client, one);
          statuses.set(code, (statuses.get(code) ?? 0) + 1);
        }
      }
      client.close();
      console.log(`${count} conversations, statuses ${JSON.stringify([...statuses])}`);
      expect(Object.keys(REQUESTS)).toHaveLength(METHODS.length);
      await servesOthers();
    },
    secondsFor(1, BRIEF_SECONDS) * 1000 + 30_000,
  );

  it('octets that are no gRPC, no HTTP/2, or the beginning of some, hurt nobody', async () => {
    for (const deadline = until(0.5); Date.now() < deadline;) {
      const noise = Buffer.from(chance.octets(1 + chance.below(400)));
      const preface = Buffer.from(PREFACE.slice(0, 1 + chance.below(PREFACE.length)));
      const octets = chance.below(2) === 0 ? noise : Buffer.concat([preface, noise]);
      await intrudes(device.port, octets, chance.below(2) === 0);
    }
    await servesOthers();
  });

  it('HTTP/2 that is no gRPC is refused, and clients that die in a message leave nothing', async () => {
    for (let i = 0; i < 30; i += 1) {
      const session = connectHttp2(`http://127.0.0.1:${device.port}`);
      session.on('error', () => undefined);
      const path = chance.below(2) === 0 ? '/' : `/${SERVICE}/Write`;
      const type = chance.below(2) === 0 ? 'application/grpc' : 'text/plain';
      const request = session.request({ ':method': 'POST', ':path': path, 'content-type': type });
      request.on('error', () => undefined);
      // A length of 16 MiB, and then not that much.
      request.write(Buffer.from([0, 1, 0, 0, 0, ...chance.octets(chance.below(64))]));
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (chance.below(2) === 0) request.close();
      session.destroy();
    }
    await servesOthers();
  });
});
