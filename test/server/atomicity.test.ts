/** WriteRequest.atomicity (specification 1.5, "Batch Atomicity"), property tests included. */
import { create, toJsonString } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import type { Entity, Update } from '#protos/p4/v1/p4runtime_pb';
import {
  EntitySchema,
  UpdateSchema,
  Update_Type,
  WriteRequest_Atomicity as Atomicity,
} from '#protos/p4/v1/p4runtime_pb';
import { buildProgram } from '#server/program/program';
import { readEntities } from '#server/read';
import { initialState, type ForwardingState } from '#server/state/state';
import { unnamedPorts } from '#server/program/translation';
import { writeUpdates } from '#server/write/write';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Controller, EntityInit, TableEntryInit, TestSwitch } from './conversation.js';
import { CPU_PORT, startSwitch } from './conversation.js';
import { acl, b, exact, forward, mac, optional, route } from './entries.js';
import { ID, LAYOUT, p4info } from './fixture-program.js';
import { loadRows, shadowWithRows, type DecodeRows } from './native-rows.js';
import { writeAllOrNone, writeEncoded, writeEncodedAllOrNone } from './writes.js';

const { INSERT, MODIFY, DELETE } = Update_Type;
const { ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC } = Atomicity;

const entry = (value: TableEntryInit): EntityInit => ({ case: 'tableEntry', value });
const counter = (index: bigint, packetCount?: bigint): EntityInit => ({
  case: 'counterEntry',
  value: {
    counterId: ID.portCounter,
    index: { index },
    ...(packetCount === undefined ? {} : { data: { packetCount } }),
  },
});
/** No table has this id. */
const wrong = entry({ tableId: 0x02ff_ffff });

describe.each([
  ['ROLLBACK_ON_ERROR', ROLLBACK_ON_ERROR],
  ['DATAPLANE_ATOMIC', DATAPLANE_ATOMIC],
])('%s', (_name, atomicity) => {
  let device: TestSwitch;
  let controller: Controller;

  beforeEach(async () => {
    device = await startSwitch();
    controller = await device.controller(5n).becomesPrimary();
    await controller.commits();
  });
  afterEach(() => device.close());

  const writes = (type: Update_Type, ...entities: EntityInit[]) =>
    controller.writes(type, entities, { atomicity });
  const all = async (): Promise<Entity[]> => {
    const { entities } = await controller.reads(EVERYTHING);
    return entities;
  };

  it('a batch without an error is applied', async () => {
    expect(await writes(INSERT, entry(mac(1n, 1, 1)), entry(mac(2n, 1, 2)))).toBe('OK');
    const { entities } = await controller.reads([entry({ tableId: ID.mac })]);
    expect(entities).toHaveLength(2);
  });

  it('with one, nothing is; the others are told that they were ABORTED', async () => {
    const before = await all();
    const answer = await writes(INSERT, entry(mac(1n, 1, 1)), wrong, entry(mac(2n, 1, 2)));
    expect(answer).toEqual(['ABORTED', 'NOT_FOUND', 'ABORTED']);
    expect(await all()).toEqual(before);
  });

  it('what was deleted is there again, with what it counted', async () => {
    expect(
      await writes(INSERT, entry({ ...mac(1n, 1, 1), counterData: { packetCount: 7n } })),
    ).toBe('OK');
    const before = await all();
    expect(await writes(DELETE, entry(mac(1n, 1, 1)), wrong)).toEqual(['ABORTED', 'NOT_FOUND']);
    expect(await all()).toEqual(before);
    const { entities } = await controller.reads([
      entry({ tableId: ID.mac, counterData: { packetCount: 0n } }),
    ]);
    expect(entities).toMatchObject([{ entity: { value: { counterData: { packetCount: 7n } } } }]);
  });

  it('what frames counted in a cell meanwhile stays counted', async () => {
    const { engine } = device;
    expect(await writes(MODIFY, counter(3n, 100n))).toBe('OK');
    const write = engine.counterWrite.bind(engine);
    // The dataplane counts 5 as soon as the batch has written the cell.
    engine.counterWrite = (index, cell, value) =>
      write(index, cell, value.packets === 1n ? { packets: 6n, octets: 0n } : value);
    expect(await writes(MODIFY, counter(3n, 1n), wrong)).toEqual(['ABORTED', 'NOT_FOUND']);
    const { entities } = await controller.reads([counter(3n)]);
    expect(entities).toMatchObject([{ entity: { value: { data: { packetCount: 105n } } } }]);
  });

  it('an engine that is out of memory while undoing is told of', async () => {
    expect(await writes(INSERT, entry(mac(1n, 1, 1)))).toBe('OK');
    device.engine.tableInsert = () => ({
      ok: false,
      error: { code: 'NO_MEMORY', message: 'no memory' },
    });
    expect(await writes(DELETE, entry(mac(1n, 1, 1)), wrong)).toEqual(['INTERNAL', 'NOT_FOUND']);
    expect(controller.lastError).toContain('2 of 2');
  });
});

