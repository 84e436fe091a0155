/**
 * What the dataplane owes its users when the software above it fails: an agent that is killed, and a
 * P4Runtime server that does nothing for seconds. Syncs are sent all the while; each of them arrives, in
 * order, with its residence added.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '#runtime/version';
import { scaledUnits } from '#units/time';
import { decodeMessage } from '#wire/ptp-message';
import { SYNC_OCTETS } from '../support/raw-sync.js';
import { Sandbox, sandboxObstacle, type Program } from '../support/sandbox.js';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const DATAGRAMS = fileURLToPath(new URL('../support/datagrams.mjs', import.meta.url));
const NODE = process.execPath;
const PORT = 319;
const COUNT = 1200;
const INTERVAL_MS = 5;
const STALL_MS = 3000;

/** Stops the thread that it is told in, which is the server's, and says so without that thread's help. */
const STALL = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  process.on('SIGUSR2', () => {
    writeSync(1, 'stalled\\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${STALL_MS});
    writeSync(1, 'awake\\n');
  });`)}`;

const SWITCH = [
  ...[NODE, '--import', STALL, CLI, 'switch', '--listen', '127.0.0.1:9559', '--device-id', '1'],
  ...['--cpu-port', '510', '--port', '1=s1', '--port', '2=s2'],
];

const reason = sandboxObstacle();
if (reason !== '') console.warn(`the dataplane on its own is skipped: ${reason}`);

describe.skipIf(reason !== '')('forwarding and correction go on', { timeout: 60_000 }, () => {
  const sandbox = new Sandbox();
  let directory: string;
  let config: string;
  let master: number;
  let slave: number;
  let device: Program;
  let agent: Program;

  const startAgent = async (): Promise<Program> => {
    const started = sandbox.start([NODE, CLI, 'agent', '--config', config]);
    await started.says((output) => /^ready /m.test(output));
    return started;
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'timeplane-survival-'));
    config = join(directory, 'agent.yaml');
    writeFileSync(
      config,
      `target: { kind: native, address: "127.0.0.1:9559" }
ports:
  - { number: 1, name: gm, ptp: transparent }
  - { number: 2, name: client, ptp: transparent }
`,
    );
    await sandbox.open();
    master = await sandbox.station('s1', '02:00:00:00:00:01', '10.0.0.1');
    slave = await sandbox.station('s2', '02:00:00:00:00:02', '10.0.0.2');
    device = sandbox.start(SWITCH);
    agent = await startAgent();
  });

  afterAll(async () => {
    await sandbox.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The Syncs that a client has heard so far, as they come. */
  async function listen(): Promise<{ client: Program; heard: () => number }> {
    const client = sandbox.start([NODE, DATAGRAMS, 'listen', '10.0.0.2'], slave);
    await client.says((output) => output.includes('ready'));
    return { client, heard: () => client.output.split(`${PORT} `).length - 1 };
  }

  const sends = () =>
    sandbox.start(
      [NODE, DATAGRAMS, 'stream', '10.0.0.1', `${PORT}`, `${COUNT}`, `${INTERVAL_MS}`, SYNC_OCTETS],
      master,
    );

  /** All of them, in order, each with its stay in the switch added and nothing like a stall in it. */
  function expectEachCorrected(output: string): void {
    const lines = output.split('\n').filter((line) => line.startsWith(`${PORT} `));
    const headers = lines.map((line) => {
      const decoded = decodeMessage(Buffer.from(line.split(' ')[1] ?? '', 'hex'));
      if (!decoded.ok) throw new Error(decoded.error.message);
      return decoded.value.header;
    });
    expect(headers.map(({ sequenceId }) => sequenceId)).toEqual(
      Array.from({ length: COUNT }, (_, i) => i),
    );
    const corrections = headers.map(
      ({ correctionField }) => Number(scaledUnits(correctionField)) / 2 ** 16,
    );
    expect(Math.min(...corrections)).toBeGreaterThan(0);
    expect(Math.max(...corrections)).toBeLessThan((STALL_MS * 1e6) / 2);
  }

  it('while the agent is killed, and while another one takes its place', async () => {
    const { client, heard } = await listen();
    const sender = sends();
    await client.says(() => heard() >= 100);
    await agent.end('SIGKILL');
    const atDeath = heard();
    expect(agent.ended).toBe(true);
    await client.says(() => heard() >= atDeath + 400);
    // It finds the pipeline and the entries as they are to be, and pushes nothing.
    agent = await startAgent();
    expect(heard()).toBeLessThan(COUNT);
    expect(await sender.exitCode(), sender.output).toBe(0);
    await client.says(() => heard() >= COUNT);
    expectEachCorrected(client.output);
    expect(device.ended).toBe(false);
    await client.end();
  });

  it(`while the server’s thread is stopped for ${STALL_MS / 1000} s`, async () => {
    const { client, heard } = await listen();
    const sender = sends();
    await client.says(() => heard() >= 100);
    process.kill(device.process.pid ?? 0, 'SIGUSR2');
    await device.says((output) => output.includes('stalled'));
    const before = heard();
    await device.says((output) => output.includes('awake'));
    // Most of what was sent meanwhile; a busy machine may be late with telling.
    expect(heard() - before).toBeGreaterThan(STALL_MS / INTERVAL_MS / 2);
    expect(await sender.exitCode(), sender.output).toBe(0);
    await client.says(() => heard() >= COUNT);
    expectEachCorrected(client.output);
    await client.end();
  });
});
