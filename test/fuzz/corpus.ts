/**
 * The committed corpus: what earlier runs found to lead somewhere, a text file for each program, an
 * input a line, deflated, in base64. A folder of files is what libFuzzer works with.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { packageRoot } from '#binding/paths';

/** Of one program's inputs in the repository, deflated. */
const KEPT_OCTETS = 24_000;

const fileOf = (target: string, name: string): string =>
  join(packageRoot, 'test', 'fuzz', 'corpus', target, `${name}.txt`);

export function committedInputs(target: string, name: string): Uint8Array[] {
  const file = fileOf(target, name);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => inflateRawSync(Buffer.from(line, 'base64')));
}

/** As files in `folder`, named by what is in them; others that are there stay. */
export function writeInputs(folder: string, inputs: readonly Uint8Array[]): void {
  mkdirSync(folder, { recursive: true });
  for (const input of inputs) {
    writeFileSync(join(folder, createHash('sha1').update(input).digest('hex')), input);
  }
}

export function inputPaths(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name));
}

export function readInputs(folder: string): Uint8Array[] {
  return inputPaths(folder).map((path) => readFileSync(path));
}

export function emptyFolder(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The smallest of `inputs`, as many as fit, sorted so that a change of the corpus can be read. */
export function commitInputs(target: string, name: string, inputs: readonly Uint8Array[]): number {
  const kept: string[] = [];
  let octets = 0;
  for (const input of [...inputs].sort((a, b) => a.length - b.length)) {
    const deflated = deflateRawSync(input, { level: 9 });
    octets += deflated.length;
    if (octets > KEPT_OCTETS) break;
    kept.push(deflated.toString('base64'));
  }
  const file = fileOf(target, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, kept.map((line) => `${line}\n`).join(''));
  return kept.length;
}
