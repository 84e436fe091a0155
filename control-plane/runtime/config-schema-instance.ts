/**
 * The shape of a boundary clock in the agent's configuration file: one instance, and what its ports do
 * otherwise. What is not given is as the profile says, so hardly a key has a default here.
 */
import { z } from 'zod';
import { PROFILES } from '#ptp/profiles/profiles';
import { parsePortIdentity } from '#units/clock-identity';
import { isGroupAddress, parseMacAddress } from '#units/identity';
import { parseIpv4, parseIpv6 } from '#units/ip-address';
import { integer, leaf, oneOf, text, yesOrNo } from './config-leaves.js';

const SECOND_NS = 1_000_000_000;

const timeProperties = z.strictObject({
  currentUtcOffset: integer(-32_768, 32_767).optional(),
  currentUtcOffsetValid: yesOrNo().optional(),
  leap59: yesOrNo().optional(),
  leap61: yesOrNo().optional(),
  timeTraceable: yesOrNo().optional(),
  frequencyTraceable: yesOrNo().optional(),
  /** Off: on our own we begin from the system clock, which is UTC. */
  ptpTimescale: yesOrNo().default(false),
  timeSource: integer(0, 255).optional(),
});

const servo = z.strictObject({
  servo: oneOf(['pi', 'linear-regression', 'kalman'] as const).optional(),
  firstStepThresholdNs: integer(0, SECOND_NS * 1_000).optional(),
  stepThresholdNs: integer(0, SECOND_NS * 1_000).optional(),
  maxFrequencyPpb: integer(1, 900_000).optional(),
  delayFilter: oneOf(['moving-median', 'minimum', 'weighted'] as const).optional(),
  delayFilterLength: integer(1, 1_000).optional(),
  lockThresholdNs: integer(1, SECOND_NS).optional(),
});

const sanity = z.strictObject({
  jumpLimitNs: integer(1, SECOND_NS * 1_000).optional(),
  policy: oneOf(['reject', 'quarantine', 'follow'] as const).optional(),
  quarantineSeconds: integer(1, 86_400).optional(),
});

const rule = z.strictObject({
  eventsPerTlv: integer(1, 32).default(1),
  everyNth: integer(1, 65_535).default(1),
});

/** What slave ports tell of their Syncs in Signaling messages; what is not named is not told. */
const slaveMonitoring = z.strictObject({
  rxSyncTiming: rule.optional(),
  rxSyncComputed: rule.optional(),
  txEvents: rule.optional(),
});

const leapSecond = z.strictObject({
  /** The UTC day at whose end it is. */
  endOf: text(
    (value) => /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)),
    'a day such as "2030-06-30"',
  ),
  second: oneOf(['inserted', 'deleted'] as const),
  /** currentUtcOffset of that day. */
  offsetBefore: integer(-32_768, 32_767),
});

const devicePath = text((value) => value.startsWith('/'), 'an absolute path such as "/dev/ptp0"');

/** Other clocks that follow PTP time. */
const follower = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('system') }),
  z.strictObject({ kind: z.literal('phc'), path: devicePath }),
  z.strictObject({ kind: z.literal('chrony-sock'), path: devicePath }),
  z.strictObject({ kind: z.literal('chrony-shm'), unit: integer(0, 255) }),
]);

const PROFILE_NAMES = PROFILES.map(({ name }) => name);

