/** A row of switches in Mininet: lab/mininet/timeplane_row.py as a process, and what it said of its nodes. */
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../lab-error.js';
import { tryCommand } from '../namespaces/commands.js';
import { hasProgram } from '../namespaces/sandbox.js';
import { timeplane } from './agent.js';
import { projectRoot } from './helpers.js';
import { startProcess, type ManagedProcess } from './managed-process.js';

const READY_TIMEOUT_MS = 30_000;
/** For Mininet to take down its links, and every switch to end. */
const STOP_GRACE_MS = 30_000;
const PROGRAMS = ['mn', 'mnexec'];

/** Of the text of `mn`, which is a Python program: whoever runs that has Mininet's modules. */
export function interpreterOf(text: string): readonly string[] {
  const words = /^#!\s*(.+)/.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  return words.length === 0 ? ['python3'] : words;
}

function interpreter(): readonly string[] {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      return interpreterOf(readFileSync(join(directory, 'mn'), 'utf8'));
    } catch {
      continue;
    }
  }
  return ['python3'];
}

/** Why there can be no Mininet here; empty where there can. To be asked where the row would be made. */
export async function mininetObstacle(): Promise<string> {
  const missing = PROGRAMS.filter((name) => !hasProgram(name));
  if (missing.length > 0) {
    return `${missing.join(' and ')} not installed (sudo apt-get install mininet)`;
  }
  const result = await tryCommand([...interpreter(), '-c', 'import mininet.net']);
  if (result.code === 0) return '';
  const said = result.stderr.trim().split('\n').at(-1) ?? '';
  return `${interpreter().join(' ')} cannot load Mininet: ${said}`;
}

/** "2.3.0"; empty where it does not say. */
export async function mininetVersion(): Promise<string> {
  if (!hasProgram('mn')) return '';
  const { stdout, stderr } = await tryCommand(['mn', '--version']);
  return /\d+(\.\d+)+\S*/.exec(stdout || stderr)?.[0] ?? '';
}

const nodesSchema = z.record(
  z.string(),
  z.strictObject({
    /** The shell that holds its namespace. */
    pid: z.number().int().positive(),
    /** Port 1 first. */
    ports: z.array(z.strictObject({ name: z.string(), mac: z.string() })),
  }),
);

export type MininetNodes = z.infer<typeof nodesSchema>;
export type MininetNode = MininetNodes[string];

/** The first line of timeplane_row.py. @throws LabError where it is another. */
export function parseNodes(line: string): MininetNodes {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  const parsed = nodesSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LabError('command-failed', `Mininet's row said something else: ${line.slice(0, 200)}`);
}

export interface SwitchStart {
  /** Further arguments of `timeplane switch`. */
  readonly arguments: readonly string[];
  /** Of its agent, as a value. */
  readonly config: unknown;
}

export interface MininetRow {
  readonly process: ManagedProcess;
  readonly nodes: MininetNodes;
  /** Switches with their agents, from the grandmaster's side on; resolves when all are configured. */
  start(switches: readonly SwitchStart[], oneByOne: boolean): Promise<void>;
}

export type MininetMode = 'transparent' | 'boundary' | 'switch';

const quoted = (word: string) => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Makes hosts, links and switches, which are not started yet. Throws LabError. */
export async function startMininetRow(
  switches: number,
  mode: MininetMode,
  onStart: (process: ManagedProcess) => void,
): Promise<MininetRow> {
  const obstacle = await mininetObstacle();
  if (obstacle !== '') throw new LabError('precondition', obstacle);
  const script = join(projectRoot(), 'lab', 'mininet', 'timeplane_row.py');
  const row = startProcess({
    label: 'the row in Mininet',
    argv: [
      ...['env', 'PYTHONDONTWRITEBYTECODE=1', `TIMEPLANE=${timeplane().map(quoted).join(' ')}`],
      ...[...interpreter(), script, String(switches), mode],
    ],
    hasInput: true,
    stopGraceMs: STOP_GRACE_MS,
  });
  onStart(row);
  const nodes = parseNodes(await row.line(/^\{/, READY_TIMEOUT_MS));
  const start = async (started: readonly SwitchStart[], oneByOne: boolean) => {
    row.tell(JSON.stringify({ oneByOne, switches: started }));
    await row.line(/^\{"ready"/, READY_TIMEOUT_MS * Math.max(1, started.length));
  };
  return { process: row, nodes, start };
}
