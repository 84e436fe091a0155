/**
 * What our compiler made of a JSON, kept beside the shared objects, so that a program that was loaded
 * before is not translated again. A file is named by the hash of the JSON and of the compiler's own
 * files; what the object depends on beyond that (headers, flags, the C compiler) is in the object's
 * name, which is made from the C text in here. Only a spared effort: a file that is missing, damaged,
 * of another user or cannot be written means that the JSON is translated, never an error.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CompiledPipeline } from '#compiler/layout';

/** Our compiler's files: `.ts` where this runs from the sources, `.js` where it was built. */
const COMPILER_FOLDER = fileURLToPath(new URL('../../compiler/', import.meta.url));
const EXTENSION = extname(fileURLToPath(import.meta.url));
/** Others may not have written it. */
const WRITABLE_BY_OTHERS = 0o022;
const HASH_DIGITS = 64;

function hashOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  // With its length, so that no two lists of parts look alike.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}

/** The hash of every file of a compiler, names and contents: another compiler has another one.
 * Throws where the folder cannot be read. */
export async function hashOfCompilerFiles(
  folder = COMPILER_FOLDER,
  extension = EXTENSION,
): Promise<string> {
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => name.endsWith(extension)).sort();
  if (files.length === 0) throw new Error(`no compiler in ${folder}`);
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name))));
  return hashOf(files.flatMap((name, i) => [name, texts[i] ?? '']));
}

/** Its text, if it is a file that only this user can have written; else null. */
async function readOwn(path: string): Promise<string | null> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return null;
  try {
    const { uid, mode } = await file.stat();
    if (uid !== process.getuid?.() || (mode & WRITABLE_BY_OTHERS) !== 0) return null;
    return await file.readFile('utf8');
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

function parsed(body: string): CompiledPipeline | null {
  try {
    return JSON.parse(body) as CompiledPipeline;
  } catch {
    return null;
  }
}

export interface TranslationCache {
  /** What `write` was given for that JSON by the same compiler; null if there is nothing to trust. */
  read(json: Uint8Array): Promise<CompiledPipeline | null>;
  write(json: Uint8Array, pipeline: CompiledPipeline): Promise<void>;
}

/** A cache of the translations of the compiler whose files have that hash. */
export function translationCache(folder: string, compilerHash: string): TranslationCache {
  const keyOf = (json: Uint8Array) => hashOf([compilerHash, json]);
  const pathOf = (key: string) => join(folder, `${key.slice(0, 32)}.translation`);
  return {
    read: async (json) => {
      const key = keyOf(json);
      const text = await readOwn(pathOf(key));
      if (text === null) return null;
      const body = text.slice(HASH_DIGITS + 1);
      // The key is in the sum: the file of another program under this one's name does not match.
      if (text.slice(0, HASH_DIGITS + 1) !== `${hashOf([key, body])}\n`) return null;
      return parsed(body);
    },
    write: async (json, { c, layout }) => {
      const key = keyOf(json);
      const path = pathOf(key);
      const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
      const body = JSON.stringify({ c, layout });
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(temporary, `${hashOf([key, body])}\n${body}`, { mode: 0o600, flag: 'wx' });
        await rename(temporary, path);
      } catch {
        await rm(temporary, { force: true }).catch(() => undefined);
      }
    },
  };
}
