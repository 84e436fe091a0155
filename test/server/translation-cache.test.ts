/** A program that was loaded before is not translated again, and nothing is believed that may be
 * wrong. */
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { packageRoot } from '#binding/paths';
import { compilePipeline } from '#compiler/compile';
import { nativeBuilder } from '#server/config/native-builder';
import { hashOfCompilerFiles } from '#server/config/translation-cache';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const fixture = (name: string) =>
  readFileSync(join(packageRoot, 'test/compiler/fixtures', `${name}.json`));
const METERS = fixture('meters');
const PROFILES = fixture('profiles');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'timeplane-translation-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What a switch that was started just now makes of it. */
async function load(json: Uint8Array, compilerHash?: string) {
  const options = compilerHash === undefined ? {} : { compilerHash };
  const built = await nativeBuilder(folder, { shippedFolder: folder, ...options }).build(json);
  if (!built.ok) throw new Error(built.error.message);
  return built.value;
}

function layoutOf(json: Uint8Array) {
  const compiled = compilePipeline(json);
  if (!compiled.ok) throw new Error('the fixture does not compile');
  return compiled.value.layout;
}

const names = (ending: string) => readdirSync(folder).filter((name) => name.endsWith(ending));
const translations = () => names('.translation').map((name) => join(folder, name));
function translation(): string {
  const [path, ...more] = translations();
  if (path === undefined || more.length > 0) throw new Error('not one translation');
  return path;
}

describe('a program', () => {
  it('is translated and compiled once, and is the same when it comes again', async () => {
    const first = await load(METERS);
    const second = await load(METERS);
    expect(first).toMatchObject({ isKnown: false, fromCache: false });
    expect(second).toEqual({ ...first, isKnown: true, fromCache: true });
    expect(second.layout).toEqual(layoutOf(METERS));
  });

  it('leaves a translation that only its user can read, and nothing else', async () => {
    await load(METERS);
    expect(statSync(translation()).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('that differs by one octet is another one', async () => {
    await load(METERS);
    const again = await load(Buffer.concat([METERS, Buffer.from('\n')]));
    expect(again).toMatchObject({ isKnown: false, fromCache: true });
    expect(translations()).toHaveLength(2);
  });

  it('is compiled again where only the object is gone', async () => {
    await load(METERS);
    for (const name of names('.so')) rmSync(join(folder, name));
    expect(await load(METERS)).toMatchObject({ isKnown: true, fromCache: false });
  });

  it('that is bad is refused with the same words each time, and leaves nothing', async () => {
    const bad = Buffer.from('{"program": ');
    const builder = nativeBuilder(folder, { shippedFolder: folder });
    const first = await builder.build(bad);
    expect(first).toMatchObject({ ok: false, error: { code: status.INVALID_ARGUMENT } });
    expect(await builder.build(bad)).toEqual(first);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a translation is made anew', () => {
  async function expectAnew(): Promise<void> {
    const again = await load(METERS);
    expect(again.isKnown).toBe(false);
    expect(again.layout).toEqual(layoutOf(METERS));
    expect(await load(METERS)).toMatchObject({ isKnown: true });
  }

  it('when any part of it is damaged', async () => {
    await load(METERS);
    const whole = readFileSync(translation());
    for (const place of [0, 63, 64, 65, whole.length >> 1, whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(place) ^ 1, place);
      writeFileSync(translation(), damaged);
      expect((await load(METERS)).isKnown, `octet ${place}`).toBe(false);
    }
    expect(readFileSync(translation())).toEqual(whole);
  });

  it('when it is truncated', async () => {
    await load(METERS);
    for (const size of [0, 10, 64, 65, 1000]) {
      truncateSync(translation(), size);
      await expectAnew();
    }
  });

  it('when it is the one of another program', async () => {
    await load(METERS);
    const path = translation();
    rmSync(path);
    await load(PROFILES);
    renameSync(translation(), path);
    await expectAnew();
  });

  it('when others may have written it', async () => {
    await load(METERS);
    chmodSync(translation(), 0o666);
    await expectAnew();
    expect(statSync(translation()).mode & 0o777).toBe(0o600);
  });

  it('when another version of our compiler made it', async () => {
    expect((await load(METERS, 'one')).isKnown).toBe(false);
    expect((await load(METERS, 'another')).isKnown).toBe(false);
    expect((await load(METERS)).isKnown).toBe(false);
    expect((await load(METERS, 'one')).isKnown).toBe(true);
    expect(translations()).toHaveLength(3);
  });
});

describe('the version of our compiler', () => {
  const copy = () => join(folder, 'compiler');
  beforeEach(() => {
    cpSync(join(packageRoot, 'dataplane-native/compiler'), copy(), { recursive: true });
  });
  const version = () => hashOfCompilerFiles(copy(), '.ts');

  it('is that of the files that run here', async () => {
    expect(await version()).toBe(await hashOfCompilerFiles());
  });

  it.each(['compile.ts', 'layout.ts', 'limits.ts', 'c/emit.ts'])(
    'is another one when %s changes or has another name',
    async (name) => {
      const before = await version();
      const path = join(copy(), name);
      writeFileSync(path, `${readFileSync(path, 'utf8')}\n`);
      const changed = await version();
      renameSync(path, path.replace('.ts', '-2.ts'));
      expect(new Set([before, changed, await version()]).size).toBe(3);
    },
  );

  it('is not there without files', async () => {
    await expect(hashOfCompilerFiles(copy(), '.none')).rejects.toThrow('no compiler');
  });
});
