/** Clock devices as a configuration names them. */
import { failure, success } from '#units/result';
import type { ClockDeviceResult } from './clock-device.js';
import { openChronyShm } from './chrony-shm.js';
import { openChronySock } from './chrony-sock.js';
import { openPhc, openSystemClock } from './posix-clock.js';
import { STEERED_CLOCK_DEFAULTS, SteeredClock, type SteeredClockOptions } from './steered-clock.js';

export type ClockDeviceSpec =
  | { readonly kind: 'system'; readonly options?: Partial<SteeredClockOptions> }
  | {
      readonly kind: 'phc';
      readonly path: string;
      readonly options?: Partial<SteeredClockOptions>;
    }
  | { readonly kind: 'chrony-sock'; readonly path: string }
  | { readonly kind: 'chrony-shm'; readonly unit: number };

export interface ClockDeviceContext {
  /** The dataplane counts by this machine's system clock (capability tickEpoch). */
  readonly countsBySystemClock: boolean;
  /** CLOCK_MONOTONIC. */
  readonly nowNs: bigint;
}

/**
 * Errors: the machine has no such clock, or forbids it; or the dataplane's counter is the clock that
 * would be steered, and PTP time would follow itself.
 */
export function openClockDevice(
  spec: ClockDeviceSpec,
  { countsBySystemClock, nowNs }: ClockDeviceContext,
): ClockDeviceResult {
  if (spec.kind === 'phc') {
    const phc = openPhc(spec.path);
    return phc.ok
      ? success(new SteeredClock(phc.value, { ...STEERED_CLOCK_DEFAULTS, ...spec.options }, nowNs))
      : phc;
  }
  // chrony would steer it too.
  if (countsBySystemClock) {
    return failure(
      'clock-feeds-itself',
      'the switch counts by the system clock: PTP time would follow the clock that follows it',
    );
  }
  const system = openSystemClock();
  if (!system.ok) return system;
  switch (spec.kind) {
    case 'system':
      return success(
        new SteeredClock(system.value, { ...STEERED_CLOCK_DEFAULTS, ...spec.options }, nowNs),
      );
    case 'chrony-sock':
      return openChronySock(spec.path, system.value);
    case 'chrony-shm':
      return openChronyShm(spec.unit, system.value);
  }
}
