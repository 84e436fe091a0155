/**
 * The decisions around a control law: whether a sample is used, whether the clock is stepped, and
 * whether it may be called synchronized.
 *
 *     FREE_RUN ──▶ ACQUIRING ──▶ LOCKED ──▶ HOLDOVER
 *        ▲           │    ▲         │           │
 *        └───────────┘    └─────────┴───────────┘
 *
 * Every method takes `now`, the caller's clock, for what is published (since when); samples carry
 * the local clock's time, by which the servo reckons.
 */
import { elapsed, nanoseconds, nsOf, ppb, type Instant, type Ppb } from '#units/time';
import type {
  DisciplineOptions,
  DisciplineSample,
  DisciplineStatus,
  DisciplineVerdict,
  LockChange,
} from './discipline-types.js';
import { createServo } from './servos.js';
import type { ClockLockState, Servo } from './servo.js';

const NOTHING: DisciplineVerdict = {
  adjustment: null,
  use: 'none',
  change: null,
  stepWantedNs: null,
};
const NS_PER_SECOND = 1e9;
/** In a row within the threshold, over at least so long, before the clock is called LOCKED. */
const LOCK_SAMPLES = 8;
const LOCK_SECONDS = 1;
/** In a row beyond so many thresholds before it is called that no longer. */
const UNLOCK_SAMPLES = 4;
const UNLOCK_THRESHOLDS = 3;
/** Samples of which the frequency is found: until then the first step may still be made. */
const FIRST_SAMPLES = 2;
/** In a row beyond the step threshold: one late frame must not step a clock. */
const STEP_SAMPLES = 3;
/** LOCKED for so many samples and so long, what is left of the wide gains goes. */
const NARROW_SAMPLES = 32;
/** Sync intervals, and seconds at least, without a sample that was used. */
const SILENT_INTERVALS = 10;
const SILENT_SECONDS = 2;

export class ClockDiscipline {
  readonly #options: DisciplineOptions;
  readonly #servo: Servo;
  #state: ClockLockState = 'FREE_RUN';
  #since: Instant;
  #why = 'no master has been heard';
  #intervalSeconds = 1;
  #rate: Ppb;
  /** The frequency has been measured while LOCKED: it outlives a master. */
  #isLearned = false;
  #isFirst = true;
  /** Since it began to acquire. */
  #acquired = 0;
  #within = 0;
  #withinSince: Instant | null = null;
  #beyond = 0;
  #beyondStep = 0;
  #lockedSamples = 0;
  #hasDelay = false;
  #lastUsed: Instant | null = null;
  #offsetNs: number | null = null;
  #meanDelayNs: number | null = null;
  #samples = 0;
  #outliers = 0;
  #steps = 0;

  /** `rate`: what the clock runs at already, such as an earlier agent's; 0 if nothing is known. */
  constructor(options: DisciplineOptions, now: Instant, rate: Ppb = ppb(0)) {
    this.#options = options;
    this.#servo = createServo(options.servo, options);
    this.#since = now;
    this.#rate = rate;
    this.#servo.reset(rate, 'guess');
  }

  get state(): ClockLockState {
    return this.#state;
  }

  /** The master's Sync come at this interval. */
  setInterval(intervalSeconds: number): void {
    this.#intervalSeconds = intervalSeconds;
    this.#servo.tune(intervalSeconds, this.#isNarrow() ? 'narrow' : 'acquisition');
  }

  /** One measured offset. */
  sample(sample: DisciplineSample, now: Instant): DisciplineVerdict {
    const began = this.#beginToAcquire(now);
    this.#takeDelay(sample);
    const isBeyond = this.#isBeyondStep(sample);
    if (isBeyond && this.#beyondStep < STEP_SAMPLES) {
      this.#outliers += 1;
      return { ...NOTHING, use: 'outlier', change: began };
    }
    this.#samples += 1;
    this.#acquired += 1;
    this.#lastUsed = now;
    this.#offsetNs = sample.offsetNs;
    this.#meanDelayNs = sample.meanDelayNs;
    if (isBeyond) return this.#stepLater(sample, now, began);
    const rate = this.#servo.sample(sample);
    const first = this.#firstStep(sample, began);
    if (first !== null) return first;
    this.#rate = rate;
    const change = this.#judge(now) ?? began;
    return { adjustment: { rate, step: null }, use: 'used', change, stepWantedNs: null };
  }

