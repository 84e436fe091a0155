/**
 * A UNIX datagram socket, as pmc talks to a clock on its own machine. Node has stream sockets of this
 * family alone, so this calls the C library. Waiting is done by a poll on a thread of libuv's pool
 * that ends by itself after a moment: nothing holds the process when it is to end.
 */
import { chmodSync, lstatSync, rmSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import koffi from 'koffi';
import { failure, success, type Result } from '#units/result';

export interface LocalSocketOptions {
  readonly path: string;
  /** `reply` sends one datagram to where this one came from; false: nobody is there any more. */
  /** `peer` names the sender as long as it has its socket; `reply` works as long. */
  readonly onDatagram: (
    octets: Uint8Array,
    reply: (octets: Uint8Array) => boolean,
    peer: string,
  ) => void;
  /** The socket stopped to work; it is closed then. */
  readonly onFailure: (message: string) => void;
}

export interface LocalSocket {
  /** Also removes the file, if it is still this socket's. */
  readonly close: () => void;
}

export type LocalSocketErrorCode = 'socket-address' | 'socket-unsupported';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_NOSIGNAL = 0x4000;
const POLLIN = 1;
/** `struct sockaddr_un`: the family, then the path. */
const FAMILY_OCTETS = 2;
const MAX_PATH_OCTETS = 107;
const ADDRESS_OCTETS = FAMILY_OCTETS + MAX_PATH_OCTETS + 1;
/** More than any PTP message over Ethernet. */
const MAX_DATAGRAM_OCTETS = 2_048;
/** How long a wait may hold up the end of the process. */
const POLL_MS = 250;
/** Datagrams that are taken before others get their turn. */
const MOST_AT_ONCE = 64;
const MODE = 0o660;

interface LibC {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, address: Uint8Array, octets: number) => number;
  readonly connect: (fd: number, address: Uint8Array, octets: number) => number;
  readonly close: (fd: number) => number;
  readonly recvfrom: (
    fd: number,
    buffer: Uint8Array,
    size: number,
    flags: number,
    address: Uint8Array,
    addressOctets: Int32Array,
  ) => number;
  readonly sendto: (
    fd: number,
    buffer: Uint8Array,
    size: number,
    flags: number,
    address: Uint8Array,
    addressOctets: number,
  ) => number;
  /** On a thread of the pool. */
  readonly poll: (
    request: Uint8Array,
    timeoutMs: number,
    done: (error: unknown, ready: number) => void,
  ) => void;
  readonly errno: () => number;
}

let loaded: LibC | null = null;

function libC(): LibC {
  if (loaded !== null) return loaded;
  const lib = koffi.load(null);
  const poll = lib.func('int poll(void *requests, unsigned long count, int timeout)');
  loaded = {
    socket: lib.func('int socket(int, int, int)') as LibC['socket'],
    bind: lib.func('int bind(int, const void *, uint32_t)') as LibC['bind'],
    connect: lib.func('int connect(int, const void *, uint32_t)') as LibC['connect'],
    close: lib.func('int close(int)') as LibC['close'],
    recvfrom: lib.func(
      'intptr_t recvfrom(int, void *, size_t, int, void *, int32_t *)',
    ) as LibC['recvfrom'],
    sendto: lib.func(
      'intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)',
    ) as LibC['sendto'],
    poll: (request, timeoutMs, done) => {
      poll.async(request, 1, timeoutMs, done);
    },
    errno: () => koffi.errno(),
  };
  return loaded;
}

/** Opens a socket at `path`. Errors: the place is taken by something else, or out of reach. */
export function openLocalSocket(
  options: LocalSocketOptions,
): Result<LocalSocket, LocalSocketErrorCode> {
  if (process.platform !== 'linux') {
    return failure('socket-unsupported', `no UNIX datagram sockets on ${process.platform}`);
  }
  const c = libC();
  const { path } = options;
  const address = addressOf(path);
  if (address === null) return failure('socket-address', `"${path}" is too long for a socket`);
  const obstacle = obstacleAt(path) ?? clearStale(c, path, address);
  if (obstacle !== null) return failure('socket-address', obstacle);
  const fd = c.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failure('socket-address', `no socket: ${reason(c.errno())}`);
  // Nobody may write to it before its mode is set.
  const mask = process.umask(0o777);
  const bound = c.bind(fd, address, address.length) === 0;
  const why = bound ? '' : reason(c.errno());
  process.umask(mask);
  if (!bound) {
    c.close(fd);
    return failure('socket-address', `cannot make the socket ${path}: ${why}`);
  }
  chmodSync(path, MODE);
  return success(new Listening(c, fd, options));
}

