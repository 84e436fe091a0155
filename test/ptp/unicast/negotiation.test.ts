import { describe, expect, it } from 'vitest';
import { after, instant, isBefore, seconds, type Instant } from '#units/time';
import { UnicastGrantor } from '#ptp/unicast/grantor';
import { UnicastRequester } from '#ptp/unicast/requester';
import type { GrantorEffect, RequesterEffect } from '#ptp/unicast/unicast-types';
import type { Tlv } from '#wire/ptp-message';
import { ASKED, LIMITS, secondsSince, signaling, station } from './conversation.js';

const SEED = 0x1588;
const MASTER = station(1);
const CLIENT = station(5);

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A requester and a grantor with a link between them that loses some of what is said. */
class Link {
  now: Instant = instant(1_000_000_000_000n);
  readonly start = this.now;
  readonly grantor = new UnicastGrantor(LIMITS);
  readonly requester: UnicastRequester;
  readonly #random = seeded(SEED);
  readonly #loss: number;
  readonly #timers: { grantor: Instant | null; requester: Instant | null } = {
    grantor: null,
    requester: null,
  };
  syncs: Instant[] = [];
  signalings = 0;

  constructor(loss: number) {
    this.#loss = loss;
    const masters = [{ address: MASTER.address, localPriority: 1 }];
    this.requester = new UnicastRequester({ ...ASKED, masters }, this.#random);
    this.#carry('grantor', this.grantor.setServing(true, this.now));
    this.#carry('requester', this.requester.start(this.now));
    this.#carry('requester', this.requester.select(MASTER.address, this.now));
  }

  pass(duration: number): void {
    const end = after(this.now, seconds(duration));
    for (;;) {
      const who = this.#next();
      const at = who === null ? null : this.#timers[who];
      if (who === null || at === null || isBefore(end, at)) break;
      this.now = at;
      this.#timers[who] = null;
      this.#carry(who, this[who].timer(this.now));
    }
    this.now = end;
  }

  #next(): 'grantor' | 'requester' | null {
    const { grantor, requester } = this.#timers;
    if (grantor === null) return requester === null ? null : 'requester';
    return requester === null || isBefore(grantor, requester) ? 'grantor' : 'requester';
  }

  #carry(
    who: 'grantor' | 'requester',
    effects: readonly (GrantorEffect | RequesterEffect)[],
  ): void {
    for (const effect of effects) {
      if (effect.kind === 'setTimer') this.#timers[who] = after(this.now, effect.after);
      else if (effect.kind === 'cancelTimer') this.#timers[who] = null;
      else if (effect.kind === 'signal') this.#deliver(who, effect.tlvs);
      else if (effect.kind === 'transmit' && effect.grant.service === 'sync') {
        this.syncs.push(this.now);
      }
    }
  }

  #deliver(from: 'grantor' | 'requester', tlvs: readonly Tlv[]): void {
    this.signalings += 1;
    if (this.#random() < this.#loss) return;
    if (from === 'requester') {
      const message = signaling(CLIENT, tlvs);
      this.#carry('grantor', this.grantor.receive(message, CLIENT.address, this.now));
    } else {
      const message = signaling(MASTER, tlvs);
      this.#carry('requester', this.requester.receive(message, MASTER.address, this.now));
    }
  }

  /** The longest time without a Sync, in seconds. */
  longestGap(): number {
    return this.syncs.reduce((longest, time, index) => {
      return Math.max(longest, secondsSince(this.syncs[index - 1] ?? time, time));
    }, 0);
  }
}

describe('two that negotiate', () => {
  it('keep their service for a day, with a Signaling every few minutes', () => {
    const link = new Link(0);
    link.pass(86_400);
    expect(link.longestGap()).toBeLessThanOrEqual(0.0626);
    expect(Math.abs(link.syncs.length - 16 * 86_400)).toBeLessThan(50);
    // Announce, and Sync with Delay_Resp: each asked and answered every 225 s.
    expect(link.signalings).toBeLessThanOrEqual(2 * 2 * (86_400 / 225 + 2));
    expect(link.requester.counters).toMatchObject({ expired: 0, refused: 0, granted: 3 });
  });

  it(`keep it over a link that loses a third of all Signalings (seed ${SEED})`, () => {
    const link = new Link(0.33);
    link.pass(20_000);
    expect(link.longestGap()).toBeLessThanOrEqual(0.0626);
    expect(link.requester.counters.expired).toBe(0);
    expect(link.grantor.counters.expired).toBe(0);
  });

  it('end it together', () => {
    const link = new Link(0);
    link.pass(10);
    expect(link.grantor.size).toBe(3);
    for (const effect of link.requester.stop(link.now)) {
      if (effect.kind === 'signal') {
        link.grantor.receive(signaling(CLIENT, effect.tlvs), CLIENT.address, link.now);
      }
    }
    expect(link.grantor.size).toBe(0);
    expect(link.grantor.messagesPerSecond).toBe(0);
  });
});
