/** simple_switch_grpc without interfaces: frames are packet-outs, and come back as packet-ins. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { extendPath, hasProgram } from '#lab/namespaces/sandbox';
import { freePort } from '#lab/peers/free-port';
import { Program } from '../support/sandbox.js';
import { Controller } from './conversation.js';

extendPath();
export const BMV2 = 'simple_switch_grpc';
const missing = ['setpriv', BMV2].filter((name) => !hasProgram(name));
/** Why it cannot be run here, for a title; empty where it can. */
export const bmv2Note = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', ')} on PATH)`;

/** Fails as long as nobody listens there. */
export async function reaches(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}

export interface Bmv2Switch {
  readonly controller: () => Controller;
  readonly through: (frame: Uint8Array) => Promise<Uint8Array>;
}

/** Registers its start and end with the tests of the file. */
export function bmv2Switch(config: Parameters<Controller['commits']>[0]): Bmv2Switch {
  let controller: Controller | null = null;
  let program: Program | null = null;
  beforeAll(async () => {
    if (bmv2Note !== '') return;
    const [port, thrift] = [await freePort(), await freePort()];
    program = new Program([
      ...[BMV2, '--no-p4', '--device-id', '1', '--thrift-port', String(thrift), '--'],
      ...['--grpc-server-addr', `127.0.0.1:${port}`, '--cpu-port', '510'],
    ]);
    await vi.waitFor(() => reaches(port), { timeout: 20_000, interval: 50 });
    controller = await new Controller(port, 1n).becomesPrimary();
    expect(await controller.commits(config)).toBe('OK');
  }, 60_000);
  afterAll(async () => {
    controller?.hangsUp();
    await program?.end();
  });
  const current = (): Controller => {
    if (controller === null) throw new Error('the switch is not there yet');
    return controller;
  };
  return {
    controller: current,
    through: async (payload) => {
      current().says({ case: 'packet', value: { payload } });
      const heard = await current().hears();
      if (typeof heard === 'string' || Array.isArray(heard) || heard.case !== 'packet') {
        throw new Error('no packet-in came');
      }
      return heard.value.payload;
    },
  };
}
