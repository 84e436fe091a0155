import { clockIdentityText } from '#units/clock-identity';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choiceOrder, dataSetOfInstance } from '#ptp/bmca/comparison';
import { ownClock } from './announces.js';
import {
  VirtualClock,
  VirtualNetwork,
  type NetworkOptions,
  type VirtualComparison,
} from './virtual-network.js';

/** Longer than all timeouts on the longest way together. */
const SETTLING_INTERVALS = 60;

interface Plan {
  readonly identity: bigint;
  readonly priority1: number;
  readonly clockClass: number;
  readonly segments: readonly number[];
}

const plans = (clockClasses: readonly number[]): fc.Arbitrary<readonly Plan[]> =>
  fc.uniqueArray(
    fc.record({
      identity: fc.bigInt(1n, 0xffffn),
      priority1: fc.constantFrom(127, 128),
      clockClass: fc.constantFrom(...clockClasses),
      segments: fc.array(fc.nat(6), { minLength: 1, maxLength: 4 }),
    }),
    { minLength: 2, maxLength: 7, selector: ({ identity }) => identity },
  );

function networkOf(planned: readonly Plan[], options: NetworkOptions): VirtualNetwork {
  return new VirtualNetwork(
    planned.map(({ identity, priority1, clockClass, segments }, index) => {
      const own = ownClock({ clockIdentity: identity, priority1, clockClass });
      return new VirtualClock(own, segments, index * 3, options);
    }),
  );
}

const nameOf = (clock: VirtualClock): string => clockIdentityText(clock.own.clockIdentity);

/** On each segment one port at most serves, and all others keep silent. */
function expectOneMasterPerSegment(network: VirtualNetwork): void {
  const masters = new Map<number, number>();
  for (const { segment, state } of network.alive.flatMap(({ ports }) => ports)) {
    expect(['master', 'slave', 'passive']).toContain(state);
    masters.set(segment, (masters.get(segment) ?? 0) + (state === 'master' ? 1 : 0));
  }
  expect(masters.size).toBeGreaterThan(0);
  for (const [segment, count] of masters) expect(count, `masters on segment ${segment}`).toBe(1);
}

/** From parent to parent each clock reaches a grandmaster, in as many steps as it says. */
function expectTrees(network: VirtualNetwork): void {
  const byIdentity = new Map(network.alive.map((clock) => [clock.own.clockIdentity, clock]));
  for (const start of network.alive) {
    let clock: VirtualClock | undefined = start;
    let steps = 0;
    while (
      clock !== undefined &&
      clock.sets.currentDS.stepsRemoved > 0 &&
      steps <= byIdentity.size
    ) {
      clock = byIdentity.get(clock.sets.parentDS.parentPortIdentity.clockIdentity);
      steps += 1;
    }
    expect(clock?.own.clockIdentity, nameOf(start)).toBe(start.sets.parentDS.grandmasterIdentity);
    expect(start.sets.currentDS.stepsRemoved, nameOf(start)).toBe(steps);
    const slavePorts = start.ports.filter(({ state }) => state === 'slave').length;
    expect(slavePorts, `slave ports of ${nameOf(start)}`).toBe(steps === 0 ? 0 : 1);
  }
}

/** All that reach each other follow the best of them. */
function expectBestGrandmaster(network: VirtualNetwork, comparison: VirtualComparison): void {
  for (const island of network.islands()) {
    const best = island.reduce((a, b) =>
      choiceOrder(dataSetOfInstance(a.own), dataSetOfInstance(b.own), comparison) <= 0 ? a : b,
    );
    for (const clock of island) {
      const { grandmasterIdentity } = clock.sets.parentDS;
      expect(clockIdentityText(grandmasterIdentity), nameOf(clock)).toBe(nameOf(best));
    }
  }
}

const COMPARISONS = ['ieee1588', 'g8275', 'ieee8021as'] as const;

describe.each(COMPARISONS)('random networks of boundary clocks, by %s', (comparison) => {
  const options = { comparison, pathTrace: true, maxStepsRemoved: 255 };

  it('agree on the best grandmaster, without loops, and again when that one dies', () => {
    fc.assert(
      fc.property(plans([248]), (planned) => {
        const network = networkOf(planned, options);
        network.run(SETTLING_INTERVALS);
        expectOneMasterPerSegment(network);
        expectTrees(network);
        expectBestGrandmaster(network, comparison);
        const grandmaster = network.alive.find((clock) => clock.sets.currentDS.stepsRemoved === 0);
        if (grandmaster !== undefined) network.kill(grandmaster);
        network.run(SETTLING_INTERVALS);
        expectOneMasterPerSegment(network);
        expectTrees(network);
        expectBestGrandmaster(network, comparison);
      }),
      { numRuns: 40 },
    );
  });
});

describe('networks with clocks of clockClass 6, which are never slaves', () => {
  it.each(['ieee1588', 'g8275'] as const)('have trees and no loops by %s', (comparison) => {
    fc.assert(
      fc.property(plans([6, 248]), (planned) => {
        const network = networkOf(planned, { comparison, pathTrace: true, maxStepsRemoved: 255 });
        network.run(SETTLING_INTERVALS);
        expectTrees(network);
        for (const clock of network.alive) {
          if (clock.own.clockQuality.clockClass !== 6) continue;
          expect(clock.ports.map(({ state }) => state)).not.toContain('slave');
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('a ring whose grandmaster dies, without path trace', () => {
  it('follows its own echo until maxStepsRemoved ends it, and then settles', () => {
    const ring: readonly Plan[] = [
      { identity: 1n, priority1: 1, clockClass: 248, segments: [0] },
      { identity: 2n, priority1: 128, clockClass: 248, segments: [0, 1, 3] },
      { identity: 3n, priority1: 128, clockClass: 248, segments: [1, 2] },
      { identity: 4n, priority1: 128, clockClass: 248, segments: [2, 3] },
    ];
    const network = networkOf(ring, {
      comparison: 'ieee1588',
      pathTrace: false,
      maxStepsRemoved: 10,
    });
    network.run(SETTLING_INTERVALS);
    network.kill(network.clocks[0] as VirtualClock);
    network.run(2 * SETTLING_INTERVALS);
    expectOneMasterPerSegment(network);
    expectTrees(network);
    expectBestGrandmaster(network, 'ieee1588');
  });
});
