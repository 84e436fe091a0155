/** What we tell of ourselves: defaultDS and timePropertiesDS by the state that our clock is in. */
import { elapsed, nsOf, type Instant } from '#units/time';
import type { ClockLockState } from '../../servo/servo.js';
import type { DefaultDS, TimePropertiesDS } from '../data-sets.js';
import type { InstanceConfig } from './instance-types.js';

/** 7.6.2.5: a clock with a reference of its own, and one that never is a master, tell what they are. */
const OWN_CLASS = { last: 127, slaveOnly: 255 } as const;
/** Table 6: INTERNAL_OSCILLATOR. */
const INTERNAL_OSCILLATOR = 0xa0;

export interface OwnClockState {
  readonly lockState: ClockLockState;
  /** Null: never. */
  readonly lastLocked: Instant | null;
  readonly now: Instant;
}

/** For as long as a profile trusts what was learned. */
export function isInSpecification(config: InstanceConfig, state: OwnClockState): boolean {
  if (state.lockState !== 'HOLDOVER' || state.lastLocked === null) return false;
  const passed = Number(nsOf(elapsed(state.lastLocked, state.now))) / 1e9;
  return passed <= config.clockClassLadder.holdoverSeconds;
}

export function clockClassOf(config: InstanceConfig, state: OwnClockState): number {
  const own = config.defaultDS.clockQuality.clockClass;
  if (own <= OWN_CLASS.last || own === OWN_CLASS.slaveOnly) return own;
  const ladder = config.clockClassLadder;
  if (state.lockState !== 'HOLDOVER') return ladder.freeRun;
  return isInSpecification(config, state)
    ? ladder.holdoverInSpecification
    : ladder.holdoverOutOfSpecification;
}

export function defaultDSOf({ defaultDS, ports }: InstanceConfig, clockClass: number): DefaultDS {
  const clockQuality = { ...defaultDS.clockQuality, clockClass };
  return { ...defaultDS, numberPorts: ports.length, clockQuality };
}

/**
 * Our own; in holdover what the lost grandmaster told about the timescale still holds, since our time
 * goes on from there, while its sources are not ours.
 */
export function timePropertiesOfOwn(
  config: InstanceConfig,
  state: OwnClockState,
  ofLastParent: TimePropertiesDS | null,
): TimePropertiesDS {
  if (state.lockState !== 'HOLDOVER' || ofLastParent === null) return config.timePropertiesDS;
  const trusted = isInSpecification(config, state);
  return {
    ...ofLastParent,
    timeTraceable: ofLastParent.timeTraceable && trusted,
    frequencyTraceable: ofLastParent.frequencyTraceable && trusted,
    timeSource: INTERNAL_OSCILLATOR,
  };
}
