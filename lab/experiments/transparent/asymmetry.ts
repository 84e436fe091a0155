/**
 * What delayAsymmetry of the port towards the grandmaster does to a client. The link is not
 * asymmetric, so a clock that is told that it is makes a known error: Sync is believed to have taken
 * the mean delay plus A, Delay_Req the mean delay minus A. By IEEE 1588-2019, 11.6, the client's
 * offset moves by −A, and its mean path delay not at all.
 */
import type { LegFigures } from './leg.js';
import { Cleanup } from '../first-light/cleanup.js';
import { settle } from '../listening.js';
import { medians } from './evaluate.js';
import {
  beginLeg,
  buildNetwork,
  explain,
  listenWithTaps,
  runningOf,
  type LabContext,
  type Network,
} from './leg.js';
import { COMPARISONS, type Comparison, type Row } from './rows.js';
import type { Asymmetry } from './schema.js';

export const ASYMMETRY_NS = 1000;

interface Subject {
  readonly comparison: Comparison;
  readonly row: Row;
}

/** The single devices of the first two comparisons. */
export function asymmetrySubjects(): Subject[] {
  return COMPARISONS.filter(({ name }) => name === 'e2e' || name === 'p2p').flatMap((comparison) =>
    comparison.rows.filter(({ device }) => device !== 'direct').map((row) => ({ comparison, row })),
  );
}

async function listenWith(
  context: LabContext,
  title: string,
  network: Network,
  asymmetryNs: number,
): Promise<LegFigures> {
  const name = `${title} with ${asymmetryNs} ns`;
  context.progress.update(`${name}: configuring`);
  await network.devices.setAsymmetry(asymmetryNs);
  // Twice: the client may have lost its time transmitter, and begins its filter anew.
  await settle(context, name, runningOf(network));
  await settle(context, name, runningOf(network));
  const figures = await listenWithTaps(context, name, network, runningOf(network));
  return { ...figures, lostTrafficFrames: 0 };
}

async function measure(context: LabContext, { comparison, row }: Subject): Promise<Asymmetry> {
  const title = beginLeg(context, `asymmetry, ${comparison.title}: ${row.title}`);
  const expected = {
    device: row.device,
    step: row.step ?? 'one',
    mechanism: comparison.mechanism,
    ...{ configuredNs: ASYMMETRY_NS, expectedOffsetShiftNs: -ASYMMETRY_NS },
    expectedPathDelayShiftNs: 0,
  };
  const cleanup = new Cleanup();
  try {
    context.progress.update(`${title}: building`);
    const network = await buildNetwork(context, comparison, row, cleanup);
    await settle(context, title, runningOf(network));
    const without: LegFigures[] = [];
    const having: LegFigures[] = [];
    for (const asymmetryNs of [0, ASYMMETRY_NS, ASYMMETRY_NS, 0]) {
      const legs = asymmetryNs === 0 ? without : having;
      legs.push(await listenWith(context, title, network, asymmetryNs));
    }
    const [before, after] = [medians(without), medians(having)];
    return {
      ...{ ...expected, status: 'ok', reason: '' },
      offsetShiftNs: Math.round(after.offsetNs - before.offsetNs),
      pathDelayShiftNs: Math.round(after.pathDelayNs - before.pathDelayNs),
      samples: [...without, ...having].reduce((total, leg) => total + leg.samples.length, 0),
    };
  } catch (error) {
    return { ...expected, ...explain(error), offsetShiftNs: 0, pathDelayShiftNs: 0, samples: 0 };
  } finally {
    await cleanup.run();
  }
}

/** Each device in turn, E2E and P2P. */
export async function measureAsymmetry(context: LabContext): Promise<Asymmetry[]> {
  const results: Asymmetry[] = [];
  for (const subject of asymmetrySubjects()) {
    const result = await measure(context, subject);
    const what = `asymmetry, ${subject.comparison.title}: ${subject.row.title}`;
    context.progress.done(
      result.status === 'ok'
        ? `${what}: offset moved by ${result.offsetShiftNs} ns, path delay by ` +
            `${result.pathDelayShiftNs} ns`
        : `${what}: ${result.status}: ${result.reason}`,
    );
    results.push(result);
  }
  return results;
}
