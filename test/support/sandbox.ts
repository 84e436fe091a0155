/**
 * Network namespaces for one test: anonymous, held by processes of ours, as root or as an ordinary
 * user. The kernel ends the holders when the test's process dies, so nothing stays behind.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extendPath, hasProgram } from '#lab/namespaces/sandbox';

const HOLD = ['sh', '-c', 'ip link set lo up && echo ready && exec cat'];
const AS_USER = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];

/** Why namespaces cannot be made here; empty where they can. */
export function sandboxObstacle(): string {
  extendPath();
  const missing = ['ip', 'ethtool', 'unshare', 'nsenter', 'setpriv'].filter(
    (name) => !hasProgram(name),
  );
  if (missing.length > 0) return `${missing.join(', ')} not installed`;
  const probe = spawnSync('unshare', [...AS_USER, '--net', 'true']);
  return probe.status === 0 ? '' : 'no right to make network namespaces';
}

/** A program that runs inside, with all it has said. */
export class Program {
  readonly process: ChildProcess;
  output = '';
  readonly #argv: readonly string[];
  #wake: () => void = () => undefined;

  constructor(argv: readonly string[]) {
    this.#argv = argv;
    // With its parent's death, so that a test that is killed leaves nothing.
    this.process = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#wake();
      });
    }
    this.process.once('close', () => this.#wake());
  }

  get ended(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Waits until the output satisfies `test`. */
  async says(test: (output: string) => boolean, timeoutMs = 15_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!test(this.output)) {
      if (this.ended || Date.now() > deadline) {
        const state = this.ended ? 'ended' : 'does not say it';
        throw new Error(`${this.#argv.join(' ')} ${state}:\n${this.output}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async exitCode(): Promise<number | null> {
    if (!this.ended) await once(this.process, 'close');
    return this.process.exitCode;
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (!this.ended) this.process.kill(signal);
    return this.exitCode();
  }
}

/** A namespace for a switch, with stations in namespaces of their own around it. */
export class Sandbox {
  readonly #programs: Program[] = [];
  #centre = 0;

  async open(): Promise<void> {
    this.#centre = await this.#hold(['unshare', ...AS_USER, '--net', ...HOLD]);
  }

  async #hold(argv: readonly string[]): Promise<number> {
    const holder = new Program(argv);
    this.#programs.push(holder);
    await holder.says((output) => output.includes('ready'));
    return holder.process.pid ?? 0;
  }

  #inside(pid: number, argv: readonly string[]): string[] {
    const user = AS_USER.length === 0 ? [] : ['--user', '--preserve-credentials'];
    return ['nsenter', '--target', String(pid), ...user, '--net', '--', ...argv];
  }

  /** A program beside the switch, or in the namespace of `station`. */
  start(argv: readonly string[], station = this.#centre): Program {
    const program = new Program(this.#inside(station, argv));
    this.#programs.push(program);
    return program;
  }

  async run(argv: readonly string[], station = this.#centre): Promise<string> {
    const program = this.start(argv, station);
    program.process.stdin?.end();
    if ((await program.exitCode()) !== 0) throw new Error(`${argv.join(' ')}:\n${program.output}`);
    return program.output;
  }

  /** A namespace with one interface, whose other end is `port` beside the switch. */
  async station(port: string, mac: string, ipv4: string): Promise<number> {
    const pid = await this.#hold(this.#inside(this.#centre, ['unshare', '--net', ...HOLD]));
    const ends = `${port} type veth peer name eth0 address ${mac} netns ${pid}`;
    await this.run(`ip link add ${ends}`.split(' '));
    for (const where of [this.#centre, pid]) {
      const name = where === pid ? 'eth0' : port;
      // A switch in user space would see checksums that the kernel left for a NIC to finish.
      await this.run(`ethtool -K ${name} tx off rx off`.split(' '), where);
      await this.run(`ip link set ${name} addrgenmode none up`.split(' '), where);
    }
    await this.run(`ip address add ${ipv4}/24 dev eth0`.split(' '), pid);
    await this.run(['ip', 'route', 'add', '224.0.0.0/4', 'dev', 'eth0'], pid);
    return pid;
  }

  async close(): Promise<void> {
    for (const program of this.#programs.reverse()) await program.end();
  }
}
