/**
 * Networks with real peers in which a boundary clock must do the right thing: what is checked is in
 * each scenario's words. Peers are ptp4l; what is served is seen on the links.
 */
import type { Mechanism, Transport } from '../../peers/ptp4l.js';
import type { OwnClock } from '../../peers/own-clock.js';
import { setLink, type GraphPlan, type Speaker } from '../../namespaces/graph.js';
import type { Cleanup } from '../first-light/cleanup.js';
import { pause } from '../run.js';
import { Checks } from './checks.js';
import {
  EAGER_SERVO,
  FAST_RATES,
  startClient,
  startGrandmaster,
  startPtp4lBoundary,
  startTimeplaneBoundary,
  type BoundaryOptions,
} from './clocks.js';
import { LAB_OSCILLATOR, otherOscillator } from './plan.js';
import { sharedNowNs, type Observer } from './observer.js';
import { ClientLog } from './client-log.js';
import { observe, portAt, setStage, settled, type BoundaryContext, type Stage } from './stage.js';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  run(context: BoundaryContext, cleanup: Cleanup): Promise<Checks>;
}

const GRANDMASTER = 'grandmaster';
const CLIENTS = ['client 1', 'client 2'] as const;
/** How long what must not change is watched. */
const WATCH_MS = 4_000;

interface Kind {
  readonly transport: Transport;
  readonly mechanism: Mechanism;
}

const L2: Kind = { transport: 'L2', mechanism: 'E2E' };

function begin(
  context: BoundaryContext,
  cleanup: Cleanup,
  plan: GraphPlan,
  kind: Kind = L2,
): Promise<Stage> {
  return setStage(context, { ...plan, ...kind, rates: FAST_RATES }, cleanup);
}

const oscillatorOf = (index: number): OwnClock =>
  index === 0 ? LAB_OSCILLATOR : otherOscillator(index);

const best = (stage: Stage) =>
  startGrandmaster(stage.clocks, GRANDMASTER, { priority1: 10, masterOnly: true });

const ours = (stage: Stage, name: string, index = 0, options: Partial<BoundaryOptions> = {}) =>
  startTimeplaneBoundary(stage.clocks, name, { clock: oscillatorOf(index), ...options });

const theirs = (stage: Stage, name: string, index: number) =>
  startPtp4lBoundary(stage.clocks, name, {
    clock: oscillatorOf(index),
    settings: EAGER_SERVO,
  });

async function client(stage: Stage, name: string): Promise<ClientLog> {
  const log = new ClientLog();
  await startClient(stage.clocks, name, (line) => log.take(line));
  return log;
}

/** What is served for a while, once it is settled: no step, and nothing far from the truth. */
async function watchServed(
  stage: Stage,
  checks: Checks,
  name: string,
  observer: Observer,
): Promise<void> {
  const sinceNs = sharedNowNs();
  await pause(WATCH_MS, stage.watch.signal);
  checks.steady(name, observer.served(sinceNs));
}

/** Until a ptp4l follows its grandmaster. */
const FOLLOWS_TIMEOUT_MS = 30_000;

const CLOCK = 'boundary clock';

/** One clock between a grandmaster and two clients. */
function peers(name: string, title: string, kind: Kind, step: 'one' | 'two'): Scenario {
  return {
    name,
    title,
    run: async (context, cleanup) => {
      const [first, second] = CLIENTS;
      const stage = await begin(
        context,
        cleanup,
        {
          nodes: {
            [GRANDMASTER]: 'kernel',
            [CLOCK]: 'switch',
            [first]: 'kernel',
            [second]: 'kernel',
          },
          links: [
            [GRANDMASTER, CLOCK],
            [CLOCK, first],
            [CLOCK, second],
          ],
        },
        kind,
      );
      const observer = await observe(stage, first);
      await best(stage);
      await ours(stage, CLOCK, 0, { step });
      const logs = [await client(stage, first), await client(stage, second)];
      await settled(stage, observer, GRANDMASTER);
      const checks = new Checks(stage);
      await checks.states(CLOCK, ['slave', 'master', 'master']);
      await checks.parent(CLOCK, GRANDMASTER, 1);
      checks.announced(CLOCK, observer, { grandmaster: GRANDMASTER, stepsRemoved: 1, port: 2 });
      await watchServed(stage, checks, CLOCK, observer);
      for (const [index, log] of logs.entries()) {
        checks.client(CLIENTS[index] ?? '', log);
      }
      return checks;
    },
  };
}

