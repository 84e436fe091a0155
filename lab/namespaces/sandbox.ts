/**
 * The lab runs itself again in a network namespace of its own (for an ordinary user: in a user
 * namespace too). Everything it makes is below that, so nothing can leave and nothing stays.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { LabError } from '../lab-error.js';
import { tryCommand } from './commands.js';
import type { Namespace } from './namespaces.js';

/** Set inside the sandbox: the run's own directory for sockets and configuration. */
const DIRECTORY_VARIABLE = 'TIMEPLANE_LAB_DIRECTORY';

/** The run's directory, or undefined outside of the sandbox. */
export function sandboxDirectory(): string | undefined {
  return process.env[DIRECTORY_VARIABLE];
}

/** An ordinary user's PATH often lacks the directories where ptp4l, ip, tc and ethtool are. */
export function extendPath(): void {
  const present = (process.env['PATH'] ?? '').split(delimiter);
  const more = ['/usr/local/sbin', '/usr/sbin', '/sbin'].filter((dir) => !present.includes(dir));
  process.env['PATH'] = [...present, ...more].join(delimiter);
}

const pathDirectories = () => (process.env['PATH'] ?? '').split(delimiter);

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** True where a program of this name can be started. */
export function hasProgram(name: string): boolean {
  return pathDirectories().some((directory) => isExecutable(join(directory, name)));
}

/** A program as whoever reads it may type it: with its directory where an ordinary user's PATH lacks that. */
export function programWord(name: string, directories = pathDirectories()): string {
  const found = directories.filter((directory) => isExecutable(join(directory, name)));
  const isUsual = (directory: string) => !directory.endsWith('/sbin');
  const [first] = found;
  return first === undefined || found.some(isUsual) ? name : join(first, name);
}

const PACKAGE_OF: Readonly<Record<string, string>> = {
  ptp4l: 'linuxptp',
  ip: 'iproute2',
  tc: 'iproute2',
  ethtool: 'ethtool',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
};

/** What the lab needs of the machine; throws `precondition` naming what is missing. */
export function requirePrograms(): void {
  const missing = Object.keys(PACKAGE_OF).filter((name) => !hasProgram(name));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => PACKAGE_OF[name] ?? name))];
  throw new LabError(
    'precondition',
    `missing on this machine: ${missing.join(', ')}`,
    `install the Debian packages ${packages.join(' ')}: sudo apt-get install ${packages.join(' ')}`,
  );
}

const AS_ROOT = ['unshare', '--net'];
const AS_USER = ['unshare', '--user', '--map-root-user', '--net'];

/** The way in that works here: a try tells more than any look at the user id. */
async function wayIn(): Promise<readonly string[]> {
  const ways = process.getuid?.() === 0 ? [AS_ROOT, AS_USER] : [AS_USER];
  let said = '';
  for (const way of ways) {
    const probe = ['ip', 'link', 'add', 'name', 'try0', 'type', 'veth', 'peer', 'name', 'try1'];
    const result = await tryCommand([...way, ...probe]);
    if (result.code === 0) return way;
    said = result.stderr.trim();
  }
  throw new LabError(
    'precondition',
    `cannot make network namespaces with veth links: ${said}`,
    'run as root, or allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1 ' +
      'user.max_user_namespaces=10000 (on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0)',
  );
}

/** A UNIX socket's address has 108 octets, and a user's TMPDIR may have more than that. */
const TEMPORARY_MAX_OCTETS = 48;

function shortTemporary(): string {
  return Buffer.byteLength(tmpdir()) <= TEMPORARY_MAX_OCTETS ? tmpdir() : '/tmp';
}

const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs this same command line again inside; resolves to its exit code when it is over and the
 * run's directory is gone.
 */
export async function runInSandbox(): Promise<number> {
  const way = await wayIn();
  const directory = mkdtempSync(join(shortTemporary(), 'timeplane-lab-'));
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // SIGTERM lets the inner process clean up even when this one is killed outright.
  const child = spawn(way[0] ?? '', [...way.slice(1), 'setpriv', '--pdeathsig', 'TERM', ...self], {
    stdio: 'inherit',
    env: { ...process.env, [DIRECTORY_VARIABLE]: directory },
  });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of FORWARDED_SIGNALS) process.on(signal, forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 1));
    });
  } finally {
    for (const signal of FORWARDED_SIGNALS) process.off(signal, forward);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** How many datagrams may wait in a UNIX socket that the sandbox opens from now on. */
const DATAGRAM_QUEUE_LENGTH = '1024';

/**
 * The kernel's default is ten, which at 192 slave events a second is gone in 50 ms of somebody
 * else's work. Where it cannot be set, a busy machine loses a few samples.
 */
export function lengthenDatagramQueues(): void {
  try {
    writeFileSync('/proc/sys/net/unix/max_dgram_qlen', DATAGRAM_QUEUE_LENGTH);
  } catch {
    // A container may have mounted it read-only.
  }
}

/** The command that takes somebody from outside the sandbox into one of its namespaces. */
export function entrance(namespace: Namespace): string {
  const mapsAllUsers = /^\s*0\s+0\s+4294967295\s*$/.test(
    readFileSync('/proc/self/uid_map', 'utf8'),
  );
  const user = mapsAllUsers ? '' : ' --user --preserve-credentials';
  return `nsenter --target ${namespace.pid}${user} --net sh`;
}
