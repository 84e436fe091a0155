import { status } from '@grpc/grpc-js';
import type { StreamMessageResponse } from '#protos/p4/v1/p4runtime_pb';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { startSwitch } from './conversation.js';
import { b } from './entries.js';
import { ID } from './fixture-program.js';

const { INSERT, MODIFY, DELETE } = Update_Type;

let device: TestSwitch;
beforeEach(async () => {
  device = await startSwitch();
});
afterEach(() => device.close());

async function primaryWithPipeline(): Promise<Controller> {
  const controller = await device.controller(5n).becomesPrimary();
  expect(await controller.commits()).toBe('OK');
  return controller;
}

type Update = StreamMessageResponse['update'];
type Heard<C> = Extract<Update, { case: C }>['value'];

async function hears<C extends NonNullable<Update['case']>>(
  controller: Controller,
  kind: C,
): Promise<Heard<C>> {
  const heard = await controller.hears();
  if (typeof heard === 'string' || Array.isArray(heard) || heard.case !== kind) {
    throw new Error(`expected ${kind}, heard ${JSON.stringify(heard, bigints)}`);
  }
  return heard.value as Heard<C>;
}
const bigints = (_key: string, value: unknown) =>
  typeof value === 'bigint' ? value.toString() : value;

describe('arbitration on real streams (5)', () => {
  it('tells the primary, the backups, and the backups when the primary goes', async () => {
    const first = device.controller(5n);
    const second = device.controller(4n);
    first.arbitrates();
    expect(await first.hearsArbitration()).toBe('OK');
    second.arbitrates();
    expect(await second.hearsArbitration()).toBe('ALREADY_EXISTS');
    second.arbitrates({ electionId: 6n });
    expect(await first.hearsArbitration()).toBe('ALREADY_EXISTS');
    expect(await second.hearsArbitration()).toBe('OK');
    second.leaves();
    expect(await first.hearsArbitration()).toBe('NOT_FOUND');
  });

  it('says the device, the role and the highest id', async () => {
    const controller = device.controller(9n);
    controller.arbitrates({ role: 'clock' });
    const update = await hears(controller, 'arbitration');
    expect(update).toMatchObject({
      deviceId: 1n,
      role: { name: 'clock' },
      electionId: { high: 0n, low: 9n },
      status: { code: status.OK },
    });
  });

  it('ends streams with the status that the rules name', async () => {
    const wrongDevice = device.controller();
    wrongDevice.arbitrates({ deviceId: 2n });
    expect(await wrongDevice.hears()).toBe('NOT_FOUND');
    const first = await device.controller(5n).becomesPrimary();
    const same = device.controller(5n);
    same.arbitrates();
    expect(await same.hears()).toBe('INVALID_ARGUMENT');
    first.arbitrates({ role: 'other' });
    expect(await first.hears()).toBe('FAILED_PRECONDITION');
  });

  it('tells the backups when a stream of the primary is ended for a mistake', async () => {
    const primary = await device.controller(5n).becomesPrimary();
    const backup = device.controller(4n);
    backup.arbitrates();
    expect(await backup.hearsArbitration()).toBe('ALREADY_EXISTS');
    primary.arbitrates({ role: 'other' });
    expect(await backup.hearsArbitration()).toBe('NOT_FOUND');
  });
});

