/**
 * Holds the times of several grandmasters against each other: those that are heard on our ports in this
 * domain or in others. With three or more the falseticker is found; two can only be seen to disagree.
 *
 * A source is a grandmaster: two masters that pass on the same one are not two opinions, and the one with
 * the smaller bound speaks for it.
 */
import { clockIdentityText } from '#units/clock-identity';
import {
  numberOf,
  elapsed,
  isBefore,
  nsOf,
  ppb,
  ppbValue,
  type Instant,
  type Ppb,
} from '#units/time';
import { intersect, touches, type TimeInterval } from './intersection.js';
import { nsText, type SanityAlarm } from './sanity-types.js';

/** What was heard of one grandmaster over one path. */
export interface SourceObservation {
  readonly grandmasterIdentity: bigint;
  /** The path: a port and a domain, or whatever tells two apart. */
  readonly path: string;
  /** Our PTP time minus its, when it was measured. */
  readonly offsetNs: number;
  /** How far from the truth the offset may be: pessimistic, with the path's asymmetry. */
  readonly errorBoundNs: number;
  readonly at: Instant;
  /** What it claims of its time; not there: 'ptp'. */
  readonly standing?: SourceStanding;
}

/**
 * arbitrary: no PTP timescale, so nobody need agree with it. A source is judged by those of its own
 * standing or a better one: two free-running clocks that agree prove nothing against a traceable one.
 */
export type SourceStanding = 'arbitrary' | 'ptp' | 'traceable';

export interface SourceStatus {
  readonly grandmasterIdentity: bigint;
  readonly path: string;
  readonly offsetNs: number;
  readonly errorBoundNs: number;
  readonly at: Instant;
  /** alone: nobody to compare with. unsure: they disagree, and there is no majority. */
  readonly verdict: 'agrees' | 'false' | 'unsure' | 'alone';
}

export interface SourcesVerdict {
  readonly sources: readonly SourceStatus[];
  readonly alarms: readonly SanityAlarm[];
}

type AlarmCode = Exclude<SanityAlarm['code'], 'grandmaster-jump'>;

/** Older than this an observation counts no more. */
const MAX_AGE_NS = 10_000_000_000n;
const MAX_OBSERVATIONS = 64;
/** Until somebody knows better: what an oscillator and a servo that slews may do together. */
const UNKNOWN_DRIFT = ppb(500_000);
const MAJORITY_OF = 3;

export class SourceWatch {
  readonly #observations = new Map<string, SourceObservation>();
  readonly #raised = new Map<AlarmCode, string>();
  #drift: Ppb = UNKNOWN_DRIFT;
  /** What was observed last, and under which key: mostly the next is of the same. */
  #last: { readonly key: string; readonly of: SourceObservation } | null = null;

  observe(observation: SourceObservation): void {
    const { grandmasterIdentity, path } = observation;
    const last = this.#last;
    const isAsLast = last?.of.grandmasterIdentity === grandmasterIdentity && last.of.path === path;
    const key = isAsLast ? last.key : `${grandmasterIdentity}/${path}`;
    this.#last = isAsLast ? last : { key, of: observation };
    if (isAsLast && this.#observations.has(key)) {
      // It is the newest already.
      this.#observations.set(key, observation);
      return;
    }
    this.#observations.delete(key);
    const oldest = this.#observations.keys().next().value;
    if (this.#observations.size >= MAX_OBSERVATIONS && oldest !== undefined) {
      this.#observations.delete(oldest);
    }
    this.#observations.set(key, observation);
  }

  /**
   * How fast our PTP time may run away from a source at most. Sources are heard at different times, so the
   * bound of each grows by it with its age: large while a clock is acquired, small once it is locked.
   */
  setDrift(drift: Ppb): void {
    this.#drift = drift;
  }

  /** Our clock was stepped by so much: every offset moves along. */
  stepped(stepNs: number): void {
    for (const [key, observation] of this.#observations) {
      this.#observations.set(key, { ...observation, offsetNs: observation.offsetNs + stepNs });
    }
  }

  reset(): readonly SanityAlarm[] {
    this.#observations.clear();
    return this.#alarms(null);
  }

  isFalse(grandmasterIdentity: bigint, now: Instant): boolean {
    // No majority can be against it; the usual case, and asked for every Announce.
    if (this.#observations.size < MAJORITY_OF) return false;
    return this.#judge(now).sources.some(
      (source) => source.grandmasterIdentity === grandmasterIdentity && source.verdict === 'false',
    );
  }

  /** What the sources are worth now, and the alarms that this changes. */
  verdict(now: Instant): SourcesVerdict {
    const { sources, alarm } = this.#judge(now);
    return { sources, alarms: this.#alarms(alarm) };
  }

  #judge(now: Instant): { sources: readonly SourceStatus[]; alarm: Alarm | null } {
    const all = this.#sources(now);
    const [single] = all;
    if (single !== undefined && all.length === 1) {
      return { sources: [judgedAs(single, 'alone')], alarm: null };
    }
    const sources = all.filter((source) => standingOf(source) !== 'arbitrary');
    const verdicts = {
      ptp: verdictsOf(sources),
      traceable: verdictsOf(sources.filter((source) => standingOf(source) === 'traceable')),
    };
    const judged = all.map((source): SourceStatus => {
      const standing = standingOf(source);
      return judgedAs(source, standing === 'arbitrary' ? 'alone' : verdicts[standing](source));
    });
    return { sources: judged, alarm: alarmOf(judged, sources) };
  }

