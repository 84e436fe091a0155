import { describe, expect, it } from 'vitest';
import { estimate, estimateRms, student95 } from '#lab/study/estimate';
import { lineChart } from '#lab/study/line-chart';
import { cellText, renderStudy } from '#lab/study/report';
import { runStudy } from '#lab/study/run-study';
import { deviation, grouped, holds, replayCommand, type Scale, type Study } from '#lab/study/study';

describe('an estimate', () => {
  it('has the interval of Student’s t', () => {
    const { mean, half } = estimate([9, 10, 11]);
    expect(mean).toBe(10);
    // s = 1, t = 4.303 with two degrees of freedom.
    expect(half).toBeCloseTo(4.303 / Math.sqrt(3), 3);
    // Beyond the table, as other tables have them.
    expect([15, 30, 100].map((degrees) => Number(student95(degrees).toFixed(3)))).toEqual([
      2.131, 2.042, 1.984,
    ]);
  });

  it('of deviations averages their squares', () => {
    expect(estimateRms([3, 5]).mean).toBeCloseTo(Math.sqrt(17), 12);
  });

  it('of one value leaves everything open', () => {
    expect(estimate([7]).half).toBeNaN();
    expect(cellText(estimate([7]))).toBe('7');
    expect(cellText({ mean: 123.456, half: 0.0123 })).toBe('123.5 ± 0.012');
  });
});

interface Dice {
  readonly seed: number;
  readonly sides: number;
}

/** Deterministic, and slow on purpose for the first ones: these are done last on several workers. */
const DICE: Study<Dice, { readonly value: number }> = {
  name: 'dice',
  title: 'Dice',
  question: 'What do dice show?',
  seeds: { quick: 3, full: 6 },
  points: ({ firstSeed, seeds }) =>
    [6, 20].flatMap((sides) =>
      Array.from({ length: seeds }, (_, index) => ({ seed: firstSeed + index, sides })),
    ),
  simulate: ({ seed, sides }) => ({ value: (seed * 7_919) % sides }),
  summarise: (runs) => ({
    tables: [
      {
        title: 'means',
        columns: [{ name: 'sides' }, { name: 'mean' }],
        rows: [...grouped(runs, ({ sides }) => String(sides))].map(([sides, group]) => [
          sides,
          estimate(group.map(({ outcome }) => outcome.value)),
        ]),
      },
    ],
    charts: [],
    checks: [{ what: 'sum', found: 10, half: 0, expected: 11, tolerance: 0.05 }],
    notes: [],
  }),
};
const QUICK: Scale = { name: 'quick', firstSeed: 1, seeds: 3 };

describe('a run', () => {
  it('tells its progress, and gives runs in the order of their points', async () => {
    const told: string[] = [];
    const result = await runStudy(DICE as unknown as Study, {
      workers: 0,
      scale: QUICK,
      progress: (done, all) => told.push(`${done}/${all}`),
    });
    expect(told).toEqual(['0/6', '1/6', '2/6', '3/6', '4/6', '5/6', '6/6']);
    expect(result.findings.tables[0]?.rows.map(([sides]) => sides)).toEqual(['6', '20']);
  });

  it('that is interrupted keeps what is done, and says that it is a part', async () => {
    const ending = new AbortController();
    const study = DICE as unknown as Study;
    const result = await runStudy(study, {
      workers: 0,
      scale: QUICK,
      signal: ending.signal,
      progress: (done) => {
        if (done === 4) ending.abort();
      },
    });
    expect(result).toMatchObject({ points: 6, done: 4 });
    expect(renderStudy(study, result, QUICK)).toContain('ended after 4 of 6 points');
  });

  it('says by which command it is made again', () => {
    expect(replayCommand(DICE as unknown as Study, QUICK)).toBe(
      'timeplane lab study dice --quick --seed 1 --seeds 3',
    );
  });

  it('says which point failed, and the command that has it fail again', async () => {
    const broken = {
      ...DICE,
      simulate: ({ seed }: Dice): { readonly value: number } => {
        if (seed === 2) throw new Error('the dice fell off the table');
        return { value: seed };
      },
    } as unknown as Study;
    const run = runStudy(broken, { workers: 0, scale: QUICK, progress: () => {} });
    await expect(run).rejects.toThrow('the dice fell off the table');
    await expect(run).rejects.toThrow('at the point {"seed":2,"sides":6}');
    await expect(run).rejects.toThrow('again: timeplane lab study dice --quick --seed 2 --seeds 1');
  });

  it('holds a figure to its tolerance', () => {
    const check = { what: '', half: 0, expected: 100, tolerance: 0.02 };
    expect(holds({ ...check, found: 101.9 })).toBe(true);
    expect(holds({ ...check, found: 97.9 })).toBe(false);
    expect(holds({ ...check, found: Number.NaN })).toBe(false);
    expect(deviation({ ...check, found: 97 })).toBeCloseTo(0.03, 12);
  });
});

describe('a chart', () => {
  const chart = {
    title: 'a < b & "c"',
    x: { label: 'hops', scale: 'log' as const },
    y: { label: 'ns', scale: 'linear' as const },
    series: [
      {
        name: 'one',
        points: [
          { x: 1, y: 2, half: 0.5 },
          { x: 100, y: 4 },
        ],
      },
      {
        name: 'two',
        style: 'dashed' as const,
        points: [
          { x: 1, y: 1 },
          { x: 100, y: Number.NaN },
        ],
      },
    ],
  };

  it('is a drawing by itself, with its texts escaped', () => {
    const svg = lineChart(chart);
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
    expect(svg).not.toMatch(/NaN|undefined|href|script/);
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg).toContain('prefers-color-scheme:dark');
    // Decades of the logarithmic axis.
    for (const tick of ['>1<', '>10<', '>100<']) expect(svg).toContain(tick);
  });

  it('without a point is refused', () => {
    expect(() => lineChart({ ...chart, series: [] })).toThrow('has no point to draw');
  });
});
