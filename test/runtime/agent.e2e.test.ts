/**
 * The agent, unchanged, with each target that is here: real processes, real frames. Both targets
 * get the same conversation; what differs is in their capabilities.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hasProgram } from '#lab/namespaces/sandbox';
import { TARGETS, type TargetKind } from '#p4rt/targets/targets';
import type { AgentStatus } from '#runtime/status';
import { packageRoot } from '#runtime/version';
import { instant, logInterval, nsOf, scaledNs, scaledUnits } from '#units/time';
import { CORRECTION_OFFSET } from '#wire/ptp-header';
import { decodeMessage, encodeMessage, type PtpMessage } from '#wire/ptp-message';
import { Sandbox, sandboxObstacle, type Program } from '../support/sandbox.js';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const DATAGRAMS = fileURLToPath(new URL('../support/datagrams.mjs', import.meta.url));
const NODE = process.execPath;
const STATUS = 'http://127.0.0.1:9561/status.json';

const SWITCHES: Readonly<Record<TargetKind, readonly string[]>> = {
  native: [
    ...[NODE, CLI, 'switch', '--listen', '127.0.0.1:9559', '--device-id', '1'],
    ...['--cpu-port', '510', '--port', '1=s1', '--port', '2=s2'],
  ],
  bmv2: [
    ...['simple_switch_grpc', '--no-p4', '--device-id', '1', '-i', '1@s1', '-i', '2@s2'],
    ...['--', '--grpc-server-addr', '127.0.0.1:9559', '--cpu-port', '510'],
  ],
};

function obstacle(kind: TargetKind): string {
  const program = SWITCHES[kind][0] ?? '';
  if (kind === 'bmv2' && !hasProgram(program)) return `${program} is not on PATH`;
  return sandboxObstacle();
}

function sync(sequenceId: number, correction: bigint, kind: 'sync' | 'followUp' = 'sync'): string {
  const header = {
    majorSdoId: 0,
    minorVersionPtp: 1,
    domainNumber: 0,
    minorSdoId: 0,
    flags: 0x0200,
    correctionField: scaledNs(correction),
    messageTypeSpecific: 0,
    sourcePortIdentity: { clockIdentity: 0x0200_00ff_fe00_0001n, portNumber: 1 },
    sequenceId,
    controlField: 0,
    logMessageInterval: logInterval(0),
  };
  const time = instant(1_000_000_000n);
  const message: PtpMessage =
    kind === 'sync'
      ? { kind, header, tlvs: [], originTimestamp: time }
      : { kind, header, tlvs: [], preciseOriginTimestamp: time };
  return Buffer.from(encodeMessage(message)).toString('hex');
}

/** All of a message but its correctionField. */
function uncorrected(hex: string): string {
  const message = Buffer.from(hex, 'hex');
  return message.fill(0, CORRECTION_OFFSET, CORRECTION_OFFSET + 8).toString('hex');
}

for (const kind of Object.keys(TARGETS) as TargetKind[]) {
  const reason = obstacle(kind);
  if (reason !== '') console.warn(`the agent with ${kind} is skipped: ${reason}`);
  describe.skipIf(reason !== '')(`the agent with ${kind}`, () => conversation(kind));
}

