/**
 * Two switches with an agent each, and a link between them: what one asks the other answers, in the
 * dataplane. Real processes, both targets, and one against the other.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hasProgram } from '#lab/namespaces/sandbox';
import type { TargetKind } from '#p4rt/targets/targets';
import type { AgentStatus } from '#runtime/status';
import { packageRoot } from '#runtime/version';
import { Sandbox, sandboxObstacle } from '../support/sandbox.js';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const DATAGRAMS = fileURLToPath(new URL('../support/datagrams.mjs', import.meta.url));
const NODE = process.execPath;
const STATUS = 'http://127.0.0.1:9561/status.json';
const ADDRESS = '127.0.0.1:9559';

function switchOn(kind: TargetKind, netdev: string): string[] {
  return kind === 'native'
    ? [NODE, CLI, 'switch', '--listen', ADDRESS, '--port', `1=${netdev}`]
    : [
        ...['simple_switch_grpc', '--no-p4', '--device-id', '1', '-i', `1@${netdev}`],
        ...['--', '--grpc-server-addr', ADDRESS, '--cpu-port', '510'],
      ];
}

function obstacle(kinds: readonly TargetKind[]): string {
  const needsBmv2 = kinds.includes('bmv2') && !hasProgram('simple_switch_grpc');
  return needsBmv2 ? 'simple_switch_grpc is not on PATH' : sandboxObstacle();
}

/** A link's software delay: far above its true one, far below what a mistake would give. */
const LONGEST_NS: Readonly<Record<TargetKind, number>> = { native: 500_000, bmv2: 20_000_000 };

for (const [left, right] of [
  ['native', 'native'],
  ['native', 'bmv2'],
  ['bmv2', 'bmv2'],
] as const) {
  const reason = obstacle([left, right]);
  const title = `${left} and ${right}${reason === '' ? '' : `: skipped, ${reason}`}`;
  describe.skipIf(reason !== '')(title, () => conversation(left, right));
}

function conversation(left: TargetKind, right: TargetKind): void {
  const sandbox = new Sandbox();
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-peers-'));
  let station: number;

  async function start(kind: TargetKind, name: string, netdev: string, responder: string) {
    const where = name === 'right' ? station : undefined;
    const file = join(folder, `${name}.yaml`);
    writeFileSync(
      file,
      `target: { kind: ${kind}, address: "${ADDRESS}" }
clock: { identity: "02:00:00:ff:fe:00:00:${name === 'right' ? '02' : '01'}" }
ports:
  - number: 1
    name: link
    ptp: transparentP2P
    peerDelay: { logInterval: -3, responder: ${responder}, filterLength: 5 }
`,
    );
    sandbox.start(switchOn(kind, netdev), where);
    const agent = sandbox.start([NODE, CLI, 'agent', '--config', file], where);
    await agent.says((output) => output.includes('ready target='));
  }

  beforeAll(async () => {
    await sandbox.open();
    station = await sandbox.station('s1', '02:00:00:00:00:02', '10.0.0.2');
    await start(left, 'left', 's1', 'two');
    await start(right, 'right', 'eth0', 'one');
  }, 60_000);

  afterAll(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function status(side: 'left' | 'right'): Promise<AgentStatus> {
    const where = side === 'right' ? station : undefined;
    return JSON.parse(await sandbox.run([NODE, DATAGRAMS, 'get', STATUS], where)) as AgentStatus;
  }

  const sides = [
    { side: 'left', neighbor: '020000.fffe.000002-1', steps: 'one' },
    { side: 'right', neighbor: '020000.fffe.000001-1', steps: 'two' },
  ] as const;

  it.each(sides)(
    'the $side one measures its link to $neighbor, which answers $steps-step',
    async ({ side, neighbor, steps }) => {
      await vi.waitFor(
        async () => {
          const [report] = (await status(side)).ptp.peerDelay.ports;
          expect(report).toMatchObject({ condition: 'valid', neighbor, responderSteps: steps });
          expect(report?.counters.exchangesCompleted).toBeGreaterThan(5);
        },
        { timeout: 20_000, interval: 300 },
      );
      const [report] = (await status(side)).ptp.peerDelay.ports;
      const longest = Math.max(LONGEST_NS[left], LONGEST_NS[right]);
      expect(report?.meanLinkDelayNs).toBeLessThan(longest);
      // What is added to Sync follows the measurement but for noise.
      expect(report?.writtenMeanLinkDelayNs).not.toBeNull();
    },
    30_000,
  );

  it.each(sides)('the $side one answers in its dataplane, and says so', async ({ side }) => {
    const { ports, drops } = await status(side);
    expect(ports[0]?.messages.pdelayReq.answered).toBeGreaterThan(5);
    expect(drops.ingress.loop).toBe(0);
    const shown = await sandbox.run(
      [NODE, CLI, 'show', 'peer-delay'],
      side === 'right' ? station : undefined,
    );
    expect(shown).toMatch(/│ +1 │ link │ valid │ 020000\.fffe/);
  });
}
