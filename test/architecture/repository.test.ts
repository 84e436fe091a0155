import { extname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { read, repositoryFiles } from './repository-files.js';

const FILES = repositoryFiles();

/** Put together here, so that this file does not name them either. */
const REGISTRY_HOSTS = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['npm', 'pkg', 'github', 'com'],
  ['registry', 'npmmirror', 'com'],
  ['files', 'pythonhosted', 'org'],
  ['pypi', 'org'],
  ['crates', 'io'],
  ['proxy', 'golang', 'org'],
  ['deb', 'debian', 'org'],
  ['archive', 'ubuntu', 'com'],
].map((parts) => parts.join('.'));

const isBinary = (text: string): boolean => text.includes('\0');

/** Files that people write. What a program wrote may be as long as it likes. */
const WRITTEN = new Set(['.ts', '.mjs', '.c', '.h', '.p4', '.proto', '.sh']);
const MADE = ['protos/gen/', 'p4/artefacts/'];
/** Published interfaces, taken over as they are. */
const PUBLISHED = ['protos/p4/', 'protos/google/'];
const LINES = 500;

describe('the repository', () => {
  it('names no package registry', () => {
    const naming = FILES.filter((file) => {
      const text = read(file);
      return !isBinary(text) && REGISTRY_HOSTS.some((host) => text.includes(host));
    });
    expect(naming).toEqual([]);
  });

  it('has a lockfile without addresses', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { resolved?: string; integrity?: string }>;
    };
    const entries = Object.entries(lock.packages).filter(([path]) => path !== '');
    expect(entries.length).toBeGreaterThan(10);
    expect(entries.filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
    expect(entries.filter(([, entry]) => entry.integrity === undefined)).toEqual([]);
  });

  it('locks every optional package of every platform', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const optional = Object.values(packages).flatMap((entry) =>
      Object.keys(entry.optionalDependencies ?? {}),
    );
    // npm ci refuses a lockfile that misses one, on every platform.
    expect(optional.filter((name) => packages[`node_modules/${name}`] === undefined)).toEqual([]);
  });

  it('pins every dependency exactly', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
    const wanted = Object.entries({
      ...manifest['dependencies'],
      ...manifest['devDependencies'],
      ...manifest['optionalDependencies'],
    });
    expect(wanted.length).toBeGreaterThan(5);
    expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('has no source file over 500 lines', () => {
    const long = FILES.filter(
      (file) =>
        WRITTEN.has(extname(file)) &&
        ![...MADE, ...PUBLISHED].some((folder) => file.startsWith(folder)),
    )
      .map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
      .filter(({ lines }) => lines > LINES);
    expect(long).toEqual([]);
  });
});
