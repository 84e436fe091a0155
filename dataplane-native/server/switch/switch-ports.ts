/** The ports of the switch: opened when it starts, looked after while it runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '#binding/engine';
import type { EngineFailure, EngineResult } from '#binding/result';
import type { LinkSettingsKeeper } from './link-settings.js';
import type { PortOption } from './switch-options.js';
import type { SwitchOptions, SwitchResult } from './switch.js';

const RETRY_MS = 250;
/** The kernel lets go of an AF_XDP socket that was closed only after a while. */
const BUSY_MS = 3_000;

/** Opens all ports, or none stays open. Waits for interfaces as the options say. */
export async function openPorts(
  options: SwitchOptions,
  engine: Engine,
  links: LinkSettingsKeeper,
): Promise<SwitchResult<void>> {
  for (const port of options.ports) {
    const opened = await openPort(options, port, () => settleAndAdd(engine, links, port));
    if (!opened.ok) return opened;
    if (port.thread !== null) {
      const given = engine.setThread(port.number, port.thread);
      if (!given.ok) return { ok: false, error: { message: given.error.message, hint: '' } };
    }
    const queue = options.queues.find((candidate) => candidate.port === port.number);
    if (queue === undefined) continue;
    const set = engine.setQueue(port.number, queue);
    if (!set.ok) return { ok: false, error: { message: set.error.message, hint: '' } };
  }
  return { ok: true, value: undefined };
}

function settleAndAdd(
  engine: Engine,
  links: LinkSettingsKeeper,
  port: PortOption,
): EngineResult<void> {
  const settled = links.settle(port);
  if (!settled.ok) return settled;
  const { number, interfaceName, io } = port;
  return engine.addPacketPort(number, interfaceName, { io, hasHardwareStamps: settled.value });
}

async function openPort(
  options: SwitchOptions,
  { number, io }: PortOption,
  open: () => EngineResult<void>,
): Promise<SwitchResult<void>> {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    const opened = open();
    if (opened.ok) return opened;
    const { code, message } = opened.error;
    const isBusy = io === 'xdp' && /busy/i.test(message);
    const limitMs = code === 'NO_SUCH_INTERFACE' ? options.waitMs : isBusy ? BUSY_MS : 0;
    if (waitedMs >= limitMs || options.abort.aborted) return failure(number, opened.error);
    if (waitedMs === 0 && !isBusy) options.log.warn({ port: number }, `${message}: waiting for it`);
    await sleep(RETRY_MS);
  }
}

/** Beside what the engine's message says already. */
const HINTS: Partial<Readonly<Record<EngineFailure['code'], string>>> = {
  NO_SUCH_INTERFACE: 'create it first, correct --port, or wait for it with --wait SECONDS',
  PORT_IN_USE: 'give each interface to one port only',
};

function failure(port: number, { code, message }: EngineFailure): SwitchResult<never> {
  return { ok: false, error: { message: `port ${port}: ${message}`, hint: HINTS[code] ?? '' } };
}

export function linkStates({ ports }: SwitchOptions, engine: Engine): Map<number, boolean> {
  return new Map(
    ports.map(({ number }) => {
      const counters = engine.portCounters(number);
      return [number, counters.ok && counters.value.linkUp === 1n];
    }),
  );
}

/** The engine takes an interface up again by itself when it comes back; its settings are ours. */
export function followLinks(
  { ports, log }: SwitchOptions,
  engine: Engine,
  links: LinkSettingsKeeper,
): void {
  const byNumber = new Map(ports.map((port) => [port.number, port]));
  engine.onMessage((message) => {
    if (message.kind !== 'portStatus') return;
    const port = byNumber.get(message.port);
    const fields = { port: message.port, interface: port?.interfaceName };
    if (message.up) {
      log.info(fields, 'the link is up');
      const settled = port === undefined ? null : links.settle(port);
      if (settled?.ok === false) log.warn(fields, settled.error.message);
    } else {
      log.warn(fields, 'the link is down, or the interface is gone: waiting for it');
    }
  });
}
