/** The headline page and its pictures are what the committed results say, to the letter. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { selectRows } from '#lab/experiments/compare/rows';
import { STUDIES } from '#lab/experiments/studies';
import { lineChart } from '#lab/study/line-chart';
import { chartFile } from '#lab/study/report';
import { holds } from '#lab/study/study';
import { readStudies, RESULTS } from './study-results.js';
import { comparisonPictures, compareLabPage, readComparison } from './compare-page.js';
import { tcOrBcDocument } from './tc-or-bc-document.js';

const studies = readStudies();
const comparison = readComparison();
const page = tcOrBcDocument(studies, comparison);

describe('docs/tc-or-bc.md', () => {
  it('is what the results say', async () => {
    await expect(page).toMatchFileSnapshot('../../docs/tc-or-bc.md');
  });

  it('has results of all studies, whole, at full scale, with as many seeds as they have', () => {
    expect(studies.map(({ name }) => name)).toEqual(STUDIES.map(({ name }) => name));
    for (const { name, scale, points, done } of studies) {
      const study = STUDIES.find((one) => one.name === name);
      expect(scale, name).toEqual({ name: 'full', firstSeed: 1, seeds: study?.seeds.full });
      expect(done, name).toBe(points);
      expect(study?.points({ ...scale, name: 'full' }), name).toHaveLength(points);
    }
  });

  it('reproduces what is known', () => {
    const off = studies.flatMap(({ name, checks }) =>
      checks.filter((check) => !holds(check)).map(({ what }) => `${name}: ${what}`),
    );
    expect(off).toEqual([]);
  });

  it('has no figure without the command that makes it', () => {
    for (const { replay } of studies) expect(page).toContain(replay);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('shows pictures that are there, and are those of the results', () => {
    const shown = [...page.matchAll(/\]\(tc-or-bc\/([^)]+\.svg)\)/g)].map(([, file = '']) => file);
    const drawn = new Map(
      studies.flatMap(({ name, charts }) =>
        charts.map((chart, index) => [chartFile(name, index), lineChart(chart)] as const),
      ),
    );
    const compared = comparisonPictures(comparison).keys();
    expect([...shown].sort()).toEqual([...drawn.keys(), ...compared].sort());
    for (const [file, svg] of drawn) {
      expect(readFileSync(join(RESULTS, file), 'utf8') === svg, file).toBe(true);
    }
  });
});

describe('what was measured', () => {
  it('stands in docs/compare-lab.md as the results have it', async () => {
    await expect(compareLabPage(comparison)).toMatchFileSnapshot('../../docs/compare-lab.md');
  });

  it.each([...comparisonPictures(comparison)])('is drawn in %s', async (file, svg) => {
    await expect(svg).toMatchFileSnapshot(`../../docs/tc-or-bc/${file}`);
  });

  it('is all that there is to measure, each row whole', () => {
    const measured = new Set(comparison.measurements.map(({ row }) => row));
    const asked = selectRows([], comparison.config.in) ?? [];
    expect(asked.filter(({ name }) => !measured.has(name))).toEqual([]);
    expect(comparison.measurements.filter(({ status }) => status === 'failed')).toEqual([]);
  });
});
