/**
 * Watches the time that comes from the parent against the local counter, which nobody steers: a
 * grandmaster whose time jumps with no reason announced is suspected. Nothing of our own servo goes in, so
 * a jump is seen before it has done anything.
 *
 *     trusted ──off the line──▶ doubted ──three in a row on a new line──▶ suspect, unless it was announced
 *        ▲                        │                       follow:      believed at once, with an alarm
 *        └────back on the line────┘                       quarantine:  believed if it stays for so long
 *                                                         reject:      never, but it may come back
 *                                                         a clock that never was right: believed at once
 *
 * A line is a point (local time, master's time) and the rate; single samples off it are outliers.
 */
import { clockIdentityText } from '#units/clock-identity';
import { elapsed, nsOf, ppbValue, type Instant, type Ppb } from '#units/time';
import type { TimePropertiesDS } from '../data-sets.js';
import type { SanityConfig } from '../instance/instance-types.js';
import {
  explainJump,
  isSameClaims,
  type JumpExplanation,
  type TimeClaims,
} from './explained-jump.js';
import { nsText, type SanityAlarm } from './sanity-types.js';

/** One Sync's time, with all that corrects it. */
export interface TimeSample {
  /** The local free-running clock when it came in: no wrap, no steering. */
  readonly localTime: Instant;
  /** The master's time then: origin timestamp, corrections and mean delay. */
  readonly masterTime: Instant;
  /** The master's rate against the local clock, as far as it is known. */
  readonly rate: Ppb | null;
  readonly grandmasterIdentity: bigint;
  readonly claims: TimeClaims;
  /** Our clock has been right by a master that was; before that nothing speaks for where its time was. */
  readonly isSettled: boolean;
}

export interface JumpVerdict {
  /** no: as if it had not come. anew: use it, and forget what was measured before; a step may be due. */
  readonly use: 'yes' | 'no' | 'anew';
  readonly why: string | null;
  readonly alarms: readonly SanityAlarm[];
}

interface Line {
  readonly localTime: Instant;
  readonly masterTime: Instant;
  readonly rate: Ppb | null;
}

interface Trusted {
  readonly line: Line;
  readonly grandmasterIdentity: bigint;
  readonly claims: TimeClaims;
}

/** A grandmaster off the line: at first only doubted, then `confirmed`. */
interface Suspicion {
  readonly line: Line;
  readonly jumpNs: number;
  /** When it came to its line, when it was last seen off the trusted one, and samples in a row. */
  readonly since: Instant;
  readonly lastOff: Instant;
  readonly samples: number;
  readonly confirmed: boolean;
  /** Samples in a row on the trusted line again. */
  readonly returned: number;
}

export interface WatchCounters {
  /** Samples off the line that nothing followed. */
  outliers: number;
  jumps: number;
  explained: number;
  followed: number;
  returned: number;
}

/** As many in a row make a jump of what may be an outlier, and a return of what may be chance. */
const CONFIRMING_SAMPLES = 3;
/** And for as long: a burst in a queue outlasts three Syncs that come sixteen times a second. */
const CONFIRMING_NS = 500_000_000n;
/** How far a clock may be from its line a second later: its rate known to 10 ppm, or not at all. */
const KNOWN_RATE_PPB = 10_000;
const UNKNOWN_RATE_PPB = 1_000_000;
/** An Announce may explain a jump this long before its Sync: longer than any Announce interval. */
const EXPLAINS_FOR_NS = 60_000_000_000n;
/** Grandmasters under suspicion at once; the oldest goes. */
const MAX_SUSPICIONS = 8;
const NO_ALARMS: readonly SanityAlarm[] = [];

export class GrandmasterWatch {
  readonly counters: Readonly<WatchCounters>;
  readonly #counters: WatchCounters;
  readonly #suspicions = new Map<bigint, Suspicion>();
  #config: SanityConfig;
  #trusted: Trusted | null = null;
  /** What the trusted grandmaster said before it said something else. */
  #changed: { readonly before: TimeClaims; readonly at: Instant } | null = null;

  constructor(config: SanityConfig) {
    this.#config = config;
    this.#counters = { outliers: 0, jumps: 0, explained: 0, followed: 0, returned: 0 };
    this.counters = this.#counters;
  }

  configure(config: SanityConfig): void {
    this.#config = config;
  }

  /** The local counter began anew or jumped, or time was set by hand: no line holds any more. */
  reset(): readonly SanityAlarm[] {
    const wasSuspect = this.#isAnySuspect();
    this.#trusted = null;
    this.#changed = null;
    this.#suspicions.clear();
    return wasSuspect ? [cleared('what it was held against is gone')] : [];
  }

