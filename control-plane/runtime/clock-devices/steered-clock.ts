/**
 * The system clock or a NIC's clock, steered to PTP time by a servo of its own: the same discipline as
 * the boundary clock's, with readings of two clocks in place of Sync.
 */
import { instant, nanoseconds, nsOf, ppb, ppbValue } from '#units/time';
import { ClockDiscipline } from '../../servo/discipline.js';
import type { DisciplineVerdict } from '../../servo/discipline-types.js';
import type { ServoAdjustment } from '../../servo/servo.js';
import type { ClockComparison, ClockDevice, ClockDeviceStatus } from './clock-device.js';
import { CertaintyFilter, compareClock, type ClockOffset } from './comparison.js';
import type { AdjustableClock } from './posix-clock.js';
import { frequencyTimex, STATUS, statusTimex, stepTimex, taiTimex } from './timex.js';

export interface SteeredClockOptions {
  /** The first time it may be stepped if it is further off; 0: never. Nanoseconds. */
  readonly firstStepThresholdNs: number;
  /** Later; 0: never. */
  readonly stepThresholdNs: number;
  readonly maxFrequencyPpb: number;
}

export const STEERED_CLOCK_DEFAULTS: SteeredClockOptions = {
  firstStepThresholdNs: 20_000,
  stepThresholdNs: 0,
  // What Linux slews its own clock by.
  maxFrequencyPpb: 500_000,
};

const LOCK_THRESHOLD_NS = 100_000;

export class SteeredClock implements ClockDevice {
  readonly #clock: AdjustableClock;
  readonly #discipline: ClockDiscipline;
  readonly #filter = new CertaintyFilter();
  #offsetNs: number | null = null;
  #used = 0;
  #skipped = 0;
  #failed = 0;
  #what = 'waits for PTP time';
  #toldStatus: number | null = null;
  #toldTai: number | null = null;

  /** Goes on at the frequency that the clock has. `nowNs`: CLOCK_MONOTONIC. */
  constructor(clock: AdjustableClock, options: SteeredClockOptions, nowNs: bigint) {
    this.#clock = clock;
    const state = clock.query();
    const rate = ppb(state.ok ? state.value.frequencyPpb : 0);
    const discipline = { servo: 'pi', lockThresholdNs: LOCK_THRESHOLD_NS } as const;
    this.#discipline = new ClockDiscipline(
      { ...options, ...discipline, timestampResolution: nanoseconds(1n) },
      instant(nowNs),
      rate,
    );
  }

  get name(): string {
    return this.#clock.name;
  }

  get timescale(): 'ptp' | 'utc' {
    return this.#clock.timescale;
  }

  follow(comparison: ClockComparison): void {
    const now = instant(comparison.afterNs);
    if (!comparison.isSynchronized) {
      this.#skip('waits: PTP time is not synchronized');
      this.#apply(this.#discipline.masterLost(now, 'PTP time is not synchronized'));
      return;
    }
    const readout = this.#clock.read();
    if (readout === null) {
      this.#fail(`${this.name} cannot be read`);
      return;
    }
    const found = compareClock(comparison, this.timescale, readout);
    if (found === null) {
      this.#skip('waits: how far PTP time is from UTC is not known');
      return;
    }
    if (!this.#filter.accepts(found.uncertaintyNs)) {
      this.#skipped += 1;
      return;
    }
    this.#steer(found);
    if (this.timescale === 'utc') this.#tellSystem(comparison);
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

  /** The clock runs on at the frequency that it has. */
  close(): void {
    this.#clock.close();
  }

  #steer({ offsetNs, monotonicNs, uncertaintyNs }: ClockOffset): void {
    const time = instant(monotonicNs);
    const verdict = this.#discipline.sample(
      {
        localTime: time,
        offsetNs: Number(offsetNs),
        weight: 1,
        meanDelayNs: 0,
        delayDeviationNs: Number(uncertaintyNs),
        mayStepBack: true,
      },
      time,
    );
    if (verdict.use === 'used') {
      this.#used += 1;
      this.#offsetNs = Number(offsetNs);
    } else {
      this.#skipped += 1;
    }
    if (this.#apply(verdict)) this.#what = this.#describe();
  }

  #describe(): string {
    const { state, rate } = this.#discipline.status(instant(0n));
    return `${state}, ${ppbValue(rate).toFixed(1)} ppb`;
  }

  #apply({ adjustment }: DisciplineVerdict): boolean {
    return adjustment === null || this.#adjust(adjustment);
  }

  #adjust({ rate, step }: ServoAdjustment): boolean {
    const asked = [frequencyTimex(ppbValue(rate))];
    if (step !== null) asked.unshift(stepTimex(nsOf(step)));
    for (const timex of asked) {
      const done = this.#clock.adjust(timex);
      if (done.ok) continue;
      this.#fail(done.error.message);
      return false;
    }
    return true;
  }

  /** CLOCK_TAI and the leap second are the kernel's to carry out. */
  #tellSystem({ leap, utcOffsetSeconds }: ClockComparison): void {
    const status = leap === 'none' ? 0 : leap === 'insert' ? STATUS.insert : STATUS.delete;
    if (status !== this.#toldStatus && this.#ask(statusTimex(status))) this.#toldStatus = status;
    const tai = utcOffsetSeconds ?? 0;
    if (tai !== this.#toldTai && this.#ask(taiTimex(tai))) this.#toldTai = tai;
  }

  #ask(timex: Uint8Array): boolean {
    const done = this.#clock.adjust(timex);
    if (!done.ok) this.#fail(done.error.message);
    return done.ok;
  }

  #skip(what: string): void {
    this.#skipped += 1;
    this.#what = what;
  }

  #fail(what: string): void {
    this.#failed += 1;
    this.#what = what;
  }
}