function addressOf(path: string): Uint8Array | null {
  const text = Buffer.from(path, 'utf8');
  if (text.length > MAX_PATH_OCTETS || text.includes(0)) return null;
  const address = Buffer.alloc(FAMILY_OCTETS + text.length + 1);
  // Of the machine's own byte order.
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_UNIX;
  text.copy(address, FAMILY_OCTETS);
  return address;
}

/** Why nothing can be at `path`; null: nothing in the way so far. */
function obstacleAt(path: string): string | null {
  const folder = dirname(path);
  try {
    if (statSync(folder).isDirectory()) return null;
    return `${folder} is no folder: choose another path for the socket`;
  } catch {
    return `the folder ${folder} is not there: make it, or choose another path for the socket`;
  }
}

/** Removes a socket that nobody listens to any more. A text: why there is no place. */
function clearStale(c: LibC, path: string, address: Uint8Array): string | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isSocket()) return `${path} is there and is no socket: choose another path`;
  const fd = c.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const alive = c.connect(fd, address, address.length) === 0;
  c.close(fd);
  if (alive) return `another process listens on ${path}`;
  rmSync(path, { force: true });
  return null;
}

function reason(errno: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === errno);
  return found === undefined ? `error ${errno}` : found[0];
}

class Listening implements LocalSocket {
  readonly #c: LibC;
  readonly #fd: number;
  readonly #options: LocalSocketOptions;
  readonly #inode: number;
  readonly #buffer = Buffer.alloc(MAX_DATAGRAM_OCTETS);
  /** `struct pollfd`: descriptor, events wanted, events found. */
  readonly #request = Buffer.alloc(8);
  #closing = false;

  constructor(c: LibC, fd: number, options: LocalSocketOptions) {
    this.#c = c;
    this.#fd = fd;
    this.#options = options;
    this.#inode = lstatSync(options.path).ino;
    new Int32Array(this.#request.buffer, this.#request.byteOffset, 1)[0] = fd;
    new Int16Array(this.#request.buffer, this.#request.byteOffset + 4, 1)[0] = POLLIN;
    process.once('exit', this.#remove);
    this.#wait();
  }

  /** The descriptor is closed when the wait is over: a thread may still be in it. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    process.off('exit', this.#remove);
    this.#remove();
  }

  readonly #remove = (): void => {
    const { path } = this.#options;
    const now = lstatSync(path, { throwIfNoEntry: false });
    if (now?.ino === this.#inode) rmSync(path, { force: true });
  };

  #wait(): void {
    this.#c.poll(this.#request, POLL_MS, (_error, ready) => {
      if (!this.#closing && ready > 0) this.#drain();
      if (this.#closing) this.#c.close(this.#fd);
      else this.#wait();
    });
  }

  #drain(): void {
    for (let taken = 0; taken < MOST_AT_ONCE; taken += 1) {
      const from = Buffer.alloc(ADDRESS_OCTETS);
      const fromOctets = Int32Array.of(ADDRESS_OCTETS);
      const size = MAX_DATAGRAM_OCTETS;
      const octets = this.#c.recvfrom(this.#fd, this.#buffer, size, 0, from, fromOctets);
      if (octets < 0) {
        this.#failed(this.#c.errno());
        return;
      }
      const peer = from.subarray(0, fromOctets[0]);
      const datagram = Uint8Array.from(this.#buffer.subarray(0, octets));
      this.#options.onDatagram(datagram, (reply) => this.#reply(peer, reply), peer.toString('hex'));
    }
  }

  #failed(errno: number): void {
    const { EAGAIN, EINTR } = constants.errno;
    if (errno === EAGAIN || errno === EINTR) return;
    this.close();
    this.#options.onFailure(`${this.#options.path}: ${reason(errno)}`);
  }

  /** Never waits: a peer that does not read loses its answer. */
  #reply(peer: Uint8Array, octets: Uint8Array): boolean {
    // A socket without a name cannot be answered.
    if (this.#closing || peer.length <= FAMILY_OCTETS) return false;
    const { length } = octets;
    return this.#c.sendto(this.#fd, octets, length, MSG_NOSIGNAL, peer, peer.length) === length;
  }
}
