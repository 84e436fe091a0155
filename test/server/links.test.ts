/** Members and actions of groups that depend on a port's link, and the other options of a one-shot
 * action set (specification 1.5, "Group Programming", "One Shot Action Selector Programming"). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '#binding/engine';
import {
  ActionProfileActionSet_ActionSelectionMode as Mode,
  ActionProfileActionSet_SizeSemantics as Size,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import { nativeBuilder } from '#server/config/native-builder';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineLibrary, must } from '../engine/harness.js';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { serve } from './conversation.js';
import { b } from './entries.js';
import {
  PROFILES_CONFIG,
  PROFILES_INFO,
  byPrefix,
  group,
  idOf,
  mark,
  member,
  paint,
  requestFrame,
  steer,
  toGroup,
  traceIn,
  type Reference,
} from './profiles-fixture.js';

const { INSERT, MODIFY } = Update_Type;
const FLOWS = Array.from({ length: 240 }, (_, i) => i * 2_654_435);
const cache = mkdtempSync(join(tmpdir(), 'timeplane-links-'));
let device: TestSwitch<Engine>;
let controller: Controller;

beforeAll(async () => {
  const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
  for (const port of [1, 2, 3]) must(engine.addMemoryPort(port));
  const names = new Map([1, 2, 3].map((port) => [port, `eth${port}`]));
  device = await serve(engine, nativeBuilder(cache), names);
  controller = await device.controller().becomesPrimary();
}, 60_000);

beforeEach(async () => {
  for (const port of [2, 3]) must(device.engine.setLink(port, true));
  expect(await controller.commits(PROFILES_CONFIG)).toBe('OK');
});

afterAll(async () => {
  await device.close();
  device.engine.close();
  rmSync(cache, { recursive: true, force: true });
});

const writes = (type: Update_Type, ...entities: EntityInit[]) => controller.writes(type, entities);

/** Which trace each flow gets; the action that leaves none gives 0. */
function traces(address: number): number[] {
  return FLOWS.map((flow) => {
    must(device.engine.inject(1, requestFrame(2, address, flow)));
    while (must(device.engine.step()) > 0);
    const taken = [1, 2, 3].map((port) => device.engine.take(port)).find(({ ok }) => ok);
    return taken?.ok === true ? traceIn(taken.value.frame) : -1;
  });
}
const kinds = (seen: readonly number[]) => [...new Set(seen)].sort();

describe('a member with a watch port', () => {
  const watched = (watch: readonly (number | null)[]): EntityInit => {
    const whole = group('shared', 1);
    if (whole.case !== 'actionProfileGroup') throw new Error('no group');
    const members = watch.map((port, i) => ({
      memberId: i + 1,
      weight: 1,
      ...(port === null ? {} : { watchKind: { case: 'watchPort' as const, value: b(port) } }),
    }));
    return { ...whole, value: { ...whole.value, members } } as EntityInit;
  };

  it('is left out while its link is down; the flows of others stay where they are', async () => {
    await writes(INSERT, ...[1, 2, 3].map((id) => member('shared', id, mark(id))));
    expect(await writes(INSERT, watched([null, 2, 3]), byPrefix(1, toGroup(1)))).toBe('OK');
    const before = traces(1);
    expect(kinds(before)).toEqual([1, 2, 3]);
    must(device.engine.setLink(2, false));
    const without = traces(1);
    expect(kinds(without)).toEqual([1, 3]);
    before.forEach((trace, i) => {
      if (trace !== 2) expect(without[i]).toBe(trace);
    });
    must(device.engine.setLink(2, true));
    expect(traces(1)).toEqual(before);
  });

  it('is read as it was written, whatever the link does', async () => {
    await writes(INSERT, ...[1, 2].map((id) => member('shared', id, mark(id))));
    expect(await writes(INSERT, watched([null, 2]))).toBe('OK');
    must(device.engine.setLink(2, false));
    const { entities } = await controller.reads([group('shared', 1)]);
    expect(entities).toMatchObject([{ entity: watched([null, 2]) }]);
    expect(await writes(MODIFY, watched([3, null]))).toBe('OK');
  });

  it('of a group of which no link is up, nothing is done', async () => {
    await writes(INSERT, ...[1, 2].map((id) => member('shared', id, mark(id))));
    expect(await writes(INSERT, watched([2, 3]), byPrefix(1, toGroup(1)))).toBe('OK');
    for (const port of [2, 3]) must(device.engine.setLink(port, false));
    expect(kinds(traces(1))).toEqual([0]);
  });

  it('is chosen without the controller: a port that is taken away is down', async () => {
    await writes(INSERT, ...[1, 2].map((id) => member('shared', id, mark(id))));
    expect(await writes(INSERT, watched([2, 3]), byPrefix(1, toGroup(1)))).toBe('OK');
    must(device.engine.removePort(3));
    expect(kinds(traces(1))).toEqual([1]);
    must(device.engine.addMemoryPort(3));
    expect(kinds(traces(1))).toEqual([1, 2]);
  });

  it('of a one-shot likewise', async () => {
    const set: Reference = {
      case: 'actionProfileActionSet',
      value: {
        actionProfileActions: [
          { action: mark(1), weight: 2, watchKind: { case: 'watchPort', value: b(2) } },
          { action: mark(2), weight: 1, watchKind: { case: 'watchPort', value: b(3) } },
        ],
      },
    };
    expect(await writes(INSERT, byPrefix(1, set))).toBe('OK');
    expect(kinds(traces(1))).toEqual([1, 2]);
    must(device.engine.setLink(2, false));
    expect(kinds(traces(1))).toEqual([2]);
    const { entities } = await controller.reads([byPrefix(1)]);
    expect(entities).toMatchObject([{ entity: byPrefix(1, set) }]);
  });
});

