/** Instances among themselves: virtual clocks with oscillators of their own, virtual links. */
import { describe, expect, it } from 'vitest';
import { logInterval } from '#units/time';
import type { PortConfig } from '../../../control-plane/ptp/instance/instance-types.js';
import { instanceConfig, portConfig, type ConfigChange } from './settings.js';
import { VirtualNetwork } from './virtual-network.js';

const GM = 0x0000_00ff_fe00_0001n;
const BC = 0x0000_00ff_fe00_0002n;
const OC = 0x0000_00ff_fe00_0003n;

function ports(change: Partial<PortConfig>): ConfigChange {
  return { ports: [portConfig(1, change), portConfig(2, change)] };
}

function chain(change: Partial<PortConfig> = {}) {
  const network = new VirtualNetwork(7);
  const config = ports(change);
  const gm = network.node('gm', instanceConfig(GM, { ...config, defaultDS: { priority1: 10 } }));
  const bc = network.node('bc', instanceConfig(BC, config), { offsetNs: 5_000_000n, ppm: 20 });
  const oc = network.node('oc', instanceConfig(OC, { ...config, defaultDS: { slaveOnly: true } }), {
    offsetNs: (1n << 48n) - 20_000_000_000n,
    ppm: -35,
  });
  const upper = network.link([gm, 1], [bc, 1], 1_500n);
  const lower = network.link([bc, 2], [oc, 1], 700n);
  gm.start();
  bc.start(3_000_000_000n);
  oc.start(-12_345n);
  return { network, gm, bc, oc, upper, lower };
}

describe('a grandmaster, a boundary clock and a slave in a row', () => {
  it.each(['two', 'one'] as const)('lock, with %s-step Sync', (step) => {
    const { network, gm, bc, oc } = chain({ step });
    network.run(900);
    expect([gm.state(1), bc.state(1), bc.state(2), oc.state(1)]).toEqual([
      'master',
      'slave',
      'master',
      'slave',
    ]);
    expect(bc.status.currentDS.stepsRemoved).toBe(1);
    expect(oc.status.currentDS.stepsRemoved).toBe(2);
    expect(oc.status.parentDS.grandmasterIdentity).toBe(GM);
    expect(bc.status.servo.state).toBe('LOCKED');
    expect(oc.status.servo.state).toBe('LOCKED');
    expect(Math.abs(bc.errorNs)).toBeLessThan(20);
    expect(Math.abs(oc.errorNs)).toBeLessThan(40);
  });

  it('have no step after they are locked', () => {
    const { network, bc, oc } = chain();
    network.run(300);
    for (const node of [bc, oc]) {
      const lockedAt = node.effects.findIndex(
        ({ effect }) => effect.kind === 'lockState' && effect.to === 'LOCKED',
      );
      const steps = node.effects.filter(
        ({ effect }, index) =>
          index > lockedAt && effect.kind === 'setClock' && effect.step !== null,
      );
      expect(lockedAt).toBeGreaterThan(0);
      expect(steps).toEqual([]);
    }
  });

  it('lock at sixteen Syncs a second, and are slaves within seconds', () => {
    const { network, oc } = chain({
      logSyncInterval: logInterval(-4),
      logMinDelayReqInterval: logInterval(-3),
      logAnnounceInterval: logInterval(-3),
    });
    const seconds = network.runUntil(() => oc.state(1) === 'slave', 30);
    expect(seconds).not.toBeNull();
    expect(seconds).toBeLessThan(10);
  });
});
