/** Batches that are written in turns, and the others that would change something meanwhile. */
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import {
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
  SetForwardingPipelineConfigRequestSchema,
  StreamMessageRequestSchema,
  Update_Type,
  WriteRequest_Atomicity as Atomicity,
  WriteRequestSchema,
} from '#protos/p4/v1/p4runtime_pb';
import type { ItemStatus, Outcome } from '#server/errors';
import { batchOf } from '#server/write/write-request';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Controller, TestSwitch } from './conversation.js';
import { CONFIG, DEVICE_ID, startSwitch } from './conversation.js';
import { b } from './entries.js';
import { ID } from './fixture-program.js';

const { ROLLBACK_ON_ERROR, CONTINUE_ON_ERROR } = Atomicity;
/** So many that others have dozens of turns in between. */
const UPDATES = 2000;
const BEFORE = 7n;
const MALFORMED = 1n << 48n;

let device: TestSwitch;
let primary: Controller;

beforeEach(async () => {
  device = await startSwitch();
  primary = await device.controller(9n).becomesPrimary();
  expect(await primary.commits()).toBe('OK');
  expect(codes(await write([BEFORE]))).toEqual(['OK']);
});
afterEach(() => device.close());

/** The register is set to each value in turn. */
function write(
  values: readonly bigint[],
  more: { role?: string; electionId?: bigint; atomicity?: Atomicity } = {},
): Promise<Outcome<ItemStatus[]>> {
  const { role = '', electionId = 9n, atomicity = CONTINUE_ON_ERROR } = more;
  const updates = values.map((value) => {
    const data = { data: { case: 'bitstring' as const, value: b(value) } };
    const entry = { registerId: ID.register, index: { index: 0n }, data };
    const entity = { entity: { case: 'registerEntry' as const, value: entry } };
    return { type: Update_Type.MODIFY, entity };
  });
  const head = { deviceId: DEVICE_ID, electionId: { low: electionId }, role, atomicity };
  return device.service.write(batchOf(create(WriteRequestSchema, { ...head, updates })));
}

const codes = (written: Outcome<ItemStatus[]>): string[] =>
  written.ok
    ? [...new Set(written.value.map((item) => status[item?.code ?? status.OK] ?? '?'))]
    : [status[written.error.code] ?? '?'];

/** Of the dataplane, whatever pipeline is saved. */
function register(): bigint | undefined {
  const read = device.engine.registerRead(0, 0, 1);
  return read.ok ? read.value[0]?.[0] : undefined;
}

const GOOD = Array.from({ length: UPDATES }, (_, i) => 100n + BigInt(i));
const BAD = [...GOOD.slice(1), MALFORMED];
const LAST = GOOD.at(-1);
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await turn();
}

describe('a pipeline that is set while an all-or-none batch is written', () => {
  const { VERIFY_AND_SAVE, RECONCILE_AND_COMMIT, VERIFY_AND_COMMIT, COMMIT } = ConfigAction;

  const sets = (action: ConfigAction): Promise<Outcome<void>> => {
    const head = { deviceId: DEVICE_ID, electionId: { low: 9n }, action };
    const config = action === COMMIT ? {} : { config: CONFIG };
    return device.service.setForwardingPipelineConfig(
      create(SetForwardingPipelineConfigRequestSchema, { ...head, ...config }),
    );
  };

  /** The order in which they ended, and what the batch's statuses were. */
  async function setWithin(values: readonly bigint[], action: ConfigAction) {
    const ends: string[] = [];
    const writing = write(values, { atomicity: ROLLBACK_ON_ERROR }).finally(() =>
      ends.push('batch'),
    );
    await turns(3);
    expect(register()).not.toBe(BEFORE);
    const set = await sets(action);
    ends.push('config');
    expect(set.ok).toBe(true);
    return { ends, statuses: codes(await writing) };
  }

  it.each([
    ['VERIFY_AND_SAVE', VERIFY_AND_SAVE, BEFORE],
    ['RECONCILE_AND_COMMIT', RECONCILE_AND_COMMIT, BEFORE],
    ['VERIFY_AND_COMMIT', VERIFY_AND_COMMIT, 0n],
  ])('by %s: of a batch that fails nothing is left', async (_name, action, left) => {
    const { ends, statuses } = await setWithin(BAD, action);
    expect(ends).toEqual(['batch', 'config']);
    expect(statuses).toEqual(['ABORTED', 'OUT_OF_RANGE']);
    expect(register()).toBe(left);
  });

  it.each([
    ['VERIFY_AND_SAVE', VERIFY_AND_SAVE, LAST],
    ['RECONCILE_AND_COMMIT', RECONCILE_AND_COMMIT, LAST],
    ['VERIFY_AND_COMMIT', VERIFY_AND_COMMIT, 0n],
  ])('by %s: of one that does not fail all was in force before', async (_name, action, left) => {
    const { ends, statuses } = await setWithin(GOOD, action);
    expect(ends).toEqual(['batch', 'config']);
    expect(statuses).toEqual(['OK']);
    expect(register()).toBe(left);
  });

  it('is not when there is another primary by the time that the batch has ended', async () => {
    const writing = write(GOOD, { atomicity: ROLLBACK_ON_ERROR });
    await turns(3);
    const setting = sets(VERIFY_AND_COMMIT);
    await turns(3);
    stream().arbitrates(10n);
    expect(codes(await writing)).toEqual(['OK']);
    const set = await setting;
    expect(set.ok ? 'OK' : status[set.error.code]).toBe('PERMISSION_DENIED');
    expect(register()).toBe(LAST);
  });

  it('by COMMIT: writes to the saved one are all in force, or none', async () => {
    expect(await primary.sets(VERIFY_AND_SAVE)).toBe('OK');
    expect(codes(await write([8n]))).toEqual(['OK']);
    const writing = write(BAD, { atomicity: ROLLBACK_ON_ERROR });
    await turns(3);
    expect((await sets(COMMIT)).ok).toBe(true);
    expect(codes(await writing)).toEqual(['ABORTED', 'OUT_OF_RANGE']);
    expect(register()).toBe(8n);
  });
});

