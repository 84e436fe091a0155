/** What becomes of a frame that an assertion of the program failed for, and who is told. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '#binding/engine';
import type { EngineMessage } from '#binding/messages';
import { compilePipeline as compileObject } from '#binding/toolchain';
import { compilePipeline } from '#compiler/compile';
import type { PipelineLayout } from '#compiler/layout';
import { engineLibrary, must } from './harness.js';

const ARTEFACT = new URL('../stf/programs/artefacts/assertions.json', import.meta.url);
/** Told in a second, by one loop: see pipeline.c. */
const TOLD = 16;
const SECOND_NS = 1_000_000_000n;

let folder = '';
let engine: Engine;
let layout: PipelineLayout;
const told: EngineMessage[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'timeplane-assertions-'));
  const compiled = compilePipeline(readFileSync(ARTEFACT));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors));
  ({ layout } = compiled.value);
  const built = await compileObject(compiled.value.c, { cacheFolder: folder });
  engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
  must(engine.load(must(built).sharedObject));
  for (const port of [0, 1, 2]) must(engine.addMemoryPort(port));
  engine.onMessage((message) => told.push(message));
});
afterAll(() => {
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

function receive(what: number, port = 2): void {
  must(engine.inject(port, Uint8Array.from([what, 0, 0, 0xaa])));
  while (must(engine.step()) !== 0);
}

async function messages(count: number): Promise<EngineMessage[]> {
  const deadline = Date.now() + 2000;
  while (told.length < count && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return told.splice(0);
}

describe('an assertion of the program that fails', () => {
  it('drops the frame, is counted, and told with its number and the port', async () => {
    for (const what of [2, 3, 4]) receive(what);
    expect(engine.counters()).toMatchObject({ droppedByAssertion: 3n, droppedByProgram: 0n });
    expect(engine.take(1)).toMatchObject({ ok: false });
    const numbers = (await messages(3)).map((message) =>
      message.kind === 'assertion' && message.port === 2 ? layout.assertions[message.index] : null,
    );
    expect(numbers).toEqual([
      expect.stringMatching(/^assume at assertions\.p4\(\d+\): /),
      expect.stringMatching(/^assert at assertions\.p4\(\d+\): /),
      expect.stringMatching(/^assert at assertions\.p4\(\d+\): /),
    ]);
    expect(new Set(numbers).size).toBe(3);
  });

  it('does not hold up those that it holds for', async () => {
    receive(9);
    expect(must(engine.take(1)).frame).toEqual(Uint8Array.from([9, 0, 3, 0xaa]));
    expect(await messages(0)).toEqual([]);
  });

  it('is told of sixteen times in a second, and counted always', async () => {
    engine.setTime(10n * SECOND_NS);
    const before = engine.counters().droppedByAssertion;
    for (let i = 0; i < 50; i += 1) receive(2);
    expect(await messages(TOLD + 1)).toHaveLength(TOLD);
    engine.setTime(11n * SECOND_NS);
    receive(2);
    expect(await messages(1)).toHaveLength(1);
    expect(engine.counters().droppedByAssertion - before).toBe(51n);
  });
});
