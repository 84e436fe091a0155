import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advanceSyntonization,
  initialSyntonization,
  syntonizationStatus,
  type SyntonizationEffect,
  type SyntonizationState,
} from '#ptp/syntonization';
import { dataplaneTime, instant, logInterval, scaledNs } from '#units/time';
import { FLAG, type PortIdentity } from '#wire/ptp-header';
import type { FollowUp, Sync } from '#wire/ptp-message';

const SEED = 0x1588;
const SECOND = 1_000_000_000n;
const MASTER: PortIdentity = { clockIdentity: 0x0200_00ff_fe00_00aan, portNumber: 1 };
const OTHER: PortIdentity = { clockIdentity: 0x0200_00ff_fe00_00bbn, portNumber: 1 };

interface SyncOptions {
  readonly master?: PortIdentity;
  readonly port?: number;
  readonly steps?: 'one' | 'two';
  /** Way to us beyond the usual. */
  readonly lateNs?: bigint;
  readonly flags?: number;
  readonly domainNumber?: number;
  /** What a transparent clock before us put into each of the two. */
  readonly syncCorrection?: bigint;
  readonly followUpCorrection?: bigint;
}

/** A transparent clock that hears masters; time passes as the test says. */
class Conversation {
  #state: SyntonizationState = initialSyntonization({ domainNumber: 0, sdoId: 0 });
  #sequenceId = 0xfff0;
  effects: SyntonizationEffect[] = [];
  now = 5n * SECOND;
  /** Of the masters' clocks against ours. */
  ppm = 0;
  masterAheadNs = 1_700_000_000n * SECOND;

  get status() {
    return syntonizationStatus(this.#state);
  }

  get ppmTold(): number | null {
    const { rateOffsetPpb } = this.status;
    return rateOffsetPpb === null ? null : rateOffsetPpb / 1000;
  }

  masterTime(localNs: bigint): bigint {
    return localNs + this.masterAheadNs + BigInt(Math.round(Number(localNs) * this.ppm * 1e-6));
  }

  messages(options: SyncOptions = {}): { sync: Sync; followUp: FollowUp; receiveTime: bigint } {
    const { master = MASTER, steps = 'two', lateNs = 0n, flags = 0, domainNumber = 0 } = options;
    const { syncCorrection = 0n, followUpCorrection = 0n } = options;
    const sent = instant(this.masterTime(this.now));
    const header = {
      majorSdoId: 0,
      minorVersionPtp: 1,
      domainNumber,
      minorSdoId: 0,
      flags: flags | (steps === 'two' ? FLAG.twoStep : 0),
      correctionField: scaledNs(syncCorrection << 16n),
      messageTypeSpecific: 0,
      sourcePortIdentity: master,
      sequenceId: this.#sequenceId,
      controlField: 0,
      logMessageInterval: logInterval(-3),
    };
    const twoStep = steps === 'two';
    return {
      sync: { kind: 'sync', header, tlvs: [], originTimestamp: twoStep ? instant(0n) : sent },
      followUp: {
        kind: 'followUp',
        header: { ...header, flags: 0, correctionField: scaledNs(followUpCorrection << 16n) },
        tlvs: [],
        preciseOriginTimestamp: sent,
      },
      receiveTime: this.now + 700n + lateNs + syncCorrection + followUpCorrection,
    };
  }

  receives(message: Sync | FollowUp, receiveTime: bigint, port = 1): void {
    this.#apply({
      kind: 'message',
      port,
      message,
      receiveTime: dataplaneTime(receiveTime),
      now: instant(this.now),
    });
  }

  hears(options: SyncOptions = {}): void {
    const { sync, followUp, receiveTime } = this.messages(options);
    this.receives(sync, receiveTime, options.port);
    if (options.steps !== 'one') this.receives(followUp, receiveTime + 9_000n, options.port);
  }

  /** Eight Syncs a second, for so long. */
  run(secondsLong: number, optionsOf: (index: number) => SyncOptions = () => ({})): void {
    for (let i = 0; i < secondsLong * 8; i++) {
      this.hears(optionsOf(i));
      this.passes(SECOND / 8n);
    }
  }

  /** Time passes; a tick when a second is full. */
  passes(ns: bigint): void {
    const before = this.now / SECOND;
    this.now += ns;
    this.#sequenceId = (this.#sequenceId + 1) & 0xffff;
    if (this.now / SECOND !== before) this.#apply({ kind: 'tick', now: instant(this.now) });
  }

  #apply(input: Parameters<typeof advanceSyntonization>[1]): void {
    const { state, effects } = advanceSyntonization(this.#state, input);
    this.#state = state;
    this.effects.push(...effects);
  }
}

