/** Whatever comes, in whatever order: rates within limits, no step that is not allowed, sound states. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant, nanoseconds, nsOf, ppbValue, type Instant } from '#units/time';
import { ClockDiscipline } from '../../control-plane/servo/discipline.js';
import type { DisciplineVerdict } from '../../control-plane/servo/discipline-types.js';
import type { ClockLockState } from '../../control-plane/servo/servo.js';
import { OPTIONS } from './simulation.js';

const SEED = 54_321;

const SOUND: Readonly<Record<ClockLockState, readonly ClockLockState[]>> = {
  FREE_RUN: ['ACQUIRING'],
  ACQUIRING: ['LOCKED', 'FREE_RUN', 'HOLDOVER'],
  LOCKED: ['ACQUIRING', 'HOLDOVER', 'FREE_RUN'],
  HOLDOVER: ['ACQUIRING', 'FREE_RUN'],
};

const offset = fc.oneof(
  fc.double({ min: -500, max: 500, noNaN: true }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.double({ min: -1e20, max: 1e20, noNaN: true }),
);

const move = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('samples' as const),
      count: fc.integer({ min: 1, max: 40 }),
      offset,
      noise: fc.double({ min: 0, max: 1_000, noNaN: true }),
      passNs: fc.integer({ min: -1_000, max: 2_000_000_000 }),
      hasDelay: fc.boolean(),
      mayStepBack: fc.boolean(),
      weight: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  fc.record({ kind: fc.constantFrom('changed' as const, 'lost' as const, 'epoch' as const) }),
  fc.record({
    kind: fc.constant('ticks' as const),
    passNs: fc.integer({ min: 0, max: 60_000_000_000 }),
  }),
);

class Judge {
  readonly discipline: ClockDiscipline;
  #state: ClockLockState = 'FREE_RUN';

  constructor(discipline: ClockDiscipline) {
    this.discipline = discipline;
  }

  judge({ adjustment, change }: DisciplineVerdict, mayStepBack: boolean, now: Instant): void {
    if (adjustment !== null) {
      expect(Math.abs(ppbValue(adjustment.rate))).toBeLessThanOrEqual(OPTIONS.maxFrequencyPpb);
      if (adjustment.step !== null && !mayStepBack) {
        expect(nsOf(adjustment.step)).toBeGreaterThanOrEqual(0n);
      }
    }
    if (change !== null) {
      expect(change.from).toBe(this.#state);
      expect(SOUND[change.from]).toContain(change.to);
      expect(change.why).not.toBe('');
      this.#state = change.to;
    }
    const status = this.discipline.status(now);
    expect(status.state).toBe(this.#state);
    if (status.errorBound !== null) expect(status.errorBound.boundNs).toBeGreaterThanOrEqual(0);
  }
}

describe.each(['pi', 'linear-regression', 'kalman'] as const)(`%s (seed ${SEED})`, (servo) => {
  it('bears everything', () => {
    fc.assert(
      fc.property(
        fc.array(move, { minLength: 1, maxLength: 30 }),
        fc.constantFrom(0, 100_000),
        (moves, stepThresholdNs) => {
          let now = 1_000_000_000n;
          const options = {
            ...OPTIONS,
            servo,
            stepThresholdNs,
            timestampResolution: nanoseconds(8n),
          };
          const discipline = new ClockDiscipline(options, instant(now));
          const judge = new Judge(discipline);
          for (const given of moves) {
            switch (given.kind) {
              case 'samples':
                for (let n = 0; n < given.count; n += 1) {
                  now += BigInt(given.passNs);
                  const verdict = discipline.sample(
                    {
                      localTime: instant(now),
                      offsetNs: given.offset + (n % 2 === 0 ? given.noise : -given.noise),
                      weight: given.weight,
                      meanDelayNs: given.hasDelay ? 1_000 : null,
                      delayDeviationNs: 10,
                      mayStepBack: given.mayStepBack,
                    },
                    instant(now),
                  );
                  judge.judge(verdict, given.mayStepBack, instant(now));
                }
                break;
              case 'ticks':
                now += BigInt(given.passNs);
                judge.judge(discipline.tick(instant(now)), false, instant(now));
                break;
              case 'changed':
                judge.judge(discipline.masterChanged(instant(now), 'changed'), false, instant(now));
                break;
              case 'lost':
                judge.judge(discipline.masterLost(instant(now), 'lost'), false, instant(now));
                break;
              case 'epoch':
                judge.judge(discipline.newEpoch(instant(now), 'epoch'), false, instant(now));
                break;
            }
          }
        },
      ),
      { seed: SEED, numRuns: 100 },
    );
  });
});
