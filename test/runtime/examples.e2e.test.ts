/**
 * Every example on a real switch, one after the other: each takes the switch from the state that the
 * one before has left to its own, without a new pipeline.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram } from '#lab/namespaces/sandbox';
import type { TargetKind } from '#p4rt/targets/targets';
import type { AgentStatus } from '#runtime/status';
import { packageRoot } from '#runtime/version';
import { Sandbox, sandboxObstacle } from '../support/sandbox.js';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const EXAMPLES = join(packageRoot(), 'docs', 'examples');
const DATAGRAMS = fileURLToPath(new URL('../support/datagrams.mjs', import.meta.url));
const NODE = process.execPath;
const STATUS = 'http://127.0.0.1:9561/status.json';
const ADDRESS = '127.0.0.1:9559';
const PORTS = [1, 2, 3, 4];

const SWITCHES: Readonly<Record<TargetKind, readonly string[]>> = {
  native: [
    ...[NODE, CLI, 'switch', '--listen', ADDRESS],
    ...PORTS.flatMap((port) => ['--port', `${port}=s${port}`]),
  ],
  bmv2: [
    ...['simple_switch_grpc', '--no-p4', '--device-id', '1'],
    ...PORTS.flatMap((port) => ['-i', `${port}@s${port}`]),
    ...['--', '--grpc-server-addr', ADDRESS, '--cpu-port', '510'],
  ],
};

for (const kind of ['native', 'bmv2'] as const) {
  const missing = kind === 'bmv2' && !hasProgram('simple_switch_grpc');
  const reason = missing ? 'simple_switch_grpc is not on PATH' : sandboxObstacle();
  const title = `the examples on ${kind}${reason === '' ? '' : `: skipped, ${reason}`}`;
  describe.skipIf(reason !== '')(title, () => conversation(kind));
}

function conversation(kind: TargetKind): void {
  const sandbox = new Sandbox();
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-examples-'));

  beforeAll(async () => {
    await sandbox.open();
    for (const port of PORTS) {
      await sandbox.station(`s${port}`, `02:00:00:00:00:0${port}`, `10.0.0.${port}`);
    }
    sandbox.start(SWITCHES[kind]);
  }, 60_000);

  afterAll(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(file: string): Promise<AgentStatus> {
    const agent = sandbox.start([NODE, CLI, 'agent', '--config', file]);
    await agent.says((output) => output.includes('ready target='), 30_000);
    const status = await sandbox.run([NODE, DATAGRAMS, 'get', STATUS]);
    expect(await agent.end('SIGTERM')).toBe(0);
    expect(agent.output).not.toContain('was not taken');
    return JSON.parse(status) as AgentStatus;
  }

  const names = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'));

  // The first one again: nothing of another example is in its way.
  const runs = [...names, ...names.slice(0, 1)].map((name, i) => [name, i === 0 ? 1 : 0] as const);

  it.each(runs)('%s, after %d pushes of the pipeline', async (name, pushes) => {
    const file = join(folder, name);
    const text = readFileSync(join(EXAMPLES, name), 'utf8');
    writeFileSync(file, text.replaceAll('kind: native', `kind: ${kind}`));
    const { ready, pipeline, ports, countersCurrent, target } = await run(file);
    expect({ ready, countersCurrent, kind: target.kind }).toEqual({
      ready: true,
      countersCurrent: true,
      kind,
    });
    expect(pipeline.pushes).toBe(pushes);
    expect(ports.length).toBeGreaterThan(1);
  });
}
