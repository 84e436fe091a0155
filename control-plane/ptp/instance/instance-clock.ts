/**
 * The one clock of an instance: offsets from the master go in, PTP time is steered, and every change
 * goes out as an effect for the dataplane.
 */
import {
  afterPrecise,
  elapsedPreciseNs,
  instant,
  intervalDuration,
  nsOf,
  ppbValue,
  preciseUnits,
  scaledFromNumber,
  scaledNs,
  scaledUnits,
  wholeInstant,
  subtractScaled,
  type DataplaneTime,
  type Instant,
  type LogInterval,
  type Nanoseconds,
  type Ppb,
  type PreciseInstant,
  type ScaledNs,
} from '#units/time';
import { ClockDiscipline } from '../../servo/discipline.js';
import type {
  DisciplineStatus,
  DisciplineVerdict,
  ErrorBound,
} from '../../servo/discipline-types.js';
import type { ClockLockState } from '../../servo/servo.js';
import type { TimePropertiesDS } from '../data-sets.js';
import { LocalClock } from '../local-clock.js';
import { GrandmasterWatch } from '../sanity/grandmaster-watch.js';
import type { SanityAlarm } from '../sanity/sanity-types.js';
import type { PhaseChange } from '../sanity/explained-jump.js';
import type {
  ClockReference,
  DisciplineConfig,
  InstanceConfig,
  InstanceEffect,
  PortConfig,
} from './instance-types.js';
import type { PathDelay } from './slave-side.js';
import type { SyncSample } from './sync-receiver.js';

export interface ClockHost {
  readonly now: () => Instant;
  readonly emit: (effect: InstanceEffect) => void;
  readonly count: (what: string) => void;
  /** The clock was stepped: all that was measured before is void. */
  readonly onStepped: () => void;
}

/** One Sync, and what belongs to it. */
export interface ClockMeasurement {
  readonly port: PortConfig;
  readonly sample: SyncSample;
  readonly logSyncInterval: LogInterval;
  readonly delay: PathDelay;
  readonly grandmasterIdentity: bigint;
  readonly timeProperties: TimePropertiesDS;
  readonly phaseChange: PhaseChange | null;
  /** Whoever is followed says that its time is not right yet, or not any more. */
  readonly isUncertain: boolean;
}

const SECOND_UNITS = 1_000_000_000n << 16n;
const EARLIEST_UNITS = SECOND_UNITS;
const LATEST_UNITS = SECOND_UNITS << 47n;

export class InstanceClock {
  readonly #host: ClockHost;
  #local: LocalClock | null = null;
  #discipline: ClockDiscipline;
  readonly #watch: GrandmasterWatch;
  #offset: ScaledNs = scaledNs(0n);
  #meanDelay: ScaledNs = scaledNs(0n);
  #logInterval: LogInterval | null = null;
  #lastLocked: Instant | null = null;
  /** A step back is wanted: our time is no longer called synchronized until it was made. */
  #isWithdrawn = false;
  /** It was LOCKED to a master that was right, since the counter began. */
  #isSettled = false;

  constructor(config: InstanceConfig, host: ClockHost) {
    this.#host = host;
    this.#discipline = new ClockDiscipline(config.discipline, host.now());
    this.#watch = new GrandmasterWatch(config.sanity);
  }

  /** A servo with other terms begins anew at the frequency that is known; sanity holds at once. */
  configure(old: InstanceConfig, config: InstanceConfig): void {
    this.#watch.configure(config.sanity);
    if (isSameDiscipline(old.discipline, config.discipline)) return;
    const { state, rate } = this.#discipline.status(this.#host.now());
    this.#discipline = new ClockDiscipline(config.discipline, this.#host.now(), rate);
    this.#logInterval = null;
    this.#tellLock(state, this.#discipline.state, 'the servo is another now');
  }

  get state(): ClockLockState {
    return this.#discipline.state;
  }

  /** When it was LOCKED last; null: never. */
  get lastLocked(): Instant | null {
    return this.state === 'LOCKED' ? this.#host.now() : this.#lastLocked;
  }

  get isSet(): boolean {
    return this.#local !== null;
  }

  /** A step back waits until nobody is told any more that our time is synchronized. */
  get isWithdrawn(): boolean {
    return this.#isWithdrawn;
  }

