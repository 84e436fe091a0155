/** The agent's configuration: YAML with a schema. Every error tells file, line, column and key. */
import { readFile, readlink, stat } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import type { SwitchSettings } from '#dataplane/settings';
import type { TargetKind } from '#p4rt/targets/targets';
import { fileErrorText } from '#units/file-error';
import { seconds, type Nanoseconds } from '#units/time';
import type { ConfigError } from './config-error.js';
import { issueErrors, type Source } from './config-report.js';
import { contradictions } from './config-rules.js';
import type { ClockDeviceSpec } from './clock-devices/open-clock-device.js';
import { AGENT_SCHEMA, type AgentFile, type LOG_LEVELS } from './config-schema.js';
import { toSettings } from './config-settings.js';
import { parseEndpoint, type Endpoint } from './endpoint.js';
import type { TlsFiles } from './tls-files.js';

export interface AgentConfig {
  readonly target: {
    readonly kind: TargetKind;
    readonly address: string;
    readonly deviceId: bigint;
    readonly electionId: bigint;
    /** Null for a switch on loopback. */
    readonly tls: TlsFiles | null;
  };
  readonly status: Endpoint;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly macTable: { readonly aging: Nanoseconds; readonly maxEntries: number };
  readonly settings: SwitchSettings;
  /** Clocks beside the dataplane's that follow PTP time. */
  readonly followers: readonly ClockDeviceSpec[];
}

export type ConfigResult =
  | { readonly ok: true; readonly value: AgentConfig }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

const MAX_FILE_OCTETS = 1024 * 1024;
const MACHINE_ID_FILE = '/etc/machine-id';
const NETWORK_NAMESPACE = '/proc/self/ns/net';

/** Reads and checks a configuration file. All errors that can be found at once are told at once. */
export async function loadConfig(file: string): Promise<ConfigResult> {
  const whole = { file, line: 1, column: 1, key: '', hint: '' };
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_OCTETS) {
      const found = `${size} octets`;
      return { ok: false, errors: [{ ...whole, found, expected: 'at most 1 MiB' }] };
    }
    return parseConfig(file, await readFile(file, 'utf8'), await hostId());
  } catch (error) {
    const found = fileErrorText(error);
    return { ok: false, errors: [{ ...whole, found, expected: 'a readable file' }] };
  }
}

/** Differs by machine and, since containers may share one, by network namespace. */
async function hostId(): Promise<string> {
  const parts = [readFile(MACHINE_ID_FILE, 'utf8'), readlink(NETWORK_NAMESPACE)];
  const known = await Promise.allSettled(parts);
  return known.map((part) => (part.status === 'fulfilled' ? part.value.trim() : '')).join('/');
}

/**
 * Checks the text of a configuration file; `file` is for messages, `hostId` tells this machine
 * from others where addresses have to be made up.
 */
export function parseConfig(file: string, text: string, hostId = ''): ConfigResult {
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
    const found = fileErrorText(error);
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
  if (errors.length > 0) return { ok: false, errors };
  return { ok: true, value: toConfig(parsed.data, hostId) };
}

function toConfig(file: AgentFile, hostId: string): AgentConfig {
  const status = parseEndpoint(file.status);
  if (status === null) throw new Error(`the schema let a bad address through: ${file.status}`);
  return {
    target: {
      kind: file.target.kind,
      address: file.target.address,
      deviceId: BigInt(file.target.deviceId),
      electionId: BigInt(file.target.electionId),
      tls: file.target.tls,
    },
    status,
    logLevel: file.logLevel,
    macTable: {
      aging: seconds(file.macTable.agingSeconds),
      maxEntries: file.macTable.maxEntries,
    },
    settings: toSettings(file, hostId),
    followers: file.instance?.followers ?? [],
  };
}
