/** The embedded switch, put together: engine, ports, P4Runtime server, status page. */
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { EngineFailure } from '#binding/result';
import { Engine, type LoopOptions } from '#binding/engine';
import type { OscillatorOptions } from '#binding/oscillator';
import { findCompiler } from '#binding/toolchain';
import type { DigestClock } from '../session/digest.js';
import { ProgramLog } from './program-log.js';
import { LinkSettingsKeeper } from './link-settings.js';
import { nativeBuilder } from '../config/native-builder.js';
import { neededPrivileges, reducePrivileges } from './privileges.js';
import type { ListenAddress, ListenError, RunningServer } from '../server.js';
import { startServer } from '../server.js';
import { P4RuntimeService } from '../service.js';
import { switchMetrics, switchReport, type ReportSource } from './status-report.js';
import { startStatusServer } from './status-server.js';
import type { TlsFiles } from './tls.js';
import type { PortOption, QueueOption } from './switch-options.js';
import { followLinks, linkStates, openPorts } from './switch-ports.js';

/** Where the switch tells what happens; pino's loggers fit. */
export interface SwitchLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface SwitchOptions {
  readonly listen: ListenAddress;
  /** Null: none, which loopback alone allows. */
  readonly tls: TlsFiles | null;
  readonly status: ListenAddress | null;
  readonly deviceId: bigint;
  readonly cpuPort: number;
  readonly ports: readonly PortOption[];
  readonly queues: readonly QueueOption[];
  /** Of the dataplane's clock; null: it is the system's. */
  readonly oscillator: OscillatorOptions | null;
  /** Of each packet loop. */
  readonly loops: readonly LoopOptions[];
  readonly pipelineCache: string | null;
  /** Of what programs log, so many messages a second are written; 0: none. */
  readonly logMessages: number;
  /** Else those that are not needed any more are given up, for the whole process. */
  readonly keepPrivileges: boolean;
  /** How long to wait for interfaces that are not there yet. */
  readonly waitMs: number;
  readonly version: string;
  readonly log: SwitchLog;
  /** Ends the wait for interfaces; a switch that runs is ended by its `close`. */
  readonly abort: AbortSignal;
}

/** What an operator can mend: `message` says what is wrong, `hint` what to do. */
export interface SwitchFailure {
  readonly message: string;
  readonly hint: string;
}

export type SwitchResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: SwitchFailure };

export interface RunningSwitch {
  /** Of P4Runtime. */
  readonly port: number;
  /** Of the status page; null without one. */
  readonly statusPort: number | null;
  /** Capabilities that the process holds, by name. */
  readonly privileges: readonly string[];
  readonly close: () => Promise<void>;
}

type Closer = () => Promise<void> | void;

/** Starts the switch without a pipeline. On failure everything that was opened is closed again. */
export async function startSwitch(options: SwitchOptions): Promise<SwitchResult<RunningSwitch>> {
  const closers: Closer[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  const started = await assemble(options, closers);
  if (!started.ok) {
    await close();
    return started;
  }
  return { ok: true, value: { ...started.value, close } };
}

async function assemble(
  options: SwitchOptions,
  closers: Closer[],
): Promise<SwitchResult<Omit<RunningSwitch, 'close'>>> {
  const { cpuPort, deviceId, log } = options;
  const cache = await checkCache(options.pipelineCache);
  if (!cache.ok) return cache;
  // It writes to standard error by itself what we report in our own words.
  setLogVerbosity(logVerbosity.NONE);
  const opened = Engine.open({ cpuPort, threads: options.loops.length });
  if (!opened.ok) return engineFailure(opened.error);
  const engine = opened.value;
  closers.push(() => engine.close());
  if (options.oscillator !== null) {
    const set = engine.setOscillator(options.oscillator);
    if (!set.ok) return engineFailure(set.error);
  }
  const portNames = new Map(
    options.ports.map(({ number, interfaceName }) => [number, interfaceName]),
  );
  const service = new P4RuntimeService({
    deviceId,
    cpuPort,
    engine,
    builder: nativeBuilder(options.pipelineCache),
    clock: SYSTEM_CLOCK,
    links: () => linkStates(options, engine),
    portNames: () => portNames,
    onAssertion: (assertion, port) =>
      log.warn({ assertion, port }, `${assertion} failed; the frame is dropped`),
  });
  const onBug = (error: unknown): void => log.error({ err: error }, 'a bug in the switch');
  // First, since it is the failure that is cheapest to find: a switch that runs already.
  const server = await startServer(service, options.listen, onBug, options.tls);
  if (!server.ok) return listenFailure(server.error, '--listen');
  closers.push(server.value.close);
  const links = new LinkSettingsKeeper(engine, log);
  closers.push(() => links.restore());
  const ports = await openPorts(options, engine, links);
  if (!ports.ok) return ports;
  followLinks(options, engine, links);
  const programLog = startProgramLog(options, engine, service, closers);
  const status = await startStatus(options, { engine, service, programLog }, onBug);
  if (!status.ok) return status;
  if (status.value !== null) closers.push(status.value.close);
  const running = startLoops(options, engine);
  if (!running.ok) return running;
  const privileges = options.keepPrivileges
    ? engine.privileges()
    : reducePrivileges(engine, neededPrivileges(options.ports, links.hasChanges), log);
  await warnWithoutCompiler(log);
  return {
    ok: true,
    value: { port: server.value.port, statusPort: status.value?.port ?? null, privileges },
  };
}

/** With those above it. Node's own way of that never ends where the kernel makes none, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  const make = () => mkdir(folder, { mode: 0o700 });
  try {
    await make();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await make();
  }
}

/** A folder that was asked for has to be one, before a controller finds out that it is not. */
async function checkCache(folder: string | null): Promise<SwitchResult<void>> {
  if (folder === null) return { ok: true, value: undefined };
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK | constants.X_OK);
    return { ok: true, value: undefined };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = 'compiled pipelines are kept there: name a folder that can be written';
    return { ok: false, error: { message: `--pipeline-cache: ${why}`, hint } };
  }
}

