/** The shape of one port in the agent's configuration file. */
import { z } from 'zod';
import { PTP_MODE, type PtpMode } from '#dataplane/program';
import { parsePortIdentity } from '#units/clock-identity';
import { isGroupAddress, MAX_PORT_NUMBER, MAX_VLAN_ID, parseMacAddress } from '#units/identity';
import { parseIpv4, parseIpv6 } from '#units/ip-address';
import { PORT_BOUNDARY_SCHEMA } from './config-schema-instance.js';
import {
  integer,
  integerOrNone,
  leaf,
  mappingOrNone,
  oneOf,
  text,
  yesOrNo,
} from './config-leaves.js';

const MAX_TIMING_NS = 1_000_000_000;

function nanoseconds(low: number) {
  return leaf<number>(
    (value) => typeof value === 'number' && value >= low && value <= MAX_TIMING_NS,
    `a number of nanoseconds from ${low} to ${MAX_TIMING_NS}, fractions allowed`,
  );
}

const vlan = integer(1, MAX_VLAN_ID);

const nativeVlan = leaf<number | 'none'>(
  (value) =>
    value === 'none' ||
    (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_VLAN_ID),
  `a VLAN from 1 to ${MAX_VLAN_ID}, or "none"`,
  ['none'],
);

const ptpMode = oneOf(Object.keys(PTP_MODE) as PtpMode[]);

const step = oneOf(['one', 'two'] as const);

function isStationAddress(value: string): boolean {
  const mac = parseMacAddress(value);
  return mac.ok && !isGroupAddress(mac.value);
}

const instance = z.strictObject({
  domainNumber: integer(0, 255),
  sdoId: integer(0, 0xfff).default(0),
  ptp: ptpMode,
});

const timing = z.strictObject({
  ingressLatencyNs: nanoseconds(0).default(0),
  egressLatencyNs: nanoseconds(0).default(0),
  delayAsymmetryNs: nanoseconds(-MAX_TIMING_NS).default(0),
  residenceLimitMs: integer(0, 60_000).default(0),
});

const peerDelay = z.strictObject({
  /** Not given: whether the port is peer-to-peer for some instance. */
  enabled: yesOrNo().optional(),
  /** Not given: the boundary clock's, or else Ethernet. */
  transport: oneOf(['ethernet', 'udp4', 'udp6'] as const).optional(),
  /** Not given: the boundary clock's profile's, or else 0. */
  logInterval: integer(-7, 5).optional(),
  responder: step.default('two'),
  /** Not given: the boundary clock's profile's, or else IEEE 1588's. */
  convention: oneOf(['ieee1588', 'ieee8021as'] as const).optional(),
  neighborPropDelayThreshNs: integer(0, MAX_TIMING_NS).default(800),
  allowedLostResponses: integer(1, 255).default(9),
  filterLength: integer(1, 100).default(10),
});

const address = z.strictObject({
  mac: text(
    (value) => value === 'auto' || isStationAddress(value),
    'a station\'s MAC address such as "02:00:00:00:00:01", or "auto"',
  ).default('auto'),
  ipv4: text((value) => parseIpv4(value).ok, 'an IPv4 address such as "192.0.2.1"').default(
    '0.0.0.0',
  ),
  ipv6: text((value) => parseIpv6(value).ok, 'an IPv6 address such as "2001:db8::1"').default('::'),
});

const master = text(
  (value) => parsePortIdentity(value).ok,
  'a port identity such as "001122fffe334455-1"',
);

export const PORT_SCHEMA = z.strictObject({
  number: integer(1, MAX_PORT_NUMBER),
  name: text(
    (value) => /^[\w.-]{1,32}$/.test(value),
    'a name of 1 to 32 letters, digits, ".", "_" or "-"',
  ),
  ptp: ptpMode,
  step: step.default('one'),
  ptpPriority: integer(0, 7).default(0),
  instances: z.array(instance).default([]),
  timing: timing.prefault({}),
  peerDelay: peerDelay.prefault({}),
  address: address.prefault({}),
  acceptMasters: z.array(master).default([]),
  marking: z
    .strictObject({
      pcp: integerOrNone(0, 7).default('none'),
      dscp: integerOrNone(0, 63).default('none'),
    })
    .prefault({}),
  puntLimit: z
    .strictObject({
      perSecond: integer(1, 1_000_000).default(256),
      burst: integer(1, 1_000_000).default(64),
    })
    .prefault({}),
  delayResponder: mappingOrNone({
    logMinDelayReqInterval: integer(-7, 7).default(0),
  }).default(null),
  boundary: PORT_BOUNDARY_SCHEMA.prefault({}),
  vlan: z
    .strictObject({ native: nativeVlan.default(1), tagged: z.array(vlan).default([]) })
    .prefault({}),
});

export type PortFile = z.infer<typeof PORT_SCHEMA>;