function rowOf(names: readonly string[], speakers: readonly Speaker[]): GraphPlan {
  const all = [GRANDMASTER, ...names, CLIENTS[0]];
  const nodes = Object.fromEntries<Speaker>(all.map((name) => [name, 'kernel']));
  for (const [index, name] of names.entries()) nodes[name] = speakers[index] ?? 'kernel';
  return { nodes, links: all.slice(1).map((name, index) => [all[index] ?? '', name] as const) };
}

async function checkRow(
  stage: Stage,
  names: readonly string[],
  observers: readonly Observer[],
  log: ClientLog,
): Promise<Checks> {
  const checks = new Checks(stage);
  for (const [index, name] of names.entries()) {
    const observer = observers[index];
    if (observer === undefined) continue;
    await settled(stage, observer, GRANDMASTER);
    const stepsRemoved = index + 1;
    checks.announced(name, observer, { grandmaster: GRANDMASTER, stepsRemoved, port: 2 });
  }
  const last = observers.at(-1);
  if (last !== undefined) await watchServed(stage, checks, names.at(-1) ?? '', last);
  checks.client(CLIENTS[0], log);
  return checks;
}

const threeInARow: Scenario = {
  name: 'three',
  title: 'three of ours in a row',
  run: async (context, cleanup) => {
    const names = ['clock 1', 'clock 2', 'clock 3'];
    const stage = await begin(context, cleanup, rowOf(names, ['switch', 'switch', 'switch']));
    const behind = [...names.slice(1), CLIENTS[0]];
    const observers = await Promise.all(behind.map((name) => observe(stage, name)));
    await best(stage);
    for (const [index, name] of names.entries()) await ours(stage, name, index);
    const log = await client(stage, CLIENTS[0]);
    const sinceNs = sharedNowNs();
    const checks = await checkRow(stage, names, observers, log);
    for (const [index, name] of names.entries()) {
      await checks.states(name, ['slave', 'master']);
      await checks.parent(name, [GRANDMASTER, ...names][index] ?? '', index + 1);
      const served = observers.map((observer) => observer.served(sinceNs));
      const before = served[index - 1];
      if (before !== undefined) await checks.follows(name, before, served[index] ?? []);
    }
    return checks;
  },
};

const sandwich: Scenario = {
  name: 'sandwich',
  title: 'ptp4l as boundary clock above ours and below',
  run: async (context, cleanup) => {
    const names = ['ptp4l above', 'ours', 'ptp4l below'];
    const stage = await begin(context, cleanup, rowOf(names, ['kernel', 'switch', 'kernel']));
    const behind = [...names.slice(1), CLIENTS[0]];
    const observers = await Promise.all(behind.map((name) => observe(stage, name)));
    await best(stage);
    const above = await theirs(stage, 'ptp4l above', 0);
    // It steps once, when it follows. Who has followed it before has used up its own step, and slews for minutes.
    await above.line(/UNCALIBRATED to SLAVE/, FOLLOWS_TIMEOUT_MS);
    await ours(stage, 'ours', 1);
    await theirs(stage, 'ptp4l below', 2);
    const log = await client(stage, CLIENTS[0]);
    const checks = await checkRow(stage, names, observers, log);
    await checks.states('ours', ['slave', 'master']);
    await checks.parent('ours', 'ptp4l above', 2);
    return checks;
  },
};

const ring: Scenario = {
  name: 'ring',
  title: 'a ring of three: one port is passive, and takes over when a link is cut',
  run: async (context, cleanup) => {
    const [a, b, c] = ['clock 1', 'clock 2', 'clock 3'] as const;
    const stage = await begin(context, cleanup, {
      nodes: {
        [GRANDMASTER]: 'kernel',
        [a]: 'switch',
        [b]: 'switch',
        [c]: 'switch',
        [CLIENTS[0]]: 'kernel',
      },
      links: [
        [GRANDMASTER, a],
        [a, b],
        [a, c],
        [b, c],
        [c, CLIENTS[0]],
      ],
    });
    const observer = await observe(stage, CLIENTS[0]);
    await best(stage);
    for (const [index, name] of [a, b, c].entries()) await ours(stage, name, index);
    const log = await client(stage, CLIENTS[0]);
    await settled(stage, observer, GRANDMASTER);
    const checks = new Checks(stage);
    await checks.states(a, ['slave', 'master', 'master']);
    // Of two clocks as near to the grandmaster the one with the lower identity is the better.
    await checks.states(b, ['slave', 'master']);
    await checks.states(c, ['slave', 'passive', 'master']);
    checks.announced(c, observer, { grandmaster: GRANDMASTER, stepsRemoved: 2, port: 3 });
    await watchServed(stage, checks, c, observer);
    const cutNs = sharedNowNs();
    await setLink(portAt(stage, a, 3), 'down');
    await checks.states(c, [null, 'slave', 'master']);
    await settled(stage, observer, GRANDMASTER);
    checks.announced(c, observer, { grandmaster: GRANDMASTER, stepsRemoved: 3, port: 3 });
    checks.steady(`${c}, while the ring was cut,`, observer.served(cutNs));
    checks.client(CLIENTS[0], log);
    return checks;
  },
};