function startLoops({ loops }: SwitchOptions, engine: Engine): SwitchResult<void> {
  const refused = loops.map((loop) => engine.setLoop(loop)).find((set) => !set.ok);
  const started = refused ?? engine.start();
  if (started.ok) return started;
  const { code, message } = started.error;
  const which = loops.flatMap(({ processor }) => (processor === null ? [] : [processor])).join(',');
  const text = code === 'OUT_OF_RANGE' ? `--processor ${which}: ${message}` : message;
  return { ok: false, error: { message: text, hint: LOOP_HINTS[code] ?? '' } };
}

/** Beside what the engine's message says already. */
const LOOP_HINTS: Partial<Readonly<Record<EngineFailure['code'], string>>> = {
  NO_PERMISSION: '--priority realtime needs CAP_SYS_NICE: run as root, or leave it out',
  OUT_OF_RANGE: 'nproc --all says how many there are, taskset -p $$ which may be used',
};

function engineFailure({ message }: EngineFailure): SwitchResult<never> {
  return { ok: false, error: { message, hint: '' } };
}

function listenFailure({ code, message }: ListenError, option: string): SwitchResult<never> {
  const known = LISTEN_HINTS[code];
  if (known !== undefined) return { ok: false, error: { message, hint: known } };
  if (message.includes('EADDRINUSE')) {
    const hint =
      `another process listens there (ss -ltnp shows which): stop it, or choose another address ` +
      `with ${option}`;
    return { ok: false, error: { message, hint } };
  }
  const hint = message.includes('EACCES')
    ? `ports below 1024 need root: choose another with ${option}`
    : `choose another address with ${option}`;
  return { ok: false, error: { message, hint } };
}

const LISTEN_HINTS: Partial<Readonly<Record<ListenError['code'], string>>> = {
  NOT_LOOPBACK: 'give --tls-cert, --tls-key and --tls-client-ca, or listen on 127.0.0.1',
  BAD_TLS: 'all three files are PEM; the agent needs its own certificate, see docs/switch.md',
};

/** What programs log, in the switch's own log. */
function startProgramLog(
  { log, logMessages: perSecond }: SwitchOptions,
  engine: Engine,
  service: P4RuntimeService,
  closers: Closer[],
): ProgramLog {
  const programLog = new ProgramLog({
    read: () => engine.readLog(),
    layout: () => service.layout,
    nowMs: () => performance.now(),
    log,
    perSecond,
  });
  engine.beforeLoad(() => programLog.keep());
  closers.push(programLog.start());
  return programLog;
}

async function startStatus(
  options: SwitchOptions,
  parts: Pick<ReportSource, 'engine' | 'service' | 'programLog'>,
  onBug: (error: unknown) => void,
): Promise<SwitchResult<RunningServer | null>> {
  if (options.status === null) return { ok: true, value: null };
  const { version, deviceId, cpuPort, listen, queues } = options;
  const ports = options.ports.map((port) => ({
    ...port,
    queue: queues.find((queue) => queue.port === port.number) ?? null,
  }));
  const address = `${listen.host}:${listen.port}`;
  const source = { version, deviceId, cpuPort, listen: address, ...parts, ports };
  const pages = {
    json: () => switchReport(source),
    metrics: () => switchMetrics(switchReport(source)),
  };
  const started = await startStatusServer(pages, options.status, onBug);
  return started.ok ? started : listenFailure(started.error, '--status');
}

async function warnWithoutCompiler(log: SwitchLog): Promise<void> {
  const compiler = await findCompiler();
  if (!compiler.ok) log.warn({}, compiler.error.message);
}

const SYSTEM_CLOCK: DigestClock = {
  steadyNs: () => process.hrtime.bigint(),
  wallNs: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6)),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
