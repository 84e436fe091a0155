/** The shape of the agent's configuration file. Each leaf says in words what it expects. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { PTP_MODE, type MALFORMED_REASONS, type PtpMode } from '#dataplane/program';
import { TARGETS, type TargetKind } from '#p4rt/targets/targets';
import { MAX_PORT_NUMBER, MAX_VLAN_ID } from '#units/identity';

/** `expected` completes "expected …"; `choices` are for suggestions. */
function leaf<Value>(
  test: (value: unknown) => boolean,
  expected: string,
  choices: readonly string[] = [],
) {
  return z.custom<Value>(test, { error: expected, params: { choices } });
}

function integer(low: number, high: number) {
  return leaf<number>(
    (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high,
    `an integer from ${low} to ${high}`,
  );
}

function oneOf<Choice extends string>(choices: readonly Choice[]) {
  return leaf<Choice>(
    (value) => typeof value === 'string' && (choices as readonly string[]).includes(value),
    choices.map((choice) => `"${choice}"`).join(' or '),
    choices,
  );
}

const MAX_TIMING_NS = 1_000_000_000;

function nanoseconds(low: number) {
  return leaf<number>(
    (value) => typeof value === 'number' && value >= low && value <= MAX_TIMING_NS,
    `a number of nanoseconds from ${low} to ${MAX_TIMING_NS}, fractions allowed`,
  );
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Reads `127.0.0.1:9559`, `[::1]:9559` or `localhost:9559`. */
export function parseEndpoint(text: string): Endpoint | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) return null;
  if (match?.[1] !== undefined && isIP(host) !== 6) return null;
  return { host, port };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

const address = leaf<string>(
  (value) => typeof value === 'string' && (parseEndpoint(value)?.port ?? 0) > 0,
  'an address such as "127.0.0.1:9559"',
);

const loopbackAddress = leaf<string>((value) => {
  const endpoint = typeof value === 'string' ? parseEndpoint(value) : null;
  return endpoint !== null && isLoopback(endpoint.host);
}, 'a loopback address such as "127.0.0.1:9561"');

const vlan = integer(1, MAX_VLAN_ID);

const nativeVlan = leaf<number | 'none'>(
  (value) =>
    value === 'none' ||
    (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_VLAN_ID),
  `an integer from 1 to ${MAX_VLAN_ID}, or "none"`,
  ['none'],
);

const ptpMode = oneOf(Object.keys(PTP_MODE) as PtpMode[]);

const port = z.strictObject({
  number: integer(1, MAX_PORT_NUMBER),
  name: leaf<string>(
    (value) => typeof value === 'string' && /^[\w.-]{1,32}$/.test(value),
    'a name of 1 to 32 letters, digits, ".", "_" or "-"',
  ),
  ptp: ptpMode,
  ptpPriority: integer(0, 7).default(0),
  instances: z
    .array(
      z.strictObject({
        domainNumber: integer(0, 255),
        sdoId: integer(0, 0xfff).default(0),
        ptp: ptpMode,
      }),
    )
    .default([]),
  timing: z
    .strictObject({
      ingressLatencyNs: nanoseconds(0).default(0),
      egressLatencyNs: nanoseconds(0).default(0),
      delayAsymmetryNs: nanoseconds(-MAX_TIMING_NS).default(0),
      residenceLimitMs: integer(0, 60_000).default(0),
    })
    .default({
      ingressLatencyNs: 0,
      egressLatencyNs: 0,
      delayAsymmetryNs: 0,
      residenceLimitMs: 0,
    }),
  vlan: z
    .strictObject({ native: nativeVlan.default(1), tagged: z.array(vlan).default([]) })
    .default({ native: 1, tagged: [] }),
});

const policy = oneOf(['drop', 'pass'] as const).default('drop');

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export const AGENT_SCHEMA = z.strictObject({
  target: z.strictObject({
    kind: oneOf(Object.keys(TARGETS) as TargetKind[]),
    address,
    deviceId: integer(1, Number.MAX_SAFE_INTEGER).default(1),
    electionId: integer(1, Number.MAX_SAFE_INTEGER).default(1),
  }),
  status: loopbackAddress.default('127.0.0.1:9561'),
  logLevel: oneOf(LOG_LEVELS).default('info'),
  macTable: z
    .strictObject({
      agingSeconds: integer(10, 1_000_000).default(300),
      maxEntries: integer(0, 65_536).default(4_096),
    })
    .default({ agingSeconds: 300, maxEntries: 4_096 }),
  malformed: z
    .strictObject({
      truncated: policy,
      unknownVersion: policy,
      lengthBeyondFrame: policy,
      lengthTooShort: policy,
    } satisfies Record<(typeof MALFORMED_REASONS)[number], typeof policy>)
    .default({
      truncated: 'drop',
      unknownVersion: 'drop',
      lengthBeyondFrame: 'drop',
      lengthTooShort: 'drop',
    }),
  ports: z.array(port),
});

export type AgentFile = z.infer<typeof AGENT_SCHEMA>;
