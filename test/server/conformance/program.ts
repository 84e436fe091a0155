/** programs/conformance.p4 as a controller sees it, and its frames. */
import { readFileSync } from 'node:fs';
import { fromJsonString } from '@bufbuild/protobuf';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import type { EntityInit, TableEntryInit } from '../conversation.js';
import { action, b, exact } from '../entries.js';

const artefact = (name: string): string =>
  readFileSync(new URL(`programs/artefacts/${name}`, import.meta.url), 'utf8');

type Name = 'conformance' | 'next' | 'types';

/** A new one at each call, for tests that change it. */
export const p4info = (name: Name = 'conformance') =>
  fromJsonString(P4InfoSchema, artefact(`${name}.p4info.json`));

export const configOf = (cookie: bigint | null = null, name: Name = 'conformance') => ({
  p4info: p4info(name),
  p4DeviceConfig: Buffer.from(artefact(`${name}.json`)),
  ...(cookie === null ? {} : { cookie: { cookie } }),
});

export const ID = {
  exactly: 0x0200_0001,
  prefix: 0x0200_0002,
  masked: 0x0200_0003,
  fixed: 0x0200_0004,
  always: 0x0200_0005,
  scoped: 0x0200_0006,
  indirect: 0x0200_0007,
  grouped: 0x0200_0008,
  metered: 0x0200_0009,
  aged: 0x0200_000a,
  small: 0x0200_000b,
  started: 0x0200_000c,
  say: 0x0100_0001,
  sayWide: 0x0100_0002,
  nothing: 0x0100_0003,
  sayCounted: 0x0100_0004,
  sayMetered: 0x0100_0005,
  base: 0x0100_0006,
  plus: 0x0100_0007,
  plain: 0x1100_0001,
  shared: 0x1100_0002,
  seen: 0x1200_0001,
  otherSeen: 0x1200_0002,
  limits: 0x1400_0001,
  cells: 0x1600_0001,
  learn: 398_033_514,
  knownPorts: 0x0300_0001,
  unknown: 0x0200_0fff,
} as const;

/** `what` of a frame: the construct that it meets. */
export const WHAT = {
  exactly: 1,
  prefix: 2,
  masked: 3,
  fixed: 4,
  always: 5,
  scoped: 6,
  indirect: 7,
  grouped: 8,
  metered: 9,
  aged: 10,
  small: 11,
  seen: 12,
  limits: 13,
  cells: 14,
  valueSet: 15,
  digest: 16,
  multicast: 17,
  clone: 18,
  tag: 19,
  started: 20,
} as const;

export const MULTICAST_GROUP = 5;
export const CLONE_SESSION = 100;
export const CPU = 510;

export interface Request {
  readonly what: number;
  readonly address?: number;
  readonly number?: number;
  readonly port?: number;
}

/** request_t with answer 0. */
export function requestFrame({ what, address = 0, number = 0, port = 0 }: Request): Uint8Array {
  const octets = Buffer.alloc(14);
  octets.writeUInt8(what, 0);
  octets.writeUIntBE(address, 1, 6);
  octets.writeUInt32BE(number >>> 0, 7);
  octets.writeUInt16BE(port, 11);
  return new Uint8Array(octets);
}

export const answerOf = (frame: Uint8Array): number => frame[13] ?? -1;

export const say = (answer: number) => action(ID.say, b(answer));
export const call = (answer: number) => say(answer).type.value;

/** An entry of `exactly`. */
export const exactly = (address: number, port: number, answer = 1): TableEntryInit => ({
  tableId: ID.exactly,
  match: [exact(1, b(address)), exact(2, b(port))],
  action: action(ID.sayCounted, b(answer)),
});

/** An entry of one of the tables whose key is the port. */
export const byPort = (
  tableId: number,
  port: number,
  act: NonNullable<TableEntryInit['action']> = say(1),
): TableEntryInit => ({ tableId, match: [exact(1, b(port))], action: act });

export const tableEntry = (value: TableEntryInit): EntityInit => ({ case: 'tableEntry', value });
