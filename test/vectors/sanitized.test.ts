/**
 * Random octets through the compiled program under AddressSanitizer and UndefinedBehaviorSanitizer,
 * in a process of its own: the pipeline alone with buffers that end where the frame ends, and the
 * whole engine with memory ports.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecipe } from '#binding/build';
import { engineFolder, packageRoot } from '#binding/paths';
import { compilePipeline } from '#compiler/compile';
import { frameFile, readFrameFile } from '#lab/bench/mix';
import { engineStateFile } from '#lab/bench/switch-state';
import { PLANS } from '../fuzz/programs.js';
import { anyFrame, mutatedFrame, ptpFrame } from './arbitraries.js';
import type { Program } from './virtual-switch.js';

const seed = Number(process.env['TIMEPLANE_SEED'] ?? 0x1588);
const FRAMES = 6000;
const SANITIZERS = [
  ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'],
  ...['-std=c17', '-O1', '-g', '-D_GNU_SOURCE', '-pthread', `-I${engineFolder}`],
];

/** Why the sanitizers cannot be used here, or null. */
function missing(): string | null {
  const probe = spawnSync('cc', [...SANITIZERS, '-x', 'c', '-', '-o', '/dev/null'], {
    input: 'int main(void) { return 0; }',
  });
  return probe.status === 0 ? null : 'the C compiler has no sanitizers here';
}

const CASES = (['main_native', 'main_bmv2'] as const satisfies readonly Program[]).flatMap(
  (program) => PLANS.map(([what, plan]) => ({ program, what, plan })),
);

const reason = missing();
const native = join(packageRoot, 'lab', 'bench', 'native');
let directory = '';

function cc(output: string, args: readonly string[]): string {
  const path = join(directory, output);
  execFileSync('cc', [...SANITIZERS, ...args, '-o', path], { cwd: packageRoot, stdio: 'pipe' });
  return path;
}

/** Compiled once for all plans. */
function sharedObjectOf(program: Program, c: string): string {
  const known = join(directory, `${program}.so`);
  if (existsSync(known)) return known;
  const source = join(directory, `${program}.c`);
  writeFileSync(source, c);
  return cc(`${program}.so`, ['-fPIC', '-shared', source]);
}

/** Sound, damaged and random frames: what a parser meets, and what it should never meet. */
function writeFrames(): string {
  const arbitrary = fc.oneof(ptpFrame, mutatedFrame, mutatedFrame, anyFrame);
  const frames = fc.sample(arbitrary, { seed, numRuns: FRAMES });
  const path = join(directory, 'frames');
  const numbered = frames.map((octets, index) => ({ port: 1 + (index % 2), octets }));
  writeFileSync(path, frameFile(numbered, 1_000_000_000n));
  return path;
}

/** Runs to the end, or says what the sanitizer said. */
function run(argv: readonly string[]): { readonly status: number | null; readonly said: string } {
  const [program = '', ...args] = argv;
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'print_stacktrace=1' },
  });
  return { status: result.status, said: result.stderr.slice(0, 3000) };
}

const note = reason === null ? `seed ${seed}` : `skipped: ${reason}`;

describe.skipIf(reason !== null)(`random octets under ASan and UBSan (${note})`, () => {
  let frames = '';
  let programs: Readonly<Record<'pipeline' | 'engine', string>> = { pipeline: '', engine: '' };

  beforeAll(async () => {
    const parent = join(packageRoot, 'build', 'test');
    mkdirSync(parent, { recursive: true });
    directory = mkdtempSync(join(parent, 'sanitized-'));
    frames = writeFrames();
    const { sources } = await readRecipe();
    programs = {
      pipeline: cc('pipeline_loop', [
        ...[
          '-DEXACT_BUFFERS',
          join(native, 'pipeline_loop.c'),
          ...readdirSync(join(engineFolder, 'tables'))
            .filter((name) => name.endsWith('.c'))
            .map((name) => join(engineFolder, 'tables', name)),
        ],
        '-ldl',
      ]),
      engine: cc('engine_loop', [join(native, 'engine_loop.c'), ...sources, '-ldl']),
    };
  }, 120_000);

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it.each(CASES)(
    '$program, $what: reads no octet that is not there',
    ({ program, plan }) => {
      const json = readFileSync(join(packageRoot, 'p4', 'artefacts', `${program}.json`));
      const compiled = compilePipeline(json);
      if (!compiled.ok) throw new Error(compiled.errors[0]?.message);
      const sharedObject = sharedObjectOf(program, compiled.value.c);
      const state = join(directory, `${program}.state`);
      writeFileSync(state, engineStateFile(compiled.value.layout, plan));
      for (const which of ['pipeline', 'engine'] as const) {
        const out = join(directory, `${which}.out`);
        const result = run([programs[which], sharedObject, state, frames, String(FRAMES), out]);
        expect(result, which).toEqual({ status: 0, said: '' });
        const outputs = readFrameFile(readFileSync(out));
        expect(outputs.length).toBeGreaterThan(FRAMES / 10);
        // A Follow_Up made here is a frame more; nothing else multiplies.
        expect(outputs.length).toBeLessThan(2 * FRAMES);
      }
    },
    60_000,
  );
});
