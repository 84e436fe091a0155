/**
 * Table entries written in batches through gRPC, by this process into a server that is another one:
 * ours against the rate that it is meant to have, and beside simple_switch_grpc at fewer entries.
 */
import { residentOctets } from '../../load/process-usage.js';
import { timeplane } from '../../peers/agent.js';
import { BMV2_PROGRAM } from '../../peers/bmv2.js';
import { freePort } from '../../peers/free-port.js';
import { startProcess } from '../../peers/managed-process.js';
import { hasProgram } from '../../namespaces/sandbox.js';
import type { BenchResult, Contest, Round } from '../results.js';
import { median } from '../../../control-plane/statistics/samples.js';
import { interleave, judge, without } from '../results.js';
import { WritingClient } from './client.js';
import { type TableName, insertBatches } from './entries.js';

const TARGET_PER_SECOND = 50_000;
const READY_MS = 20_000;

export interface Scale {
  readonly rounds: number;
  readonly hosts: number;
}

export const FULL: Scale = { rounds: 3, hosts: 1_000_000 };
export const QUICK: Scale = { rounds: 1, hosts: 100_000 };

type Side = 'ours' | 'bmv2';

export interface WriteContest {
  readonly contest: Contest;
  readonly table: TableName;
  readonly count: number;
  readonly against: 'target' | 'bmv2';
}

const KIND = { host: 'exact', route: 'LPM', policy: 'ternary' } as const;

function contestFor(
  table: TableName,
  count: number,
  against: WriteContest['against'],
): WriteContest {
  const title = `writing ${count.toLocaleString('en')} ${KIND[table]} entries through gRPC`;
  const what = `${count.toLocaleString('en')} ${KIND[table]} entries inserted through gRPC`;
  const contest: Contest = {
    name: against === 'target' ? title : `${title} vs bmv2`,
    baseline:
      against === 'target' ? `the target, ${TARGET_PER_SECOND.toLocaleString('en')}` : BMV2_PROGRAM,
    unit: 'entries/s',
    direction: 'rate',
    targets: [
      against === 'target'
        ? { what, figure: 'value', unit: 'entries/s', least: TARGET_PER_SECOND }
        : { what: `${what}, over ${BMV2_PROGRAM}’s rate`, figure: 'ratio', unit: '×' },
    ],
  };
  return { contest, table, count, against };
}

export function contestsOf(scale: Scale): WriteContest[] {
  return [
    contestFor('host', scale.hosts, 'target'),
    contestFor('route', 100_000, 'target'),
    contestFor('policy', 10_000, 'target'),
    contestFor('host', 20_000, 'bmv2'),
    contestFor('route', 20_000, 'bmv2'),
    contestFor('policy', 2_000, 'bmv2'),
  ];
}

interface Measurement {
  readonly perSecond: number;
  /** By which the server's resident memory grew. */
  readonly octetsPerEntry: number;
}

async function startSide(side: Side, address: string) {
  if (side === 'bmv2') {
    const thrift = String(await freePort());
    const own = ['--device-id', '1', '--no-p4', '--thrift-port', thrift];
    return startProcess({
      label: BMV2_PROGRAM,
      argv: [BMV2_PROGRAM, ...own, '--', '--grpc-server-addr', address],
    });
  }
  const server = startProcess({
    label: 'timeplane switch',
    argv: timeplane('switch', '--listen', address, '--device-id', '1'),
  });
  await server.line(/^ready\b/, READY_MS);
  return server;
}

/** A new server, filled once. */
async function measure(
  side: Side,
  batches: readonly Uint8Array[],
  first: Uint8Array,
  count: number,
): Promise<Measurement> {
  const address = `127.0.0.1:${await freePort()}`;
  const server = await startSide(side, address);
  let client: WritingClient | null = null;
  try {
    client = await WritingClient.start(address);
    const memory = () => residentOctets(server.pid) ?? 0;
    const octets = memory();
    const seconds = await client.writeAll(batches);
    const measured = {
      perSecond: count / seconds,
      octetsPerEntry: (memory() - octets) / count,
    };
    await client.expectKept(first);
    return measured;
  } finally {
    client?.close();
    await server.stop();
  }
}

function reasonOf(measured: readonly Measurement[], whose: string): string {
  const octets = Math.round(median(measured.map((one) => one.octetsPerEntry)));
  return `${whose}: an entry takes ${octets} octets of memory`;
}

/** One contest; what an entry costs the servers is remarked. */
export async function writeEntries(
  { contest, table, count, against }: WriteContest,
  scale: Scale,
  progress: (text: string) => void,
): Promise<BenchResult> {
  if (against === 'bmv2' && !hasProgram(BMV2_PROGRAM)) {
    return without(contest, 'skipped', `${BMV2_PROGRAM} not installed`);
  }
  const batches = insertBatches(table, count);
  // Alone: an answer that names a thousand errors is longer than gRPC's headers may be.
  const first = insertBatches(table, 1)[0] ?? new Uint8Array();
  const measured: Record<Side, Measurement[]> = { ours: [], bmv2: [] };
  const fill = async (side: Side): Promise<number> => {
    const one = await measure(side, batches, first, count);
    measured[side].push(one);
    return one.perSecond;
  };
  const say = (round: number) => progress(`${contest.name}: round ${round + 1} of ${scale.rounds}`);
  if (against === 'bmv2') {
    const rounds = await interleave(
      scale.rounds,
      () => fill('ours'),
      () => fill('bmv2'),
      say,
    );
    const reason = `${reasonOf(measured.ours, 'ours')}; ${reasonOf(measured.bmv2, 'bmv2')}`;
    return { ...judge(contest, rounds), reason };
  }
  const rounds: Round[] = [];
  for (let round = 0; round < scale.rounds; round++) {
    say(round);
    rounds.push({ value: await fill('ours'), baselineValue: TARGET_PER_SECOND });
  }
  return { ...judge(contest, rounds), reason: reasonOf(measured.ours, 'the server') };
}