  /** Others take our time for synchronized, so it must not run backwards. */
  serve(servesTime: boolean): void {
    if (this.#local !== null) this.#local.servesTime = servesTime;
  }

  get offsetFromMaster(): ScaledNs {
    return this.#offset;
  }

  get meanDelay(): ScaledNs {
    return this.#meanDelay;
  }

  get errorBound(): ErrorBound | null {
    return this.#discipline.errorBound(this.#host.now());
  }

  /** Of the servo: what the dataplane was last told to run at. */
  get rate(): Ppb {
    return this.#discipline.rate;
  }

  status(): DisciplineStatus {
    return this.#discipline.status(this.#host.now());
  }

  ptpTimeAt(time: DataplaneTime): PreciseInstant | null {
    return this.#local?.ptpTimeAt(time) ?? null;
  }

  /** About; null before there is any. */
  ptpTimeNow(): PreciseInstant | null {
    return this.#local?.ptpTimeNow(this.#host.now()) ?? null;
  }

  /** A stamp of the dataplane: it shows where the counter is. */
  observe(time: DataplaneTime): void {
    this.#local?.observe(time, this.#host.now());
  }

  newEpoch(reference: ClockReference, why: string): void {
    const now = this.#host.now();
    if (this.#local === null) {
      this.#local = new LocalClock(reference);
      this.#local.newEpoch(reference, now);
      this.#tellClock(this.#local.reference, null);
      return;
    }
    this.#alarm(this.#watch.reset());
    this.#isSettled = false;
    this.#local.servesTime = false;
    this.#local.newEpoch(reference, now);
    this.#tellClock(this.#local.reference, null);
    this.#apply(this.#discipline.newEpoch(now, why), reference.localTime);
    this.#host.onStepped();
  }

  /** Another master, or port, is followed from now on. */
  masterChanged(why: string): void {
    this.#offset = scaledNs(0n);
    this.#logInterval = null;
    this.#applyNow(this.#discipline.masterChanged(this.#host.now(), why, !this.#isSettled));
  }

  /** Nobody is followed any more. */
  masterLost(why: string): void {
    this.#offset = scaledNs(0n);
    this.#isWithdrawn = false;
    this.#applyNow(this.#discipline.masterLost(this.#host.now(), why));
  }

  /** About once a second. */
  tick(): void {
    const now = this.#host.now();
    this.#applyNow(this.#discipline.tick(now));
    const renewed = this.#local?.renew(now) ?? null;
    if (renewed !== null) this.#tellClock(renewed, null);
  }

  /** A master whose time jumped without a reason is not to be chosen. */
  isSuspect(grandmasterIdentity: bigint): boolean {
    return this.#watch.isSuspect(grandmasterIdentity, this.#host.now());
  }

  /** Takes one measurement; false: it was not used. */
  measure(measurement: ClockMeasurement): boolean {
    const local = this.#local;
    if (local === null) {
      this.#host.count('syncsWithoutClock');
      return false;
    }
    const { port, sample, delay } = measurement;
    const now = this.#host.now();
    local.observe(sample.receiveTime, now);
    // 11.2, 11.6.2: origin holds the corrections already.
    const arrived = afterPrecise(sample.origin, scaledSum(port.delayAsymmetry, delay));
    if (!isPossible(arrived)) {
      this.#host.count('timesImpossible');
      return false;
    }
    const localTime = local.localInstant(sample.receiveTime);
    if (!this.#isTrusted(measurement, arrived, localTime, local.rate)) return false;
    this.#tune(measurement.logSyncInterval);
    const received = afterPrecise(
      local.ptpTimeAt(sample.receiveTime),
      negative(port.ingressLatency),
    );
    const offsetNs = elapsedPreciseNs(arrived, received);
    const verdict = this.#discipline.sample(
      {
        localTime,
        offsetNs,
        weight: 1,
        meanDelayNs: delay?.delayNs ?? null,
        delayDeviationNs: delay?.deviationNs ?? 0,
        mayStepBack: !local.servesTime,
      },
      now,
    );
    this.#isWithdrawn = verdict.stepWantedNs !== null;
    this.#isSettled ||= this.state === 'LOCKED' && !measurement.isUncertain;
    if (verdict.use !== 'used') this.#host.count('offsetsOutliers');
    else this.#note(measurement, offsetNs);
    this.#apply(verdict, sample.receiveTime);
    if (verdict.use === 'used') this.#tellMeasurement(measurement);
    return verdict.use === 'used';
  }

  #isTrusted(
    { grandmasterIdentity, timeProperties, phaseChange }: ClockMeasurement,
    arrived: PreciseInstant,
    localTime: Instant,
    rate: Ppb,
  ): boolean {
    const verdict = this.#watch.sample(
      {
        localTime,
        masterTime: wholeInstant(arrived),
        rate: this.state === 'LOCKED' ? rate : null,
        grandmasterIdentity,
        claims: { timeProperties, phaseChange },
        isSettled: this.#isSettled,
      },
      this.#host.now(),
    );
    this.#alarm(verdict.alarms);
    if (verdict.use === 'no') this.#host.count('offsetsSuspect');
    if (verdict.use === 'anew') {
      this.masterChanged(verdict.why ?? 'the time of the grandmaster moved');
    }
    return verdict.use !== 'no';
  }

  #note({ delay }: ClockMeasurement, offsetNs: number): void {
    this.#offset = scaledFromNumber(clampNs(offsetNs));
    this.#meanDelay = scaledFromNumber(delay?.delayNs ?? 0);
  }

  #tune(logInterval: LogInterval): void {
    if (this.#logInterval === logInterval) return;
    this.#logInterval = logInterval;
    const duration = intervalDuration(logInterval);
    if (duration !== null) this.#discipline.setInterval(Number(nsOf(duration)) / 1e9);
  }

  #applyNow(verdict: DisciplineVerdict): void {
    const local = this.#local;
    const now = this.#host.now();
    if (local !== null) this.#apply(verdict, local.localTimeAt(now));
    else this.#tellChange(verdict);
  }

  #apply(verdict: DisciplineVerdict, at: DataplaneTime): void {
    const { adjustment } = verdict;
    if (this.#local !== null && adjustment !== null) {
      const isNew = adjustment.step !== null || !isSameRate(adjustment.rate, this.#local.rate);
      const { reference, step } = this.#local.adjust(adjustment, at);
      if (isNew) this.#tellClock(reference, step);
      if (step !== null) {
        this.#host.count('steps');
        this.#host.onStepped();
      }
    }
    this.#tellChange(verdict);
  }

  #tellChange({ change }: DisciplineVerdict): void {
    if (change !== null) this.#tellLock(change.from, change.to, change.why);
  }

  #tellLock(from: ClockLockState, to: ClockLockState, why: string): void {
    if (from === 'LOCKED') this.#lastLocked = this.#host.now();
    if (from !== to) this.#host.emit({ kind: 'lockState', from, to, why });
  }

  #tellClock(reference: ClockReference, step: Nanoseconds | null): void {
    this.#host.emit({ kind: 'setClock', reference, step });
  }

  #tellMeasurement({ port, sample }: ClockMeasurement): void {
    const received = this.#local?.ptpTimeAt(sample.receiveTime);
    const { errorBound, rate } = this;
    this.#host.emit({
      kind: 'synchronized',
      measurement: {
        port: port.number,
        sequenceId: sample.sequenceId,
        receivedAt: received === undefined ? instant(0n) : wholeInstant(received),
        offsetFromMaster: this.#offset,
        meanDelay: this.#meanDelay,
        rate,
        errorBoundNs: errorBound?.boundNs ?? null,
        lockState: this.state,
      },
    });
  }

  #alarm(alarms: readonly SanityAlarm[]): void {
    for (const alarm of alarms) this.#host.emit(alarm);
  }
}

