/**
 * From linuxptp's ptp4l.conf to the agent's configuration. Nothing is dropped without a word: what
 * is not known is named with its line, what has no counterpart with the reason.
 */
import { stringify } from 'yaml';
import { parseIpv4, parseIpv6 } from '#units/ip-address';
import { parseMacAddress } from '#units/identity';
import type { ProfileName } from '#ptp/profiles/profile';
import { parseConfig } from '../config.js';
import { formatConfigError } from '../config-error.js';
import { emptyDraft, emptyPort, type Draft, type PortDraft } from './draft.js';
import { KEYS, put, type Taken } from './keys.js';
import { parsePtp4l, type Ptp4lLine, type Ptp4lSection } from './parse.js';

/** What became of a line that is not simply a key of ours. */
export interface ImportRemark {
  /** Counted from 1; 0: of the file as a whole. */
  readonly line: number;
  readonly key: string;
  readonly text: string;
}

export interface Imported {
  /** The agent's configuration, as YAML. */
  readonly yaml: string;
  /** Keys that ptp4l 3.1 and 4 do not have, and lines that are none. */
  readonly unknown: readonly ImportRemark[];
  /** Known keys whose value is no value. */
  readonly refused: readonly ImportRemark[];
  /** Keys without a counterpart, and what has to be added by hand. */
  readonly notes: readonly ImportRemark[];
  /** What the agent says of the result; empty: it takes it as it is. */
  readonly problems: readonly string[];
}

export interface ImportOptions {
  readonly target: { readonly kind: string; readonly address: string };
  /** For a file without ports: ptp4l gets them by its option -i. */
  readonly interfaces: readonly string[];
}

const TABLE_SECTIONS: ReadonlySet<string> = new Set([
  'unicast_master_table',
  'unicast_timeTransmitter_table',
  'unicast_server_table',
]);

/** Masters of a table, by their keys. */
const MASTERS = {
  L2: {
    transport: 'ethernet',
    what: 'MAC address',
    isOne: (value: string) => parseMacAddress(value).ok,
  },
  UDPv4: {
    transport: 'udp4',
    what: 'IPv4 address',
    isOne: (value: string) => parseIpv4(value).ok,
  },
  UDPv6: {
    transport: 'udp6',
    what: 'IPv6 address',
    isOne: (value: string) => parseIpv6(value).ok,
  },
} as const;

class Importer {
  readonly #draft: Draft = emptyDraft();
  readonly #globals: Ptp4lLine[] = [];
  readonly unknown: ImportRemark[] = [];
  readonly refused: ImportRemark[] = [];
  readonly notes: ImportRemark[] = [];

  import(text: string, options: ImportOptions): Record<string, unknown> {
    const file = parsePtp4l(text);
    for (const { line, text: what } of file.mistakes) {
      this.unknown.push({ line, key: '', text: what });
    }
    const named = file.sections.filter(({ name }) => !TABLE_SECTIONS.has(name));
    const globals = named.filter(({ name }) => name === 'global');
    for (const line of globals.flatMap(({ lines }) => lines)) this.#global(line);
    const ports = this.#ports(
      named.filter(({ name }) => name !== 'global'),
      options.interfaces,
    );
    this.#giveMasters(ports, file.sections);
    return this.#agentFile(ports, options);
  }

  #global(line: Ptp4lLine): void {
    const rule = this.#ruleOf(line);
    if (rule === null) return;
    if (rule.port !== undefined) this.#globals.push(line);
    if (rule.global !== undefined) this.#take(line, rule.global(this.#draft, line.value));
  }

  #ports(sections: readonly Ptp4lSection[], interfaces: readonly string[]): PortDraft[] {
    const names = [...new Set([...sections.map(({ name }) => name), ...interfaces])];
    return names.map((name) => {
      const port = emptyPort(name);
      for (const line of this.#globals) this.#onPort(port, line, names[0] === name);
      for (const section of sections.filter((one) => one.name === name)) {
        for (const line of section.lines) {
          if (this.#ruleOf(line) !== null) this.#onPort(port, line, true);
        }
      }
      return port;
    });
  }

  #onPort(port: PortDraft, line: Ptp4lLine, tell: boolean): void {
    const rule = KEYS[line.key];
    if (rule?.port === undefined) {
      if (rule?.note === undefined) {
        this.refused.push({ line: line.line, key: line.key, text: 'belongs to [global]' });
      }
      return;
    }
    const taken = rule.port(port, line.value);
    if (tell) this.#take(line, taken);
  }

  #ruleOf(line: Ptp4lLine) {
    const rule = Object.hasOwn(KEYS, line.key) ? KEYS[line.key] : undefined;
    if (rule === undefined) {
      this.unknown.push({ line: line.line, key: line.key, text: 'is not known' });
      return null;
    }
    if (rule.note !== undefined) {
      this.notes.push({ line: line.line, key: line.key, text: rule.note });
    }
    return rule;
  }

  #take({ line, key, value }: Ptp4lLine, taken: Taken): void {
    if (taken !== null) this.refused.push({ line, key, text: `'${value}' ${taken}` });
  }

  /** [unicast_master_table]: who is asked for unicast service. */
  #giveMasters(ports: readonly PortDraft[], sections: readonly Ptp4lSection[]): void {
    for (const section of sections.filter(({ name }) => TABLE_SECTIONS.has(name))) {
      const table = section.lines.find(({ key }) => key === 'table_id');
      const users = ports.filter(({ masterTable }) => `${masterTable}` === table?.value);
      for (const line of section.lines) this.#tableLine(line, users);
    }
  }

  #tableLine(line: Ptp4lLine, users: readonly PortDraft[]): void {
    switch (line.key) {
      case 'table_id':
      case 'peer_address':
        return;
      case 'logQueryInterval':
        for (const { tree } of users) {
          put(tree, ['boundary', 'unicastQuerySeconds'], Math.max(1, 2 ** Number(line.value)));
        }
        return;
      case 'UDPv4':
      case 'UDPv6':
      case 'L2':
        this.#master(line, users);
        return;
      default:
        this.unknown.push({ line: line.line, key: line.key, text: 'is not known in a table' });
    }
  }

  /** As ptp4l, of a table a port takes the masters of its own transport. */
  #master({ line, key, value }: Ptp4lLine, users: readonly PortDraft[]): void {
    const { isOne, what, transport } = MASTERS[key as keyof typeof MASTERS];
    if (!isOne(value)) {
      this.refused.push({ line, key, text: `'${value}' is no ${what}` });
      return;
    }
    const master = transport === 'ethernet' ? { mac: value } : { ip: value };
    const takers = users.filter(({ tree }) => boundaryOf(tree)['transport'] === transport);
    for (const { tree } of takers) add(tree, master);
    if (takers.length === 0) {
      this.notes.push({ line, key, text: 'is of another transport than the ports of its table' });
    }
  }

  #agentFile(ports: readonly PortDraft[], { target }: ImportOptions): Record<string, unknown> {
    const { mode, logLevel, instance, clock, management } = this.#draft;
    const profile = profileOf(this.#draft, ports);
    const isExternal = ports.some((port) => port.isExternal);
    const role = instance['slaveOnly'] === true ? 'slave' : 'master';
    return {
      target,
      logLevel,
      ...(Object.keys(clock).length > 0 && { clock }),
      ...(Object.keys(management).length > 0 && { management }),
      ...(mode === 'boundary' && {
        instance: { profile, ...instance, ...(isExternal && { externalPortConfiguration: true }) },
      }),
      ports: ports.map((port, i) => portFile(port, i + 1, mode, profile, isExternal ? role : null)),
    };
  }
}

