/**
 * Digest lists (specification 1.5, section "DigestEntry"): messages of one digest are collected, sent
 * as lists, and suppressed while an equal one is waiting or not yet acknowledged. Time is an
 * argument, in nanoseconds of any steady clock.
 */

export interface DigestSettings {
  readonly maxTimeoutNs: bigint;
  /** 0: no limit but ours. */
  readonly maxListSize: number;
  readonly ackTimeoutNs: bigint;
}

export interface DigestListOut {
  readonly listId: bigint;
  readonly messages: readonly BigUint64Array[];
}

/** A list is sent at this size even when the client set no limit. */
export const LIST_LIMIT = 1024;
/** Unacknowledged messages that are remembered; beyond that the oldest list is forgotten. */
export const CACHE_LIMIT = 65_536;

interface SentList {
  readonly sentNs: bigint;
  readonly keys: readonly string[];
}

/** The lists of one digest. */
export class DigestLists {
  #buffer = new Map<string, BigUint64Array>();
  #firstNs = 0n;
  #nextListId = 1n;
  /** Unacknowledged lists in the order in which they were sent. */
  readonly #sent = new Map<bigint, SentList>();
  readonly #cache = new Set<string>();

  /** A message from the dataplane; the list to send now, if it made one complete. */
  offer(words: BigUint64Array, settings: DigestSettings, nowNs: bigint): DigestListOut | null {
    this.#forgetOld(settings, nowNs);
    const key = words.join(',');
    if (this.#cache.has(key) || this.#buffer.has(key)) return null;
    if (this.#buffer.size === 0) this.#firstNs = nowNs;
    this.#buffer.set(key, words);
    const limit = settings.maxListSize === 0 ? LIST_LIMIT : settings.maxListSize;
    const full = this.#buffer.size >= Math.min(limit, LIST_LIMIT);
    return full || settings.maxTimeoutNs === 0n ? this.#flush(settings, nowNs) : null;
  }

  /** Time has passed; the list to send now, if its oldest message has waited long enough. */
  expire(settings: DigestSettings, nowNs: bigint): DigestListOut | null {
    this.#forgetOld(settings, nowNs);
    const due = this.#buffer.size > 0 && nowNs - this.#firstNs >= settings.maxTimeoutNs;
    return due ? this.#flush(settings, nowNs) : null;
  }

  /** When `expire` has to be called next; null: not before the next offer. */
  deadlineNs(settings: DigestSettings): bigint | null {
    return this.#buffer.size === 0 ? null : this.#firstNs + settings.maxTimeoutNs;
  }

  /** The client has acted on a list: its messages may be sent again. */
  acknowledge(listId: bigint): void {
    const list = this.#sent.get(listId);
    if (list === undefined) return;
    this.#sent.delete(listId);
    for (const key of list.keys) this.#cache.delete(key);
  }

  /** Forgets what waits and what is unacknowledged: the client that it was for has gone. */
  clear(): void {
    this.#buffer.clear();
    this.#sent.clear();
    this.#cache.clear();
  }

  #flush(settings: DigestSettings, nowNs: bigint): DigestListOut {
    const listId = this.#nextListId;
    this.#nextListId += 1n;
    const messages = [...this.#buffer.values()];
    if (settings.ackTimeoutNs > 0n) {
      const keys = [...this.#buffer.keys()];
      for (const key of keys) this.#cache.add(key);
      this.#sent.set(listId, { sentNs: nowNs, keys });
    }
    this.#buffer = new Map();
    return { listId, messages };
  }

  #forgetOld(settings: DigestSettings, nowNs: bigint): void {
    for (const [listId, { sentNs }] of this.#sent) {
      const old = nowNs - sentNs >= settings.ackTimeoutNs;
      if (!old && this.#cache.size <= CACHE_LIMIT) return;
      this.acknowledge(listId);
    }
  }
}
