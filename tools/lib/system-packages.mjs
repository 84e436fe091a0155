/** The system packages: what each job needs, what is missing, and how it gets here. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { SetupError, bold, runAttached, runQuietly, say, step, tail, warn } from './console.mjs';
import { root, which } from './files.mjs';

/**
 * `needs`: the programs (or, with a slash, files) by which a tool is known to be there. `jobs`: the
 * jobs that cannot do without it; elsewhere it is only recommended. Debian's and Fedora's names.
 */
const TOOLS = [
  {
    what: 'a C compiler',
    needs: ['cc', '/usr/include/stdio.h', '/usr/include/linux/if_packet.h'],
    debian: ['gcc', 'libc6-dev'],
    fedora: ['gcc', 'glibc-devel', 'kernel-headers'],
    for: 'the packet engine',
    jobs: ['build', 'start', 'test', 'bench'],
    wantedBy: [],
  },
  {
    what: 'ptp4l and pmc',
    needs: ['ptp4l', 'pmc'],
    debian: ['linuxptp'],
    fedora: ['linuxptp'],
    for: 'real PTP clocks in the lab',
    jobs: ['start'],
    wantedBy: ['test'],
  },
  {
    what: 'ip and tc',
    needs: ['ip', 'tc'],
    debian: ['iproute2'],
    fedora: ['iproute', 'iproute-tc'],
    for: 'the lab’s links',
    jobs: ['start', 'bench'],
    wantedBy: ['test'],
  },
  {
    what: 'ethtool',
    needs: ['ethtool'],
    debian: ['ethtool'],
    fedora: ['ethtool'],
    for: 'the lab’s links: checksum offload',
    jobs: ['start', 'bench'],
    wantedBy: ['test'],
  },
  {
    what: 'unshare, nsenter and setpriv',
    needs: ['unshare', 'nsenter', 'setpriv'],
    debian: ['util-linux'],
    fedora: ['util-linux'],
    for: 'network namespaces',
    jobs: ['start', 'bench'],
    wantedBy: ['test'],
  },
  {
    what: 'tshark',
    needs: ['tshark'],
    debian: ['tshark'],
    fedora: ['wireshark-cli'],
    for: 'reading frames independently in the tests',
    jobs: [],
    wantedBy: ['test'],
  },
  {
    what: 'clang',
    needs: ['clang'],
    debian: ['clang', 'libclang-rt-dev'],
    fedora: ['clang', 'compiler-rt'],
    for: 'fuzzing the packet engine in the tests',
    jobs: [],
    wantedBy: ['test'],
  },
  {
    what: 'Mininet',
    needs: ['mn', 'mnexec'],
    debian: ['mininet'],
    // Fedora has no package of it.
    fedora: [],
    for: 'our switch in Mininet, in the tests',
    jobs: [],
    wantedBy: ['test'],
  },
];

/** A compiler without a C library's headers is Debian's gcc without what it only recommends. */
const isThere = (need) => (need.startsWith('/') ? existsSync(need) : which(need) !== null);

/** The tools that `job` needs or wants and that are not here. */
export function missingTools(job) {
  const debianLike = which('apt-get') !== null;
  return TOOLS.filter((tool) => tool.jobs.includes(job) || tool.wantedBy.includes(job))
    .filter((tool) => debianLike || tool.fedora.length > 0)
    .map((tool) => ({
      ...tool,
      // Headers may live elsewhere on other systems: there, the compiler's own word counts.
      missing: tool.needs.filter(
        (need) =>
          (debianLike || !need.startsWith('/')) &&
          !(need === 'cc' && process.env.CC) &&
          !isThere(need),
      ),
      required: tool.jobs.includes(job),
    }))
    .filter((tool) => tool.missing.length > 0);
}

const aptInstall = ['apt-get', 'install', '--yes', '--no-install-recommends'];

/** Installs what `job` misses where that is allowed; else says how, and throws if it cannot do without. */
export async function installSystemPackages(job) {
  const missing = missingTools(job);
  if (missing.length === 0) return;
  say('Missing on this machine:');
  for (const tool of missing) {
    say(`  ${tool.missing.join(', ')}: for ${tool.for} (Debian package: ${tool.debian.join(' ')})`);
  }
  const way = which('apt-get') === null ? null : await wayToRoot();
  if (way !== null) {
    const packages = missing.flatMap((tool) => tool.debian);
    say(`About to install with apt-get: ${bold(packages.join(' '))}`);
    if (way.agreed || (await ask(`Run “sudo ${aptInstall.join(' ')} …” now? [Y/n] `))) {
      await aptGet(way.prefix, packages, way.agreed);
    }
  }
  const left = missingTools(job);
  const required = left.filter((tool) => tool.required);
  if (required.length > 0) throw cannotGoOn(required, left);
  if (left.length === 0) return;
  const names = left.flatMap((tool) => tool.missing).join(', ');
  warn(
    `without ${names} the tests that need it are skipped. To have them run: ${howTo(left).join(' ')}`,
  );
}