export const INSTANCE_SCHEMA = {
  profile: oneOf(PROFILE_NAMES).default('default-e2e'),
  domainNumber: integer(0, 255).optional(),
  sdoId: integer(0, 0xfff).optional(),
  priority1: integer(0, 255).optional(),
  priority2: integer(0, 255).optional(),
  localPriority: integer(1, 255).optional(),
  clockClass: integer(0, 255).optional(),
  clockAccuracy: integer(0, 255).optional(),
  offsetScaledLogVariance: integer(0, 0xffff).optional(),
  slaveOnly: yesOrNo().default(false),
  externalPortConfiguration: yesOrNo().default(false),
  maxStepsRemoved: integer(1, 255).optional(),
  pathTrace: yesOrNo().optional(),
  maxForeignMasters: integer(5, 1_024).optional(),
  holdoverSeconds: integer(0, 10_000_000).optional(),
  timeProperties: timeProperties.prefault({}),
  leapSecond: leapSecond.optional(),
  slaveMonitoring: slaveMonitoring.optional(),
  followers: z.array(follower).default([]),
  servo: servo.prefault({}),
  sanity: sanity.prefault({}),
  /** Values that the profile does not allow are taken, if the standard has them at all. */
  outsideProfile: yesOrNo().default(false),
  ptp4lLog: yesOrNo().default(false),
} as const;

const portIdentity = text(
  (value) => parsePortIdentity(value).ok,
  'a port identity such as "001122fffe334455-1"',
);

function isStation(value: string): boolean {
  const mac = parseMacAddress(value);
  return mac.ok && !isGroupAddress(mac.value);
}

const unicastMaster = z.strictObject({
  /** Over UDP it is found out, unless the master is behind a router: then the router's. */
  mac: text(isStation, 'a station\'s MAC address such as "02:00:00:00:00:01"').optional(),
  ip: text(
    (value) => parseIpv4(value).ok || parseIpv6(value).ok,
    'an IP address such as "192.0.2.1"',
  ).optional(),
  localPriority: integer(1, 255).default(128),
});

const grants = z.strictObject({
  maxGrants: integer(1, 65_536).default(1_024),
  maxMessagesPerSecond: integer(1, 1_000_000).default(65_536),
  maxDurationSeconds: integer(10, 86_400).default(1_000),
  minLogAnnounceInterval: integer(-7, 7).default(-3),
  minLogSyncInterval: integer(-7, 7).default(-7),
  minLogDelayRespInterval: integer(-7, 7).default(-7),
});

const DESIRED = ['master', 'passive', 'slave', 'uncalibrated', 'none'] as const;

export const PORT_BOUNDARY_SCHEMA = z.strictObject({
  profile: oneOf(PROFILE_NAMES).optional(),
  transport: oneOf(['ethernet', 'udp4', 'udp6'] as const).optional(),
  /** One of the profile's, where it leaves a choice. */
  group: text((value) => value !== '', 'a group address of the profile').optional(),
  delayMechanism: oneOf(['e2e', 'p2p', 'none'] as const).optional(),
  step: oneOf(['one', 'two'] as const).optional(),
  logAnnounceInterval: integer(-7, 7).optional(),
  announceReceiptTimeout: integer(2, 255).optional(),
  logSyncInterval: integer(-7, 7).optional(),
  syncReceiptTimeout: integer(0, 255).optional(),
  logMinDelayReqInterval: integer(-7, 7).optional(),
  enabled: yesOrNo().optional(),
  masterOnly: yesOrNo().optional(),
  localPriority: integer(1, 255).optional(),
  desiredState: oneOf(DESIRED).optional(),
  messaging: oneOf(['multicast', 'hybrid', 'unicast'] as const).optional(),
  unicastMasters: z.array(unicastMaster).optional(),
  unicastDurationSeconds: integer(1, 86_400).optional(),
  unicastQuerySeconds: integer(1, 3_600).optional(),
  unicastGrants: z.union([leaf<'none'>((value) => value === 'none', '"none"'), grants]).optional(),
  /** What a PASSIVE port tells as an alternate master. */
  alternateMaster: z
    .strictObject({ sync: yesOrNo().default(false), logSyncInterval: integer(-7, 7).default(0) })
    .optional(),
  acceptableMasters: z
    .array(z.strictObject({ port: portIdentity, alternatePriority1: integer(0, 255).default(0) }))
    .optional(),
});

export type PortBoundaryFile = z.infer<typeof PORT_BOUNDARY_SCHEMA>;
