/** `timeplane sim`, on the inside: plans, faults, figures, and what is written of them. */
import { describe, expect, it } from 'vitest';
import { parseEvent, type Event } from '#lab/simulate/faults';
import { csvLines, nsText, renderRun, runChart, runDocument } from '#lab/simulate/outputs';
import { planProblems, usualSettleSeconds, type SimulationPlan } from '#lab/simulate/plan';
import { runSimulation, type SimulationRun } from '#lab/simulate/run';
import { renderSeveral, runSeveral } from '#lab/simulate/several';
import { summarize } from '#lab/simulate/summary';
import { lineChart } from '#lab/study/line-chart';
import { buildShape, type ShapeTerms } from '../../../lab/topologies/read.js';

function planFor(
  text: string,
  terms: ShapeTerms,
  more: Partial<SimulationPlan> = {},
): SimulationPlan {
  const topology = buildShape(text, terms);
  if (!topology.ok) throw new Error(topology.error.message);
  return {
    topology: topology.value,
    ...{ seed: 7, seconds: 60, settleSeconds: 30, everySeconds: 1 },
    ...{ profile: 'default-e2e', logInterval: null, oscillator: 'tcxo', mostPpm: 20 },
    ...{ granularityNs: 1, jitterNs: 0, load: 0, priority: false, syntonized: false, step: 'one' },
    frames: { loss: 0, duplicate: 0, reorder: 0, corrupt: 0 },
    events: [],
    ...more,
  };
}

const quiet = { progress: () => undefined, signal: new AbortController().signal };

