/** Clocks of the system through clock_gettime(2) and clock_adjtime(2). */
import { closeSync, openSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { fileErrorText } from '#units/file-error';
import { failure, success, type Result } from '#units/result';
import type { ClockDeviceErrorCode } from './clock-device.js';
import { queryTimex, readTimex, type Timex } from './timex.js';

/** What can be read and steered; `SteeredClock` needs no more. */
export interface AdjustableClock {
  readonly name: string;
  readonly timescale: 'ptp' | 'utc';
  /** The clock, and CLOCK_MONOTONIC before and after; null: it cannot be read now. */
  readonly read: () => ClockReadout | null;
  /** Its state without a change. */
  readonly query: () => Result<Timex, AdjustErrorCode>;
  /** Carries out what `timex` asks for. */
  readonly adjust: (timex: Uint8Array) => Result<null, AdjustErrorCode>;
  readonly close: () => void;
}

export interface ClockReadout {
  readonly clockNs: bigint;
  readonly beforeNs: bigint;
  readonly afterNs: bigint;
}

export type AdjustErrorCode = 'clock-refused';

const CLOCK_REALTIME = 0;
const TIMESPEC_OCTETS = 16;
const SECOND_NS = 1_000_000_000n;
/** Of some readings that with the least around it is the best. */
const READINGS = 5;
/** A file descriptor as a clock: man clock_gettime(2), dynamic clocks. */
const CLOCKFD = 3;

interface LibC {
  readonly gettime: (clock: number, timespec: BigInt64Array) => number;
  readonly adjtime: (clock: number, timex: Uint8Array) => number;
}

let loaded: LibC | null = null;

function libC(): LibC {
  if (loaded !== null) return loaded;
  const lib = koffi.load(null);
  loaded = {
    gettime: lib.func('int clock_gettime(int, void *)') as LibC['gettime'],
    adjtime: lib.func('int clock_adjtime(int, void *)') as LibC['adjtime'],
  };
  return loaded;
}

/** Both structures are laid out for a long of 64 bits. */
function unsupported(): string | null {
  if (process.platform !== 'linux') return `no clock_adjtime on ${process.platform}`;
  const isWide = ['x64', 'arm64', 'ppc64', 's390x', 'riscv64', 'loong64'].includes(process.arch);
  return isWide ? null : `clocks cannot be steered on ${process.arch}: its long has 32 bits`;
}

export function openSystemClock(): Result<AdjustableClock, ClockDeviceErrorCode> {
  const why = unsupported();
  if (why !== null) return failure('clock-unsupported', why);
  return success(clockOf('system', 'utc', CLOCK_REALTIME, () => undefined));
}

/** A NIC's own clock, such as /dev/ptp0. */
export function openPhc(path: string): Result<AdjustableClock, ClockDeviceErrorCode> {
  const why = unsupported();
  if (why !== null) return failure('clock-unsupported', why);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r+');
  } catch (error) {
    const code = (error as { readonly code?: string }).code;
    const isForbidden = code === 'EACCES' || code === 'EPERM';
    return failure(
      isForbidden ? 'clock-not-permitted' : 'clock-not-found',
      `${path}: ${fileErrorText(error)}`,
    );
  }
  const clock = clockOf(`phc ${path}`, 'ptp', phcClock(descriptor), () => closeSync(descriptor));
  if (clock.read() !== null) return success(clock);
  clock.close();
  return failure('clock-not-found', `${path} is no clock`);
}

function phcClock(descriptor: number): number {
  return (~descriptor << CLOCKFD) | CLOCKFD;
}

function clockOf(
  name: string,
  timescale: AdjustableClock['timescale'],
  clock: number,
  close: () => void,
): AdjustableClock {
  const adjust = (timex: Uint8Array): Result<null, AdjustErrorCode> => {
    // The result is the clock's state, 0 to 5; less is an error.
    if (libC().adjtime(clock, timex) >= 0) return success(null);
    return failure('clock-refused', `${name}: ${getSystemErrorName(-koffi.errno())}`);
  };
  const query = (): Result<Timex, AdjustErrorCode> => {
    const timex = queryTimex();
    const done = adjust(timex);
    return done.ok ? success(readTimex(timex)) : done;
  };
  return { name, timescale, read: () => bestReadout(clock), query, adjust, close };
}

function bestReadout(clock: number): ClockReadout | null {
  let best: ClockReadout | null = null;
  for (let n = 0; n < READINGS; n += 1) {
    const readout = readOnce(clock);
    if (readout === null) return null;
    if (best === null || widthOf(readout) < widthOf(best)) best = readout;
  }
  return best;
}

function readOnce(clock: number): ClockReadout | null {
  const timespec = new BigInt64Array(TIMESPEC_OCTETS / BigInt64Array.BYTES_PER_ELEMENT);
  const beforeNs = process.hrtime.bigint();
  if (libC().gettime(clock, timespec) !== 0) return null;
  const afterNs = process.hrtime.bigint();
  const [whole = 0n, fraction = 0n] = timespec;
  return { clockNs: whole * SECOND_NS + fraction, beforeNs, afterNs };
}

function widthOf({ beforeNs, afterNs }: ClockReadout): bigint {
  return afterNs - beforeNs;
}
