import { create } from '@bufbuild/protobuf';
import { ExternSchema } from '#protos/p4/config/v1/p4info_pb';
import type { Entity } from '#protos/p4/v1/p4runtime_pb';
import { Update_Type, type WriteRequest_Atomicity as Atomicity } from '#protos/p4/v1/p4runtime_pb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { CONFIG, startSwitch } from './conversation.js';
import { b, mac, route } from './entries.js';
import { ID, p4info } from './fixture-program.js';

const { INSERT, MODIFY, DELETE, UNSPECIFIED } = Update_Type;

let device: TestSwitch;
let controller: Controller;

beforeEach(async () => {
  device = await startSwitch();
  controller = await device.controller(5n).becomesPrimary();
});
afterEach(() => device.close());

const tableEntry = (value: ReturnType<typeof mac>): EntityInit => ({ case: 'tableEntry', value });
const valuesOf = (entities: readonly Entity[]) => entities.map(({ entity }) => entity.value);

describe('the checks before a Write (12, in this order)', () => {
  const updates = [tableEntry(mac(1n, 1, 1))];

  it('unknown device: NOT_FOUND; unknown role: NOT_FOUND', async () => {
    expect(await controller.writes(INSERT, updates, { deviceId: 2n })).toBe('NOT_FOUND');
    expect(await controller.writes(INSERT, updates, { role: 'nobody' })).toBe('NOT_FOUND');
  });

  it('not the primary: PERMISSION_DENIED, even without a pipeline', async () => {
    expect(await controller.writes(INSERT, updates, { electionId: 4n })).toBe('PERMISSION_DENIED');
    expect(await controller.writes(INSERT, updates, { electionId: 6n })).toBe('PERMISSION_DENIED');
  });

  it('no pipeline: FAILED_PRECONDITION, for a Read too', async () => {
    expect(await controller.writes(INSERT, updates)).toBe('FAILED_PRECONDITION');
    expect((await controller.reads(updates)).answer).toBe('FAILED_PRECONDITION');
  });

  it('an atomicity that the enum does not have: INVALID_ARGUMENT', async () => {
    await controller.commits();
    const atomicity = 3 as Atomicity;
    expect(await controller.writes(INSERT, updates, { atomicity })).toBe('INVALID_ARGUMENT');
  });

  it('the primary has gone: PERMISSION_DENIED', async () => {
    await controller.commits();
    const backup = device.controller(3n);
    backup.arbitrates();
    expect(await backup.hearsArbitration()).toBe('ALREADY_EXISTS');
    controller.leaves();
    expect(await backup.hearsArbitration()).toBe('NOT_FOUND');
    expect(await backup.writes(INSERT, updates, { electionId: 5n })).toBe('PERMISSION_DENIED');
  });
});

describe('a batch of updates (12.3, CONTINUE_ON_ERROR)', () => {
  it('reports each update in order, the good ones as OK', async () => {
    await controller.commits();
    const batch = [
      tableEntry(mac(1n, 1, 1)),
      tableEntry(mac(1n, 1, 2)),
      tableEntry(mac(1n, 2, 1)),
      tableEntry({ ...mac(1n, 3, 1), tableId: 99 }),
      { case: undefined },
    ];
    expect(await controller.writes(INSERT, batch)).toEqual([
      'OK',
      'ALREADY_EXISTS',
      'OK',
      'NOT_FOUND',
      'INVALID_ARGUMENT',
    ]);
    const read = await controller.reads([tableEntry({ tableId: ID.mac })]);
    expect(read.entities).toHaveLength(2);
  });

  it('of which all are good is OK, and an empty one too', async () => {
    await controller.commits();
    expect(await controller.writes(INSERT, [tableEntry(mac(1n, 1, 1))])).toBe('OK');
    expect(await controller.writes(INSERT, [])).toBe('OK');
  });

  it('without a type is INVALID_ARGUMENT', async () => {
    await controller.commits();
    expect(await controller.writes(UNSPECIFIED, [tableEntry(mac(1n, 1, 1))])).toEqual([
      'INVALID_ARGUMENT',
    ]);
  });

  it('with a hundred failures still reaches a client that takes 8 KiB of metadata', async () => {
    await controller.commits();
    const wrong = tableEntry({ ...mac(1n, 1, 1), tableId: 4_000_000_000 });
    const answer = await controller.writes(INSERT, Array<EntityInit>(100).fill(wrong));
    expect(answer).toEqual(Array(100).fill('NOT_FOUND'));
  });
});

