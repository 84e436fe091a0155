/** How long the switch needs for a new program, and for one that it has compiled before. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeBuilder } from '#server/config/native-builder';
import { LabError } from '../lab-error.js';
import { artefactPath } from './native-programs.js';
import { type BenchResult, type Contest, type Round, judge } from './results.js';

/** The longest that either may take, ms. */
const NEW_LIMIT_MS = 3000;
const KNOWN_LIMIT_MS = 50;
const ROUNDS = 5;

export const NEW_CONTEST: Contest = {
  name: 'compile time of main_native, JSON to shared object',
  baseline: `the limit, ${NEW_LIMIT_MS} ms`,
  unit: 'ms',
  direction: 'cost',
  targets: [{ what: 'the P4 program compiled', figure: 'value', unit: 'ms', most: NEW_LIMIT_MS }],
};

export const KNOWN_CONTEST: Contest = {
  name: 'compile time of main_native, found in the cache',
  baseline: `the limit, ${KNOWN_LIMIT_MS} ms`,
  unit: 'ms',
  direction: 'cost',
  targets: [
    {
      what: 'the P4 program found in the cache',
      figure: 'value',
      unit: 'ms',
      most: KNOWN_LIMIT_MS,
    },
  ],
};

/** From the octets of the JSON to a shared object that can be loaded, ms. */
async function compileMs(json: Uint8Array, folder: string, isKnown: boolean): Promise<number> {
  const builder = nativeBuilder(folder, { shippedFolder: folder });
  const started = performance.now();
  const built = await builder.build(json);
  const elapsedMs = performance.now() - started;
  if (!built.ok) throw new LabError('command-failed', built.error.message);
  const { isKnown: wasKnown, fromCache } = built.value;
  if (wasKnown !== isKnown || fromCache !== isKnown) {
    throw new LabError('command-failed', 'the cache is wrong');
  }
  return elapsedMs;
}

export async function compileTime(which: 'new' | 'known'): Promise<BenchResult> {
  const json = readFileSync(artefactPath('main_native.json'));
  const rounds: Round[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-bench-'));
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      if (which === 'new') rmSync(folder, { recursive: true, force: true });
      else if (round === 0) await compileMs(json, folder, false);
      const value = await compileMs(json, folder, which === 'known');
      rounds.push({ value, baselineValue: which === 'new' ? NEW_LIMIT_MS : KNOWN_LIMIT_MS });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return judge(which === 'new' ? NEW_CONTEST : KNOWN_CONTEST, rounds);
}
