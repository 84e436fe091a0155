/** What a controller and a switch say to each other of action profiles and selectors. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { expect, it } from 'vitest';
import type { Controller, EntityInit } from './conversation.js';
import {
  byPrefix,
  group,
  indirect,
  mark,
  member,
  oneShot,
  requestFrame,
  toGroup,
  toMember,
  traceIn,
} from './profiles-fixture.js';

export interface ProfiledSwitch {
  readonly controller: () => Controller;
  /** Sends a frame through the switch, and gives what comes out. */
  readonly through: (frame: Uint8Array) => Promise<Uint8Array>;
}

const { INSERT, MODIFY, DELETE } = Update_Type;

const FLOWS = Array.from({ length: 200 }, (_, i) => i * 2_654_435);

/** How many flows get which trace. */
async function spread(device: ProfiledSwitch, address: number): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (const flow of FLOWS) {
    const trace = traceIn(await device.through(requestFrame(2, address, flow)));
    counts.set(trace, (counts.get(trace) ?? 0) + 1);
  }
  return counts;
}

/** `missingMember`: what a switch says to an entry that refers to none. */
export function memberConversation(device: ProfiledSwitch, missingMember: string): void {
  const { controller } = device;
  const writes = (type: Update_Type, ...entities: EntityInit[]) =>
    controller().writes(type, entities);
  const trace = async (address: number) => traceIn(await device.through(requestFrame(1, address)));

  it('a member is inserted, referred to by entries, and runs its action for each', async () => {
    expect(await writes(INSERT, member('plain', 7, mark(0x70)))).toBe('OK');
    expect(await writes(INSERT, indirect(1, toMember(7)), indirect(2, toMember(7)))).toBe('OK');
    expect([await trace(1), await trace(2), await trace(3)]).toEqual([0x70, 0x70, 0xee]);
  });

  it('a modified member is modified for all of them', async () => {
    expect(await writes(MODIFY, member('plain', 7, mark(0x71)))).toBe('OK');
    expect([await trace(1), await trace(2)]).toEqual([0x71, 0x71]);
  });

  it('an entry goes over to another member', async () => {
    expect(await writes(INSERT, member('plain', 8, mark(0x80)))).toBe('OK');
    expect(await writes(MODIFY, indirect(2, toMember(8)))).toBe('OK');
    expect([await trace(1), await trace(2)]).toEqual([0x71, 0x80]);
  });

  it('an entry refers to no member that is not there', async () => {
    expect(await writes(INSERT, indirect(5, toMember(99)))).toEqual([missingMember]);
  });

  it('a member is gone only when nothing refers to it', async () => {
    expect(await writes(DELETE, member('plain', 8))).not.toBe('OK');
    expect(await writes(DELETE, indirect(2))).toBe('OK');
    expect(await writes(DELETE, member('plain', 8))).toBe('OK');
    expect(await writes(DELETE, member('plain', 8))).toEqual(['NOT_FOUND']);
  });

  it('a member is read as it was written', async () => {
    const { entities } = await controller().reads([member('plain', 0)]);
    expect(entities).toMatchObject([{ entity: member('plain', 7, mark(0x71)) }]);
  });
}

export function groupConversation(device: ProfiledSwitch): void {
  const { controller } = device;
  const writes = (type: Update_Type, ...entities: EntityInit[]) =>
    controller().writes(type, entities);

  it('a group spreads flows over its members by their weights', async () => {
    const members = [1, 2, 3].map((id) => member('shared', id, mark(id)));
    expect(await writes(INSERT, ...members)).toBe('OK');
    const three = group('shared', 1, [
      [1, 1],
      [2, 1],
      [3, 2],
    ]);
    expect(await writes(INSERT, three)).toBe('OK');
    expect(await writes(INSERT, byPrefix(0x0a00, toGroup(1)))).toBe('OK');
    const counts = await spread(device, 0x0a00);
    expect([...counts.keys()].sort()).toEqual([1, 2, 3]);
    // A quarter, a quarter, and a half of 200; the hash is no dice, so a wide margin.
    expect(counts.get(3)).toBeGreaterThan(70);
    expect(counts.get(1)).toBeGreaterThan(25);
  });

  it('a flow stays with its member', async () => {
    const seen = new Set<number>();
    for (let i = 0; i < 5; i += 1) {
      seen.add(traceIn(await device.through(requestFrame(2, 0x0a00, 0x1234_5678))));
    }
    expect(seen.size).toBe(1);
  });

  it('a modified group has other members', async () => {
    expect(await writes(MODIFY, group('shared', 1, [[2, 1]]))).toBe('OK');
    expect([...(await spread(device, 0x0a00)).keys()]).toEqual([2]);
  });

  it('neither a group in use nor its members are deleted', async () => {
    expect(await writes(DELETE, group('shared', 1))).not.toBe('OK');
    expect(await writes(DELETE, member('shared', 2))).not.toBe('OK');
  });

  it('it is read as it was written, and deleted when nothing refers to it', async () => {
    const { entities } = await controller().reads([group('shared', 0)]);
    expect(entities).toMatchObject([{ entity: group('shared', 1, [[2, 1]]) }]);
    expect(await writes(DELETE, byPrefix(0x0a00))).toBe('OK');
    expect(await writes(DELETE, group('shared', 1))).toBe('OK');
    expect(await writes(DELETE, ...[1, 2, 3].map((id) => member('shared', id)))).toBe('OK');
    expect((await controller().reads([group('shared', 0)])).entities).toEqual([]);
  });
}

export function oneShotConversation(device: ProfiledSwitch): void {
  const { controller } = device;
  const writes = (type: Update_Type, ...entities: EntityInit[]) =>
    controller().writes(type, entities);

  it('an entry brings its own group', async () => {
    const set = oneShot([mark(0x11), 1], [mark(0x22), 3]);
    expect(await writes(INSERT, byPrefix(0x0b00, set))).toBe('OK');
    const counts = await spread(device, 0x0b00);
    expect([...counts.keys()].sort()).toEqual([0x11, 0x22]);
    expect(counts.get(0x22)).toBeGreaterThan(120);
  });

  it('is read as it was written', async () => {
    const { entities } = await controller().reads([byPrefix(0x0b00)]);
    const set = oneShot([mark(0x11), 1], [mark(0x22), 3]);
    expect(entities).toMatchObject([{ entity: byPrefix(0x0b00, set) }]);
  });

  it('gets another one, and gives all of it back when it is deleted', async () => {
    // As often as the selector would be full, if anything stayed behind.
    for (let i = 0; i < 10; i += 1) {
      const set = oneShot([mark(i), 1], [mark(i), 1]);
      expect(await writes(MODIFY, byPrefix(0x0b00, set))).toBe('OK');
      expect([...(await spread(device, 0x0b00)).keys()]).toEqual([i]);
    }
    expect(await writes(DELETE, byPrefix(0x0b00))).toBe('OK');
    const full = Array.from({ length: 8 }, (_, i) => [mark(i), 1] as const);
    expect(await writes(INSERT, byPrefix(0x0b00, oneShot(...full)))).toBe('OK');
    expect(await writes(DELETE, byPrefix(0x0b00))).toBe('OK');
  });
}
