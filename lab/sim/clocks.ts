/** Configurations of the clocks that most worlds are made of, by a profile's own figures. */
import { nanoseconds } from '#units/time';
import type { InstanceConfig } from '#ptp/instance/instance-types';
import type { InstanceChoices, PortChoices } from '#ptp/profiles/profile-choices';
import type { ProfileName } from '#ptp/profiles/profile';
import { resolveProfile } from '#ptp/profiles/resolve-profile';

export interface ClockChoices {
  readonly profile?: ProfileName;
  readonly identity: bigint;
  readonly ports: number;
  /** Of every port. */
  readonly port?: Omit<PortChoices, 'number'>;
  readonly instance?: InstanceChoices;
}

/** @throws RangeError with all that is wrong: worlds are written by people who know what they want. */
export function clockConfig(choices: ClockChoices): InstanceConfig {
  const result = resolveProfile({
    profile: choices.profile ?? 'default-e2e',
    clockIdentity: choices.identity,
    timestampResolution: nanoseconds(1n),
    instance: { outsideProfile: true, ...choices.instance },
    ports: Array.from({ length: choices.ports }, (_, index) => ({
      ...choices.port,
      number: index + 1,
    })),
  });
  if (result.ok) return result.value.config;
  throw new RangeError(result.errors.map(({ message }) => message).join('; '));
}

/** Everybody's master: clockClass 6, priority1 1. */
export function grandmasterConfig(choices: ClockChoices): InstanceConfig {
  const instance: InstanceChoices = {
    clockQuality: { clockClass: 6, clockAccuracy: 0x21 },
    priority1: 1,
    timeProperties: { timeTraceable: true, currentUtcOffsetValid: true },
    ...choices.instance,
  };
  return clockConfig({ ...choices, instance });
}
