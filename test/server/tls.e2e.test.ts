/** Mutual TLS as an operator has it: the switch, agents with and without their certificates, as processes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '#runtime/version';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { Sandbox, sandboxObstacle, type Program } from '../support/sandbox.js';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const DATAGRAMS = fileURLToPath(new URL('../support/datagrams.mjs', import.meta.url));
const NODE = process.execPath;

interface Report {
  readonly pipeline: unknown;
  readonly p4runtime: { readonly clients: number };
}

const reason = sandboxObstacle();
if (reason !== '') console.warn(`mutual TLS between processes is skipped: ${reason}`);

describe.skipIf(reason !== '')('a switch on any address', { timeout: 60_000 }, () => {
  const ours = new Authority('ours');
  const theirs = new Authority('theirs');
  const directory = mkdtempSync(join(tmpdir(), 'timeplane-tls-'));
  const sandbox = new Sandbox();
  let device: Program;

  /** An agent with this for `target.tls`. */
  function startAgent(name: string, tls: string, statusPort: number): Program {
    const config = join(directory, `${name}.yaml`);
    writeFileSync(
      config,
      `target: { kind: native, address: "127.0.0.1:9559", tls: ${tls} }
status: "127.0.0.1:${statusPort}"
ports:
  - { number: 1, name: left, ptp: transparent }
  - { number: 2, name: right, ptp: transparent }
`,
    );
    return sandbox.start([NODE, CLI, 'agent', '--config', config]);
  }
  const files = (authority: Authority, name: string): string => {
    const { certificate, key } = authority.signs(name);
    return `{ ca: "${ours.certificate}", certificate: "${certificate}", key: "${key}" }`;
  };
  const report = async (): Promise<Report> =>
    JSON.parse(
      await sandbox.run([NODE, DATAGRAMS, 'get', 'http://127.0.0.1:9560/status.json']),
    ) as Report;

  beforeAll(async () => {
    await sandbox.open();
    await sandbox.station('s1', '02:00:00:00:00:01', '10.0.0.1');
    await sandbox.station('s2', '02:00:00:00:00:02', '10.0.0.2');
    const { certificate, key } = ours.signs('switch');
    device = sandbox.start([
      ...[NODE, CLI, 'switch', '--listen', '0.0.0.0:9559', '--status', '127.0.0.1:9560'],
      ...['--tls-cert', certificate, '--tls-key', key, '--tls-client-ca', ours.certificate],
      ...['--port', '1=s1', '--port', '2=s2'],
    ]);
    await device.says((output) => /^ready /m.test(output));
  });

  afterAll(async () => {
    await sandbox.close();
    for (const folder of [ours.folder, theirs.folder, directory]) {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each([
    ['without a certificate', () => 'none', 9571],
    ['with one that another authority signed', () => files(theirs, 'stranger'), 9572],
  ])('refuses an agent %s', async (name, tls, statusPort) => {
    const agent = startAgent(name.replaceAll(' ', '-'), tls(), statusPort);
    await agent.says((output) => /no P4Runtime switch answers/.test(output));
    expect(agent.output).not.toMatch(/^ready /m);
    expect(await report()).toMatchObject({ pipeline: null, p4runtime: { clients: 0 } });
    await agent.end();
  });

  it('is driven by one whose certificate its authority signed', async () => {
    const agent = startAgent('ours', files(ours, 'agent'), 9573);
    await agent.says((output) => /^ready /m.test(output), 40_000);
    expect(await report()).toMatchObject({
      pipeline: { program: 'main_native.p4' },
      p4runtime: { clients: 1 },
    });
    expect(await agent.end('SIGTERM')).toBe(0);
  });
});
