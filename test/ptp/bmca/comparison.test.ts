import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  choiceOrder,
  compare,
  compareBy,
  dataSetOfInstance,
  type ComparisonDataSet,
  type Ordering,
} from '#ptp/bmca/comparison';
import { heard, OURS, ownClock, type HeardParts } from './announces.js';

const MIRROR: Readonly<Record<Ordering, Ordering>> = {
  better: 'worse',
  betterByTopology: 'worseByTopology',
  error1: 'error1',
  error2: 'error2',
  worseByTopology: 'betterByTopology',
  worse: 'better',
};

/** Both ways round: what holds for A against B holds mirrored for B against A. */
function expectOrdering(
  comparison: 'ieee1588' | 'g8275' | 'ieee8021as',
  a: HeardParts,
  b: HeardParts,
  ordering: Ordering,
): void {
  expect(compare(heard(a), heard(b), comparison), 'A against B').toBe(ordering);
  expect(compare(heard(b), heard(a), comparison), 'B against A').toBe(MIRROR[ordering]);
}

function together(parts: readonly HeardParts[]): HeardParts {
  return parts.reduce<HeardParts>((all, one) => ({ ...all, ...one }), {});
}

type Rung = readonly [name: string, better: HeardParts, worse: HeardParts];

/** Each rung decides against all that come after it, and against what does not count at all. */
function expectPrecedence(
  comparison: 'ieee1588' | 'g8275' | 'ieee8021as',
  ladder: readonly Rung[],
  ignored: readonly Rung[] = [],
): void {
  for (const [index, [name, good, bad]] of ladder.entries()) {
    const rest = [...ladder.slice(index + 1), ...ignored];
    const a = { ...together(rest.map(([, , worse]) => worse)), ...good };
    const b = { ...together(rest.map(([, better]) => better)), ...bad };
    expect(compare(heard(a), heard(b), comparison), name).toBe('better');
    expect(compare(heard(b), heard(a), comparison), name).toBe('worse');
  }
}

const PRIORITY1: Rung = ['priority1', { priority1: 1 }, { priority1: 2 }];
const QUALITY: readonly Rung[] = [
  ['clockClass', { clockClass: 6 }, { clockClass: 7 }],
  ['clockAccuracy', { clockAccuracy: 0x20 }, { clockAccuracy: 0x21 }],
  ['offsetScaledLogVariance', { variance: 0x4e5d }, { variance: 0x4e5e }],
  ['priority2', { priority2: 1 }, { priority2: 2 }],
];
const LOCAL: Rung = ['localPriority', { localPriority: 1 }, { localPriority: 2 }];
const IDENTITY: Rung = ['identity', { grandmaster: 1n }, { grandmaster: 2n }];
const STEPS: Rung = ['stepsRemoved', { steps: 1 }, { steps: 2 }];

describe('figure 34: different grandmasters', () => {
  it('compares in the standard’s order, each attribute before all that follow', () => {
    expectPrecedence('ieee1588', [PRIORITY1, ...QUALITY, IDENTITY], [STEPS, LOCAL]);
  });

  it('does not look at localPriority', () => {
    expectOrdering('ieee1588', { localPriority: 2 }, { localPriority: 1 }, 'error2');
  });

  it('compares an identity as a number of 64 bits without sign', () => {
    expectOrdering(
      'ieee1588',
      { grandmaster: 0x7fff_ffff_ffff_ffffn },
      { grandmaster: 0x8000_0000_0000_0000n },
      'better',
    );
  });

  it('says what decided', () => {
    const result = compareBy(heard({ clockClass: 6, grandmaster: 9n }), heard(), 'ieee1588');
    expect(result).toEqual({ ordering: 'better', by: 'clockClass 6 against 248' });
  });
});

describe('figure 35: the same grandmaster', () => {
  const GM = { grandmaster: 1n };

  it('takes the nearer one if it is nearer by two steps or more, whoever tells it', () => {
    for (const sender of [OURS - 1n, OURS, OURS + 1n]) {
      expectOrdering('ieee1588', { ...GM, steps: 1 }, { ...GM, steps: 3, sender }, 'better');
      expectOrdering('ieee1588', { ...GM, steps: 0 }, { ...GM, steps: 254, sender }, 'better');
    }
  });

  it('at one step, of the further one: receiver below sender is better', () => {
    expectOrdering(
      'ieee1588',
      { ...GM, steps: 1 },
      { ...GM, steps: 2, sender: OURS + 1n },
      'better',
    );
  });

  it('at one step, of the further one: receiver above sender is better by topology', () => {
    expectOrdering(
      'ieee1588',
      { ...GM, steps: 1 },
      { ...GM, steps: 2, sender: OURS - 1n },
      'betterByTopology',
    );
  });

  it('at one step, of the further one: receiver and sender the same is error-1', () => {
    expectOrdering('ieee1588', { ...GM, steps: 1 }, { ...GM, steps: 2, sender: OURS }, 'error1');
  });

  it('only looks at the further one’s sender and receiver', () => {
    const nearer = { ...GM, steps: 1, sender: OURS, receiver: OURS };
    expectOrdering('ieee1588', nearer, { ...GM, steps: 2, sender: OURS + 1n }, 'better');
  });

  it('at the same distance the lower sender is better by topology', () => {
    expectOrdering(
      'ieee1588',
      { ...GM, sender: 2n, receiverPort: 9 },
      { ...GM, sender: 3n, receiverPort: 1 },
      'betterByTopology',
    );
  });

  it('of the same sender the lower port of ours is better by topology', () => {
    expectOrdering(
      'ieee1588',
      { ...GM, receiverPort: 1 },
      { ...GM, receiverPort: 2 },
      'betterByTopology',
    );
  });

  it('does not look at the sender’s port: that is error-2, and the choice still is one', () => {
    const [a, b] = [heard({ ...GM, senderPort: 1 }), heard({ ...GM, senderPort: 2 })];
    expect(compare(a, b, 'ieee1588')).toBe('error2');
    expect(choiceOrder(a, b, 'ieee1588')).toBeLessThan(0);
    expect(choiceOrder(b, a, 'ieee1588')).toBeGreaterThan(0);
  });

  it('comes before figure 34: attributes of the same grandmaster do not count', () => {
    expectOrdering(
      'ieee1588',
      { ...GM, priority1: 255, steps: 0 },
      { ...GM, priority1: 0, steps: 2 },
      'better',
    );
  });
});

