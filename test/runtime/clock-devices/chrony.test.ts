import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChronyShm, SHM_KEY, SHM_OCTETS, SHM_OFFSET } from '#runtime/clock-devices/chrony-shm';
import { openChronySock } from '#runtime/clock-devices/chrony-sock';
import type { ClockComparison, ClockDevice } from '#runtime/clock-devices/clock-device';
import { openLocalSocket } from '#runtime/ptp/local-socket';
import { instant } from '#units/time';
import { FakeClock } from './fake-clock.js';

/** 2027-01-15 08:00:00.123456789 UTC, as the system has it. */
const SYSTEM = 1_800_000_000_123_456_789n;
/** PTP says that it is 2.5 µs later. */
const PTP = SYSTEM + 37_000_000_000n + 2_500n;

function comparison(clock: FakeClock, overrides: Partial<ClockComparison> = {}): ClockComparison {
  return {
    ptpTime: instant(PTP),
    beforeNs: clock.monotonicNs - 1_000n,
    afterNs: clock.monotonicNs + 1_000n,
    utcOffsetSeconds: 37,
    leap: 'insert',
    isSynchronized: true,
    errorBoundNs: 100,
    ...overrides,
  };
}

function opened(result: ReturnType<typeof openChronySock>): ClockDevice {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

describe('chrony over a socket', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'timeplane-sock-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is told of each comparison as refclock_sock reads it', async () => {
    const path = join(folder, 'chrony.sock');
    const clock = new FakeClock('utc', SYSTEM);
    const device = opened(openChronySock(path, clock));
    device.follow(comparison(clock));
    expect(device.status()).toMatchObject({ used: 0, failed: 1 });
    expect(device.status().what).toMatch(/is it running/);

    const datagram = new Promise<Uint8Array>((resolve, reject) => {
      const listening = openLocalSocket({
        path,
        onDatagram: (octets) => {
          if (listening.ok) listening.value.close();
          resolve(octets.slice());
        },
        onFailure: (message) => reject(new Error(message)),
      });
      expect(listening.ok).toBe(true);
    });
    device.follow(comparison(clock));
    const octets = Buffer.from(await datagram);
    expect(octets.length).toBe(40);
    expect(octets.readBigInt64LE(0)).toBe(1_800_000_000n);
    expect(octets.readBigInt64LE(8)).toBe(123_456n);
    expect(octets.readDoubleLE(16)).toBeCloseTo(2.5e-6, 12);
    expect(octets.readInt32LE(24)).toBe(0);
    expect(octets.readInt32LE(28)).toBe(1);
    expect(octets.readInt32LE(36)).toBe(0x534f434b);
    expect(device.status()).toMatchObject({ used: 1, failed: 1, offsetNs: -2_500 });
    device.close();
  });

  it('is told nothing that is not so', () => {
    const clock = new FakeClock('utc', SYSTEM);
    const device = opened(openChronySock(join(folder, 'nobody.sock'), clock));
    device.follow(comparison(clock, { isSynchronized: false }));
    device.follow(comparison(clock, { utcOffsetSeconds: null }));
    expect(device.status()).toMatchObject({ used: 0, skipped: 2, failed: 0 });
    device.close();
    expect(clock.isClosed).toBe(true);
  });

  it('needs a path that fits', () => {
    const clock = new FakeClock('utc', SYSTEM);
    expect(openChronySock('/x'.repeat(60), clock)).toMatchObject({ ok: false });
    expect(openChronySock('', clock)).toMatchObject({ ok: false });
  });
});

/** Far from the units that people use. */
const UNIT = 213;

describe('chrony over shared memory', () => {
  const c = koffi.load(null);
  const shmget = c.func('int shmget(int, size_t, int)') as (
    k: number,
    n: number,
    f: number,
  ) => number;
  const shmat = c.func('void *shmat(int, void *, int)') as (
    id: number,
    a: null,
    f: number,
  ) => object;
  const shmdt = c.func('int shmdt(void *)') as (memory: object) => number;
  const shmctl = c.func('int shmctl(int, int, void *)') as (
    id: number,
    cmd: number,
    b: null,
  ) => number;
  const IPC_RMID = 0;

  afterAll(() => {
    const id = shmget(SHM_KEY + UNIT, SHM_OCTETS, 0);
    if (id >= 0) shmctl(id, IPC_RMID, null);
  });

  it('has the last sample, as another process sees it', () => {
    const clock = new FakeClock('utc', SYSTEM);
    const device = opened(openChronyShm(UNIT, clock));
    const memory = shmat(shmget(SHM_KEY + UNIT, SHM_OCTETS, 0), null, 0);
    const view = new DataView(koffi.view(memory, SHM_OCTETS));
    const count = view.getInt32(SHM_OFFSET.count, true);
    device.follow(comparison(clock));
    expect(view.getInt32(SHM_OFFSET.mode, true)).toBe(1);
    expect(view.getInt32(SHM_OFFSET.count, true)).toBe(count + 2);
    expect(view.getInt32(SHM_OFFSET.valid, true)).toBe(1);
    expect(view.getInt32(SHM_OFFSET.leap, true)).toBe(1);
    // 1.1 µs.
    expect(view.getInt32(SHM_OFFSET.precision, true)).toBe(-19);
    const time = (at: 'clock' | 'receive') => ({
      seconds: view.getBigInt64(SHM_OFFSET[`${at}Seconds`], true),
      microseconds: view.getInt32(SHM_OFFSET[`${at}Microseconds`], true),
      nanoseconds: view.getUint32(SHM_OFFSET[`${at}Nanoseconds`], true),
    });
    expect(time('receive')).toEqual({
      seconds: 1_800_000_000n,
      microseconds: 123_456,
      nanoseconds: 123_456_789,
    });
    expect(time('clock')).toEqual({
      seconds: 1_800_000_000n,
      microseconds: 123_459,
      nanoseconds: 123_459_289,
    });
    device.follow(comparison(clock, { isSynchronized: false }));
    expect(view.getInt32(SHM_OFFSET.count, true)).toBe(count + 2);
    device.close();
    device.close();
    device.follow(comparison(clock));
    expect(view.getInt32(SHM_OFFSET.count, true)).toBe(count + 2);
    shmdt(memory);
  });

  it('has 256 units', () => {
    expect(openChronyShm(256, new FakeClock('utc', 0n))).toMatchObject({ ok: false });
    expect(openChronyShm(-1, new FakeClock('utc', 0n))).toMatchObject({ ok: false });
  });
});
