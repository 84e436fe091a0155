/** The agent's configuration: YAML with a schema. Every error tells file, line, column and key. */
import { readFile, stat } from 'node:fs/promises';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { MAX_SLOTS } from '#dataplane/program';
import type { PortSettings, SwitchSettings } from '#dataplane/settings';
import type { TargetKind } from '#p4rt/targets/targets';
import { portNumber, vlanId } from '#units/identity';
import { milliseconds, scaledFromNumber, seconds, type Nanoseconds } from '#units/time';
import { keyText, type ConfigError } from './config-error.js';
import type { LOG_LEVELS } from './config-schema.js';
import { AGENT_SCHEMA, parseEndpoint, type AgentFile, type Endpoint } from './config-schema.js';
import { suggestion } from './suggestion.js';

export interface AgentConfig {
  readonly target: {
    readonly kind: TargetKind;
    readonly address: string;
    readonly deviceId: bigint;
    readonly electionId: bigint;
  };
  readonly status: Endpoint;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly macTable: { readonly aging: Nanoseconds; readonly maxEntries: number };
  readonly settings: SwitchSettings;
}

export type ConfigResult =
  | { readonly ok: true; readonly value: AgentConfig }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

type Path = readonly PropertyKey[];

const MAX_FILE_OCTETS = 1024 * 1024;

/** Reads and checks a configuration file. All errors that can be found at once are told at once. */
export async function loadConfig(file: string): Promise<ConfigResult> {
  const whole = { file, line: 1, column: 1, key: '', hint: '' };
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_OCTETS) {
      const found = `${size} octets`;
      return { ok: false, errors: [{ ...whole, found, expected: 'at most 1 MiB' }] };
    }
    return parseConfig(file, await readFile(file, 'utf8'));
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { ok: false, errors: [{ ...whole, found, expected: 'a readable file' }] };
  }
}

/** Checks the text of a configuration file; `file` is for messages. */
export function parseConfig(file: string, text: string): ConfigResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  if (document.errors.length > 0) {
    const errors = document.errors.map((error) => ({
      ...at(error.pos[0]),
      key: '',
      found: error.message,
      expected: 'YAML',
      hint: '',
    }));
    return { ok: false, errors };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 50 });
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { ok: false, errors: [{ ...at(0), key: '', found, expected: 'few aliases', hint: '' }] };
  }
  const source: Source = { document, at };
  const parsed = AGENT_SCHEMA.safeParse(value);
  if (!parsed.success) {
    return {
      ok: false,
      errors: parsed.error.issues.flatMap((issue) => issueErrors(source, issue)),
    };
  }
  const errors = contradictions(source, parsed.data);
  return errors.length > 0 ? { ok: false, errors } : { ok: true, value: toConfig(parsed.data) };
}

interface Source {
  readonly document: Document;
  readonly at: (offset: number) => Pick<ConfigError, 'file' | 'line' | 'column'>;
}

function issueErrors(source: Source, issue: z.core.$ZodIssue): ConfigError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(source, issue.path, key));
  }
  const node = nodeAt(source, issue.path);
  const choices = issue.code === 'custom' ? choicesOf(issue.params) : [];
  const expected =
    issue.code === 'invalid_type' ? (TYPE_WORDS[issue.expected] ?? issue.expected) : issue.message;
  return [errorAt(source, issue.path, expected, meant(node, choices))];
}

const TYPE_WORDS: Readonly<Record<string, string>> = { object: 'a mapping', array: 'a list' };

function choicesOf(params: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const choices = params?.['choices'];
  return Array.isArray(choices) ? choices.filter((choice) => typeof choice === 'string') : [];
}

function meant(node: Node | null, choices: readonly string[]): string {
  if (!isScalar(node) || typeof node.value !== 'string') return '';
  return didYouMean(suggestion(node.value, choices));
}

function didYouMean(word: string | null): string {
  return word === null ? '' : `did you mean "${word}"?`;
}

function unknownKey(source: Source, parent: Path, key: string): ConfigError {
  const known = knownKeys(parent);
  const map = nodeAt(source, parent);
  const pair = isMap(map)
    ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
    : undefined;
  const offset = isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0;
  return {
    ...source.at(offset),
    key: keyText([...parent, key]),
    found: `the unknown key "${key}"`,
    expected: known.length === 0 ? 'no such key' : `one of ${known.join(', ')}`,
    hint: didYouMean(suggestion(key, known)),
  };
}

