/** Which changes of a configuration an agent that runs can take, and which want another one. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { portUses, type PortSettings, type SwitchSettings } from '#dataplane/settings';
import type { AgentConfig } from './config.js';

/**
 * The keys that have changed and cannot be taken while the agent runs, as they are called in the file.
 * None: everything can. What a frame or a client relies on meanwhile is not touched by the rest.
 */
export function restartKeys(old: AgentConfig, next: AgentConfig): string[] {
  const keys: string[] = [];
  for (const key of ['target', 'status', 'macTable', 'logLevel', 'followers'] as const) {
    if (!isDeepStrictEqual(old[key], next[key])) keys.push(key);
  }
  return [...keys, ...settingsKeys(old.settings, next.settings)];
}

function settingsKeys(old: SwitchSettings, next: SwitchSettings): string[] {
  const keys: string[] = [];
  for (const key of ['clock', 'syntonize', 'management'] as const) {
    if (!isDeepStrictEqual(old[key], next[key])) keys.push(key);
  }
  if ((old.boundary === null) !== (next.boundary === null)) keys.push('instance');
  else if (old.boundary?.ptp4lLog !== next.boundary?.ptp4lLog) keys.push('instance.ptp4lLog');
  if (hasBoundaryPort(old) !== hasBoundaryPort(next)) keys.push('ports[].ptp');
  return [...keys, ...portKeys(old, next)];
}

function hasBoundaryPort({ ports }: SwitchSettings): boolean {
  return ports.some((port) => portUses(port, 'boundary'));
}

/** What learned addresses, counters and answers to management hang on. */
const PORT_KEYS = {
  number: ({ number }) => number,
  address: ({ address }) => address,
  vlan: ({ nativeVlan, taggedVlans }) => [nativeVlan, taggedVlans],
} as const satisfies Record<string, (port: PortSettings) => unknown>;

function portKeys(old: SwitchSettings, next: SwitchSettings): string[] {
  if (old.ports.length !== next.ports.length) return ['ports'];
  return old.ports.flatMap((port, i) => {
    const other = next.ports[i];
    if (other === undefined) return [];
    return Object.entries(PORT_KEYS)
      .filter(([, part]) => !isDeepStrictEqual(part(port), part(other)))
      .map(([key]) => `ports[${i}].${key}`);
  });
}