const FLAPS = 3;
const FLAP_MS = 700;

const flap: Scenario = {
  name: 'flap',
  title: 'the link to the grandmaster goes down and up again',
  run: async (context, cleanup) => {
    const stage = await begin(context, cleanup, rowOf([CLOCK], ['switch']));
    const observer = await observe(stage, CLIENTS[0]);
    await best(stage);
    await ours(stage, CLOCK);
    const log = await client(stage, CLIENTS[0]);
    await settled(stage, observer, GRANDMASTER);
    const checks = new Checks(stage);
    const sinceNs = sharedNowNs();
    for (let flaps = 0; flaps < FLAPS; flaps++) {
      await setLink(portAt(stage, GRANDMASTER, 1), 'down');
      await pause(FLAP_MS, stage.watch.signal);
      await setLink(portAt(stage, GRANDMASTER, 1), 'up');
      await checks.states(CLOCK, ['slave', 'master']);
      await settled(stage, observer, GRANDMASTER);
    }
    checks.steady(`${CLOCK}, through ${FLAPS} flaps,`, observer.served(sinceNs));
    checks.client(CLIENTS[0], log);
    return checks;
  },
};

const withoutLength = (address: string) => address.replace(/\/.*/, '');

const unicast: Scenario = {
  name: 'unicast',
  title: 'unicast negotiation with the grandmaster and with a client, over UDPv4',
  run: async (context, cleanup) => {
    const kind: Kind = { transport: 'UDPv4', mechanism: 'E2E' };
    const stage = await begin(context, cleanup, rowOf([CLOCK], ['switch']), kind);
    const observer = await observe(stage, CLIENTS[0]);
    await startGrandmaster(stage.clocks, GRANDMASTER, {
      ...{ priority1: 10, masterOnly: true, unicast: true },
    });
    // Its MAC address is for the switch to find out, as the client finds out the switch's.
    const master = { ip: withoutLength(portAt(stage, GRANDMASTER, 1).address.ipv4) };
    await ours(stage, CLOCK, 0, {
      boundaryOf: [{ messaging: 'unicast', unicastMasters: [master] }, { unicastGrants: {} }],
    });
    const log = new ClientLog();
    const address = withoutLength(portAt(stage, CLOCK, 2).address.ipv4);
    await startClient(stage.clocks, CLIENTS[0], (line) => log.take(line), {
      sections: {
        unicast_master_table: { table_id: 1, logQueryInterval: 0, UDPv4: address },
        [portAt(stage, CLIENTS[0], 1).name]: { unicast_master_table: 1 },
      },
    });
    await settled(stage, observer, GRANDMASTER);
    const checks = new Checks(stage);
    await checks.states(CLOCK, ['slave', 'master']);
    await checks.parent(CLOCK, GRANDMASTER, 1);
    checks.announced(CLOCK, observer, { grandmaster: GRANDMASTER, stepsRemoved: 1, port: 2 });
    await watchServed(stage, checks, CLOCK, observer);
    checks.client(CLIENTS[0], log);
    return checks;
  },
};

export const SCENARIOS: readonly Scenario[] = [
  peers('l2', 'over Ethernet, end-to-end', L2, 'two'),
  peers('l2-p2p', 'over Ethernet, peer-to-peer', { transport: 'L2', mechanism: 'P2P' }, 'two'),
  peers('one-step', 'one-step, over Ethernet', L2, 'one'),
  peers('udp4', 'over UDPv4, end-to-end', { transport: 'UDPv4', mechanism: 'E2E' }, 'two'),
  peers('udp4-p2p', 'over UDPv4, peer-to-peer', { transport: 'UDPv4', mechanism: 'P2P' }, 'two'),
  peers('udp6', 'over UDPv6, end-to-end', { transport: 'UDPv6', mechanism: 'E2E' }, 'two'),
  threeInARow,
  sandwich,
  ring,
  flap,
  unicast,
];
