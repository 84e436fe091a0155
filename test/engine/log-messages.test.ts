/** What programs log: how it comes to the host, and what becomes of it when there is too much. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '#binding/engine';
import { compilePipeline as compileObject } from '#binding/toolchain';
import { compilePipeline } from '#compiler/compile';
import type { PipelineLayout } from '#compiler/layout';
import { Bench, engineLibrary, frameTo, must } from './harness.js';

const ARTEFACT = new URL('../stf/programs/artefacts/log_messages.json', import.meta.url);
/** As TP_LOG_WORDS in log.h. */
const RING_WORDS = 32_768;
const FRAME = Uint8Array.from([2, 0x80, 0, 0, 0, 0, 0, 7]);
/** What FRAME makes the program log, in words: two of each message are its head. */
const FRAME_WORDS = [1, 1, 2, 2, 1].reduce((sum, values) => sum + 2 + values, 0);

let folder = '';
let layout: PipelineLayout;
let pipeline = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'timeplane-log-'));
  const compiled = compilePipeline(readFileSync(ARTEFACT));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors));
  ({ layout } = compiled.value);
  const built = await compileObject(compiled.value.c, { cacheFolder: folder });
  pipeline = must(built).sharedObject;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** With the default actions, which the server sets otherwise. */
function load(engine: Engine): void {
  must(engine.load(pipeline));
  for (const { index, defaultAction } of layout.tables) {
    if (defaultAction === null) continue;
    const args = BigUint64Array.from(defaultAction.args, BigInt);
    must(engine.tableSetDefault(index, defaultAction.action, args));
  }
}

async function open(threads = 1): Promise<Engine> {
  const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual', threads }));
  load(engine);
  for (const port of [1, 2, 3, 4]) must(engine.addMemoryPort(port));
  return engine;
}

function receive(engine: Engine, frames: number, port = 3): void {
  for (let i = 0; i < frames; i += 1) must(engine.inject(port, FRAME));
  while (must(engine.step()) !== 0);
  while (engine.take(1).ok);
}

const textOf = (message: number): string => layout.logMessages[message]?.format ?? 'none';

describe('the log of a packet loop', () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await open();
    return () => engine.close();
  });

  it('brings each message with its values, its port and the time', () => {
    must(engine.setTime(5_000_000_000n));
    receive(engine, 1);
    const records = engine.readLog();
    expect(records.map(({ message, words }) => [textOf(message), ...words])).toEqual([
      ['by port {}', 3n],
      ['what={}', 2n],
      ['argument {} to port {}', 7n, 1n],
      ['carried {} to port {}', 9n, 1n],
      ['sent with what={}', 3n],
    ]);
    expect(new Set(records.map(({ port, timeNs }) => `${port} ${timeNs}`))).toEqual(
      new Set(['3 5000000000']),
    );
    expect(layout.logMessages[0]?.place).toBe('log_messages.p4:12:8');
    expect(engine.readLog()).toEqual([]);
    expect(engine.counters()).toMatchObject({ logMessages: 5n, logMessagesLost: 0n });
  });

  it('loses nothing that is read in time, however often its ring is filled', () => {
    const frames = Math.floor(RING_WORDS / FRAME_WORDS) - 1;
    for (let round = 0; round < 7; round += 1) {
      receive(engine, frames);
      const records = engine.readLog();
      expect(records).toHaveLength(5 * frames);
      expect(records.every(({ message, words }) => words.length === valuesOf(message))).toBe(true);
    }
    expect(engine.counters()).toMatchObject({ logMessagesLost: 0n });
  });

  const valuesOf = (message: number): number => layout.logMessages[message]?.values.length ?? -1;

  it('drops what it has no room for and counts it; frames go on', () => {
    const frames = 6000;
    for (let i = 0; i < frames; i += 1000) receive(engine, 1000);
    const { logMessages, logMessagesLost } = engine.counters();
    expect(logMessages + logMessagesLost).toBe(BigInt(5 * frames));
    expect(logMessagesLost).toBeGreaterThan(0n);
    expect(must(engine.portCounters(1)).txFrames).toBe(BigInt(frames));
    expect(engine.readLog()).toHaveLength(Number(logMessages));
    // There is room again.
    receive(engine, 1);
    expect(engine.readLog()).toHaveLength(5);
  });

  it('is empty when another pipeline is loaded: what nobody read is lost', () => {
    receive(engine, 2);
    const told: number[] = [];
    engine.beforeLoad(() => told.push(engine.readLog().length));
    load(engine);
    expect(told).toEqual([10]);
    expect(engine.counters()).toMatchObject({ logMessages: 10n, logMessagesLost: 0n });
    engine.beforeLoad(() => receive(engine, 1));
    load(engine);
    expect(engine.readLog()).toEqual([]);
    expect(engine.counters()).toMatchObject({ logMessages: 10n, logMessagesLost: 5n });
  });
});

describe('the logs of several packet loops', () => {
  it('come together in the order of time, and each loop has room of its own', async () => {
    const engine = await open(2);
    must(engine.setThread(3, 0));
    must(engine.setThread(4, 1));
    for (const [second, port] of [4, 3, 4, 3].entries()) {
      must(engine.setTime(BigInt(second + 1) * 1_000_000_000n));
      receive(engine, 1, port);
    }
    const ports = engine.readLog().map(({ port }) => port);
    expect(ports).toEqual([4, 3, 4, 3].flatMap((port) => Array<number>(5).fill(port)));
    // Two of the five messages come from the loop of the port that the frame leaves by.
    const most = Math.floor((0.6 * RING_WORDS) / FRAME_WORDS);
    receive(engine, most, 3);
    receive(engine, most, 4);
    // A call has room for one loop's: the other's come with the next.
    const read = [engine.readLog(), engine.readLog(), engine.readLog()].map(({ length }) => length);
    expect(read.reduce((sum, length) => sum + length)).toBe(10 * most);
    expect(engine.counters()).toMatchObject({ logMessagesLost: 0n });
    engine.close();
  });
});

describe('a program that logs nothing', () => {
  it('has nothing to do with logs', async () => {
    const bench = await Bench.open(2);
    bench.on(7, 'forward', 2);
    bench.receive(1, frameTo(7)).settle();
    expect(bench.engine.readLog()).toEqual([]);
    expect(bench.engine.counters()).toMatchObject({ logMessages: 0n, logMessagesLost: 0n });
    bench.close();
    const compiled = compilePipeline(readFileSync(new URL('assertions.json', ARTEFACT)));
    expect(compiled.ok && compiled.value.c).not.toMatch(/tp_log|log\.h/);
  });
});
