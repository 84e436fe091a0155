import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultCacheFolder } from '#binding/paths';
import { compilePipeline, findCompiler } from '#binding/toolchain';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'timeplane-toolchain-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const TEXT = '#include "tables/table.h"\nint answer(void);\nint answer(void) { return 42; }\n';

/** A compiler that counts its runs and then does what cc does. */
function countingCompiler(version = '1'): string {
  const path = join(folder, `cc${version}`);
  writeFileSync(
    path,
    `#!/bin/sh\n[ "$1" = --version ] && { echo counting ${version}; exit; }\n` +
      `echo run >> ${folder}/runs\nexec cc "$@"\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

const compile = (text: string, cc: string) =>
  compilePipeline(text, { cacheFolder: join(folder, 'cache'), env: { ...process.env, CC: cc } });

const objects = () => readdirSync(join(folder, 'cache'));

describe('compiling a pipeline', () => {
  it('happens once for the same text, and leaves nothing but the object', async () => {
    const cc = countingCompiler();
    const first = await compile(TEXT, cc);
    const second = await compile(TEXT, cc);
    expect(first).toMatchObject({ ok: true, value: { fromCache: false } });
    expect(second).toMatchObject({ ok: true, value: { fromCache: true } });
    expect(objects()).toHaveLength(1);
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\n');
  });

  it('happens again for another text or another compiler', async () => {
    await compile(TEXT, countingCompiler());
    await compile(`${TEXT}\n`, countingCompiler());
    await compile(TEXT, countingCompiler('2'));
    expect(objects()).toHaveLength(3);
  });

  it('may happen twice at once', async () => {
    const cc = countingCompiler();
    const both = await Promise.all([compile(TEXT, cc), compile(TEXT, cc)]);
    expect(both.map(({ ok }) => ok)).toEqual([true, true]);
    expect(objects()).toHaveLength(1);
  });

  it('is spared by an object that came with the build', async () => {
    const cc = countingCompiler();
    await compile(TEXT, cc);
    const result = await compilePipeline(TEXT, {
      cacheFolder: '/nonexistent',
      shippedFolder: join(folder, 'cache'),
      env: { ...process.env, CC: cc },
    });
    expect(result).toMatchObject({ ok: true, value: { fromCache: true } });
  });

  it('is not needed where no compiler is but another one’s object', async () => {
    await compile(TEXT, countingCompiler());
    expect(await compile(TEXT, '/nonexistent/cc')).toMatchObject({
      ok: true,
      value: { fromCache: true },
    });
    expect(await compile(`${TEXT}\n`, '/nonexistent/cc')).toMatchObject({
      ok: false,
      error: { code: 'NO_COMPILER' },
    });
  });

  it('that fails says what the compiler said, and caches nothing', async () => {
    const result = await compile('int broken(void) { return nothing; }', 'cc');
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'COMPILE_FAILED', message: expect.stringContaining('nothing') as string },
    });
    expect(objects()).toEqual([]);
  });

  it('needs a folder that can be written', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const result = await compilePipeline(TEXT, { cacheFolder: join(file, 'cache') });
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'CACHE', message: expect.stringContaining('--pipeline-cache') as string },
    });
  });
});

describe('the C compiler', () => {
  it('is found', async () => {
    expect(await findCompiler()).toMatchObject({ ok: true });
  });

  it('is what CC says, with its arguments', async () => {
    const cc = countingCompiler();
    const found = await findCompiler({ PATH: process.env['PATH'], CC: `${cc} --verbose` });
    expect(found).toEqual({
      ok: true,
      value: { command: [cc, '--verbose'], version: expect.any(String) as string },
    });
  });

  it('that is missing is named, with what to install', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const path = process.env['PATH'];
    process.env['PATH'] = empty;
    try {
      expect(await findCompiler({})).toMatchObject({
        ok: false,
        error: { code: 'NO_COMPILER', message: expect.stringContaining('apt-get') as string },
      });
    } finally {
      process.env['PATH'] = path;
    }
  });
});

describe('the cache folder', () => {
  it('is where the desktop says, or in the home folder', () => {
    expect(defaultCacheFolder({ XDG_CACHE_HOME: '/c' })).toBe('/c/timeplane');
    expect(defaultCacheFolder({})).toMatch(/\/\.cache\/timeplane$/);
  });
});
