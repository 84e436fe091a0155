/**
 * All clock devices of an agent: each reading of the dataplane's counter is a comparison for all of
 * them. One that cannot be opened is told once, and does not keep the others from working.
 */
import type { Logger } from 'pino';
import type { InstanceStatus } from '#ptp/instance/instance-types';
import type { Instant } from '#units/time';
import type { ClockComparison, ClockDevice, ClockDeviceStatus } from './clock-device.js';
import {
  openClockDevice,
  type ClockDeviceContext,
  type ClockDeviceSpec,
} from './open-clock-device.js';

export class ClockFollowers {
  readonly #devices: readonly ClockDevice[];
  readonly #log: Logger;
  /** Those whose failure has been told. */
  readonly #failing = new Set<string>();

  constructor(specs: readonly ClockDeviceSpec[], context: ClockDeviceContext, log: Logger) {
    this.#log = log;
    this.#devices = specs.flatMap((spec) => {
      const opened = openClockDevice(spec, context);
      if (opened.ok) return [opened.value];
      log.error({ code: opened.error.code }, `no clock follows PTP time: ${opened.error.message}`);
      return [];
    });
  }

  follow(comparison: ClockComparison): void {
    for (const device of this.#devices) {
      const before = device.status();
      device.follow(comparison);
      this.#tell(before, device.status());
    }
  }

  status(): ClockDeviceStatus[] {
    return this.#devices.map((device) => device.status());
  }

  close(): void {
    for (const device of this.#devices) device.close();
  }

  /** A failure as it begins, and when it is over. */
  #tell(before: ClockDeviceStatus, { name, what, used, failed }: ClockDeviceStatus): void {
    if (failed > before.failed && !this.#failing.has(name)) {
      this.#failing.add(name);
      this.#log.warn(`${name}: ${what}`);
    } else if (used > before.used && failed === before.failed && this.#failing.delete(name)) {
      this.#log.info(`${name}: works again`);
    }
  }
}

type Told = Pick<InstanceStatus, 'servo' | 'timePropertiesDS'>;

/** What an instance says of the time that the counter showed between two readings of CLOCK_MONOTONIC. */
export function comparisonOf(
  { servo, timePropertiesDS }: Told,
  ptpTime: Instant,
  { beforeNs, afterNs }: Pick<ClockComparison, 'beforeNs' | 'afterNs'>,
): ClockComparison {
  const { currentUtcOffsetSeconds, currentUtcOffsetValid, leap59, leap61, ptpTimescale } =
    timePropertiesDS;
  return {
    ptpTime,
    beforeNs,
    afterNs,
    // Without the PTP timescale there is no telling what UTC is.
    utcOffsetSeconds: ptpTimescale && currentUtcOffsetValid ? currentUtcOffsetSeconds : null,
    leap: leap61 ? 'insert' : leap59 ? 'delete' : 'none',
    isSynchronized: servo.state === 'LOCKED' || servo.state === 'HOLDOVER',
    errorBoundNs: servo.errorBoundNs,
  };
}
