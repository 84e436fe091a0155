/** Reaches a TCP port of a sandbox from outside: through a socket in a folder, which no namespace parts. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { Program, Sandbox } from './sandbox.js';

const INSIDE = `
  const net = require('node:net');
  const [path, port] = process.argv.slice(1);
  net
    .createServer((outer) => {
      const inner = net.connect(Number(port), '127.0.0.1');
      for (const socket of [outer, inner]) socket.on('error', () => undefined);
      outer.pipe(inner).pipe(outer);
    })
    .listen(path, () => console.log('ready'));
`;

export interface Relay {
  /** On our own loopback address. */
  readonly port: number;
  readonly close: () => void;
}

/** `path`: of a socket that is not there yet. */
export async function relayInto(sandbox: Sandbox, port: number, path: string): Promise<Relay> {
  const inside: Program = sandbox.start([process.execPath, '-e', INSIDE, path, String(port)]);
  await inside.says((output) => output.includes('ready'));
  const server = createServer((outer) => {
    const inner = connect(path);
    for (const socket of [outer, inner]) socket.on('error', () => undefined);
    outer.pipe(inner).pipe(outer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}
