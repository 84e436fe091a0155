/**
 * A network of boundary and transparent clocks in steps of the Sync interval, in typed arrays instead of
 * events: for what white noise of stamps becomes on its way through servos, exact, and by orders of
 * magnitude faster. Each port of a master has its place within the interval, as Syncs of real clocks are
 * not sent at the same time; what follows takes its sample then, from where its master's clock is.
 *
 * Not modelled: how the delay is measured (it is known), oscillators that wander, queues, faults, BMCA
 * (the tree is that of the fewest boundary clocks), outliers that a servo leaves out, its acquisition.
 */
import type { LoopGains } from '../../control-plane/servo/gains.js';
import type { Topology } from '../topologies/topology.js';
import type { RandomStream } from './random.js';

export interface SteppedNetworkOptions {
  /** Of every clock that follows, per sample. */
  readonly gains: LoopGains;
  /** Of each stamp: normal. */
  readonly stampSigmaNs: number;
  /** Not given: a second. */
  readonly intervalSeconds?: number;
  /** When within an interval, 0 to 1, a master sends to this neighbour; not given: drawn. */
  readonly phaseOf?: (master: string, neighbour: string) => number;
  readonly random: RandomStream;
}

/** As control-plane/servo's loop has it. */
const LEAST_MENDING_SECONDS = 0.125;
const NOBODY = -1;

/** A Sync's way over one link: into a transparent clock, or to its end. */
interface Hop {
  readonly node: number;
  /** Where it comes from within the same way; NOBODY: from the port that sends it. */
  readonly above: number;
  readonly isTransparent: boolean;
}

/** A port of a master, with all that its Syncs reach. */
interface Source {
  readonly master: number;
  /** Of the interval, 0 to 1. */
  readonly phase: number;
  readonly hops: readonly Hop[];
}

export class SteppedNetwork {
  /** Clocks that follow, by their names: where in the arrays they are. */
  readonly places: ReadonlyMap<string, number>;
  /** Each node's error when the last step ended, nanoseconds; 0 where no clock follows. */
  readonly errorsNs: Float64Array;
  readonly #gains: LoopGains;
  readonly #sigmaNs: number;
  readonly #intervalSeconds: number;
  readonly #random: RandomStream;
  readonly #sources: readonly Source[];
  /** Of each clock: its error at its last sample, and when within a step that was. */
  readonly #atSampleNs: Float64Array;
  readonly #sampledAt: Float64Array;
  readonly #loopPhaseNs: Float64Array;
  readonly #frequencyPpb: Float64Array;
  readonly #appliedPpb: Float64Array;
  /** What a Sync holds on its way, at each transparent clock. */
  readonly #heldNs: Float64Array;

