/**
 * A reference clock of chrony and ntpd over shared memory (`refclock SHM unit`): one `struct shmTime`
 * that the reader polls. `count` is odd while it is written, so a reader in between sees that.
 */
import { getSystemErrorName } from 'node:util';
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

/** Where long has 64 bits. */
export const SHM_OCTETS = 96;
/** "NTP0". */
export const SHM_KEY = 0x4e545030;
export const SHM_OFFSET = {
  mode: 0,
  count: 4,
  clockSeconds: 8,
  clockMicroseconds: 16,
  receiveSeconds: 24,
  receiveMicroseconds: 32,
  leap: 36,
  precision: 40,
  samples: 44,
  valid: 48,
  clockNanoseconds: 52,
  receiveNanoseconds: 56,
} as const;

const LEAP: Readonly<Record<LeapWarning, number>> = { none: 0, insert: 1, delete: 2 };
/** `count` tells whether a reading was torn. */
const MODE = 1;
const SECOND_NS = 1_000_000_000n;
const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const IPC_CREAT = 0o1000;
/** Units 0 and 1 are root's alone, as ntpd has it. */
const ROOT_UNITS = 2;
const MAX_UNIT = 255;
const NO_MEMORY = 2n ** 64n - 1n;

interface LibC {
  readonly shmget: (key: number, octets: number, flags: number) => number;
  readonly shmat: (id: number, address: null, flags: number) => object | null;
  readonly shmdt: (memory: object) => number;
}

let loaded: LibC | null = null;

function libC(): LibC {
  if (loaded !== null) return loaded;
  const lib = koffi.load(null);
  loaded = {
    shmget: lib.func('int shmget(int, size_t, int)') as LibC['shmget'],
    shmat: lib.func('void *shmat(int, void *, int)') as LibC['shmat'],
    shmdt: lib.func('int shmdt(void *)') as LibC['shmdt'],
  };
  return loaded;
}

/** Writes one sample: the system clock's time, and what PTP says that it was then. */
export function writeShmSample(
  view: DataView,
  { offsetNs, targetNs, uncertaintyNs }: ClockOffset,
  leap: LeapWarning,
): void {
  const systemNs = targetNs + offsetNs;
  bump(view);
  view.setInt32(SHM_OFFSET.valid, 0, IS_LITTLE_ENDIAN);
  view.setInt32(SHM_OFFSET.mode, MODE, IS_LITTLE_ENDIAN);
  writeTime(view, targetNs, 'clock');
  writeTime(view, systemNs, 'receive');
  view.setInt32(SHM_OFFSET.leap, LEAP[leap], IS_LITTLE_ENDIAN);
  view.setInt32(SHM_OFFSET.precision, precisionOf(uncertaintyNs), IS_LITTLE_ENDIAN);
  bump(view);
  view.setInt32(SHM_OFFSET.valid, 1, IS_LITTLE_ENDIAN);
}

function bump(view: DataView): void {
  const count = view.getInt32(SHM_OFFSET.count, IS_LITTLE_ENDIAN);
  view.setInt32(SHM_OFFSET.count, (count + 1) | 0, IS_LITTLE_ENDIAN);
}

function writeTime(view: DataView, ns: bigint, which: 'clock' | 'receive'): void {
  const rest = Number(ns % SECOND_NS);
  view.setBigInt64(SHM_OFFSET[`${which}Seconds`], ns / SECOND_NS, IS_LITTLE_ENDIAN);
  view.setInt32(SHM_OFFSET[`${which}Microseconds`], Math.floor(rest / 1_000), IS_LITTLE_ENDIAN);
  view.setUint32(SHM_OFFSET[`${which}Nanoseconds`], rest, IS_LITTLE_ENDIAN);
}

/** log2 of seconds, as NTP has it. */
function precisionOf(uncertaintyNs: bigint): number {
  return Math.ceil(Math.log2(Math.max(1, Number(uncertaintyNs)) / 1e9));
}

/** `system`: what the samples compare with; only read. */
export function openChronyShm(unit: number, system: AdjustableClock): ClockDeviceResult {
  if (!Number.isInteger(unit) || unit < 0 || unit > MAX_UNIT) {
    return failure('clock-not-found', `${unit} is no unit of shared memory, 0 to ${MAX_UNIT}`);
  }
  const c = libC();
  const mode = unit < ROOT_UNITS ? 0o600 : 0o666;
  const id = c.shmget(SHM_KEY + unit, SHM_OCTETS, IPC_CREAT | mode);
  const memory = id < 0 ? null : c.shmat(id, null, 0);
  if (memory === null || koffi.address(memory) === NO_MEMORY) {
    const why = getSystemErrorName(-koffi.errno());
    return failure('clock-not-permitted', `shared memory of unit ${unit}: ${why}`);
  }
  return success(new ChronyShm(unit, memory, system));
}

class ChronyShm implements ClockDevice {
  readonly name: string;
  readonly timescale = 'utc';
  readonly #memory: object;
  readonly #system: AdjustableClock;
  readonly #filter = new CertaintyFilter();
  #view: DataView | null;
  #offsetNs: number | null = null;
  #used = 0;
  #skipped = 0;
  #what = 'waits for PTP time';

  constructor(unit: number, memory: object, system: AdjustableClock) {
    this.name = `chrony SHM ${unit}`;
    this.#memory = memory;
    this.#system = system;
    this.#view = new DataView(koffi.view(memory, SHM_OCTETS));
  }

  follow(comparison: ClockComparison): void {
    const readout = this.#system.read();
    const found = readout === null ? null : compareClock(comparison, 'utc', readout);
    if (found === null || !comparison.isSynchronized || this.#view === null) {
      this.#skipped += 1;
      this.#what = 'waits: PTP time is not synchronized, or its offset from UTC not known';
      return;
    }
    if (!this.#filter.accepts(found.uncertaintyNs)) {
      this.#skipped += 1;
      return;
    }
    writeShmSample(this.#view, found, comparison.leap);
    this.#used += 1;
    this.#offsetNs = Number(found.offsetNs);
    this.#what = 'the samples are there to be read';
  }

  status(): ClockDeviceStatus {
    return {
      name: this.name,
      what: this.#what,
      offsetNs: this.#offsetNs,
      used: this.#used,
      skipped: this.#skipped,
      failed: 0,
    };
  }

  /** The memory stays, with its last sample: a reader may have it open. */
  close(): void {
    if (this.#view === null) return;
    this.#view = null;
    libC().shmdt(this.#memory);
    this.#system.close();
  }
}
