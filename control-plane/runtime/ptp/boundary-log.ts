/**
 * What a boundary clock tells of itself: structured lines for the log and, if wanted, lines as ptp4l
 * prints them, for the tools that read those.
 */
import type { Logger } from 'pino';
import type { PortState } from '#ptp/data-sets';
import type { InstanceEffect, SyncMeasurement } from '#ptp/instance/instance-types';
import type { PortEvent } from '#ptp/port-state/transitions';
import { clockIdentityText, portIdentityText } from '#units/clock-identity';
import {
  elapsed,
  nsOf,
  nsSinceEpoch,
  ppbValue,
  scaledToNumber,
  seconds,
  type Instant,
} from '#units/time';
import { mean, rootMeanSquare } from '../../statistics/samples.js';

/** Effects that only tell. */
export type ToldEffect = Extract<
  InstanceEffect,
  {
    readonly kind:
      | 'portState'
      | 'lockState'
      | 'parent'
      | 'timeProperties'
      | 'alarm'
      | 'synchronized'
      | 'setClock';
  }
>;

export interface BoundaryLogOptions {
  readonly log: Logger;
  readonly now: () => Instant;
  /** A port's name by its number. */
  readonly portName: (port: number) => string;
  readonly ownIdentity: bigint;
  /** Takes a line in ptp4l's form; null: nobody wants them. */
  readonly ptp4l: ((line: string) => void) | null;
}

/** As ptp4l and pmc write them. */
const STATE_NAMES: Readonly<Record<PortState, string>> = {
  initializing: 'INITIALIZING',
  faulty: 'FAULTY',
  disabled: 'DISABLED',
  listening: 'LISTENING',
  preMaster: 'PRE_MASTER',
  master: 'MASTER',
  passive: 'PASSIVE',
  uncalibrated: 'UNCALIBRATED',
  slave: 'SLAVE',
};

export function portStateName(state: PortState): string {
  return STATE_NAMES[state];
}

/** ptp4l's summary is of a second. */
const SUMMARY_NS = nsOf(seconds(1));

export class BoundaryLog {
  readonly #options: BoundaryLogOptions;
  #stepped = false;
  #samples: SyncMeasurement[] = [];
  #since: Instant | null = null;

  constructor(options: BoundaryLogOptions) {
    this.#options = options;
  }

  tell(effect: ToldEffect): void {
    const { log } = this.#options;
    switch (effect.kind) {
      case 'portState':
        this.#tellPortState(effect);
        return;
      case 'lockState':
        if (effect.to === 'HOLDOVER')
          log.warn(`clock: ${effect.to}, was ${effect.from}: ${effect.why}`);
        else log.info(`clock: ${effect.to}, was ${effect.from}: ${effect.why}`);
        return;
      case 'parent':
        this.#tellParent(effect);
        return;
      case 'timeProperties':
        log.info(effect.timePropertiesDS, 'time properties');
        return;
      case 'alarm': {
        const text = `alarm ${effect.code} ${effect.raised ? 'raised' : 'cleared'}: ${effect.why}`;
        if (effect.raised) log.warn({ alarm: effect.code }, text);
        else log.info({ alarm: effect.code }, text);
        return;
      }
      case 'synchronized':
        this.#tellSynchronized(effect.measurement);
        return;
      case 'setClock':
        if (effect.step === null) return;
        this.#stepped = true;
        log.info({ stepNs: String(nsOf(effect.step)) }, 'PTP time was stepped');
    }
  }

