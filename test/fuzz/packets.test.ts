/**
 * Frames, and control calls between them, through compiled programs and the whole engine, under
 * AddressSanitizer and UndefinedBehaviorSanitizer, with libFuzzer to find new ways. Nothing that comes
 * by the wire may crash the engine, lose a buffer, cut a message, or touch memory beyond the packet.
 *
 *   npm run fuzz -- --target packets --minutes 30
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  commitInputs,
  committedInputs,
  emptyFolder,
  inputPaths,
  readInputs,
  writeInputs,
} from './corpus.js';
import type { FuzzRun } from './native-target.js';
import { buildFuzzer, buildProgram, findFuzzCompiler, runFuzzer } from './native-target.js';
import type { FuzzProgram } from './programs.js';
import { PLANS, ownStfFiles, ptpProgram, stfProgram } from './programs.js';
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

type MakeProgram = () => FuzzProgram | Promise<FuzzProgram>;

const MOST_OCTETS = 3000;
const BRIEF_SECONDS = 1;

const makers: readonly (readonly [string, MakeProgram])[] = [
  ...PLANS.map(([plan]) => [`main_native.${plan}`, () => ptpProgram('main_native', plan)] as const),
  ['main_bmv2.end-to-end', () => ptpProgram('main_bmv2', 'end-to-end')],
  ...ownStfFiles().map((files) => [files.name, () => stfProgram(files)] as const),
];
const chosen = makers.filter(([name]) => name.includes(ONLY));
const seconds = secondsFor(chosen.length, BRIEF_SECONDS);

const compiler = findFuzzCompiler();
const note = compiler === null ? 'skipped: no compiler with sanitizers' : `seed ${SEED}`;
if (compiler?.guides === false) {
  console.warn('clang’s libFuzzer is not here: only the inputs that are known are run');
}

interface Job {
  readonly program: FuzzProgram;
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
}

// Before the first one is made, there is none.
it.skipIf(KEEPS)(
  'every program has a corpus, which `npm run fuzz -- --target packets --only NAME --keep` makes',
  () => {
    const without = makers.filter(([name]) => committedInputs('packets', name).length === 0);
    expect(without.map(([name]) => name)).toEqual([]);
  },
);

describe.skipIf(compiler === null)(`any frame, whatever the controller did (${note})`, () => {
  let fuzzer = '';
  const summary: string[] = [];

  beforeAll(async () => {
    if (compiler !== null) fuzzer = await buildFuzzer(compiler);
  }, 180_000);

  afterAll(() => console.log(summary.join('\n')));

  async function prepare(make: MakeProgram, flags: readonly string[] = []): Promise<Job> {
    if (compiler === null) throw new Error('no compiler');
    const program = await make();
    const { name, compiled, setup, seeds } = program;
    const folder = workFolder('corpus', 'packets', name);
    if (!IS_LONG) emptyFolder(folder);
    writeInputs(folder, [...seeds, ...committedInputs('packets', name)]);
    const setupFile = join(workFolder('programs'), `${name}.setup`);
    writeFileSync(setupFile, Buffer.concat(setup));
    // Plans of one program share its object.
    const object = buildProgram(compiler, name.replace(/\..*/, ''), compiled.c, flags);
    return { program, folder, environment: { FUZZ_PIPELINE: object, FUZZ_SETUP: setupFile } };
  }

  function look({ program: { name }, environment, folder }: Job, forSeconds: number) {
    const args = [
      ...[`-seed=${SEED}`, `-max_total_time=${forSeconds}`, `-max_len=${MOST_OCTETS}`],
      // How often an edge is passed says little here, and inputs would grow by repeating frames.
      ...['-use_counters=0', '-timeout=20', '-rss_limit_mb=2048', '-print_final_stats=1'],
      ...[`-artifact_prefix=${join(workFolder('crashes'), `packets-${name}-`)}`, folder],
    ];
    return runFuzzer(fuzzer, environment, args);
  }

  /** What a run came through; throws with the way to run its last input again. */
  function judge(name: string, { status, output }: FuzzRun): string {
    const artefact = /Test unit written to (\S+)/.exec(output)?.[1];
    if (status !== 0) {
      const again = artefact === undefined ? '' : `\n${replayCommand('packets', name, artefact)}`;
      throw new Error(`${output.slice(-6000)}${again}`);
    }
    const count = /stat::number_of_executed_units: (\d+)/.exec(output)?.[1] ?? '0';
    const covered = [...output.matchAll(/cov: (\d+)/g)].at(-1)?.[1] ?? '0';
    return `${name}: ${count} inputs, ${covered} edges`;
  }

  async function keep({ program: { name }, environment, folder }: Job): Promise<void> {
    const merged = emptyFolder(workFolder('merged', name));
    const merge = ['-merge=1', '-use_counters=0', `-max_len=${MOST_OCTETS}`, merged, folder];
    const { status, output } = await runFuzzer(fuzzer, environment, merge);
    if (status !== 0) throw new Error(output.slice(-4000));
    summary.push(`${name}: ${commitInputs('packets', name, readInputs(merged))} inputs kept`);
  }

  /** Each input once: what the corpus holds, or the file that was asked for. */
  async function replay({ environment, folder }: Job): Promise<void> {
    const paths = INPUT_FILE === null ? inputPaths(folder) : [INPUT_FILE];
    const run = await runFuzzer(fuzzer, environment, paths);
    if (run.status !== 0) throw new Error(run.output.slice(-8000));
    expect(paths).not.toEqual([]);
  }

  it.skipIf(IS_LONG || INPUT_FILE !== null || compiler?.guides !== true)(
    'finds a fault that is planted: one octet read behind a certain kind of frame',
    async () => {
      const make = async (): Promise<FuzzProgram> => {
        const [files] = ownStfFiles();
        if (files === undefined) throw new Error('no program');
        return { ...(await stfProgram(files)), name: 'planted' };
      };
      const run = await look(await prepare(make, ['-DPLANT_FAULT']), 60);
      expect(run.status).not.toBe(0);
      expect(run.output).toMatch(/heap-buffer-overflow[^]*plant_fault/);
      expect(() => judge('planted', run)).toThrow(
        /npm run fuzz -- --target packets --only planted/,
      );
    },
    120_000,
  );

  it.each(chosen)(
    '%s',
    async (name, make) => {
      const job = await prepare(make);
      if (INPUT_FILE !== null || compiler?.guides === false) return replay(job);
      summary.push(judge(name, await look(job, seconds)));
      if (KEEPS) await keep(job);
    },
    (seconds + 180) * 1000,
  );
});
