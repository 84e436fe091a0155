import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { desiredState } from '#dataplane/desired-state';
import { ingressTimingEntry } from '#dataplane/port-entries';
import { bucketOf } from '#dataplane/residence';
import { decodeTableEntry } from '#p4rt/decode';
import { buildDefaultEntry, buildTableEntry } from '#p4rt/entities';
import { no } from '#p4rt/features';
import { entityKey } from '#p4rt/identity';
import { NATIVE } from '#p4rt/targets/native';
import { CODE } from '#p4rt/write-errors';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { Agent } from '#runtime/agent';
import { loadPipeline, type Pipeline } from '#runtime/artefacts';
import { parseConfig, type AgentConfig } from '#runtime/config';
import { instant, scaledNs } from '#units/time';
import { FakeSwitch } from '../support/fake-switch.js';

const A = 0x0200_0000_000an;
const B = 0x0200_0000_000bn;

let fake: FakeSwitch;
let pipeline: Pipeline;
let agents: Agent[];
let nowNs: bigint;
const readied = vi.fn();

beforeEach(async () => {
  fake = new FakeSwitch();
  await fake.start();
  agents = [];
  nowNs = 0n;
  readied.mockClear();
  const loaded = await loadPipeline('main_native');
  if (!loaded.ok) throw new Error(loaded.error.message);
  pipeline = loaded.value;
});

afterEach(async () => {
  for (const agent of agents) await agent.stop();
  fake.die();
});