  /**
   * Masters of this grandmaster are not to be chosen. It ends quarantineSeconds after its last sample, as
   * who is not chosen cannot show that its time came back; if it did not, the next sample says so.
   */
  isSuspect(grandmasterIdentity: bigint, now: Instant): boolean {
    if (this.#suspicions.size === 0) return false;
    const suspicion = this.#suspicions.get(grandmasterIdentity);
    return suspicion?.confirmed === true && !this.#isOver(suspicion.lastOff, now);
  }

  /** Whether to use a sample of the parent. `now` never steps back. */
  sample(sample: TimeSample, now: Instant): JumpVerdict {
    const trusted = this.#trusted;
    if (trusted === null) return this.#accept(sample, now, 'yes', null);
    const offNs = offLineNs(trusted.line, sample);
    if (Math.abs(offNs) <= this.#limitNs(trusted.line, sample)) return this.#onTheLine(sample, now);
    if (!isComparable(trusted, sample)) {
      return this.#accept(
        sample,
        now,
        'anew',
        'another grandmaster, whose time need not be the same',
      );
    }
    return this.#offTheLine(trusted, sample, offNs, now);
  }

  #onTheLine(sample: TimeSample, now: Instant): JumpVerdict {
    if (this.#suspicions.size === 0) return this.#accept(sample, now, 'yes', null);
    const suspicion = this.#suspicions.get(sample.grandmasterIdentity);
    if (suspicion === undefined) return this.#accept(sample, now, 'yes', null);
    if (!suspicion.confirmed) {
      this.#counters.outliers += suspicion.samples;
      return this.#accept(sample, now, 'yes', null);
    }
    const returned = suspicion.returned + 1;
    if (returned < CONFIRMING_SAMPLES) {
      this.#suspect(sample.grandmasterIdentity, { ...suspicion, returned, samples: 0 });
      return refuse('its time may have come back');
    }
    this.#counters.returned += 1;
    return this.#accept(sample, now, 'yes', 'its time came back');
  }

  #offTheLine(trusted: Trusted, sample: TimeSample, offNs: number, now: Instant): JumpVerdict {
    const suspicion = this.#withSample(sample, offNs, now);
    this.#suspect(sample.grandmasterIdentity, suspicion);
    if (!suspicion.confirmed && !isConfirmed(suspicion, now)) {
      return refuse(`${nsText(offNs)} off: an outlier, or a jump`);
    }
    if (!sample.isSettled && !suspicion.confirmed) {
      const why = `its time moved by ${nsText(offNs)} before ours ever was right by it`;
      return this.#accept(sample, now, 'anew', why);
    }
    if (!suspicion.confirmed) this.#counters.jumps += 1;
    const explanation = this.#explanation(trusted, sample, offNs, now);
    if (explanation !== null) {
      this.#counters.explained += 1;
      const why = `its time moved by ${nsText(offNs)}, as announced: ${explanation}`;
      return this.#accept(sample, now, 'anew', why);
    }
    return this.#judge(suspicion, sample, now);
  }

