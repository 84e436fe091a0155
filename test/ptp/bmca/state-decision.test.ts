import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PortState } from '#ptp/data-sets';
import { PORT_STATES } from '#ptp/port-state/transitions';
import {
  decideStates,
  type BestMaster,
  type DecisionPort,
  type InstanceDecision,
} from '#ptp/bmca/state-decision';
import { bestMaster, OURS, ownClock, type HeardParts } from './announces.js';

type Comparison = 'ieee1588' | 'g8275' | 'ieee8021as';

const GM = 0x10n;
/** priority1 of a master that our own clock (128) beats, and of one that beats it. */
const WORSE = { priority1: 200, priority2: 200 };
const BETTER = { priority1: 1, priority2: 1 };

function port(portNumber: number, parts: Partial<DecisionPort> = {}): DecisionPort {
  return {
    portNumber,
    portState: 'master',
    masterOnly: false,
    notSlave: false,
    erbest: null,
    ownPortHeard: null,
    ...parts,
  };
}

const hears = (
  portNumber: number,
  parts: HeardParts,
  more: Partial<DecisionPort> = {},
): DecisionPort =>
  port(portNumber, { erbest: bestMaster(portNumber, { grandmaster: GM, ...parts }), ...more });

function decide(
  ports: readonly DecisionPort[],
  own: Parameters<typeof ownClock>[0] = {},
  comparison: Comparison = 'ieee1588',
): InstanceDecision {
  return decideStates(ownClock(own), comparison, ports);
}

function codes(decision: InstanceDecision): readonly (string | null)[] {
  return [...decision.decisions.values()].map(({ recommended }) => recommended);
}

const why = (decision: InstanceDecision, portNumber: number): string =>
  decision.decisions.get(portNumber)?.why ?? '';

describe('figure 33: a clock that may be a slave (clockClass 128 and more, or 0)', () => {
  it('is grandmaster on all ports that hear nobody, but for those that still listen', () => {
    const decision = decide([port(1), port(2, { portState: 'listening' }), port(3)]);
    expect(codes(decision)).toEqual(['M2', null, 'M2']);
    expect(why(decision, 2)).toMatch(/no qualified master/);
  });

  it('is grandmaster if it is better than the best that is heard', () => {
    expect(codes(decide([hears(1, WORSE), port(2)]))).toEqual(['M2', 'M2']);
  });

  it('is slave where the best is heard, and master elsewhere', () => {
    const decision = decide([port(1), hears(2, BETTER), port(3)]);
    expect(codes(decision)).toEqual(['M3', 'S1', 'M3']);
    expect(decision.ebest?.portNumber).toBe(2);
    expect(why(decision, 2)).toBe(
      '000000.0000.000010-1 is the best master: our own clock is worse than 000000.0000.000010-1 (priority1 128 against 1)',
    );
  });

  it('is slave from LISTENING too', () => {
    const all = [hears(1, BETTER, { portState: 'listening' }), port(2, { portState: 'listening' })];
    expect(codes(decide(all))).toEqual(['S1', null]);
  });

  it('is passive where the same grandmaster is heard by a worse topology', () => {
    const nearer = hears(1, { ...BETTER, steps: 1, sender: 0x20n });
    const sameDistance = hears(2, { ...BETTER, steps: 1, sender: 0x21n });
    const furtherBelowUs = hears(3, { ...BETTER, steps: 2, sender: OURS - 1n });
    expect(codes(decide([nearer, sameDistance, furtherBelowUs]))).toEqual(['S1', 'P2', 'P2']);
  });

  it('is master where the same grandmaster is heard from further away', () => {
    const nearer = hears(1, { ...BETTER, steps: 1, sender: 0x20n });
    const furtherAboveUs = hears(2, { ...BETTER, steps: 2, sender: OURS + 1n });
    const muchFurther = hears(3, { ...BETTER, steps: 3, sender: OURS - 1n });
    expect(codes(decide([nearer, furtherAboveUs, muchFurther]))).toEqual(['S1', 'M3', 'M3']);
  });

  it('is master where a worse grandmaster is heard', () => {
    const other = hears(2, { priority1: 2, grandmaster: 0x11n, sender: 0x11n });
    expect(codes(decide([hears(1, BETTER), other]))).toEqual(['S1', 'M3']);
  });

  it('with the same master on two ports is slave on the lower one only', () => {
    expect(codes(decide([hears(2, BETTER), hears(1, BETTER)]))).toEqual(['P2', 'S1']);
  });

  it('clockClass 0 is not of 1 to 127', () => {
    expect(codes(decide([hears(1, BETTER)], { clockClass: 0 }))).toEqual(['S1']);
  });
});

