/** What each value of a configuration allows, but not together. */
import { isLoopback, parseEndpoint } from './endpoint.js';
import { MAX_SLOTS } from '#dataplane/program';
import type { ConfigError } from './config-error.js';
import { boundaryContradictions } from './config-rules-instance.js';
import { errorAt, type Path, type Source } from './config-report.js';
import type { AgentFile } from './config-schema.js';
import type { PortFile } from './config-schema-port.js';

export function contradictions(source: Source, file: AgentFile): ConfigError[] {
  const errors: ConfigError[] = boundaryContradictions(source, file);
  errors.push(...openTarget(source, file));
  if (file.ports.length > MAX_SLOTS) {
    errors.push(errorAt(source, ['ports', MAX_SLOTS], `at most ${MAX_SLOTS} ports`));
  }
  for (const [i, port] of file.ports.entries()) {
    errors.push(
      ...sharedWithOthers(source, file, i, port),
      ...vlanContradictions(source, i, port),
      ...instanceContradictions(source, i, port),
      ...repeatedMasters(source, i, port),
    );
    if (port.delayResponder !== null && !hasMode(port, 'boundary')) {
      errors.push(
        errorAt(
          source,
          ['ports', i, 'delayResponder'],
          'none: Delay_Req is answered where ptp is "boundary", for the port or an instance',
        ),
      );
    }
  }
  return errors;
}

/** Whoever reaches a switch without TLS may drive it. */
function openTarget(source: Source, { target }: AgentFile): ConfigError[] {
  const host = parseEndpoint(target.address)?.host ?? '';
  if (target.tls !== null || isLoopback(host)) return [];
  const expected = 'a loopback address, or target.tls with ca, certificate and key';
  return [errorAt(source, ['target', 'address'], expected)];
}

export function hasMode(port: PortFile, mode: PortFile['ptp']): boolean {
  return port.ptp === mode || port.instances.some(({ ptp }) => ptp === mode);
}

function sharedWithOthers(
  source: Source,
  file: AgentFile,
  i: number,
  port: PortFile,
): ConfigError[] {
  const told = (path: Path, what: string, first: number) =>
    errorAt(source, path, `a ${what} of its own (ports[${first}] has this one)`);
  const errors: ConfigError[] = [];
  for (const key of ['number', 'name'] as const) {
    const first = file.ports.findIndex((other) => other[key] === port[key]);
    if (first < i) errors.push(told(['ports', i, key], key, first));
  }
  const { mac } = port.address;
  const first = file.ports.findIndex(({ address }) => address.mac === mac);
  if (mac !== 'auto' && first < i) {
    errors.push(told(['ports', i, 'address', 'mac'], 'MAC address', first));
  }
  return errors;
}

function vlanContradictions(source: Source, i: number, { vlan }: PortFile): ConfigError[] {
  return vlan.tagged.flatMap((tag, j) => {
    const path = ['ports', i, 'vlan', 'tagged', j];
    if (tag === vlan.native) return [errorAt(source, path, 'a VLAN that is not the native one')];
    return vlan.tagged.indexOf(tag) < j ? [errorAt(source, path, 'each VLAN once')] : [];
  });
}

function instanceContradictions(source: Source, i: number, port: PortFile): ConfigError[] {
  const names = port.instances.map(({ domainNumber, sdoId }) => `${sdoId}/${domainNumber}`);
  return names.flatMap((name, j) =>
    names.indexOf(name) < j
      ? [
          errorAt(
            source,
            ['ports', i, 'instances', j, 'domainNumber'],
            `each instance once (instances[${names.indexOf(name)}] is this one)`,
          ),
        ]
      : [],
  );
}

function repeatedMasters(source: Source, i: number, { acceptMasters }: PortFile): ConfigError[] {
  return acceptMasters.flatMap((master, j) =>
    acceptMasters.indexOf(master) < j
      ? [errorAt(source, ['ports', i, 'acceptMasters', j], 'each master once')]
      : [],
  );
}