describe('an extern', () => {
  const extern = (externTypeId: number): EntityInit => ({
    case: 'externEntry',
    value: { externTypeId },
  });

  it('is not there beside those of v1model: NOT_FOUND; a read of all finds none', async () => {
    await controller.commits();
    expect(await controller.writes(INSERT, [extern(129)])).toEqual(['NOT_FOUND']);
    expect((await controller.reads([extern(129)])).answer).toEqual(['NOT_FOUND']);
    expect(await controller.writes(INSERT, [extern(0)])).toEqual(['INVALID_ARGUMENT']);
    expect(await controller.reads([extern(0)])).toEqual({ answer: 'OK', entities: [] });
  });

  it('of another kind in the P4Info is refused with it', async () => {
    const info = p4info();
    info.externs.push(create(ExternSchema, { externTypeId: 129, externTypeName: 'my_counter' }));
    expect(await controller.commits({ ...CONFIG, p4info: info })).toBe('INVALID_ARGUMENT');
    expect(controller.lastError).toContain("the extern type 'my_counter'");
  });
});

describe('the Read RPC (13)', () => {
  beforeEach(() => controller.commits());

  it('of an unknown device is NOT_FOUND', async () => {
    expect((await controller.reads([], 2n)).answer).toBe('NOT_FOUND');
  });

  it('needs neither a stream nor an election id', async () => {
    const stranger = device.controller(99n);
    expect((await stranger.reads([tableEntry({})])).answer).toBe('OK');
  });

  it('of an empty entity is INVALID_ARGUMENT, beside what the others give', async () => {
    await controller.inserts(route(0x0a000000, 8, 1));
    const { entities, answer } = await controller.reads([
      tableEntry({ tableId: ID.route }),
      { case: undefined },
      tableEntry({ tableId: 99 }),
    ]);
    expect(answer).toEqual(['OK', 'INVALID_ARGUMENT', 'NOT_FOUND']);
    expect(valuesOf(entities)).toMatchObject([route(0x0a000000, 8, 1)]);
  });
});

describe('counters (9.3.2)', () => {
  const entry = (index: bigint | null, more: object = {}): EntityInit => ({
    case: 'counterEntry',
    value: {
      counterId: ID.portCounter,
      ...(index === null ? {} : { index: { index } }),
      ...more,
    },
  });
  const data = { byteCount: 64n, packetCount: 1n };

  beforeEach(() => controller.commits());

  it('are read one by one, by array, and all', async () => {
    await controller.writes(MODIFY, [entry(3n, { data })]);
    const one = await controller.reads([entry(3n)]);
    expect(valuesOf(one.entities)).toMatchObject([{ index: { index: 3n }, data }]);
    expect((await controller.reads([entry(null)])).entities).toHaveLength(8);
    const all = await controller.reads([{ case: 'counterEntry', value: {} }]);
    expect(all.entities).toHaveLength(8);
  });

  it('that are neighbours are read at once, each request still for itself', async () => {
    await controller.writes(MODIFY, [entry(6n, { data })]);
    const reads: [number, number, number][] = [];
    const read = device.engine.counterRead.bind(device.engine);
    device.engine.counterRead = (...range) => {
      reads.push(range);
      return read(...range);
    };
    const good = await controller.reads([5n, 6n, 7n, 1n].map((index) => entry(index)));
    expect(good.answer).toBe('OK');
    expect(valuesOf(good.entities)).toMatchObject([
      { index: { index: 5n }, data: { packetCount: 0n } },
      { index: { index: 6n }, data },
      { index: { index: 7n } },
      { index: { index: 1n } },
    ]);
    expect(reads).toEqual([
      [0, 5, 3],
      [0, 1, 1],
    ]);
    const beyond = await controller.reads([6n, 7n, 8n, 9n].map((index) => entry(index)));
    expect(beyond.answer).toEqual(['OK', 'OK', 'OUT_OF_RANGE', 'OUT_OF_RANGE']);
    expect(beyond.entities).toHaveLength(2);
  });

  it('are all set where no index is given, none where no data is', async () => {
    expect(await controller.writes(MODIFY, [entry(null, { data })])).toBe('OK');
    expect(await controller.writes(MODIFY, [entry(2n)])).toBe('OK');
    const { entities } = await controller.reads([entry(null)]);
    expect(valuesOf(entities)).toMatchObject(Array(8).fill({ data }));
  });

  it('refuse INSERT, DELETE, unknown ids and indices that are not there', async () => {
    expect(await controller.writes(INSERT, [entry(1n)])).toEqual(['INVALID_ARGUMENT']);
    expect(await controller.writes(DELETE, [entry(1n)])).toEqual(['INVALID_ARGUMENT']);
    expect(await controller.writes(MODIFY, [entry(-1n)])).toEqual(['INVALID_ARGUMENT']);
    expect(await controller.writes(MODIFY, [entry(8n)])).toEqual(['OUT_OF_RANGE']);
    expect((await controller.reads([entry(8n)])).answer).toEqual(['OUT_OF_RANGE']);
    const unknown: EntityInit = { case: 'counterEntry', value: { counterId: 7 } };
    expect(await controller.writes(MODIFY, [unknown])).toEqual(['NOT_FOUND']);
    const negative = entry(1n, { data: { byteCount: -1n } });
    expect(await controller.writes(MODIFY, [negative])).toEqual(['INVALID_ARGUMENT']);
  });
});