describe('what traffic sees of a batch', () => {
  const insert = async (atomicity: Atomicity): Promise<string[]> => {
    const device = await startSwitch();
    const controller = await device.controller(5n).becomesPrimary();
    await controller.commits();
    device.engine.seenByTraffic.length = 0;
    await controller.writes(INSERT, [entry(mac(1n, 1, 1)), entry(mac(2n, 1, 2)), wrong], {
      atomicity,
    });
    await device.close();
    return device.engine.seenByTraffic;
  };

  it('ROLLBACK_ON_ERROR: each step of it', async () => {
    expect(await insert(ROLLBACK_ON_ERROR)).toEqual(['tableInsert', 'tableInsert']);
  });

  it('DATAPLANE_ATOMIC: nothing, since the engine is held until it is done or undone', async () => {
    expect(await insert(DATAPLANE_ATOMIC)).toEqual([]);
  });
});

describe('a batch that frames would wait for too long', () => {
  const MAX_UPDATES = 4096;

  it('is refused as a whole, if it is DATAPLANE_ATOMIC, and only then', async () => {
    const device = await startSwitch();
    const controller = await device.controller(5n).becomesPrimary();
    await controller.commits();
    const batch = Array.from({ length: MAX_UPDATES + 1 }, (_, i) => counter(BigInt(i % 4), 1n));
    const write = (entities: EntityInit[], atomicity: Atomicity) =>
      controller.writes(MODIFY, entities, { atomicity });
    expect(await write(batch, DATAPLANE_ATOMIC)).toBe('RESOURCE_EXHAUSTED');
    expect(controller.lastError).toContain('4096 updates at most');
    expect(await write(batch.slice(1), DATAPLANE_ATOMIC)).toBe('OK');
    expect(await write(batch, ROLLBACK_ON_ERROR)).toBe('OK');
    await device.close();
  });
});

/* --- any batch ---------------------------------------------------------------------------------- */

/** Reads of all that a batch can change. */
const EVERYTHING: EntityInit[] = [
  entry({ counterData: {} }),
  ...[ID.mac, ID.acl, ID.route, ID.mode].map((tableId) =>
    entry({ tableId, isDefaultAction: true, counterData: {} }),
  ),
  { case: 'counterEntry', value: {} },
  { case: 'registerEntry', value: {} },
  { case: 'digestEntry', value: {} },
  {
    case: 'packetReplicationEngineEntry',
    value: { type: { case: 'multicastGroupEntry', value: {} } },
  },
  {
    case: 'packetReplicationEngineEntry',
    value: { type: { case: 'cloneSessionEntry', value: {} } },
  },
];

const small = fc.integer({ min: 1, max: 3 });
const count = fc.record({ packetCount: fc.bigInt(0n, 99n), byteCount: fc.bigInt(0n, 99n) });
const metadata = fc.uint8Array({ maxLength: 2 });

const anEntity: fc.Arbitrary<EntityInit> = fc.oneof(
  fc
    .tuple(small, small, fc.option(count, { nil: undefined }), metadata)
    .map(([address, port, counterData, data]) =>
      entry({
        ...mac(BigInt(address), 1, port),
        metadata: data,
        ...(counterData === undefined ? {} : { counterData }),
      }),
    ),
  fc.tuple(small, small).map(([priority, port]) => entry(acl(priority, [optional(2, b(port))]))),
  fc.tuple(small, small).map(([address, port]) => entry(route(address << 24, 8, 1, port))),
  fc.tuple(small, metadata, fc.boolean()).map(([port, data, isReset]) =>
    entry({
      tableId: ID.mode,
      isDefaultAction: true,
      metadata: data,
      ...(isReset ? {} : { action: forward(port) }),
    }),
  ),
  fc.tuple(small, count).map(([address, data]): EntityInit => ({
    case: 'directCounterEntry',
    value: {
      tableEntry: { tableId: ID.mac, match: [exact(1, b(address)), exact(2, b(1))] },
      data,
    },
  })),
  fc
    .tuple(fc.option(fc.bigInt(0n, 8n), { nil: undefined }), count)
    .map(([index, data]): EntityInit => ({
      case: 'counterEntry',
      value: {
        counterId: ID.portCounter,
        data,
        ...(index === undefined ? {} : { index: { index } }),
      },
    })),
  fc.tuple(fc.bigInt(0n, 3n), fc.bigInt(0n, 99n)).map(([index, value]): EntityInit => ({
    case: 'registerEntry',
    value: {
      registerId: ID.register,
      index: { index },
      data: { data: { case: 'bitstring', value: b(value) } },
    },
  })),
  fc.bigInt(0n, 9n).map((maxTimeoutNs): EntityInit => ({
    case: 'digestEntry',
    value: { digestId: ID.learn, config: { maxTimeoutNs } },
  })),
  fc.tuple(small, fc.uniqueArray(small)).map(([multicastGroupId, ports]): EntityInit => ({
    case: 'packetReplicationEngineEntry',
    value: {
      type: {
        case: 'multicastGroupEntry',
        value: {
          multicastGroupId,
          replicas: ports.map((port) => ({ portKind: { case: 'port', value: b(port) } })),
        },
      },
    },
  })),
  fc.tuple(small, small).map(([sessionId, port]): EntityInit => ({
    case: 'packetReplicationEngineEntry',
    value: {
      type: {
        case: 'cloneSessionEntry',
        value: {
          sessionId,
          replicas: [{ portKind: { case: 'port', value: b(port) } }],
          packetLengthBytes: 100,
        },
      },
    },
  })),
);

