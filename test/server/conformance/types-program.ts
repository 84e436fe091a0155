/** programs/types.p4 as a controller sees it. */
import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { P4NamedTypeSchema } from '#protos/p4/config/v1/p4types_pb';
import type { P4DataSchema } from '#protos/p4/v1/p4data_pb';
import type { Controller, EntityInit } from '../conversation.js';
import { action, b, exact } from '../entries.js';
import type { Bench } from './clause.js';
import { answers, same } from './clause.js';
import type { Request } from './program.js';
import { configOf, requestFrame, tableEntry } from './program.js';

export const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);
export const text = (name: string): Uint8Array => Uint8Array.from(Buffer.from(name));

/** programs/types.p4. */
export const ID = {
  byPort: 0x0200_0001,
  byPorts: 0x0200_0002,
  toName: 0x0200_0003,
  byName: 0x0200_0004,
  byNames: 0x0200_0005,
  grouped: 0x0200_0006,
  say: 0x0100_0001,
  send: 0x0100_0002,
  nothing: 0x0100_0003,
  call: 0x0100_0004,
  watched: 0x1100_0001,
  ofPort: 0x1200_0001,
  limitOfPort: 0x1400_0001,
  levels: 0x1600_0001,
  kinds: 0x1600_0002,
  plains: 0x1600_0003,
  ports: 0x1600_0004,
  heights: 0x1600_0005,
  learn: 398_033_514,
  places: 0x0300_0001,
} as const;
export const WHAT = {
  byPort: 1,
  byPorts: 2,
  byName: 3,
  cells: 4,
  registers: 5,
  learn: 6,
  copies: 7,
  tag: 9,
};

/** SdnPort, and the device's number of the same port. */
export const CPU = octets(0xff, 0xff, 0xff, 0xfd);
export const CPU_NUMBER = 510;

/** The primary, with programs/types.p4 committed: all of it, or without its P4Data, of which a server
 * may refuse the P4Info as a whole. */
export async function typed(
  { controller }: Bench,
  hasData = false,
  electionId = 1n,
): Promise<Controller> {
  const one = await controller(electionId).becomesPrimary();
  const config = configOf(null, 'types');
  if (!hasData) Object.assign(config.p4info, { registers: [], digests: [] });
  // p4c does not say of which type an index is.
  const indexTypeName = create(P4NamedTypeSchema, { name: 'port_t' });
  const { counters, meters, registers } = config.p4info;
  const indexed = [...counters, ...meters, ...registers.filter(({ size }) => size > 4)];
  for (const array of indexed) array.indexTypeName = indexTypeName;
  await answers('the config', one.commits(config), 'OK');
  return one;
}

export function sends(
  one: Controller,
  request: Request,
  port = CPU,
  more: Uint8Array = octets(),
): void {
  const payload = Buffer.concat([requestFrame(request), more]);
  const metadata = [
    { metadataId: 1, value: port },
    { metadataId: 2, value: b(0) },
  ];
  one.says({ case: 'packet', value: { payload, metadata } });
}

/** The next packet-in of a frame. */
export async function asks(one: Controller, request: Request, port = CPU) {
  sends(one, request, port);
  const heard = await one.hears(3000);
  const kind = typeof heard === 'string' || Array.isArray(heard) ? String(heard) : heard.case;
  same('what came', kind, 'packet');
  const { payload, metadata } = (heard as { value: { payload: Uint8Array; metadata: unknown } })
    .value;
  return { answer: payload[13], metadata: metadata as { metadataId: number; value: Uint8Array }[] };
}

export const toName = (port: number, name: string): EntityInit =>
  tableEntry({
    tableId: ID.toName,
    match: [exact(1, b(port))],
    action: action(ID.call, text(name)),
  });
export const byName = (name: string, answer: number): EntityInit =>
  tableEntry({
    tableId: ID.byName,
    match: [exact(1, text(name))],
    action: action(ID.say, b(answer)),
  });
export type Data = NonNullable<MessageInitShape<typeof P4DataSchema>['data']>;
export const bits = (...values: number[]): Data => ({
  case: 'bitstring',
  value: octets(...values),
});

/** Port 0 is none, so where ports are the index cell 0 has no number. */
export const cell = (registerId: number, data?: Data, index = 1n): EntityInit => ({
  case: 'registerEntry',
  value: { registerId, index: { index }, ...(data === undefined ? {} : { data: { data } }) },
});