describe('ourselves (D0)', () => {
  it('win against our own messages that come back', () => {
    const d0 = dataSetOfInstance(ownClock());
    for (const steps of [1, 2, 3]) {
      for (const sender of [OURS - 1n, OURS + 1n]) {
        const echo = heard({ grandmaster: OURS, steps, sender, priority1: 0 });
        expect(compare(d0, echo, 'ieee1588')).toMatch(/^better/);
      }
    }
  });
});

describe('G.8275.1’s alternate comparison', () => {
  it('leaves priority1 out and puts localPriority before the identity', () => {
    expectPrecedence('g8275', [...QUALITY, LOCAL, IDENTITY], [STEPS, PRIORITY1]);
  });

  it('takes the nearest of several grandmasters with clockClass up to 127', () => {
    for (const clockClass of [6, 127]) {
      const far = { clockClass, grandmaster: 1n, steps: 4 };
      const near = { clockClass, grandmaster: 2n, steps: 2 };
      expectOrdering('g8275', near, far, 'better');
    }
  });

  it('takes the lower identity from clockClass 128 on, however far', () => {
    const far = { clockClass: 128, grandmaster: 1n, steps: 4 };
    const near = { clockClass: 128, grandmaster: 2n, steps: 2 };
    expectOrdering('g8275', far, near, 'better');
  });

  it('goes by topology for one grandmaster', () => {
    const gm = { grandmaster: 1n, clockClass: 248 };
    expectOrdering('g8275', { ...gm, sender: 2n }, { ...gm, sender: 3n }, 'betterByTopology');
  });
});

describe('802.1AS’s priority vectors', () => {
  it('compare systemIdentity, then the way', () => {
    expectPrecedence('ieee8021as', [PRIORITY1, ...QUALITY, IDENTITY], [STEPS, LOCAL]);
    expectPrecedence('ieee8021as', [
      STEPS,
      ['sender', { sender: 2n, grandmaster: 1n }, { sender: 3n, grandmaster: 1n }],
      ['sender’s port', { senderPort: 1 }, { senderPort: 2 }],
      ['receiving port', { receiverPort: 1 }, { receiverPort: 2 }],
    ]);
  });

  it('call the same twice error-2', () => {
    expectOrdering('ieee8021as', {}, {}, 'error2');
  });
});

/** Few values, so that everything collides with everything. */
const sets: fc.Arbitrary<ComparisonDataSet> = fc
  .record({
    priority1: fc.constantFrom(1, 2),
    clockClass: fc.constantFrom(6, 127, 128),
    priority2: fc.constantFrom(1, 2),
    localPriority: fc.constantFrom(1, 2),
    grandmaster: fc.constantFrom(1n, 2n),
    steps: fc.integer({ min: 0, max: 4 }),
    sender: fc.constantFrom(0x40n, 0x41n, 0x60n, 0x61n),
    senderPort: fc.constantFrom(1, 2),
    receiverPort: fc.constantFrom(1, 2, 3),
  })
  .map(heard);

describe.each(['ieee1588', 'g8275', 'ieee8021as'] as const)(
  '%s, whatever is heard',
  (comparison) => {
    it('is mirrored', () => {
      fc.assert(
        fc.property(sets, sets, (a, b) => {
          expect(compare(b, a, comparison)).toBe(MIRROR[compare(a, b, comparison)]);
          expect(
            Math.sign(choiceOrder(b, a, comparison)) + Math.sign(choiceOrder(a, b, comparison)),
          ).toBe(0);
        }),
      );
    });

    it('chooses in a total order, as long as each grandmaster tells the same of itself', () => {
      const consistent = fc.tuple(sets, sets, sets).map((three) =>
        three.map((set) => ({
          ...set,
          grandmasterPriority1: Number(set.grandmasterIdentity % 2n),
          grandmasterPriority2: 1,
          grandmasterClockQuality: { ...set.grandmasterClockQuality, clockClass: 6 },
        })),
      );
      fc.assert(
        fc.property(consistent, (three) => {
          const order = (x: number, y: number): number =>
            choiceOrder(three[x] as ComparisonDataSet, three[y] as ComparisonDataSet, comparison);
          fc.pre(order(0, 1) <= 0 && order(1, 2) <= 0);
          expect(order(0, 2)).toBeLessThanOrEqual(0);
        }),
      );
    });
  },
);
