/**
 * Ten thousand clients: how many of a crowd's Delay_Req are answered, how soon, and at what cost, by
 * our switch in boundary mode and by ptp4l, at the same end of the same link.
 *
 *   crowd c0 ── s0 [ timeplane switch and agent, or ptp4l ]
 *
 * Crowd and server share a machine with as many processors as it has; the kernel's work for a frame
 * that arrives is done in the sender's time, on both sides alike.
 */
import { zeroLossRate, type Trial } from '../bench/zero-loss.js';
import type { Progress } from '../experiments/first-light/progress.js';
import { pause } from '../experiments/run.js';
import { LabError } from '../lab-error.js';
import type { FidelityWatch } from '../peers/fidelity-watch.js';
import { assertAllAlive } from '../peers/managed-process.js';
import type { Transport } from '../peers/ptp4l.js';
import { linkNamespaces, type Interface } from '../namespaces/links.js';
import { openNamespace, type Namespace } from '../namespaces/namespaces.js';
import { startAnswerServer, type AnswerServer, type ServerName } from './answer-servers.js';
import type { ClientsResult, Measurement } from './clients-schema.js';
import { runGenerator, type Arguments, type Report } from './generators.js';
import { ratioOf, ROUND, type Measured } from './rounds.js';

export const CASTS = ['multicast', 'unicast'] as const;
export type Cast = (typeof CASTS)[number];

export interface ClientsConfig {
  readonly clients: number;
  /** Of each client. */
  readonly requestsPerSecond: number;
  /** How long the crowd asks at that rate, in each measurement. */
  readonly seconds: number;
  readonly rounds: number;
  readonly transport: Transport;
  readonly cast: Cast;
  /** Without it the highest rate is not searched for. */
  readonly search: boolean;
}

export interface ClientsContext {
  readonly config: ClientsConfig;
  readonly directory: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly fidelity: FidelityWatch;
}

interface Link {
  readonly crowd: Interface;
  readonly server: Interface;
}

const SETTLING_MS = 15_000;
const SETTLING_STEP_MS = 200;
const TRIAL_SECONDS = 0.4;
const SEARCH = { lowest: 1_000, highest: 2_000_000, resolution: 0.05 } as const;

/** Addresses in the crowd's own networks (lab/native/ptp_clients.c), so that the server hears it. */
export async function linkCrowd(namespaces: readonly [Namespace, Namespace]): Promise<Link> {
  const [crowdSide, serverSide] = namespaces;
  const crowd = { namespace: crowdSide, name: 'c0', mac: '02:74:70:00:20:01' };
  const server = {
    namespace: serverSide,
    name: 's0',
    mac: '02:74:70:00:20:02',
    ipv4: '198.19.255.254/15',
    ipv6: 'fe80::ffff/64',
  };
  await linkNamespaces(crowd, server);
  return { crowd, server };
}

function crowdOptions({ config }: ClientsContext, server: Interface): Arguments {
  return {
    transport: config.transport,
    cast: config.cast,
    'server-mac': server.mac,
    'server-ipv4': server.ipv4?.split('/')[0] ?? '0.0.0.0',
    'server-ipv6': server.ipv6?.split('/')[0] ?? '::',
  };
}

async function ask(
  context: ClientsContext,
  link: Link,
  more: Arguments,
): Promise<Report<'ptp_clients'>> {
  return runGenerator(
    {
      generator: 'ptp_clients',
      namespace: link.crowd.namespace,
      interfaces: [link.crowd.name],
      options: { ...crowdOptions(context, link.server), ...more },
    },
    context.signal,
  );
}

/** Until one client's requests are all answered. */
async function settle(context: ClientsContext, link: Link, server: AnswerServer): Promise<void> {
  const end = Date.now() + SETTLING_MS;
  for (;;) {
    const report = await ask(context, link, { clients: 1, rate: 20, seconds: 0.25 });
    if (report.answered === report.sent) return;
    assertAllAlive(server.processes);
    if (Date.now() > end) {
      const wrong = Object.entries(report.wrong).filter(([, number]) => number > 0);
      throw new LabError(
        'not-ready',
        `one client alone gets ${report.answered} of ${report.sent} answers` +
          (wrong.length > 0 ? `; wrong: ${wrong.map(([name]) => name).join(', ')}` : ''),
      );
    }
    await pause(SETTLING_STEP_MS, context.signal);
  }
}

/** Answers that came, and were not what they should have been. */
export function notRight(report: Report<'ptp_clients'>): number {
  const wrong = Object.values(report.wrong).reduce((sum, number) => sum + number, 0);
  return wrong + report.duplicates + report.late + report.stray;
}

interface Cost {
  readonly report: Report<'ptp_clients'>;
  readonly cpuNsPerAnswer: number;
}

/** The crowd asks for a while, and the server's processor time is divided by its answers. */
async function askAndCharge(
  context: ClientsContext,
  link: Link,
  server: AnswerServer,
  rate: number,
): Promise<Cost> {
  const { clients, seconds } = context.config;
  const before = server.processorTimeNs();
  const report = await ask(context, link, { clients, rate: rate / clients, seconds });
  const cpuNs = server.processorTimeNs() - before;
  return {
    report,
    cpuNsPerAnswer: report.answered === 0 ? 0 : Math.round(cpuNs / report.answered),
  };
}

type AtTheRate = Omit<
  Measurement,
  'server' | 'round' | 'zeroLossRate' | 'limitedByClients' | 'cpuNsPerAnswerBusy'
>;

