/** Idle times of table entries beside real frames, on the native engine with a virtual clock: what
 * the dataplane hits stays, and what it does not is told of. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '#binding/engine';
import { nativeBuilder } from '#server/config/native-builder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLibrary, must } from '../engine/harness.js';
import { ID, WHAT, byPort, configOf, requestFrame, tableEntry } from './conformance/program.js';
import type { Controller, TestSwitch } from './conversation.js';
import { serve } from './conversation.js';

const S = 1_000_000_000n;
const TIMEOUT = 10n * S;
/** Several looks of the server at its entries: it looks by real time. */
const LOOKS_MS = 250;

const cache = mkdtempSync(join(tmpdir(), 'timeplane-idle-'));
let device: TestSwitch<Engine>;
let controller: Controller;
let now = S;

beforeAll(async () => {
  const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
  for (const port of [1, 2]) must(engine.addMemoryPort(port));
  must(engine.setTime(now));
  device = await serve(engine, nativeBuilder(cache));
  controller = await device.controller().becomesPrimary();
  expect(await controller.commits(configOf())).toBe('OK');
}, 60_000);

afterAll(async () => {
  await device.close();
  device.engine.close();
  rmSync(cache, { recursive: true, force: true });
});

function later(ns: bigint): void {
  now += ns;
  must(device.engine.setTime(now));
}

/** A frame that the table `aged` looks up by `port`. */
function frameFor(port: number): void {
  must(device.engine.inject(1, requestFrame({ what: WHAT.aged, port })));
  while (must(device.engine.step()) > 0);
}

async function sinceLastHit(): Promise<bigint | undefined> {
  const { entities } = await controller.reads([
    tableEntry({ tableId: ID.aged, timeSinceLastHit: {} }),
  ]);
  const [first] = entities;
  if (first?.entity.case !== 'tableEntry') throw new Error('the entry is not there');
  return first.entity.value.timeSinceLastHit?.elapsedNs;
}

const told = async (timeoutMs: number): Promise<unknown> => {
  const heard = await controller.hears(timeoutMs);
  return typeof heard === 'string' || Array.isArray(heard) ? heard : heard.case;
};

describe('an entry with an idle timeout of 10 s', () => {
  it('stays quiet as long as frames hit it, however long that is', async () => {
    expect(await controller.inserts({ ...byPort(ID.aged, 1), idleTimeoutNs: TIMEOUT })).toBe('OK');
    for (let i = 0; i < 4; i += 1) {
      later(6n * S);
      frameFor(1);
      expect(await told(LOOKS_MS)).toBe('nothing');
    }
  });

  it('was hit just now after a frame, and a while ago without', async () => {
    later(4n * S);
    expect(await sinceLastHit()).toBe(4n * S);
    frameFor(1);
    expect(await sinceLastHit()).toBe(0n);
  });

  it('is told of when only frames for other entries come', async () => {
    later(9n * S);
    frameFor(2);
    expect(await told(LOOKS_MS)).toBe('nothing');
    later(S);
    expect(await told(5_000)).toBe('idleTimeoutNotification');
    expect(await sinceLastHit()).toBe(TIMEOUT);
  });
});
