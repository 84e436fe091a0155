/** From the configuration file's words to a PTP instance: its profile, with what is said otherwise. */
import type { BoundaryPortSettings, BoundarySettings } from '#dataplane/settings';
import { TARGETS } from '#p4rt/targets/targets';
import type { AcceptableMaster } from '#ptp/data-sets';
import { leapAtEndOf, type LeapSecond } from '#ptp/leap';
import type { SlaveMonitoringConfig, SlaveMonitoringRule } from '#ptp/slave-monitoring';
import type { StationAddress, UnicastGrantLimits } from '#ptp/instance/instance-types';
import type {
  InstanceChoices,
  PortChoices,
  PortEncapsulation,
  ProfileResult,
  ResolvedProfile,
} from '#ptp/profiles/profile-choices';
import { resolveProfile } from '#ptp/profiles/resolve-profile';
import { profileNamed } from '#ptp/profiles/profiles';
import type { Profile, Transport } from '#ptp/profiles/profile';
import { parsePortIdentity } from '#units/clock-identity';
import { macAddress, macBits, parseMacAddress } from '#units/identity';
import { parseIpv4, parseIpv6 } from '#units/ip-address';
import { logInterval, nsOf, scaledFromNumber, type Nanoseconds } from '#units/time';
import type { AgentFile } from './config-schema.js';
import type { PortBoundaryFile } from './config-schema-instance.js';
import type { PortFile } from './config-schema-port.js';
import { UNKNOWN_MAC } from './ptp/neighbors.js';
import { groupAt, octetsOf } from './ptp/own-frames.js';

export type InstanceFile = NonNullable<AgentFile['instance']>;

/** Which of the file's ports are the instance's. */
export function isInstancePort(instance: InstanceFile, port: PortFile): boolean {
  const { domainNumber, sdoId } = instanceNumbers(instance);
  const named = port.instances.find(
    (other) => other.domainNumber === domainNumber && other.sdoId === sdoId,
  );
  return (named?.ptp ?? port.ptp) === 'boundary';
}

export function instanceNumbers(instance: InstanceFile): {
  readonly domainNumber: number;
  readonly sdoId: number;
} {
  const profile = profileOf(instance.profile);
  return {
    domainNumber: instance.domainNumber ?? profile.domainNumber.initial,
    sdoId: instance.sdoId ?? profile.sdoId,
  };
}

function profileOf(name: string): Profile {
  const profile = profileNamed(name);
  if (profile === null) throw new Error(`the schema let through the profile ${name}`);
  return profile;
}

/** The instance that the file describes, or all that its profile does not allow. */
export function resolveInstance(
  file: AgentFile,
  instance: InstanceFile,
  clockIdentity: bigint,
): ProfileResult {
  const { timestampResolution } = TARGETS[file.target.kind].capabilities;
  return resolveProfile({
    profile: instance.profile,
    clockIdentity,
    timestampResolution,
    instance: instanceChoices(instance, timestampResolution),
    ports: file.ports
      .filter((port) => isInstancePort(instance, port))
      .map((port) => portChoices(instance, port)),
  });
}

function instanceChoices(file: InstanceFile, timestampResolution: Nanoseconds): InstanceChoices {
  const { servo } = file;
  const { currentUtcOffset, ...timeProperties } = file.timeProperties;
  return {
    domainNumber: file.domainNumber,
    sdoId: file.sdoId,
    priority1: file.priority1,
    priority2: file.priority2,
    localPriority: file.localPriority,
    maxStepsRemoved: file.maxStepsRemoved,
    slaveOnly: file.slaveOnly,
    externalPortConfigurationEnabled: file.externalPortConfiguration,
    clockQuality: {
      clockClass: file.clockClass,
      clockAccuracy: file.clockAccuracy,
      offsetScaledLogVariance: file.offsetScaledLogVariance,
    },
    clockClassLadder: { freeRun: file.clockClass, holdoverSeconds: file.holdoverSeconds },
    timeProperties: { ...timeProperties, currentUtcOffsetSeconds: currentUtcOffset },
    pathTrace: file.pathTrace,
    maxForeignMasters: file.maxForeignMasters,
    discipline: {
      ...servo,
      lockThresholdNs: servo.lockThresholdNs ?? coarseLockThreshold(timestampResolution),
    },
    sanity: file.sanity,
    leapSecond: leapSecondOf(file),
    slaveMonitoring: slaveMonitoringOf(file),
    outsideProfile: file.outsideProfile,
  };
}

const DAY_MS = 86_400_000;

function leapSecondOf({ leapSecond }: InstanceFile): LeapSecond | null {
  if (leapSecond === undefined) return null;
  const day = Date.parse(leapSecond.endOf) / DAY_MS;
  return leapAtEndOf(day, leapSecond.second === 'inserted' ? 1 : -1, leapSecond.offsetBefore);
}

function slaveMonitoringOf({ slaveMonitoring }: InstanceFile): SlaveMonitoringConfig | null {
  if (slaveMonitoring === undefined) return null;
  const rule = (given: (typeof slaveMonitoring)['txEvents']): SlaveMonitoringRule => ({
    enable: given !== undefined,
    eventsPerTlv: given?.eventsPerTlv ?? 1,
    everyNth: given?.everyNth ?? 1,
  });
  return {
    rxSyncTiming: rule(slaveMonitoring.rxSyncTiming),
    rxSyncComputed: rule(slaveMonitoring.rxSyncComputed),
    txEvents: rule(slaveMonitoring.txEvents),
  };
}