describe('packet-out (16.1)', () => {
  const packet = (port: Uint8Array, more: object[] = [{ metadataId: 2, value: b(0) }]) => ({
    payload: Uint8Array.of(1, 2, 3),
    metadata: [{ metadataId: 1, value: port }, ...more],
  });

  it('becomes a frame: the header packed in the order of the P4Info, then the payload', async () => {
    const controller = await primaryWithPipeline();
    controller.says({ case: 'packet', value: packet(b(0x101)) });
    await expect.poll(() => device.engine.packetOuts.length).toBe(1);
    expect([...(device.engine.packetOuts[0] ?? [])]).toEqual([0x80, 0x80, 1, 2, 3]);
  });

  it.each([
    ['a field missing', packet(b(1), [])],
    ['a field twice', packet(b(1), [{ metadataId: 1, value: b(1) }])],
    [
      'an unknown field',
      packet(b(1), [
        { metadataId: 2, value: b(0) },
        { metadataId: 3, value: b(0) },
      ]),
    ],
  ])('with %s is dropped with a StreamError that holds it', async (_what, value) => {
    const controller = await primaryWithPipeline();
    controller.says({ case: 'packet', value });
    const error = await hears(controller, 'error');
    expect(error.canonicalCode).toBe(status.INVALID_ARGUMENT);
    expect(error.details).toMatchObject({
      case: 'packetOut',
      value: { packetOut: { payload: Uint8Array.of(1, 2, 3) } },
    });
    expect(device.engine.packetOuts).toEqual([]);
  });

  it('with a value that is too big is OUT_OF_RANGE', async () => {
    const controller = await primaryWithPipeline();
    controller.says({ case: 'packet', value: packet(b(512)) });
    expect((await hears(controller, 'error')).canonicalCode).toBe(status.OUT_OF_RANGE);
  });

  it('longer than any frame is INVALID_ARGUMENT, and is not sent back', async () => {
    const controller = await primaryWithPipeline();
    const value = { ...packet(b(1)), payload: new Uint8Array(1_000_000) };
    controller.says({ case: 'packet', value });
    const error = await hears(controller, 'error');
    expect(error.canonicalCode).toBe(status.INVALID_ARGUMENT);
    expect(error.message).toContain('a packet-out of 1000000 octets: frames have 9216 at most');
    expect(error.details).toMatchObject({ case: 'packetOut' });
    expect(error.details.case === 'packetOut' && error.details.value.packetOut).toBe(undefined);
  });

  it('of a backup is PERMISSION_DENIED', async () => {
    await primaryWithPipeline();
    const backup = device.controller(4n);
    backup.arbitrates();
    await backup.hearsArbitration();
    backup.says({ case: 'packet', value: packet(b(1)) });
    expect((await hears(backup, 'error')).canonicalCode).toBe(status.PERMISSION_DENIED);
  });

  it('without a pipeline is FAILED_PRECONDITION', async () => {
    const controller = await device.controller(5n).becomesPrimary();
    controller.says({ case: 'packet', value: packet(b(1)) });
    expect((await hears(controller, 'error')).canonicalCode).toBe(status.FAILED_PRECONDITION);
  });
});

describe('packet-in (16.1)', () => {
  it('goes to the primary with one value for each field, in the shortest form', async () => {
    const controller = await primaryWithPipeline();
    device.engine.says({ kind: 'packetIn', frame: Uint8Array.of(0x80, 0x85, 9, 9) });
    expect(await hears(controller, 'packet')).toMatchObject({
      payload: Uint8Array.of(9, 9),
      metadata: [
        { metadataId: 1, value: b(0x101) },
        { metadataId: 2, value: b(5) },
      ],
    });
  });

  it('shorter than its header, or without a primary, is counted', async () => {
    const controller = await primaryWithPipeline();
    device.engine.says({ kind: 'packetIn', frame: Uint8Array.of(1) });
    controller.leaves();
    await expect.poll(() => device.service.counts().primaries).toBe(0);
    device.engine.says({ kind: 'packetIn', frame: Uint8Array.of(1, 2, 3) });
    expect(device.service.counts().unusablePacketIns).toBe(2);
  });
});

describe('an assertion of the program that failed', () => {
  it('is told to the switch, with its place in the source and the port', async () => {
    await primaryWithPipeline();
    device.engine.says({ kind: 'assertion', index: 0, port: 3 });
    // Of a pipeline that is gone, perhaps.
    device.engine.says({ kind: 'assertion', index: 7, port: 4 });
    expect(device.failedAssertions).toEqual([
      ['assert at fixture.p4(7): h.a == h.b', 3],
      ['an assertion', 4],
    ]);
  });
});