function scaledSum(asymmetry: ScaledNs, delay: PathDelay): ScaledNs {
  return delay === null
    ? asymmetry
    : scaledNs(scaledUnits(asymmetry) + scaledUnits(scaledFromNumber(delay.delayNs)));
}

/**
 * What timestamps and the dataplane's clock can hold, with room to run on: a correctionField of hours
 * may lead out of their 48 bits of seconds, at either end.
 */
function isPossible(time: PreciseInstant): boolean {
  const units = preciseUnits(time);
  return units >= EARLIEST_UNITS && units < LATEST_UNITS;
}

function negative(value: ScaledNs): ScaledNs {
  return subtractScaled(scaledNs(0n), value);
}

/** currentDS holds 39 hours at most. */
function clampNs(ns: number): number {
  const most = 140_737_488_355_327;
  return Math.max(-most, Math.min(most, ns));
}

function isSameRate(a: Ppb, b: Ppb): boolean {
  return Math.abs(ppbValue(a) - ppbValue(b)) < 1e-6;
}

function isSameDiscipline(a: DisciplineConfig, b: DisciplineConfig): boolean {
  return (
    a.servo === b.servo &&
    a.firstStepThresholdNs === b.firstStepThresholdNs &&
    a.stepThresholdNs === b.stepThresholdNs &&
    a.maxFrequencyPpb === b.maxFrequencyPpb &&
    a.lockThresholdNs === b.lockThresholdNs &&
    nsOf(a.timestampResolution) === nsOf(b.timestampResolution)
  );
}