/** What counts in microseconds takes them in user space too, and scatters by hundreds of them. */
const COARSE_LOCK_STEPS = 1_000;

/** Undefined: what nanoseconds have. */
function coarseLockThreshold(timestampResolution: Nanoseconds): number | undefined {
  const stepNs = Number(nsOf(timestampResolution));
  return stepNs > 1 ? stepNs * COARSE_LOCK_STEPS : undefined;
}

function portChoices(instance: InstanceFile, port: PortFile): PortChoices {
  const { timing, boundary: given } = port;
  return {
    number: port.number,
    profile: given.profile,
    transport: given.transport,
    group: given.group,
    messaging: given.messaging,
    delayMechanism: given.delayMechanism,
    step: given.step,
    logAnnounceInterval: given.logAnnounceInterval,
    logSyncInterval: given.logSyncInterval,
    logMinDelayReqInterval: given.logMinDelayReqInterval,
    logMinPdelayReqInterval: port.peerDelay.logInterval,
    announceReceiptTimeout: given.announceReceiptTimeout,
    syncReceiptTimeout: given.syncReceiptTimeout,
    localPriority: given.localPriority,
    masterOnly: given.masterOnly,
    portEnable: given.enabled,
    desiredState: given.desiredState === 'none' ? null : given.desiredState,
    ingressLatency: scaledFromNumber(timing.ingressLatencyNs),
    egressLatency: scaledFromNumber(timing.egressLatencyNs),
    delayAsymmetry: scaledFromNumber(timing.delayAsymmetryNs),
    unicastMasters: given.unicastMasters?.map((master) => ({
      address: stationOf(transportOf(instance, port), master),
      localPriority: master.localPriority,
    })),
    unicastDurationSeconds: given.unicastDurationSeconds,
    unicastQueryIntervalSeconds: given.unicastQuerySeconds,
    unicastGrants: grantsOf(given.unicastGrants),
    acceptableMasters: given.acceptableMasters?.map(acceptableMaster) ?? null,
    alternateMaster:
      given.alternateMaster === undefined
        ? null
        : {
            transmitAlternateMulticastSync: given.alternateMaster.sync,
            logAlternateMulticastSyncInterval: logInterval(given.alternateMaster.logSyncInterval),
          },
  };
}

function transportOf(instance: InstanceFile, { boundary }: PortFile): Transport {
  const profile = profileOf(boundary.profile ?? instance.profile);
  return boundary.transport ?? profile.transports[0].transport;
}

function stationOf(
  transport: Transport,
  { mac, ip }: NonNullable<PortBoundaryFile['unicastMasters']>[number],
): StationAddress {
  const octets = ip === undefined || transport === 'ethernet' ? null : octetsAt(transport, ip);
  return { transport, mac: mac === undefined ? UNKNOWN_MAC : macAddress(mac), ip: octets };
}

/** Undefined: what the profile says. */
function grantsOf(given: PortBoundaryFile['unicastGrants']): UnicastGrantLimits | null | undefined {
  if (given === undefined || given === 'none') return given === 'none' ? null : undefined;
  return {
    ...given,
    minLogAnnounceInterval: logInterval(given.minLogAnnounceInterval),
    minLogSyncInterval: logInterval(given.minLogSyncInterval),
    minLogDelayRespInterval: logInterval(given.minLogDelayRespInterval),
  };
}

function acceptableMaster(given: {
  readonly port: string;
  readonly alternatePriority1: number;
}): AcceptableMaster {
  const identity = parsePortIdentity(given.port);
  if (!identity.ok) throw new Error(`the schema let through: ${identity.error.message}`);
  return { acceptablePortIdentity: identity.value, alternatePriority1: given.alternatePriority1 };
}

export function boundarySettings(
  instance: InstanceFile,
  { profile, config, encapsulation }: ResolvedProfile,
): BoundarySettings {
  return {
    profile: profile.name,
    ptp4lLog: instance.ptp4lLog,
    instance: config,
    ports: new Map(encapsulation.map((port) => [port.number, addressing(port)])),
  };
}

function addressing({
  transport,
  group,
  peerDelay,
  tag,
  dscp,
}: PortEncapsulation): BoundaryPortSettings {
  const octets = octetsAt(transport, group.general);
  if (octets === null) throw new Error(`a profile sends ${transport} to ${group.general}`);
  return {
    transport,
    group: groupAt(transport, octets),
    convention: peerDelay.convention,
    tag: tag?.presence === 'required' ? { vlan: tag.vlan, priority: tag.priority } : null,
    dscp,
  };
}

/** Null: it is no address of the transport's. */
function octetsAt(transport: Transport, text: string): Uint8Array | null {
  switch (transport) {
    case 'ethernet': {
      const mac = parseMacAddress(text);
      return mac.ok ? octetsOf(macBits(mac.value), 6) : null;
    }
    case 'udp4': {
      const ip = parseIpv4(text);
      return ip.ok ? octetsOf(ip.value, 4) : null;
    }
    case 'udp6': {
      const ip = parseIpv6(text);
      return ip.ok ? octetsOf(ip.value, 16) : null;
    }
  }
}
