/** Chapter 16: stream messages. */
import { status } from '@grpc/grpc-js';
import type { StreamMessageResponse } from '#protos/p4/v1/p4runtime_pb';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { Controller } from '../conversation.js';
import { b } from '../entries.js';
import { answers, holds, same, section, type Clause } from './clause.js';
import { roleConfig } from './05-arbitration.js';
import { byPort, ID, requestFrame, WHAT } from './program.js';

const { INSERT, MODIFY } = Update_Type;
const TAG = { metadataId: 1, value: b(0) };
const PAD = { metadataId: 2, value: b(0) };

type Heard = StreamMessageResponse['update'];
type Kind = NonNullable<Heard['case']>;
type Message<C extends Kind> = Extract<Heard, { readonly case: C }>['value'];

async function hears<C extends Kind>(one: Controller, wanted: C): Promise<Message<C>> {
  const heard = await one.hears(3000);
  const kind = typeof heard === 'string' || Array.isArray(heard) ? String(heard) : heard.case;
  same('what came', kind, wanted);
  return (heard as Heard).value as Message<C>;
}

interface Config {
  readonly maxTimeoutNs?: bigint;
  readonly maxListSize?: number;
  readonly ackTimeoutNs?: bigint;
}

const digests = (one: Controller, config: Config, type = INSERT) =>
  answers(
    'the digest’s config',
    one.writes(type, [{ case: 'digestEntry', value: { digestId: ID.learn, config } }]),
    'OK',
  );

/** Makes the dataplane learn an address. */
function learns(one: Controller, address: number): void {
  const payload = requestFrame({ what: WHAT.digest, address, port: 1 });
  one.says({ case: 'packet', value: { payload, metadata: [TAG, PAD] } });
}

/** The next digest list, past the packet-ins. */
async function nextList(one: Controller, timeoutMs = 3000) {
  for (;;) {
    const heard = await one.hears(timeoutMs);
    if (typeof heard === 'string' || Array.isArray(heard)) return null;
    if (heard.case === 'digest') return heard.value;
  }
}

async function refusal(one: Controller, metadata: { metadataId: number; value: Uint8Array }[]) {
  one.says({ case: 'packet', value: { payload: requestFrame({ what: WHAT.tag }), metadata } });
  const heard = await one.hears(1000);
  if (heard === 'nothing') return null;
  const kind = typeof heard === 'string' || Array.isArray(heard) ? String(heard) : heard.case;
  same('what comes back', kind, 'error');
  return (heard as Extract<Heard, { readonly case: 'error' }>).value;
}

/** Dropped; and if an error comes, it is the right one. */
async function isDropped(one: Controller, metadata: { metadataId: number; value: Uint8Array }[]) {
  const error = await refusal(one, metadata);
  if (error === null) return;
  const code = status[error.canonicalCode] ?? '?';
  // 8.3 has a code of its own for a value that is too large.
  holds(`the error’s code is ${code}`, ['INVALID_ARGUMENT', 'OUT_OF_RANGE'].includes(code));
  same('the error’s details', error.details.case, 'packetOut');
}

