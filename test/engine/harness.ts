/** A switch on the bench: an engine with memory ports and a virtual clock, running fixtures/l2.c. */
import { existsSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Engine, type EngineOptions } from '#binding/engine';
import { buildEngine } from '#binding/build';
import { engineFolder, packageRoot } from '#binding/paths';
import { compilePipeline } from '#binding/toolchain';

const testFolder = join(packageRoot, 'build', 'test');
const fixture = join(packageRoot, 'test', 'engine', 'fixtures', 'l2.c');

/** Actions of fixtures/l2.c, with their arguments. */
export const ACTIONS = {
  forward: 0,
  flood: 1,
  drop: 2,
  cloneForward: 3,
  resubmit: 4,
  recirculate: 5,
  digest: 6,
  priority: 7,
  truncate: 8,
  loop: 9,
  egressClone: 10,
  event: 11,
  wait: 12,
} as const;

function newestSource(): number {
  const files = readdirSync(engineFolder, { recursive: true, encoding: 'utf8' });
  return Math.max(...files.map((file) => statSync(join(engineFolder, file)).mtimeMs));
}

/** The engine's library, built with warnings as errors when a source is newer. */
export async function engineLibrary(): Promise<string> {
  const library = join(testFolder, 'libtimeplane.so');
  if (existsSync(library) && statSync(library).mtimeMs > newestSource()) return library;
  const built = await buildEngine(`${library}.${process.pid}`, ['-Werror']);
  if (!built.ok) throw new Error(built.error.message);
  renameSync(built.value, library);
  return library;
}

/** The compiled fixture. */
export async function fixturePipeline(): Promise<string> {
  const compiled = await compilePipeline(readFileSync(fixture, 'utf8'), {
    cacheFolder: join(testFolder, 'pipelines'),
  });
  if (!compiled.ok) throw new Error(compiled.error.message);
  return compiled.value.sharedObject;
}

/** What frames treated as `event` do when they come back; but for `quiet` their time is in
 * register 1 then. */
export const REQUESTS = {
  tell: 1,
  end: 2,
  twice: 3,
  forEver: 4,
  toGround: 5,
  round: 6,
  quiet: 7,
  outOfRange: 251,
} as const;

/** The value of a result that must be good. */
export function must<T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly error: { code: string; message: string } },
): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

export function words(...values: (number | bigint)[]): BigUint64Array {
  return BigUint64Array.from(values, (value) => BigInt(value));
}

/** An Ethernet frame to `destination` (its last octet), filled up to `octets` with a pattern. */
export function frameTo(destination: number, octets = 64, type = 0x1234): Uint8Array {
  const frame = Uint8Array.from({ length: octets }, (_, i) => i & 0xff);
  frame.set([2, 0, 0, 0, 0, destination, 2, 0, 0, 0, 0, 0xaa, type >> 8, type & 0xff]);
  return frame;
}

const addressOf = (destination: number) => 0x0200_0000_0000n + BigInt(destination);

export class Bench {
  readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  static async open(ports: number, options: EngineOptions = {}): Promise<Bench> {
    const library = await engineLibrary();
    const engine = must(Engine.open({ library, clock: 'virtual', ...options }));
    must(engine.load(await fixturePipeline()));
    for (let port = 1; port <= ports; port++) must(engine.addMemoryPort(port));
    return new Bench(engine);
  }

  /** Frames to `destination` are treated so. */
  on(destination: number, action: keyof typeof ACTIONS, ...args: (number | bigint)[]): bigint {
    return must(
      this.engine.tableInsert({
        table: 0,
        key: words(addressOf(destination)),
        mask: words(),
        rangeWords: 0,
        priority: 0,
        action: ACTIONS[action],
        args: words(...args),
      }),
    );
  }

  at(nowNs: bigint): this {
    must(this.engine.setTime(nowNs));
    return this;
  }

  /** Rounds until nothing moves any more. */
  settle(): this {
    while (must(this.engine.step()) !== 0);
    return this;
  }

  /** Lets virtual time pass, from release to release, until the queues are empty. */
  drain(): this {
    this.settle();
    for (let next = this.engine.nextTime(); next !== null; next = this.engine.nextTime()) {
      if (next > this.engine.now()) this.at(next);
      this.settle();
    }
    return this;
  }

  receive(port: number, frame: Uint8Array, rxTimeNs?: bigint): this {
    must(this.engine.inject(port, frame, rxTimeNs));
    return this;
  }

  /** All frames that a port has sent. */
  sent(port: number): { frame: Uint8Array; txTimeNs: bigint }[] {
    const frames = [];
    for (;;) {
      const taken = this.engine.take(port);
      if (!taken.ok) return frames;
      frames.push(taken.value);
    }
  }

  counter(port: number, name: keyof ReturnType<typeof portCounters>): bigint {
    return portCounters(this.engine, port)[name];
  }

  close(): void {
    this.engine.close();
  }
}

function portCounters(engine: Engine, port: number) {
  return must(engine.portCounters(port));
}