describe('registers (9.7)', () => {
  const entry = (index: bigint | null, value?: Uint8Array): EntityInit => ({
    case: 'registerEntry',
    value: {
      registerId: ID.register,
      ...(index === null ? {} : { index: { index } }),
      ...(value === undefined ? {} : { data: { data: { case: 'bitstring', value } } }),
    },
  });

  beforeEach(() => controller.commits());

  it('are written and read, one cell or all', async () => {
    expect(await controller.writes(MODIFY, [entry(2n, b(0x1234_5678_9abcn))])).toBe('OK');
    const { entities } = await controller.reads([entry(null)]);
    expect(valuesOf(entities)).toMatchObject([
      { index: { index: 0n }, data: { data: { value: b(0) } } },
      {},
      { index: { index: 2n }, data: { data: { value: b(0x1234_5678_9abcn) } } },
      {},
    ]);
  });

  it('refuse what does not fit', async () => {
    expect(await controller.writes(MODIFY, [entry(1n, b(1n << 48n))])).toEqual(['OUT_OF_RANGE']);
    expect(await controller.writes(MODIFY, [entry(4n, b(1))])).toEqual(['OUT_OF_RANGE']);
    expect(await controller.writes(MODIFY, [entry(-1n, b(1))])).toEqual(['INVALID_ARGUMENT']);
    expect(await controller.writes(MODIFY, [entry(1n)])).toEqual(['INVALID_ARGUMENT']);
    expect(await controller.writes(INSERT, [entry(1n, b(1))])).toEqual(['INVALID_ARGUMENT']);
  });
});