export const STREAM: readonly Clause[] = [
  ...section(
    '16.1',
    'Packet I/O',
    [
      'a packet-out carries its metadata into the dataplane',
      async ({ ready }) => {
        const one = await ready();
        const metadata = [{ metadataId: 1, value: b(0x1a5) }, PAD];
        one.says({
          case: 'packet',
          value: { payload: requestFrame({ what: WHAT.tag }), metadata },
        });
        same('the tag', (await hears(one, 'packet')).payload[13], 0xa5);
      },
    ],
    [
      'a packet-in carries one value for each metadata field of the P4Info, canonically',
      async ({ ready }) => {
        const one = await ready();
        one.says({
          case: 'packet',
          value: { payload: requestFrame({ what: WHAT.tag }), metadata: [TAG, PAD] },
        });
        const { metadata } = await hears(one, 'packet');
        const values = metadata.map(({ metadataId, value }) => [
          metadataId,
          Buffer.from(value).toString('hex'),
        ]);
        same('the metadata', values.sort(), [
          [1, '01fe'],
          [2, '13'],
        ]);
      },
    ],
    [
      'a packet-out with unknown metadata is dropped',
      async ({ ready }) => isDropped(await ready(), [TAG, PAD, { metadataId: 7, value: b(1) }]),
    ],
    [
      'a packet-out with too little metadata is dropped',
      async ({ ready }) => isDropped(await ready(), [TAG]),
    ],
    [
      'a packet-out with metadata twice is dropped',
      async ({ ready }) => isDropped(await ready(), [TAG, TAG, PAD]),
    ],
    [
      'a packet-out with a value that does not fit is dropped',
      async ({ ready }) => isDropped(await ready(), [{ metadataId: 1, value: b(0x200) }, PAD]),
    ],
    [
      'a backup’s packet-out is dropped',
      async (bench) => {
        const primary = await bench.ready(2n);
        const backup = bench.controller(1n);
        backup.arbitrates();
        await backup.hearsUpdate();
        backup.says({
          case: 'packet',
          value: { payload: requestFrame({ what: WHAT.tag }), metadata: [TAG, PAD] },
        });
        same('what the primary hears', await primary.hears(300), 'nothing');
      },
    ],
    [
      'a backup gets no packet-ins',
      async (bench) => {
        const primary = await bench.ready(2n);
        const backup = bench.controller(1n);
        backup.arbitrates();
        await backup.hearsUpdate();
        await bench.asks(primary, { what: WHAT.tag });
        same('what the backup hears', await backup.hears(200), 'nothing');
      },
    ],
    [
      'a role without packet-outs may send none',
      async (bench) => {
        await bench.ready();
        const part = bench.controller(2n);
        part.arbitrates({ role: 'part', roleConfig: roleConfig({ packetIns: true }) });
        same('the role', await part.hearsArbitration(), 'OK');
        part.says({
          case: 'packet',
          value: { payload: requestFrame({ what: WHAT.tag }), metadata: [TAG, PAD] },
        });
        const error = await hears(part, 'error');
        same('the code', status[error.canonicalCode], 'PERMISSION_DENIED');
      },
    ],
    [
      'a role may filter its packet-ins by metadata',
      async (bench) => {
        const primary = await bench.ready();
        const filter = (reason: number) =>
          roleConfig({ packetIns: [{ metadataId: 2, value: reason }] });
        const wants = bench.controller(2n);
        wants.arbitrates({ role: 'wants', roleConfig: filter(WHAT.tag) });
        same('the role', await wants.hearsArbitration(), 'OK');
        const other = bench.controller(3n);
        other.arbitrates({ role: 'other', roleConfig: filter(WHAT.cells) });
        same('the role', await other.hearsArbitration(), 'OK');
        await bench.asks(primary, { what: WHAT.tag });
        await hears(wants, 'packet');
        same('what the other hears', await other.hears(200), 'nothing');
      },
    ],
  ),
  ...section('16.2', 'Client Arbitration Update', [
    'the highest election id outlives a stream, and a pipeline',
    async (bench) => {
      const one = await bench.ready(9n);
      one.leaves();
      await one.hears(1000);
      const low = bench.controller(8n);
      low.arbitrates();
      const update = await low.hearsUpdate();
      same('the status', status[update.status?.code ?? -1], 'NOT_FOUND');
      same('the highest id', update.electionId?.low, 9n);
    },
  ]),
  ...section(
    '16.2.1',
    'Unset Election ID',
    [
      'a client without an election id is never primary',
      async ({ controller }) => {
        const one = controller();
        one.arbitrates({ electionId: null });
        same('the status', await one.hearsArbitration(), 'NOT_FOUND');
      },
    ],
    [
      'several may have none',
      async ({ controller }) => {
        for (let i = 0; i < 3; i += 1) {
          const one = controller();
          one.arbitrates({ electionId: null });
          same('the status', await one.hearsArbitration(), 'NOT_FOUND');
        }
      },
    ],
    [
      'an id of 0 is not the same as none: its client can be primary',
      async ({ controller }) => {
        const one = controller(0n);
        one.arbitrates();
        same('the status', await one.hearsArbitration(), 'OK');
      },
    ],
    [
      'a write without an id is nobody’s',
      async ({ controller }) => {
        const one = controller(0n);
        one.arbitrates();
        await one.hearsArbitration();
        const backup = controller(1n);
        await answers('a write of id 1', backup.writes(INSERT, []), 'PERMISSION_DENIED');
      },
    ],
  ),
  ...section(
    '16.3',
    'Digest Messages',
    [
      'a digest without a config is not sent',
      async ({ ready }) => {
        const one = await ready();
        learns(one, 1);
        same('a list', await nextList(one, 300), null);
      },
    ],
    [
      'a list holds the learned data, and names its digest',
      async ({ ready }) => {
        const one = await ready();
        await digests(one, {});
        learns(one, 0xabcd);
        const list = await nextList(one);
        same('the digest', list?.digestId, ID.learn);
        const data = list?.data[0]?.data;
        const members = data?.case === 'struct' ? data.value.members : [];
        const values = members.map(({ data: member }) =>
          member.case === 'bitstring' ? member.value : null,
        );
        same('the data', values, [b(0xabcd), b(1)]);
      },
    ],
    [
      'a list is sent when it has max_list_size messages',
      async ({ ready }) => {
        const one = await ready();
        await digests(one, { maxTimeoutNs: 60_000_000_000n, maxListSize: 3 });
        for (const address of [1, 2, 3]) learns(one, address);
        same('how many messages', (await nextList(one))?.data.length, 3);
      },
    ],
    [
      'a list is sent max_timeout_ns after its first message',
      async ({ ready }) => {
        const one = await ready();
        await digests(one, { maxTimeoutNs: 200_000_000n, maxListSize: 100 });
        learns(one, 1);
        const start = performance.now();
        same('how many messages', (await nextList(one))?.data.length, 1);
        const took = performance.now() - start;
        holds(`it came after ${Math.round(took)} ms`, took > 100 && took < 2500);
      },
    ],
    [
      'a duplicate is not sent again before it is acknowledged',
      async ({ ready }) => {
        const one = await ready();
        await digests(one, { ackTimeoutNs: 60_000_000_000n });
        learns(one, 1);
        const list = await nextList(one);
        learns(one, 1);
        same('a second list', await nextList(one, 300), null);
        one.says({ case: 'digestAck', value: { digestId: ID.learn, listId: list?.listId ?? 0n } });
        await new Promise((resolve) => setTimeout(resolve, 100));
        learns(one, 1);
        same('the messages after the ack', (await nextList(one))?.data.length, 1);
      },
    ],
    [
      'without ack_timeout_ns duplicates are sent',
      async ({ ready }) => {
        const one = await ready();
        await digests(one, { ackTimeoutNs: 0n });
        for (let i = 0; i < 2; i += 1) {
          learns(one, 1);
          same('the messages', (await nextList(one))?.data.length, 1);
        }
      },
    ],
    [
      'a digest that was DELETEd is not sent any more',
      async ({ ready }) => {
        const one = await ready();
        await digests(one, {});
        const value = { digestId: ID.learn };
        await answers('the DELETE', one.writes(3, [{ case: 'digestEntry', value }]), 'OK');
        learns(one, 1);
        same('a list', await nextList(one, 300), null);
      },
    ],
    [
      'MODIFY needs a digest that is configured: NOT_FOUND',
      async ({ ready }) => {
        const value = { digestId: ID.learn, config: { maxListSize: 1 } };
        const write = (await ready()).writes(MODIFY, [{ case: 'digestEntry', value }]);
        await answers('the MODIFY', write, 'NOT_FOUND');
      },
    ],
  ),
  ...section(
    '16.4',
    'Table Idle Timeout Notification',
    [
      'an entry that is not hit for its TTL is told of, with its key and its TTL',
      async ({ ready }) => {
        const one = await ready();
        const entry = { ...byPort(ID.aged, 1), idleTimeoutNs: 100_000_000n, metadata: b(9) };
        await answers('the entry', one.inserts(entry), 'OK');
        const told = await hears(one, 'idleTimeoutNotification');
        const [first] = told.tableEntry;
        same('the table', first?.tableId, ID.aged);
        same('the TTL', first?.idleTimeoutNs, 100_000_000n);
        same('the metadata', first?.metadata, b(9));
        same('how many fields of the key', first?.match.length, 1);
        const now = BigInt(Date.now()) * 1_000_000n;
        const off = told.timestamp > now ? told.timestamp - now : now - told.timestamp;
        holds(`the timestamp is ${String(off)} ns off`, off < 5_000_000_000n);
      },
    ],
    [
      'the notification says when, in ns since the Epoch, and of one entry at least',
      async ({ ready }) => {
        const one = await ready();
        const entry = { ...byPort(ID.aged, 1), idleTimeoutNs: 50_000_000n };
        await answers('the entry', one.inserts(entry), 'OK');
        const { timestamp, tableEntry } = await hears(one, 'idleTimeoutNotification');
        const seconds = Math.abs(Number(timestamp / 1_000_000n) - Date.now()) / 1000;
        holds(`it is ${seconds} s off`, seconds < 60);
        same('entries', tableEntry.length > 0, true);
      },
    ],
    [
      'the timer starts again after that',
      async ({ ready }) => {
        const one = await ready();
        await answers(
          'the entry',
          one.inserts({ ...byPort(ID.aged, 1), idleTimeoutNs: 100_000_000n }),
          'OK',
        );
        await hears(one, 'idleTimeoutNotification');
        await hears(one, 'idleTimeoutNotification');
      },
    ],
    [
      'an entry without a TTL is never told of',
      async ({ ready }) => {
        const one = await ready();
        await answers('the entry', one.inserts(byPort(ID.aged, 1)), 'OK');
        same('what comes', await one.hears(500), 'nothing');
      },
    ],
    [
      'an entry that was deleted is told of no more',
      async ({ ready }) => {
        const one = await ready();
        const entry = { ...byPort(ID.aged, 1), idleTimeoutNs: 300_000_000n };
        await answers('the entry', one.inserts(entry), 'OK');
        await answers('the DELETE', one.deletes(entry), 'OK');
        same('what comes', await one.hears(700), 'nothing');
      },
    ],
  ),
  ...section('16.5', 'Architecture-Specific Notifications', [
    'a message that the server does not know ends neither the stream nor the session',
    async (bench) => {
      const one = await bench.ready();
      const value = {
        $typeName: 'google.protobuf.Any',
        typeUrl: 'a/b.c',
        value: new Uint8Array(),
      } as const;
      one.says({ case: 'other', value });
      const heard = await one.hears(300);
      if (heard !== 'nothing') {
        const kind = typeof heard === 'string' || Array.isArray(heard) ? String(heard) : heard.case;
        same('what comes', kind, 'error');
      }
      await bench.asks(one, { what: WHAT.tag });
    },
  ]),
  ...section(
    '16.6',
    'Stream Error Reporting',
    [
      'an ack of an unknown digest is INVALID_ARGUMENT, if it is reported',
      async ({ ready }) => {
        const one = await ready();
        one.says({ case: 'digestAck', value: { digestId: 1, listId: 1n } });
        const heard = await one.hears(500);
        if (heard === 'nothing') return;
        const kind = typeof heard === 'string' || Array.isArray(heard) ? String(heard) : heard.case;
        same('what comes', kind, 'error');
        const error = (heard as Extract<Heard, { readonly case: 'error' }>).value;
        same('the code', status[error.canonicalCode], 'INVALID_ARGUMENT');
        same('the details', error.details.case, 'digestListAck');
      },
    ],
    [
      'an invalid arbitration update ends the stream, and is no StreamError',
      async ({ ready }) => {
        const one = await ready();
        one.arbitrates({ deviceId: 77n });
        same('the end', await one.hears(2000), 'FAILED_PRECONDITION');
      },
    ],
    [
      'a backup’s packet-out is PERMISSION_DENIED, if it is reported',
      async (bench) => {
        await bench.ready(2n);
        const backup = bench.controller(1n);
        backup.arbitrates();
        await backup.hearsUpdate();
        const error = await refusal(backup, [TAG, PAD]);
        if (error === null) return;
        same('the code', status[error.canonicalCode], 'PERMISSION_DENIED');
        same('the details', error.details.case, 'packetOut');
      },
    ],
  ),
];
