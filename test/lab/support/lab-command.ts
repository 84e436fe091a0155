/** Runs `timeplane lab …` as a user does, and looks at what it leaves behind. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '#lab/peers/helpers';
import { extendPath, hasProgram } from '#lab/namespaces/sandbox';

export const CLI = join(projectRoot(), 'dist', 'control-plane', 'cli', 'main.js');

/** Why it cannot run here; empty where it can. */
export function labObstacle(): string {
  extendPath();
  const programs = ['ptp4l', 'ip', 'tc', 'ethtool', 'setpriv'].filter((name) => !hasProgram(name));
  if (programs.length > 0) return `${programs.join(', ')} not installed`;
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const probe = spawnSync('unshare', [...user, '--net', 'true']);
  return probe.status === 0 ? '' : 'no right to make network namespaces';
}

export interface LabRun {
  readonly lab: ChildProcess;
  readonly output: () => string;
}

/** Its temporary files go to `directory`. */
export function startLab(directory: string, ...args: string[]): LabRun {
  const lab = spawn(process.execPath, [CLI, 'lab', ...args], {
    env: { ...process.env, TMPDIR: directory, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [lab.stdout, lab.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  return { lab, output: () => text };
}

export async function exitCodeOf(lab: ChildProcess): Promise<number | null> {
  if (lab.exitCode === null && lab.signalCode === null) await once(lab, 'close');
  return lab.exitCode;
}

/** Programs started by the lab under test: they have inherited its directory. */
export function labProcesses(directory: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
        return environment.includes(`TIMEPLANE_LAB_DIRECTORY=${directory}`);
      } catch {
        return false;
      }
    });
}

export async function until(condition: () => boolean, what: () => string): Promise<void> {
  const end = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`did not come: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