function config(overrides = ''): AgentConfig {
  const parsed = parseConfig(
    'test.yaml',
    `target: { kind: native, address: "${fake.address}" }
macTable: { agingSeconds: 100, maxEntries: 2 }
ports:
  - { number: 1, name: gm, ptp: transparent }
  - { number: 2, name: client, ptp: transparent }
${overrides}`,
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.value;
}

function startAgent(wanted: AgentConfig = config()): Agent {
  const created = Agent.create({
    config: wanted,
    target: NATIVE,
    pipeline,
    log: pino({ level: 'silent' }),
    version: 'test',
    now: () => instant((nowNs += 1_000_000_000n)),
    random: () => 0.5,
    onReady: readied,
  });
  if (!created.ok) throw new Error(created.error.message);
  agents.push(created.value);
  created.value.start();
  return created.value;
}

async function eventually(test: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(test, { timeout: 10_000, interval: 20 });
}

const ready = (agent: Agent) =>
  eventually(async () => expect((await agent.status()).ready).toBe(true));

function desiredCount(): number {
  const desired = desiredState(pipeline.index, config().settings, NATIVE.capabilities);
  if (!desired.ok) throw new Error(desired.error.message);
  return desired.value.length;
}

function idOf(kind: 'tables' | 'digests' | 'counters', name: string): number {
  const found = pipeline.index[kind].byName(name);
  if (!found.ok) throw new Error(found.error.message);
  return found.value.id;
}

function entriesOf(table: string): number {
  const prefix = `table/${idOf('tables', table)}/`;
  return [...fake.entities.keys()].filter((key) => key.startsWith(prefix)).length;
}

describe('an agent and a fresh switch', () => {
  it('pushes the pipeline and all of the desired state, and is ready then', async () => {
    const agent = startAgent();
    await ready(agent);
    expect(fake.pipelineSets).toBe(1);
    expect(fake.entities.size).toBe(desiredCount());
    expect(readied).toHaveBeenCalledTimes(1);
    expect(await agent.status()).toMatchObject({
      target: { phase: 'primary', reason: '' },
      pipeline: { name: 'main_native', pushes: 1 },
      ports: [
        { number: 1, name: 'gm', ptp: 'transparent', residenceNs: { count: 0, p50: null } },
        { number: 2, name: 'client' },
      ],
      countersCurrent: true,
    });
  });

  it('that refuses the pipeline says what the switch said', async () => {
    fake.refusePipeline = 'no such table';
    const agent = startAgent();
    await eventually(async () => {
      const { ready: isReady, target } = await agent.status();
      expect(isReady).toBe(false);
      expect(target.reason).toContain('INVALID_ARGUMENT: no such table');
    });
    fake.refusePipeline = '';
    await ready(agent);
  });

  it('that refuses an entry is not ready, and tries again', async () => {
    fake.refuse = ({ entity }) =>
      entity?.entity.case === 'digestEntry' ? { code: CODE.unknown, message: 'no digests' } : null;
    const agent = startAgent();
    await eventually(async () => {
      expect((await agent.status()).target.reason).toContain('UNKNOWN: no digests');
    });
    fake.refuse = () => null;
    await ready(agent);
    expect(fake.entities.size).toBe(desiredCount());
  });
});

describe('an agent whose switch goes away', () => {
  it('waits for one that is not there yet', async () => {
    fake.die();
    const agent = startAgent();
    await eventually(async () => {
      expect((await agent.status()).target).toMatchObject({
        phase: 'waiting',
        reason: `no P4Runtime switch answers at ${fake.address} (connect ECONNREFUSED ${fake.address})`,
      });
    });
    await fake.start();
    await ready(agent);
  });

  it('brings one that comes back to the same state, learned addresses included', async () => {
    const agent = startAgent();
    await ready(agent);
    fake.digest(idOf('digests', 'learned_mac_t'), [1n, A, 1n]);
    await eventually(() => expect(entriesOf('destination_mac')).toBe(1));
    fake.die();
    await eventually(async () => expect((await agent.status()).ready).toBe(false));
    await fake.start();
    await ready(agent);
    expect(fake.pipelineSets).toBe(2);
    expect(fake.entities.size).toBe(desiredCount() + 2);
    expect(readied).toHaveBeenCalledTimes(2);
  });

  it('tells what it knows while one hangs, and ends without waiting for it', async () => {
    const agent = startAgent();
    await ready(agent);
    fake.hangs = true;
    const before = performance.now();
    expect(await agent.status()).toMatchObject({ countersCurrent: false });
    await agent.stop();
    expect(performance.now() - before).toBeLessThan(4_000);
  });

  it('that comes back itself leaves the switch alone and takes over what was learned', async () => {
    const first = startAgent();
    await ready(first);
    fake.digest(idOf('digests', 'learned_mac_t'), [1n, A, 1n]);
    await eventually(() => expect(entriesOf('source_mac')).toBe(1));
    await first.stop();
    fake.updates.length = 0;
    const second = startAgent();
    await ready(second);
    expect(fake.pipelineSets).toBe(1);
    expect(fake.entities.size).toBe(desiredCount() + 2);
    expect((await second.status()).macTable.entries).toBe(1);
    // Only the digest's configuration, which is not read back.
    expect(new Set(fake.updates.map(({ entity }) => entity?.entity.case))).toEqual(
      new Set(['digestEntry']),
    );
  });

  it('with another configuration removes what is no longer wanted', async () => {
    const first = startAgent(config('  - { number: 3, name: third, ptp: off }\n'));
    await ready(first);
    expect(entriesOf('port')).toBe(3);
    await first.stop();
    await ready(startAgent());
    expect(entriesOf('port')).toBe(2);
    expect(fake.entities.size).toBe(desiredCount());
  });
});

describe('an agent that is not alone', () => {
  it('waits as a backup, says who is primary, and takes over', async () => {
    const strong = config();
    const first = startAgent({ ...strong, target: { ...strong.target, electionId: 5n } });
    await ready(first);
    const second = startAgent();
    await eventually(async () => {
      expect((await second.status()).target).toMatchObject({
        phase: 'backup',
        reason: 'another controller is primary with election id 5, ours is 1',
      });
    });
    await first.stop();
    await ready(second);
  });
});

describe('learning', () => {
  it('writes both entries and then acknowledges the digest', async () => {
    const agent = startAgent();
    await ready(agent);
    fake.digest(idOf('digests', 'learned_mac_t'), [1n, A, 1n], [1n, B, 2n]);
    await eventually(() => expect(fake.acknowledged).toEqual([1n]));
    expect(entriesOf('source_mac')).toBe(2);
    expect(entriesOf('destination_mac')).toBe(2);
    expect((await agent.status()).macTable).toMatchObject({
      entries: 2,
      maxEntries: 2,
      learned: 2,
    });
  });

  it('stops at the cap and counts what it refused', async () => {
    const agent = startAgent();
    await ready(agent);
    const messages = [A, B, 0x0200_0000_000cn, 0x0200_0000_000dn].map((mac) => [1n, mac, 1n]);
    fake.digest(idOf('digests', 'learned_mac_t'), ...messages);
    await eventually(() => expect(fake.acknowledged).toHaveLength(1));
    expect(entriesOf('destination_mac')).toBe(2);
    expect((await agent.status()).macTable.refusedFull).toBe(2);
  });

  it('forgets what the switch does not take, and learns it again', async () => {
    const agent = startAgent();
    await ready(agent);
    fake.refuse = ({ type }) =>
      type === Update_Type.INSERT ? { code: 8, message: 'the table is full' } : null;
    fake.digest(idOf('digests', 'learned_mac_t'), [1n, A, 1n]);
    await eventually(() => expect(fake.acknowledged).toHaveLength(1));
    expect((await agent.status()).macTable).toMatchObject({ entries: 0, writeFailed: 2 });
    fake.refuse = () => null;
    fake.digest(idOf('digests', 'learned_mac_t'), [1n, A, 1n]);
    await eventually(() => expect(entriesOf('source_mac')).toBe(1));
  });

  it('ages a silent station out of both tables', async () => {
    const agent = startAgent();
    await ready(agent);
    fake.digest(idOf('digests', 'learned_mac_t'), [1n, A, 1n]);
    await eventually(() => expect(entriesOf('destination_mac')).toBe(1));
    nowNs += 101_000_000_000n;
    await eventually(() => expect(entriesOf('destination_mac')).toBe(0));
    expect(entriesOf('source_mac')).toBe(0);
    expect((await agent.status()).macTable).toMatchObject({ entries: 0, aged: 1 });
  });
});

describe('counters', () => {
  it("come from the ports' slots, and residence from the egress port's histogram", async () => {
    const agent = startAgent();
    await ready(agent);
    fake.counters.set(`${idOf('counters', 'ptp_received')}/0`, 7n);
    fake.counters.set(`${idOf('counters', 'ptp_corrected')}/16`, 7n);
    fake.counters.set(`${idOf('counters', 'residence')}/${512 + bucketOf(1_000)}`, 7n);
    fake.counters.set(`${idOf('counters', 'ptp_malformed')}/11`, 2n);
    const { ports, malformed } = await agent.status();
    expect(ports[0]?.messages.sync).toMatchObject({ received: 7, corrected: 0 });
    expect(ports[1]?.messages.sync).toMatchObject({ received: 0, corrected: 7 });
    expect(ports[1]?.residenceNs).toEqual({
      count: 7,
      min: 992,
      p50: 1_007,
      p99: 1_007,
      max: 1_023,
    });
    expect(malformed.lengthBeyondFrame).toBe(2);
  });

  it('are read only when somebody asks, histograms only after new corrections', async () => {
    const agent = startAgent();
    await ready(agent);
    await agent.status();
    const before = fake.counterReads;
    await agent.status();
    const again = fake.counterReads - before;
    expect(again).toBeGreaterThan(0);
    expect(again).toBeLessThan(512);
  });
});

describe('the clock', () => {
  const P2P = (fakeAddress: string) => {
    const parsed = parseConfig(
      'test.yaml',
      `target: { kind: native, address: "${fakeAddress}" }
ledger: { sampleEvery: 1 }
ports:
  - { number: 1, name: gm, ptp: transparentP2P }
  - { number: 2, name: client, ptp: transparent, step: two }
`,
    );
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
    return parsed.value;
  };

  function timingOf(port: bigint): Readonly<Record<string, bigint>> | undefined {
    for (const { entity } of fake.entities.values()) {
      if (entity.case !== 'tableEntry') continue;
      const entry = decodeTableEntry(pipeline.index, entity.value);
      if (!entry.ok || !entry.value.table.endsWith('ingress_timing')) continue;
      if (entry.value.match['ingress_port'] === port) return entry.value.action.params;
    }
    return undefined;
  }

  it('asks its neighbors as soon as the switch is ready', async () => {
    await ready(startAgent(P2P(fake.address)));
    await eventually(() => expect(fake.packets.length).toBeGreaterThan(0));
  });

  it('takes over what an earlier agent measured, and its own configuration for the rest', async () => {
    const first = startAgent(P2P(fake.address));
    await ready(first);
    await first.stop();
    const [gm] = P2P(fake.address).settings.ports;
    if (gm === undefined) throw new Error('no port');
    const measured = buildTableEntry(pipeline.index, ingressTimingEntry(gm, scaledNs(0x1234n)));
    if (!measured.ok) throw new Error(measured.error.message);
    fake.entities.set(entityKey(measured.value), measured.value);
    const second = startAgent(P2P(fake.address));
    await ready(second);
    expect(fake.pipelineSets).toBe(1);
    expect(timingOf(1n)).toMatchObject({ mean_link_delay: 0x1234n });
    expect(timingOf(2n)).toMatchObject({ mean_link_delay: 0n, two_step: 1n });
    expect((await second.status()).ptp.peerDelay.ports).toMatchObject([{ port: 1, name: 'gm' }]);
  });

  it('leaves no PTP time behind that nobody keeps', async () => {
    const first = startAgent(P2P(fake.address));
    await ready(first);
    await first.stop();
    const params = { reference_ticks: 1n, seconds: 2n, nanoseconds: 3n, rate_offset: 0n };
    const set = buildDefaultEntry(pipeline.index, 'clock', { name: 'set_clock', params });
    if (!set.ok) throw new Error(set.error.message);
    fake.entities.set(entityKey(set.value), set.value);
    await ready(startAgent(P2P(fake.address)));
    const held = fake.entities.get(entityKey(set.value))?.entity;
    const entry = held?.case === 'tableEntry' ? decodeTableEntry(pipeline.index, held.value) : null;
    expect(entry?.ok === true ? entry.value.action.name : '').toContain('free_running');
  });

  it('keeps the ledger, and acknowledges its digests', async () => {
    const agent = startAgent(P2P(fake.address));
    await ready(agent);
    const record = [1n, 2n, 0n, A, 1n, 7n, 0n, 0n, 1_000n, 3_500n, 0n, 2_500n << 16n];
    fake.digest(idOf('digests', 'residence_record_t'), record);
    await eventually(() => expect(fake.acknowledged).toHaveLength(1));
    const { ptp, macTable } = await agent.status();
    expect(ptp.ledger.records).toMatchObject([{ sequenceId: 7, residenceNs: 2_500, errorNs: 0 }]);
    expect(macTable.entries).toBe(0);
  });

  it('is refused where its target cannot, with the key that asks for it', () => {
    const reason = no('it is a stone');
    const features = { ...NATIVE.features, twoStep: reason };
    const created = Agent.create({
      config: P2P(fake.address),
      target: { ...NATIVE, features },
      pipeline,
      log: pino({ level: 'silent' }),
      version: 'test',
      now: () => instant(0n),
      random: () => 0,
      onReady: readied,
    });
    expect(created).toMatchObject({ ok: false, error: { code: 'target-cannot' } });
    expect(created.ok ? '' : created.error.message).toContain('ports[1].step: the embedded switch');
  });
});

describe('an agent with another configuration', () => {
  function withBlockedClient(): AgentConfig {
    const { settings, ...others } = config();
    const ports = settings.ports.map((port, i) =>
      i === 1 ? { ...port, ptp: 'blocked' as const } : port,
    );
    return { ...others, settings: { ...settings, ports } };
  }

  it('writes what has changed, and pushes nothing', async () => {
    const agent = startAgent();
    await ready(agent);
    const before = fake.updates.length;
    const next = config('  - { number: 3, name: more, ptp: transparent }');
    expect(agent.configure(next)).toMatchObject({ ok: false, error: { code: 'restart-needed' } });
    expect(agent.configure(withBlockedClient())).toMatchObject({ ok: true });
    await eventually(() => expect(fake.updates.length).toBeGreaterThan(before));
    await eventually(() => expect(readied).toHaveBeenCalledTimes(2));
    expect(fake.pipelineSets).toBe(1);
    const entries = fake.updates
      .slice(before)
      .filter(({ entity }) => entity?.entity.case === 'tableEntry');
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.filter(({ type }) => type !== Update_Type.MODIFY)).toEqual([]);
    expect((await agent.status()).ports[1]).toMatchObject({ ptp: 'blocked' });
  });

  it('stays with the old one where it wants another agent', async () => {
    const agent = startAgent();
    await ready(agent);
    const before = fake.updates.length;
    const other = config();
    const target = { ...other.target, deviceId: 2n };
    expect(agent.configure({ ...other, target })).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('target') as string },
    });
    expect(fake.updates).toHaveLength(before);
    expect((await agent.status()).target.deviceId).toBe('1');
  });
});
