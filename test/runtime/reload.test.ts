/** Which changes of a configuration can be taken by an agent that runs. */
import { describe, expect, it } from 'vitest';
import { parseConfig, type AgentConfig } from '#runtime/config';
import { restartKeys } from '#runtime/reload';

const FILE = `target: { kind: native, address: "127.0.0.1:9559" }
clock: { identity: "00:11:22:ff:fe:33:44:55" }
instance: { priority1: 128 }
ports:
  - { number: 1, name: up, ptp: boundary, boundary: { logSyncInterval: 0 } }
  - { number: 2, name: down, ptp: boundary }
  - { number: 3, name: other, ptp: transparent, vlan: { native: 1, tagged: [10] } }
`;

function config(change: (file: string) => string = (file) => file): AgentConfig {
  const parsed = parseConfig('agent.yaml', change(FILE));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.value;
}

const keys = (from: string, to: string): string[] => {
  expect(FILE).toContain(from);
  return restartKeys(
    config(),
    config((file) => file.replace(from, to)),
  );
};

describe('an agent that runs takes', () => {
  it.each([
    ['the same', 'priority1: 128', 'priority1: 128'],
    ['another priority', 'priority1: 128', 'priority1: 100'],
    ['another profile', 'priority1: 128', 'profile: default-p2p'],
    ['another interval', 'logSyncInterval: 0', 'logSyncInterval: 1'],
    ['a boundary port less', 'name: down, ptp: boundary', 'name: down, ptp: blocked'],
    ['a boundary port more', 'name: other, ptp: transparent', 'name: other, ptp: boundary'],
    ['peer delay', 'ptp: transparent', 'ptp: transparentP2P'],
    ['latencies', 'ptp: transparent', 'ptp: transparent, timing: { ingressLatencyNs: 5 }'],
    ['a name', 'name: other', 'name: another'],
    ['sampling', 'instance:', 'ledger: { sampleEvery: 16 }\ninstance:'],
  ])('%s', (_what, from, to) => {
    expect(keys(from, to)).toEqual([]);
  });
});

describe('an agent has to be started anew for', () => {
  it.each([
    ['another switch', '9559', '9557', 'target'],
    ['another identity', '44:55', '44:66', 'clock'],
    ['an instance less', 'instance: { priority1: 128 }\n', '', 'instance'],
    ['log lines', 'priority1: 128', 'ptp4lLog: true', 'instance.ptp4lLog'],
    ['VLANs', 'tagged: [10]', 'tagged: [11]', 'ports[2].vlan'],
    ['another port', 'number: 3', 'number: 4', 'ports[2].number'],
    ['an address', 'name: down', 'name: down, address: { ipv4: 10.0.0.1 }', 'ports[1].address'],
    ['management', 'instance:', 'management: { udp: false }\ninstance:', 'management'],
  ])('%s', (_what, from, to, expected) => {
    const without = (file: string) =>
      to === '' ? file.replace(/, boundary: \{[^}]*\}/, '') : file;
    const next = config((file) => without(file.replace(from, to)));
    expect(restartKeys(config(), next)).toContain(expected);
  });
});
