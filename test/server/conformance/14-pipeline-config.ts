/** Chapters 14, 15 and 17: SetForwardingPipelineConfig, GetForwardingPipelineConfig, Capabilities. */
import { equals } from '@bufbuild/protobuf';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import {
  GetForwardingPipelineConfigRequest_ResponseType as ResponseType,
  SetForwardingPipelineConfigRequest_Action as Action,
} from '#protos/p4/v1/p4runtime_pb';
import type { Controller } from '../conversation.js';
import { answers, holds, same, section, type Clause } from './clause.js';
import { failure } from './deviation.js';
import { byPort, configOf, exactly, ID, p4info, tableEntry, WHAT } from './program.js';

const ALL_BUT_COMMIT = [
  ['VERIFY', Action.VERIFY],
  ['VERIFY_AND_SAVE', Action.VERIFY_AND_SAVE],
  ['VERIFY_AND_COMMIT', Action.VERIFY_AND_COMMIT],
  ['RECONCILE_AND_COMMIT', Action.RECONCILE_AND_COMMIT],
] as const;

const notAProgram = { ...configOf(), p4DeviceConfig: Buffer.from('no JSON at all') };

const entriesOf = async (one: Controller, tableId: number): Promise<number> =>
  (await one.reads([tableEntry({ tableId })])).entities.length;

async function cookieOf(one: Controller): Promise<bigint | null> {
  const got = await one.gets();
  return typeof got === 'object' && !Array.isArray(got) ? (got.cookie?.cookie ?? null) : null;
}

/** The same program, but with `table` gone from its P4Info. */
function without(table: number) {
  const config = configOf(2n);
  config.p4info.tables = config.p4info.tables.filter(({ preamble }) => preamble?.id !== table);
  return config;
}

