/** Clocks in a row under a condition, and how far off they are. */
import type { LoopGains } from '../../../control-plane/servo/gains.js';
import { simulatedNetwork } from '../../sim/simulated-network.js';
import { World } from '../../sim/world.js';
import { clockErrors, type ClockErrors } from '../../study/clock-errors.js';
import { chain, type Between } from '../../topologies/shapes.js';
import type { Topology } from '../../topologies/topology.js';
import { conditionNamed } from './conditions.js';

export interface Timing {
  readonly settleSeconds: number;
  readonly seconds: number;
}

export interface RowSpec {
  readonly seed: number;
  readonly condition: string;
  readonly between: Between;
  readonly switches: number;
  /** Null: our own. */
  readonly gains: LoopGains | null;
  readonly timing: Timing;
}

const SAMPLES_A_SECOND = 4;

/** Errors of the clocks behind 0, 1, … `switches` switches; only the last where those in between are no clocks. */
export function rowErrors(spec: RowSpec): ReadonlyMap<number, ClockErrors> {
  const { seed, between, switches, gains, timing } = spec;
  const condition = conditionNamed(spec.condition);
  const world = new World({ seed });
  const row = chain(switches, between);
  const topology = skewed(condition.isPartial ? partial(row) : row, condition.asymmetryNs, world);
  const network = simulatedNetwork(world, topology, {
    discipline: gains === null ? {} : { gains },
    oscillator: condition.oscillator,
    timestamper: condition.timestamper,
    ...(condition.egress === null ? {} : { egress: condition.egress }),
  });
  network.start();
  const names = [...network.clocks.keys()].filter((name) => name !== 'grandmaster');
  const errors = new Map<string, number[]>(names.map((name) => [name, []]));
  world.run(timing.settleSeconds);
  for (let sample = 0; sample < timing.seconds * SAMPLES_A_SECOND; sample += 1) {
    world.run(1 / SAMPLES_A_SECOND);
    for (const name of names) errors.get(name)?.push(network.clocks.get(name)?.errorNs ?? 0);
  }
  const behind = (index: number) => switches - (names.length - 1 - index);
  return new Map(names.map((name, at) => [behind(at), clockErrors(errors.get(name) ?? [])]));
}

function skewed(topology: Topology, asymmetryNs: number, world: World): Topology {
  if (asymmetryNs === 0) return topology;
  const random = world.stream('asymmetries');
  const links = topology.links.map((link) => ({
    ...link,
    asymmetryNs: asymmetryNs * (2 * random.uniform() - 1),
  }));
  return { ...topology, links };
}

/** A switch that knows nothing of PTP in the middle of each link. */
function partial(topology: Topology): Topology {
  const plain = topology.links.map((_, index) => `plain-${index + 1}`);
  const links = topology.links.flatMap((link, index) => {
    const middle = plain[index] ?? '';
    return [
      { ...link, b: middle },
      { ...link, a: middle },
    ];
  });
  const nodes = [...topology.nodes, ...plain.map((name) => ({ name, role: 'switch' as const }))];
  return { ...topology, nodes, links };
}
