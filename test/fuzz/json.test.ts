/**
 * Pipeline descriptions that are damaged into the compiler, guided by the code of the compiler that they
 * reach. Each is refused with a code, or becomes C that a C compiler takes and that does no harm with any
 * frame; it is never an exception, and never takes long.
 *
 *   npm run fuzz -- --target json --minutes 30
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineFolder, packageRoot } from '#binding/paths';
import { compilePipeline } from '#compiler/compile';
import type { Chance } from '../stf/differential/packets.js';
import { commitInputs, committedInputs, emptyFolder } from './corpus.js';
import { fuzz } from './guided.js';
import type { Json } from './json-mutation.js';
import { mutatedJson } from './json-mutation.js';
import type { FuzzCompiler } from './native-target.js';
import { buildFuzzer, buildProgram, findFuzzCompiler, runFuzzer } from './native-target.js';
import {
  INPUT_FILE,
  IS_LONG,
  KEEPS,
  ONLY,
  SEED,
  replayCommand,
  secondsFor,
  workFolder,
} from './settings.js';

const FOLDERS = ['test/compiler/fixtures', 'test/stf/programs/artefacts'];
/** Of seeds: larger ones are slow, and say little more. */
const MOST_OCTETS = 45_000;
const BRIEF_SECONDS = 6;
/** Programs that are compiled in a short run, and then run. */
const BRIEF_CHECKS = 6;

const decode = (octets: Uint8Array): string => Buffer.from(octets).toString('utf8');

function seeds(): string[] {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(packageRoot, folder))
      .filter((name) => name.endsWith('.json') && !/p4info|manifest/.test(name))
      .filter((name) => name.includes(ONLY))
      .map((name) => readFileSync(join(packageRoot, folder, name), 'utf8')),
  );
  const small = files.filter((text) => text.length <= MOST_OCTETS);
  // Without white space, and without what is only said for people.
  return small.map((text) => JSON.stringify(JSON.parse(text)));
}

/** A JSON's text with something changed in it; now and then what is no JSON any more. */
function mutate(chance: Chance, text: string, others: readonly string[]): string {
  const other = others[chance.below(others.length)] ?? text;
  if (chance.below(20) === 0) {
    const [at, from] = [chance.below(text.length + 1), chance.below(other.length + 1)];
    return text.slice(0, at) + other.slice(from);
  }
  try {
    const parsed = JSON.parse(text) as Json;
    return JSON.stringify(mutatedJson(chance, parsed, JSON.parse(other) as Json));
  } catch {
    return other;
  }
}

/** Throws unless the text is refused, or becomes C that holds nothing of the JSON but in its own words. */
function translate(text: string): string | null {
  const result = compilePipeline(text);
  if (!result.ok) {
    for (const { code, message, path } of result.errors) {
      if (code === undefined || message === '' || !path.startsWith('$')) {
        throw new Error(`an error without place or reason: ${JSON.stringify(result.errors)}`);
      }
    }
    return null;
  }
  const { c, layout } = result.value;
  if (/[^\x20-\x7e\n]/.test(c)) throw new Error('the C has other characters than it should');
  if (JSON.stringify(JSON.parse(JSON.stringify(layout))) !== JSON.stringify(layout)) {
    throw new Error('the layout is not plain data');
  }
  return c;
}

function mustBeC(c: string): void {
  const args = ['-std=c17', '-fsyntax-only', `-I${engineFolder}`, '-x', 'c', '-'];
  const { status, stderr } = spawnSync('cc', args, { input: c, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`the C compiler refuses what came of it:\n${stderr.slice(0, 3000)}`);
}

const hashOf = (text: string): string => createHash('sha1').update(text).digest('hex').slice(0, 12);

/** The program does no harm with frames that libFuzzer makes up. */
async function mustBeSound(compiler: FuzzCompiler, c: string): Promise<void> {
  const fuzzer = await buildFuzzer(compiler);
  const object = buildProgram(compiler, `json-${hashOf(c)}`, c);
  const folder = emptyFolder(workFolder('corpus', 'json-frames'));
  writeFileSync(join(folder, 'first'), Buffer.from('00150000', 'hex'));
  const artefacts = `-artifact_prefix=${join(workFolder('crashes'), 'json-frame-')}`;
  const limits = ['-runs=4000', '-max_total_time=5', '-max_len=400', '-timeout=10'];
  const args = [`-seed=${SEED}`, '-use_counters=0', ...limits, artefacts, folder];
  const { status, output } = await runFuzzer(fuzzer, { FUZZ_PIPELINE: object }, args);
  if (status !== 0) throw new Error(`frames do harm in what came of it:\n${output.slice(-4000)}`);
}

describe(`any JSON (seed ${SEED})`, () => {
  const compiler = findFuzzCompiler();
  const seconds = secondsFor(1, BRIEF_SECONDS);
  const checks = IS_LONG ? Number.POSITIVE_INFINITY : BRIEF_CHECKS;
  let said = '';
  // Not of the time for inputs.
  beforeAll(async () => {
    if (compiler?.guides === true) await buildFuzzer(compiler);
  }, 180_000);
  afterAll(() => console.log(said));

  async function check(text: string): Promise<void> {
    const c = translate(text);
    if (c === null) return;
    mustBeC(c);
    if (compiler?.guides === true) await mustBeSound(compiler, c);
  }

  it.skipIf(INPUT_FILE !== null)(
    'is refused, or becomes a program that does no harm',
    async () => {
      const known = committedInputs('json', 'programs').map(decode);
      let checked = 0;
      const first = [...seeds(), ...known];
      let at = 0;
      const report = await fuzz<string>(
        {
          covers: 'dataplane-native/compiler/',
          seeds: first,
          mutate,
          run: (text) => void translate(text),
          found: async (text) => {
            at += 1;
            if (at <= first.length || checked >= checks) return;
            checked += translate(text) === null ? 0 : 1;
            await check(text);
          },
        },
        seconds,
        SEED,
      );
      said = `${report.inputs} inputs, ${report.features} features, ${report.corpus.length} inputs led further, ${checked} ran`;
      if (report.fault !== null) {
        const file = join(workFolder('crashes'), `json-${hashOf(report.fault.input)}`);
        writeFileSync(file, report.fault.input);
        throw new Error(`${replayCommand('json', '', file)}\n${said}`, {
          cause: report.fault.error,
        });
      }
      expect(report.inputs).toBeGreaterThan(first.length);
      if (KEEPS) {
        const led = report.corpus.slice(first.length).map((text) => Buffer.from(text));
        said += `, ${commitInputs('json', 'programs', [...committedInputs('json', 'programs'), ...led])} kept`;
      }
    },
    (seconds + 240) * 1000,
  );

  it.skipIf(INPUT_FILE === null)(
    'the one in the file',
    async () => {
      await check(readFileSync(INPUT_FILE ?? '', 'utf8'));
    },
    120_000,
  );
});
