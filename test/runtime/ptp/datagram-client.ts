/** A client of a UNIX datagram socket, through the C library: Node has none. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';

type Call = (...values: unknown[]) => number;

const lib = koffi.load(null);
const c = {
  socket: lib.func('int socket(int, int, int)') as Call,
  bind: lib.func('int bind(int, const void *, uint32_t)') as Call,
  sendto: lib.func(
    'intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)',
  ) as Call,
  recv: lib.func('intptr_t recv(int, void *, size_t, int)') as Call,
  close: lib.func('int close(int)') as Call,
};
const AF_UNIX = 1;
const NON_BLOCKING_DATAGRAMS = 2 | 0o4000;
const WAIT_MS = 5;
const TRIES = 400;

const address = (path: string) => Buffer.concat([Buffer.of(AF_UNIX, 0), Buffer.from(`${path}\0`)]);

function bound(path: string): number {
  const fd = c.socket(AF_UNIX, NON_BLOCKING_DATAGRAMS, 0);
  const to = address(path);
  if (c.bind(fd, to, to.length) !== 0) throw new Error(`cannot bind ${path}`);
  return fd;
}

/** What a killed process leaves: a socket's file that nobody listens to. */
export function leaveStaleSocket(path: string): void {
  c.close(bound(path));
}

/** Sends each datagram to `path`, and waits for `expected` answers. */
export async function askSocket(
  path: string,
  datagrams: readonly Uint8Array[],
  expected = datagrams.length,
): Promise<Uint8Array[]> {
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-client-'));
  const fd = bound(join(folder, 'client'));
  const to = address(path);
  for (const datagram of datagrams) {
    const { length } = datagram;
    if (c.sendto(fd, datagram, length, 0, to, to.length) !== length) {
      throw new Error(`nobody takes a datagram at ${path}`);
    }
  }
  const answers: Uint8Array[] = [];
  const buffer = Buffer.alloc(4_096);
  for (let tries = 0; answers.length < expected && tries < TRIES; tries += 1) {
    const octets = c.recv(fd, buffer, buffer.length, 0);
    if (octets >= 0) answers.push(Uint8Array.from(buffer.subarray(0, octets)));
    else await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  c.close(fd);
  rmSync(folder, { recursive: true, force: true });
  return answers;
}
