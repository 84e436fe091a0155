/**
 * The agent's PTP services with each target that is here, and real peers: ptp4l at the other end of
 * each port's link, and pmc, which asks over all that it knows.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hasProgram } from '#lab/namespaces/sandbox';
import { TARGETS, type TargetKind } from '#p4rt/targets/targets';
import type { AgentStatus } from '#runtime/status';
import { packageRoot } from '#runtime/version';
import {
  DELAY_MECHANISM,
  transparentClockDefaultDataSet,
  transparentClockPortDataSet,
} from '#wire/management-data';
import { decodeManagementTlv, MANAGEMENT_ID } from '#wire/management-tlv';
import { decodeMessage } from '#wire/ptp-message';
import { scaledToNumber } from '#units/time';
import { Sandbox, sandboxObstacle, type Program } from '../../support/sandbox.js';
import { askSocket } from './datagram-client.js';
import { managementRequest } from './management-request.js';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const DATAGRAMS = fileURLToPath(new URL('../../support/datagrams.mjs', import.meta.url));
const NODE = process.execPath;
const STATUS = 'http://127.0.0.1:9561/status.json';
const ADDRESS = '127.0.0.1:9559';
const IDENTITY = '001122.fffe.334455';
const CLOCK = 0x0011_22ff_fe33_4455n;

const SWITCHES: Readonly<Record<TargetKind, readonly string[]>> = {
  native: [
    NODE,
    CLI,
    'switch',
    '--listen',
    ADDRESS,
    '--port',
    '1=s1',
    '--port',
    '2=s2',
    '--port',
    '3=s3',
  ],
  bmv2: [
    ...[
      'simple_switch_grpc',
      '--no-p4',
      '--device-id',
      '1',
      '-i',
      '1@s1',
      '-i',
      '2@s2',
      '-i',
      '3@s3',
    ],
    ...['--', '--grpc-server-addr', ADDRESS, '--cpu-port', '510'],
  ],
};

/** How long a veth may seem, and how far the two ends' views of it may be from each other. */
const LIMITS_NS: Readonly<
  Record<TargetKind, { readonly delay: number; readonly between: number }>
> = {
  native: { delay: 100_000, between: 50_000 },
  bmv2: { delay: 5_000_000, between: 2_000_000 },
};

function obstacle(kind: TargetKind): string {
  const programs = ['ptp4l', 'pmc', ...(kind === 'bmv2' ? ['simple_switch_grpc'] : [])];
  const missing = programs.find((program) => !hasProgram(program));
  return missing === undefined ? sandboxObstacle() : `${missing} is not on PATH`;
}

for (const kind of Object.keys(TARGETS) as TargetKind[]) {
  const reason = obstacle(kind);
  const title = `real peers of ${kind}${reason === '' ? '' : `: skipped, ${reason}`}`;
  describe.skipIf(reason !== '')(title, () => conversation(kind));
}

