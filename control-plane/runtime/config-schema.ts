/** The shape of the agent's configuration file. */
import { z } from 'zod';
import type { MALFORMED_REASONS } from '#dataplane/program';
import { TARGETS, type TargetKind } from '#p4rt/targets/targets';
import { parseClockIdentity } from '#units/clock-identity';
import { integer, leaf, mappingOrNone, oneOf, text, yesOrNo } from './config-leaves.js';
import { INSTANCE_SCHEMA } from './config-schema-instance.js';
import { PORT_SCHEMA } from './config-schema-port.js';
import { isLoopback, parseEndpoint } from './endpoint.js';

const targetAddress = text(
  (value) => (parseEndpoint(value)?.port ?? 0) > 0,
  'an address such as "127.0.0.1:9559"',
);

const loopbackAddress = text((value) => {
  const endpoint = parseEndpoint(value);
  return endpoint !== null && isLoopback(endpoint.host);
}, 'a loopback address such as "127.0.0.1:9561"');

const pemFile = text((value) => value.startsWith('/'), 'the absolute path of a PEM file');

const clock = z.strictObject({
  identity: text(
    (value) => value === 'auto' || parseClockIdentity(value).ok,
    'a clock identity such as "00:11:22:ff:fe:33:44:55", or "auto"',
  ).default('auto'),
  /** Not given: the instance's, or else 0. */
  domainNumber: integer(0, 255).optional(),
});

const MOST_BETWEEN_SAMPLES = 65_536;

/** A power of two, since the dataplane compares with a mask. */
const sampleEvery = leaf<number>(
  (value) =>
    value === 0 ||
    (typeof value === 'number' &&
      value >= 1 &&
      value <= MOST_BETWEEN_SAMPLES &&
      Number.isInteger(Math.log2(value))),
  `0 or a power of two up to ${MOST_BETWEEN_SAMPLES}`,
);

/** sun_path has 108 octets, and ends with one that is zero. */
const MAX_SOCKET_PATH = 107;

const management = z.strictObject({
  socket: text(
    (value) =>
      value === 'none' || (value.startsWith('/') && Buffer.byteLength(value) <= MAX_SOCKET_PATH),
    `an absolute path of at most ${MAX_SOCKET_PATH} octets, or "none"`,
  ).default('none'),
  udp: yesOrNo().default(true),
  ethernet: yesOrNo().default(true),
});

const policy = oneOf(['drop', 'pass'] as const).default('drop');

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export const AGENT_SCHEMA = z.strictObject({
  target: z.strictObject({
    kind: oneOf(Object.keys(TARGETS) as TargetKind[]),
    address: targetAddress,
    deviceId: integer(1, Number.MAX_SAFE_INTEGER).default(1),
    electionId: integer(1, Number.MAX_SAFE_INTEGER).default(1),
    tls: mappingOrNone({ ca: pemFile, certificate: pemFile, key: pemFile }).default(null),
  }),
  status: loopbackAddress.default('127.0.0.1:9561'),
  logLevel: oneOf(LOG_LEVELS).default('info'),
  clock: clock.prefault({}),
  syntonize: mappingOrNone({
    domainNumber: integer(0, 255).default(0),
    sdoId: integer(0, 0xfff).default(0),
  }).default(null),
  instance: mappingOrNone(INSTANCE_SCHEMA).default(null),
  ledger: z
    .strictObject({
      sampleEvery: sampleEvery.default(0),
      perSecond: integer(1, 1_000_000).default(64),
    })
    .prefault({}),
  management: management.prefault({}),
  macTable: z
    .strictObject({
      agingSeconds: integer(10, 1_000_000).default(300),
      maxEntries: integer(0, 65_536).default(4_096),
    })
    .prefault({}),
  malformed: z
    .strictObject({
      truncated: policy,
      unknownVersion: policy,
      lengthBeyondFrame: policy,
      lengthTooShort: policy,
    } satisfies Record<(typeof MALFORMED_REASONS)[number], typeof policy>)
    .prefault({}),
  ports: z.array(PORT_SCHEMA),
});

export type AgentFile = z.infer<typeof AGENT_SCHEMA>;
