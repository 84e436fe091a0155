/** The timeplane agent, as a process of its own beside whatever target it drives. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { LabError } from '../lab-error.js';
import { tryCommand } from '../topology/commands.js';
import type { SwitchedPath } from '../topology/switched-path.js';
import { projectRoot } from './helpers.js';
import { assertAllAlive, startProcess, type ManagedProcess } from './managed-process.js';

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

/** Asks until the status says ready; runs inside the namespace, so it is a program of its own. */
const POLLER = `
const [url, timeoutMs] = process.argv.slice(1);
const end = Date.now() + Number(timeoutMs);
let last = 'no answer';
while (Date.now() < end) {
  try {
    const status = await (await fetch(url)).json();
    if (status.ready === true) process.exit(0);
    last = JSON.stringify(status).slice(0, 300);
  } catch (error) { last = String(error.cause?.message ?? error.message); }
  await new Promise((resolve) => setTimeout(resolve, 100));
}
console.error(last);
process.exit(1);
`;

const READY_TIMEOUT_MS = 10_000;

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
  const poll = tryCommand(
    options.path.switchNamespace.inside([
      ...[process.execPath, '--input-type=module', '--eval', POLLER, '--'],
      ...[`http://${AGENT_STATUS_ADDRESS}/status.json`, String(READY_TIMEOUT_MS)],
    ]),
  );
  const result = await Promise.race([poll, agent.exited.then(() => null)]);
  assertAllAlive([agent]);
  if (result !== null && result.code === 0) return agent;
  throw new LabError('not-ready', `the agent did not get ready: ${result?.stderr.trim() ?? ''}`);
}
