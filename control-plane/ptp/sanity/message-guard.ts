/**
 * Bounds what others can make us do by messages: how many of a kind a port takes in a second, and which
 * intervals it lets itself be told. What is beyond is counted, and no more.
 */
import { numberOf, logInterval, logIntervalValue, nsSinceEpoch } from '#units/time';
import type { Instant, LogInterval } from '#units/time';
import type { MessageKind } from '#wire/ptp-header';

/** A bucket that leaks. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * Of one port. Announce: 32 foreign masters at 8 a second. Sync and what belongs to it: eight masters at
 * 128 a second. Requests: what a port can answer; the dataplane bounds the sum before.
 */
export const DEFAULT_RATE_LIMITS: Readonly<Record<MessageKind, RateLimit>> = {
  announce: { perSecond: 256, burst: 256 },
  sync: { perSecond: 1024, burst: 512 },
  followUp: { perSecond: 1024, burst: 512 },
  delayReq: { perSecond: 20_000, burst: 5_000 },
  delayResp: { perSecond: 2048, burst: 512 },
  pdelayReq: { perSecond: 256, burst: 128 },
  pdelayResp: { perSecond: 256, burst: 128 },
  pdelayRespFollowUp: { perSecond: 256, burst: 128 },
  signaling: { perSecond: 2048, burst: 1024 },
  management: { perSecond: 256, burst: 128 },
};

class Bucket {
  readonly perSecond: number;
  readonly burst: number;
  level = 0;
  /** As a number, which a bucket holds itself: rates need no nanosecond. */
  atNs: number;

  constructor({ perSecond, burst }: RateLimit, atNs: number) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.atNs = atNs;
  }
}

const KINDS = Object.keys(DEFAULT_RATE_LIMITS) as readonly MessageKind[];
const PLACES: ReadonlyMap<MessageKind, number> = new Map(KINDS.map((kind, at) => [kind, at]));

export class MessageGuard {
  readonly #limits: Readonly<Record<MessageKind, RateLimit>>;
  /** By PLACES; null: none of that kind came yet. */
  readonly #buckets: (Bucket | null)[] = KINDS.map(() => null);
  /** Null: nothing was refused, as on nearly every port. */
  #refused: Map<MessageKind, number> | null = null;

  constructor(limits: Readonly<Record<MessageKind, RateLimit>> = DEFAULT_RATE_LIMITS) {
    this.#limits = limits;
  }

  /** Whether to look at one more message of this kind. `now` never steps back. */
  admits(kind: MessageKind, now: Instant): boolean {
    const nowNs = numberOf(nsSinceEpoch(now));
    const bucket = (this.#buckets[PLACES.get(kind) ?? 0] ??= new Bucket(this.#limits[kind], nowNs));
    const leaked = ((nowNs - bucket.atNs) / 1e9) * bucket.perSecond;
    bucket.level = Math.max(0, bucket.level - leaked);
    bucket.atNs = nowNs;
    if (bucket.level + 1 > bucket.burst) {
      this.#refused ??= new Map();
      this.#refused.set(kind, this.refused(kind) + 1);
      return false;
    }
    bucket.level += 1;
    return true;
  }

  refused(kind: MessageKind): number {
    return this.#refused?.get(kind) ?? 0;
  }
}

/** 2^-7 to 2^7 s: what any profile here has, and no more. */
const SHORTEST_LOG = -7;
const LONGEST_LOG = 7;
/** 13.3.2.14: "not applicable", in unicast and in requests. */
const NOT_APPLICABLE = 0x7f;

export interface ToldInterval {
  /** Null: nothing was told. */
  readonly interval: LogInterval | null;
  /** It was told something that no port does: count it. */
  readonly impossible: boolean;
}

/** logMessageInterval as told by another: brought into what can be followed. */
export function toldInterval(told: LogInterval): ToldInterval {
  const value = logIntervalValue(told);
  if (value === NOT_APPLICABLE) return { interval: null, impossible: false };
  const bounded = Math.min(LONGEST_LOG, Math.max(SHORTEST_LOG, value));
  return { interval: logInterval(bounded), impossible: bounded !== value };
}
