import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ENGINE_COUNTERS, PORT_COUNTERS } from '#binding/counters';
import { Engine } from '#binding/engine';
import { ABI_VERSION } from '#binding/native';
import { engineFolder } from '#binding/paths';
import { ENGINE_ERROR_CODES } from '#binding/result';
import { engineLibrary, must } from '../engine/harness.js';

const folder = mkdtempSync(join(tmpdir(), 'timeplane-binding-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const header = readFileSync(join(engineFolder, 'engine.h'), 'utf8');

/** The names of an enum of engine.h without their prefix, in camel case. */
function namesOf(enumName: string, prefix: string): string[] {
  const body = new RegExp(`enum ${enumName} \\{([^}]*)\\}`).exec(header)?.[1] ?? '';
  const code = body.replace(/\/\*[\s\S]*?\*\//g, '');
  return [...code.matchAll(/TP_\w+/g)]
    .map(([name]) => name.slice(prefix.length))
    .filter((name) => name !== 'COUNTER_COUNT')
    .map((name) =>
      name.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    );
}

function sharedObject(name: string, text: string): string {
  const source = join(folder, `${name}.c`);
  const object = join(folder, `${name}.so`);
  writeFileSync(source, text);
  const args = ['-shared', '-fPIC', `-I${engineFolder}`, source, '-o', object];
  expect(spawnSync('cc', args, { encoding: 'utf8' }).stderr).toBe('');
  return object;
}

describe('both sides agree on', () => {
  it('the counters', () => {
    expect(PORT_COUNTERS).toEqual(namesOf('tp_port_counter', 'TP_PORT_'));
    expect(ENGINE_COUNTERS).toEqual(namesOf('tp_engine_counter', 'TP_ENGINE_'));
  });

  it('the error codes', () => {
    const codes = [...header.matchAll(/TP_E_(\w+) = -(\d+)/g)];
    expect(codes.map(([, name]) => name)).toEqual([...ENGINE_ERROR_CODES]);
    expect(codes.map(([, , value]) => Number(value))).toEqual(
      ENGINE_ERROR_CODES.map((_, i) => i + 1),
    );
  });

  it('the version', () => {
    const text = readFileSync(join(engineFolder, 'pipeline.h'), 'utf8');
    expect(/TP_ABI_VERSION (\d+)u/.exec(text)?.[1]).toBe(String(ABI_VERSION));
  });
});

describe('a library that', () => {
  it('is not there is named, with what to do', () => {
    expect(Engine.open({ library: '/nowhere/libtimeplane.so' })).toMatchObject({
      ok: false,
      error: { code: 'SYSTEM', message: expect.stringContaining('npm run build') as string },
    });
  });

  it('is none is refused', () => {
    const file = join(folder, 'text.so');
    writeFileSync(file, 'not a library');
    expect(Engine.open({ library: file })).toMatchObject({ ok: false, error: { code: 'SYSTEM' } });
  });
});

describe('an engine', () => {
  it('refuses what is not a pipeline and keeps the one it has', async () => {
    const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
    const wrong = sharedObject('wrong', 'int timeplane = 1;\n');
    const old = sharedObject(
      'old',
      '#include "pipeline.h"\n' +
        'const struct tp_pipeline_ops timeplane_pipeline = {.abi_version = 99};\n',
    );
    for (const [path, why] of [
      [wrong, 'not a timeplane pipeline'],
      [old, 'compile it again'],
      ['/nowhere/pipeline.so', 'cannot be loaded'],
    ] as const) {
      expect(engine.load(path)).toMatchObject({
        ok: false,
        error: { code: 'BAD_PIPELINE', message: expect.stringContaining(why) as string },
      });
    }
    expect(engine.tableRemove(0, 0n)).toMatchObject({ error: { code: 'NO_PIPELINE' } });
    engine.close();
  });

  it('drops and counts what it receives without a pipeline', async () => {
    const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
    must(engine.addMemoryPort(1));
    must(engine.inject(1, new Uint8Array(60)));
    expect(must(engine.step())).toBe(1);
    expect(engine.counters().droppedNoPipeline).toBe(1n);
    engine.close();
  });

  it('with a virtual clock has no loop and no real interfaces', async () => {
    const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
    const refused = { ok: false, error: { code: 'BAD_STATE' } };
    expect(engine.start()).toMatchObject(refused);
    expect(engine.addPacketPort(1, 'lo')).toMatchObject(refused);
    engine.close();
  });

  it('with the system’s clock is not stepped while its loop runs, nor set', async () => {
    const engine = must(Engine.open({ library: await engineLibrary() }));
    must(engine.start());
    const refused = { ok: false, error: { code: 'BAD_STATE' } };
    expect(engine.start()).toMatchObject(refused);
    expect(engine.step()).toMatchObject(refused);
    expect(engine.setTime(1n)).toMatchObject(refused);
    must(engine.stop());
    expect(engine.stop()).toMatchObject(refused);
    engine.close();
    engine.close();
  });
});
