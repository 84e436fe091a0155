import type { AdjustableClock, ClockReadout } from '#runtime/clock-devices/posix-clock';
import { readTimex } from '#runtime/clock-devices/timex';
import { failure, success } from '#units/result';

/** A clock on a machine whose CLOCK_MONOTONIC is turned by hand; it takes what a kernel would. */
export class FakeClock implements AdjustableClock {
  readonly name = 'fake';
  readonly timescale: 'ptp' | 'utc';
  monotonicNs = 5_000_000_000_000n;
  clockNs: bigint;
  /** Of its oscillator. */
  readonly ownPpb: number;
  frequencyPpb = 0;
  status = 0;
  tai = 0;
  steps: bigint[] = [];
  isForbidden = false;
  isClosed = false;
  #rest = 0;

  constructor(timescale: 'ptp' | 'utc', clockNs: bigint, ownPpb = 0) {
    this.timescale = timescale;
    this.clockNs = clockNs;
    this.ownPpb = ownPpb;
  }

  passes(ns: number): void {
    this.monotonicNs += BigInt(ns);
    const gained = ns * (this.ownPpb + this.frequencyPpb) * 1e-9 + this.#rest;
    const whole = Math.floor(gained);
    this.#rest = gained - whole;
    this.clockNs += BigInt(ns + whole);
  }

  read(): ClockReadout {
    return {
      clockNs: this.clockNs,
      beforeNs: this.monotonicNs - 100n,
      afterNs: this.monotonicNs + 100n,
    };
  }

  query() {
    return success({ frequencyPpb: this.frequencyPpb, tolerancePpb: 500_000, status: this.status });
  }

  adjust(timex: Uint8Array) {
    if (this.isForbidden) return failure('clock-refused' as const, 'fake: EPERM');
    const view = new DataView(timex.buffer);
    const modes = view.getUint32(0, true);
    const seconds = view.getBigInt64(72, true);
    const fraction = view.getBigInt64(80, true);
    if ((modes & 0x100) !== 0) {
      expectNano(modes, fraction);
      const step = seconds * 1_000_000_000n + fraction;
      this.steps.push(step);
      this.clockNs += step;
    }
    if ((modes & 0x2) !== 0) this.frequencyPpb = readTimex(timex).frequencyPpb;
    if ((modes & 0x10) !== 0) this.status = view.getInt32(40, true);
    if ((modes & 0x80) !== 0) this.tai = Number(view.getBigInt64(48, true));
    return success(null);
  }

  close(): void {
    this.isClosed = true;
  }
}

/** As the kernel: EINVAL otherwise. */
function expectNano(modes: number, fraction: bigint): void {
  if ((modes & 0x2000) === 0 || fraction < 0n || fraction >= 1_000_000_000n) {
    throw new Error(`a kernel would refuse modes ${modes} with ${fraction} ns`);
  }
}
