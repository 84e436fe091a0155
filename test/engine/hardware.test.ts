/** Network cards that stamp, which this machine need not have: fixtures/hardware.c is one. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecipe } from '#binding/build';
import { packageRoot } from '#binding/paths';

const folder = join(packageRoot, 'build', 'test');
const program = join(folder, `hardware-${process.pid}`);
const said = new Map<string, string>();

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  const { sources, warnings, includeDirectory } = await readRecipe();
  const source = join(packageRoot, 'test', 'engine', 'fixtures', 'hardware.c');
  const flags = ['-std=c17', '-D_GNU_SOURCE', '-pthread', '-Werror', '-O1', ...warnings];
  const args = [
    ...flags,
    `-I${includeDirectory}`,
    source,
    ...sources,
    '-ldl',
    '-lm',
    '-o',
    program,
  ];
  const built = spawnSync('cc', args, { cwd: packageRoot, encoding: 'utf8' });
  expect(built).toMatchObject({ status: 0, stderr: '' });
  const run = spawnSync(program, { encoding: 'utf8' });
  expect(run).toMatchObject({ status: 0, stderr: '' });
  for (const line of run.stdout.trim().split('\n')) {
    const [name = '', ...rest] = line.split(': ');
    said.set(name, rest.join(': '));
  }
}, 120_000);
afterAll(() => rmSync(program, { force: true }));

const HARDWARE = 1;
const SOFTWARE = 0;
const FAILED = -13;
/** linux/net_tstamp.h */
const FILTER = { none: 0, all: 1, v2Event: 12 };

function expectStamps(name: string, chosen: number, filter: number, sets: number, remark = '') {
  const text = said.get(name);
  const tx = filter === FILTER.none ? 0 : 1;
  const settled = `${chosen} filter=${filter} tx=${tx} sets=${sets} offloads=0 remark=${remark}`;
  expect(text).toBe(`${settled} restored=0 as-before=1 clocks-open=0`);
}

describe('a card that stamps', () => {
  it('all frames is told to, and set back', () => {
    expectStamps('all', HARDWARE, FILTER.all, 1);
  });
  it('is left alone where the kernel is to stamp', () => {
    expectStamps('software', SOFTWARE, FILTER.none, 0);
  });
  it('event messages only is told to stamp these', () => {
    expectStamps('events', HARDWARE, FILTER.v2Event, 1);
  });
  it('and does so already is not told again, and stays so', () => {
    expectStamps('already', HARDWARE, FILTER.all, 0);
  });
  it('for somebody else gets back what that one had', () => {
    expectStamps('others', HARDWARE, FILTER.all, 1);
  });
  it('and does not tell how it is set is told all the same', () => {
    expectStamps('untold', HARDWARE, FILTER.all, 1);
  });
});

describe('a card that does not stamp', () => {
  it('what comes over UDP is refused, with the reason', () => {
    const reason = 'the card does not stamp all of PTP';
    expect(said.get('l2-only')).toMatch(new RegExp(`^${FAILED} .*remark=${reason}`));
  });
  it('is not asked for more where the choice is ours', () => {
    expectStamps('l2-only-auto', SOFTWARE, FILTER.none, 0);
  });
  it.each([
    ['no-clock', FAILED, 'the card has no PTP clock'],
    ['no-stamps', FAILED, 'the card does not stamp what it receives and sends'],
    ['denied', FAILED, 'the card cannot be told to stamp: Operation not permitted'],
    ['clock-denied', SOFTWARE, "the card's PTP clock cannot be opened: Permission denied"],
  ])('%s: the reason is said', (name, chosen, reason) => {
    expectStamps(name, chosen, FILTER.none, 0, reason);
  });
});

describe('offloads', () => {
  const text = (left: string) =>
    `0 filter=0 tx=0 sets=0 offloads=${left} remark= restored=0 as-before=1 clocks-open=0`;

  it('that merge frames are turned off if they can be, others are not', () => {
    expect(said.get('offloads')).toBe(text('19')); // checksums, fixed rx-gro-hw, tags
  });
  it('that take tags out go, too, where nobody would put them in again', () => {
    expect(said.get('offloads-xdp')).toBe(text('9'));
  });
});

describe('the clock of a card', () => {
  const figures = (name: string) =>
    [...(said.get(name) ?? '').matchAll(/=(-?\d+)/g)].map(([, value]) => Number(value));

  // Readings are off by up to 100 ns, by up to 10 ns, and exact; the last card is 700 ppm slow.
  it.each([
    ['extended', 150],
    ['precise', 15],
    ['plain', 2],
    ['fast', 2],
  ])('is told in the system’s time when it is read in the way %s', (name, limitNs) => {
    const [worstNs = Infinity, afterStepNs = Infinity, far, open] = figures(name);
    expect(worstNs).toBeLessThan(limitNs);
    expect(afterStepNs).toBeLessThan(limitNs);
    expect({ far, open }).toEqual({ far: 0, open: 0 });
  });

  it('is one for all ports of the card, and closed by the last', () => {
    expect(said.get('shares')).toBe('same=1 opened=2 other=0 error=Bad file descriptor closed=1,2');
  });
});