export const PIPELINE_CONFIG: readonly Clause[] = [
  ...section(
    '14',
    'SetForwardingPipelineConfig RPC',
    [
      'an unknown device is NOT_FOUND',
      async ({ controller }) => {
        const one = await controller(1n).becomesPrimary();
        const set = one.sets(Action.VERIFY, configOf(), 1n, { deviceId: 77n });
        await answers('the request', set, 'NOT_FOUND');
      },
    ],
    [
      'an unknown role is NOT_FOUND',
      async ({ controller }) => {
        const one = await controller(1n).becomesPrimary();
        const set = one.sets(Action.VERIFY, configOf(), 1n, { role: 'nobody' });
        await answers('the request', set, 'NOT_FOUND');
      },
    ],
    [
      'who is not the primary is refused: PERMISSION_DENIED',
      async ({ controller }) => {
        const one = await controller(5n).becomesPrimary();
        await answers('the request', one.sets(Action.VERIFY, configOf(), 4n), 'PERMISSION_DENIED');
      },
    ],
    [
      'an action that is not set is refused',
      async ({ controller }) => {
        const one = await controller().becomesPrimary();
        await answers('the request', one.sets(Action.UNSPECIFIED, configOf()), 'INVALID_ARGUMENT');
      },
    ],
    ...ALL_BUT_COMMIT.map(([name, action]): [string, Clause['check']] => [
      `${name} without a config is INVALID_ARGUMENT`,
      async ({ ready }) => {
        await answers('the request', (await ready()).sets(action, null), 'INVALID_ARGUMENT');
      },
    ]),
    ...ALL_BUT_COMMIT.map(([name, action]): [string, Clause['check']] => [
      `${name} of a config that cannot be realized is INVALID_ARGUMENT, and nothing changes`,
      async ({ ready, asks }) => {
        const one = await ready();
        await answers('a write', one.inserts(exactly(1, 1, 0x11)), 'OK');
        await answers('the request', one.sets(action, notAProgram), 'INVALID_ARGUMENT');
        same(
          'what frames meet',
          await asks(one, { what: WHAT.exactly, address: 1, port: 1 }),
          [0x11],
        );
      },
    ]),
    [
      'VERIFY changes nothing',
      async ({ ready }) => {
        const one = await ready();
        await answers('a write', one.inserts(exactly(1, 1)), 'OK');
        await answers('the request', one.sets(Action.VERIFY, configOf(9n)), 'OK');
        same('entries', await entriesOf(one, ID.exactly), 1);
        same('the cookie', await cookieOf(one), null);
      },
    ],
    [
      'VERIFY_AND_SAVE leaves the dataplane as it is, and reads and writes go to the new config',
      async ({ ready, asks }) => {
        const one = await ready();
        await answers('a write', one.inserts(exactly(1, 1, 0x11)), 'OK');
        await answers('the request', one.sets(Action.VERIFY_AND_SAVE, configOf(9n)), 'OK');
        await answers('a write to the new one', one.inserts(exactly(1, 1, 0x22)), 'OK');
        same(
          'what frames meet',
          await asks(one, { what: WHAT.exactly, address: 1, port: 1 }),
          [0x11],
        );
      },
    ],
    [
      'COMMIT realizes the saved config with the writes since',
      async ({ ready, asks }) => {
        const one = await ready();
        await answers('the save', one.sets(Action.VERIFY_AND_SAVE, configOf(9n)), 'OK');
        await answers('a write', one.inserts(exactly(1, 1, 0x22)), 'OK');
        await answers('the commit', one.sets(Action.COMMIT, null), 'OK');
        same(
          'what frames meet',
          await asks(one, { what: WHAT.exactly, address: 1, port: 1 }),
          [0x22],
        );
        same('the cookie', await cookieOf(one), 9n);
      },
    ],
    [
      'COMMIT without a saved config is NOT_FOUND',
      async ({ ready }) => {
        await answers('the request', (await ready()).sets(Action.COMMIT, null), 'NOT_FOUND');
      },
    ],
    [
      'COMMIT with a config is INVALID_ARGUMENT',
      async ({ ready }) => {
        const one = await ready();
        await one.sets(Action.VERIFY_AND_SAVE, configOf());
        await answers('the request', one.sets(Action.COMMIT, configOf()), 'INVALID_ARGUMENT');
      },
    ],
    [
      'VERIFY_AND_COMMIT clears the forwarding state',
      async ({ ready }) => {
        const one = await ready();
        await answers('a write', one.inserts(exactly(1, 1)), 'OK');
        await answers('the request', one.commits(configOf()), 'OK');
        same('entries', await entriesOf(one, ID.exactly), 0);
      },
    ],
    [
      'RECONCILE_AND_COMMIT keeps the forwarding state',
      async ({ ready, asks }) => {
        const one = await ready();
        await answers('a write', one.inserts(exactly(1, 1, 0x11)), 'OK');
        await answers('the request', one.sets(Action.RECONCILE_AND_COMMIT, configOf(3n)), 'OK');
        same('entries', await entriesOf(one, ID.exactly), 1);
        same(
          'what frames meet',
          await asks(one, { what: WHAT.exactly, address: 1, port: 1 }),
          [0x11],
        );
        same('the cookie', await cookieOf(one), 3n);
      },
    ],
    [
      'RECONCILE_AND_COMMIT that cannot keep the state is INVALID_ARGUMENT, and nothing changes',
      async ({ ready, asks }) => {
        const one = await ready();
        await answers('a write', one.inserts(byPort(ID.small, 1)), 'OK');
        const set = one.sets(Action.RECONCILE_AND_COMMIT, without(ID.small));
        await answers('the request', set, 'INVALID_ARGUMENT');
        same('what frames meet', await asks(one, { what: WHAT.small, port: 1 }), [1]);
        same('the cookie', await cookieOf(one), null);
      },
    ],
    [
      'RECONCILE_AND_COMMIT may drop a table that is empty',
      async ({ ready }) => {
        const one = await ready();
        await answers('a write', one.inserts(exactly(1, 1)), 'OK');
        const set = one.sets(Action.RECONCILE_AND_COMMIT, without(ID.small));
        await answers('the request', set, 'OK');
        same('entries', await entriesOf(one, ID.exactly), 1);
      },
    ],
  ),
  ...section(
    '15',
    'GetForwardingPipelineConfig RPC',
    [
      'an unknown device is NOT_FOUND',
      async ({ controller }) => {
        same('the answer', await controller().gets(ResponseType.ALL, 77n), 'NOT_FOUND');
      },
    ],
    [
      'no config is known: it is unset in the answer',
      async ({ controller }) => same('the config', await controller().gets(), undefined),
    ],
    ...(
      [
        ['ALL', ResponseType.ALL, true, true],
        ['COOKIE_ONLY', ResponseType.COOKIE_ONLY, false, false],
        ['P4INFO_AND_COOKIE', ResponseType.P4INFO_AND_COOKIE, true, false],
        ['DEVICE_CONFIG_AND_COOKIE', ResponseType.DEVICE_CONFIG_AND_COOKIE, false, true],
      ] as const
    ).map(([name, type, hasInfo, hasDevice]): [string, Clause['check']] => [
      `${name} gives just that`,
      async ({ controller }) => {
        const one = await controller().becomesPrimary();
        await answers('the commit', one.commits(configOf(7n)), 'OK');
        const got = await one.gets(type);
        if (typeof got !== 'object' || Array.isArray(got))
          throw failure(`no config: ${String(got)}`);
        same('the cookie', got.cookie?.cookie, 7n);
        same('a P4Info', got.p4info !== undefined, hasInfo);
        same('a device config', got.p4DeviceConfig.length > 0, hasDevice);
      },
    ]),
    [
      'what was set and what is got are the same',
      async ({ ready }) => {
        const got = await (await ready()).gets();
        if (typeof got !== 'object' || Array.isArray(got))
          throw failure(`no config: ${String(got)}`);
        const info = got.p4info;
        holds(
          'the P4Info is another one',
          info !== undefined && equals(P4InfoSchema, info, p4info()),
        );
        const same = Buffer.from(got.p4DeviceConfig).equals(configOf().p4DeviceConfig);
        holds('the device config is another one', same);
      },
    ],
    [
      'anybody may ask, primary or not',
      async (bench) => {
        await bench.ready();
        const got = await bench.controller().gets(ResponseType.COOKIE_ONLY);
        same('the answer', typeof got, 'object');
      },
    ],
  ),
  ...section(
    '17',
    'Capabilities RPC',
    [
      'a semantic version is given, without a device',
      async ({ controller }) => {
        const version = await controller().asksCapabilities();
        holds(`the version is ${version}`, /^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
      },
    ],
    [
      'and with the device’s id',
      async ({ controller }) => {
        const version = await controller().asksCapabilities(1n);
        holds(`the version is ${version}`, /^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
      },
    ],
    [
      'an unknown device is NOT_FOUND',
      async ({ controller }) => {
        same('the answer', await controller().asksCapabilities(77n), 'NOT_FOUND');
      },
    ],
  ),
];
