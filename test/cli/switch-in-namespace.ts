/** The command `timeplane switch` in a network namespace of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '#binding/paths';

const MAIN = join(packageRoot, 'dist', 'control-plane', 'cli', 'main.js');
const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
const canUnshare = spawnSync('unshare', [...user, '--net', 'ip', 'link']).status === 0;
/** Why that is not possible here, for a test's name; empty: it is. */
export const why = !existsSync(MAIN)
  ? ': needs the build (npm run build)'
  : canUnshare
    ? ''
    : ': needs network namespaces (unshare)';

export interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a shell script in a new network namespace; `$SWITCH` starts the command. */
export function inNamespace(script: string, env: NodeJS.ProcessEnv = {}): Outcome {
  const prologue = `
    set -u
    ip link set lo up
    SWITCH="${process.execPath} ${MAIN} switch"
    untilReady() { timeout 20 sh -c 'until grep -q ^ready out.log; do sleep 0.05; done'; }
    cd "$(mktemp -d)"; trap 'rm -rf "$PWD"' EXIT
  `;
  const run = spawnSync('unshare', [...user, '--net', 'bash', '-c', prologue + script], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', ...env },
    timeout: 60_000,
  });
  return { status: run.status, out: run.stdout, err: run.stderr };
}
