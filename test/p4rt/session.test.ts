import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ArbitrationPhase } from '#p4rt/arbitration';
import { buildMulticastGroup, buildPacketMetadata, wildcardReplication } from '#p4rt/entities';
import { insert } from '#p4rt/reconcile';
import { P4rtSession } from '#p4rt/session';
import { CODE } from '#p4rt/write-errors';
import { FakeSwitch } from '../support/fake-switch.js';
import { programIndex } from '../support/program.js';

let fake: FakeSwitch;
let session: P4rtSession;
let phases: [ArbitrationPhase, string][];

beforeEach(async () => {
  fake = new FakeSwitch();
  await fake.start();
  phases = [];
  session = new P4rtSession({
    address: fake.address,
    deviceId: 1n,
    electionId: 3n,
    // Whoever does not answer within it is taken for gone, on a busy machine too.
    probeMs: 1_000,
    random: () => 0.5,
    handlers: {
      onPhase: (phase, reason) => phases.push([phase, reason]),
      onDigest: () => undefined,
      onPacketIn: () => undefined,
      onStreamError: () => undefined,
    },
  });
});

afterEach(() => {
  session.stop();
  fake.die();
});

const eventually = (test: () => void) => vi.waitFor(test, { timeout: 10_000 });

async function primary(): Promise<void> {
  session.start();
  await eventually(() => expect(session.phase).toBe('primary'));
}

const groups = (count: number) =>
  Array.from({ length: count }, (_, i) => insert(buildMulticastGroup(i + 1, [1, 2])));

describe('a session', () => {
  it('is primary when the switch says OK, whatever election id it names', async () => {
    fake.announcedElectionId = 1n;
    await primary();
    expect(phases).toEqual([['primary', '']]);
  });

  it('without a connection says so instead of waiting', async () => {
    expect(await session.write(groups(1))).toMatchObject({
      ok: false,
      error: { code: 'rpc-unavailable', message: `no connection to ${fake.address}` },
    });
    expect(await session.read(wildcardReplication())).toMatchObject({ ok: false });
  });

  it('reads back what it wrote', async () => {
    await primary();
    expect(await session.write(groups(3))).toEqual({ ok: true });
    const read = await session.read(wildcardReplication());
    expect(read.ok && read.value).toHaveLength(3);
  });

  it('writes many updates in batches, and knows which of all of them failed', async () => {
    await primary();
    const updates = groups(1_200);
    fake.refuse = (update) =>
      update.entity === undefined || fake.updates.length !== 1_100
        ? null
        : { code: 8, message: 'no room' };
    const result = await session.write(updates);
    if (result.ok || result.error.outcomes === null) throw new Error('nothing failed');
    expect(result.error.outcomes).toHaveLength(1_200);
    const failed = result.error.outcomes.flatMap(({ code, message }, i) =>
      code === CODE.ok ? [] : [[i, message]],
    );
    expect(failed).toEqual([[1_099, 'no room']]);
    expect(fake.entities.size).toBe(1_199);
  });

  it('knows the cookie of the pipeline that runs, and that none runs', async () => {
    await primary();
    expect(await session.pipelineCookie()).toEqual({ ok: true, value: null });
    await session.setPipeline({
      $typeName: 'p4.v1.ForwardingPipelineConfig',
      p4DeviceConfig: new Uint8Array(0),
      cookie: {
        $typeName: 'p4.v1.ForwardingPipelineConfig.Cookie',
        cookie: 0xffff_ffff_ffff_ffffn,
      },
    });
    expect(await session.pipelineCookie()).toEqual({ ok: true, value: 0xffff_ffff_ffff_ffffn });
  });

  it('sends packets with the metadata of the P4Info', async () => {
    await primary();
    const metadata = buildPacketMetadata(programIndex(), {
      egress_port: 2n,
      group: 0n,
      tx_event: 0n,
      stamp: 0n,
      _padding: 0n,
    });
    if (!metadata.ok) throw new Error(metadata.error.message);
    expect(session.sendPacket(Uint8Array.of(1, 2, 3), metadata.value)).toBe(true);
    await eventually(() => expect(fake.packets).toHaveLength(1));
    expect(fake.packets[0]).toMatchObject({
      payload: Uint8Array.of(1, 2, 3),
      metadata: [1, 3, 4, 5, 6].map((metadataId) => ({ metadataId })),
    });
  });

  it('gives packets up that a slow switch does not take, and counts them', async () => {
    await primary();
    const payload = new Uint8Array(60_000);
    const outcomes = Array.from({ length: 2_000 }, () => session.sendPacket(payload, []));
    expect(outcomes[0]).toBe(true);
    expect(outcomes.at(-1)).toBe(false);
    const { sent, streamFull } = session.packetOuts;
    expect(sent + streamFull).toBe(2_000);
    expect(sent).toBeLessThan(1_000);
    await eventually(() => expect(fake.packets).toHaveLength(sent));
    expect(session.sendPacket(payload, [])).toBe(true);
  });

  it('notices a switch that hangs, and waits for it', async () => {
    await primary();
    fake.hangs = true;
    await eventually(() => expect(session.phase).toBe('waiting'));
    expect(phases.at(-1)).toEqual(['waiting', `${fake.address} does not answer any more`]);
    fake.hangs = false;
    await eventually(() => expect(session.phase).toBe('primary'));
  });

  it('that stops does not wait for the answers of a switch that hangs', async () => {
    await primary();
    fake.hangs = true;
    const calls = [session.write(groups(1)), session.read(wildcardReplication())];
    session.stop();
    const message = `the connection to ${fake.address} was closed`;
    for (const result of await Promise.all(calls)) {
      expect(result).toMatchObject({ ok: false, error: { code: 'rpc-unavailable', message } });
    }
  });

  it('whose election id another has says so, and what to do', async () => {
    await primary();
    const refused = vi.fn();
    const twin = new P4rtSession({
      address: fake.address,
      deviceId: 1n,
      electionId: 3n,
      random: () => 0.5,
      handlers: {
        onPhase: refused,
        onDigest: () => undefined,
        onPacketIn: () => undefined,
        onStreamError: () => undefined,
      },
    });
    twin.start();
    await eventually(() => expect(refused).toHaveBeenCalled());
    twin.stop();
    const reason =
      `${fake.address} answers INVALID_ARGUMENT: Election id already exists: ` +
      'give each controller an electionId of its own, this one has 3';
    expect(refused.mock.calls[0]).toEqual(['waiting', reason]);
  });

  it('gives the same reason each time that something else answers', async () => {
    fake.die();
    const other = createServer((_request, response) => response.end('hello'));
    const [, port = ''] = fake.address.split(':');
    await new Promise<void>((resolve) => other.listen(Number(port), '127.0.0.1', resolve));
    session.start();
    await eventually(() => expect(phases.length).toBeGreaterThan(1));
    other.close();
    expect(new Set(phases.map(([, reason]) => reason))).toEqual(
      new Set([
        `no P4Runtime switch answers at ${fake.address} (what listens there does not speak gRPC)`,
      ]),
    );
  });

  it('loses its switch and finds it again', async () => {
    await primary();
    fake.die();
    await eventually(() => expect(session.phase).toBe('waiting'));
    expect(session.sendPacket(new Uint8Array(0), [])).toBe(false);
    expect(session.packetOuts).toMatchObject({ sent: 0, noStream: 1 });
    await fake.start();
    await eventually(() => expect(session.phase).toBe('primary'));
    session.stop();
    expect(phases.map(([phase]) => phase).filter((phase) => phase !== 'waiting')).toEqual([
      'primary',
      'primary',
      'stopped',
    ]);
  });
});