  /** What is known of its grandmaster with one more sample off the trusted line. */
  #withSample(sample: TimeSample, jumpNs: number, now: Instant): Suspicion {
    const before = this.#suspicions.get(sample.grandmasterIdentity);
    const line = lineOf(sample);
    const fresh = { line, jumpNs, since: now, lastOff: now, samples: 1, returned: 0 };
    if (before === undefined) return { ...fresh, confirmed: false };
    const stays = Math.abs(offLineNs(before.line, sample)) <= this.#limitNs(before.line, sample);
    if (stays) {
      return { ...before, line, jumpNs, lastOff: now, samples: before.samples + 1, returned: 0 };
    }
    if (!before.confirmed) this.#counters.outliers += before.samples;
    return { ...fresh, confirmed: before.confirmed };
  }

  #explanation(
    trusted: Trusted,
    sample: TimeSample,
    jumpNs: number,
    now: Instant,
  ): JumpExplanation | null {
    const toleranceNs = this.#limitNs(trusted.line, sample);
    const changed = this.#changed;
    const isRecent = changed !== null && nsOf(elapsed(changed.at, now)) <= EXPLAINS_FOR_NS;
    const earlier = isRecent ? withLeapOf(changed.before, trusted.claims) : trusted.claims;
    return (
      explainJump(trusted.claims, sample.claims, jumpNs, toleranceNs) ??
      explainJump(earlier, sample.claims, jumpNs, toleranceNs)
    );
  }

  #judge(suspicion: Suspicion, sample: TimeSample, now: Instant): JumpVerdict {
    const { policy, quarantineSeconds } = this.#config;
    const who = clockIdentityText(sample.grandmasterIdentity);
    const why = `the time of grandmaster ${who} jumped by ${nsText(suspicion.jumpNs)}, unannounced`;
    const alarms = suspicion.confirmed ? [] : [raised(why)];
    this.#suspect(sample.grandmasterIdentity, { ...suspicion, confirmed: true });
    const staysLong = suspicion.samples >= CONFIRMING_SAMPLES && this.#isOver(suspicion.since, now);
    if (policy === 'reject' || (policy === 'quarantine' && !staysLong)) {
      return { use: 'no', why, alarms };
    }
    this.#counters.followed += 1;
    const reason =
      policy === 'follow' ? 'followed' : `followed: it stayed for ${quarantineSeconds} s`;
    const accepted = this.#accept(sample, now, 'anew', `${why}; ${reason}`);
    return { ...accepted, alarms: [...alarms, ...accepted.alarms] };
  }

  /** The sample is the line from here on, and its grandmaster is not suspected any more. */
  #accept(sample: TimeSample, now: Instant, use: 'yes' | 'anew', why: string | null): JumpVerdict {
    const before = this.#trusted;
    const { grandmasterIdentity, claims } = sample;
    if (before?.grandmasterIdentity !== grandmasterIdentity || use === 'anew') {
      this.#changed = null;
    } else if (!isSameClaims(before.claims, claims)) {
      this.#changed = { before: before.claims, at: now };
    }
    this.#trusted = { line: lineOf(sample), grandmasterIdentity, claims };
    if (this.#suspicions.size === 0) return { use, why, alarms: NO_ALARMS };
    const wasSuspect = this.#isAnySuspect();
    this.#suspicions.delete(grandmasterIdentity);
    const alarms =
      wasSuspect && !this.#isAnySuspect() ? [cleared(why ?? 'its time is where it was')] : [];
    return { use, why, alarms };
  }

  #suspect(grandmasterIdentity: bigint, suspicion: Suspicion): void {
    const oldest = this.#suspicions.keys().next().value;
    const isFull = this.#suspicions.size >= MAX_SUSPICIONS;
    if (isFull && oldest !== undefined && !this.#suspicions.has(grandmasterIdentity)) {
      this.#suspicions.delete(oldest);
    }
    this.#suspicions.set(grandmasterIdentity, suspicion);
  }

  #isAnySuspect(): boolean {
    return [...this.#suspicions.values()].some(({ confirmed }) => confirmed);
  }

  #limitNs(line: Line, sample: TimeSample): number {
    const isKnown = line.rate !== null || sample.rate !== null;
    const seconds = Math.abs(Number(nsOf(elapsed(line.localTime, sample.localTime)))) / 1e9;
    return this.#config.jumpLimitNs + seconds * (isKnown ? KNOWN_RATE_PPB : UNKNOWN_RATE_PPB);
  }

  #isOver(since: Instant, now: Instant): boolean {
    return Number(nsOf(elapsed(since, now))) >= this.#config.quarantineSeconds * 1e9;
  }
}

function isConfirmed({ samples, since }: Suspicion, now: Instant): boolean {
  return samples >= CONFIRMING_SAMPLES && nsOf(elapsed(since, now)) >= CONFIRMING_NS;
}

function lineOf({ localTime, masterTime, rate }: TimeSample): Line {
  return { localTime, masterTime, rate };
}

/** How much later a sample's time is than its line has it. */
function offLineNs(line: Line, sample: TimeSample): number {
  const local = nsOf(elapsed(line.localTime, sample.localTime));
  const master = nsOf(elapsed(line.masterTime, sample.masterTime));
  const rate = line.rate ?? sample.rate;
  const drift = rate === null ? 0 : (Number(local) * ppbValue(rate)) / 1e9;
  return Number(master - local) - drift;
}

/** What was said before, and the leap seconds that were announced since. */
function withLeapOf(before: TimeClaims, since: TimeClaims): TimeClaims {
  const leap59 = before.timeProperties.leap59 || since.timeProperties.leap59;
  const leap61 = before.timeProperties.leap61 || since.timeProperties.leap61;
  return { ...before, timeProperties: { ...before.timeProperties, leap59, leap61 } };
}

/** Two grandmasters are to agree only if both say that they have the one true time. */
function isComparable(trusted: Trusted, sample: TimeSample): boolean {
  if (trusted.grandmasterIdentity === sample.grandmasterIdentity) return true;
  return isTrueTime(trusted.claims.timeProperties) && isTrueTime(sample.claims.timeProperties);
}

function isTrueTime({ ptpTimescale, timeTraceable }: TimePropertiesDS): boolean {
  return ptpTimescale && timeTraceable;
}

function refuse(why: string): JumpVerdict {
  return { use: 'no', why, alarms: [] };
}

function raised(why: string): SanityAlarm {
  return { kind: 'alarm', code: 'grandmaster-jump', raised: true, why };
}

function cleared(why: string): SanityAlarm {
  return { kind: 'alarm', code: 'grandmaster-jump', raised: false, why };
}
