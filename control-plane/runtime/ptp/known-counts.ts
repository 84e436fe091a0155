/**
 * The switch's message counts for those who cannot wait for them: told as they were last known, and
 * brought up to date behind that, for as long as somebody goes on asking.
 */
import type { Logger } from 'pino';
import { elapsed, nsOf, seconds, type Instant } from '#units/time';
import type { MessageCounts } from './clock-snapshot.js';

type CountsByPort = ReadonlyMap<number, MessageCounts>;

export interface KnownCountsOptions {
  /** Null in it: the switch does not say. Null: there is none to ask. */
  readonly read: (() => Promise<CountsByPort | null>) | null;
  readonly now: () => Instant;
  readonly log: Logger;
}

/** Who asks again within this time gets counts that are some seconds old at most. */
const ATTENTION_NS = nsOf(seconds(60));
const PERIOD_NS = nsOf(seconds(5));

export class KnownCounts {
  readonly #options: KnownCountsOptions;
  #known: CountsByPort | null = null;
  #isReading = false;
  #readAt: Instant | null = null;
  #askedAt: Instant | null = null;

  constructor(options: KnownCountsOptions) {
    this.#options = options;
  }

  /** As last known, by port number; null: never. */
  of(port: number): MessageCounts | null {
    return this.#known?.get(port) ?? null;
  }

  /** Somebody wants them. Reads them anew, unless that is under way. */
  asked(): void {
    this.#askedAt = this.#options.now();
    this.#refresh();
  }

  /** To be called every second or so. */
  tick(): void {
    const now = this.#options.now();
    if (this.#askedAt === null || nsOf(elapsed(this.#askedAt, now)) > ATTENTION_NS) return;
    if (this.#readAt !== null && nsOf(elapsed(this.#readAt, now)) < PERIOD_NS) return;
    this.#refresh();
  }

  #refresh(): void {
    const { read, now, log } = this.#options;
    if (read === null || this.#isReading) return;
    this.#isReading = true;
    this.#readAt = now();
    read()
      .then((counts) => {
        this.#known = counts ?? this.#known;
      })
      .catch((error: unknown) => log.error({ err: error }, 'message counts: a bug'))
      .finally(() => {
        this.#isReading = false;
      });
  }
}
