/**
 * RECONCILE_AND_COMMIT on real interfaces under traffic: how many frames are lost is told by the ports'
 * counters, and how long the longest waited by its own correctionField.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromJsonString } from '@bufbuild/protobuf';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import { SetForwardingPipelineConfigRequest_Action as Action } from '#protos/p4/v1/p4runtime_pb';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { packageRoot } from '#runtime/version';
import { scaledUnits } from '#units/time';
import { decodeMessage } from '#wire/ptp-message';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relayInto, type Relay } from '../support/relay.js';
import { SYNC_OCTETS } from '../support/raw-sync.js';
import { Sandbox, sandboxObstacle } from '../support/sandbox.js';
import { Controller, type EntityInit } from './conversation.js';
import { action, b, exact } from './entries.js';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const DATAGRAMS = fileURLToPath(new URL('../support/datagrams.mjs', import.meta.url));
const NODE = process.execPath;
const PORT = 319;
const COUNT = 1500;
const INTERVAL_MS = 2;
const ROUNDS = 5;
const BATCH = 2000;

const artefact = (name: string): Buffer =>
  readFileSync(join(packageRoot(), 'p4', 'artefacts', name));
const INFO = fromJsonString(P4InfoSchema, artefact('main_native.p4info.json').toString());
const CONFIG = { p4info: INFO, p4DeviceConfig: artefact('main_native.json') };
const TABLE = INFO.tables.find(({ preamble }) => preamble?.alias === 'source_mac');

/** Entries that no frame of the test meets: stations that are somewhere else. */
function stations(first: number, count: number): EntityInit[] {
  const actionId = TABLE?.actionRefs[0]?.id ?? 0;
  return Array.from({ length: count }, (_, i) => ({
    case: 'tableEntry',
    value: {
      tableId: TABLE?.preamble?.id ?? 0,
      match: [exact(1, b(1)), exact(2, b(0x0200_7700_0000 + first + i))],
      action: action(actionId, b(1)),
    },
  }));
}

interface Report {
  readonly ports: readonly {
    readonly counters: Readonly<
      Record<'rxFrames' | 'txFrames' | 'rxKernelDrops' | 'txQueueFull' | 'txErrors', number>
    >;
    readonly kernel: { readonly rxDropped: number };
  }[];
  readonly drops: { readonly droppedReload: number; readonly droppedNoBuffer: number };
}

const reason = sandboxObstacle();
if (reason !== '') console.warn(`a new pipeline under traffic is skipped: ${reason}`);

describe.skipIf(reason !== '')('a new pipeline under traffic', { timeout: 120_000 }, () => {
  const sandbox = new Sandbox();
  const directory = mkdtempSync(join(tmpdir(), 'timeplane-reconcile-'));
  let master: number;
  let slave: number;
  let relay: Relay;
  let controller: Controller;

  beforeAll(async () => {
    const config = join(directory, 'agent.yaml');
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
    sandbox.start([
      ...[NODE, CLI, 'switch', '--listen', '127.0.0.1:9559', '--device-id', '1'],
      ...['--cpu-port', '510', '--port', '1=s1', '--port', '2=s2', '--status', '127.0.0.1:9560'],
    ]);
    const agent = sandbox.start([NODE, CLI, 'agent', '--config', config]);
    await agent.says((output) => /^ready /m.test(output));
    await agent.end();
    relay = await relayInto(sandbox, 9559, join(directory, 'p4runtime.sock'));
    controller = await new Controller(relay.port, 100n).becomesPrimary();
  }, 60_000);

  afterAll(async () => {
    controller.hangsUp();
    relay.close();
    await sandbox.close();
    rmSync(directory, { recursive: true, force: true });
  });

  interface Passed {
    /** Frames that came to the one port and left by the other, as the switch counts them. */
    readonly came: number;
    readonly left: number;
    /** Frames that the kernel or the switch dropped for want of room, or in an exchange. */
    readonly lost: number;
  }

  async function passed(): Promise<Passed> {
    const text = await sandbox.run([NODE, DATAGRAMS, 'get', 'http://127.0.0.1:9560/status.json']);
    const { ports, drops } = JSON.parse(text) as Report;
    const [first, second] = ports;
    if (first === undefined || second === undefined) throw new Error('no ports');
    const lost = [first, second].map(({ counters, kernel }) =>
      [counters.rxKernelDrops, counters.txQueueFull, counters.txErrors, kernel.rxDropped].reduce(
        (sum, count) => sum + count,
      ),
    );
    return {
      came: first.counters.rxFrames,
      left: second.counters.txFrames,
      lost: lost.reduce((sum, count) => sum + count, drops.droppedReload + drops.droppedNoBuffer),
    };
  }

  /** What becomes of a stream during which the pipeline is exchanged some times. */
  async function exchanged(): Promise<Passed & { readonly longestMs: string }> {
    const client = sandbox.start([NODE, DATAGRAMS, 'listen', '10.0.0.2'], slave);
    await client.says((output) => output.includes('ready'));
    const before = await passed();
    const stream = ['stream', '10.0.0.1', `${PORT}`, `${COUNT}`, `${INTERVAL_MS}`, SYNC_OCTETS];
    const sender = sandbox.start([NODE, DATAGRAMS, ...stream], master);
    await client.says((output) => output.includes(`${PORT} `));
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(await controller.sets(Action.RECONCILE_AND_COMMIT, CONFIG)).toBe('OK');
    }
    await sender.exitCode();
    const { came } = await passed();
    await expect.poll(async () => (await passed()).left - before.left).toBe(came - before.came);
    await client.end();
    // A station that is woken late hears less than came to it, so this is of those that it heard.
    const stays = client.output
      .split('\n')
      .filter((line) => line.startsWith(`${PORT} `))
      .map((line) => decodeMessage(Buffer.from(line.split(' ')[1] ?? '', 'hex')))
      .map((it) => (it.ok ? Number(scaledUnits(it.value.header.correctionField)) / 65536e6 : 0));
    const { left, lost } = await passed();
    return {
      came: came - before.came,
      left: left - before.left,
      lost: lost - before.lost,
      longestMs: Math.max(...stays).toFixed(1),
    };
  }

  it.each([0, 4000])('loses no frame with %i entries to keep', async (count) => {
    const { entities } = await controller.reads(stations(0, 1));
    const there = entities.length === 0 ? 0 : 4000;
    for (let at = there; at < count; at += BATCH) {
      const batch = stations(at, Math.min(BATCH, count - at));
      expect(await controller.writes(Update_Type.INSERT, batch)).toBe('OK');
    }
    const { came, left, lost, longestMs } = await exchanged();
    console.log(
      `${ROUNDS} exchanges with ${count} entries: ${came - left} of ${came} frames lost, the longest stayed ${longestMs} ms`,
    );
    expect(came).toBeGreaterThan(COUNT / 2);
    expect({ left, lost }).toEqual({ left: came, lost: 0 });
  });
});
