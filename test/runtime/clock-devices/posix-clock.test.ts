import { describe, expect, it } from 'vitest';
import { openClockDevice } from '#runtime/clock-devices/open-clock-device';
import { openPhc, openSystemClock } from '#runtime/clock-devices/posix-clock';
import {
  frequencyTimex,
  readTimex,
  statusTimex,
  stepTimex,
  taiTimex,
  TIMEX_OCTETS,
} from '#runtime/clock-devices/timex';

/** Nothing here changes a clock: this machine's is not ours. */
describe('the system clock', () => {
  it('is read beside CLOCK_MONOTONIC', () => {
    const opened = openSystemClock();
    if (!opened.ok) throw new Error(opened.error.message);
    const system = opened.value;
    const readout = system.read();
    const bySystem = BigInt(Date.now()) * 1_000_000n;
    const off = (readout?.clockNs ?? 0n) - bySystem;
    expect(off < 1_000_000_000n && off > -1_000_000_000n).toBe(true);
    expect((readout?.afterNs ?? 0n) - (readout?.beforeNs ?? 0n)).toBeGreaterThanOrEqual(0n);
    expect(readout?.beforeNs).toBeLessThanOrEqual(process.hrtime.bigint());
  });

  it('says how it is steered: Linux slews by 500 ppm at most', () => {
    const opened = openSystemClock();
    const state = opened.ok ? opened.value.query() : opened;
    expect(state).toMatchObject({ ok: true, value: { tolerancePpb: 500_000 } });
    const frequency = state.ok ? state.value.frequencyPpb : NaN;
    expect(Math.abs(frequency)).toBeLessThanOrEqual(500_000);
  });
});

describe('a NIC’s clock', () => {
  it('that is not there is named', () => {
    expect(openPhc('/dev/ptp250')).toMatchObject({
      ok: false,
      error: { code: 'clock-not-found', message: '/dev/ptp250: no such file or directory' },
    });
  });

  it('is not just any file', () => {
    expect(openPhc('/dev/null')).toMatchObject({
      ok: false,
      error: { code: 'clock-not-found', message: '/dev/null is no clock' },
    });
  });
});

describe('where the switch counts by the system clock', () => {
  it.each([
    { kind: 'system' },
    { kind: 'chrony-sock', path: '/tmp/none.sock' },
    { kind: 'chrony-shm', unit: 4 },
  ] as const)('nothing may steer that: $kind', (spec) => {
    expect(openClockDevice(spec, { countsBySystemClock: true, nowNs: 0n })).toMatchObject({
      ok: false,
      error: { code: 'clock-feeds-itself' },
    });
  });
});

describe('struct timex', () => {
  const fields = (octets: Uint8Array) => {
    const view = new DataView(octets.buffer);
    return {
      modes: view.getUint32(0, true),
      frequency: view.getBigInt64(16, true),
      status: view.getInt32(40, true),
      constant: view.getBigInt64(48, true),
      time: [view.getBigInt64(72, true), view.getBigInt64(80, true)],
    };
  };

  it('has a frequency in 2^-16 ppm', () => {
    expect(fields(frequencyTimex(-12_500))).toMatchObject({ modes: 2, frequency: -819_200n });
    expect(readTimex(frequencyTimex(-12_500)).frequencyPpb).toBe(-12_500);
    expect(frequencyTimex(1)).toHaveLength(TIMEX_OCTETS);
  });

  it.each([
    { step: 5n, time: [0n, 5n] },
    { step: -5n, time: [-1n, 999_999_995n] },
    { step: 3_000_000_001n, time: [3n, 1n] },
    { step: -3_000_000_001n, time: [-4n, 999_999_999n] },
    { step: -2_000_000_000n, time: [-2n, 0n] },
  ])('has a step of $step ns with a fraction that is not negative', ({ step, time }) => {
    expect(fields(stepTimex(step))).toMatchObject({ modes: 0x2100, time });
  });

  it('has status and TAI', () => {
    expect(fields(statusTimex(0x10))).toMatchObject({ modes: 0x10, status: 0x10 });
    expect(fields(taiTimex(37))).toMatchObject({ modes: 0x80, constant: 37n });
  });
});
