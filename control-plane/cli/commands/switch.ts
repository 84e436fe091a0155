/** `timeplane switch`: the embedded P4Runtime switch. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { pino } from 'pino';
import { productVersion } from '#runtime/version';
import type { ListenAddress } from '#server/server';
import { isLoopback, parseAddress, parseListen } from '#server/server';
import type { RunningSwitch } from '#server/switch/switch';
import { startSwitch } from '#server/switch/switch';
import type { TlsFiles } from '#server/switch/tls';
import type {
  OscillatorOption,
  Parsed,
  PortOption,
  QueueOption,
} from '#server/switch/switch-options';
import {
  checkPorts,
  loopOptions,
  MAX_THREADS,
  parseOscillator,
  parsePort,
  parseProcessors,
  parseQueue,
} from '#server/switch/switch-options';
import { OperatorError } from '../operator-error.js';

interface Flags {
  readonly listen: ListenAddress;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly status?: ListenAddress;
  readonly deviceId: bigint;
  readonly cpuPort: number;
  readonly port: readonly PortOption[];
  readonly queue: readonly QueueOption[];
  readonly oscillator?: OscillatorOption;
  readonly pipelineCache?: string;
  readonly priority: 'normal' | 'realtime';
  readonly threads: number;
  readonly processor?: readonly number[];
  readonly keepPrivileges: boolean;
  readonly wait: number;
  readonly logLevel: string;
  readonly logMessages: number;
}

function address(parse: typeof parseListen) {
  return (text: string): ListenAddress => {
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    throw new InvalidArgumentError(parsed.error.message);
  };
}

/** All three files, or none, which loopback alone allows. */
function tlsOf({ listen, tlsCert, tlsKey, tlsClientCa }: Flags): TlsFiles | null {
  if (tlsCert !== undefined && tlsKey !== undefined && tlsClientCa !== undefined) {
    return { certificate: tlsCert, key: tlsKey, clientCa: tlsClientCa };
  }
  if (tlsCert === undefined && tlsKey === undefined && tlsClientCa === undefined) {
    if (isLoopback(listen)) return null;
    throw new OperatorError(`'${listen.host}' is not a loopback address, and there is no TLS`, {
      exitCode: 2,
      hint: 'give --tls-cert, --tls-key and --tls-client-ca, or listen on 127.0.0.1',
    });
  }
  const given = { '--tls-cert': tlsCert, '--tls-key': tlsKey, '--tls-client-ca': tlsClientCa };
  const missing = Object.entries(given).flatMap(([name, file]) =>
    file === undefined ? [name] : [],
  );
  const hint = 'TLS is mutual: clients without a certificate would be as good as no TLS';
  const message = `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing: --tls-cert, --tls-key and --tls-client-ca belong together`;
  throw new OperatorError(message, { exitCode: 2, hint });
}

function collect<T>(parse: (text: string) => Parsed<T>) {
  return (text: string, before: readonly T[]): readonly T[] => {
    const parsed = parse(text);
    if (parsed.ok) return [...before, parsed.value];
    throw new InvalidArgumentError(parsed.message);
  };
}

function oscillator(text: string): OscillatorOption {
  const parsed = parseOscillator(text);
  if (parsed.ok) return parsed.value;
  throw new InvalidArgumentError(parsed.message);
}

function processors(text: string): readonly number[] {
  const parsed = parseProcessors(text);
  if (parsed.ok) return parsed.value;
  throw new InvalidArgumentError(parsed.message);
}

function deviceId(text: string): bigint {
  if (/^\d{1,20}$/.test(text)) {
    const value = BigInt(text);
    if (value > 0n && value < 1n << 64n) return value;
  }
  throw new InvalidArgumentError('expected a number from 1 to 2^64 - 1 (0 means "not set")');
}

function wholeNumber(low: number, high: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`expected a whole number from ${low} to ${high}`);
  };
}

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. */
function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort(signal));
  }
  return controller.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

function readyLine(flags: Flags, running: RunningSwitch): string {
  const ports = flags.port.map(({ number, interfaceName }) => `${number}=${interfaceName}`);
  const status = running.statusPort === null ? 'none' : `${running.statusPort}`;
  return (
    `ready p4runtime=${flags.listen.host}:${running.port} device=${flags.deviceId} ` +
    `ports=${ports.join(',') || 'none'} status=${status} pipeline=none ` +
    `privileges=${running.privileges.join(',') || 'none'}\n`
  );
}

