/** Links that come and go, told to controllers that ask for them. */
import { create, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { anyPack, StructSchema } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linksOf, watchLinks } from '#p4rt/link-notices';
import { linkNotice } from '#server/session/link-notices';
import { startSwitch, type Controller, type TestSwitch } from './conversation.js';

let device: TestSwitch;
beforeEach(async () => {
  device = await startSwitch();
  device.links.set(1, true).set(2, false);
});
afterEach(() => device.close());

async function hearsLinks(controller: Controller): Promise<Record<string, boolean> | null> {
  const heard = await controller.hears(500);
  if (typeof heard === 'string' || Array.isArray(heard) || heard.case !== 'other') return null;
  const links = linksOf(heard.value);
  return links === null ? null : Object.fromEntries(links);
}

function flips(port: number, up: boolean): void {
  device.links.set(port, up);
  device.engine.says({ kind: 'portStatus', port, up });
}

describe('a controller that watches links', () => {
  it('is told how they are, and again at each change', async () => {
    const controller = await device.controller(5n).becomesPrimary();
    controller.says({ case: 'other', value: watchLinks() });
    expect(await hearsLinks(controller)).toEqual({ 1: true, 2: false });
    flips(2, true);
    expect(await hearsLinks(controller)).toEqual({ 1: true, 2: true });
    flips(1, false);
    expect(await hearsLinks(controller)).toEqual({ 1: false, 2: true });
  });

  it('need not be primary', async () => {
    await device.controller(5n).becomesPrimary();
    const backup = device.controller(4n);
    backup.arbitrates();
    expect(await backup.hearsArbitration()).toBe('ALREADY_EXISTS');
    backup.says({ case: 'other', value: watchLinks() });
    expect(await hearsLinks(backup)).toEqual({ 1: true, 2: false });
  });
});

describe('a controller that does not', () => {
  it('hears nothing of them', async () => {
    const controller = await device.controller(5n).becomesPrimary();
    flips(2, true);
    expect(await controller.hears(200)).toBe('nothing');
  });

  it('is told that other messages are not known', async () => {
    const controller = await device.controller(5n).becomesPrimary();
    const struct = create(StructSchema, fromJson(StructSchema, { watch: 'weather' }));
    controller.says({ case: 'other', value: anyPack(StructSchema, struct) });
    expect(await controller.hears()).toMatchObject({
      case: 'error',
      value: { canonicalCode: 12, details: { case: 'other' } },
    });
  });
});

describe('a notice', () => {
  it('of anything else is none', () => {
    const other = (json: JsonObject) =>
      linksOf(anyPack(StructSchema, create(StructSchema, fromJson(StructSchema, json))));
    expect(linksOf(linkNotice(new Map([[509, true]])))).toEqual(new Map([[509, true]]));
    expect(other({ links: ['1'] })).toBeNull();
    expect(other({ links: { 1: 'yes', 2: true } })).toEqual(new Map([[2, true]]));
    expect(other({})).toBeNull();
  });
});