  #tellPortState(effect: Extract<ToldEffect, { readonly kind: 'portState' }>): void {
    const { log, portName } = this.#options;
    const { port, event, why } = effect;
    const change = `${portStateName(effect.from)} to ${portStateName(effect.to)} on ${eventName(event)}`;
    const name = portName(port);
    log.info(
      { port: name, from: effect.from, to: effect.to, event },
      `port ${name}: ${change}: ${why}`,
    );
    this.#line(`port ${port} (${name}): ${change}`);
  }

  #tellParent({ parentDS, why }: Extract<ToldEffect, { readonly kind: 'parent' }>): void {
    const { log, ownIdentity } = this.#options;
    const grandmaster = clockIdentityText(parentDS.grandmasterIdentity);
    const parent = portIdentityText(parentDS.parentPortIdentity);
    log.info({ parent, grandmaster }, `parent ${parent}, grandmaster ${grandmaster}: ${why}`);
    this.#line(
      parentDS.grandmasterIdentity === ownIdentity
        ? 'assuming the grand master role'
        : `selected best master clock ${grandmaster}`,
    );
  }

  #tellSynchronized(measurement: SyncMeasurement): void {
    const { log, now, ptp4l } = this.#options;
    if (log.isLevelEnabled('debug')) log.debug(measurementFields(measurement), 'synchronized');
    if (ptp4l === null) return;
    this.#samples.push(measurement);
    const at = now();
    if (this.#since !== null && !this.#stepped && nsOf(elapsed(this.#since, at)) < SUMMARY_NS) {
      return;
    }
    this.#since = at;
    const [first] = this.#samples;
    if (this.#samples.length > 1) this.#line(summaryLine(this.#samples));
    else if (first !== undefined) this.#line(offsetLine(first, this.#stepped));
    this.#samples = [];
    this.#stepped = false;
  }

  #line(text: string): void {
    const { ptp4l, now } = this.#options;
    if (ptp4l === null) return;
    const ms = nsSinceEpoch(now()) / 1_000_000n;
    const whole = String(ms / 1_000n);
    ptp4l(`ptp4l[${whole}.${String(ms % 1_000n).padStart(3, '0')}]: ${text}\n`);
  }
}

function measurementFields(measurement: SyncMeasurement): Readonly<Record<string, unknown>> {
  return {
    port: measurement.port,
    offsetNs: scaledToNumber(measurement.offsetFromMaster),
    meanDelayNs: scaledToNumber(measurement.meanDelay),
    ratePpb: ppbValue(measurement.rate),
    errorBoundNs: measurement.errorBoundNs,
    lockState: measurement.lockState,
  };
}

/** The events as ptp4l calls them, where it has them too. */
const EVENT_NAMES: Readonly<Record<PortEvent, string>> = {
  powerup: 'POWERUP',
  initialize: 'INITIALIZE',
  initialized: 'INIT_COMPLETE',
  designatedEnabled: 'DESIGNATED_ENABLED',
  designatedDisabled: 'DESIGNATED_DISABLED',
  faultDetected: 'FAULT_DETECTED',
  faultCleared: 'FAULT_CLEARED',
  announceReceiptTimeout: 'ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES',
  qualificationTimeout: 'QUALIFICATION_TIMEOUT_EXPIRES',
  recommendedGrandmaster: 'RS_GRAND_MASTER',
  recommendedMaster: 'RS_MASTER',
  recommendedPassive: 'RS_PASSIVE',
  recommendedSlave: 'RS_SLAVE',
  recommendedSlaveOfNewMaster: 'RS_SLAVE',
  masterClockSelected: 'MASTER_CLOCK_SELECTED',
  synchronizationFault: 'SYNCHRONIZATION_FAULT',
  desiredState: 'DESIRED_STATE',
};

function eventName(event: string): string {
  return event in EVENT_NAMES ? EVENT_NAMES[event as PortEvent] : event;
}

/** s0: nothing is steered; s1: stepped just now; s2: steered. */
function servoState(lockState: string, stepped: boolean): string {
  if (stepped) return 's1';
  return lockState === 'FREE_RUN' ? 's0' : 's2';
}

/** ptp4l tells what is taken away from its clock's frequency, which is the other sign of ours. */
function offsetLine(measurement: SyncMeasurement, stepped: boolean): string {
  const offset = Math.round(scaledToNumber(measurement.offsetFromMaster));
  const delay = Math.round(scaledToNumber(measurement.meanDelay));
  const freq = signed(-ppbValue(measurement.rate)).padStart(7);
  const state = servoState(measurement.lockState, stepped);
  return `master offset ${String(offset).padStart(10)} ${state} freq ${freq} path delay ${String(delay).padStart(9)}`;
}

function summaryLine(samples: readonly SyncMeasurement[]): string {
  const offsets = samples.map(({ offsetFromMaster }) => scaledToNumber(offsetFromMaster));
  const rms = rootMeanSquare(offsets);
  const max = Math.max(...offsets.map(Math.abs));
  const freq = samples.map(({ rate }) => -ppbValue(rate));
  const delay = samples.map(({ meanDelay }) => scaledToNumber(meanDelay));
  const text = (value: number, width: number): string => value.toFixed(0).padStart(width);
  return (
    `rms ${text(rms, 4)} max ${text(max, 4)} ` +
    `freq ${signed(mean(freq)).padStart(6)} +/- ${text(deviation(freq), 3)} ` +
    `delay ${text(mean(delay), 5)} +/- ${text(deviation(delay), 3)}`
  );
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(0)}`;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return rootMeanSquare(values.map((value) => value - middle));
}