async function run(flags: Flags): Promise<void> {
  const loops = loopOptions(flags.threads, flags.priority, flags.processor ?? []);
  if (!loops.ok) throw new OperatorError(loops.message, { exitCode: 2 });
  const wrong = checkPorts(flags.port, flags.queue, flags.cpuPort, flags.threads);
  if (wrong !== null) throw new OperatorError(wrong, { exitCode: 2 });
  const log = pino({ name: 'switch', level: flags.logLevel }, pino.destination(2));
  // Before anything is opened: a signal during the start is not to leave anything behind either.
  const abort = abortOnSignal();
  const started = await startSwitch({
    listen: flags.listen,
    tls: tlsOf(flags),
    status: flags.status ?? null,
    deviceId: flags.deviceId,
    cpuPort: flags.cpuPort,
    ports: flags.port,
    queues: flags.queue,
    oscillator: flags.oscillator ?? null,
    loops: loops.value,
    pipelineCache: flags.pipelineCache ?? null,
    logMessages: flags.logMessages,
    keepPrivileges: flags.keepPrivileges,
    waitMs: flags.wait * 1000,
    version: productVersion(),
    log,
    abort,
  });
  if (!started.ok && abort.aborted) return;
  if (!started.ok) throw new OperatorError(started.error.message, { hint: started.error.hint });
  process.stdout.write(readyLine(flags, started.value));
  await aborted(abort);
  log.info({ signal: String(abort.reason) }, 'stopping');
  await started.value.close();
}

const DEFAULT_LISTEN = '127.0.0.1:9559';

const EXAMPLE = `
Ports: after the name (1=eth1,io=xdp,stamps=software) io is how frames come and go: auto; packet,
AF_PACKET alone; xdp, AF_XDP both ways. stamps is whose times they have: software, the kernel's;
hardware, the card's; auto, the card's where it stamps all that PTP needs. thread is the packet loop,
from 0 on, that receives and sends for it (auto: the one with the fewest ports).

Queues: rate (100Mbit; 0: not limited), bound of each priority (256KiB), priorities (1 to 8), and
overhead, the octets that the rate counts beside each frame (24: FCS, preamble and gap).

Oscillator: offset from the system's clock (-3.2ms), ppm by which it is faster (12.5), wander (0.5: ppb
that its rate changes by in a second, at random), seed. For labs: the system's clock stays the truth.

Example:
  $ timeplane switch --port 1=veth1 --port 2=veth2 --queue 2:rate=100Mbit,bound=256KiB

The switch forwards nothing until a controller has set a pipeline ("timeplane agent" does). It
listens on loopback addresses, and on others with TLS where controllers show a certificate, too:
  $ timeplane switch --listen 0.0.0.0:9559 --tls-cert switch.pem --tls-key switch.key \\
      --tls-client-ca controllers.pem --port 1=eth1
`;

export function register(program: Command): void {
  program
    .command('switch')
    .summary('run the embedded P4Runtime switch')
    .description('Runs a P4 switch on Linux interfaces, driven over P4Runtime.')
    .addOption(
      new Option('--listen <host:port>', 'P4Runtime address')
        .argParser(address(parseAddress))
        .default(address(parseAddress)(DEFAULT_LISTEN), DEFAULT_LISTEN),
    )
    .option('--tls-cert <file>', 'its certificate: needed for any address but loopback')
    .option('--tls-key <file>', 'and the key')
    .option('--tls-client-ca <file>', 'who signs the certificates of controllers')
    .addOption(
      new Option('--device-id <number>', 'P4Runtime device id')
        .argParser(deviceId)
        .default(1n, '1'),
    )
    .option('--cpu-port <port>', "the controller's port", wholeNumber(1, 510), 510)
    .addOption(
      new Option('--port <number=interface,...>', 'a port; repeat it (see below)')
        .argParser(collect(parsePort))
        .default([], 'none'),
    )
    .addOption(
      new Option('--queue <port:key=value,...>', 'an egress queue; repeat it (see below)')
        .argParser(collect(parseQueue))
        .default([], 'not limited'),
    )
    .addOption(
      new Option(
        '--oscillator <key=value,...>',
        'let its clock run on an oscillator of its own (see below)',
      ).argParser(oscillator),
    )
    .option('--status <host:port>', 'serve /status.json and /metrics there', address(parseListen))
    .option('--pipeline-cache <directory>', 'where compiled pipelines are kept')
    .addOption(
      new Option('--priority <name>', 'of the packet loops; realtime needs CAP_SYS_NICE')
        .choices(['normal', 'realtime'])
        .default('normal'),
    )
    .option('--threads <number>', 'packet loops', wholeNumber(1, MAX_THREADS), 1)
    .addOption(
      new Option(
        '--processor <number,...>',
        'the packet loops have these, one each, the rest of the switch the others',
      ).argParser(processors),
    )
    .option('--keep-privileges', 'do not give up capabilities that are not needed any more', false)
    .option('--wait <seconds>', 'wait for missing interfaces', wholeNumber(0, 86_400), 0)
    .addOption(
      new Option('--log-level <level>', 'on standard error')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    )
    .option(
      '--log-messages <number>',
      "of the program's messages (log_msg), so many a second are logged",
      wholeNumber(0, 100_000),
      1000,
    )
    .addHelpText('after', EXAMPLE)
    .action((flags: Flags) => run(flags));
}
