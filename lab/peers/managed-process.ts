/** A long-running program of the lab: watched, and gone when we are. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { LabError } from '../lab-error.js';
import { DIE_WITH_PARENT, type Namespace } from '../namespaces/namespaces.js';

const TAIL_LINES = 40;
const STOP_GRACE_MS = 2000;

export interface ManagedProcess {
  readonly label: string;
  readonly pid: number;
  /** Resolves when it has ended, for whatever reason. */
  readonly exited: Promise<void>;
  hasExited(): boolean;
  /** The last lines it printed, both streams. */
  tail(): readonly string[];
  /** The first line of output, printed or to come, that matches; throws when it ends before. */
  line(pattern: RegExp, timeoutMs: number): Promise<string>;
  /** SIGTERM, then SIGKILL after a grace. */
  stop(): Promise<void>;
}

export interface ProcessOptions {
  readonly label: string;
  readonly argv: readonly string[];
  readonly namespace?: Namespace;
  readonly onLine?: (line: string) => void;
  /** Keep nothing of standard output: for programs that print data. */
  readonly dataOutput?: boolean;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly found: (line: string) => void;
}

/** Starts a program in a session of its own, so that Ctrl-C reaches us alone and we end it. */
export function startProcess(options: ProcessOptions): ManagedProcess {
  const argv = options.namespace?.inside(options.argv) ?? [...options.argv];
  const child = spawn(DIE_WITH_PARENT[0], [...DIE_WITH_PARENT.slice(1), ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const tail: string[] = [];
  const waiters = new Set<Waiter>();
  let ended = false;

  const remember = (line: string) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    for (const waiter of waiters) if (waiter.pattern.test(line)) waiter.found(line);
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    options.onLine?.(line);
    if (options.dataOutput !== true || tail.length === 0) remember(line);
  });
  createInterface({ input: child.stderr }).on('line', remember);
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      ended = true;
      resolve();
    };
    child.once('error', (error) => {
      remember(error.message);
      end();
    });
    child.once('close', end);
  });

  const line = async (pattern: RegExp, timeoutMs: number): Promise<string> => {
    const earlier = tail.find((text) => pattern.test(text));
    if (earlier !== undefined) return earlier;
    let timer: NodeJS.Timeout | undefined;
    let waiter: Waiter | undefined;
    const found = await Promise.race([
      new Promise<string>((resolve) => {
        waiter = { pattern, found: resolve };
        waiters.add(waiter);
      }),
      exited.then(() => null),
      new Promise<null>((resolve) => (timer = setTimeout(resolve, timeoutMs, null))),
    ]);
    clearTimeout(timer);
    if (waiter !== undefined) waiters.delete(waiter);
    if (found !== null) return found;
    throw ended
      ? deathOf(options.label, tail)
      : new LabError('not-ready', `${options.label} did not get ready: ${lastWords(tail)}`);
  };

  const stop = async () => {
    if (ended) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
    await exited;
    clearTimeout(timer);
  };

  return {
    label: options.label,
    pid: child.pid ?? 0,
    exited,
    hasExited: () => ended,
    tail: () => tail,
    line,
    stop,
  };
}

const REASON_MAX_CHARACTERS = 240;

/** A line of our own programs' logs is JSON, and its message is what somebody wants to read. */
function messageOf(line: string): string {
  return /^\{.*"msg":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line;
}

/** The last different things that a program said. */
export function lastWords(tail: readonly string[]): string {
  const said = [...new Set(tail.map(messageOf))].slice(-2).join(' | ');
  if (said === '') return 'it said nothing';
  return said.length <= REASON_MAX_CHARACTERS ? said : `${said.slice(0, REASON_MAX_CHARACTERS)}…`;
}

function deathOf(label: string, tail: readonly string[]): LabError {
  return new LabError('process-died', `${label} ended: ${lastWords(tail)}`);
}

/** Throws `process-died` when one of them has ended though nobody asked it to. */
export function assertAllAlive(processes: readonly ManagedProcess[]): void {
  for (const process of processes) {
    if (process.hasExited()) throw deathOf(process.label, process.tail());
  }
}