describe('a client that does not read its stream', () => {
  it('loses packet-ins, which are counted, and holds up neither writes nor arbitration', async () => {
    const controller = await primaryWithPipeline();
    controller.stopsReading();
    const frame = new Uint8Array(1500);
    for (let burst = 0; burst < 40; burst += 1) {
      for (let i = 0; i < 250; i += 1) device.engine.says({ kind: 'packetIn', frame });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(device.service.counts().droppedPacketIns).toBeGreaterThan(0);
    expect(await controller.asksCapabilities()).toBe('1.5.0');
    const other = await device.controller(6n).becomesPrimary();
    expect(await other.writes(INSERT, [])).toBe('OK');
    controller.readsAgain();
    let last = '';
    while (last !== 'ALREADY_EXISTS') last = await controller.hearsArbitration();
  });
});

describe('digests (9.8)', () => {
  const entry = (config: object = {}): EntityInit => ({
    case: 'digestEntry',
    value: { digestId: ID.learn, config },
  });
  const learns = (source: bigint, port: bigint) =>
    device.engine.says({ kind: 'digest', list: 0, words: BigUint64Array.of(source, port) });
  const sources = (list: { data: { data: { value?: unknown } }[] }) =>
    list.data.map(({ data }) => JSON.stringify(data.value, bigints));

  it('come as lists of the P4Info’s type once they are enabled', async () => {
    const controller = await primaryWithPipeline();
    learns(1n, 1n);
    expect(await controller.writes(INSERT, [entry()])).toBe('OK');
    learns(0x0011_2233_4455n, 300n);
    const list = await hears(controller, 'digest');
    expect(list).toMatchObject({ digestId: ID.learn, listId: 1n });
    expect(list.timestamp).toBeGreaterThan(1_600_000_000_000_000_000n);
    expect(list.data).toMatchObject([
      {
        data: {
          case: 'struct',
          value: {
            members: [
              { data: { case: 'bitstring', value: b(0x0011_2233_4455n) } },
              { data: { case: 'bitstring', value: b(300) } },
            ],
          },
        },
      },
    ]);
    expect(device.service.counts().unwantedDigests).toBe(1);
  });

  it('are collected up to max_list_size, or for max_timeout_ns', async () => {
    const controller = await primaryWithPipeline();
    const config = { maxListSize: 3, maxTimeoutNs: 100_000_000n };
    await controller.writes(INSERT, [entry(config)]);
    for (const source of [1n, 2n, 2n, 3n, 4n]) learns(source, 1n);
    expect(sources(await hears(controller, 'digest'))).toHaveLength(3);
    expect(sources(await hears(controller, 'digest'))).toHaveLength(1);
  });

  it('are not repeated until they are acknowledged', async () => {
    const controller = await primaryWithPipeline();
    await controller.writes(INSERT, [entry({ ackTimeoutNs: 60_000_000_000n })]);
    learns(1n, 1n);
    const { listId } = await hears(controller, 'digest');
    learns(1n, 1n);
    learns(2n, 1n);
    expect((await hears(controller, 'digest')).listId).toBe(2n);
    controller.says({ case: 'digestAck', value: { digestId: ID.learn, listId } });
    await expect
      .poll(async () => {
        learns(1n, 1n);
        return (await controller.hears(20)) !== 'nothing';
      })
      .toBe(true);
  });

  it('with an acknowledgement of an unknown digest bring a StreamError', async () => {
    const controller = await primaryWithPipeline();
    controller.says({ case: 'digestAck', value: { digestId: 7, listId: 1n } });
    const error = await hears(controller, 'error');
    expect(error.canonicalCode).toBe(status.INVALID_ARGUMENT);
    expect(error.details.case).toBe('digestListAck');
  });

  it('are configured by INSERT, MODIFY and DELETE, and read back', async () => {
    const controller = await primaryWithPipeline();
    expect(await controller.writes(MODIFY, [entry()])).toEqual(['NOT_FOUND']);
    expect(await controller.writes(INSERT, [entry({ maxListSize: 5 })])).toBe('OK');
    expect(await controller.writes(INSERT, [entry()])).toEqual(['ALREADY_EXISTS']);
    expect(await controller.writes(MODIFY, [entry({ maxListSize: 6 })])).toBe('OK');
    const { entities } = await controller.reads([{ case: 'digestEntry', value: {} }]);
    expect(entities[0]?.entity.value).toMatchObject({ config: { maxListSize: 6 } });
    expect(await controller.writes(DELETE, [entry()])).toBe('OK');
    const unknown: EntityInit = { case: 'digestEntry', value: { digestId: 7 } };
    expect(await controller.writes(INSERT, [unknown])).toEqual(['NOT_FOUND']);
    const negative = entry({ maxTimeoutNs: -1n });
    expect(await controller.writes(INSERT, [negative])).toEqual(['INVALID_ARGUMENT']);
  });
});