function conversation(kind: TargetKind): void {
  const sandbox = new Sandbox();
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-ptp-'));
  const file = join(folder, 'agent.yaml');
  const socket = join(folder, 'clock');
  const stations: number[] = [];
  const peers: Program[] = [];
  let agent: Program;

  beforeAll(async () => {
    const port = (number: number, transport: string) =>
      `  - { number: ${number}, name: p${number}, ptp: transparentP2P,
      address: { mac: "02:00:00:00:01:0${number}", ipv4: 10.0.0.10${number} },
      peerDelay: { transport: ${transport}, logInterval: -2 } }`;
    writeFileSync(
      file,
      `target: { kind: ${kind}, address: "${ADDRESS}" }
clock: { identity: "00:11:22:ff:fe:33:44:55" }
management: { socket: ${socket} }
ports:
${port(1, 'ethernet')}
${port(2, 'udp4')}
${port(3, 'udp6')}
`,
    );
    await sandbox.open();
    stations.push(await sandbox.station('s1', '02:00:00:00:00:01', '10.0.0.1'));
    stations.push(await sandbox.station('s2', '02:00:00:00:00:02', '10.0.0.2'));
    stations.push(await sandbox.station('s3', '02:00:00:00:00:03', '10.0.0.3'));
    const address = ['fe80::3/64', 'dev', 'eth0', 'nodad'];
    await sandbox.run(['ip', 'address', 'add', ...address], stations[2]);
    sandbox.start(SWITCHES[kind]);
    await startAgent();
    for (const [i, transport] of ['L2', 'UDPv4', 'UDPv6'].entries()) {
      peers.push(startPtp4l(i, transport));
    }
  });

  afterAll(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function startAgent(): Promise<void> {
    agent = sandbox.start([NODE, CLI, 'agent', '--config', file]);
    await agent.says((output) => /^ready /m.test(output), 30_000);
  }

  /** Free running: it must not touch this machine's clock. */
  function startPtp4l(i: number, transport: string): Program {
    const config = join(folder, `ptp4l-${i}.cfg`);
    const settings = {
      delay_mechanism: 'P2P',
      network_transport: transport,
      time_stamping: 'software',
      tx_timestamp_timeout: 500,
      logMinPdelayReqInterval: -2,
      free_running: 1,
      uds_address: join(folder, `ptp4l-${i}`),
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key} ${value}`);
    writeFileSync(config, ['[global]', ...lines, '[eth0]', ''].join('\n'));
    return sandbox.start(['ptp4l', '-m', '-q', '-f', config], stations[i]);
  }

  let clients = 0;
  const pmc = (where: number | undefined, ...argv: string[]) =>
    sandbox.run(['timeout', '20', 'pmc', ...argv], where);
  const askPeer = (i: number, question: string) => {
    const own = join(folder, `pmc-${(clients += 1)}`);
    return pmc(stations[i], '-u', '-i', own, '-s', join(folder, `ptp4l-${i}`), '-b', '0', question);
  };
  const askClock = (...questions: string[]) => {
    const own = join(folder, `pmc-${(clients += 1)}`);
    return pmc(undefined, '-u', '-i', own, '-s', socket, '-b', '0', ...questions);
  };

  const status = async () =>
    (JSON.parse(await sandbox.run([NODE, DATAGRAMS, 'get', STATUS])) as AgentStatus).ptp;

  const meanLinkDelayOfPeer = async (i: number) =>
    Number(/peerMeanPathDelay\s+(\d+)/.exec(await askPeer(i, 'GET PORT_DATA_SET'))?.[1]);

  /** Both ends of both links have a view, and the views are alike. */
  async function bothEndsAgree(): Promise<void> {
    const { delay, between } = LIMITS_NS[kind];
    await vi.waitFor(
      async () => {
        const { ports } = (await status()).peerDelay;
        expect(ports.map(({ condition }) => condition)).toEqual(['valid', 'valid', 'valid']);
        for (const [i, { meanLinkDelayNs, writtenMeanLinkDelayNs }] of ports.entries()) {
          const ours = meanLinkDelayNs ?? 0;
          const theirs = await meanLinkDelayOfPeer(i);
          expect(ours).toBeGreaterThan(0);
          expect(ours).toBeLessThan(delay);
          expect(theirs).toBeGreaterThan(0);
          expect(theirs).toBeLessThan(delay);
          expect(Math.abs(ours - theirs)).toBeLessThan(between);
          expect(Math.abs(ours - (writtenMeanLinkDelayNs ?? 0))).toBeLessThan(delay);
        }
      },
      { timeout: 45_000, interval: 1_000 },
    );
  }

  it('measure the link from both ends alike, over all transports', async () => {
    await bothEndsAgree();
    const { peerDelay, packets } = await status();
    expect(peerDelay.ports.map(({ neighbor }) => neighbor)).toEqual([
      '020000.fffe.000001-1',
      '020000.fffe.000002-1',
      '020000.fffe.000003-1',
    ]);
    expect(packets).toMatchObject({ undecodable: 0, transmitTimes: { unknown: 0, refused: 0 } });
  }, 60_000);

  /**
   * pmc gives a whole run of questions up after a tenth of a second of silence: on a loaded machine
   * the one who asks may be late, so it asks again. Nobody who never answers gets through.
   */
  const patiently = (test: () => Promise<void>) =>
    vi.waitFor(test, { timeout: 20_000, interval: 500 });

  it('pmc is answered at the local socket', async () => {
    await patiently(async () => {
      const output = await askClock(
        'GET DEFAULT_DATA_SET',
        'GET PORT_DATA_SET',
        'GET CLOCK_DESCRIPTION',
        'GET PORT_PROPERTIES_NP',
      );
      expect(output).toContain(`${IDENTITY}-0 seq 0 RESPONSE MANAGEMENT DEFAULT_DATA_SET`);
      expect(output).toMatch(/numberPorts\s+3/);
      for (const port of [1, 2, 3]) {
        expect(output).toContain(`${IDENTITY}-${port} seq 1 RESPONSE MANAGEMENT PORT_DATA_SET`);
        expect(output).toMatch(new RegExp(`interface\\s+p${port}`));
      }
      expect(output).toMatch(/peerMeanPathDelay\s+[1-9]/);
      expect(output).toMatch(/protocolAddress\s+1 10\.0\.0\.101/);
    });
  });

  it('pmc is told the messages that the switch counts', async () => {
    // At once: as they were known when somebody asked the last time.
    await patiently(async () => {
      const output = await askClock('GET PORT_STATS_NP');
      expect(output.match(/RESPONSE MANAGEMENT PORT_STATS_NP/g)).toHaveLength(3);
      expect(output.match(/rx_Pdelay_Req\s+[1-9]/g)).toHaveLength(3);
      expect(output.match(/tx_Pdelay_Resp\s+[1-9]/g)).toHaveLength(3);
    });
  });

  it.each([
    [0, '-2'],
    [1, '-4'],
    [2, '-6'],
  ] as const)('pmc at station %i is answered over %s', async (i, transport) => {
    const questions = ['GET DEFAULT_DATA_SET', 'GET PORT_DATA_SET'];
    await patiently(async () => {
      const output = await pmc(stations[i], transport, '-i', 'eth0', '-b', '1', ...questions);
      expect(output).toContain(`${IDENTITY}-${i + 1} seq 0 RESPONSE MANAGEMENT DEFAULT_DATA_SET`);
      for (const port of [1, 2, 3]) {
        expect(output).toContain(`${IDENTITY}-${port} seq 1 RESPONSE MANAGEMENT PORT_DATA_SET`);
      }
    });
  });

  it('what is set at the local socket holds, and nothing else may set it', async () => {
    const set = 'SET PORT_DATA_SET_NP neighborPropDelayThresh 4321 asCapable 1';
    expect(await askClock(set)).toMatch(/neighborPropDelayThresh\s+4321/);
    const refused = await pmc(stations[0], '-2', '-i', 'eth0', set.replace('4321', '99'));
    expect(refused).toContain(`${IDENTITY}-1 seq 0 RESPONSE MANAGEMENT_ERROR_STATUS`);
    expect(await askClock('GET PORT_DATA_SET_NP')).toMatch(/neighborPropDelayThresh\s+4321/);
  });

  it('the data sets of a transparent clock are told, which pmc does not know', async () => {
    const [defaults, ...ports] = await askSocket(
      socket,
      [
        managementRequest(MANAGEMENT_ID.transparentClockDefaultDataSet),
        managementRequest(MANAGEMENT_ID.transparentClockPortDataSet),
      ],
      4,
    );
    const clock = transparentClockDefaultDataSet.decode(dataIn(defaults));
    expect(clock).toMatchObject({
      ok: true,
      value: {
        clockIdentity: CLOCK,
        numberPorts: 3,
        delayMechanism: DELAY_MECHANISM.p2p,
        primaryDomain: 0,
      },
    });
    expect(ports).toHaveLength(3);
    for (const [i, octets] of ports.entries()) {
      const set = transparentClockPortDataSet.decode(dataIn(octets));
      if (!set.ok) throw new Error(set.error.message);
      const { portIdentity, peerMeanPathDelay, logMinPdelayReqInterval } = set.value;
      expect(portIdentity).toEqual({ clockIdentity: CLOCK, portNumber: i + 1 });
      expect(logMinPdelayReqInterval).toBe(-2);
      expect(scaledToNumber(peerMeanPathDelay)).toBeGreaterThan(0);
    }
  });

  it('peers of a killed agent are answered all the same, and the next one goes on', async () => {
    agent.process.kill('SIGKILL');
    await agent.exitCode();
    expect(existsSync(socket)).toBe(true);
    const before = peers.map(({ output }) => output.length);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    for (const i of [0, 1, 2]) expect(await meanLinkDelayOfPeer(i)).toBeGreaterThan(0);
    await startAgent();
    // What the last one measured is there from the beginning.
    const first = (await status()).peerDelay.ports;
    expect(first.every(({ writtenMeanLinkDelayNs }) => (writtenMeanLinkDelayNs ?? 0) > 0)).toBe(
      true,
    );
    await bothEndsAgree();
    expect(await askClock('GET DEFAULT_DATA_SET')).toContain(IDENTITY);
    for (const [i, peer] of peers.entries()) {
      expect(peer.output.slice(before[i])).not.toMatch(/FAULTY|timed out/);
    }
  }, 90_000);

  it('a stopped agent leaves no socket behind', async () => {
    agent.process.kill('SIGTERM');
    expect(await agent.exitCode()).toBe(0);
    expect(existsSync(socket)).toBe(false);
  });
}

/** The data of a reply's management TLV. */
function dataIn(octets: Uint8Array | undefined): Uint8Array {
  const message = decodeMessage(octets ?? new Uint8Array(0));
  const [tlv] = message.ok ? message.value.tlvs : [];
  const decoded = tlv === undefined ? null : decodeManagementTlv(tlv);
  if (decoded?.ok !== true || decoded.value.kind !== 'management') throw new Error('no answer');
  return decoded.value.data;
}