describe('a batch that is undone', () => {
  const role = 'other';

  it.each(['', role])("leaves what role '%s' wrote after it", async (later) => {
    stream().arbitrates(9n, role);
    const first = later === '' ? role : '';
    const undone = write(BAD, { role: first, atomicity: ROLLBACK_ON_ERROR });
    await turns(3);
    const written = write([55n], { role: later });
    expect(codes(await undone)).toEqual(['ABORTED', 'OUT_OF_RANGE']);
    expect(codes(await written)).toEqual(['OK']);
    expect(register()).toBe(55n);
  });

  it('is the only one to wait for: others of different roles do not', async () => {
    stream().arbitrates(9n, role);
    let isWritten = false;
    const writing = write(GOOD).finally(() => (isWritten = true));
    await turns(3);
    expect(codes(await write([55n], { role }))).toEqual(['OK']);
    expect(isWritten).toBe(false);
    await writing;
  });
});

/** A stream without a socket: what it hears is there at once. */
function stream() {
  const heard: string[] = [];
  const { streams } = device.service;
  const id = streams.connect({
    sink: {
      write: ({ update }) => {
        if (update.case === 'arbitration') {
          heard.push(status[update.value.status?.code ?? -1] ?? '?');
        }
        return true;
      },
      once: () => undefined,
    },
    terminate: ({ code }) => heard.push(`ended ${status[code]}`),
  });
  if (id === null) throw new Error('no stream');
  return {
    heard,
    arbitrates: (low: bigint, role = '') => {
      const value = {
        deviceId: DEVICE_ID,
        electionId: { low },
        ...(role === '' ? {} : { role: { name: role } }),
      };
      const update = { case: 'arbitration', value } as const;
      streams.receive(id, create(StreamMessageRequestSchema, { update }));
    },
    ends: () => streams.disconnect(id),
  };
}

describe('a new primary while the old one’s batch is written', () => {
  it('hears of it, and is accepted, when that has ended; the others at once', async () => {
    const [old, heir] = [stream(), stream()];
    old.arbitrates(20n);
    const writing = write(GOOD, { electionId: 20n });
    const queued = write([1n], { electionId: 20n });
    await turns(3);
    heir.arbitrates(21n);
    expect([old.heard.at(-1), heir.heard]).toEqual(['ALREADY_EXISTS', []]);
    for (const electionId of [20n, 21n]) {
      expect(codes(await write([2n], { electionId }))).toEqual(['PERMISSION_DENIED']);
    }
    expect(heir.heard).toEqual([]);
    expect(codes(await writing)).toEqual(['OK']);
    // It had not been started.
    expect(codes(await queued)).toEqual(['PERMISSION_DENIED']);
    expect(heir.heard).toEqual(['OK']);
    expect(register()).toBe(LAST);
    expect(codes(await write([3n], { electionId: 21n }))).toEqual(['OK']);
    expect(register()).toBe(3n);
  });

  it('hears nothing when a third comes meanwhile: that one does, though both others are gone', async () => {
    const [old, heir, third] = [stream(), stream(), stream()];
    old.arbitrates(20n);
    const writing = write(GOOD, { electionId: 20n });
    await turns(3);
    heir.arbitrates(21n);
    old.ends();
    third.arbitrates(22n);
    heir.ends();
    expect([heir.heard, third.heard]).toEqual([['ALREADY_EXISTS'], []]);
    expect(codes(await writing)).toEqual(['OK']);
    await turn();
    expect([heir.heard, third.heard]).toEqual([['ALREADY_EXISTS'], ['OK']]);
    expect(codes(await write([3n], { electionId: 22n }))).toEqual(['OK']);
  });
});