function event(kind: Event['kind'], text: string): Event {
  const parsed = parseEvent(kind, text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

async function figures(plan: SimulationPlan) {
  const run = await runSimulation(plan, quiet);
  return { run, summary: summarize(plan, run) };
}

describe('a run', () => {
  it('is the same from the same seed, and another from another', async () => {
    const plan = planFor('chain:2', { role: 'transparent' }, { jitterNs: 4 });
    const text = async (seed: number) => {
      const own = { ...plan, seed };
      return [...csvLines(own, await runSimulation(own, quiet))].join('\n');
    };
    expect(await text(7)).toBe(await text(7));
    expect(await text(7)).not.toBe(await text(8));
  });

  it('has a row for each role and distance', async () => {
    const { summary } = await figures(planFor('tree:2,2', { role: 'boundary' }));
    expect(summary.groups.map(({ role, hops, clocks }) => [role, hops, clocks])).toEqual([
      ['boundary', 1, 1],
      ['boundary', 2, 2],
      ['client', 3, 4],
    ]);
  });

  it('shows an asymmetry as the error that it is', async () => {
    const link = { delayNs: 1_000, asymmetryNs: 100 };
    const { summary } = await figures(
      planFor('chain:0', { link }, { seconds: 300, settleSeconds: 200, logInterval: -2 }),
    );
    expect(summary.groups[0]?.meanNs).toBeCloseTo(-100, -1);
    expect(summary.groups[0]?.follow).toBe(1);
  });

  it('ends when it is asked to, with what there is', async () => {
    const plan = planFor('chain:3', { role: 'boundary' }, { seconds: 1e6 });
    const stop = new AbortController();
    const run = await runSimulation(plan, { progress: () => stop.abort(), signal: stop.signal });
    expect(run.seconds).toBeGreaterThan(0);
    expect(run.seconds).toBeLessThan(1e6);
    expect(renderRun(plan, run, summarize(plan, run))).toContain('what follows is a part');
  });
});

describe('several seeds', () => {
  it('are as each of them alone, and leave something open', async () => {
    const plan = planFor('chain:1', { role: 'transparent' }, { jitterNs: 5 });
    const several = await runSeveral(plan, 3, quiet);
    expect(several.seeds.map(({ seed }) => seed)).toEqual([7, 8, 9]);
    const alone = await figures({ ...plan, seed: 8 });
    expect(several.seeds[1]?.groups).toEqual(alone.summary.groups);
    const [client] = several.groups;
    expect(client?.rmsNs.mean).toBeGreaterThan(0);
    expect(client?.rmsNs.half).toBeGreaterThan(0);
    expect(renderSeveral(plan, 3, several)).toContain('seeds 7 to 9, ± 95 % over seeds');
  });

  it('may be ended: those that are done count', async () => {
    const plan = planFor('chain:1', {}, { seconds: 1e6 });
    const stop = new AbortController();
    const hooks = { progress: () => stop.abort(), signal: stop.signal };
    const several = await runSeveral(plan, 3, hooks);
    expect(renderSeveral(plan, 3, several)).toContain('ended after 0 of 3 seeds');
  });
});

describe('faults', () => {
  it('a detour of one way moves the clock by half of it, while it lasts', async () => {
    const plan = planFor(
      'chain:0',
      {},
      {
        ...{ seconds: 300, settleSeconds: 150, logInterval: -3 },
        events: [event('detour', 'grandmaster:client@200-300:1000')],
      },
    );
    const { run } = await figures(plan);
    const errors = run.clocks[0]?.errorsNs ?? new Float64Array();
    expect(Math.abs(errors[190] ?? 0)).toBeLessThan(50);
    // The servo is on its way there.
    expect(errors[290]).toBeLessThan(-250);
  });

  it('a grandmaster that fails is followed by another', async () => {
    const plan = planFor(
      'clos:0,2,2,1',
      {},
      { seconds: 100, events: [event('kill', 'grandmaster-1@60')] },
    );
    const { summary } = await figures(plan);
    const followed = summary.clocks.filter(({ state }) => state === 'follows').length;
    // One boundary clock is everybody's master now.
    expect(followed).toBe(summary.clocks.length - 1);
  });

  it('a clock that is taken away has no error any more', async () => {
    const plan = planFor('chain:1', {}, { events: [event('kill', 'client@40')] });
    const { run, summary } = await figures(plan);
    expect(summary.clocks.find(({ name }) => name === 'client')).toMatchObject({ state: 'gone' });
    expect([...csvLines(plan, run)].at(-1)).toMatch(/^60,-?\d+(\.\d+)?,$/);
  });

  it('a jump is followed', async () => {
    const events = [event('jump', 'grandmaster@40:1000000')];
    const { run } = await figures(planFor('chain:0', {}, { events }));
    expect(run.clocks[0]?.errorsNs.at(-1)).toBeGreaterThan(900_000);
  });

  it('lost frames cost Syncs, and nothing else', async () => {
    const frames = { loss: 0.1, duplicate: 0.1, reorder: 0.1, corrupt: 0.02 };
    const { summary } = await figures(planFor('chain:1', { role: 'transparent' }, { frames }));
    expect(summary.groups[0]).toMatchObject({ follow: 1 });
  });

  it('a link that is down for a while comes back', async () => {
    const events = [event('link-down', 'switch-1:client@31-40')];
    const { summary } = await figures(planFor('chain:1', {}, { events }));
    expect(summary.clocks.map(({ state }) => state)).toEqual(['follows', 'follows']);
  });

  it.each([
    ['kill', 'x', 'it is written NODE@SECONDS'],
    ['jump', 'a@3', 'it is written NODE@SECONDS:NS'],
    ['link-down', 'a:b@9-3', 'which is not after 9 s'],
    ['detour', 'a:b@1-2:-5', 'it is written FROM:TO@SECONDS-SECONDS:NS'],
  ] as const)('--%s %s is refused', (kind, text, message) => {
    const parsed = parseEvent(kind, text);
    expect(parsed.ok ? '' : parsed.error.message).toContain(message);
  });
});

describe('a plan', () => {
  it.each([
    [{ settleSeconds: 60 }, '--settle 60: the run ends at 60 s'],
    [{ everySeconds: 31 }, '--every 31: longer than what is counted'],
    [{ seconds: 8e6, everySeconds: 0.001 }, 'do not fit into the memory'],
    [{ events: [event('kill', 'nobody@3')] }, 'chain-2 has no node nobody; it has grandmaster'],
    [{ events: [event('kill', 'client@99')] }, 'it would come at 99 s'],
    [{ events: [event('link-down', 'client:grandmaster@3')] }, 'no link between'],
    [{ events: [event('jump', 'switch-1@3:5')] }, 'switch-1 is a transparent clock'],
    [{ frames: { loss: 1, duplicate: 0, reorder: 0, corrupt: 0 } }, '--loss 1'],
  ])('with %j is refused', (more, message) => {
    const plan = planFor('chain:2', { role: 'transparent' }, more);
    expect(planProblems(plan).join('\n')).toContain(message);
  });

  it('counts what comes after clocks have settled, and at least half', () => {
    const { topology } = planFor('chain:5', {});
    expect(usualSettleSeconds(topology, 10_000)).toBe(900);
    expect(usualSettleSeconds(topology, 100)).toBe(50);
    expect(planProblems(planFor('chain:5', {}))).toEqual([]);
  });

  it('needs a rate for a load, and somebody who follows', () => {
    const link = { bitsPerSecond: null };
    const plan = planFor('chain:1', { role: 'switch', link }, { load: 0.5 });
    expect(planProblems(plan)).toEqual(['--load 0.5: no link has a rate that could be loaded']);
    expect(planProblems(planFor('switches:2,1', { role: 'transparent' }))).toEqual([
      expect.stringContaining('nobody would follow'),
    ]);
  });
});

describe('what is written', () => {
  const plan = planFor('chain:1', {}, { seconds: 4, settleSeconds: 1 });
  const run: SimulationRun = {
    ...{ seconds: 4, samples: 4, events: 10, wallSeconds: 0.5 },
    clocks: [
      { name: 'switch-1', errorsNs: Float64Array.of(900, 10, -20, 10), state: 'follows' },
      { name: 'client', errorsNs: Float64Array.of(Number.NaN, 1, 2, 3), state: 'does not follow' },
    ],
  };
  const summary = summarize(plan, run);

  it('counts from when clocks have settled', () => {
    expect(summary.groups).toMatchObject([
      { role: 'boundary', maxAbsNs: 20, meanNs: 0, mtieNs: 30 },
      { role: 'client', maxAbsNs: 3, meanNs: 2, follow: 0 },
    ]);
    expect(summary.groups[0]?.rmsNs).toBeCloseTo(Math.sqrt(200), 9);
  });

  it('as columns', () => {
    const lines = ['time_s,switch-1_ns,client_ns', '1,900,', '2,10,1', '3,-20,2', '4,10,3'];
    expect([...csvLines(plan, run)]).toEqual(lines);
  });

  it('as a picture, from when clocks have settled', () => {
    const chart = runChart(plan, run, summary);
    expect(chart.series.map(({ name }) => name)).toEqual([
      'switch-1 (boundary, 1 hop)',
      'client (client, 2 hops)',
    ]);
    expect(chart.series[0]?.points).toEqual([
      { x: 2, y: 10 },
      { x: 3, y: -20 },
      { x: 4, y: 10 },
    ]);
    expect(lineChart(chart)).toContain('<svg');
  });

  it('as a document with the command that makes it again', () => {
    const made = { replay: 'timeplane sim chain:1 --seed 7', versions: { node: '20' } };
    const document = JSON.parse(JSON.stringify(runDocument(plan, run, summary, made))) as unknown;
    expect(document).toMatchObject({ isWhole: true, plan: { seed: 7 }, ...made });
  });

  it('says who has no master', () => {
    expect(renderRun(plan, run, summary)).toContain('At the end no master for client.');
  });

  it.each([
    [0.4, '0.4 ns'],
    [-123.4, '-123 ns'],
    [12_345, '12.35 µs'],
    [-3.4e6, '-3.400 ms'],
    [2e9, '2.000 s'],
    [null, '–'],
  ])('%j ns is %s', (ns, text) => {
    expect(nsText(ns)).toBe(text);
  });
});
