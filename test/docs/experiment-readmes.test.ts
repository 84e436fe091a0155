/** Each experiment's README: one form, and no number that the code or the results have otherwise. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STUDIES } from '#lab/experiments/studies';
import type { Scale, Study } from '#lab/study/study';
import {
  README_SECTIONS,
  readmeChecks,
  readmeHead,
  readmeResult,
  readmeTolerance,
} from './experiment-readme.js';
import { readStudies, type StudyDocument } from './study-results.js';

const ROOT = join(import.meta.dirname, '../..');
const documents = readStudies();

function readmeOf({ name }: Study): string {
  return readFileSync(join(ROOT, 'lab/experiments', name, 'README.md'), 'utf8');
}

function documentOf({ name }: Study): StudyDocument {
  const found = documents.find((one) => one.name === name);
  if (found === undefined) throw new Error(`studies.json has no ${name}`);
  return found;
}

const scaleOf = (study: Study, name: Scale['name']): Scale => ({
  name,
  firstSeed: 1,
  seeds: study.seeds[name],
});

/** The row of the parameters' table that begins with `parameter`. */
function parameter(readme: string, name: string): readonly string[] {
  const row = readme.split('\n').find((line) => line.startsWith(`| ${name} `)) ?? '';
  return row.split('|').map((cell) => cell.trim());
}

describe.each(STUDIES.map((study) => [study.name, study] as const))('%s', (_, study) => {
  const readme = readmeOf(study);

  it('begins with the commands and the question', () => {
    const [, duration = ''] = /# ([^\n]*)\n {4}timeplane[^\n]*--quick\n/.exec(readme) ?? [];
    expect(duration).not.toBe('');
    expect(readme.startsWith(`${readmeHead(study, duration)}\n`)).toBe(true);
  });

  it('has model, parameters, what is expected, and results', () => {
    const headings = [...readme.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([...README_SECTIONS]);
  });

  it('says how many seeds and points there are', () => {
    const counts = (['full', 'quick'] as const).map((name) => scaleOf(study, name));
    expect(parameter(readme, 'seeds')).toEqual(
      ['', 'seeds', ...counts.map(({ seeds }) => String(seeds)), ''].map(String),
    );
    const points = counts.map((scale) => study.points(scale).length.toLocaleString('en'));
    expect(parameter(readme, 'points')).toEqual(['', 'points', ...points, '']);
  });

  it('has tolerances and figures of the checks', () => {
    const document = documentOf(study);
    expect(readme).toContain(readmeTolerance(document));
    expect(readme).toContain(readmeChecks(document));
  });

  it('shows the pictures, and where the tables are', () => {
    const result = readmeResult(documentOf(study));
    expect(readme).toContain(result);
    for (const [, path = ''] of result.matchAll(/\]\(([^)#]+)/g)) {
      expect(existsSync(join(ROOT, 'lab/experiments', study.name, path)), path).toBe(true);
    }
    const [, anchor = ''] = /#([^)]+)\)/.exec(result) ?? [];
    const page = readFileSync(join(ROOT, 'docs/tc-or-bc.md'), 'utf8');
    const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    expect(anchors).toContain(anchor);
  });
});
