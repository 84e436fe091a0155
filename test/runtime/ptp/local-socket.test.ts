/** The UNIX datagram socket, with a client that calls the C library too: Node has none of its own. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalSocket, type LocalSocket } from '#runtime/ptp/local-socket';

let directory: string;
let path: string;
let sockets: LocalSocket[];
const failures: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'timeplane-socket-'));
  path = join(directory, 'clock');
  sockets = [];
  failures.length = 0;
});

afterEach(() => {
  for (const socket of sockets) socket.close();
  rmSync(directory, { recursive: true, force: true });
  expect(failures).toEqual([]);
});

/** Echoes each datagram with a "!" behind it. */
function open(at = path) {
  const opened = openLocalSocket({
    path: at,
    onDatagram: (octets, reply) => reply(Uint8Array.of(...octets, 0x21)),
    onFailure: (message) => failures.push(message),
  });
  if (opened.ok) sockets.push(opened.value);
  return opened;
}

const refusal = (opened: ReturnType<typeof open>) => (opened.ok ? '' : opened.error.message);

type Call = (...values: unknown[]) => number;

/** The C library, as a client from outside would use it. */
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

const address = (name: string) => Buffer.concat([Buffer.of(AF_UNIX, 0), Buffer.from(`${name}\0`)]);

/** A bound socket; its file stays when it is closed. */
function bound(name: string): number {
  const fd = c.socket(AF_UNIX, NON_BLOCKING_DATAGRAMS, 0);
  const to = address(name);
  expect(c.bind(fd, to, to.length)).toBe(0);
  return fd;
}

/** What the clock answers. */
async function ask(...texts: string[]): Promise<string[]> {
  const client = join(directory, 'client');
  const fd = bound(client);
  const to = address(path);
  for (const text of texts) {
    const octets = Buffer.from(text);
    expect(c.sendto(fd, octets, octets.length, 0, to, to.length)).toBe(octets.length);
  }
  const answers: string[] = [];
  const buffer = Buffer.alloc(4_096);
  for (let tries = 0; answers.length < texts.length && tries < 400; tries += 1) {
    const octets = c.recv(fd, buffer, buffer.length, 0);
    if (octets >= 0) answers.push(buffer.toString('utf8', 0, octets));
    else await new Promise((resolve) => setTimeout(resolve, 5));
  }
  c.close(fd);
  rmSync(client, { force: true });
  return answers;
}

describe('a local socket', () => {
  it('answers each datagram to where it came from', async () => {
    expect(open().ok).toBe(true);
    expect(await ask('one', 'two', 'three')).toEqual(['one!', 'two!', 'three!']);
    expect(await ask('again')).toEqual(['again!']);
  });

  it('is for its owner and group alone', () => {
    open();
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  it('leaves no file when it is closed, and can be opened again', async () => {
    open();
    sockets.pop()?.close();
    expect(existsSync(path)).toBe(false);
    expect(open().ok).toBe(true);
    expect(await ask('hello')).toEqual(['hello!']);
  });

  it('replaces one that a killed process left behind', async () => {
    c.close(bound(path));
    expect(existsSync(path)).toBe(true);
    expect(open().ok).toBe(true);
    expect(await ask('hello')).toEqual(['hello!']);
  });

  it('takes no place where another process listens', () => {
    open();
    expect(refusal(open())).toContain('another process listens');
    expect(existsSync(path)).toBe(true);
  });

  it('removes nothing that is no socket', () => {
    writeFileSync(path, 'precious');
    expect(refusal(open())).toContain('no socket');
    expect(statSync(path).size).toBe(8);
  });

  it('says why it cannot be made', () => {
    expect(refusal(open(join(directory, 'nowhere', 'clock')))).toContain('ENOENT');
    expect(refusal(open(join(directory, 'x'.repeat(200))))).toContain('too long');
  });
});
