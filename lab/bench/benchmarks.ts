/** All contests, in the order in which they are run and told. What a contest needs is made when it is run. */
import * as manyPorts from '../load/many-ports.js';
import * as compileTime from './compile-time.js';
import * as forwarding from './forwarding.js';
import * as memory from './memory.js';
import * as ports from './ports.js';
import { type BenchResult, type Contest, without } from './results.js';
import * as simulatedChain from './simulated-chain.js';
import * as simulatedNetwork from './simulated-network.js';
import * as stability from './stability.js';
import * as stepped from './stepped-network.js';
import * as tables from './tables.js';
import * as week from './week.js';
import * as writes from './writes/contest.js';
import * as others from './writes/others.js';

export interface Benchmark {
  readonly contest: Contest;
  readonly run: () => Promise<BenchResult>;
}

/** Where and how a run takes place. */
export interface Setting {
  /** Fewer and shorter rounds. */
  readonly quick: boolean;
  /** For files of the run's own. */
  readonly directory: string;
  /** Why there are no interfaces, or null. */
  readonly noNetwork: string | null;
  readonly progress: (text: string) => void;
}

/** Made once, when it is first asked for. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
}

function memoryBenchmarks({ quick, directory, progress }: Setting): Benchmark[] {
  const scale = quick ? memory.QUICK : memory.FULL;
  const bench = once(() => memory.prepareMemory(directory));
  return [
    {
      contest: memory.PIPELINE_CONTEST,
      run: async () => memory.againstHand(await bench(), 'pipeline', scale, progress),
    },
    {
      contest: memory.ENGINE_CONTEST,
      run: async () => memory.againstHand(await bench(), 'engine', scale, progress),
    },
    {
      contest: memory.THREADS_CONTEST,
      run: async () => memory.twoLoops(await bench(), 'loops', scale, progress),
    },
    {
      contest: memory.PAIRS_CONTEST,
      run: async () => memory.twoLoops(await bench(), 'pairs', scale, progress),
    },
    {
      contest: memory.BMV2_CONTEST,
      run: async () => memory.againstBmv2(await bench(), scale, progress),
    },
    { contest: compileTime.NEW_CONTEST, run: () => compileTime.compileTime('new') },
    { contest: compileTime.KNOWN_CONTEST, run: () => compileTime.compileTime('known') },
  ];
}

function tableBenchmarks({ quick, progress }: Setting): Benchmark[] {
  const scale = quick ? tables.QUICK : tables.FULL;
  return tables.CONTESTS.map((one) => ({
    contest: one.contest,
    run: () => tables.compareTables(one, scale, progress),
  }));
}

function writeBenchmarks({ quick, progress }: Setting): Benchmark[] {
  const scale = quick ? writes.QUICK : writes.FULL;
  const filled = writes.contestsOf(scale).map((one) => ({
    contest: one.contest,
    run: () => writes.writeEntries(one, scale, progress),
  }));
  const waiting = {
    contest: others.CONTEST,
    run: () => others.othersWait(scale.rounds, progress),
  };
  return [...filled, waiting];
}

function forwardingBenchmarks({ quick, directory, noNetwork, progress }: Setting): Benchmark[] {
  const bench = once(() => forwarding.prepareForwarding(directory));
  const rateScale = quick ? forwarding.QUICK : forwarding.FULL;
  const costScale = quick ? ports.QUICK : ports.FULL;
  const rates = (['plain', 'mix', 'threads', 'bmv2'] as const).map((name) => ({
    contest: forwarding.CONTESTS[name],
    run: async () => forwarding.forward(await bench(), name, rateScale, progress),
  }));
  const costs = ports.CONTESTS.map((one) => ({
    contest: one.contest,
    run: async () => ports.contestOf(await bench(), one, costScale, progress),
  }));
  return whereThereAreInterfaces([...rates, ...costs], noNetwork);
}

function boundaryBenchmarks({ quick, directory, noNetwork, progress }: Setting): Benchmark[] {
  const scale = quick ? manyPorts.QUICK : manyPorts.FULL;
  const bench = once(() => manyPorts.prepareManyPorts(directory));
  const all = (['ports', 'crowd'] as const).map((which) => ({
    contest: manyPorts.CONTESTS[which],
    run: async () => manyPorts.contestOf(await bench(), which, scale, progress),
  }));
  return whereThereAreInterfaces(all, noNetwork);
}

function whereThereAreInterfaces(all: readonly Benchmark[], noNetwork: string | null): Benchmark[] {
  if (noNetwork === null) return [...all];
  return all.map(({ contest }) => ({
    contest,
    run: () => Promise.resolve(without(contest, 'skipped', noNetwork)),
  }));
}

/** The week has one run for both of its lines. */
function simulatedBenchmarks({ quick, progress }: Setting): Benchmark[] {
  const scale = quick ? week.QUICK : week.FULL;
  const chain = quick ? simulatedChain.QUICK : simulatedChain.FULL;
  let days: readonly week.Day[] | null = null;
  const ofWeek = (['heap', 'speed'] as const).map((which) => ({
    contest: week.CONTESTS[which],
    run: () => {
      days ??= week.simulateDays(scale, { progress });
      return Promise.resolve(week.contestOf(which, days, scale.daySeconds));
    },
  }));
  const ofChain = {
    contest: simulatedChain.CONTEST,
    run: () => Promise.resolve(simulatedChain.contestOf(chain, progress)),
  };
  const ofNetworks = simulatedNetwork.networksOf(quick).map((network) => ({
    contest: simulatedNetwork.contestFor(network),
    run: () => simulatedNetwork.contestOnThread(network, progress),
  }));
  const ofSteps = stepped.steppedScales(quick).map((network) => ({
    contest: stepped.contestFor(network),
    run: () => Promise.resolve(stepped.contestOf(network, progress)),
  }));
  return [...ofWeek, ofChain, ...ofNetworks, ...ofSteps];
}

function stabilityBenchmarks({ quick, directory, progress }: Setting): Benchmark[] {
  const scale = quick ? stability.QUICK : stability.FULL;
  return (['both', 'tdev', 'mtie'] as const).map((which) => ({
    contest: stability.CONTESTS[which],
    run: () => stability.contestOf(which, scale, directory, progress),
  }));
}

export function allBenchmarks(setting: Setting): Benchmark[] {
  return [
    ...memoryBenchmarks(setting),
    ...tableBenchmarks(setting),
    ...writeBenchmarks(setting),
    ...forwardingBenchmarks(setting),
    ...boundaryBenchmarks(setting),
    ...simulatedBenchmarks(setting),
    ...stabilityBenchmarks(setting),
  ];
}
