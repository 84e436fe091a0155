/** All that there is to see of an instance, as values of now. */
import { scaledNs, splitPrecise, type Instant } from '#units/time';
import { MESSAGE_TYPE, type MessageKind } from '#wire/ptp-header';
import type { InstanceDataSets } from '../bmca/update-data-sets.js';
import type { DefaultDS, PathTraceDS, PortDS } from '../data-sets.js';
import type { SourceStatus } from '../sanity/source-watch.js';
import type { InstanceClock } from './instance-clock.js';
import type { InstanceConfig, InstanceStatus, PortStatus, ServoStatus } from './instance-types.js';
import type { Port } from './port.js';
import { portOptionSets } from './port-option-sets.js';
import { whyOf } from './port-explanation.js';

export interface StatusParts {
  readonly config: InstanceConfig;
  readonly now: Instant;
  readonly defaultDS: DefaultDS;
  readonly dataSets: InstanceDataSets;
  readonly pathTrace: PathTraceDS;
  readonly ports: readonly Port[];
  readonly clock: InstanceClock;
  readonly sources: readonly SourceStatus[];
  readonly counters: Readonly<Record<string, number>>;
}

const VERSION = { number: 2, minor: 1 } as const;

export function instanceStatus(parts: StatusParts): InstanceStatus {
  const { defaultDS, dataSets, pathTrace, counters } = parts;
  return {
    defaultDS,
    currentDS: dataSets.currentDS,
    parentDS: dataSets.parentDS,
    timePropertiesDS: dataSets.timePropertiesDS,
    pathTraceDS: pathTrace,
    ports: parts.ports.map((port) => portStatus(port, parts)),
    servo: servoStatus(parts),
    sources: parts.sources,
    ptpTime: ptpTime(parts),
    counters,
  };
}

function ptpTime({ clock }: StatusParts): Instant | null {
  const time = clock.ptpTimeNow();
  return time === null ? null : splitPrecise(time).whole;
}

function portStatus(port: Port, { config, clock, now }: StatusParts): PortStatus {
  return {
    portDS: portDS(port),
    options: portOptionSets(port.config, port.desiredState, config.slaveMonitoring ?? null),
    since: port.since,
    why: whyOf(port, config, clock.status(), now),
    foreignMasters: port.announces.foreign.list(now).map((foreign) => ({
      foreignMasterPortIdentity: foreign.foreignMasterPortIdentity,
      foreignMasterAnnounceMessages: foreign.foreignMasterAnnounceMessages,
      qualified: foreign.qualified,
      grandmasterIdentity: foreign.announce.grandmasterIdentity,
      stepsRemoved: foreign.announce.stepsRemoved,
      priority1: foreign.announce.grandmasterPriority1,
      priority2: foreign.announce.grandmasterPriority2,
      clockClass: foreign.announce.grandmasterClockClass,
    })),
    grants: port.unicast.grants(),
    counters: { ...port.heard.counters(), ...refused(port), ...port.context.counters.all() },
  };
}

/** What the guard against floods refused, by message type. */
function refused({ guard, masterGuard }: Port): Record<string, number> {
  const kinds = Object.keys(MESSAGE_TYPE) as MessageKind[];
  const counts = kinds.map((kind) => {
    return [`refused:${kind}`, guard.refused(kind) + masterGuard.refused(kind)] as const;
  });
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

function portDS(port: Port): PortDS {
  const { config } = port;
  return {
    portIdentity: port.identity,
    portState: port.state,
    logMinDelayReqInterval: port.isFollowing
      ? port.slaveSide.logDelayReqInterval
      : config.logMinDelayReqInterval,
    meanLinkDelay: port.link.meanLinkDelay ?? scaledNs(0n),
    logAnnounceInterval: config.logAnnounceInterval,
    announceReceiptTimeout: config.announceReceiptTimeout,
    logSyncInterval: config.logSyncInterval,
    delayMechanism: config.delayMechanism,
    logMinPdelayReqInterval: config.logMinPdelayReqInterval,
    versionNumber: VERSION.number,
    minorVersionNumber: VERSION.minor,
    delayAsymmetry: config.delayAsymmetry,
    portEnable: config.portEnable,
    masterOnly: config.masterOnly,
    localPriority: config.localPriority,
    notSlave: config.masterOnly,
  };
}

function servoStatus({ clock, ports }: StatusParts): ServoStatus {
  const status = clock.status();
  const following = ports.find((port) => port.isFollowing);
  return {
    name: status.name,
    state: status.state,
    since: status.since,
    why: status.why,
    rate: status.rate,
    offsetNs: status.offsetNs,
    meanDelayNs: status.meanDelayNs,
    errorBoundNs: status.errorBound?.boundNs ?? null,
    asymmetryUpToNs: status.errorBound?.asymmetryUpToNs ?? null,
    errorBoundAssumptions: status.errorBound?.assumptions ?? [],
    port: following?.identity ?? null,
  };
}