  /** The best observation of each grandmaster, of those that are young enough. */
  #sources(now: Instant): readonly SourceObservation[] {
    if (this.#observations.size === 0) return [];
    const best = new Map<bigint, SourceObservation>();
    for (const [key, observation] of this.#observations) {
      if (nsOf(elapsed(observation.at, now)) > MAX_AGE_NS) {
        this.#observations.delete(key);
        continue;
      }
      const aged = this.#aged(observation, now);
      const other = best.get(aged.grandmasterIdentity);
      if (other === undefined || isPreferred(aged, other)) best.set(aged.grandmasterIdentity, aged);
    }
    return [...best.values()];
  }

  #aged(observation: SourceObservation, now: Instant): SourceObservation {
    const ageNs = Math.max(0, numberOf(nsOf(elapsed(observation.at, now))));
    const grownNs = (ageNs * ppbValue(this.#drift)) / 1e9;
    const { grandmasterIdentity, path, offsetNs, at } = observation;
    const errorBoundNs = observation.errorBoundNs + grownNs;
    const standing = standingOf(observation);
    return { grandmasterIdentity, path, offsetNs, errorBoundNs, at, standing };
  }

  /** Raised and cleared since the last time. */
  #alarms(alarm: Alarm | null): readonly SanityAlarm[] {
    if (alarm === null && this.#raised.size === 0) return [];
    const changes: SanityAlarm[] = [];
    for (const code of this.#raised.keys()) {
      if (code === alarm?.code) continue;
      this.#raised.delete(code);
      changes.push({ kind: 'alarm', code, raised: false, why: 'the sources agree, or are gone' });
    }
    if (alarm === null) return changes;
    const who = alarm.sources.map((source) => clockIdentityText(source.grandmasterIdentity)).join();
    if (this.#raised.get(alarm.code) === who) return changes;
    this.#raised.set(alarm.code, who);
    return [...changes, { kind: 'alarm', code: alarm.code, raised: true, why: whyOf(alarm) }];
  }
}

interface Alarm {
  readonly code: AlarmCode;
  readonly sources: readonly SourceObservation[];
}

function standingOf({ standing }: Pick<SourceObservation, 'standing'>): SourceStanding {
  return standing ?? 'ptp';
}

type Verdict = SourceStatus['verdict'];

function judgedAs(source: SourceObservation, verdict: Verdict): SourceStatus {
  const { grandmasterIdentity, path, offsetNs, errorBoundNs, at } = source;
  return { grandmasterIdentity, path, offsetNs, errorBoundNs, at, verdict };
}

/** What these say of each of them. */
function verdictsOf(
  voters: readonly SourceObservation[],
): (source: Pick<SourceObservation, 'offsetNs' | 'errorBoundNs'>) => Verdict {
  const common = voters.length < 2 ? null : intersect(voters.map(intervalOf));
  if (common === null) return () => 'alone';
  if (common.agreeing === voters.length) return () => 'agrees';
  const isMajority = voters.length >= MAJORITY_OF && common.agreeing * 2 > voters.length;
  if (!isMajority) return () => 'unsure';
  return (source) => (touches(intervalOf(source), common.interval) ? 'agrees' : 'false');
}

function alarmOf(
  judged: readonly SourceStatus[],
  comparable: readonly SourceObservation[],
): Alarm | null {
  const falsetickers = judged.filter(({ verdict }) => verdict === 'false');
  if (comparable.length < 2) return null;
  if (falsetickers.length > 0) return { code: 'falseticker', sources: falsetickers };
  const common = intersect(comparable.map(intervalOf));
  if (common === null || common.agreeing === comparable.length) return null;
  const code = comparable.length < MAJORITY_OF ? 'sources-disagree' : 'no-majority';
  return { code, sources: comparable };
}

function isPreferred(a: SourceObservation, b: SourceObservation): boolean {
  if (a.errorBoundNs !== b.errorBoundNs) return a.errorBoundNs < b.errorBoundNs;
  return isBefore(b.at, a.at);
}

function intervalOf({
  offsetNs,
  errorBoundNs,
}: Pick<SourceObservation, 'offsetNs' | 'errorBoundNs'>): TimeInterval {
  return { lowNs: offsetNs - errorBoundNs, highNs: offsetNs + errorBoundNs };
}

const WHAT: Readonly<Record<AlarmCode, string>> = {
  falseticker: 'a majority says that these are wrong',
  'sources-disagree': 'two sources disagree, and a third would be needed to tell which is wrong',
  'no-majority': 'the sources disagree, and no majority agrees',
};

/** Offsets as PTP time minus the source's, so a positive one is a source that is late. */
function whyOf({ code, sources }: Alarm): string {
  const list = sources.map(
    ({ grandmasterIdentity, path, offsetNs, errorBoundNs }) =>
      `${clockIdentityText(grandmasterIdentity)} on ${path} (${nsText(offsetNs)} ± ${nsText(errorBoundNs)})`,
  );
  return `${WHAT[code]}: ${list.join(', ')}`;
}
