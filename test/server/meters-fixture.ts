/** The program of test/compiler/fixtures/meters.p4 as a controller sees it, and its frames. */
import { readFileSync } from 'node:fs';
import { fromJsonString } from '@bufbuild/protobuf';
import { P4InfoSchema, type P4Info } from '#protos/p4/config/v1/p4info_pb';
import { COLOURS, type Colour } from '../support/meter-reference.js';
import type { EntityInit } from './conversation.js';
import { action, b, exact } from './entries.js';

const file = (name: string): string =>
  readFileSync(new URL(`../compiler/fixtures/${name}`, import.meta.url), 'utf8');

export const METERS_INFO: P4Info = fromJsonString(P4InfoSchema, file('meters.p4info.json'));
export const METERS_CONFIG = {
  p4info: METERS_INFO,
  p4DeviceConfig: Buffer.from(file('meters.json')),
};

type Named = 'tables' | 'actions' | 'meters' | 'directMeters';
/** The id of what the P4Info calls so. */
export function idOf(kind: Named, alias: string): number {
  const found = METERS_INFO[kind].find(({ preamble }) => preamble?.alias === alias);
  if (found?.preamble === undefined) throw new Error(`no ${alias} among the ${kind}`);
  return found.preamble.id;
}

export interface Config {
  readonly cir: bigint;
  readonly cburst: bigint;
  readonly pir: bigint;
  readonly pburst: bigint;
}

/** A cell of a meter array; null: all of it. */
export const cell = (
  meter: string,
  index: bigint | null,
  config?: Config & { readonly eburst?: bigint },
): EntityInit => ({
  case: 'meterEntry',
  value: {
    meterId: idOf('meters', meter),
    ...(index === null ? {} : { index: { index } }),
    ...(config === undefined ? {} : { config }),
  },
});

type EntryInit = Extract<EntityInit, { case: 'tableEntry' }>['value'];

/** An entry of the table whose action reads the meter of packets. */
export const byValue = (address: number, more: Partial<EntryInit> = {}): EntityInit => ({
  case: 'tableEntry',
  value: {
    tableId: idOf('tables', 'by_value'),
    match: [exact(1, b(address))],
    action: action(idOf('actions', 'keep_exact')),
    ...more,
  } as EntryInit,
});

/** Its meter, under its key. */
export const directMeter = (address: number, config?: Config): EntityInit => ({
  case: 'directMeterEntry',
  value: {
    tableEntry: { tableId: idOf('tables', 'by_value'), match: [exact(1, b(address))] },
    ...(config === undefined ? {} : { config }),
  },
});

const OFFSETS = { packets: 6, exact: 11 } as const;

/** What the program is asked to do; the colours are such that no meter gives them. */
export function requestFrame(which: number, index: number, address = 0): Uint8Array {
  const frame = new Uint8Array(64).fill(0xa5);
  new DataView(frame.buffer).setUint8(0, which);
  new DataView(frame.buffer).setUint32(1, index);
  new DataView(frame.buffer).setUint8(5, address);
  return frame;
}

/** What it did. */
export function colourIn(frame: Uint8Array, meter: keyof typeof OFFSETS): Colour | 'none' {
  return COLOURS[frame[OFFSETS[meter]] ?? 0xa5] ?? 'none';
}