  /** All clocks begin where they are to be. @throws RangeError for what it cannot model. */
  constructor(topology: Topology, options: SteppedNetworkOptions) {
    checkOptions(options);
    this.#gains = options.gains;
    this.#sigmaNs = options.stampSigmaNs;
    this.#intervalSeconds = options.intervalSeconds ?? 1;
    this.#random = options.random;
    const { nodes } = topology;
    this.#sources = sourcesOf(topology, options);
    const follows = this.#sources.flatMap(({ hops }) =>
      hops.flatMap(({ node, isTransparent }) => (isTransparent ? [] : [node])),
    );
    this.places = new Map(follows.map((node) => [nodes[node]?.name ?? '', node]));
    const array = () => new Float64Array(nodes.length);
    this.errorsNs = array();
    this.#atSampleNs = array();
    this.#sampledAt = array();
    this.#loopPhaseNs = array();
    this.#frequencyPpb = array();
    this.#appliedPpb = array();
    this.#heldNs = array();
  }

  /** So many intervals; `after`: when each has ended. */
  run(steps: number, after: () => void = () => undefined): void {
    for (let step = 0; step < steps; step += 1) {
      for (const source of this.#sources) this.#sync(source);
      this.#endStep();
      after();
    }
  }

  #sync({ master, phase, hops }: Source): void {
    const random = this.#random;
    const stampSigmaNs = this.#sigmaNs;
    const held = this.#heldNs;
    const sentNs = this.#errorAt(master, phase) + stampSigmaNs * random.normal();
    for (let index = 0; index < hops.length; index += 1) {
      const hop = hops[index];
      if (hop === undefined) break;
      const { node, above, isTransparent } = hop;
      // By each port that it leaves a transparent clock by it is stamped for itself.
      const comesNs =
        above === NOBODY ? sentNs : (held[above] ?? 0) + stampSigmaNs * random.normal();
      const stampedNs = comesNs + stampSigmaNs * random.normal();
      if (isTransparent) held[node] = stampedNs;
      else this.#sample(node, phase, this.#errorAt(node, phase) - stampedNs);
    }
  }

  #errorAt(node: number, phase: number): number {
    const passed = (phase - (this.#sampledAt[node] ?? 0)) * this.#intervalSeconds;
    return (this.#atSampleNs[node] ?? 0) + (this.#appliedPpb[node] ?? 0) * passed;
  }

  /** control-plane/servo/loop.ts, in arrays. */
  #sample(node: number, phase: number, offsetNs: number): void {
    const { kp, ki } = this.#gains;
    const interval = this.#intervalSeconds;
    this.#atSampleNs[node] = this.#errorAt(node, phase);
    this.#sampledAt[node] = phase;
    const frequency = this.#frequencyPpb[node] ?? 0;
    const drift = ((this.#appliedPpb[node] ?? 0) - frequency) * interval;
    const foreseen = (this.#loopPhaseNs[node] ?? 0) + drift;
    const surprise = offsetNs - foreseen;
    const loopPhase = foreseen + kp * surprise;
    const corrected = frequency - (ki * surprise) / interval;
    this.#loopPhaseNs[node] = loopPhase;
    this.#frequencyPpb[node] = corrected;
    this.#appliedPpb[node] = corrected - loopPhase / Math.max(interval, LEAST_MENDING_SECONDS);
  }

  #endStep(): void {
    for (const node of this.places.values()) {
      this.errorsNs[node] = this.#errorAt(node, 1);
      this.#sampledAt[node] = (this.#sampledAt[node] ?? 0) - 1;
    }
  }
}

function checkOptions({ stampSigmaNs, intervalSeconds = 1 }: SteppedNetworkOptions): void {
  if (!(stampSigmaNs >= 0)) throw new RangeError(`stampSigmaNs: ${stampSigmaNs}; 0 or more`);
  if (!(intervalSeconds > 0)) throw new RangeError(`intervalSeconds: ${intervalSeconds}; above 0`);
}

/** The ports that send, in the order of their places within the interval. */
function sourcesOf(topology: Topology, options: SteppedNetworkOptions): readonly Source[] {
  const { nodes } = topology;
  const drawn = (): number => options.random.uniform();
  const { phaseOf = drawn } = options;
  const nameOf = (node: number): string => nodes[node]?.name ?? '';
  const neighbours = neighboursOf(topology);
  const root = nodes.findIndex(({ role }) => role === 'grandmaster');
  if (root === NOBODY) throw new RangeError('nodes: none of them has the role grandmaster');
  const reached = new Set([root]);
  const sources: Source[] = [];
  // Breadth first by boundary clocks, and at the same distance by number: who is nearer, or has the
  // lower identity, is the parent.
  for (let level = [root]; level.length !== 0;) {
    const masters = level.toSorted((a, b) => a - b);
    level = [];
    for (const master of masters) {
      const ways = waysFrom(master, topology, neighbours, reached);
      for (const [first, hops] of ways) {
        const phase = phaseOf(nameOf(master), nameOf(first));
        sources.push({ master, phase, hops });
        for (const { node } of hops) if (nodes[node]?.role === 'boundary') level.push(node);
      }
    }
  }
  return sources.sort((a, b) => a.phase - b.phase);
}

function neighboursOf({ nodes, links }: Topology): readonly (readonly number[])[] {
  const places = new Map(
    nodes.map(({ name, role }, index) => {
      if (role === 'switch') {
        const message = `nodes[${index}]: ${name} is a plain switch, whose queues no step can hold`;
        throw new RangeError(message);
      }
      return [name, index];
    }),
  );
  const neighbours = nodes.map((): number[] => []);
  for (const [index, { a, b }] of links.entries()) {
    const [one, other] = [places.get(a), places.get(b)];
    if (one === undefined || other === undefined) {
      throw new RangeError(`links[${index}]: there is no node ${one === undefined ? a : b}`);
    }
    neighbours[one]?.push(other);
    neighbours[other]?.push(one);
  }
  return neighbours;
}

/**
 * By the first neighbour of each port: what its Syncs reach that nobody nearer has reached before. All ports
 * together, link by link, so that each clock is reached by the fewest transparent clocks, where there are loops, too.
 */
function waysFrom(
  master: number,
  { nodes }: Topology,
  neighbours: readonly (readonly number[])[],
  reached: Set<number>,
): ReadonlyMap<number, readonly Hop[]> {
  const ways = new Map<number, Hop[]>();
  const ports = neighbours[master] ?? [];
  const waiting = ports.map((first) => ({ first, node: first, above: NOBODY }));
  // Those that are added meanwhile are visited, too.
  for (const { first, node, above } of waiting) {
    const role = nodes[node]?.role;
    if (reached.has(node) || node === master || role === 'grandmaster') continue;
    reached.add(node);
    const isTransparent = role === 'transparent';
    const hops = ways.get(first) ?? [];
    hops.push({ node, above, isTransparent });
    ways.set(first, hops);
    if (!isTransparent) continue;
    for (const other of neighbours[node] ?? []) waiting.push({ first, node: other, above: node });
  }
  return ways;
}
