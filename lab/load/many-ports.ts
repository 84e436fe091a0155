/**
 * A boundary clock with many ports, each with a client that asks, and a crowd of unicast clients over
 * all of them: what it costs beside ptp4l with the same ports, and how late the agent's timers are.
 *
 *   clients and crowd (ptp_ports) g1 ── s1 ┐
 *                                 g2 ── s2 ┤ timeplane switch and agent, or ptp4l
 *                                 …        ┘
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchResult, Contest } from '../bench/results.js';
import { interleave, judge } from '../bench/results.js';
import { LabError } from '../lab-error.js';
import { AGENT_STATUS_ADDRESS } from '../peers/agent.js';
import { startPtp4l } from '../peers/ptp4l.js';
import { linkNamespaces, type Interface } from '../namespaces/links.js';
import type { Namespace } from '../namespaces/namespaces.js';
import { startGenerator, type Report } from './generators.js';
import { processorTimeNs, residentOctets } from './process-usage.js';
import { startSwitchUnderLoad } from './switch-under-load.js';

export const PORTS = 64;
export const CROWD = 1_000;
/** 2^-4 s and 2^-3 s: 16 Sync and 8 Announce each second; clients send 16 Delay_Req. */
const INTERVALS = { logSyncInterval: -4, logAnnounceInterval: -3, logMinDelayReqInterval: -4 };
const REQUESTS = 16;

export interface ManyPortsScale {
  readonly rounds: number;
  readonly seconds: number;
}

export const FULL: ManyPortsScale = { rounds: 3, seconds: 10 };
export const QUICK: ManyPortsScale = { rounds: 1, seconds: 4 };

const contest = (name: string, baseline: string): Contest => ({
  name,
  baseline,
  unit: 'processor ms/s',
  direction: 'cost',
});

export const CONTESTS = {
  ports: contest(`boundary clock of ${PORTS} ports`, `ptp4l, ${PORTS} ports`),
  crowd: contest(`boundary clock of ${PORTS} ports, ${CROWD} unicast clients`, 'without these'),
} as const;

export interface ManyPortsBench {
  readonly directory: string;
  readonly ends: readonly { readonly server: Interface; readonly client: Interface }[];
}

/** Links in the namespace that this process is in; they go with it. */
export async function prepareManyPorts(directory: string): Promise<ManyPortsBench> {
  const here: Namespace = {
    label: 'bench',
    pid: process.pid,
    inside: (argv) => [...argv],
    close: () => Promise.resolve(),
  };
  const ends = Array.from({ length: PORTS }, (_, i) => {
    const last = (i + 1).toString(16).padStart(2, '0');
    return {
      server: { namespace: here, name: `s${i + 1}`, mac: `02:74:70:30:00:${last}` },
      client: { namespace: here, name: `g${i + 1}`, mac: `02:74:70:31:00:${last}` },
    };
  });
  for (const { server, client } of ends) await linkNamespaces(server, client);
  return { directory, ends };
}

/** One run. */
export interface ManyPortsMeasurement {
  /** Of all processes of the server. */
  readonly processorMsPerSecond: number;
  /** The agent's own share; null where there is none. */
  readonly agent: AgentLoad | null;
  readonly report: Report<'ptp_ports'>;
}

export interface AgentLoad {
  readonly processorMsPerSecond: number;
  readonly lateP99Ms: number;
  readonly lateMaxMs: number;
  readonly residentMiB: number;
}

interface Server {
  readonly pids: readonly number[];
  readonly agentPid: number | null;
  stop(): Promise<void>;
}

async function startOurs({ directory, ends }: ManyPortsBench): Promise<Server> {
  const running = await startSwitchUnderLoad({
    namespace: ends[0]?.server.namespace ?? missing(),
    interfaces: ends.map(({ server }) => server),
    directory,
    config: {
      instance: { profile: 'default-e2e', outsideProfile: true },
      ports: ends.map(({ server }) => ({
        name: server.name,
        ptp: 'boundary',
        address: { mac: server.mac },
        puntLimit: { perSecond: 1_024, burst: 256 },
        boundary: { transport: 'ethernet', masterOnly: true, unicastGrants: {}, ...INTERVALS },
      })),
    },
  });
  const { switchProcess, agent } = running;
  return {
    pids: [switchProcess.pid, agent.pid],
    agentPid: agent.pid,
    stop: () => running.stop(),
  };
}

async function startPtp4lServer({ directory, ends }: ManyPortsBench): Promise<Server> {
  const running = await startPtp4l({
    label: 'ptp4l',
    directory,
    transport: 'L2',
    interfaces: ends.map(({ server }) => server),
    settings: { masterOnly: 1, ...INTERVALS },
  });
  return { pids: [running.pid], agentPid: null, stop: () => running.stop() };
}

function missing(): never {
  throw new Error('no ports');
}

const SETTLE_MS = 3_000;