  /** Another port or master is followed from now on: phase is measured anew, the frequency holds. */
  masterChanged(now: Instant, why: string): DisciplineVerdict {
    this.#restart(this.#isLearned ? 'known' : 'guess');
    const change = this.#state === 'LOCKED' ? this.#become('ACQUIRING', why, now) : null;
    return { ...NOTHING, adjustment: { rate: this.#rate, step: null }, change };
  }

  /** Nobody is followed any more. */
  masterLost(now: Instant, why: string): DisciplineVerdict {
    if (this.#state === 'FREE_RUN' || this.#state === 'HOLDOVER') return NOTHING;
    this.#rate = this.#servo.frequency();
    this.#restart(this.#isLearned ? 'known' : 'guess');
    const change = this.#become(this.#isLearned ? 'HOLDOVER' : 'FREE_RUN', why, now);
    return { ...NOTHING, adjustment: { rate: this.#rate, step: null }, change };
  }

  /** To be called about once a second: time passes without samples too. */
  tick(now: Instant): DisciplineVerdict {
    if (this.#state === 'FREE_RUN' || this.#state === 'HOLDOVER') return NOTHING;
    const silent = this.#lastUsed === null ? 0 : secondsBetween(this.#lastUsed, now);
    const limit = Math.max(SILENT_SECONDS, SILENT_INTERVALS * this.#intervalSeconds);
    if (silent <= limit) return NOTHING;
    return this.masterLost(now, `no usable Sync for ${silent.toFixed(1)} s`);
  }

  /** The local clock counts from anew, or jumped: PTP time is lost, the frequency is not. */
  newEpoch(now: Instant, why: string): DisciplineVerdict {
    this.#isFirst = true;
    this.#offsetNs = null;
    this.#restart(this.#isLearned ? 'known' : 'guess');
    const change = this.#state === 'FREE_RUN' ? null : this.#become('FREE_RUN', why, now);
    return { ...NOTHING, adjustment: { rate: this.#rate, step: null }, change };
  }

  status(): DisciplineStatus {
    return {
      name: this.#servo.name,
      state: this.#state,
      since: this.#since,
      why: this.#why,
      rate: this.#rate,
      offsetNs: this.#offsetNs,
      meanDelayNs: this.#meanDelayNs,
      errorBound: null,
      samples: this.#samples,
      outliers: this.#outliers,
      steps: this.#steps,
    };
  }

  #beginToAcquire(now: Instant): LockChange | null {
    if (this.#state === 'ACQUIRING' || this.#state === 'LOCKED') return null;
    return this.#become('ACQUIRING', 'offsets from a master come in', now);
  }

  /** Offsets without a delay are all wrong by the same; with it they move at once. */
  #takeDelay({ meanDelayNs }: DisciplineSample): void {
    if (meanDelayNs !== null && !this.#hasDelay && this.#acquired > 0) {
      this.#servo.shifted(-meanDelayNs);
    }
    this.#hasDelay = meanDelayNs !== null;
  }

  #isBeyondStep({ offsetNs }: DisciplineSample): boolean {
    const threshold = this.#options.stepThresholdNs;
    const isBeyond = !this.#mayStepFirst() && threshold > 0 && Math.abs(offsetNs) > threshold;
    this.#beyondStep = isBeyond ? this.#beyondStep + 1 : 0;
    return isBeyond;
  }

  #mayStepFirst(): boolean {
    return this.#isFirst && this.#acquired < FIRST_SAMPLES;
  }

  /** The sample has been taken; what it says of the phase is stepped away, as long as this is the beginning. */
  #firstStep(sample: DisciplineSample, change: LockChange | null): DisciplineVerdict | null {
    if (!this.#isFirst) return null;
    if (this.#acquired >= FIRST_SAMPLES) this.#isFirst = false;
    const threshold = this.#options.firstStepThresholdNs;
    const phase = this.#servo.phaseNs() ?? sample.offsetNs;
    if (threshold <= 0 || Math.abs(phase) <= threshold) return null;
    if (phase > 0 && !sample.mayStepBack) return null;
    return this.#step(phase, change);
  }

  #stepLater(sample: DisciplineSample, now: Instant, began: LockChange | null): DisciplineVerdict {
    const why = `the offset is ${Math.round(sample.offsetNs)} ns, beyond the step threshold`;
    const change = this.#state === 'LOCKED' ? this.#become('ACQUIRING', why, now) : began;
    if (sample.offsetNs > 0 && !sample.mayStepBack) {
      // It cannot run backwards: it runs as slowly as it may until the rest of the world is there.
      this.#rate = this.#servo.sample(sample);
      return {
        adjustment: { rate: this.#rate, step: null },
        use: 'used',
        change,
        stepWantedNs: -sample.offsetNs,
      };
    }
    this.#rate = this.#servo.frequency();
    this.#restart(this.#isLearned ? 'known' : 'guess');
    this.#servo.sample(sample);
    return this.#step(sample.offsetNs, change);
  }

  #step(phaseNs: number, change: LockChange | null): DisciplineVerdict {
    const step = nanoseconds(BigInt(Math.round(-phaseNs)));
    this.#steps += 1;
    this.#rate = this.#servo.stepped(Number(nsOf(step)));
    this.#beyondStep = 0;
    return { adjustment: { rate: this.#rate, step }, use: 'used', change, stepWantedNs: null };
  }

  #judge(now: Instant): LockChange | null {
    const { lockThresholdNs } = this.#options;
    const phase = Math.abs(this.#servo.phaseNs() ?? Infinity);
    if (this.#state === 'LOCKED') return this.#judgeLocked(phase, now);
    if (phase > lockThresholdNs || !this.#hasDelay || this.#acquired <= FIRST_SAMPLES) {
      this.#within = 0;
      this.#withinSince = null;
      return null;
    }
    this.#within += 1;
    this.#withinSince ??= now;
    const passed = secondsBetween(this.#withinSince, now);
    if (this.#within < LOCK_SAMPLES || passed < LOCK_SECONDS) return null;
    const why = `${this.#within} offsets in a row within ${lockThresholdNs} ns`;
    return this.#become('LOCKED', why, now);
  }

  #judgeLocked(phase: number, now: Instant): LockChange | null {
    const limit = UNLOCK_THRESHOLDS * this.#options.lockThresholdNs;
    this.#beyond = phase > limit ? this.#beyond + 1 : 0;
    if (this.#beyond >= UNLOCK_SAMPLES) {
      this.#restart('guess');
      return this.#become('ACQUIRING', `the offset is beyond ${limit} ns`, now);
    }
    this.#isLearned = true;
    this.#lockedSamples += 1;
    if (this.#isNarrow()) this.#servo.tune(this.#intervalSeconds, 'narrow');
    return null;
  }

  #isNarrow(): boolean {
    return this.#state === 'LOCKED' && this.#lockedSamples >= NARROW_SAMPLES;
  }

  /** Phase and all counts anew; runs on at the frequency that is known. */
  #restart(trust: 'known' | 'guess'): void {
    this.#servo.reset(this.#servo.frequency(), trust);
    this.#servo.tune(this.#intervalSeconds, 'acquisition');
    this.#acquired = 0;
    this.#hasDelay = false;
    this.#within = 0;
    this.#withinSince = null;
    this.#beyond = 0;
    this.#beyondStep = 0;
    this.#lockedSamples = 0;
  }

  #become(to: ClockLockState, why: string, now: Instant): LockChange {
    const from = this.#state;
    this.#state = to;
    this.#since = now;
    this.#why = why;
    if (to === 'LOCKED') {
      this.#isLearned = true;
      this.#lockedSamples = 0;
      this.#beyond = 0;
    }
    return { from, to, why };
  }
}

function secondsBetween(from: Instant, to: Instant): number {
  return Number(nsOf(elapsed(from, to))) / NS_PER_SECOND;
}