describe('multicast groups (9.5.1)', () => {
  const group = (id: number, ports: readonly number[], more: object = {}): EntityInit => ({
    case: 'packetReplicationEngineEntry',
    value: {
      type: {
        case: 'multicastGroupEntry',
        value: {
          multicastGroupId: id,
          replicas: ports.map((port, i) => ({
            portKind: { case: 'port' as const, value: b(port) },
            instance: i,
          })),
          ...more,
        },
      },
    },
  });

  beforeEach(() => controller.commits());

  it('are inserted, modified, read and deleted', async () => {
    expect(await controller.writes(INSERT, [group(7, [1, 300])])).toBe('OK');
    expect(device.engine.groups.get(7)).toEqual([
      { port: 1, instance: 0 },
      { port: 300, instance: 1 },
    ]);
    expect(await controller.writes(INSERT, [group(7, [1])])).toEqual(['ALREADY_EXISTS']);
    expect(await controller.writes(MODIFY, [group(7, [2], { metadata: b(5) })])).toBe('OK');
    const read = await controller.reads([group(0, [])]);
    expect(valuesOf(read.entities)).toMatchObject([
      { type: { value: { multicastGroupId: 7, metadata: b(5), replicas: [{ instance: 0 }] } } },
    ]);
    expect(await controller.writes(DELETE, [group(7, [])])).toBe('OK');
    expect(device.engine.groups.has(7)).toBe(false);
    expect(await controller.writes(DELETE, [group(7, [])])).toEqual(['NOT_FOUND']);
    expect(await controller.writes(MODIFY, [group(7, [1])])).toEqual(['NOT_FOUND']);
    expect((await controller.reads([group(7, [])])).answer).toEqual(['NOT_FOUND']);
  });

  it('may be empty', async () => {
    expect(await controller.writes(INSERT, [group(7, [])])).toBe('OK');
    expect((await controller.reads([group(7, [])])).entities).toHaveLength(1);
  });

  it('take the SDN number of the CPU port', async () => {
    expect(await controller.writes(INSERT, [group(7, [0xffff_fffd])])).toBe('OK');
    expect(device.engine.groups.get(7)).toEqual([{ port: 510, instance: 0 }]);
  });

  it('have backups, in the order in which they stand in', async () => {
    await controller.commits();
    const replicas = [
      {
        portKind: { case: 'port', value: b(5) },
        instance: 1,
        backupReplicas: [
          { port: b(7), instance: 2 },
          { port: b(6), instance: 3 },
        ],
      },
      { portKind: { case: 'port', value: b(8) }, instance: 4 },
    ];
    expect(await controller.writes(INSERT, [group(3, [], { replicas })])).toBe('OK');
    expect(device.engine.groups.get(3)).toEqual([
      {
        port: 5,
        instance: 1,
        backups: [
          { port: 7, instance: 2 },
          { port: 6, instance: 3 },
        ],
      },
      { port: 8, instance: 4 },
    ]);
    const { entities } = await controller.reads([group(3, [])]);
    expect(valuesOf(entities)).toMatchObject([{ type: { value: { replicas } } }]);
  });

  it('refuse wrong ids, ports, instances and doubles, among backups too', async () => {
    expect(await controller.writes(INSERT, [group(0, [1])])).toEqual(['INVALID_ARGUMENT']);
    expect(await controller.writes(INSERT, [group(65_536, [1])])).toEqual(['INVALID_ARGUMENT']);
    expect(await controller.writes(INSERT, [group(1, [511])])).toEqual(['INVALID_ARGUMENT']);
    const replica = (more: object) => ({ portKind: { case: 'port', value: b(1) }, ...more });
    const twice = group(1, [], { replicas: [replica({}), replica({})] });
    expect(await controller.writes(INSERT, [twice])).toEqual(['INVALID_ARGUMENT']);
    const far = group(1, [], { replicas: [replica({ instance: 65_536 })] });
    expect(await controller.writes(INSERT, [far])).toEqual(['INVALID_ARGUMENT']);
    const none = group(1, [], { replicas: [{ instance: 1 }] });
    expect(await controller.writes(INSERT, [none])).toEqual(['INVALID_ARGUMENT']);
    const itself = replica({ backupReplicas: [{ port: b(1), instance: 2 }] });
    const doubled = replica({ backupReplicas: [{ port: b(2) }, { port: b(2) }] });
    for (const wrong of [itself, doubled]) {
      const answer = await controller.writes(INSERT, [group(1, [], { replicas: [wrong] })]);
      expect(answer).toEqual(['INVALID_ARGUMENT']);
    }
    expect(device.engine.groups.size).toBe(0);
  });
});

describe('clone sessions (9.5.2)', () => {
  const session = (id: number, more: object = {}): EntityInit => ({
    case: 'packetReplicationEngineEntry',
    value: {
      type: {
        case: 'cloneSessionEntry',
        value: {
          sessionId: id,
          replicas: [{ portKind: { case: 'egressPort', value: 510 }, instance: 1 }],
          ...more,
        },
      },
    },
  });

  beforeEach(() => controller.commits());

  it('are inserted with their length, modified, read and deleted', async () => {
    expect(await controller.writes(INSERT, [session(5, { packetLengthBytes: 128 })])).toBe('OK');
    expect(device.engine.sessions.get(5)).toEqual({
      replicas: [{ port: 510, instance: 1 }],
      octets: 128,
    });
    expect(await controller.writes(MODIFY, [session(5)])).toBe('OK');
    const read = await controller.reads([session(0)]);
    expect(valuesOf(read.entities)).toMatchObject([
      { type: { value: { sessionId: 5, packetLengthBytes: 0 } } },
    ]);
    expect(await controller.writes(DELETE, [session(5)])).toBe('OK');
    expect(device.engine.sessions.size).toBe(0);
  });

  it('refuse session 0, a negative length and an unknown class of service', async () => {
    expect(await controller.writes(INSERT, [session(0)])).toEqual(['INVALID_ARGUMENT']);
    const negative = session(5, { packetLengthBytes: -1 });
    expect(await controller.writes(INSERT, [negative])).toEqual(['INVALID_ARGUMENT']);
    const unknown = session(5, { classOfService: 8 });
    expect(await controller.writes(INSERT, [unknown])).toEqual(['INVALID_ARGUMENT']);
  });
});