describe('figure 33: a clock of clockClass 1 to 127', () => {
  it.each([1, 6, 127])(
    '%i is never slave: M1 if it is better than Erbest, P1 if not',
    (clockClass) => {
      const ports = [
        hears(1, BETTER),
        hears(2, WORSE),
        port(3),
        port(4, { portState: 'listening' }),
      ];
      expect(codes(decide(ports, { clockClass }))).toEqual(['P1', 'M1', 'M1', null]);
    },
  );
});

describe('ports that are not free', () => {
  it('do not decide while INITIALIZING, FAULTY or DISABLED, and what they heard does not count', () => {
    for (const portState of ['initializing', 'faulty', 'disabled'] as const) {
      const decision = decide([hears(1, BETTER, { portState }), port(2)]);
      expect(codes(decision)).toEqual([null, 'M2']);
      expect(decision.ebest).toBeNull();
    }
  });

  it('masterOnly: what is heard there does not count (9.2.2.2)', () => {
    const decision = decide([hears(1, BETTER, { masterOnly: true }), hears(2, { priority1: 2 })]);
    expect(codes(decision)).toEqual(['M3', 'S1']);
    expect(codes(decide([hears(1, BETTER, { masterOnly: true })], { clockClass: 6 }))).toEqual([
      'M1',
    ]);
  });

  it('notSlave: never slave, but passive where the network needs it', () => {
    const better = { ...BETTER, sender: 0x20n };
    expect(codes(decide([hears(1, BETTER, { notSlave: true }), port(2)]))).toEqual(['M2', 'M2']);
    const both = [hears(1, better), hears(2, { ...better, sender: 0x21n }, { notSlave: true })];
    expect(codes(decide(both))).toEqual(['S1', 'P2']);
  });

  it('two of ours on one path: the higher number is passive (9.5.2.3)', () => {
    const decision = decide([port(1, { ownPortHeard: 2 }), port(2, { ownPortHeard: 1 })]);
    expect(codes(decision)).toEqual(['M2', 'P2']);
    expect(why(decision, 2)).toMatch(/port 1 is on the same path/);
  });
});

describe('802.1AS', () => {
  const near = { ...BETTER, steps: 1, sender: 0x20n };

  it('is master where nobody is heard, without LISTENING and without clockClass 127', () => {
    const own = { clockClass: 6, priority1: 200 };
    expect(codes(decide([port(1, { portState: 'listening' })], own, 'ieee8021as'))).toEqual(['M2']);
    const ports = [hears(1, { ...BETTER, clockClass: 248 }), port(2)];
    expect(codes(decide(ports, own, 'ieee8021as'))).toEqual(['S1', 'M3']);
  });

  it('is passive where the neighbor tells better than we could', () => {
    const nearer = hears(2, { ...near, steps: 1, sender: 0x21n });
    const asFarButLower = hears(3, { ...near, steps: 2, sender: OURS - 1n });
    expect(codes(decide([hears(1, near), nearer, asFarButLower], {}, 'ieee8021as'))).toEqual([
      'S1',
      'P2',
      'P2',
    ]);
  });

  it('is master where we tell better than the neighbor', () => {
    const asFarButHigher = hears(2, { ...near, steps: 2, sender: OURS + 1n });
    const further = hears(3, { ...near, steps: 3, sender: OURS - 1n });
    const worse = hears(4, { ...WORSE, grandmaster: 0x99n });
    expect(
      codes(decide([hears(1, near), asFarButHigher, further, worse], {}, 'ieee8021as')),
    ).toEqual(['S1', 'M3', 'M3', 'M3']);
  });

  it('is grandmaster if it is best, also towards those who tell worse', () => {
    expect(codes(decide([hears(1, WORSE), port(2)], {}, 'ieee8021as'))).toEqual(['M2', 'M2']);
  });
});