function profileOf({ isTelecom }: Draft, ports: readonly PortDraft[]): ProfileName {
  const all = (is: (port: PortDraft) => boolean): boolean => ports.length > 0 && ports.every(is);
  if (isTelecom) {
    const isEthernet = all(({ tree }) => boundaryOf(tree)['transport'] === 'ethernet');
    return isEthernet ? 'g8275.1' : 'g8275.2';
  }
  return all(({ mechanism }) => mechanism === 'p2p') ? 'default-p2p' : 'default-e2e';
}

function boundaryOf(tree: Record<string, unknown>): Record<string, unknown> {
  return (tree['boundary'] ??= {}) as Record<string, unknown>;
}

function add(tree: Record<string, unknown>, master: Readonly<Record<string, string>>): void {
  const boundary = boundaryOf(tree);
  const masters = (boundary['unicastMasters'] ??= []) as unknown[];
  masters.push(master);
}

function portFile(
  { name, tree, mechanism, step, masterTable }: PortDraft,
  number: number,
  mode: Draft['mode'],
  profile: string,
  desiredState: 'master' | 'slave' | null,
): Record<string, unknown> {
  const { boundary, peerDelay, ...rest } = tree as Record<string, Record<string, unknown>>;
  const isP2p = mechanism === 'p2p';
  // ptp4l's file of all keys has it for nobody.
  if (masterTable === null) delete boundary?.['unicastDurationSeconds'];
  const head = { number, name, ptp: mode };
  if (mode !== 'boundary') return { ...head, step, ...rest, peerDelay };
  const isProfiles = mechanism === (profile === 'default-p2p' ? 'p2p' : 'e2e');
  return {
    ...head,
    ...rest,
    ...(isP2p && { peerDelay: { enabled: true, ...peerDelay } }),
    boundary: {
      ...boundary,
      ...(!isProfiles && { delayMechanism: mechanism }),
      ...(desiredState !== null && { desiredState }),
      step,
    },
  };
}

const HEAD =
  ' Made from a configuration of ptp4l. Give the ports an "address" if PTP goes over UDP.';

export function importPtp4l(text: string, options: ImportOptions): Imported {
  const importer = new Importer();
  const file = importer.import(text, options);
  let yaml = written(file);
  let problems = problemsOf(yaml);
  if (problems.length > 0 && file['instance'] !== undefined) {
    // ptp4l lets a profile's ranges be left; so do we, if asked to.
    const outside = { ...(file['instance'] as object), outsideProfile: true };
    const relaxed = written({ ...file, instance: outside });
    if (problemsOf(relaxed).length < problems.length) {
      yaml = relaxed;
      problems = problemsOf(relaxed);
    }
  }
  const { unknown, refused, notes } = importer;
  return { yaml, unknown, refused, notes: inOrder(notes), problems };
}

function written(file: Record<string, unknown>): string {
  return `#${HEAD}\n${stringify(file)}`;
}

function problemsOf(yaml: string): readonly string[] {
  const parsed = parseConfig('agent.yaml', yaml);
  return parsed.ok ? [] : parsed.errors.map(formatConfigError);
}

function inOrder(remarks: readonly ImportRemark[]): readonly ImportRemark[] {
  return [...remarks].sort((a, b) => a.line - b.line);
}