/** From 0 to 1, the same every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('the rate of a master', () => {
  it.each([0, 100, -37.5, 4.2])('of %d ppm is measured and told in units of 2^-41', (ppm) => {
    const clock = new Conversation();
    clock.ppm = ppm;
    clock.run(20);
    expect(clock.status).toMatchObject({ condition: 'locked', master: MASTER, port: 1 });
    expect(clock.ppmTold).toBeCloseTo(ppm, 2);
    const told = clock.effects.filter(({ kind }) => kind === 'rateOffset');
    expect(told.at(-1)).toMatchObject({ rateOffset: expect.any(Number) as number });
    const { rateOffset } = told.at(-1) as { rateOffset: number };
    expect(rateOffset / 2 ** 41).toBeCloseTo(ppm * 1e-6, 8);
  });

  it('is that of one-step masters as well', () => {
    const clock = new Conversation();
    clock.ppm = 20;
    clock.run(20, () => ({ steps: 'one' }));
    expect(clock.ppmTold).toBeCloseTo(20, 2);
  });

  it('takes the corrections of Sync and Follow_Up for time on the way', () => {
    const clock = new Conversation();
    clock.ppm = 10;
    clock.run(20, (i) => ({
      syncCorrection: BigInt((i % 7) * 3_000),
      followUpCorrection: BigInt((i % 5) * 1_000),
    }));
    expect(clock.ppmTold).toBeCloseTo(10, 2);
  });

  it('is not moved by queues: the least delayed of each second counts', () => {
    const clock = new Conversation();
    const chance = random(7);
    clock.ppm = 25;
    clock.run(40, () => ({ lateNs: BigInt(Math.floor(chance() ** 4 * 200_000)) }));
    expect(Math.abs((clock.ppmTold ?? 0) - 25)).toBeLessThan(0.2);
  });

  it('is not moved by seconds in which all are late', () => {
    const clock = new Conversation();
    clock.ppm = -10;
    clock.run(40, (i) => ({ lateNs: Math.floor(i / 8) % 6 === 3 ? 500_000n : 0n }));
    expect(Math.abs((clock.ppmTold ?? 0) + 10)).toBeLessThan(0.2);
  });

  it('is told when it changes, not with every message', () => {
    const clock = new Conversation();
    clock.ppm = 5;
    clock.run(60);
    expect(clock.effects.filter(({ kind }) => kind === 'rateOffset').length).toBeLessThan(5);
  });

  it('is not told if the dataplane could not multiply by it', () => {
    const clock = new Conversation();
    clock.ppm = 990;
    clock.run(20);
    expect(clock.status).toMatchObject({ condition: 'measuring', rateOffsetPpb: null });
  });

  it('is measured anew, and the old one kept, when the master’s clock is set', () => {
    const clock = new Conversation();
    clock.ppm = 30;
    clock.run(20);
    clock.masterAheadNs += 37n * SECOND;
    clock.run(3);
    expect(clock.status).toMatchObject({ condition: 'holdover', counters: { clockSteps: 1 } });
    expect(clock.ppmTold).toBeCloseTo(30, 2);
    clock.run(10);
    expect(clock.status.condition).toBe('locked');
  });
});

describe('Sync and Follow_Up', () => {
  it('are matched in either order', () => {
    const clock = new Conversation();
    clock.hears();
    for (let i = 0; i < 160; i++) {
      clock.passes(SECOND / 8n);
      const { sync, followUp, receiveTime } = clock.messages();
      clock.receives(followUp, receiveTime);
      clock.receives(sync, receiveTime);
    }
    expect(clock.status).toMatchObject({ condition: 'locked', counters: { samples: 161 } });
  });

  it('that do not belong together give no sample', () => {
    const clock = new Conversation();
    const first = clock.messages();
    clock.passes(SECOND / 8n);
    const second = clock.messages();
    clock.receives(first.sync, first.receiveTime);
    clock.receives(second.followUp, second.receiveTime);
    expect(clock.status.counters.samples).toBe(0);
    clock.receives(second.sync, second.receiveTime);
    expect(clock.status.counters).toMatchObject({ samples: 1, followUpsLost: 1 });
  });

  it('of other domains and of alternate masters are not used', () => {
    const clock = new Conversation();
    clock.run(3, () => ({ domainNumber: 7 }));
    expect(clock.status).toMatchObject({ mastersHeard: 0, counters: { syncs: 0 } });
    clock.run(3, () => ({ flags: FLAG.alternateMaster }));
    expect(clock.status).toMatchObject({ mastersHeard: 0, condition: 'listening' });
  });

  it('of a master that was never heard are counted', () => {
    const clock = new Conversation();
    const { followUp, receiveTime } = clock.messages();
    clock.receives(followUp, receiveTime);
    expect(clock.status.counters.followUpsUnmatched).toBe(1);
  });
});

describe('masters', () => {
  it('that fall silent leave their rate behind', () => {
    const clock = new Conversation();
    clock.ppm = 12;
    clock.run(20);
    for (let i = 0; i < 5; i++) clock.passes(SECOND);
    expect(clock.status).toMatchObject({
      condition: 'holdover',
      master: null,
      mastersHeard: 0,
      counters: { mastersTimedOut: 1 },
    });
    expect(clock.ppmTold).toBeCloseTo(12, 2);
    expect(clock.effects.at(-1)).toMatchObject({ kind: 'condition', to: 'holdover' });
  });

  it('are kept: another one is measured meanwhile, and takes over when the first falls silent', () => {
    const clock = new Conversation();
    clock.run(20);
    for (let i = 0; i < 160; i++) {
      clock.hears();
      clock.hears({ master: OTHER, port: 2 });
      clock.passes(SECOND / 8n);
    }
    expect(clock.status).toMatchObject({ master: MASTER, mastersHeard: 2 });
    clock.run(5, () => ({ master: OTHER, port: 2 }));
    expect(clock.status).toMatchObject({ condition: 'locked', master: OTHER, port: 2 });
  });

  it('that are invented neither grow memory nor put out the one that is followed', () => {
    const clock = new Conversation();
    clock.ppm = 8;
    clock.run(20);
    for (let i = 0; i < 500; i++) {
      clock.hears({ master: { clockIdentity: BigInt(1_000 + i), portNumber: 1 } });
      if (i % 8 === 0) clock.hears();
      clock.passes(SECOND / 64n);
    }
    expect(clock.status).toMatchObject({ condition: 'locked', master: MASTER, mastersHeard: 8 });
    expect(clock.status.counters.mastersEvicted).toBeGreaterThan(400);
    expect(clock.ppmTold).toBeCloseTo(8, 2);
  });

  it('by two ports are two: the same Sync around a ring is not used twice', () => {
    const clock = new Conversation();
    clock.ppm = 8;
    for (let i = 0; i < 160; i++) {
      clock.hears({ port: 1 });
      clock.hears({ port: 2, lateNs: 90_000n });
      clock.passes(SECOND / 8n);
    }
    expect(clock.status).toMatchObject({ port: 1, mastersHeard: 2 });
    expect(clock.ppmTold).toBeCloseTo(8, 2);
  });
});

describe('whatever comes', () => {
  it('is borne, and the same comes out every time', () => {
    const step = fc.record({
      kind: fc.constantFrom('sync', 'followUp', 'both', 'pass'),
      who: fc.nat(12),
      port: fc.nat(3),
      late: fc.bigInt(-(1n << 47n), 1n << 47n),
      steps: fc.constantFrom('one' as const, 'two' as const),
      correction: fc.bigInt(-(1n << 47n), (1n << 47n) - 1n),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const play = () => {
          const clock = new Conversation();
          for (const { kind, who, port, late, steps: one, correction } of steps) {
            const master = { clockIdentity: BigInt(who), portNumber: 1 };
            const made = clock.messages({ master, steps: one, syncCorrection: correction });
            if (kind === 'pass') clock.passes(SECOND);
            if (kind !== 'followUp') clock.receives(made.sync, made.receiveTime + late, port);
            if (kind !== 'sync') clock.receives(made.followUp, made.receiveTime, port);
          }
          return { status: clock.status, effects: clock.effects };
        };
        const played = play();
        expect(played.status.mastersHeard).toBeLessThanOrEqual(8);
        expect(play()).toEqual(played);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
});
