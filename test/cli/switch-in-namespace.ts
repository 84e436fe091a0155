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

/**
 * Runs a shell script in a new network namespace; `$SWITCH` starts the command, `until_in TEXT FILE` waits
 * until a log has a line.
 */
export function inNamespace(script: string, env: NodeJS.ProcessEnv = {}): Outcome {
  const prologue = `
    set -u
    ip link set lo up
    SWITCH="${process.execPath} ${MAIN} switch"
    # What is said there is to come: sleeping instead is too short on some machine.
    until_in() { timeout 40 sh -c 'until grep -q "$1" "$2"; do sleep 0.05; done' sh "$1" "$2"; }
    untilReady() { until_in ^ready out.log; }
    taken() {
      node -e 'require("net").createServer().listen('$1', "127.0.0.1", () => console.log("ready"))' > taken.log &
      until_in ^ready taken.log
    }
    cd "$(mktemp -d)"; trap 'rm -rf "$PWD"' EXIT
  `;
  const run = spawnSync('unshare', [...user, '--net', 'bash', '-c', prologue + script], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', ...env },
    timeout: 85_000,
  });
  return { status: run.status, out: run.stdout, err: run.stderr };
}
