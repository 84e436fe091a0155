/** The embedded switch and its agent with a configuration of the experiment's own. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { LabError } from '../lab-error.js';
import {
  AGENT_STATUS_ADDRESS,
  P4RUNTIME_ADDRESS,
  SWITCH_STATUS_ADDRESS,
  timeplane,
} from '../peers/agent.js';
import { startProcess, type ManagedProcess } from '../peers/managed-process.js';
import { runCommand } from '../namespaces/commands.js';
import type { Interface } from '../namespaces/links.js';
import type { Namespace } from '../namespaces/namespaces.js';
import { keptTo, switchFlags, type Placement } from './placement.js';

const READY_TIMEOUT_MS = 20_000;

const counters = z.record(z.string(), z.number());

/** The parts of GET /status.json of the switch that the load experiments look at. */
const switchStatus = z.object({
  ports: z.array(z.object({ number: z.number(), counters, drops: counters })),
  drops: counters,
  packetIns: z.number(),
  digests: z.number(),
});
export type SwitchStatus = z.infer<typeof switchStatus>;

/** The same of the agent. */
const agentStatus = z.object({
  ready: z.boolean(),
  ports: z.array(
    z.object({
      number: z.number(),
      messages: z.record(z.string(), counters),
      malformed: counters,
      version1: z.number(),
      drops: z.record(z.string(), counters),
      twoStep: counters,
    }),
  ),
});
export type AgentStatus = z.infer<typeof agentStatus>;

export interface SwitchUnderLoad {
  readonly switchProcess: ManagedProcess;
  readonly agent: ManagedProcess;
  switchStatus(): Promise<SwitchStatus>;
  agentStatus(): Promise<AgentStatus>;
  stop(): Promise<void>;
}

export interface SwitchUnderLoadOptions {
  /** Default: as the scheduler likes. */
  readonly placement?: Placement;
  readonly namespace: Namespace;
  readonly interfaces: readonly Interface[];
  readonly directory: string;
  /** Of the agent, but for target, addresses and the ports' numbers. */
  readonly config: Readonly<Record<string, unknown>> & {
    readonly ports: readonly Readonly<Record<string, unknown>>[];
  };
}

export function agentFile(config: SwitchUnderLoadOptions['config']): string {
  return stringify({
    target: { kind: 'native', address: P4RUNTIME_ADDRESS, deviceId: 1, electionId: 1 },
    status: AGENT_STATUS_ADDRESS,
    ...config,
    ports: config.ports.map((port, index) => ({ number: index + 1, ...port })),
  });
}

/** Asks from inside: the address is on the namespace's own loopback. */
async function fetchInside(namespace: Namespace, address: string): Promise<unknown> {
  const script =
    'fetch(process.argv[1]).then((r) => r.text()).then((t) => process.stdout.write(t))';
  const url = `http://${address}/status.json`;
  return JSON.parse(await runCommand(namespace.inside([process.execPath, '-e', script, url])));
}

function understood<T>(schema: z.ZodType<T>, value: unknown, whose: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LabError('not-ready', `the ${whose}'s status: ${z.prettifyError(parsed.error)}`);
}

/** Starts both and waits until the agent has configured the switch. */
export async function startSwitchUnderLoad(
  options: SwitchUnderLoadOptions,
): Promise<SwitchUnderLoad> {
  const { namespace, interfaces, directory, placement } = options;
  const started: ManagedProcess[] = [];
  const stop = async () => {
    for (const process of started.toReversed()) await process.stop();
  };
  const start = async (label: string, argv: readonly string[]): Promise<ManagedProcess> => {
    const process = startProcess({ label, argv, namespace });
    started.push(process);
    await process.line(/^ready\b/, READY_TIMEOUT_MS);
    return process;
  };
  try {
    const ports = interfaces.flatMap(({ name }, index) => ['--port', `${index + 1}=${name}`]);
    const switchProcess = await start(
      'timeplane switch',
      timeplane(
        ...['switch', '--listen', P4RUNTIME_ADDRESS, '--device-id', '1', '--cpu-port', '510'],
        ...[...ports, '--status', SWITCH_STATUS_ADDRESS],
        ...(placement === undefined ? [] : switchFlags(placement)),
      ),
    );
    const file = join(directory, `agent-${namespace.pid}.yaml`);
    await writeFile(file, agentFile(options.config));
    const agentArgv = timeplane('agent', '--config', file);
    const agent = await start(
      'the agent',
      placement === undefined ? agentArgv : keptTo(placement.others, agentArgv),
    );
    return {
      switchProcess,
      agent,
      switchStatus: async () =>
        understood(switchStatus, await fetchInside(namespace, SWITCH_STATUS_ADDRESS), 'switch'),
      agentStatus: async () =>
        understood(agentStatus, await fetchInside(namespace, AGENT_STATUS_ADDRESS), 'agent'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
