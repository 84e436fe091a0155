/**
 * A storm on one port, while Sync crosses between two others: what it does to the correction there,
 * to the memory of switch and agent, and whether the counters tell where its frames went.
 *
 *   tester t1 ── sw1 ┐
 *          t2 ── sw2 ┤ timeplane switch and agent
 *          t3 ── sw3 ┘ the storm comes in here
 *
 * Storm and Syncs come from the last processor, with a storm and without. Where there are two or
 * more, the switch's packet loop has the first one: who stands for other machines then takes
 * nothing from the switch but what all share, such as caches.
 */
import { z } from 'zod';
import type { Progress } from '../experiments/first-light/progress.js';
import { pause } from '../experiments/run.js';
import { LabError } from '../lab-error.js';
import type { FidelityWatch } from '../peers/fidelity-watch.js';
import { assertAllAlive } from '../peers/managed-process.js';
import type { Transport } from '../peers/ptp4l.js';
import { runCommand } from '../namespaces/commands.js';
import { linkNamespaces, type Interface } from '../namespaces/links.js';
import { openNamespace, type Namespace } from '../namespaces/namespaces.js';
import type { Placement } from './placement.js';
import { runGenerator, startGenerator, type Distribution, type Report } from './generators.js';
import { watchMemory, type MemoryTrace } from './process-usage.js';
import { explainStorm, type Counted, type Explanation } from './storm-accounting.js';
import type { StormMeasurement } from './storm-schema.js';
import { startSwitchUnderLoad, type SwitchUnderLoad } from './switch-under-load.js';

export const STORM_KINDS = [
  ...['sync', 'delay-req', 'pdelay-req', 'pdelay-resp', 'follow-up', 'delay-resp'],
  ...['pdelay-resp-follow-up', 'announce', 'signaling', 'management', 'cut', 'version1', 'plain'],
] as const;

/**
 * What the storm's port is told: nothing, so that the storm is flooded to the others; to accept
 * listed timeTransmitters only; or that PTP does not pass there.
 */
export const GUARDS = ['none', 'masters', 'blocked'] as const;
export type Guard = (typeof GUARDS)[number];

export interface StormConfig {
  readonly kinds: readonly string[];
  readonly guard: Guard;
  /** Distinct addresses and port identities in the storm. */
  readonly stations: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly syncsPerSecond: number;
  /** Frames a second; 0: as fast as one processor sends. */
  readonly stormRate: number;
  readonly transport: Transport;
  readonly step: 'one' | 'two';
}

export interface StormContext {
  readonly config: StormConfig;
  readonly placement: Placement;
  readonly directory: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly fidelity: FidelityWatch;
}

export interface StormOutcome {
  readonly measurements: readonly StormMeasurement[];
  readonly explanations: readonly (Explanation & { readonly sent: number })[];
  readonly memory: { readonly switch: MemoryTrace; readonly agent: MemoryTrace };
}

const PORTS = { from: 1, to: 2, storm: 3 } as const;
const WARM_UP_SECONDS = 1;
/** The storm begins before the Syncs and ends after them. */
const MARGIN_SECONDS = 0.4;
/** For the last frames to leave, and the counters to stand still. */
const DRAIN_MS = 500;
const MEMORY_INTERVAL_MS = 100;

/** A timeTransmitter that is not there. */
const NOBODY = '001b19fffe000001-1';

export function stormAgentConfig({ guard, step }: StormConfig) {
  const port = (name: string) => ({ name, ptp: 'transparent', step });
  return {
    ports: [
      port('from'),
      port('to'),
      {
        ...port('storm'),
        ...(guard === 'blocked' ? { ptp: 'blocked' } : {}),
        ...(guard === 'masters' ? { acceptMasters: [NOBODY] } : {}),
      },
    ],
  };
}

interface Site {
  readonly tester: Namespace;
  readonly ends: readonly [Interface, Interface, Interface];
  readonly running: SwitchUnderLoad;
}

const linkCounters = z.array(
  z.object({ stats64: z.object({ tx: z.object({ packets: z.number(), dropped: z.number() }) }) }),
);

async function count({ tester, ends, running }: Site): Promise<Counted> {
  const argv = ['ip', '-json', '-stats', 'link', 'show', 'dev', ends[2].name];
  const [link] = linkCounters.parse(JSON.parse(await runCommand(tester.inside(argv))));
  return {
    link: { sent: link?.stats64.tx.packets ?? 0, dropped: link?.stats64.tx.dropped ?? 0 },
    switchStatus: await running.switchStatus(),
    agentStatus: await running.agentStatus(),
  };
}

function probe(context: StormContext, { tester, ends }: Site, seconds: number) {
  const { config, signal } = context;
  const options = {
    rate: config.syncsPerSecond,
    seconds,
    transport: config.transport,
  };
  const interfaces = [ends[0].name, ends[1].name];
  return runGenerator({ generator: 'ptp_probe', namespace: tester, interfaces, options }, signal);
}

function startStorm({ config }: StormContext, { tester, ends }: Site, seconds: number) {
  return startGenerator({
    generator: 'ptp_storm',
    namespace: tester,
    interfaces: [ends[2].name],
    options: {
      kinds: config.kinds.join(','),
      stations: config.stations,
      rate: config.stormRate,
      transport: config.transport,
      seconds,
    },
  });
}

