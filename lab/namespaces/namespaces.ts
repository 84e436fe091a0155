/**
 * Network namespaces without names. Each lives as long as the process that holds it, and that
 * process ends with us whichever way we go: its standard input is our pipe, and the kernel kills it
 * when we die. So a crash leaves nothing behind, and two labs never meet.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { LabError } from '../lab-error.js';
import { runCommand } from './commands.js';

/** Kills the child when the thread that started it ends, even by SIGKILL. */
export const DIE_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL'] as const;

export interface Namespace {
  readonly label: string;
  /** The process that holds it. */
  readonly pid: number;
  /** A command as it is run inside. */
  inside(argv: readonly string[]): string[];
  close(): Promise<void>;
}

async function holderIsReady(holder: ChildProcess): Promise<void> {
  const stdout = holder.stdout;
  if (stdout === null) throw new Error('the holder has no output');
  let said = '';
  holder.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const first = await Promise.race([
    once(stdout, 'data').then(() => 'ready' as const),
    once(holder, 'close').then(() => 'closed' as const),
    once(holder, 'error').then(() => 'closed' as const),
  ]);
  if (first === 'closed') {
    throw new LabError('command-failed', `cannot make a network namespace: ${said.trim()}`);
  }
}

/** Makes a namespace with its loopback interface up and IPv6 off. */
export async function openNamespace(label: string): Promise<Namespace> {
  const holder = spawn(
    DIE_WITH_PARENT[0],
    [...DIE_WITH_PARENT.slice(1), 'unshare', '--net', 'sh', '-c', 'echo ready; exec cat'],
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  await holderIsReady(holder);
  const pid = holder.pid ?? 0;
  const namespace: Namespace = {
    label,
    pid,
    inside: (argv) => ['nsenter', '--target', String(pid), '--net', '--', ...argv],
    close: async () => {
      if (holder.exitCode !== null || holder.signalCode !== null) return;
      const closed = once(holder, 'close');
      holder.kill('SIGKILL');
      await closed;
    },
  };
  await runCommand(namespace.inside(['ip', 'link', 'set', 'lo', 'up']));
  return namespace;
}
