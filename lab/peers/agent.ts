/** The timeplane agent, as a process of its own beside whatever target it drives. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Namespace } from '../namespaces/namespaces.js';
import type { SwitchSite } from '../namespaces/switched-path.js';
import { projectRoot } from './helpers.js';
import { startProcess, type ManagedProcess } from './managed-process.js';

export type PtpMode = 'off' | 'transparent' | 'transparentP2P';
export type TargetKind = 'native' | 'bmv2';

/** What the agent is told about every port of its switch alike. */
export interface AgentSettings {
  readonly ptp: PtpMode;
  /** Of port 3, where the cross traffic comes from and no clock is. */
  readonly sourcePtp: PtpMode | 'blocked';
  /** How event messages leave: corrected in flight, or by a message that follows. */
  readonly step: 'one' | 'two';
  /** Undefined: frames have no tag. */
  readonly taggedVlan?: number;
  /** Of port 1, towards the grandmaster. */
  readonly delayAsymmetryNs: number;
}

/** Peer delay is asked for 16 times a second, as the lab's ptp4l does. */
const LOG_PEER_DELAY_INTERVAL = -4;

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

const PORT_NAMES = ['gm', 'client', 'source'] as const;

function portConfig(settings: AgentSettings, index: number) {
  const { ptp, sourcePtp, step, taggedVlan, delayAsymmetryNs } = settings;
  const isPeer = ptp === 'transparentP2P' && index < 2;
  return {
    number: index + 1,
    name: PORT_NAMES[index] ?? `port${index + 1}`,
    ptp: index < 2 ? ptp : sourcePtp,
    ...(step === 'two' ? { step } : {}),
    ...(isPeer ? { peerDelay: { logInterval: LOG_PEER_DELAY_INTERVAL, responder: step } } : {}),
    ...(index === 0 && delayAsymmetryNs !== 0 ? { timing: { delayAsymmetryNs } } : {}),
    // With a tagged VLAN nothing gets through without its tag.
    vlan: taggedVlan === undefined ? { native: 1 } : { native: 'none', tagged: [taggedVlan] },
  };
}

/** The configuration of a switch's agent, as text. */
export function switchConfig(kind: TargetKind, settings: AgentSettings, ports: number): string {
  return stringify({
    target: { kind, address: P4RUNTIME_ADDRESS, deviceId: 1, electionId: 1 },
    status: AGENT_STATUS_ADDRESS,
    macTable: { agingSeconds: 300, maxEntries: 4096 },
    ports: Array.from({ length: ports }, (_, index) => portConfig(settings, index)),
  });
}

/** First light's: every port alike, one-step. */
export function firstLightSettings(ptp: PtpMode): AgentSettings {
  return { ptp, sourcePtp: ptp, step: 'one', delayAsymmetryNs: 0 };
}

/** First light's. */
export function agentConfig(kind: TargetKind, ptp: PtpMode): string {
  return switchConfig(kind, firstLightSettings(ptp), PORT_NAMES.length);
}

/** It tries again every few seconds while its target is starting. */
const READY_TIMEOUT_MS = 15_000;

export interface AgentOptions {
  readonly path: SwitchSite;
  readonly directory: string;
  readonly kind: TargetKind;
  readonly settings: AgentSettings;
  readonly onStart: (process: ManagedProcess) => void;
}

/** Starts the agent and waits until it has configured its target. */
export function startAgent({ settings, ...options }: AgentOptions): Promise<ManagedProcess> {
  const { path, kind } = options;
  return startConfiguredAgent({
    ...options,
    namespace: path.switchNamespace,
    config: switchConfig(kind, settings, path.ports.length),
  });
}

export interface ConfiguredAgentOptions extends Pick<AgentOptions, 'directory' | 'onStart'> {
  readonly namespace: Namespace;
  /** The text of its configuration. */
  readonly config: string;
  readonly onLine?: (line: string) => void;
}

/** The same with any configuration. */
export async function startConfiguredAgent(
  options: ConfiguredAgentOptions,
): Promise<ManagedProcess> {
  const { namespace, config, onLine } = options;
  const file = join(options.directory, `agent-${namespace.pid}.yaml`);
  await writeFile(file, config);
  const agent = startProcess({
    label: `the agent of ${namespace.label}`,
    argv: timeplane('agent', '--config', file),
    namespace,
    ...(onLine === undefined ? {} : { onLine }),
  });
  options.onStart(agent);
  await agent.line(/^ready\b/, READY_TIMEOUT_MS);
  return agent;
}
