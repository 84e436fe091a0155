/** A boundary clock between grandmasters of which one loses its mind. */
import { describe, expect, it } from 'vitest';
import { instant, nanoseconds, ppb, scaledNs } from '#units/time';
import type { SanityConfig } from '#ptp/instance/instance-types';
import { resolveProfile } from '#ptp/profiles/resolve-profile';
import type { InstanceChoices } from '#ptp/profiles/profile-choices';
import { VirtualNetwork, type VirtualNode } from '../instance/virtual-network.js';

const BEST = 0x001b19fffe000001n;
const SECOND_BEST = 0x001b19fffe000002n;
const THIRD_BEST = 0x001b19fffe000003n;
const US = 0x001b19fffe000010n;
const WORLD_BEGINS_NS = 1_700_000_000_000_000_000n;
const TRUE_TIME = { timeTraceable: true, currentUtcOffsetValid: true } as const;
const SECONDS = 1_000_000_000n;

function config(clockIdentity: bigint, ports: number, instance: InstanceChoices) {
  const result = resolveProfile({
    profile: 'data-centre',
    clockIdentity,
    timestampResolution: nanoseconds(1n),
    instance: { ...instance, outsideProfile: true },
    ports: Array.from({ length: ports }, (_, index) => ({ number: index + 1 })),
  });
  if (!result.ok) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.value.config;
}

class Network {
  readonly virtual = new VirtualNetwork(0x1588);
  readonly us: VirtualNode;
  readonly grandmasters: VirtualNode[] = [];

  /** `domains`: a grandmaster each in its own, since two in one do not both speak for long. */
  constructor(
    sanity: Partial<SanityConfig>,
    grandmasters: readonly bigint[],
    domains: 'one' | 'each its own' = 'one',
  ) {
    const discipline = { stepThresholdNs: 1_000_000 };
    const ours = config(US, grandmasters.length, { sanity, discipline });
    this.us = this.virtual.node('us', ours, { ppm: 12 });
    for (const [index, identity] of grandmasters.entries()) {
      const choices = {
        clockQuality: { clockClass: 6 },
        priority2: 100 + index,
        domainNumber: domains === 'one' ? 0 : index,
        timeProperties: TRUE_TIME,
      };
      const node = this.virtual.node(`gm ${index}`, config(identity, 1, choices));
      this.virtual.link([node, 1], [this.us, index + 1]);
      this.grandmasters.push(node.start());
      this.#measured(node, 1);
    }
    this.us.start();
    grandmasters.forEach((_, index) => this.#measured(this.us, index + 1));
    this.virtual.run(60);
  }

  #measured(node: VirtualNode, port: number): void {
    const meanLinkDelay = scaledNs(1_000n << 16n);
    node.feed({ kind: 'linkDelay', port, meanLinkDelay, neighborRate: ppb(0), asCapable: true });
  }

  /** Another time on a grandmaster, from one Sync to the next. */
  jumps(index: number, ns: bigint): void {
    const node = this.grandmasters[index];
    if (node === undefined) throw new Error(`no grandmaster ${index}`);
    const ptpTime = instant(WORLD_BEGINS_NS + this.virtual.timeNs + ns);
    node.feed({
      kind: 'newEpoch',
      reference: { localTime: node.localTime, ptpTime, rate: ppb(0) },
      why: 'somebody set it',
    });
  }

  get parent(): bigint {
    return this.us.status.parentDS.grandmasterIdentity;
  }

  get lock(): string {
    return this.us.status.servo.state;
  }

  /** Code and whether it was raised, since the beginning. */
  get alarms(): readonly (readonly [string, boolean])[] {
    return this.us.effects.flatMap(({ effect }) =>
      effect.kind === 'alarm' ? [[effect.code, effect.raised] as const] : [],
    );
  }
}

describe('a boundary clock whose grandmaster jumps by two seconds', () => {
  it('goes to the other grandmaster, and its time does not move (reject)', () => {
    const network = new Network({ policy: 'reject', quarantineSeconds: 60 }, [BEST, SECOND_BEST]);
    expect(network.parent).toBe(BEST);
    network.jumps(0, 2n * SECONDS);
    network.virtual.run(10);
    expect(network.parent).toBe(SECOND_BEST);
    expect(Math.abs(network.us.errorNs)).toBeLessThan(1_000);
    expect(network.alarms).toContainEqual(['grandmaster-jump', true]);
    network.virtual.run(200);
    expect(Math.abs(network.us.errorNs)).toBeLessThan(1_000);
  });

  it('comes back when the grandmaster has come back (reject)', () => {
    const network = new Network({ policy: 'reject', quarantineSeconds: 20 }, [BEST, SECOND_BEST]);
    network.jumps(0, 2n * SECONDS);
    network.virtual.run(10);
    network.jumps(0, 0n);
    network.virtual.run(40);
    expect(network.parent).toBe(BEST);
    expect(network.alarms.at(-1)).toEqual(['grandmaster-jump', false]);
    expect(Math.abs(network.us.errorNs)).toBeLessThan(1_000);
  });

  it('holds its own time, and follows it once it has stayed there (quarantine)', () => {
    const network = new Network({ policy: 'quarantine', quarantineSeconds: 30 }, [BEST]);
    network.jumps(0, 2n * SECONDS);
    network.virtual.run(20);
    expect(network.lock).toBe('HOLDOVER');
    expect(Math.abs(network.us.errorNs)).toBeLessThan(10_000);
    network.virtual.run(60);
    expect(network.parent).toBe(BEST);
    expect(Math.abs(network.us.errorNs - 2e9)).toBeLessThan(1_000);
    expect(network.alarms.at(-1)).toEqual(['grandmaster-jump', false]);
  });

  it('follows it in a second, not without an alarm (follow)', () => {
    const network = new Network({ policy: 'follow' }, [BEST]);
    network.jumps(0, 2n * SECONDS);
    network.virtual.run(5);
    expect(Math.abs(network.us.errorNs - 2e9)).toBeLessThan(10_000);
    expect(network.alarms.slice(0, 1)).toEqual([['grandmaster-jump', true]]);
  });
});

describe('a boundary clock that hears grandmasters in three domains', () => {
  it('has no alarm while they agree', () => {
    const network = new Network(
      { policy: 'reject' },
      [BEST, SECOND_BEST, THIRD_BEST],
      'each its own',
    );
    network.virtual.run(60);
    expect(network.alarms).toEqual([]);
    expect(network.us.status.sources?.map(({ verdict }) => verdict)).toEqual(
      Array(3).fill('agrees'),
    );
  });

  it('names the one that it does not follow and that is wrong', () => {
    const network = new Network(
      { policy: 'reject' },
      [BEST, SECOND_BEST, THIRD_BEST],
      'each its own',
    );
    network.jumps(2, 4_000_000n);
    network.virtual.run(10);
    expect(network.parent).toBe(BEST);
    expect(network.alarms).toEqual([['falseticker', true]]);
    const wrong = network.us.status.sources?.filter(({ verdict }) => verdict === 'false');
    expect(wrong?.map(({ grandmasterIdentity }) => grandmasterIdentity)).toEqual([THIRD_BEST]);
  });
});
