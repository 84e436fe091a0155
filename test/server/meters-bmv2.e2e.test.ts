/** The same conversations with simple_switch_grpc, which gets its frames as packet-outs. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import { extendPath, hasProgram } from '#lab/topology/sandbox';
import { Program } from '../support/sandbox.js';
import { Controller } from './conversation.js';
import { arrayConversation, directConversation } from './meters-conversation.js';
import { METERS_CONFIG } from './meters-fixture.js';

extendPath();
const SWITCH = 'simple_switch_grpc';
const missing = ['setpriv', SWITCH].filter((name) => !hasProgram(name));
const note = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', ')} on PATH)`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Fails as long as nobody listens there. */
async function reaches(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}

let controller: Controller;
let program: Program;

beforeAll(async () => {
  if (note !== '') return;
  const [port, thrift] = [await freePort(), await freePort()];
  program = new Program([
    ...[SWITCH, '--no-p4', '--device-id', '1', '--thrift-port', String(thrift), '--'],
    ...['--grpc-server-addr', `127.0.0.1:${port}`, '--cpu-port', '510'],
  ]);
  await vi.waitFor(() => reaches(port), { timeout: 20_000, interval: 50 });
  controller = await new Controller(port, 1n).becomesPrimary();
  expect(await controller.commits(METERS_CONFIG)).toBe('OK');
}, 60_000);

afterAll(async () => {
  if (note !== '') return;
  controller.hangsUp();
  await program.end();
});

const metered = {
  controller: () => controller,
  through: async (payload: Uint8Array): Promise<Uint8Array> => {
    controller.says({ case: 'packet', value: { payload } });
    const heard = await controller.hears();
    if (typeof heard === 'string' || Array.isArray(heard) || heard.case !== 'packet') {
      throw new Error(`heard ${JSON.stringify(heard)}`);
    }
    return heard.value.payload;
  },
};

describe.skipIf(note !== '')(`a meter array on ${SWITCH}${note}`, () => {
  arrayConversation(metered);
});

describe.skipIf(note !== '')(`a direct meter on ${SWITCH}${note}`, () => {
  directConversation(metered, {
    metersOutliveEntries: true,
    missingEntry: 'INVALID_ARGUMENT',
  });
});