const anUpdate: fc.Arbitrary<Update> = fc
  .tuple(fc.constantFrom(INSERT, INSERT, MODIFY, DELETE), anEntity)
  .map(([type, entity]) => create(UpdateSchema, { type, entity: { entity } }));

let decodeRows: DecodeRows;
beforeAll(async () => {
  decodeRows = await loadRows();
}, 60_000);

function emptyState(): ForwardingState {
  const program = buildProgram(p4info(), LAYOUT, unnamedPorts(CPU_PORT));
  if (!program.ok) throw new Error(program.error.message);
  const state = initialState(program.value, shadowWithRows(LAYOUT, decodeRows), CPU_PORT);
  if (!state.ok) throw new Error(state.error.message);
  return state.value;
}

/** Of no order, since the specification gives none. */
function contents(state: ForwardingState): string[] {
  const requests = EVERYTHING.map((entity) => create(EntitySchema, { entity }));
  const { entities, statuses } = readEntities(state, requests);
  expect(statuses.every((item) => item === null)).toBe(true);
  return entities.map((entity) => toJsonString(EntitySchema, entity)).sort();
}

describe.each([
  { how: 'one by one', writeAllOrNone },
  { how: 'in rows', writeAllOrNone: writeEncodedAllOrNone },
])('any batch that does not continue on errors, $how (seed 20261122)', ({ writeAllOrNone }) => {
  const settings = { seed: 20_261_122, numRuns: 400 };

  it('leaves everything as it was when an update fails, and all of it done when none does', () => {
    fc.assert(
      fc.property(
        fc.array(anUpdate, { maxLength: 12 }),
        fc.array(anUpdate, { minLength: 1, maxLength: 12 }),
        (first, batch) => {
          const state = emptyState();
          writeUpdates(state, first);
          const before = contents(state);
          const statuses = writeAllOrNone(state, batch);
          const failed = statuses.findIndex((item) => item !== null);
          if (failed < 0) {
            // As an even longer CONTINUE_ON_ERROR would have it.
            const other = emptyState();
            writeUpdates(other, [...first, ...batch]);
            expect(contents(state)).toEqual(contents(other));
            return;
          }
          expect(contents(state)).toEqual(before);
          expect(statuses.every((item) => item !== null)).toBe(true);
          expect(statuses.filter((item) => item?.code !== status.ABORTED)).toHaveLength(1);
        },
      ),
      settings,
    );
  });

  it('can be written again once the fault is mended, with the same outcome', () => {
    fc.assert(
      fc.property(fc.array(anUpdate, { minLength: 1, maxLength: 8 }), (batch) => {
        const state = emptyState();
        const broken = create(UpdateSchema, { type: INSERT, entity: { entity: wrong } });
        writeAllOrNone(state, [...batch, broken]);
        const first = writeAllOrNone(state, batch);
        const fresh = emptyState();
        expect(first).toEqual(writeAllOrNone(fresh, batch));
        expect(contents(state)).toEqual(contents(fresh));
      }),
      settings,
    );
  });
});

describe('a batch that continues on errors (seed 20261122)', () => {
  it('means the same in rows as one by one', () => {
    fc.assert(
      fc.property(fc.array(anUpdate, { maxLength: 20 }), (batch) => {
        const [alone, rows] = [emptyState(), emptyState()];
        const statuses = writeUpdates(alone, batch);
        expect(writeEncoded(rows, batch)).toEqual(statuses);
        expect(contents(rows)).toEqual(contents(alone));
      }),
      { seed: 20_261_122, numRuns: 400 },
    );
  });
});
