/** What is simulated, as plain data: the same plan gives the same figures on every machine. */
import { PROFILES } from '#ptp/profiles/profiles';
import type { ProfileName } from '#ptp/profiles/profile';
import { MIXED_SIZES, type EgressSpec } from '../sim/egress-queue.js';
import { OSCILLATOR_PRESETS, type OscillatorPreset } from '../sim/oscillator.js';
import type { NetworkOptions } from '../sim/simulated-network.js';
import { hopsFromGrandmaster, type Topology } from '../topologies/topology.js';
import { eventProblem, type Event, type FrameFaults } from './faults.js';

export interface SimulationPlan {
  readonly topology: Topology;
  readonly seed: number;
  readonly seconds: number;
  /** Errors before that are not counted. */
  readonly settleSeconds: number;
  /** Between two samples of every clock's error. */
  readonly everySeconds: number;
  readonly profile: ProfileName;
  /** log2 of seconds between Sync, and between requests of the delay; null: the profile's. */
  readonly logInterval: number | null;
  readonly oscillator: OscillatorPreset;
  /** Every clock has a frequency of its own within ± so much. */
  readonly mostPpm: number;
  readonly granularityNs: number;
  /** Standard deviation of each stamp. */
  readonly jitterNs: number;
  /** Of the lines of transparent clocks and switches, 0 to less than 1. */
  readonly load: number;
  /** PTP goes before everything else there. */
  readonly priority: boolean;
  /** Transparent clocks know their rate against the grandmaster's. */
  readonly syntonized: boolean;
  readonly step: 'one' | 'two';
  readonly frames: FrameFaults;
  readonly events: readonly Event[];
}

/** Unicast ones need somebody who names the masters. */
export const SIMULATED_PROFILES: readonly ProfileName[] = PROFILES.filter(
  ({ messaging }) => messaging[0] !== 'unicast',
).map(({ name }) => name);

export const OSCILLATORS = Object.keys(OSCILLATOR_PRESETS) as readonly OscillatorPreset[];

/** True time is exact for so long. */
export const MOST_SECONDS = 100 * 86_400;
/** Of all clocks together: half a gigabyte. */
const MOST_SAMPLES = 64e6;

/** Our servo's own: what is left of a clock's first error by then is below its noise. */
const SETTLE_SECONDS = 600;
const SETTLE_SECONDS_A_CLOCK = 60;

/** Clocks in a row settle one after the other. */
export function neededSettleSeconds(topology: Topology): number {
  return SETTLE_SECONDS + SETTLE_SECONDS_A_CLOCK * (clockLevels(topology) - 1);
}

/** Never more than half of the run. */
export function usualSettleSeconds(topology: Topology, seconds: number): number {
  return Math.min(Math.floor(seconds / 2), neededSettleSeconds(topology));
}

/** How many clocks are in the longest row. */
function clockLevels(topology: Topology): number {
  const hops = hopsFromGrandmaster(topology);
  const boundaries = topology.nodes.filter(({ role }) => role === 'boundary');
  return 1 + Math.max(0, ...boundaries.map(({ name }) => hops.get(name) ?? 0));
}

/** Clocks that follow: all but grandmasters and what has no PTP time. */
export function followers({ nodes }: Topology): Topology['nodes'] {
  return nodes.filter(({ role }) => role === 'boundary' || role === 'client');
}

/** What cannot be simulated, each with the option that says it; empty where all can. */
export function planProblems(plan: SimulationPlan): readonly string[] {
  const { topology, seconds, settleSeconds, everySeconds, frames, events } = plan;
  const problems: string[] = [];
  const clocks = followers(topology).length;
  if (clocks === 0) {
    problems.push(`${topology.name} has neither clients nor boundary clocks: nobody would follow`);
  }
  if (!(settleSeconds < seconds)) {
    problems.push(
      `--settle ${settleSeconds}: the run ends at ${seconds} s; nothing would be counted`,
    );
  } else if (!(everySeconds <= seconds - settleSeconds)) {
    problems.push(`--every ${everySeconds}: longer than what is counted`);
  }
  const samples = (seconds / everySeconds) * clocks;
  if (samples > MOST_SAMPLES) {
    const least = Math.ceil((seconds * clocks) / MOST_SAMPLES);
    problems.push(
      `--every ${everySeconds}: ${samples.toExponential(1)} samples do not fit into the memory; ${least} or more would do`,
    );
  }
  for (const [name, share] of Object.entries(frames) as [keyof FrameFaults, number][]) {
    if (share === 1 && name === 'loss') problems.push('--loss 1: no frame would arrive');
  }
  for (const event of events) {
    const problem = eventProblem(event, topology, seconds);
    if (problem !== '') problems.push(`--${event.kind}: ${problem}`);
  }
  if (plan.load > 0 && slowestLine(topology) === null) {
    problems.push(`--load ${plan.load}: no link has a rate that could be loaded`);
  }
  return problems;
}

/** Of the links at transparent clocks and switches; null: none has a rate. */
function slowestLine({ nodes, links }: Topology): number | null {
  const forwards = new Set(
    nodes.filter(({ role }) => role === 'transparent' || role === 'switch').map(({ name }) => name),
  );
  const rates = links
    .filter(({ a, b }) => forwards.has(a) || forwards.has(b))
    .flatMap(({ bitsPerSecond }) => (bitsPerSecond === null ? [] : [bitsPerSecond]));
  return rates.length === 0 ? null : Math.min(...rates);
}

function egressOf(plan: SimulationPlan): EgressSpec | null {
  const bitsPerSecond = slowestLine(plan.topology);
  if (plan.load === 0 || bitsPerSecond === null) return null;
  const traffic = { load: plan.load, sizes: MIXED_SIZES, burst: 1 };
  return { bitsPerSecond, strictPriority: plan.priority, traffic };
}

/** What the simulator is told. */
export function networkOptions(plan: SimulationPlan): NetworkOptions {
  const profile = PROFILES.find(({ name }) => name === plan.profile);
  const mechanism = profile?.delayMechanisms[0] === 'p2p' ? 'p2p' : 'e2e';
  const { logInterval, granularityNs, jitterNs } = plan;
  const egress = egressOf(plan);
  const { driftPpbPerDay, whitePpb, flickerPpb, walkPpb } = OSCILLATOR_PRESETS[plan.oscillator];
  return {
    profile: plan.profile,
    port: {
      delayMechanism: mechanism,
      ...(logInterval === null
        ? {}
        : {
            logSyncInterval: logInterval,
            logMinDelayReqInterval: logInterval,
            logMinPdelayReqInterval: logInterval,
          }),
    },
    // Its frequency is drawn for each clock.
    oscillator: { driftPpbPerDay, whitePpb, flickerPpb, walkPpb },
    mostPpm: plan.mostPpm,
    timestamper: {
      granularityNs,
      jitter: jitterNs === 0 ? { kind: 'none' } : { kind: 'normal', sigmaNs: jitterNs },
    },
    syntonized: plan.syntonized,
    transparent: { port: { twoStep: plan.step === 'two' } },
    ...(egress === null ? {} : { egress }),
  };
}
