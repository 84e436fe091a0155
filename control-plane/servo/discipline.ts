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
import {
  numberOf,
  elapsed,
  nanoseconds,
  nsOf,
  nsSinceEpoch,
  ppb,
  ppbValue,
  type Instant,
  type Ppb,
} from '#units/time';
import type {
  DisciplineOptions,
  DisciplineSample,
  DisciplineStatus,
  DisciplineVerdict,
  ErrorBound,
  LockChange,
} from './discipline-types.js';
import { ErrorBoundTracker } from './error-bound.js';
import { FrequencyHistory, holdoverPpb, type HoldoverModel } from './holdover.js';
import { IntervalMeter } from './interval-meter.js';
import { LockJudge } from './lock-judge.js';
import { OutlierFilter } from './outlier-filter.js';
import type { ClockLockState, FrequencyTrust, Servo } from './servo.js';
import { createServo } from './servos.js';

const NOTHING: DisciplineVerdict = {
  adjustment: null,
  use: 'none',
  change: null,
  stepWantedNs: null,
};
const NS_PER_SECOND = 1e9;
/** Samples of which the frequency is found: until then the first step may still be made. */
const FIRST_SAMPLES = 2;
/** A first step that is made once more, to another master, is one that would take longer to slew. */
const SLEWED_SECONDS = 1;
/** In a row beyond the step threshold: one late frame must not step a clock. */
const STEP_SAMPLES = 3;
/** LOCKED for so many samples and so long, what is left of the wide gains goes. */
const NARROW_SAMPLES = 32;
const NARROW_SECONDS = 10;
/** A frequency known before that does not lead to lock in so many samples and so long was none. */
const KNOWN_SAMPLES = 24;
const KNOWN_SECONDS = 8;
/** Sync intervals, and seconds at least, without a sample that was used. */
const SILENT_INTERVALS = 10;
const SILENT_SECONDS = 2;
/** Stamps within so many of their steps are no outliers. */
const OUTLIER_FLOOR_STEPS = 4;
/** Less is not worth telling the dataplane. */
const LEAST_CHANGE_PPB = 0.01;

export class ClockDiscipline {
  readonly #options: DisciplineOptions;
  readonly #servo: Servo;
  readonly #judge: LockJudge;
  readonly #outlierFilter: OutlierFilter;
  readonly #interval = new IntervalMeter();
  readonly #history = new FrequencyHistory();
  readonly #errors: ErrorBoundTracker;
  #state: ClockLockState = 'FREE_RUN';
  #since: Instant;
  #why = 'no master has been heard';
  #intervalSeconds = 1;
  #rate: Ppb;
  /** It has been LOCKED since the local clock began. */
  #hasLocked = false;
  /** It has been for long enough that the frequency is known. */
  #isLearned = false;
  #trust: FrequencyTrust = 'guess';
  /** The first step has not been decided on, and beyond which offset it is made. */
  #isFirst = true;
  #firstThresholdNs: number;
  /** Samples since it began to acquire, and when that was. */
  #acquired = 0;
  #acquiredSince: Instant | null = null;
  #beyondStep = 0;
  #isNarrow = false;
  #hasDelay = false;
  #holdover: { readonly model: HoldoverModel | null; readonly since: Instant } | null = null;
  #lastUsed: Instant | null = null;
  #offsetNs: number | null = null;
  #meanDelayNs: number | null = null;
  #samples = 0;
  #outliers = 0;
  #steps = 0;
  #boosts = 0;

