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
  /** A line to its standard input, which it has where that was asked for. */
  tell(line: string): void;
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
  /** It is told things, and that input ends when we do. */
  readonly hasInput?: boolean;
  /** How long it may take to end when it is asked to. */
  readonly stopGraceMs?: number;
}

/** Starts a program in a session of its own, so that Ctrl-C reaches us alone and we end it. */
export function startProcess(options: ProcessOptions): ManagedProcess {
  const { label } = options;
  const argv = options.namespace?.inside(options.argv) ?? [...options.argv];
  const child = spawn(DIE_WITH_PARENT[0], [...DIE_WITH_PARENT.slice(1), ...argv], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  // Whoever has ended reads no more; that it has is seen elsewhere.
  child.stdin.on('error', () => undefined);
  if (options.hasInput !== true) child.stdin.end();
  const output = new Output();
  let ended = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    options.onLine?.(line);
    if (options.dataOutput !== true || output.tail.length === 0) output.remember(line);
  });
  createInterface({ input: child.stderr }).on('line', (line) => output.remember(line));
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      ended = true;
      resolve();
    };
    child.once('error', (error) => {
      output.remember(error.message);
      end();
    });
    child.once('close', end);
  });
  const line = async (pattern: RegExp, timeoutMs: number): Promise<string> => {
    const found = await output.line(pattern, exited, timeoutMs);
    if (found !== null) return found;
    throw ended
      ? deathOf(label, output.tail)
      : new LabError('not-ready', `${label} did not get ready: ${lastWords(output.tail)}`);
  };
  const stop = async () => {
    if (ended) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), options.stopGraceMs ?? STOP_GRACE_MS);
    await exited;
    clearTimeout(timer);
  };
  const hasExited = () => ended;
  const tail = () => output.tail;
  const tell = (text: string) => void child.stdin.write(`${text}\n`);
  return { label, pid: child.pid ?? 0, exited, hasExited, tail, line, tell, stop };
}

interface Waiter {
  readonly pattern: RegExp;
  readonly found: (line: string) => void;
}

/** The last lines of a program, and who waits for one. */
class Output {
  readonly tail: string[] = [];
  readonly #waiters = new Set<Waiter>();

  remember(line: string): void {
    this.tail.push(line);
    if (this.tail.length > TAIL_LINES) this.tail.shift();
    for (const waiter of this.#waiters) if (waiter.pattern.test(line)) waiter.found(line);
  }

  /** The first line that matches; null: there was none before the end, or the time was over. */
  async line(pattern: RegExp, ended: Promise<void>, timeoutMs: number): Promise<string | null> {
    const earlier = this.tail.find((text) => pattern.test(text));
    if (earlier !== undefined) return earlier;
    let timer: NodeJS.Timeout | undefined;
    let waiter: Waiter | undefined;
    const found = await Promise.race([
      new Promise<string>((resolve) => {
        waiter = { pattern, found: resolve };
        this.#waiters.add(waiter);
      }),
      ended.then(() => null),
      new Promise<null>((resolve) => (timer = setTimeout(resolve, timeoutMs, null))),
    ]);
    clearTimeout(timer);
    if (waiter !== undefined) this.#waiters.delete(waiter);
    return found;
  }
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
