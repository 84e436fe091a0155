/** Veth pairs, and engines at both ends of them. */
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { Engine, type EngineOptions } from '#binding/engine';
import type { EngineMessage } from '#binding/messages';
import type { PortIo } from '#binding/link';
import type { OscillatorOptions } from '#binding/oscillator';
import { ACTIONS, engineLibrary, fixturePipeline, must, words } from '../harness.js';

export function ip(...args: string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}

/** Two connected interfaces that the kernel itself says nothing on; ones that another suite left go. */
export function addPair(a: string, b: string): void {
  spawnSync('ip', ['link', 'del', a]);
  ip('link', 'add', a, 'type', 'veth', 'peer', 'name', b);
  for (const name of [a, b]) ip('link', 'set', name, 'addrgenmode', 'none', 'up');
}

/** The kernel keeps an AF_XDP socket's queue for some milliseconds after the socket was closed. */
async function addPort(engine: Engine, port: number, name: string, io: PortIo): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const added = engine.addPacketPort(port, name, { io });
    if (added.ok || attempt === 100 || !/busy/i.test(added.error.message)) return must(added);
    await delay(10);
  }
}

/** An engine with the fixture, its loop running; messages are kept. */
export async function startEngine(
  ports: Readonly<Record<number, string>>,
  options: EngineOptions = {},
  oscillator?: OscillatorOptions,
  io: PortIo = 'auto',
) {
  const engine = must(Engine.open({ library: await engineLibrary(), ...options }));
  if (oscillator !== undefined) must(engine.setOscillator(oscillator));
  must(engine.load(await fixturePipeline()));
  for (const [port, name] of Object.entries(ports)) await addPort(engine, Number(port), name, io);
  const messages: EngineMessage[] = [];
  engine.onMessage((message) => messages.push(message));
  must(engine.start());
  /** Frames to `destination` are treated so. */
  const treat = (destination: number, action: keyof typeof ACTIONS, ...args: number[]): void => {
    must(
      engine.tableInsert({
        table: 0,
        key: words(0x0200_0000_0000n + BigInt(destination)),
        mask: words(),
        rangeWords: 0,
        priority: 0,
        action: ACTIONS[action],
        args: words(...args),
      }),
    );
  };
  return {
    engine,
    messages,
    /** Frames to `destination` go out of `port`; port 510: up to us. */
    forward(destination: number, port: number): void {
      treat(destination, 'forward', port);
    },
    treat,
    /** Frames that came up, without the fixture's four octets in front. */
    frames: (): Uint8Array[] =>
      messages.flatMap((message) => (message.kind === 'packetIn' ? [message.frame.slice(4)] : [])),
    status: (): boolean[] =>
      messages.flatMap((message) => (message.kind === 'portStatus' ? [message.up] : [])),
    port: (port: number) => must(engine.portCounters(port)),
  };
}

export type Running = Awaited<ReturnType<typeof startEngine>>;

/** Waits until `condition` holds; says what it waited for when it never does. */
export async function until(what: string, condition: () => boolean, limitMs = 5_000) {
  const end = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await delay(2);
  }
}

/** A Sync over Ethernet, its correctionField 0; the number stands behind it. */
export function sync(number = 0): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 1, 0x88, 0xf7, 0x00, 0x02, 0, 44]);
  new DataView(frame.buffer).setUint16(58, number);
  return frame;
}