/** How this user becomes root, or null. `agreed`: there is nobody to ask, and no need. */
async function wayToRoot() {
  if (process.getuid() === 0) return { prefix: [], agreed: true };
  if (which('sudo') === null) return null;
  if (process.env.CI) {
    const { code } = await runQuietly('sudo', ['-n', 'true']);
    return code === 0 ? { prefix: ['sudo', '-n'], agreed: true } : null;
  }
  if (process.stdin.isTTY && process.stderr.isTTY) return { prefix: ['sudo'], agreed: false };
  return null;
}

async function ask(question) {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  prompt.once('SIGINT', () => process.exit(130));
  try {
    return !/^n/i.test((await prompt.question(question)).trim());
  } finally {
    prompt.close();
  }
}

/** Debian keeps no package lists in its container images; without them nothing can be installed. */
const hasPackageLists = () => {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'));
  } catch {
    return false;
  }
};

async function aptGet(prefix, packages, quiet) {
  const run = async (label, args) => {
    // sudo drops the environment, so the setting is part of the command.
    const line = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...args];
    const [command, ...rest] = line;
    if (quiet) return step(label, () => runQuietly(command, rest, { cwd: root }));
    say(`${label} …`);
    return { code: await runAttached(command, rest, { cwd: root }), output: '' };
  };
  const update = () => run('refreshing the package lists (apt-get update)', ['apt-get', 'update']);
  const install = () => run(`installing ${packages.join(' ')}`, [...aptInstall, ...packages]);

  const fresh = !hasPackageLists();
  if (fresh) await update();
  let result = await install();
  if (result.code !== 0 && !fresh) {
    // Lists that are there but old name files that the mirrors no longer have.
    await update();
    result = await install();
  }
  if (result.code !== 0) {
    if (result.output !== '') say(tail(result.output));
    warn(`apt-get ended with code ${result.code}`);
  }
}

/** The commands that bring `tools`, for this kind of system. */
function howTo(tools) {
  const names = (family) => [...new Set(tools.flatMap((tool) => tool[family]))].join(' ');
  if (which('apt-get') !== null) {
    const sudo = process.getuid() === 0 ? '' : 'sudo ';
    return [
      `${sudo}apt-get update && ${sudo}apt-get install --no-install-recommends ${names('debian')}`,
    ];
  }
  if (which('dnf') !== null) return [`sudo dnf install ${names('fedora')}`];
  return [
    `install, with this system’s package manager, what brings ${tools.flatMap((tool) => tool.missing).join(', ')}`,
    `(Debian calls the packages: ${names('debian')}; Fedora: ${names('fedora')})`,
  ];
}

function cannotGoOn(required, all) {
  const names = required.flatMap((tool) => tool.missing).join(', ');
  return new SetupError(`this job cannot run without ${names}`, {
    where: `searched in ${process.env.PATH}`,
    fix: [...howTo(all), 'then run the same command again'],
  });
}

const setting = (path) => {
  try {
    return readFileSync(`/proc/sys/${path}`, 'utf8').trim();
  } catch {
    return null;
  }
};

/** What to do about a kernel that lets this user make no network namespace. */
function namespaceAdvice(job) {
  const advice = [];
  if (setting('kernel/unprivileged_userns_clone') === '0') {
    advice.push('sudo sysctl -w kernel.unprivileged_userns_clone=1');
  }
  if (setting('kernel/apparmor_restrict_unprivileged_userns') === '1') {
    advice.push('sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0');
  }
  if (setting('user/max_user_namespaces') === '0') {
    advice.push('sudo sysctl -w user.max_user_namespaces=10000');
  }
  if (process.getuid() !== 0)
    advice.push(`run as root: sudo npm ${job === 'bench' ? 'run bench' : job}`);
  advice.push(
    'in a container or chroot: start the container with --privileged, or run outside of it',
  );
  return advice;
}

/**
 * Whether, for `job`, this user can make a network namespace and a link in it, as root or through a user
 * namespace.
 * @returns {Promise<{ ok: true } | { ok: false, reason: string, advice: string[] }>}
 */
export async function checkNamespaces(job) {
  if (which('unshare') === null || which('ip') === null) {
    return { ok: false, reason: 'unshare or ip is missing', advice: [] };
  }
  // Some kernels grant the namespace and no rights in it: only making a link tells.
  const trial = ['ip', 'link', 'add', 'trial0', 'type', 'veth', 'peer', 'name', 'trial1'];
  const ways = process.getuid() === 0 ? [['-n'], ['-Urn']] : [['-Urn']];
  let reason = '';
  for (const way of ways) {
    const { code, output } = await runQuietly('unshare', [...way, ...trial]);
    if (code === 0) return { ok: true };
    reason = `unshare ${way.join(' ')}: ${output.trim().split('\n')[0] ?? `code ${code}`}`;
  }
  return { ok: false, reason, advice: namespaceAdvice(job) };
}
