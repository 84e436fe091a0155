/**
 * A clock that follows a master across a link with noise: the real ClockDiscipline and LocalClock,
 * on a simulated oscillator. True time is the master's.
 */
import { LocalClock } from '#ptp/local-clock';
import {
  dataplaneTime,
  elapsedPreciseNs,
  instant,
  nanoseconds,
  ppb,
  preciseFromUnits,
  type DataplaneTime,
} from '#units/time';
import { ClockDiscipline } from '../../control-plane/servo/discipline.js';
import type {
  DisciplineOptions,
  DisciplineVerdict,
} from '../../control-plane/servo/discipline-types.js';

export const OPTIONS: DisciplineOptions = {
  servo: 'pi',
  firstStepThresholdNs: 20_000,
  stepThresholdNs: 0,
  maxFrequencyPpb: 900_000,
  timestampResolution: nanoseconds(1n),
  lockThresholdNs: 1_000,
};

/** Seeded, uniform in 0..1: a multiplicative congruential generator (Park and Miller). */
export function uniform(seed: number): () => number {
  let state = seed % 2_147_483_647 || 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Seeded, normal, deviation 1 (Box and Muller). */
export function normal(seed: number): () => number {
  const next = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
}

export interface Rig {
  readonly seed: number;
  readonly intervalSeconds: number;
  /** The local clock against true time. */
  readonly oscillatorPpm: number;
  /** Random walk of that rate, ppb in a second. */
  readonly wanderPpb?: number;
  /** Steady drift of that rate. */
  readonly driftPpbPerSecond?: number;
  readonly noiseNs: number;
  /** What stamps resolve; 1 unless given. */
  readonly stepNs?: number;
  readonly delayNs?: number;
  readonly options?: Partial<DisciplineOptions>;
  /** The counter at true time 0, nanoseconds. */
  readonly counterNs?: bigint;
  /** PTP time at the beginning, against true time. */
  readonly initialOffsetNs?: number;
}

const EPOCH_NS = 1_700_000_000_000_000_000n;

export interface Sync {
  /** It takes longer than the rest by so much. */
  readonly extraNs?: number;
  /** Null: not known yet. */
  readonly meanDelayNs?: number | null;
}

export interface Tick {
  /** True time since the beginning. */
  readonly seconds: number;
  /** PTP time minus true time, before this sample was used. */
  readonly errorNs: number;
  readonly verdict: DisciplineVerdict | null;
}

export class Simulation {
  readonly clock: LocalClock;
  readonly discipline: ClockDiscipline;
  readonly #rig: Rig;
  readonly #noise: () => number;
  readonly #wander: () => number;
  #ppb: number;
  /** True nanoseconds since the beginning, and the local clock's then. */
  #trueNs = 0;
  #localNs: number;
  /** The master's time against true time. */
  masterOffsetNs = 0;

  constructor(rig: Rig) {
    this.#rig = rig;
    this.#noise = normal(rig.seed);
    this.#wander = normal(rig.seed + 1);
    this.#ppb = rig.oscillatorPpm * 1000;
    this.#localNs = 0;
    this.clock = new LocalClock({
      localTime: this.#stamp(0),
      ptpTime: instant(EPOCH_NS + BigInt(rig.initialOffsetNs ?? 0)),
      rate: ppb(0),
    });
    this.discipline = new ClockDiscipline({ ...OPTIONS, ...rig.options }, instant(0n));
    this.discipline.setInterval(rig.intervalSeconds);
  }

  get seconds(): number {
    return this.#trueNs / 1e9;
  }

  set oscillatorPpb(value: number) {
    this.#ppb = value;
  }

  get oscillatorPpb(): number {
    return this.#ppb;
  }

  #stamp(noiseNs: number): DataplaneTime {
    return dataplaneTime((this.#rig.counterNs ?? 0n) + BigInt(Math.round(this.#localNs + noiseNs)));
  }

  #coarseStamp(noiseNs: number): DataplaneTime {
    const { stepNs = 1, counterNs = 0n } = this.#rig;
    const local = Math.floor((this.#localNs + noiseNs) / stepNs) * stepNs;
    return dataplaneTime(counterNs + BigInt(Math.round(local)));
  }

  /** The counter, now. */
  reading(): DataplaneTime {
    return this.#stamp(0);
  }

  advance(seconds: number): void {
    const { wanderPpb = 0, driftPpbPerSecond = 0 } = this.#rig;
    this.#ppb += wanderPpb * Math.sqrt(seconds) * this.#wander() + driftPpbPerSecond * seconds;
    this.#trueNs += seconds * 1e9;
    this.#localNs += seconds * (1e9 + this.#ppb);
  }

  /** PTP time minus true time, now. */
  errorNs(): number {
    const truth = preciseFromUnits((EPOCH_NS + BigInt(Math.round(this.#trueNs))) << 16n);
    return elapsedPreciseNs(truth, this.clock.ptpTimeAt(this.#stamp(0)));
  }

  now() {
    return instant(BigInt(Math.round(this.#trueNs)));
  }

  /** One Sync interval passes, and its Sync is used. */
  sync(sync: Sync = {}): Tick {
    const { intervalSeconds, noiseNs, delayNs = 0 } = this.#rig;
    const { extraNs = 0, meanDelayNs = delayNs } = sync;
    this.advance(intervalSeconds);
    const errorNs = this.errorNs();
    const received = this.#coarseStamp(this.#noise() * noiseNs + delayNs + extraNs);
    this.clock.observe(received, this.now());
    const sent =
      EPOCH_NS + BigInt(Math.round(this.#trueNs)) + BigInt(Math.round(this.masterOffsetNs));
    const measuredNs = elapsedPreciseNs(
      preciseFromUnits(sent << 16n),
      this.clock.ptpTimeAt(received),
    );
    const offsetNs = measuredNs - (meanDelayNs ?? 0);
    const verdict = this.discipline.sample(
      {
        localTime: this.clock.localInstant(received),
        offsetNs,
        weight: 1,
        meanDelayNs,
        delayDeviationNs: 0,
        mayStepBack: !this.clock.servesTime,
      },
      this.now(),
    );
    this.apply(verdict, received);
    return { seconds: this.seconds, errorNs, verdict };
  }

  apply({ adjustment }: DisciplineVerdict, at: DataplaneTime = this.#stamp(0)): void {
    if (adjustment !== null) this.clock.adjust(adjustment, at);
  }

  run(seconds: number): Tick[] {
    const ticks: Tick[] = [];
    const end = this.seconds + seconds - this.#rig.intervalSeconds / 2;
    while (this.seconds < end) ticks.push(this.sync());
    return ticks;
  }
}

export function rms(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