  /** `rate`: what the clock runs at already, such as an earlier agent's; 0 if nothing is known. */
  constructor(options: DisciplineOptions, now: Instant, rate: Ppb = ppb(0)) {
    const { maxFrequencyPpb, timestampResolution, gains } = options;
    const resolutionNs = Number(nsOf(timestampResolution));
    this.#options = options;
    this.#firstThresholdNs = options.firstStepThresholdNs;
    this.#servo = createServo(options.servo, {
      maxFrequencyPpb,
      resolutionNs,
      ...(gains === undefined ? {} : { gains }),
    });
    this.#judge = new LockJudge(options.lockThresholdNs);
    this.#outlierFilter = new OutlierFilter(OUTLIER_FLOOR_STEPS * resolutionNs);
    this.#errors = new ErrorBoundTracker(resolutionNs);
    this.#since = now;
    this.#rate = rate;
    this.#servo.reset(rate, 'guess');
  }

  get state(): ClockLockState {
    return this.#state;
  }

  /** The master's Sync are announced to come at this interval; what they do come at is seen. */
  setInterval(intervalSeconds: number): void {
    this.#intervalSeconds = intervalSeconds;
    this.#servo.tune(intervalSeconds, this.#isNarrow ? 'narrow' : 'acquisition');
  }

  /**
   * One measured offset. Without a delay it is wrong by an unknown one: that is enough to begin with,
   * but not to move a clock that has been LOCKED.
   */
  sample(sample: DisciplineSample, now: Instant): DisciplineVerdict {
    if (sample.meanDelayNs === null && this.#hasLocked) return this.#await(sample);
    const began = this.#beginToAcquire(now);
    this.#takeDelay(sample);
    const measured = this.#interval.sampled(sample.localTime, this.#intervalSeconds);
    if (measured !== null) this.setInterval(measured);
    const isBeyond = this.#isBeyondStep(sample);
    if (isBeyond && this.#beyondStep < STEP_SAMPLES) return this.#refuse(sample, began);
    const isSlewed = isBeyond && !mayStep(sample);
    const change = isBeyond ? null : this.#sort(sample, now);
    if (change === 'outlier') return this.#refuse(sample, began);
    this.#count(sample, now);
    if (isBeyond && !isSlewed) return this.#stepLater(sample, now, began);
    const steered = ppbValue(this.#rate);
    const rate = this.#servo.sample(sample);
    const first = this.#firstStep(sample, began);
    if (first !== null) return first;
    this.#rate = rate;
    const judged = change ?? this.#judgeSample(sample, now) ?? began;
    this.#record(sample, steered);
    const stepWantedNs = isSlewed || this.#wantsFirstStep(sample) ? -sample.offsetNs : null;
    return { adjustment: { rate, step: null }, use: 'used', change: judged, stepWantedNs };
  }

  /**
   * Another port or master is followed from now on: phase is measured anew, the frequency holds. `isFirst`: the
   * clock never was right, so what was stepped to before may be as wrong, and the first step is decided on again.
   */
  masterChanged(now: Instant, why: string, isFirst = false): DisciplineVerdict {
    if (isFirst) this.#mayStepAgain();
    if (this.#state === 'FREE_RUN' || this.#state === 'HOLDOVER') return NOTHING;
    this.#rate = this.#servo.frequency();
    this.#restart(this.#isLearned ? 'known' : 'guess');
    this.#interval.reset();
    this.#errors.reset();
    const change = this.#state === 'LOCKED' ? this.#become('ACQUIRING', why, now) : null;
    return { ...NOTHING, adjustment: { rate: this.#rate, step: null }, change };
  }

  /** Nobody is followed any more: HOLDOVER at what was learned, or FREE_RUN if it never locked. */
  masterLost(now: Instant, why: string): DisciplineVerdict {
    if (this.#state === 'FREE_RUN' || this.#state === 'HOLDOVER') return NOTHING;
    const model = this.#isLearned ? this.#history.model() : null;
    this.#rate = model === null ? this.#servo.frequency() : this.#limited(model.ratePpb);
    this.#holdover = this.#hasLocked ? { model, since: now } : null;
    const change = this.#become(this.#hasLocked ? 'HOLDOVER' : 'FREE_RUN', why, now);
    return { ...NOTHING, adjustment: { rate: this.#rate, step: null }, change };
  }

  /** To be called about once a second: time passes without samples too. */
  tick(now: Instant): DisciplineVerdict {
    if (this.#state === 'FREE_RUN') return NOTHING;
    if (this.#state === 'HOLDOVER') return this.#holdOver(now);
    const silent = this.#lastUsed === null ? 0 : secondsBetween(this.#lastUsed, now);
    const limit = Math.max(SILENT_SECONDS, SILENT_INTERVALS * this.#intervalSeconds);
    if (silent <= limit) return NOTHING;
    return this.masterLost(now, `no usable Sync for ${silent.toFixed(1)} s`);
  }

  /** The local clock counts from anew, or jumped: PTP time is lost, the frequency is not. */
  newEpoch(now: Instant, why: string): DisciplineVerdict {
    this.#isFirst = true;
    this.#firstThresholdNs = this.#options.firstStepThresholdNs;
    this.#hasLocked = false;
    this.#offsetNs = null;
    this.#holdover = null;
    this.#errors.reset();
    this.#interval.reset();
    this.#restart(this.#isLearned ? 'known' : 'guess');
    const change = this.#state === 'FREE_RUN' ? null : this.#become('FREE_RUN', why, now);
    return { ...NOTHING, adjustment: { rate: this.#rate, step: null }, change };
  }

  get rate(): Ppb {
    return this.#rate;
  }

  /** Null: nothing is known of the error. */
  errorBound(now: Instant): ErrorBound | null {
    if (this.#state === 'FREE_RUN') return null;
    const since = this.#lastUsed === null ? 0 : secondsBetween(this.#lastUsed, now);
    return this.#errors.bound(since, this.#holdover?.model ?? null);
  }

  status(now: Instant): DisciplineStatus {
    return {
      name: this.#servo.name,
      state: this.#state,
      since: this.#since,
      why: this.#why,
      rate: this.#rate,
      offsetNs: this.#offsetNs,
      meanDelayNs: this.#meanDelayNs,
      errorBound: this.errorBound(now),
      samples: this.#samples,
      outliers: this.#outliers,
      steps: this.#steps,
      boosts: this.#boosts,
    };
  }

  #beginToAcquire(now: Instant): LockChange | null {
    if (this.#state === 'ACQUIRING' || this.#state === 'LOCKED') return null;
    // Longer ago than it was learned, a rate is no more than a guess.
    const isFresh = this.#holdover === null || this.#isWithinHistory(this.#holdover.since, now);
    this.#restart(this.#isLearned && isFresh ? 'known' : 'guess');
    this.#holdover = null;
    return this.#become('ACQUIRING', 'offsets from a master come in', now);
  }

  #isWithinHistory(since: Instant, now: Instant): boolean {
    return secondsBetween(since, now) < this.#history.seconds;
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
    const isEarly = this.#isFirst && this.#acquired < FIRST_SAMPLES;
    const isBeyond = !isEarly && threshold > 0 && Math.abs(offsetNs) > threshold;
    this.#beyondStep = isBeyond ? this.#beyondStep + 1 : 0;
    return isBeyond;
  }

  /** While LOCKED: a late frame is not used; a whole row of them is where the master is now. */
  #sort({ offsetNs }: DisciplineSample, now: Instant): LockChange | 'outlier' | null {
    if (this.#state !== 'LOCKED') return null;
    const verdict = this.#outlierFilter.judge(offsetNs);
    if (verdict !== 'moved') return verdict === 'outlier' ? verdict : null;
    this.#boost();
    if (Math.abs(offsetNs) <= this.#judge.unlockNs) return null;
    const why = `the offset went to ${Math.round(offsetNs)} ns and stayed there`;
    return this.#become('ACQUIRING', why, now);
  }

  /** The delay is not known yet. */
  #await({ localTime }: DisciplineSample): DisciplineVerdict {
    if (this.#state === 'HOLDOVER') return NOTHING;
    this.#rate = this.#servo.coast(localTime);
    return { ...NOTHING, adjustment: { rate: this.#rate, step: null } };
  }

  #refuse({ localTime }: DisciplineSample, change: LockChange | null): DisciplineVerdict {
    this.#outliers += 1;
    const steered = ppbValue(this.#rate);
    this.#rate = this.#servo.coast(localTime);
    this.#remember(localTime, steered);
    return {
      adjustment: { rate: this.#rate, step: null },
      use: 'outlier',
      change,
      stepWantedNs: null,
    };
  }

  #count({ offsetNs, meanDelayNs }: DisciplineSample, now: Instant): void {
    this.#samples += 1;
    this.#acquired += 1;
    this.#acquiredSince ??= now;
    this.#lastUsed = now;
    this.#offsetNs = offsetNs;
    this.#meanDelayNs = meanDelayNs;
  }

  /** The sample was taken; what it says of the phase is stepped away, as long as this is the beginning. */
  #firstStep(sample: DisciplineSample, change: LockChange | null): DisciplineVerdict | null {
    if (!this.#isFirst) return null;
    if (this.#acquired >= FIRST_SAMPLES) this.#isFirst = false;
    const phase = this.#servo.phaseNs() ?? sample.offsetNs;
    const threshold = this.#firstThresholdNs;
    if (threshold <= 0 || Math.abs(phase) <= threshold || !mayStep(sample)) return null;
    return this.#step(phase, change);
  }

  /** What is slewed at once anyway is not worth a step more. */
  #mayStepAgain(): void {
    const { firstStepThresholdNs, maxFrequencyPpb } = this.#options;
    if (this.#isFirst || firstStepThresholdNs <= 0) return;
    this.#isFirst = true;
    this.#firstThresholdNs = Math.max(firstStepThresholdNs, SLEWED_SECONDS * maxFrequencyPpb);
  }

  #wantsFirstStep(sample: DisciplineSample): boolean {
    const threshold = this.#firstThresholdNs;
    return this.#isFirst && threshold > 0 && sample.offsetNs > threshold && !mayStep(sample);
  }

  #stepLater(sample: DisciplineSample, now: Instant, began: LockChange | null): DisciplineVerdict {
    const why = `the offset is ${Math.round(sample.offsetNs)} ns, beyond the step threshold`;
    const change = this.#state === 'LOCKED' ? this.#become('ACQUIRING', why, now) : began;
    this.#restart(this.#isLearned ? 'known' : 'guess');
    this.#hasDelay = sample.meanDelayNs !== null;
    this.#acquired = 1;
    this.#servo.sample(sample);
    this.#errors.reset();
    return this.#step(sample.offsetNs, change);
  }

  #step(phaseNs: number, change: LockChange | null): DisciplineVerdict {
    const step = nanoseconds(BigInt(Math.round(-phaseNs)));
    this.#steps += 1;
    this.#rate = this.#servo.stepped(Number(nsOf(step)));
    this.#beyondStep = 0;
    return { adjustment: { rate: this.#rate, step }, use: 'used', change, stepWantedNs: null };
  }

  #judgeSample({ offsetNs }: DisciplineSample, now: Instant): LockChange | null {
    const phase = this.#servo.phaseNs() ?? Infinity;
    if (this.#state !== 'LOCKED') return this.#judgeAcquiring(phase, now);
    const why = this.#judge.unlocks(phase);
    if (why !== null) {
      this.#restart('guess');
      return this.#become('ACQUIRING', why, now);
    }
    const locked = secondsBetween(this.#acquiredSince ?? now, now);
    if (!this.#isNarrow && this.#acquired >= NARROW_SAMPLES && locked >= NARROW_SECONDS) {
      this.#isNarrow = true;
      this.#isLearned = true;
      this.#servo.tune(this.#intervalSeconds, 'narrow');
    }
    if (this.#judge.isBiased(offsetNs) && this.#isNarrow) this.#boost();
    return null;
  }

  #judgeAcquiring(phase: number, now: Instant): LockChange | null {
    const passed = secondsBetween(this.#acquiredSince ?? now, now);
    if (this.#trust === 'known' && this.#acquired >= KNOWN_SAMPLES && passed >= KNOWN_SECONDS) {
      this.#boost();
      return null;
    }
    if (!this.#hasDelay || this.#acquired <= FIRST_SAMPLES) return null;
    const why = this.#judge.locks(phase, this.#trust, now);
    return why === null ? null : this.#become('LOCKED', why, now);
  }

  /** For the error bound, and while LOCKED for holdover. */
  #record(sample: DisciplineSample, steeredPpb: number): void {
    const { offsetNs, meanDelayNs, delayDeviationNs } = sample;
    const deviation = this.#servo.deviationNs();
    this.#errors.sampled({ offsetNs, ratePpb: ppbValue(this.#rate) }, deviation, {
      meanNs: meanDelayNs,
      deviationNs: delayDeviationNs,
    });
    this.#remember(sample.localTime, steeredPpb);
  }

  #remember(localTime: Instant, steeredPpb: number): void {
    const phase = this.#servo.phaseNs();
    if (!this.#isNarrow || phase === null) {
      this.#history.interrupt();
      return;
    }
    const seconds = numberOf(nsSinceEpoch(localTime)) / NS_PER_SECOND;
    this.#history.add(seconds, phase, steeredPpb);
  }

  #holdOver(now: Instant): DisciplineVerdict {
    const { model = null, since = now } = this.#holdover ?? {};
    if (model === null) return NOTHING;
    const rate = this.#limited(holdoverPpb(model, secondsBetween(since, now)));
    if (Math.abs(ppbValue(rate) - ppbValue(this.#rate)) < LEAST_CHANGE_PPB) return NOTHING;
    this.#rate = rate;
    return { ...NOTHING, adjustment: { rate, step: null } };
  }

  #limited(value: number): Ppb {
    const most = this.#options.maxFrequencyPpb;
    return ppb(Math.min(most, Math.max(-most, value)));
  }

  /** Wide gains again: what the narrow ones hold on to is not so any more. */
  #boost(): void {
    this.#boosts += 1;
    const hasDelay = this.#hasDelay;
    this.#rate = this.#servo.frequency();
    this.#restart('guess');
    this.#hasDelay = hasDelay;
  }

  /** Phase and all counts anew; runs on at the rate that it has. */
  #restart(trust: FrequencyTrust): void {
    this.#trust = trust;
    this.#servo.reset(this.#rate, trust);
    this.#servo.tune(this.#intervalSeconds, 'acquisition');
    this.#judge.reset();
    this.#outlierFilter.reset();
    this.#history.interrupt();
    this.#acquired = 0;
    this.#acquiredSince = null;
    this.#hasDelay = false;
    this.#beyondStep = 0;
    this.#isNarrow = false;
  }

  #become(to: ClockLockState, why: string, now: Instant): LockChange {
    const from = this.#state;
    this.#state = to;
    this.#since = now;
    this.#why = why;
    if (to === 'LOCKED') this.#hasLocked = true;
    return { from, to, why };
  }
}

function mayStep({ offsetNs, mayStepBack }: DisciplineSample): boolean {
  return offsetNs <= 0 || mayStepBack;
}

function secondsBetween(from: Instant, to: Instant): number {
  return numberOf(nsOf(elapsed(from, to))) / NS_PER_SECOND;
}
