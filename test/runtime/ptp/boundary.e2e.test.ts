/**
 * A boundary clock between a ptp4l grandmaster and a ptp4l client, on each target that is here, and
 * pmc, which asks it, changes it, and asks the grandmaster through it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hasProgram } from '#lab/namespaces/sandbox';
import { TARGETS, type TargetKind } from '#p4rt/targets/targets';
import { packageRoot } from '#runtime/version';
import { subscribeEventsNp, timeStatusNp } from '#wire/management-instance-data';
import {
  decodeManagementTlv,
  encodeManagementTlv,
  MANAGEMENT_ACTION,
  MANAGEMENT_ID,
} from '#wire/management-tlv';
import { decodeMessage } from '#wire/ptp-message';
import { Sandbox, sandboxObstacle, type Program } from '../../support/sandbox.js';
import { askSocket } from './datagram-client.js';
import { managementRequest } from './management-request.js';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const NODE = process.execPath;
const ADDRESS = '127.0.0.1:9559';
const IDENTITY = '001122.fffe.334455';
const GRANDMASTER = '020000.fffe.000001';

const SWITCHES: Readonly<Record<TargetKind, readonly string[]>> = {
  native: [NODE, CLI, 'switch', '--listen', ADDRESS, '--port', '1=s1', '--port', '2=s2'],
  bmv2: [
    ...['simple_switch_grpc', '--no-p4', '--device-id', '1', '-i', '1@s1', '-i', '2@s2'],
    ...['--', '--grpc-server-addr', ADDRESS, '--cpu-port', '510'],
  ],
};

function obstacle(kind: TargetKind): string {
  const programs = ['ptp4l', 'pmc', ...(kind === 'bmv2' ? ['simple_switch_grpc'] : [])];
  const missing = programs.find((program) => !hasProgram(program));
  return missing === undefined ? sandboxObstacle() : `${missing} is not on PATH`;
}

for (const kind of Object.keys(TARGETS) as TargetKind[]) {
  const reason = obstacle(kind);
  const title = `a boundary clock on ${kind}${reason === '' ? '' : `: skipped, ${reason}`}`;
  describe.skipIf(reason !== '')(title, () => conversation(kind));
}

function conversation(kind: TargetKind): void {
  const sandbox = new Sandbox();
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-boundary-'));
  const file = join(folder, 'agent.yaml');
  const socket = join(folder, 'clock');
  const stations: number[] = [];
  let agent: Program;

  const port = (number: number) =>
    `  - { number: ${number}, name: p${number}, ptp: boundary,
      boundary: { transport: ethernet, logAnnounceInterval: -1, logSyncInterval: -3,
        logMinDelayReqInterval: -3 } }`;

  beforeAll(async () => {
    writeFileSync(
      file,
      `target: { kind: ${kind}, address: "${ADDRESS}" }
clock: { identity: "00:11:22:ff:fe:33:44:55" }
management: { socket: ${socket} }
instance: { outsideProfile: true, priority1: 100 }
ports:
${port(1)}
${port(2)}
`,
    );
    await sandbox.open();
    stations.push(await sandbox.station('s1', '02:00:00:00:00:01', '10.0.0.1'));
    stations.push(await sandbox.station('s2', '02:00:00:00:00:02', '10.0.0.2'));
    sandbox.start(SWITCHES[kind]);
    agent = sandbox.start([NODE, CLI, 'agent', '--config', file]);
    await agent.says((output) => /^ready /m.test(output), 30_000);
    startPtp4l(0, { priority1: 10 });
    startPtp4l(1, { priority1: 250 });
  });

  afterAll(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Free running: it must not touch this machine's clock. */
  function startPtp4l(i: number, given: Readonly<Record<string, number>>): Program {
    const config = join(folder, `ptp4l-${i}.cfg`);
    const settings = {
      network_transport: 'L2',
      time_stamping: 'software',
      tx_timestamp_timeout: 500,
      logAnnounceInterval: -1,
      logSyncInterval: -3,
      logMinDelayReqInterval: -3,
      free_running: 1,
      uds_address: join(folder, `ptp4l-${i}`),
      ...given,
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key} ${value}`);
    writeFileSync(config, ['[global]', ...lines, '[eth0]', ''].join('\n'));
    return sandbox.start(['ptp4l', '-m', '-q', '-f', config], stations[i]);
  }

  let clients = 0;
  const pmc = (where: number | undefined, ...argv: string[]) =>
    sandbox.run(['timeout', '20', 'pmc', ...argv], where);
  const askClock = (...questions: string[]) => {
    const own = join(folder, `pmc-${(clients += 1)}`);
    return pmc(undefined, '-u', '-i', own, '-s', socket, '-b', '0', ...questions);
  };
  const askPeer = (i: number, ...questions: string[]) => {
    const own = join(folder, `pmc-${(clients += 1)}`);
    const peer = join(folder, `ptp4l-${i}`);
    return pmc(stations[i], '-u', '-i', own, '-s', peer, '-b', '0', ...questions);
  };
  /** pmc gives up after a tenth of a second, and clocks take their time: asked again until it is so. */
  const eventually = (test: () => Promise<void>, timeout = 30_000) =>
    vi.waitFor(test, { timeout, interval: 500 });

  it('follows the grandmaster on one port, and serves its time on the other', async () => {
    await eventually(async () => {
      const output = await askClock('GET PORT_DATA_SET', 'GET PARENT_DATA_SET');
      expect(output).toMatch(new RegExp(`${IDENTITY}-1[^]*portState\\s+SLAVE`));
      expect(output).toMatch(new RegExp(`${IDENTITY}-2[^]*portState\\s+MASTER`));
      expect(output).toMatch(new RegExp(`parentPortIdentity\\s+${GRANDMASTER}-1`));
      expect(output).toMatch(new RegExp(`grandmasterIdentity\\s+${GRANDMASTER}`));
    }, 60_000);
    await eventually(async () => {
      const output = await askPeer(1, 'GET CURRENT_DATA_SET', 'GET PARENT_DATA_SET');
      expect(output).toMatch(/stepsRemoved\s+2/);
      expect(output).toMatch(new RegExp(`parentPortIdentity\\s+${IDENTITY}-2`));
      expect(output).toMatch(new RegExp(`grandmasterIdentity\\s+${GRANDMASTER}`));
    });
  }, 100_000);

  it('says how far it is off', async () => {
    await eventually(async () => {
      const output = await askClock('GET CURRENT_DATA_SET', 'GET TIME_STATUS_NP');
      expect(output).toMatch(/stepsRemoved\s+1/);
      expect(Number(/meanPathDelay\s+([\d.]+)/.exec(output)?.[1])).toBeGreaterThan(0);
      expect(output).toMatch(/gmPresent\s+true/);
      expect(output).toMatch(/ingress_time\s+[1-9]/);
    });
  });

  it('answers all that pmc can ask for', async () => {
    const sets = [
      ...['USER_DESCRIPTION', 'DEFAULT_DATA_SET', 'TIME_PROPERTIES_DATA_SET', 'PRIORITY1'],
      ...['PRIORITY2', 'DOMAIN', 'SLAVE_ONLY', 'CLOCK_ACCURACY', 'TRACEABILITY_PROPERTIES'],
      ...['TIMESCALE_PROPERTIES', 'GRANDMASTER_SETTINGS_NP', 'SYNCHRONIZATION_UNCERTAIN_NP'],
      ...['CLOCK_DESCRIPTION', 'LOG_ANNOUNCE_INTERVAL', 'ANNOUNCE_RECEIPT_TIMEOUT'],
      ...['LOG_SYNC_INTERVAL', 'VERSION_NUMBER', 'DELAY_MECHANISM', 'LOG_MIN_PDELAY_REQ_INTERVAL'],
      ...['PORT_DATA_SET_NP', 'PORT_STATS_NP', 'PORT_PROPERTIES_NP'],
    ];
    await eventually(async () => {
      const output = await askClock(...sets.map((set) => `GET ${set}`));
      for (const set of sets) expect(output).toContain(`RESPONSE MANAGEMENT ${set}`);
      expect(output).not.toContain('ERROR_STATUS');
      expect(output).toMatch(/clockType\s+0x4000/);
      expect(output).toMatch(/priority1\s+100/);
    });
  });

  it('is changed at the local socket, and the client hears of it', async () => {
    await eventually(async () => {
      await askClock('SET PRIORITY1 77');
      const output = await askClock('GET PRIORITY1', 'GET DEFAULT_DATA_SET');
      expect(output.match(/priority1\s+77/g)).toHaveLength(2);
    });
    const refused = await pmc(stations[1], '-2', '-i', 'eth0', 'SET PRIORITY1 1');
    expect(refused).toContain('MANAGEMENT_ERROR_STATUS');
  });

  it('passes questions for others on, and their answers back', async () => {
    await eventually(async () => {
      const output = await pmc(stations[1], '-2', '-i', 'eth0', '-b', '2', 'GET DEFAULT_DATA_SET');
      expect(output).toContain(`${IDENTITY}-2 seq 0 RESPONSE MANAGEMENT DEFAULT_DATA_SET`);
      expect(output).toContain(`${GRANDMASTER}-1 seq 0 RESPONSE MANAGEMENT DEFAULT_DATA_SET`);
    });
    const near = await pmc(stations[1], '-2', '-i', 'eth0', '-b', '0', 'GET DEFAULT_DATA_SET');
    expect(near).toContain(IDENTITY);
    expect(near).not.toContain(GRANDMASTER);
  });

  it('tells its offsets to who subscribed to them', async () => {
    const events = new Uint8Array(64);
    events[0] = 0b10;
    const managementId = MANAGEMENT_ID.subscribeEventsNp;
    const data = subscribeEventsNp.encode({ durationSeconds: 10, events });
    const tlvs = [encodeManagementTlv({ kind: 'management', managementId, data })];
    const request = managementRequest(managementId, { action: MANAGEMENT_ACTION.set, tlvs });
    const [, ...told] = await askSocket(socket, [request], 4);
    expect(told).toHaveLength(3);
    for (const octets of told) {
      const message = decodeMessage(octets);
      const [tlv] = message.ok ? message.value.tlvs : [];
      const decoded = tlv === undefined ? null : decodeManagementTlv(tlv);
      if (decoded?.ok !== true || decoded.value.kind !== 'management') throw new Error('no set');
      expect(decoded.value.managementId).toBe(MANAGEMENT_ID.timeStatusNp);
      expect(timeStatusNp.decode(decoded.value.data)).toMatchObject({ value: { gmPresent: 1 } });
    }
  });

  it('serves on by itself when the grandmaster is gone', async () => {
    await sandbox.run(['ip', 'link', 'set', 's1', 'down']);
    await eventually(async () => {
      const output = await askPeer(1, 'GET PARENT_DATA_SET', 'GET CURRENT_DATA_SET');
      expect(output).toMatch(new RegExp(`grandmasterIdentity\\s+${IDENTITY}`));
      expect(output).toMatch(/stepsRemoved\s+1/);
    });
  }, 60_000);

  it('ends in peace', async () => {
    agent.process.kill('SIGTERM');
    expect(await agent.exitCode()).toBe(0);
  });
}
