/** What a boundary clock's keys allow by themselves, but not together, or not with its profile. */
import type { ProfileError } from '#ptp/profiles/profile-choices';
import type { Transport } from '#ptp/profiles/profile';
import { parseIpv4, parseIpv6 } from '#units/ip-address';
import type { ConfigError } from './config-error.js';
import { isInstancePort, resolveInstance, type InstanceFile } from './config-instance.js';
import { errorAt, type Path, type Source } from './config-report.js';
import type { AgentFile } from './config-schema.js';
import type { PortFile } from './config-schema-port.js';

export function boundaryContradictions(source: Source, file: AgentFile): ConfigError[] {
  const { instance } = file;
  const errors = file.ports.flatMap((port, i) =>
    instance !== null && isInstancePort(instance, port)
      ? portContradictions(source, port, i)
      : strayKeys(source, instance, i),
  );
  if (instance === null) return errors;
  if (!file.ports.some((port) => isInstancePort(instance, port))) {
    return [...errors, errorAt(source, ['instance'], 'a port whose ptp is "boundary" for it')];
  }
  return [...errors, ...profileContradictions(source, file, instance)];
}

function strayKeys(source: Source, instance: InstanceFile | null, i: number): ConfigError[] {
  const path = ['ports', i, 'boundary'];
  if (!source.document.hasIn(path)) return [];
  const missing =
    instance === null ? '"instance" beside "ports"' : 'ptp: boundary for the instance';
  return [errorAt(source, path, `none without ${missing}`)];
}

function portContradictions(source: Source, port: PortFile, i: number): ConfigError[] {
  if (port.delayResponder === null) return [];
  const expected = 'none: the boundary clock answers where it is master';
  return [errorAt(source, ['ports', i, 'delayResponder'], expected)];
}

/** Of no matter for the rules: any that is not zero. */
const SOME_IDENTITY = 1n;

function profileContradictions(
  source: Source,
  file: AgentFile,
  instance: InstanceFile,
): ConfigError[] {
  const resolved = resolveInstance(file, instance, SOME_IDENTITY);
  if (!resolved.ok) return resolved.errors.map((error) => profileError(source, file, error));
  const { config, encapsulation } = resolved.value;
  return file.ports.flatMap((port, i) => {
    const at = (key: Path, expected: string): ConfigError =>
      errorAt(source, ['ports', i, ...key], expected);
    const ipv4 = parseIpv4(port.address.ipv4);
    const sending = encapsulation.find(({ number }) => number === port.number);
    const own = config.ports.find(({ number }) => number === port.number);
    return [
      ...(sending?.transport === 'udp4' && ipv4.ok && ipv4.value === 0n
        ? [at(['address', 'ipv4'], 'an address: nobody takes Sync over UDP/IPv4 from 0.0.0.0')]
        : []),
      ...(own?.delayMechanism === 'p2p' && port.peerDelay.enabled === false
        ? [at(['peerDelay', 'enabled'], 'true, or another delayMechanism than p2p')]
        : []),
      ...(port.boundary.unicastMasters ?? []).flatMap((master, n) => {
        const expected = sending === undefined ? null : missingOf(sending.transport, master);
        return expected === null ? [] : [at(['boundary', 'unicastMasters', n], expected)];
      }),
    ];
  });
}

type Master = NonNullable<PortFile['boundary']['unicastMasters']>[number];

/** What a master lacks to be reached over the transport; null: nothing. */
function missingOf(transport: Transport, { mac, ip = '' }: Master): string | null {
  switch (transport) {
    case 'ethernet':
      return mac === undefined ? 'the mac of a master over Ethernet' : null;
    case 'udp4':
      return parseIpv4(ip).ok ? null : 'the ip of a master over UDP/IPv4';
    case 'udp6':
      return parseIpv6(ip).ok ? null : 'the ip of a master over UDP/IPv6';
  }
}

/** Names of a profile's choices that the file has elsewhere. */
const PORT_KEYS: Readonly<Record<string, Path>> = {
  number: ['number'],
  logMinPdelayReqInterval: ['peerDelay', 'logInterval'],
  portEnable: ['boundary', 'enabled'],
  unicastQueryIntervalSeconds: ['boundary', 'unicastQuerySeconds'],
};

function profileError(source: Source, file: AgentFile, error: ProfileError): ConfigError {
  return errorAt(source, filePath(file, error.path), `what the profile allows: ${error.message}`);
}

function filePath(file: AgentFile, [where, ...rest]: readonly (string | number)[]): Path {
  if (where !== 'ports' || rest.length === 0) return ['instance', ...rest];
  const [number, key = 'number'] = rest;
  const i = file.ports.findIndex((port) => port.number === number);
  return ['ports', i, ...(PORT_KEYS[String(key)] ?? ['boundary', key])];
}
