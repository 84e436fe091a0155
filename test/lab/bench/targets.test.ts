import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Contest, type Target, judge, without } from '#lab/bench/results';
import { judgeTargets, readTargets, renewed, targetsTable } from '#lab/bench/targets';

const contest = (direction: Contest['direction'], ...targets: Target[]): Contest => ({
  name: 'work',
  baseline: 'peer',
  unit: 'ns',
  direction,
  targets,
});
const ROUNDS = [
  { value: 50, baselineValue: 100 },
  { value: 40, baselineValue: 100 },
  { value: 60, baselineValue: 120 },
];
const told = { what: 'it', unit: '×' } as const;

const judged = (one: Contest) => judgeTargets(one, judge(one, ROUNDS), 1);

describe('a target', () => {
  it('of a share is a cost over the baseline’s, with the best and the worst round', () => {
    const found = judged(contest('cost', { ...told, figure: 'share', most: 0.5 }));
    expect(found).toMatchObject([{ measured: 0.5, spread: [0.4, 0.5], verdict: 'reached' }]);
    expect(found[0]?.note).toBe('50 and 100 ns');
  });

  it('of a ratio is the contest’s own', () => {
    const found = judged(contest('cost', { ...told, figure: 'ratio', least: 2.1 }));
    expect(found).toMatchObject([{ measured: 2, spread: [2, 2.5], verdict: 'missed' }]);
  });

  it.each(['cost', 'rate'] as const)('of a value has its unit: %s', (direction) => {
    const one = contest(direction, { what: 'it', figure: 'value', unit: 'ms', most: 49 });
    const rounds = ROUNDS.map(({ value }) => ({ value, baselineValue: 100 }));
    const found = judgeTargets(one, judge(one, rounds), 1);
    expect(found).toMatchObject([{ measured: 50, spread: [40, 60], unit: 'ms' }]);
    expect(found).toMatchObject([{ verdict: 'missed', most: 49, least: null }]);
  });

  it('without a bound is told, and several may be read off one contest', () => {
    const one = contest(
      'rate',
      { ...told, figure: 'ratio' },
      { what: 'its rate', figure: 'value', unit: 'ms', least: 50 },
    );
    expect(judged(one).map(({ verdict }) => verdict)).toEqual(['told', 'reached']);
  });

  it('of a contest that did not take place says why', () => {
    const one = contest('cost', { ...told, figure: 'share', most: 3 });
    const found = judgeTargets(one, without(one, 'skipped', 'not installed'), 0.123);
    expect(found).toMatchObject([{ verdict: 'skipped', note: 'not installed', idle: 0.12 }]);
    expect(targetsTable(found)).toContain('| at most 3 × | –        | skipped |');
  });
});

describe('the table', () => {
  const reached = judged(contest('cost', { ...told, figure: 'share', most: 3 }));
  const missed = judged(contest('cost', { ...told, figure: 'ratio', least: 1_000 }));

  it('has the bound, the figure with its spread, the verdict, and how quiet the machine was', () => {
    const [head, rule, first, second] = targetsTable([...reached, ...missed]).split('\n');
    expect(head).toMatch(/^\| what +\| target +\| measured +\| verdict +\| idle before/);
    expect(rule).toMatch(/^[| -]+$/);
    expect(first).toMatch(/\| at most 3 × +\| 0\.5 × \(0\.4 to 0\.5\) +\| reached +\| 100 %/);
    expect(second).toMatch(/\| at least 1,000 × +\| 2 × \(2 to 2\.5\) +\| \*\*missed\*\* +\|/);
  });
});

describe('a file of targets', () => {
  const directory = mkdtempSync(join(tmpdir(), 'timeplane-targets-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const named = (name: string): Contest => ({
    ...contest('cost', { ...told, figure: 'share' }),
    name,
  });
  const of = (name: string, idle: number) =>
    judgeTargets(named(name), judge(named(name), ROUNDS), idle);

  it('keeps what was not measured again, in the order of the contests, and nothing else', () => {
    const known = [...of('gone', 0), ...of('b', 0), ...of('a', 0)];
    const all = renewed(known, of('b', 1), [named('a'), named('b'), named('c')]);
    expect(all.map(({ contest: name, idle }) => [name, idle])).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
  });

  it('is read again, and another file is refused', () => {
    const file = join(directory, 'targets.json');
    expect(readTargets(file)).toEqual([]);
    writeFileSync(file, JSON.stringify({ targets: of('a', 0.5) }));
    expect(readTargets(file)).toEqual(of('a', 0.5));
    for (const text of ['{"results":[]}', 'no JSON']) {
      writeFileSync(file, text);
      expect(() => readTargets(file)).toThrow('has no targets');
    }
  });
});
