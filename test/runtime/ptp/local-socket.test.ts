/** The UNIX datagram socket, with a client that calls the C library too: Node has none of its own. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalSocket, type LocalSocket } from '#runtime/ptp/local-socket';
import { askSocket, leaveStaleSocket } from './datagram-client.js';

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

/** What the clock answers. */
async function ask(...texts: string[]): Promise<string[]> {
  const answers = await askSocket(
    path,
    texts.map((text) => Buffer.from(text)),
  );
  return answers.map((octets) => Buffer.from(octets).toString());
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
    leaveStaleSocket(path);
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
    expect(refusal(open(join(directory, 'nowhere', 'clock')))).toContain('make it');
    expect(refusal(open(join(directory, 'x'.repeat(200))))).toContain('too long');
  });
});