async function atTheRate(
  context: ClientsContext,
  link: Link,
  server: AnswerServer,
): Promise<AtTheRate> {
  const { clients, requestsPerSecond } = context.config;
  const packetInsBefore = await server.packetIns();
  const cost = await askAndCharge(context, link, server, clients * requestsPerSecond);
  const packetInsAfter = await server.packetIns();
  const { report, cpuNsPerAnswer } = cost;
  return {
    sent: report.sent,
    answered: report.answered,
    answeredShare: report.answered / report.sent,
    rate: report.rate,
    notRight: notRight(report),
    latencyP50Ns: report.latencyNs?.p50 ?? 0,
    latencyP99Ns: report.latencyNs?.p99 ?? 0,
    clockOffsetNs: Math.round(
      ((report.clockOffsetNs?.[0] ?? 0) + (report.clockOffsetNs?.[1] ?? 0)) / 2,
    ),
    cpuNsPerAnswer,
    packetIns: packetInsAfter === null ? null : packetInsAfter - (packetInsBefore ?? 0),
  };
}

interface Highest {
  readonly zeroLossRate: number;
  readonly limitedByClients: boolean;
  readonly cpuNsPerAnswerBusy: number;
}

const NOT_SEARCHED: Highest = { zeroLossRate: 0, limitedByClients: false, cpuNsPerAnswerBusy: 0 };
/** Of the highest rate: the next trial may be less lucky than the search was. */
const BUSY_SHARE = 0.9;

async function highestRate(
  context: ClientsContext,
  link: Link,
  server: AnswerServer,
): Promise<Highest> {
  const { clients, requestsPerSecond } = context.config;
  const trial = async (rate: number): Promise<Trial> => {
    const report = await ask(context, link, {
      clients,
      rate: rate / clients,
      seconds: TRIAL_SECONDS,
    });
    return { sent: report.sent, received: report.answered, rate: report.rate };
  };
  const start = Math.max(SEARCH.lowest, (clients * requestsPerSecond) / 4);
  const found = await zeroLossRate(trial, { ...SEARCH, start });
  if (found.rate === 0) return NOT_SEARCHED;
  const busy = await askAndCharge(context, link, server, BUSY_SHARE * found.rate);
  return {
    zeroLossRate: Math.round(found.rate),
    limitedByClients: found.limitedByGenerator,
    cpuNsPerAnswerBusy: busy.cpuNsPerAnswer,
  };
}

async function measure(
  context: ClientsContext,
  link: Link,
  server: ServerName,
  round: number,
): Promise<Measurement> {
  const { config, directory, progress, signal } = context;
  const title = `round ${round + 1} of ${config.rounds}, ${server}`;
  progress.update(`${title}: starting`);
  const { transport } = config;
  const running = await startAnswerServer(server, { interface: link.server, directory, transport });
  try {
    await settle(context, link, running);
    progress.update(`${title}: ${config.clients} clients, ${config.requestsPerSecond}/s each`);
    const fixed = await context.fidelity.during(() => atTheRate(context, link, running));
    context.fidelity.count({ sent: fixed.sent, lost: fixed.sent - fixed.answered });
    assertAllAlive(running.processes);
    progress.update(`${title}: searching the highest rate`);
    const highest = config.search ? await highestRate(context, link, running) : NOT_SEARCHED;
    assertAllAlive(running.processes);
    if (signal.aborted) throw new LabError('interrupted', 'interrupted');
    return { server, round, ...fixed, ...highest };
  } finally {
    await running.stop();
  }
}

/** Ratios of all rounds; null where nothing was searched or something came to nothing. */
export function ratiosOf(measurements: readonly Measurement[]): ClientsResult['ratios'] {
  const of = (value: (one: Measurement) => number): Measured[] =>
    measurements.map((one) => ({
      side: one.server === 'timeplane' ? 'ours' : 'theirs',
      round: one.round,
      value: value(one),
    }));
  return {
    cpuPerAnswer: ratioOf(
      of((one) => one.cpuNsPerAnswer),
      'cost',
    ),
    cpuPerAnswerBusy: ratioOf(
      of((one) => one.cpuNsPerAnswerBusy),
      'cost',
    ),
    zeroLossRate: ratioOf(
      of((one) => one.zeroLossRate),
      'rate',
    ),
    latencyP99: ratioOf(
      of((one) => one.latencyP99Ns),
      'cost',
    ),
  };
}

/** All rounds. Throws LabError where a server does not answer at all. */
export async function measureClients(context: ClientsContext): Promise<Measurement[]> {
  const namespaces: Namespace[] = [];
  const measurements: Measurement[] = [];
  try {
    const crowdSide = await openNamespace('crowd');
    namespaces.push(crowdSide);
    const serverSide = await openNamespace('server');
    namespaces.push(serverSide);
    const link = await linkCrowd([crowdSide, serverSide]);
    for (let round = 0; round < context.config.rounds; round++) {
      for (const side of ROUND) {
        const server = side === 'ours' ? 'timeplane' : 'ptp4l';
        const one = await measure(context, link, server, round);
        measurements.push(one);
        const share = (100 * one.answeredShare).toFixed(2);
        context.progress.done(
          `round ${round + 1}, ${server}: ${share} % answered, ` +
            `${one.cpuNsPerAnswer} ns of processor an answer` +
            (context.config.search ? `, all of ${one.zeroLossRate}/s` : ''),
        );
      }
    }
    return measurements;
  } finally {
    await Promise.all(namespaces.map((namespace) => namespace.close()));
  }
}
