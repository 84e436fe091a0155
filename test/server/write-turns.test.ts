/** Large batches, and the others that want something meanwhile. */
import { create } from '@bufbuild/protobuf';
import {
  Update_Type,
  WriteRequest_Atomicity as Atomicity,
  WriteRequestSchema,
} from '#protos/p4/v1/p4runtime_pb';
import type { EngineResult, RowBatch } from '#server/engine-port';
import { batchOf } from '#server/write/write-request';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Controller, TableEntryInit, TestSwitch } from './conversation.js';
import { DEVICE_ID, startSwitch } from './conversation.js';
import { mac } from './entries.js';
import { ID } from './fixture-program.js';

const UPDATES = 10_000;
/** Rows between which the event loop goes round at least once. */
const MOST_AT_ONCE = 1024;

let device: TestSwitch;
let primary: Controller;

beforeEach(async () => {
  device = await startSwitch();
  primary = await device.controller(9n).becomesPrimary();
  expect(await primary.commits()).toBe('OK');
});
afterEach(() => device.close());

/** Counts the rows, and the entries that go alone, that come between two rounds of the event loop. */
function watchRounds(): { readonly most: () => number; readonly stop: () => void } {
  const { engine } = device;
  let [now, most] = [0, 0];
  let next: NodeJS.Immediate;
  const round = () => {
    now = 0;
    next = setImmediate(round);
  };
  next = setImmediate(round);
  const count = (rows: number) => {
    now += rows;
    most = Math.max(most, now);
  };
  const tableWrite = engine.tableWrite.bind(engine);
  engine.tableWrite = (batch: RowBatch): EngineResult<number> => {
    count(batch.count);
    return tableWrite(batch);
  };
  return { most: () => most, stop: () => clearImmediate(next) };
}

/** Each entry is inserted and deleted, since the table does not take all of them. */
const batch = (atomicity: Atomicity, entry: (i: number) => TableEntryInit) =>
  batchOf(
    create(WriteRequestSchema, {
      deviceId: DEVICE_ID,
      electionId: { low: 9n },
      atomicity,
      updates: Array.from({ length: UPDATES }, (_, i) => ({
        type: i % 2 === 0 ? Update_Type.INSERT : Update_Type.DELETE,
        entity: { entity: { case: 'tableEntry' as const, value: entry(i >> 1) } },
      })),
    }),
  );

const plain = (i: number) => mac(BigInt(i), 1, 1 + (i % 8));
const withMetadata = (i: number) => ({ ...plain(i), metadata: Uint8Array.of(1) });

describe.each([
  { name: 'plain entries', entry: plain, atomicity: Atomicity.CONTINUE_ON_ERROR },
  { name: 'entries that go alone', entry: withMetadata, atomicity: Atomicity.CONTINUE_ON_ERROR },
  { name: 'plain entries, all or none', entry: plain, atomicity: Atomicity.ROLLBACK_ON_ERROR },
])(`a batch of ${UPDATES} $name`, ({ entry, atomicity }) => {
  it('lets others have their turn: reads are answered while it is written', async () => {
    const other = device.controller(1n);
    const rounds = watchRounds();
    let isWritten = false;
    const writing = device.service.write(batch(atomicity, entry)).then((written) => {
      isWritten = true;
      return written;
    });
    let answered = 0;
    while (!isWritten) {
      await other.reads([{ case: 'counterEntry', value: { counterId: ID.portCounter } }]);
      if (!isWritten) answered += 1;
    }
    rounds.stop();
    const written = await writing;
    expect(written.ok && written.value.every((item) => item === null)).toBe(true);
    expect(answered).toBeGreaterThan(1);
    expect(rounds.most()).toBeLessThanOrEqual(MOST_AT_ONCE);
  }, 60_000);
});