function conversation(kind: TargetKind): void {
  const sandbox = new Sandbox();
  let directory: string;
  let master: number;
  let dataplane: Program;
  let agent: Program;
  let client: Program;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'timeplane-agent-'));
    const file = join(directory, 'agent.yaml');
    writeFileSync(
      file,
      `target: { kind: ${kind}, address: "127.0.0.1:9559" }
ports:
  - { number: 1, name: gm, ptp: transparent }
  - { number: 2, name: client, ptp: transparent }
`,
    );
    await sandbox.open();
    master = await sandbox.station('s1', '02:00:00:00:00:01', '10.0.0.1');
    const slave = await sandbox.station('s2', '02:00:00:00:00:02', '10.0.0.2');
    // The agent first: it waits for its switch.
    agent = sandbox.start([NODE, CLI, 'agent', '--config', file]);
    await agent.says((output) => output.includes('no P4Runtime switch answers'));
    dataplane = sandbox.start(SWITCHES[kind]);
    client = sandbox.start([NODE, DATAGRAMS, 'listen', '10.0.0.2'], slave);
    await client.says((output) => output.includes('ready'));
    await readied(1);
  });

  afterAll(async () => {
    await sandbox.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const readied = (times: number) =>
    agent.says(
      (output) => output.split('\n').filter((l) => l.startsWith('ready ')).length >= times,
    );

  const send = (port: number, ...messages: string[]) =>
    sandbox.run([NODE, DATAGRAMS, 'send', '10.0.0.1', String(port), ...messages], master);

  const datagrams = (port: number): string[] =>
    client.output
      .split('\n')
      .filter((line) => line.startsWith(`${port} `))
      .map((line) => line.split(' ')[1] ?? '');

  const received = (port: number, count: number) =>
    client.says(() => datagrams(port).length >= count);

  const status = async () =>
    JSON.parse(await sandbox.run([NODE, DATAGRAMS, 'get', STATUS])) as AgentStatus;

  const corrections = () =>
    datagrams(319).map((hex) => {
      const decoded = decodeMessage(Buffer.from(hex, 'hex'));
      if (!decoded.ok) throw new Error(decoded.error.message);
      return decoded.value.header;
    });

  it('becomes primary of a switch that came later, and writes everything', async () => {
    expect(await status()).toMatchObject({
      ready: true,
      target: { kind, phase: 'primary' },
      pipeline: { name: TARGETS[kind].capabilities.pipelineArtefact, pushes: 1 },
    });
  });

  it('event messages arrive with their residence added, and nothing else changed', async () => {
    const sent = Array.from({ length: 20 }, (_, i) => sync(i, 0x1_8000n));
    await send(319, ...sent);
    await received(319, 20);
    const stepNs = nsOf(TARGETS[kind].capabilities.timestampResolution);
    expect(corrections()).toHaveLength(20);
    for (const { correctionField } of corrections()) {
      const added = scaledUnits(correctionField) - 0x1_8000n;
      expect(added % (stepNs << 16n)).toBe(0n);
      expect(added).toBeGreaterThan(0n);
      expect(added >> 16n).toBeLessThan(1_000_000_000n);
    }
    expect(datagrams(319).map(uncorrected)).toEqual(sent.map(uncorrected));
  });

  it('general messages arrive as they were sent', async () => {
    const followUp = sync(7, 0x2_0001n, 'followUp');
    await send(320, followUp);
    await received(320, 1);
    expect(datagrams(320)).toEqual([followUp]);
  });

  it('the status counts them, and knows the residence', async () => {
    const [gm, port2] = (await status()).ports;
    expect(gm?.messages.sync).toMatchObject({ received: 20, corrected: 0 });
    expect(gm?.messages.followUp.received).toBe(1);
    expect(port2?.messages.sync).toMatchObject({ received: 0, corrected: 20 });
    const residence = port2?.residenceNs;
    expect(residence?.count).toBe(20);
    const largest = corrections()
      .map(({ correctionField }) => Number((scaledUnits(correctionField) - 0x1_8000n) >> 16n))
      .reduce((a, b) => Math.max(a, b), 0);
    // Where the transmit half comes after egress, the histogram has an estimate of it.
    const exact = TARGETS[kind].capabilities.txHalf === 'egress';
    expect(residence?.max ?? 0).toBeGreaterThanOrEqual(exact ? largest : 1);
  });

  it('a malformed message is dropped and counted', async () => {
    const wrong = Buffer.from(sync(1, 0n), 'hex');
    wrong.writeUInt16BE(45, 2);
    await send(319, wrong.toString('hex'));
    await vi.waitFor(async () => expect((await status()).malformed.lengthBeyondFrame).toBe(1), {
      timeout: 10_000,
      interval: 300,
    });
    expect(datagrams(319)).toHaveLength(20);
  });

  it('has learned the station that spoke', async () => {
    // The other one may have spoken too, to join its group.
    const { entries, learned, writeFailed } = (await status()).macTable;
    expect(entries).toBeGreaterThanOrEqual(1);
    expect(learned).toBe(entries);
    expect(writeFailed).toBe(0);
  });

  it('a switch that was killed is brought back to the same state', async () => {
    await dataplane.end('SIGKILL');
    await vi.waitFor(async () => expect((await status()).ready).toBe(false), { timeout: 10_000 });
    dataplane = sandbox.start(SWITCHES[kind]);
    await readied(2);
    await send(319, sync(99, 0n));
    await received(319, 21);
    expect(corrections().at(-1)).toMatchObject({ sequenceId: 99 });
    expect(await status()).toMatchObject({ ready: true, pipeline: { pushes: 2 } });
  });

  it('ends cleanly when it is told to, and the switch goes on', async () => {
    agent.process.kill('SIGTERM');
    expect(await agent.exitCode()).toBe(0);
    await send(319, sync(100, 0n));
    await received(319, 22);
  });
}
