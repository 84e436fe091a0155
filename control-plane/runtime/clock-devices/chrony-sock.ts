/**
 * A reference clock of chrony over its socket (`refclock SOCK`): each comparison is one datagram, a
 * `struct sock_sample` of 40 octets in the machine's byte order. chronyd makes the socket; while it is
 * not there samples are lost, and counted.
 */
import koffi from 'koffi';
import { failure, success } from '#units/result';
import type {
  ClockComparison,
  ClockDevice,
  ClockDeviceResult,
  ClockDeviceStatus,
  LeapWarning,
} from './clock-device.js';
import { CertaintyFilter, compareClock, type ClockOffset } from './comparison.js';
import type { AdjustableClock } from './posix-clock.js';

const SAMPLE_OCTETS = 40;
const OFFSET = { seconds: 0, microseconds: 8, offset: 16, pulse: 24, leap: 28, magic: 36 } as const;
/** "SOCK". */
const MAGIC = 0x534f434b;
/** As RFC 5905 numbers them. */
const LEAP: Readonly<Record<LeapWarning, number>> = { none: 0, insert: 1, delete: 2 };
const SECOND_NS = 1_000_000_000n;
const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_NOSIGNAL = 0x4000;
const MAX_PATH_OCTETS = 107;

/** One sample: the system clock's time (microseconds), and how much PTP's UTC is ahead of it. */
export function sockSample({ offsetNs, targetNs }: ClockOffset, leap: LeapWarning): Uint8Array {
  const octets = new Uint8Array(SAMPLE_OCTETS);
  const view = new DataView(octets.buffer);
  const systemNs = targetNs + offsetNs;
  const wholeUs = systemNs / 1_000n;
  view.setBigInt64(OFFSET.seconds, systemNs / SECOND_NS, IS_LITTLE_ENDIAN);
  view.setBigInt64(OFFSET.microseconds, wholeUs % 1_000_000n, IS_LITTLE_ENDIAN);
  view.setFloat64(OFFSET.offset, -Number(offsetNs) / 1e9, IS_LITTLE_ENDIAN);
  view.setInt32(OFFSET.leap, LEAP[leap], IS_LITTLE_ENDIAN);
  view.setInt32(OFFSET.magic, MAGIC, IS_LITTLE_ENDIAN);
  return octets;
}

interface LibC {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly sendto: (
    socket: number,
    octets: Uint8Array,
    count: number,
    flags: number,
    address: Uint8Array,
    addressOctets: number,
  ) => number;
  readonly close: (socket: number) => number;
}

let loaded: LibC | null = null;

function libC(): LibC {
  if (loaded !== null) return loaded;
  const lib = koffi.load(null);
  loaded = {
    socket: lib.func('int socket(int, int, int)') as LibC['socket'],
    sendto: lib.func(
      'intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)',
    ) as LibC['sendto'],
    close: lib.func('int close(int)') as LibC['close'],
  };
  return loaded;
}

/** `system`: what the samples compare with; only read. Errors: the path is too long. */
export function openChronySock(path: string, system: AdjustableClock): ClockDeviceResult {
  const text = Buffer.from(path, 'utf8');
  if (text.length === 0 || text.length > MAX_PATH_OCTETS || text.includes(0)) {
    return failure('clock-not-found', `"${path}" cannot be the path of a socket`);
  }
  const socket = libC().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return failure('clock-unsupported', 'no UNIX datagram socket');
  const address = Buffer.alloc(2 + text.length + 1);
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_UNIX;
  text.copy(address, 2);
  return success(new ChronySock(path, socket, address, system));
}

class ChronySock implements ClockDevice {
  readonly name: string;
  readonly timescale = 'utc';
  readonly #socket: number;
  readonly #address: Uint8Array;
  readonly #system: AdjustableClock;
  readonly #filter = new CertaintyFilter();
  #offsetNs: number | null = null;
  #used = 0;
  #skipped = 0;
  #failed = 0;
  #what = 'waits for PTP time';

  constructor(path: string, socket: number, address: Uint8Array, system: AdjustableClock) {
    this.name = `chrony SOCK ${path}`;
    this.#socket = socket;
    this.#address = address;
    this.#system = system;
  }

  follow(comparison: ClockComparison): void {
    const readout = this.#system.read();
    const found = readout === null ? null : compareClock(comparison, 'utc', readout);
    if (found === null || !comparison.isSynchronized) {
      this.#skipped += 1;
      this.#what = 'waits: PTP time is not synchronized, or its offset from UTC not known';
      return;
    }
    if (!this.#filter.accepts(found.uncertaintyNs)) {
      this.#skipped += 1;
      return;
    }
    this.#send(found, comparison.leap);
  }

  status(): ClockDeviceStatus {
    return {
      name: this.name,
      what: this.#what,
      offsetNs: this.#offsetNs,
      used: this.#used,
      skipped: this.#skipped,
      failed: this.#failed,
    };
  }

  close(): void {
    libC().close(this.#socket);
    this.#system.close();
  }

  #send(found: ClockOffset, leap: LeapWarning): void {
    const octets = sockSample(found, leap);
    const address = this.#address;
    const sent = libC().sendto(
      this.#socket,
      octets,
      octets.length,
      MSG_NOSIGNAL,
      address,
      address.length,
    );
    if (sent === octets.length) {
      this.#used += 1;
      this.#offsetNs = Number(found.offsetNs);
      this.#what = 'chrony is told';
    } else {
      this.#failed += 1;
      this.#what = 'chronyd does not take samples there: is it running, with this refclock?';
    }
  }
}
