/** Runs a plan: every clock's error against the truth, sample by sample. */
import { simulatedNetwork, type Network } from '../sim/simulated-network.js';
import { World } from '../sim/world.js';
import { faultyChannel, scheduleEvents } from './faults.js';
import { followers, networkOptions, type SimulationPlan } from './plan.js';

export interface ClockSeries {
  readonly name: string;
  /** Error at each sample, ns; NaN where the clock has none, or is gone. */
  readonly errorsNs: Float64Array;
  /** When the run ended. */
  readonly state: 'follows' | 'does not follow' | 'gone';
}

export interface SimulationRun {
  /** Less than planned when it was ended. */
  readonly seconds: number;
  /** Sample `i` is at `(i + 1) * everySeconds`. */
  readonly samples: number;
  readonly clocks: readonly ClockSeries[];
  readonly events: number;
  readonly wallSeconds: number;
}

export interface RunHooks {
  /** 0 to 1, now and then. */
  readonly progress: (share: number) => void;
  readonly signal: AbortSignal;
}

/** Others' turn, and signals', so often. */
const TURN_MS = 50;

export async function runSimulation(plan: SimulationPlan, hooks: RunHooks): Promise<SimulationRun> {
  const began = performance.now();
  const world = new World({ seed: plan.seed });
  const network = simulatedNetwork(world, plan.topology, {
    ...networkOptions(plan),
    channel: faultyChannel(world, plan.frames, plan.events),
  });
  scheduleEvents(world, network, plan.events);
  network.start();
  const planned = Math.floor(plan.seconds / plan.everySeconds);
  const names = followers(plan.topology).map(({ name }) => name);
  const record = new Record(names, planned, network, plan);
  let lastTurn = performance.now();
  let samples = 0;
  while (samples < planned && !hooks.signal.aborted) {
    world.run(plan.everySeconds);
    record.take(samples, world.nowNs / 1e9);
    samples += 1;
    if (performance.now() - lastTurn < TURN_MS) continue;
    hooks.progress(samples / planned);
    await new Promise(setImmediate);
    lastTurn = performance.now();
  }
  return {
    seconds: samples * plan.everySeconds,
    samples,
    clocks: record.series(samples, world.nowNs / 1e9),
    events: world.events,
    wallSeconds: (performance.now() - began) / 1e3,
  };
}

class Record {
  readonly #names: readonly string[];
  readonly #errors: readonly Float64Array[];
  readonly #network: Network;
  /** When a clock is taken away, seconds. */
  readonly #deaths = new Map<string, number>();

  constructor(names: readonly string[], samples: number, network: Network, plan: SimulationPlan) {
    this.#names = names;
    this.#errors = names.map(() => new Float64Array(samples));
    this.#network = network;
    for (const event of plan.events) {
      if (event.kind !== 'kill') continue;
      const before = this.#deaths.get(event.node) ?? Number.POSITIVE_INFINITY;
      this.#deaths.set(event.node, Math.min(before, event.atSeconds));
    }
  }

  #isGone(name: string, seconds: number): boolean {
    return (this.#deaths.get(name) ?? Number.POSITIVE_INFINITY) <= seconds;
  }

  take(sample: number, seconds: number): void {
    for (const [index, name] of this.#names.entries()) {
      const errors = this.#errors[index];
      if (errors === undefined) continue;
      const clock = this.#network.clocks.get(name);
      errors[sample] = this.#isGone(name, seconds) ? Number.NaN : (clock?.errorNs ?? Number.NaN);
    }
  }

  series(samples: number, seconds: number): ClockSeries[] {
    return this.#names.map((name, index) => ({
      name,
      errorsNs: (this.#errors[index] ?? new Float64Array()).subarray(0, samples),
      state: this.#isGone(name, seconds)
        ? 'gone'
        : this.#follows(name)
          ? 'follows'
          : 'does not follow',
    }));
  }

  #follows(name: string): boolean {
    const ports = this.#network.clocks.get(name)?.status.ports ?? [];
    return ports.some(({ portDS }) => portDS.portState === 'slave');
  }
}