const someErbest = fc.option(
  fc.record({
    grandmaster: fc.constantFrom(1n, 2n, OURS),
    priority1: fc.constantFrom(1, 128, 200),
    clockClass: fc.constantFrom(6, 248),
    steps: fc.integer({ min: 0, max: 4 }),
    sender: fc.constantFrom(0x40n, 0x41n, 0x60n),
  }),
  { nil: null },
);
const somePorts = fc.array(
  fc.tuple(someErbest, fc.constantFrom(...PORT_STATES), fc.boolean(), fc.boolean()),
  { minLength: 1, maxLength: 5 },
);

describe.each(['ieee1588', 'g8275', 'ieee8021as'] as const)(
  '%s, whatever is heard',
  (comparison) => {
    const forAnything = (
      check: (
        decision: InstanceDecision,
        ports: readonly DecisionPort[],
        clockClass: number,
      ) => void,
    ): void => {
      fc.assert(
        fc.property(somePorts, fc.constantFrom(6, 127, 128, 248, 255), (rows, clockClass) => {
          const ports = rows.map(([parts, portState, masterOnly, notSlave], index) =>
            parts === null
              ? port(index + 1, { portState, masterOnly, notSlave })
              : hears(index + 1, parts, { portState, masterOnly, notSlave }),
          );
          check(decide(ports, { clockClass }, comparison), ports, clockClass);
        }),
        { numRuns: 500 },
      );
    };
    const present = (state: PortState): boolean =>
      !['initializing', 'faulty', 'disabled'].includes(state);

    it('there is one slave port at most, on the port of Ebest, and it may be one', () => {
      forAnything((decision, ports) => {
        const slaves = ports.filter(
          ({ portNumber }) => decision.decisions.get(portNumber)?.recommended === 'S1',
        );
        expect(slaves.length).toBeLessThan(2);
        for (const slave of slaves) {
          expect(slave).toMatchObject({ masterOnly: false, notSlave: false });
          expect(decision.ebest).toBe<BestMaster | null>(slave.erbest);
        }
      });
    });

    it('M1 and P1 are for clockClass up to 127, M2 never beside a slave, M3 only with one', () => {
      forAnything((decision, _ports, clockClass) => {
        const given = codes(decision);
        const isLow = clockClass <= 127 && comparison !== 'ieee8021as';
        if (isLow) expect(given.every((code) => code === null || /[MP][12]/.test(code))).toBe(true);
        else expect(given).not.toContain('M1');
        if (isLow) expect(given).not.toContain('M2');
        if (given.includes('S1')) expect(given).not.toContain('M2');
        if (given.includes('M3')) expect(given).toContain('S1');
      });
    });

    it('every port that takes part gets a decision, but for LISTENING with nobody heard', () => {
      forAnything((decision, ports) => {
        for (const { portNumber, portState, erbest, masterOnly } of ports) {
          const code = decision.decisions.get(portNumber)?.recommended;
          const waits =
            portState === 'listening' &&
            (erbest === null || masterOnly) &&
            comparison !== 'ieee8021as';
          if (!present(portState) || waits) expect(code).toBeNull();
          else expect(code).toMatch(/^[MPS][123]$/);
        }
      });
    });

    it('does not depend on the order of the ports', () => {
      forAnything((decision, ports, clockClass) => {
        const turned = decide(ports.toReversed(), { clockClass }, comparison);
        expect(codes(turned).toReversed()).toEqual(codes(decision));
      });
    });
  },
);