/** @throws LabError where the server did not serve on all ports. */
export async function measureManyPorts(
  bench: ManyPortsBench,
  which: 'timeplane' | 'ptp4l',
  clients: number,
  seconds: number,
): Promise<ManyPortsMeasurement> {
  const server = await (which === 'timeplane' ? startOurs(bench) : startPtp4lServer(bench));
  try {
    await delay(SETTLE_MS);
    const namespace = bench.ends[0]?.client.namespace ?? missing();
    const generator = startGenerator({
      generator: 'ptp_ports',
      namespace,
      interfaces: bench.ends.map(({ client }) => client.name),
      options: { requests: REQUESTS, clients, seconds: seconds + 2 },
    });
    // The crowd asks for its service in the first second.
    await delay(1_500);
    await lateness();
    const before = processorTimes(server.pids);
    const started = performance.now();
    await delay(seconds * 1_000);
    const passed = (performance.now() - started) / 1_000;
    const after = processorTimes(server.pids);
    const late = server.agentPid === null ? null : await lateness();
    const report = await generator.report();
    served(report, seconds, clients);
    const cost = after.map((time, i) => (time - (before[i] ?? 0)) / 1e6 / passed);
    return {
      processorMsPerSecond: cost.reduce((sum, one) => sum + one, 0),
      agent:
        server.agentPid === null || late === null
          ? null
          : {
              processorMsPerSecond: cost.at(-1) ?? 0,
              ...late,
              residentMiB: (residentOctets(server.agentPid) ?? 0) / 2 ** 20,
            },
      report,
    };
  } finally {
    await server.stop();
  }
}

function processorTimes(pids: readonly number[]): number[] {
  return pids.map(processorTimeNs);
}

/** Since the last call; null: nobody tells. */
async function lateness(): Promise<{ lateP99Ms: number; lateMaxMs: number } | null> {
  try {
    const response = await fetch(`http://${AGENT_STATUS_ADDRESS}/metrics/process`);
    const text = await response.text();
    const quantile = (name: string) => {
      const line = new RegExp(`event_loop_late_seconds\\{quantile="${name}"\\} (\\S+)`).exec(text);
      return Number(line?.[1] ?? Number.NaN) * 1e3;
    };
    return { lateP99Ms: quantile('0.99'), lateMaxMs: quantile('1') };
  } catch {
    return null;
  }
}

/** Nine in ten of what is due: a clock that serves less is not measured, but found wanting. */
function served(
  { multicast, unicast, grants }: Report<'ptp_ports'>,
  seconds: number,
  clients: number,
) {
  const due = 0.9 * seconds;
  const wanting = [
    ['Sync', multicast['sync'], due * PORTS * 16],
    ['Follow_Up', multicast['followUp'], due * PORTS * 16],
    ['Announce', multicast['announce'], due * PORTS * 8],
    ['Delay_Resp', multicast['delayResp'], due * PORTS * REQUESTS],
    ['grants', grants, 3 * 0.99 * clients],
    ['Sync to clients', unicast['sync'], due * clients],
    ['Announce to clients', unicast['announce'], due * clients],
    ['Delay_Resp to clients', unicast['delayResp'], due * clients],
  ] as const;
  const found = wanting.filter(([, count = 0, least]) => count < least);
  if (found.length === 0) return;
  const text = found.map(([name, count = 0, least]) => `${count} of ${Math.ceil(least)} ${name}`);
  throw new LabError('not-ready', `the clock did not serve: ${text.join(', ')}`);
}

/** A line of the benchmark's table. */
export async function contestOf(
  bench: ManyPortsBench,
  which: keyof typeof CONTESTS,
  scale: ManyPortsScale,
  progress: (text: string) => void,
): Promise<BenchResult> {
  const agents: AgentLoad[] = [];
  const run = async (server: 'timeplane' | 'ptp4l', clients: number, isOurs: boolean) => {
    const one = await measureManyPorts(bench, server, clients, scale.seconds);
    if (isOurs && one.agent !== null) agents.push(one.agent);
    return one.processorMsPerSecond;
  };
  const clients = which === 'crowd' ? CROWD : 0;
  const rounds = await interleave(
    scale.rounds,
    () => run('timeplane', clients, true),
    () => (which === 'crowd' ? run('timeplane', 0, false) : run('ptp4l', 0, false)),
    (round) => progress(`${CONTESTS[which].name}, round ${round + 1} of ${scale.rounds}`),
  );
  return { ...judge(CONTESTS[which], rounds), reason: agentText(agents) };
}

function agentText(agents: readonly AgentLoad[]): string {
  const worst = (of: (agent: AgentLoad) => number) => Math.max(...agents.map(of));
  const cost = worst((agent) => agent.processorMsPerSecond).toFixed(0);
  const late = worst((agent) => agent.lateP99Ms).toFixed(1);
  const most = worst((agent) => agent.lateMaxMs).toFixed(1);
  const memory = worst((agent) => agent.residentMiB).toFixed(0);
  return `the agent at worst: ${cost} ms/s, its timers late by ${late} ms (p99; ${most} at most), ${memory} MiB`;
}
