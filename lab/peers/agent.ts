/** The timeplane agent, as a process of its own beside whatever target it drives. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { SwitchedPath } from '../topology/switched-path.js';
import { projectRoot } from './helpers.js';
import { startProcess, type ManagedProcess } from './managed-process.js';

export type PtpMode = 'off' | 'transparent';
export type TargetKind = 'native' | 'bmv2';

/** Addresses inside the switch's namespace, whose loopback nobody else sees. */
export const P4RUNTIME_ADDRESS = '127.0.0.1:9559';
export const SWITCH_STATUS_ADDRESS = '127.0.0.1:9560';
export const AGENT_STATUS_ADDRESS = '127.0.0.1:9561';

/** The command line of this same build of timeplane. */
export function timeplane(...args: readonly string[]): string[] {
  return [
    process.execPath,
    join(projectRoot(), 'dist', 'control-plane', 'cli', 'main.js'),
    ...args,
  ];
}

export function agentConfig(kind: TargetKind, ptp: PtpMode): string {
  return stringify({
    target: { kind, address: P4RUNTIME_ADDRESS, deviceId: 1, electionId: 1 },
    status: AGENT_STATUS_ADDRESS,
    macTable: { agingSeconds: 300, maxEntries: 4096 },
    ports: ['gm', 'client', 'source'].map((name, index) => ({
      number: index + 1,
      name,
      ptp,
      vlan: { native: 1 },
    })),
  });
}

/** It tries again every few seconds while its target is starting. */
const READY_TIMEOUT_MS = 15_000;

export interface AgentOptions {
  readonly path: SwitchedPath;
  readonly directory: string;
  readonly kind: TargetKind;
  readonly ptp: PtpMode;
  readonly onStart: (process: ManagedProcess) => void;
}

/** Starts the agent and waits until it has configured its target. */
export async function startAgent(options: AgentOptions): Promise<ManagedProcess> {
  const file = join(options.directory, `agent-${options.kind}-${options.ptp}.yaml`);
  await writeFile(file, agentConfig(options.kind, options.ptp));
  const agent = startProcess({
    label: 'the agent',
    argv: timeplane('agent', '--config', file),
    namespace: options.path.switchNamespace,
  });
  options.onStart(agent);
  await agent.line(/^ready\b/, READY_TIMEOUT_MS);
  return agent;
}