/** The keys that the schema has at `path`. */
function knownKeys(path: Path): string[] {
  let schema: unknown = AGENT_SCHEMA;
  for (const part of path) {
    const inner = unwrap(schema);
    if (typeof part === 'number') schema = inner?.element;
    else schema = inner?.shape?.[String(part)];
  }
  return Object.keys(unwrap(schema)?.shape ?? {});
}

interface SchemaView {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
}

/** Looks through a schema's default. A list has `unwrap` too, which is not meant here. */
function unwrap(schema: unknown): SchemaView | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  if ('shape' in schema || 'element' in schema) return schema as SchemaView;
  if ('unwrap' in schema && typeof schema.unwrap === 'function') {
    return unwrap((schema.unwrap as () => unknown)());
  }
  return schema;
}

function nodeAt(source: Source, path: Path): Node | null {
  const node: unknown =
    path.length === 0 ? source.document.contents : source.document.getIn(path, true);
  return isScalar(node) || isMap(node) || isSeq(node) ? node : null;
}

/** An error about the value at `path`, or about the nearest thing around what is not there. */
function errorAt(source: Source, path: Path, expected: string, hint = ''): ConfigError {
  const node = nodeAt(source, path);
  let around = path;
  let place = node;
  while (place === null && around.length > 0) {
    around = around.slice(0, -1);
    place = nodeAt(source, around);
  }
  const offset = place?.range?.[0] ?? 0;
  return { ...source.at(offset), key: keyText(path), found: foundText(node), expected, hint };
}

function foundText(node: Node | null): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node)) return 'nothing';
  return node.value === null ? 'nothing' : JSON.stringify(node.value);
}

/** What each value allows, but not together. */
function contradictions(source: Source, file: AgentFile): ConfigError[] {
  const errors: ConfigError[] = [];
  if (file.ports.length > MAX_SLOTS) {
    errors.push(errorAt(source, ['ports', MAX_SLOTS], `at most ${MAX_SLOTS} ports`));
  }
  for (const [i, port] of file.ports.entries()) {
    for (const key of ['number', 'name'] as const) {
      const first = file.ports.findIndex((other) => other[key] === port[key]);
      if (first < i) {
        errors.push(
          errorAt(source, ['ports', i, key], `a ${key} of its own (ports[${first}] has this one)`),
        );
      }
    }
    for (const [j, vlan] of port.vlan.tagged.entries()) {
      const path = ['ports', i, 'vlan', 'tagged', j];
      if (vlan === port.vlan.native) {
        errors.push(errorAt(source, path, 'a VLAN that is not the native one'));
      } else if (port.vlan.tagged.indexOf(vlan) < j) {
        errors.push(errorAt(source, path, 'each VLAN once'));
      }
    }
  }
  return errors;
}

function toConfig(file: AgentFile): AgentConfig {
  const status = parseEndpoint(file.status);
  if (status === null) throw new Error(`the schema let a bad address through: ${file.status}`);
  return {
    target: {
      kind: file.target.kind,
      address: file.target.address,
      deviceId: BigInt(file.target.deviceId),
      electionId: BigInt(file.target.electionId),
    },
    status,
    logLevel: file.logLevel,
    macTable: {
      aging: seconds(file.macTable.agingSeconds),
      maxEntries: file.macTable.maxEntries,
    },
    settings: { ports: file.ports.map(toPort), malformed: file.malformed },
  };
}

function toPort(port: AgentFile['ports'][number]): PortSettings {
  return {
    number: portNumber(port.number),
    name: port.name,
    ptp: port.ptp,
    ptpPriority: port.ptpPriority,
    instances: port.instances,
    timing: {
      ingressLatency: scaledFromNumber(port.timing.ingressLatencyNs),
      egressLatency: scaledFromNumber(port.timing.egressLatencyNs),
      delayAsymmetry: scaledFromNumber(port.timing.delayAsymmetryNs),
      residenceLimit:
        port.timing.residenceLimitMs === 0 ? null : milliseconds(port.timing.residenceLimitMs),
    },
    nativeVlan: port.vlan.native === 'none' ? null : vlanId(port.vlan.native),
    taggedVlans: port.vlan.tagged.map(vlanId),
  };
}
