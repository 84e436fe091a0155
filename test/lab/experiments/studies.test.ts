/** The short versions: each has to find what theory or a publication has. */
import { describe, expect, it } from 'vitest';
import { STUDIES, studyNamed } from '#lab/experiments/studies';
import { runStudy, type StudyResult } from '#lab/study/run-study';
import { holds, type Scale, type Study } from '#lab/study/study';

function scaleOf(study: Study, seeds = study.seeds.quick): Scale {
  return { name: 'quick', firstSeed: 1, seeds };
}

const results = new Map<string, Promise<StudyResult>>();

/** The short version's result; made once. */
function quick(name: string): Promise<StudyResult> {
  const study = studyNamed(name);
  if (study === null) throw new Error(`no study ${name}`);
  const known = results.get(study.name);
  if (known !== undefined) return known;
  const result = runStudy(study, { workers: 0, scale: scaleOf(study), progress: () => {} });
  results.set(study.name, result);
  return result;
}

describe('every study', () => {
  it('is found by its name and by its number', () => {
    expect(STUDIES.map(({ name }) => studyNamed(name)?.name)).toEqual(
      STUDIES.map(({ name }) => name),
    );
    expect(studyNamed('3')?.name).toBe('003-relays');
    expect(studyNamed('toString')).toBeNull();
  });

  it('has points that are JSON, and another seed in each of a group', () => {
    for (const study of STUDIES) {
      const points = study.points(scaleOf(study));
      expect(JSON.parse(JSON.stringify(points)), study.name).toEqual(points);
      expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(points.length);
    }
  });
});

describe.each(STUDIES.map(({ name }) => name))('%s', (name) => {
  it('finds what is expected', async () => {
    const result = await quick(name);
    const off = result.findings.checks.filter((check) => !holds(check));
    expect(off, `timeplane lab study ${name} --quick`).toEqual([]);
    expect(result.findings.tables.length).toBeGreaterThan(0);
    expect(result.findings.charts.length).toBeGreaterThan(0);
  }, 300_000);
});

describe('twenty boundary clocks', () => {
  it('amplify with linuxptp’s gains, and do not with ours', async () => {
    const result = await quick('002');
    const rms = (what: string) =>
      result.findings.checks.find((check) => check.what === what)?.found ?? Number.NaN;
    const theirs = (kind: string) => rms(`${kind}, linuxptp, hardware stamps, hop 20`);
    const ours = (kind: string) => rms(`${kind}, ours, hop 20`);
    expect(theirs('BC')).toBeGreaterThan(100 * theirs('TC'));
    expect(ours('BC')).toBeLessThan(ours('TC'));
  }, 300_000);
});

describe('a row of clocks', () => {
  const rms = async (title: string, contender: string): Promise<number[]> => {
    const { findings } = await quick('004');
    const table = findings.tables.find((one) => one.title.startsWith(title));
    const row = table?.rows.find(([name]) => name === contender) ?? [];
    return row.slice(1).map((cell) => (typeof cell === 'object' ? cell.mean : Number.NaN));
  };

  it('of boundary clocks with our servo is no worse than of transparent ones, with white noise', async () => {
    const boundary = await rms('white', 'BC, ours');
    const transparent = await rms('white', 'TC, ours');
    expect(boundary.at(-1)).toBeLessThan(transparent.at(-1) ?? 0);
    expect(boundary.at(-1)).toBeLessThan(3 * (boundary[0] ?? 0));
  });

  it('amplifies with gains of 3 dB of peaking', async () => {
    const [one = 0, , ten = 0] = await rms('white', 'BC, linuxptp, hardware stamps');
    expect(ten).toBeGreaterThan(10 * one);
  });

  it('does not see load, unless it is of plain switches', async () => {
    for (const contender of ['BC, ours', 'TC, ours']) {
      const [idle, loaded] = [await rms('white', contender), await rms('loaded', contender)];
      expect((loaded.at(-1) ?? Infinity) / (idle.at(-1) ?? 0)).toBeLessThan(1.2);
    }
    const [, , ten = 0] = await rms('loaded', 'switches, ours');
    expect(ten).toBeGreaterThan(5_000);
  });

  it('lags behind a common wander once for each boundary clock', async () => {
    const [one = 0, , ten = 0] = await rms('wander', 'BC, ours');
    const transparent = await rms('wander', 'TC, ours');
    expect(ten).toBeGreaterThan(5 * one);
    expect(transparent.at(-1)).toBeLessThan(1.3 * (transparent[0] ?? 0));
  });
});

describe('what stamps and steps cost', () => {
  const row = async (kind: string, granularityNs: number, switches: number): Promise<number> => {
    const { findings } = await quick('008');
    const found = findings.tables[0]?.rows.find(
      ([one, step, count]) => one === kind && step === granularityNs && count === switches,
    );
    const rms = found?.[3];
    return typeof rms === 'object' ? rms.mean : Number.NaN;
  };

  it('is the same one-step at the MAC and two-step', async () => {
    for (const granularityNs of [1_000, 8]) {
      const [one, two] = [
        await row('one-step at the MAC', granularityNs, 4),
        await row('two-step', granularityNs, 4),
      ];
      expect(one / two).toBeCloseTo(1, 5);
    }
  });

  it('is more where frames are corrected before they leave', async () => {
    expect(await row('one-step, predicted', 8, 4)).toBeGreaterThan(
      5 * (await row('two-step', 8, 4)),
    );
  });
});

it('a lost grandmaster is followed by the other one within ten seconds', async () => {
  const { findings } = await quick('005');
  const followed = findings.tables[0]?.rows.map((row) => row[2]) ?? [];
  expect(followed).toHaveLength(4);
  for (const cell of followed) {
    expect(typeof cell === 'object' ? cell.mean : Number.NaN).toBeLessThan(12);
  }
});