describe('a one-shot action set', () => {
  interface Options {
    readonly groupAction?: ReturnType<typeof mark>;
    readonly actionSelectionMode?: Mode;
    readonly sizeSemantics?: Size;
  }
  const oneShot = (options: Options, ...weights: number[]): Reference => ({
    case: 'actionProfileActionSet',
    value: {
      ...options,
      actionProfileActions: weights.map((weight, i) => ({ action: mark(i + 1), weight })),
    },
  });
  const inserts = async (options: Options, ...weights: number[]) => {
    const set = oneShot(options, ...weights);
    const answer = await writes(INSERT, byPrefix(1, set));
    if (answer !== 'OK') return answer;
    const { entities } = await controller.reads([byPrefix(1)]);
    expect(entities).toMatchObject([{ entity: byPrefix(1, set) }]);
    return answer;
  };

  it('RANDOM: chooses anew for each frame of a flow, by weight', async () => {
    expect(await inserts({ actionSelectionMode: Mode.RANDOM }, 1, 3)).toBe('OK');
    const flow = requestFrame(2, 1, 7);
    const seen = FLOWS.map(() => {
      must(device.engine.inject(1, flow));
      while (must(device.engine.step()) > 0);
      return traceIn(must(device.engine.take(1)).frame);
    });
    const threes = seen.filter((trace) => trace === 2).length;
    // Three quarters of 240; five standard deviations of a binomial are 34.
    expect(Math.abs(threes - 180)).toBeLessThan(34);
    expect(kinds(seen)).toEqual([1, 2]);
  });

  it('HASH: keeps a flow with its action, as without a mode', async () => {
    expect(await inserts({ actionSelectionMode: Mode.HASH }, 1, 1)).toBe('OK');
    expect(traces(1)).toEqual(traces(1));
  });

  it('an unknown mode or semantics: INVALID_ARGUMENT', async () => {
    expect(await inserts({ actionSelectionMode: 7 as Mode }, 1)).toEqual(['INVALID_ARGUMENT']);
    expect(await inserts({ sizeSemantics: 7 as Size }, 1)).toEqual(['INVALID_ARGUMENT']);
  });

  it('with a group action: it runs first, and the chosen one after it', async () => {
    const options = { groupAction: steer(3) };
    expect(await inserts(options, 1, 1)).toBe('OK');
    must(device.engine.inject(1, requestFrame(2, 1, 5)));
    while (must(device.engine.step()) > 0);
    expect([1, 2]).toContain(traceIn(must(device.engine.take(3)).frame));
    expect(await writes(MODIFY, byPrefix(1, oneShot({ groupAction: paint(9) })))).toBe('OK');
    expect(kinds(traces(1))).toEqual([9]);
    expect(await writes(MODIFY, byPrefix(1, oneShot({ groupAction: paint(9) }, 1)))).toBe('OK');
    expect(kinds(traces(1))).toEqual([1]);
  });

  it('counts weights or members as it says, not as the selector does', async () => {
    const p4info = { ...PROFILES_INFO };
    p4info.actionProfiles = p4info.actionProfiles.map((profile) => ({
      ...profile,
      maxGroupSize: profile.withSelector ? 3 : 0,
    }));
    expect(await controller.commits({ ...PROFILES_CONFIG, p4info })).toBe('OK');
    expect(await inserts({}, 2, 2)).toEqual(['INVALID_ARGUMENT']);
    expect(await inserts({ sizeSemantics: Size.SUM_OF_WEIGHTS }, 2, 2)).toEqual([
      'INVALID_ARGUMENT',
    ]);
    expect(await inserts({ sizeSemantics: Size.SUM_OF_MEMBERS }, 2, 2)).toBe('OK');
    expect(await inserts({ sizeSemantics: Size.SUM_OF_MEMBERS }, 1, 1, 1, 1)).toEqual([
      'INVALID_ARGUMENT',
    ]);
  });

  it('gives all its members back, that of the group action too', async () => {
    for (let i = 0; i < 8; i += 1) {
      const set = oneShot({ groupAction: paint(9) }, 1, 1, 1, 1, 1, 1);
      expect(
        await writes(i === 0 ? INSERT : MODIFY, byPrefix(1, i % 2 === 0 ? set : oneShot({}, 1))),
      ).toBe('OK');
    }
    expect(idOf('actionProfiles', 'shared')).toBeGreaterThan(0);
  });
});
