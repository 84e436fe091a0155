/**
 * The reference compiler's own v1model programs that have a test in STF. They are not ours to keep here:
 *
 *   TIMEPLANE_P4C=/where/p4c/is npm test -- test/stf/p4c.test.ts
 *
 * with p4c-bm2-ss on PATH. What it makes of them stays in build/test/p4c.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '#binding/paths';
import { parseP4Info } from '#server/program/p4info-file';
import { parseStf } from '#server/stf/parse';
import { runStf } from '#server/stf/run';

const p4c = process.env['TIMEPLANE_P4C'] ?? '';
const samples = join(p4c, 'testdata', 'p4_16_samples');
const out = join(packageRoot, 'build', 'test', 'p4c');
const pipelineCache = join(packageRoot, 'build', 'test', 'pipelines');

/** Programs that p4c refuses without the code of an extern of their own. */
const WITHOUT_EXTERN = new Set(['extern-funcs-bmv2']);

function programs(): string[] {
  if (p4c === '') return [];
  return readdirSync(samples)
    .filter((name) => name.endsWith('.stf'))
    .map((name) => name.slice(0, -'.stf'.length))
    .filter((name) => readFileSync(join(samples, `${name}.p4`), 'utf8').includes('v1model.p4'))
    .filter((name) => !WITHOUT_EXTERN.has(name));
}

async function compiled(name: string): Promise<{ p4info: string; json: string }> {
  mkdirSync(out, { recursive: true });
  const json = join(out, `${name}.json`);
  const p4info = join(out, `${name}.p4info.txtpb`);
  if (!existsSync(json) || !existsSync(p4info)) {
    const args = [`${name}.p4`, '-o', json, '--p4runtime-files', p4info];
    const env = { ...process.env, P4INCLUDE: join(p4c, 'p4include') };
    await promisify(execFile)('p4c-bm2-ss', args, { cwd: samples, env });
  }
  return { p4info, json };
}

describe.skipIf(p4c === '')('p4c’s own programs (TIMEPLANE_P4C says where p4c is)', () => {
  it.concurrent.each(programs())('%s', { timeout: 120_000 }, async (name) => {
    const files = await compiled(name);
    const info = parseP4Info(readFileSync(files.p4info, 'utf8'));
    const test = parseStf(readFileSync(join(samples, `${name}.stf`), 'utf8'));
    if (!info.ok || !test.ok) throw new Error(JSON.stringify([info, test]));
    const deviceConfig = readFileSync(files.json);
    const ran = await runStf({ info: info.info, deviceConfig, pipelineCache }, test.value);
    expect(ran.ok ? ran.value.problems : ran.message).toEqual([]);
  });
});
