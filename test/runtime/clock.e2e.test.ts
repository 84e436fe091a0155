/**
 * What the agent configures beyond a one-step clock: two-step ports, accepted masters, answers to
 * Delay_Req, the ledger. Real processes and frames, the same conversation for both targets.
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
import { instant, logInterval, nsSinceEpoch, scaledNs, scaledUnits } from '#units/time';
import { FLAG } from '#wire/ptp-header';
import { decodeMessage, encodeMessage, type PtpMessage } from '#wire/ptp-message';
import { Sandbox, sandboxObstacle, type Program } from '../support/sandbox.js';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const DATAGRAMS = fileURLToPath(new URL('../support/datagrams.mjs', import.meta.url));
const NODE = process.execPath;
const STATUS = 'http://127.0.0.1:9561/status.json';

const SWITCHES: Readonly<Record<TargetKind, readonly string[]>> = {
  native: [
    ...[NODE, CLI, 'switch', '--listen', '127.0.0.1:9559'],
    ...['--port', '1=s1', '--port', '2=s2'],
  ],
  bmv2: [
    ...['simple_switch_grpc', '--no-p4', '--device-id', '1', '-i', '1@s1', '-i', '2@s2'],
    ...['--', '--grpc-server-addr', '127.0.0.1:9559', '--cpu-port', '510'],
  ],
};

const MASTER = 0x0200_00ff_fe00_0001n;
const OURS = 0x0200_00ff_fe00_0099n;
const BOUNDARY_DOMAIN = 7;

const CONFIG = (kind: TargetKind) => `target: { kind: ${kind}, address: "127.0.0.1:9559" }
clock: { identity: "02:00:00:ff:fe:00:00:99" }
ledger: { sampleEvery: 1 }
ports:
  - number: 1
    name: gm
    ptp: transparent
    acceptMasters: ["020000fffe000001-1"]
    instances: [{ domainNumber: ${BOUNDARY_DOMAIN}, ptp: boundary }]
    delayResponder: { logMinDelayReqInterval: -3 }
    address: { mac: "02:00:00:00:00:99", ipv4: "10.0.0.99" }
  - number: 2
    name: client
    ptp: transparent
    step: two
`;

type Overrides = Partial<PtpMessage['header']>;

function header(sequenceId: number, overrides: Overrides): PtpMessage['header'] {
  return {
    majorSdoId: 0,
    minorVersionPtp: 1,
    domainNumber: 0,
    minorSdoId: 0,
    flags: 0,
    correctionField: scaledNs(0n),
    messageTypeSpecific: 0,
    sourcePortIdentity: { clockIdentity: MASTER, portNumber: 1 },
    sequenceId,
    controlField: 0,
    logMessageInterval: logInterval(0),
    ...overrides,
  };
}

const TIME = instant(1_700_000_000_000_000_007n);

function sync(sequenceId: number, overrides: Overrides = {}): string {
  const message = { kind: 'sync', tlvs: [], originTimestamp: TIME } as const;
  return hex({ ...message, header: header(sequenceId, overrides) });
}

function hex(message: PtpMessage): string {
  return Buffer.from(encodeMessage(message)).toString('hex');
}

function obstacle(kind: TargetKind): string {
  const missing = kind === 'bmv2' && !hasProgram('simple_switch_grpc');
  return missing ? 'simple_switch_grpc is not on PATH' : sandboxObstacle();
}

for (const kind of ['native', 'bmv2'] as const) {
  const reason = obstacle(kind);
  const title = `a clock configured on ${kind}${reason === '' ? '' : `: skipped, ${reason}`}`;
  describe.skipIf(reason !== '')(title, () => conversation(kind));
}

function conversation(kind: TargetKind): void {
  const sandbox = new Sandbox();
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-clock-'));
  let master: number;
  let atMaster: Program;
  let atClient: Program;

  beforeAll(async () => {
    const file = join(folder, 'agent.yaml');
    writeFileSync(file, CONFIG(kind));
    await sandbox.open();
    master = await sandbox.station('s1', '02:00:00:00:00:01', '10.0.0.1');
    const client = await sandbox.station('s2', '02:00:00:00:00:02', '10.0.0.2');
    sandbox.start(SWITCHES[kind]);
    const agent = sandbox.start([NODE, CLI, 'agent', '--config', file]);
    atMaster = sandbox.start([NODE, DATAGRAMS, 'listen', '10.0.0.1'], master);
    atClient = sandbox.start([NODE, DATAGRAMS, 'listen', '10.0.0.2'], client);
    await agent.says((output) => output.includes('ready target='), 30_000);
    for (const station of [atMaster, atClient]) await station.says((o) => o.includes('ready'));
  }, 60_000);

  afterAll(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const send = (port: number, ...messages: string[]) =>
    sandbox.run([NODE, DATAGRAMS, 'send', '10.0.0.1', String(port), ...messages], master);

  /** All messages of one kind that a station has heard. */
  function heard<Kind extends PtpMessage['kind']>(station: Program, wanted: Kind) {
    return station.output
      .split('\n')
      .filter((line) => /^3(19|20) /.test(line))
      .map((line) => decodeMessage(Buffer.from(line.split(' ')[1] ?? '', 'hex')))
      .map((decoded) => (decoded.ok ? decoded.value : null))
      .filter(
        (message): message is Extract<PtpMessage, { kind: Kind }> => message?.kind === wanted,
      );
  }

  const status = async () =>
    JSON.parse(await sandbox.run([NODE, DATAGRAMS, 'get', STATUS])) as AgentStatus;

  it('a one-step Sync leaves two-step, with a Follow_Up made for it', async () => {
    await send(319, sync(1), sync(2));
    await atClient.says(() => heard(atClient, 'followUp').length >= 2);
    expect(heard(atClient, 'sync').map(({ header: { flags } }) => flags)).toEqual([
      FLAG.twoStep,
      FLAG.twoStep,
    ]);
    for (const [i, followUp] of heard(atClient, 'followUp').entries()) {
      expect(followUp.header).toMatchObject({
        sequenceId: i + 1,
        sourcePortIdentity: { clockIdentity: MASTER, portNumber: 1 },
      });
      expect(nsSinceEpoch(followUp.preciseOriginTimestamp)).toBe(nsSinceEpoch(TIME));
      expect(scaledUnits(followUp.header.correctionField)).toBeGreaterThan(0n);
    }
  });

  it("a two-step master's Follow_Up takes what was recorded of its Sync", async () => {
    await send(319, sync(3, { flags: FLAG.twoStep }));
    await send(
      320,
      hex({
        kind: 'followUp',
        header: header(3, { correctionField: scaledNs(0x1_8000n) }),
        tlvs: [],
        preciseOriginTimestamp: TIME,
      }),
    );
    await atClient.says(() => heard(atClient, 'followUp').length >= 3);
    const followUp = heard(atClient, 'followUp').at(-1);
    const correction = scaledUnits(followUp?.header.correctionField ?? scaledNs(0n));
    expect(correction).toBeGreaterThan(0x1_8000n);
    expect(correction & 0xffffn).toBe(0x8000n);
  });

  it('a master that is not in the list is not heard', async () => {
    const stranger = { clockIdentity: 0x0200_00ff_fe00_0666n, portNumber: 1 };
    await send(319, sync(4, { sourcePortIdentity: stranger }));
    await vi.waitFor(
      async () => expect((await status()).ports[0]?.drops.ingress.masterNotAccepted).toBe(1),
      { timeout: 10_000, interval: 300 },
    );
    expect(heard(atClient, 'sync')).toHaveLength(3);
  });

  it('a Delay_Req on a boundary port is answered, in PTP time', async () => {
    await vi.waitFor(async () => expect((await status()).ptp.clock?.source).toBe('system'), {
      timeout: 10_000,
      interval: 300,
    });
    const asker = { clockIdentity: 0x0200_00ff_fe00_0abcn, portNumber: 3 };
    const inDomain = { domainNumber: BOUNDARY_DOMAIN, sourcePortIdentity: asker };
    const request = header(77, { ...inDomain, correctionField: scaledNs(0x5_0001n) });
    const errorBoundNs = (await status()).ptp.clock?.errorBoundNs ?? null;
    if (errorBoundNs === null) throw new Error('nobody knows how right PTP time is');
    expect(errorBoundNs === 0).toBe(kind === 'native');
    const slackNs = BigInt(errorBoundNs) + 2_000_000n;
    // The clock's entry may be written just now; and counters are told anew after 200 ms.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const earliestNs = BigInt(Date.now()) * 1_000_000n - slackNs;
    await send(319, hex({ kind: 'delayReq', header: request, tlvs: [], originTimestamp: TIME }));
    await atMaster.says(() => heard(atMaster, 'delayResp').length >= 1);
    const [answer] = heard(atMaster, 'delayResp');
    expect(answer?.header).toMatchObject({
      sequenceId: 77,
      domainNumber: BOUNDARY_DOMAIN,
      sourcePortIdentity: { clockIdentity: OURS, portNumber: 1 },
      logMessageInterval: logInterval(-3),
    });
    expect(scaledUnits(answer?.header.correctionField ?? scaledNs(0n))).toBe(0x5_0001n);
    expect(answer?.requestingPortIdentity).toEqual(asker);
    const receivedNs = nsSinceEpoch(answer?.timestamp ?? TIME);
    expect(receivedNs).toBeGreaterThan(earliestNs);
    expect(receivedNs).toBeLessThan(BigInt(Date.now()) * 1_000_000n + slackNs);
    expect(heard(atClient, 'delayReq')).toEqual([]);
  });

  it('the status has all of it, port by port', async () => {
    const { ports, ptp } = await status();
    const [gm, client] = ports;
    expect(gm?.messages.delayReq).toMatchObject({ received: 1, answered: 1 });
    expect(gm?.messages.delayResp.sent).toBe(1);
    expect(client?.messages.sync.sent).toBe(3);
    expect(client?.twoStep).toMatchObject({ recorded: 1, applied: 1, generated: 2, unmatched: 0 });
    expect(client?.messages.followUp.sent).toBe(3);
    // Newest first.
    await vi.waitFor(
      async () =>
        expect((await status()).ptp.ledger.records).toMatchObject(
          [3, 2, 1].map((sequenceId) => ({
            ...{ ingressPort: 1, egressPort: 2, messageType: 0, errorNs: 0 },
            sequenceId,
          })),
        ),
      { timeout: 10_000, interval: 300 },
    );
    expect(ptp.ledger.undecodable).toBe(0);
  });

  it('and `show` prints it', async () => {
    const show = (what: string) => sandbox.run([NODE, CLI, 'show', what]);
    expect(await show('ports')).toMatch(/│ client │ transparent │ two +│/);
    expect(await show('counters')).toMatch(/│ following message made here +│ +2 │/);
    expect(await show('counters')).toMatch(/│ masterNotAccepted │ +1 │ +0 │ gm 1 +│/);
    expect(await show('ledger')).toMatch(/│ gm │ client │ Sync +│ 020000.fffe.000001-1 │/);
    expect(await show('capabilities')).toContain(`This agent drives ${kind}`);
  });
}
