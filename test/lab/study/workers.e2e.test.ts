/** `timeplane lab study` as a user runs it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exitCodeOf, startLab } from '../support/lab-command.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'timeplane-study-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function study(...args: string[]): Promise<{ code: number | null; text: string }> {
  const { lab, output } = startLab(directory, 'study', ...args);
  const code = await exitCodeOf(lab);
  return { code, text: output() };
}

describe('timeplane lab study', () => {
  it('lists what there is', async () => {
    const { code, text } = await study();
    expect(code).toBe(0);
    expect(text).toMatch(/^001-quantised-stamps +How far off/);
  });

  it('has the same figures from any number of workers, and others from another seed', async () => {
    const files = await Promise.all(
      [
        ['0', '1'],
        ['1', '1'],
        ['3', '1'],
        ['3', '2'],
      ].map(async ([workers = '', seed = '']) => {
        const file = join(directory, `${workers}-${seed}.json`);
        const args = ['003', '--quick', '--workers', workers, '--seed', seed, '--json', file];
        const { code, text } = await study(...args);
        expect(text).toContain(`seeds ${seed} to ${Number(seed) + 2}`);
        expect(code, text).toBe(0);
        return readFileSync(file, 'utf8');
      }),
    );
    const [here, one, three, other] = files;
    expect(one).toBe(here);
    expect(three).toBe(here);
    expect(other).not.toBe(here);
    expect(JSON.parse(here ?? '')).toMatchObject([
      { replay: 'timeplane lab study 003-relays --quick --seed 1 --seeds 3', done: 6, points: 6 },
    ]);
  }, 60_000);

  it('draws', async () => {
    const charts = join(directory, 'charts');
    const html = join(directory, 'relays.html');
    await study('3', '--quick', '--charts', charts, '--html', html);
    expect(readdirSync(charts)).toEqual(['003-relays.svg']);
    const page = readFileSync(html, 'utf8');
    for (const text of [
      'A chain of 802.1AS relays',
      'against what is known',
      '1 to 3, ± 95 % over them',
      'timeplane lab study 003-relays --quick --seed 1 --seeds 3',
      process.versions.node,
    ]) {
      expect(page).toContain(text);
    }
    expect(page.match(/<svg /g)).toHaveLength(1);
  }, 60_000);

  it('that does not exist is said, with those that do', async () => {
    const { code, text } = await study('nothing');
    expect(code).not.toBe(0);
    expect(text).toContain('there is no study "nothing"');
    expect(text).toContain('003-relays');
  });
});
