import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const LIB = fileURLToPath(new URL('../../tools/lib/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'timeplane-setup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A PATH with these programs, each of which does nothing. */
function pathWith(name: string, ...programs: string[]): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const program of programs) {
    writeFileSync(join(path, program), '#!/bin/sh\n');
    chmodSync(join(path, program), 0o755);
  }
  return path;
}

/** Runs a module text that may use what tools/lib exports. */
function run(text: string, env: Record<string, string>) {
  const args = ['--input-type=module', '-e', text];
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...env, NO_COLOR: '1' } });
}

const missingFor = (job: string, path: string): { missing: string[]; required: boolean }[] => {
  const text = `import { missingTools } from ${JSON.stringify(`${LIB}system-packages.mjs`)};
    console.log(JSON.stringify(missingTools(${JSON.stringify(job)})));`;
  const { stdout } = run(text, { PATH: path });
  return JSON.parse(stdout) as { missing: string[]; required: boolean }[];
};

const ALL = ['cc', 'ptp4l', 'pmc', 'ip', 'tc', 'ethtool', 'unshare', 'nsenter', 'setpriv'];

describe('a Node that', () => {
  const check = (version: string) => {
    const tool = JSON.stringify(join(LIB, '..', 'check-node.cjs'));
    const text = `Object.defineProperty(process.versions, 'node', { value: '${version}' });
      require(${tool});`;
    return spawnSync(process.execPath, ['-e', text], { encoding: 'utf8' });
  };

  it('is too old is told so, before anything else', () => {
    for (const version of ['12.22.9', '18.19.0', '20.18.3']) {
      const { status, stderr } = check(version);
      expect(status).toBe(1);
      expect(stderr).toContain(`Node ${version} is too old`);
    }
  });

  it('is new enough is not', () => {
    for (const version of ['20.19.0', '20.20.2', '22.0.0', '24.1.0']) {
      expect(check(version)).toMatchObject({ status: 0, stderr: '' });
    }
  });
});

describe('system packages', () => {
  it('are not asked for when everything is there', () => {
    expect(missingFor('start', pathWith('complete', ...ALL))).toEqual([]);
  });

  it('are named by what is missing, required ones as such', () => {
    const path = pathWith('no-ptp4l', ...ALL.filter((name) => name !== 'ptp4l'));
    expect(missingFor('start', path)).toMatchObject([{ missing: ['ptp4l'], required: true }]);
    expect(missingFor('test', path)).toMatchObject([
      { missing: ['ptp4l'], required: false },
      { missing: ['tshark'], required: false },
      { missing: ['clang'], required: false },
    ]);
    expect(missingFor('build', path)).toEqual([]);
  });

  it('on another kind of system are named, and the job says that it cannot go on', () => {
    const text = `import { installSystemPackages } from ${JSON.stringify(`${LIB}system-packages.mjs`)};
      import { report } from ${JSON.stringify(`${LIB}console.mjs`)};
      await installSystemPackages('start').catch((error) => { report(error); process.exit(1); });`;
    const { status, stderr } = run(text, { PATH: pathWith('nothing') });
    expect(status).toBe(1);
    expect(stderr).toContain('this job cannot run without cc, ptp4l');
    expect(stderr).toContain('linuxptp');
    expect(stderr).not.toContain('    at ');
  });
});

describe('a part that is built', () => {
  const fingerprint = (text: string): string => {
    const source = join(folder, 'source.c');
    writeFileSync(source, text);
    const program = `import { fingerprint } from ${JSON.stringify(`${LIB}files.mjs`)};
      console.log(fingerprint([${JSON.stringify(source)}], '-O2'));`;
    return run(program, { PATH: '' }).stdout.trim();
  };

  it('is known by its content, not by its time', () => {
    const first = fingerprint('int a;');
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprint('int a;')).toBe(first);
    expect(fingerprint('int b;')).not.toBe(first);
  });
});

describe('a program that the set-up runs', () => {
  const exitOf = (script: string): number | null => {
    const text = `import { runAttached } from ${JSON.stringify(`${LIB}console.mjs`)};
      process.exitCode = await runAttached('/bin/sh', ['-c', ${JSON.stringify(script)}]);`;
    return run(text, { PATH: '' }).status;
  };

  it('passes its exit code through', () => {
    expect(exitOf('exit 0')).toBe(0);
    expect(exitOf('exit 7')).toBe(7);
  });

  it('ended by a signal, is told as a shell tells it', () => {
    expect(exitOf('kill -TERM $$')).toBe(143);
  });
});
