/**
 * How long until clients hear of another grandmaster when theirs is gone.
 *
 *     grandmaster A ─┐
 *                    ├─ boundary clock ── client
 *     grandmaster B ─┘
 *
 * A is the better one; B is announced all the time, as a telecom grandmaster is. A is killed, or its
 * link is cut, at a random moment; the clock stops when the first Announce that names B arrives at the
 * client. Then A comes back, the boundary clock goes back to it, and so on.
 */
import type { ManagedProcess } from '../../peers/managed-process.js';
import { setLink } from '../../namespaces/graph.js';
import type { Cleanup } from '../first-light/cleanup.js';
import { pause } from '../run.js';
import {
  BOUNDARY_TITLES,
  speakerOf,
  startBoundary,
  startClient,
  startGrandmaster,
  type BoundaryKind,
  type Rates,
} from './clocks.js';
import { LAB_OSCILLATOR } from './plan.js';
import { sharedNowNs, until, type Observer } from './observer.js';
import {
  observe,
  onStage,
  portAt,
  setStage,
  settled,
  type BoundaryContext,
  type Outcome,
  type Stage,
} from './stage.js';

export const FAILOVER_WAYS = ['kill', 'link'] as const;
/** The grandmaster's process is killed, or its link goes down. */
export type FailoverWay = (typeof FAILOVER_WAYS)[number];

export interface FailoverPlan {
  readonly kind: BoundaryKind;
  readonly way: FailoverWay;
  readonly rates: Rates;
  readonly kills: number;
  /** From 0 to 1: when in an Announce interval. */
  readonly random: () => number;
}

export interface Failover {
  /** From the kill to the first Announce of the other grandmaster. */
  readonly followMs: number;
  /** The largest error of the time served since then, until it is settled again. */
  readonly worstErrorNs: number;
}

const A = 'grandmaster A';
const B = 'grandmaster B';
const CLOCK = 'boundary clock';
const CLIENT = 'client';

interface Scene extends Stage {
  readonly observer: Observer;
  best: ManagedProcess;
}

const startBest = (stage: Stage) =>
  startGrandmaster(stage.mortals, A, { priority1: 10, masterOnly: true });

async function begin(
  context: BoundaryContext,
  { kind, rates }: FailoverPlan,
  cleanup: Cleanup,
): Promise<Scene> {
  const stage = await setStage(
    context,
    {
      ...{ transport: 'L2', mechanism: 'E2E', rates },
      nodes: { [A]: 'kernel', [B]: 'kernel', [CLOCK]: speakerOf(kind), [CLIENT]: 'kernel' },
      links: [
        [A, CLOCK],
        [B, CLOCK],
        [CLOCK, CLIENT],
      ],
    },
    cleanup,
  );
  const observer = await observe(stage, CLIENT);
  await startGrandmaster(stage.clocks, B, { priority1: 20, masterOnly: true });
  await startBoundary(stage.clocks, CLOCK, kind, { clock: LAB_OSCILLATOR });
  await startClient(stage.clocks, CLIENT);
  return { ...stage, observer, best: await startBest(stage) };
}

async function takeAway(scene: Scene, way: FailoverWay): Promise<bigint> {
  const atNs = sharedNowNs();
  if (way === 'link') await setLink(portAt(scene, A, 1), 'down');
  else process.kill(scene.best.pid, 'SIGKILL');
  return atNs;
}

async function bringBack(scene: Scene, way: FailoverWay): Promise<void> {
  if (way === 'link') await setLink(portAt(scene, A, 1), 'up');
  else scene.best = await startBest(scene);
}

const FOLLOW_LIMIT_MS = 10_000;
const FOLLOW_LIMIT_INTERVALS = 10;

async function failOnce(scene: Scene, { way, rates, random }: FailoverPlan): Promise<Failover> {
  const { observer, watch, graph } = scene;
  const announceMs = 1000 * 2 ** rates.logAnnounceInterval;
  await settled(scene, observer, A);
  await pause(random() * announceMs, watch.signal);
  const goneNs = await takeAway(scene, way);
  const other = graph.node(B).clockIdentity;
  const namesOther = () =>
    observer.announces(goneNs).find(({ announce }) => announce.grandmasterIdentity === other);
  const limitMs = FOLLOW_LIMIT_MS + FOLLOW_LIMIT_INTERVALS * announceMs;
  const first = await until(watch, namesOther, limitMs, () => `an Announce of ${B}`);
  await settled(scene, observer, B);
  const errors = observer.served(goneNs).map(({ errorNs }) => Math.abs(errorNs));
  await bringBack(scene, way);
  return {
    followMs: Number(first.stampNs - goneNs) / 1e6,
    worstErrorNs: Math.max(...errors),
  };
}

/** So many kills in a row, on one network. */
export function measureFailover(
  context: BoundaryContext,
  plan: FailoverPlan,
): Promise<Outcome<readonly Failover[]>> {
  const title = `failover, ${BOUNDARY_TITLES[plan.kind]}, ${plan.way}`;
  return onStage(async (cleanup) => {
    context.progress.update(`${title}: building`);
    const scene = await begin(context, plan, cleanup);
    const failovers: Failover[] = [];
    while (failovers.length < plan.kills) {
      context.progress.update(`${title}: ${failovers.length} of ${plan.kills}`);
      failovers.push(await failOnce(scene, plan));
    }
    return failovers;
  });
}