function spreadOf(distribution: Distribution | null) {
  if (distribution === null) throw new LabError('no-samples', 'no Sync came through the switch');
  const { p50, p99, max } = distribution;
  return { p50, p99, max };
}

function evaluate(
  report: Report<'ptp_probe'>,
  round: number,
  storm: Report<'ptp_storm'> | null,
): StormMeasurement {
  return {
    storm: storm !== null,
    round,
    sent: report.sent,
    received: report.received,
    errorNs: spreadOf(report.errorNs),
    residenceNs: spreadOf(report.residenceNs),
    stormRate: storm?.rate ?? 0,
  };
}

async function measureInStorm(context: StormContext, site: Site, round: number) {
  const { config, signal } = context;
  const before = await count(site);
  const storm = startStorm(context, site, config.seconds + 2 * MARGIN_SECONDS);
  try {
    await pause(MARGIN_SECONDS * 1000, signal);
    const syncs = await probe(context, site, config.seconds);
    const blown = await storm.report();
    await pause(DRAIN_MS, signal);
    const after = await count(site);
    const others = [
      { port: PORTS.from, ownFrames: 0 },
      { port: PORTS.to, ownFrames: syncs.sent },
    ];
    const ports = { storm: PORTS.storm, others, step: config.step };
    const plain = config.kinds.includes('plain');
    const explanation = explainStorm(before, after, ports, blown.sent, plain);
    return {
      measurement: evaluate(syncs, round, blown),
      explanation: { sent: blown.sent, ...explanation },
    };
  } finally {
    await storm.process.stop();
  }
}

async function warmUp(context: StormContext, site: Site): Promise<void> {
  context.progress.update('warming up');
  await probe(context, site, WARM_UP_SECONDS);
  const storm = startStorm(context, site, WARM_UP_SECONDS);
  try {
    await storm.report();
  } finally {
    await storm.process.stop();
  }
  await pause(DRAIN_MS, context.signal);
}

async function measure(context: StormContext, site: Site): Promise<StormOutcome> {
  const { config, progress, fidelity } = context;
  const measurements: StormMeasurement[] = [];
  const explanations: StormOutcome['explanations'][number][] = [];
  const { switchProcess, agent } = site.running;
  await warmUp(context, site);
  const switchMemory = watchMemory(switchProcess.pid, MEMORY_INTERVAL_MS);
  const agentMemory = watchMemory(agent.pid, MEMORY_INTERVAL_MS);
  for (let round = 0; round < config.rounds; round++) {
    for (const isStorm of [true, false, false, true]) {
      const title = `round ${round + 1} of ${config.rounds}, ${isStorm ? 'storm' : 'quiet'}`;
      progress.update(title);
      if (isStorm) {
        const { measurement, explanation } = await fidelity.during(() =>
          measureInStorm(context, site, round),
        );
        measurements.push(measurement);
        explanations.push(explanation);
      } else {
        const quiet = await fidelity.during(() => probe(context, site, config.seconds));
        measurements.push(evaluate(quiet, round, null));
      }
      assertAllAlive([switchProcess, agent]);
      const last = measurements.at(-1);
      if (last !== undefined) fidelity.count({ sent: last.sent, lost: last.sent - last.received });
      progress.done(
        `${title}: ${last?.received} Syncs, error p99 ${last?.errorNs.p99} ns` +
          (isStorm ? `, ${last?.stormRate} frames/s` : ''),
      );
    }
  }
  return { measurements, explanations, memory: { switch: switchMemory(), agent: agentMemory() } };
}

/** Builds it all, runs all rounds, and takes it down again. */
export async function measureStorm(context: StormContext): Promise<StormOutcome> {
  const namespaces: Namespace[] = [];
  const open = async (label: string): Promise<Namespace> => {
    const namespace = await openNamespace(label);
    namespaces.push(namespace);
    return namespace;
  };
  let running: SwitchUnderLoad | undefined;
  try {
    const tester = await open('tester');
    const switchSide = await open('switch');
    const end = (namespace: Namespace, side: 't' | 'sw', port: number): Interface => ({
      namespace,
      name: `${side}${port}`,
      mac: `02:74:70:00:3${side === 't' ? 0 : 1}:0${port}`,
    });
    const ends = [1, 2, 3].map((port) => end(tester, 't', port));
    const ports = [1, 2, 3].map((port) => end(switchSide, 'sw', port));
    for (const [index, one] of ends.entries()) await linkNamespaces(one, ports[index] ?? one);
    const [t1, t2, t3] = ends;
    if (t1 === undefined || t2 === undefined || t3 === undefined) throw new Error('three ports');
    running = await startSwitchUnderLoad({
      namespace: switchSide,
      interfaces: ports,
      directory: context.directory,
      config: stormAgentConfig(context.config),
      placement: context.placement,
    });
    return await measure(context, { tester, ends: [t1, t2, t3], running });
  } finally {
    await running?.stop();
    await Promise.all(namespaces.map((namespace) => namespace.close()));
  }
}
