/**
 * A profile and what an operator said beside it → an instance's configuration, or all that is wrong
 * with it, each with a code and its place.
 */
import { logInterval, scaledNs } from '#units/time';
import type { DefaultDS } from '../data-sets.js';
import type {
  ClockClassLadder,
  InstanceConfig,
  PortConfig,
  UnicastGrantLimits,
} from '../instance/instance-types.js';
import { Problems } from './check-choices.js';
import {
  DEFAULT_DISCIPLINE,
  DEFAULT_MAX_FOREIGN_MASTERS,
  DEFAULT_SANITY,
  DEFAULT_TIME_PROPERTIES,
  defaultGrants,
} from './defaults.js';
import type { OwnAnnounceTlvs } from './profile-tlvs.js';
import { profileNamed, PROFILES } from './profiles.js';
import type { ClockKind, Messaging, Profile, ProfileTlv } from './profile.js';
import type {
  InstanceChoices,
  PortChoices,
  PortEncapsulation,
  ProfileRequest,
  ProfileResult,
} from './profile-choices.js';

const NO_ANNOUNCE_TLVS: OwnAnnounceTlvs = {
  powerGrandmasterId: 0,
  timeInaccuracyNs: null,
  alternateTimeOffsets: [],
};

/** Pure and total: every request gives a configuration or at least one error. */
export function resolveProfile(request: ProfileRequest): ProfileResult {
  const profile = profileNamed(request.profile);
  if (profile === null) {
    const known = PROFILES.map(({ name }) => name).join(', ');
    const message = `there is no profile '${request.profile}'; there are ${known}`;
    return { ok: false, errors: [{ code: 'unknown-profile', path: ['profile'], message }] };
  }
  const problems = new Problems(profile, request.instance.outsideProfile ?? false);
  checkShape(profile, request, problems);
  // The instance's problems are told before those of its ports.
  const configs: PortConfig[] = [];
  const config = resolveInstance(profile, request, configs, problems);
  const ports = request.ports.map((port) => resolvePort(profile, port, problems));
  configs.push(...ports.map(({ port }) => port));
  if (problems.found.length > 0) return { ok: false, errors: problems.found };
  return {
    ok: true,
    value: {
      profile,
      config,
      encapsulation: ports.map(({ encapsulation }) => encapsulation),
      tlvs: config.tlvs,
    },
  };
}

/** Which kind of clock these ports make. */
function clockKind(request: ProfileRequest): ClockKind {
  if (request.instance.slaveOnly === true) return 'slave';
  const mayBeSlave = request.ports.some((port) => port.masterOnly !== true);
  return request.ports.length > 1 && mayBeSlave ? 'boundary' : 'grandmaster';
}

function checkShape(profile: Profile, request: ProfileRequest, problems: Problems): void {
  if (request.ports.length === 0) {
    problems.add('no-ports', ['ports'], 'an instance has at least one port');
    return;
  }
  const seen = new Set<number>();
  for (const { number } of request.ports) {
    if (seen.has(number)) {
      problems.add('duplicate-port', ['ports', number], `port ${number} is there twice`);
    }
    seen.add(number);
  }
  const kind = clockKind(request);
  if (!profile.clockKinds.includes(kind) && !problems.outsideProfile) {
    const known = profile.clockKinds.join(', ');
    const message = `${profile.title} has no ${kind} clock; it has: ${known}`;
    problems.add('clock-kind-not-in-profile', ['ports'], message);
  }
}

function resolveInstance(
  profile: Profile,
  request: ProfileRequest,
  ports: readonly PortConfig[],
  problems: Problems,
): Omit<InstanceConfig, 'tlvs'> & { readonly tlvs: readonly ProfileTlv[] } {
  const { instance } = request;
  const pathTrace = resolvePathTrace(profile, instance.pathTrace, problems);
  return {
    defaultDS: resolveDefaultDS(profile, request, problems),
    timePropertiesDS: overlay(DEFAULT_TIME_PROPERTIES, instance.timeProperties),
    comparison: problems.same('comparison', instance.comparison, profile.comparison),
    pathTrace,
    maxForeignMasters: problems.bounded(
      'maxForeignMasters',
      instance.maxForeignMasters ?? DEFAULT_MAX_FOREIGN_MASTERS,
    ),
    clockClassLadder: resolveLadder(profile, instance),
    discipline: overlay(
      { ...DEFAULT_DISCIPLINE, timestampResolution: request.timestampResolution },
      instance.discipline,
    ),
    sanity: overlay(DEFAULT_SANITY, instance.sanity),
    tlvs: tlvsOf(profile, pathTrace, instance.announceTlvs !== undefined),
    announceTlvs: overlay(NO_ANNOUNCE_TLVS, instance.announceTlvs),
    leapSecond: instance.leapSecond ?? null,
    slaveMonitoring: instance.slaveMonitoring ?? null,
    ports,
  };
}

function resolveDefaultDS(
  profile: Profile,
  request: ProfileRequest,
  problems: Problems,
): Omit<DefaultDS, 'numberPorts'> {
  const { instance } = request;
  const slaveOnly = instance.slaveOnly ?? false;
  const { freeRun } = profile.clockClassLadder;
  const clockClass = slaveOnly
    ? profile.slaveOnlyClass
    : problems.clockClass(instance.clockQuality?.clockClass ?? freeRun);
  return {
    clockIdentity: request.clockIdentity,
    clockQuality: { ...overlay(profile.clockQuality, instance.clockQuality), clockClass },
    priority1: problems.ranged('priority1', instance.priority1, profile.priority1),
    priority2: problems.ranged('priority2', instance.priority2, profile.priority2),
    domainNumber: problems.ranged('domainNumber', instance.domainNumber, profile.domainNumber),
    sdoId: problems.same('sdoId', instance.sdoId, profile.sdoId),
    slaveOnly,
    instanceEnable: true,
    externalPortConfigurationEnabled: instance.externalPortConfigurationEnabled ?? false,
    maxStepsRemoved: problems.ranged(
      'maxStepsRemoved',
      instance.maxStepsRemoved,
      profile.maxStepsRemoved,
    ),
    localPriority: problems.ranged('localPriority', instance.localPriority, profile.localPriority),
  };
}

/** A clockClass that was chosen is what the clock has whenever it is on its own. */
function resolveLadder(profile: Profile, instance: InstanceChoices): ClockClassLadder {
  const chosen =
    instance.slaveOnly === true ? profile.slaveOnlyClass : instance.clockQuality?.clockClass;
  const ladder = overlay(profile.clockClassLadder, { freeRun: chosen });
  return overlay(ladder, instance.clockClassLadder);
}

function resolvePathTrace(
  profile: Profile,
  wanted: boolean | undefined,
  problems: Problems,
): boolean {
  const rule = profile.tlvs.pathTrace;
  const given = wanted ?? rule === 'required';
  if (given === (rule === 'required') || rule === 'optional' || problems.outsideProfile) {
    return given;
  }
  const message = `${profile.title} ${given ? 'has no path trace' : 'cannot do without path trace'}`;
  problems.add('not-in-profile', ['instance', 'pathTrace'], message);
  return given;
}

function resolvePort(
  instanceProfile: Profile,
  choices: PortChoices,
  problems: Problems,
): { readonly port: PortConfig; readonly encapsulation: PortEncapsulation } {
  const profile = portProfile(instanceProfile, choices, problems);
  const at = problems.ofPort(choices.number, profile);
  const { intervals } = profile;
  const transport = at.chosen(
    'transport',
    choices.transport,
    profile.transports.map(({ transport }) => transport),
  );
  const messaging = at.chosen('messaging', choices.messaging, profile.messaging);
  const interval = (name: keyof typeof intervals) =>
    logInterval(at.ranged(name, choices[name], intervals[name]));
  const port: PortConfig = {
    number: at.bounded('number', choices.number),
    delayMechanism: at.chosen('delayMechanism', choices.delayMechanism, profile.delayMechanisms),
    logAnnounceInterval: interval('logAnnounceInterval'),
    announceReceiptTimeout: at.ranged(
      'announceReceiptTimeout',
      choices.announceReceiptTimeout,
      profile.announceReceiptTimeout,
    ),
    logSyncInterval: interval('logSyncInterval'),
    syncReceiptTimeout: at.ranged(
      'syncReceiptTimeout',
      choices.syncReceiptTimeout,
      profile.syncReceiptTimeout,
    ),
    logMinDelayReqInterval: interval('logMinDelayReqInterval'),
    logMinPdelayReqInterval: interval('logMinPdelayReqInterval'),
    step: at.chosen('step', choices.step, profile.steps),
    masterOnly: choices.masterOnly ?? false,
    portEnable: choices.portEnable ?? true,
    localPriority: at.ranged('localPriority', choices.localPriority, profile.localPriority),
    desiredState: choices.desiredState ?? null,
    ingressLatency: choices.ingressLatency ?? scaledNs(0n),
    egressLatency: choices.egressLatency ?? scaledNs(0n),
    delayAsymmetry: choices.delayAsymmetry ?? scaledNs(0n),
    delayReq: messaging === 'multicast' ? 'multicast' : 'unicast',
    unicastMasters: choices.unicastMasters ?? [],
    unicastQueryIntervalSeconds: at.bounded(
      'unicastQueryIntervalSeconds',
      choices.unicastQueryIntervalSeconds ?? profile.unicast?.queryIntervalSeconds ?? 1,
    ),
    unicastGrants: grantsOf(profile, choices, messaging),
    acceptableMasters: choices.acceptableMasters ?? null,
    alternateMaster: choices.alternateMaster ?? null,
    multicast: messaging !== 'unicast',
    requiresAsCapable: profile.peerDelay.requiresAsCapable,
  };
  const encapsulation: PortEncapsulation = {
    number: choices.number,
    transport,
    group: at.group(transport, choices.group),
    messaging,
    tag: profile.tag,
    dscp: profile.dscp,
    unicastDurationSeconds: at.unicastDuration(choices.unicastDurationSeconds),
    peerDelay: profile.peerDelay,
  };
  return { port, encapsulation };
}

/** Where messages are unicast a master grants by itself; elsewhere it has to be told to. */
function grantsOf(
  profile: Profile,
  { unicastGrants }: PortChoices,
  messaging: Messaging,
): UnicastGrantLimits | null {
  if (unicastGrants !== undefined) return unicastGrants;
  return messaging === 'unicast' ? defaultGrants(profile) : null;
}

/** The port's own profile, if it has one that goes with the instance's. */
function portProfile(instance: Profile, choices: PortChoices, problems: Problems): Profile {
  if (choices.profile === undefined || choices.profile === instance.name) return instance;
  const own = profileNamed(choices.profile);
  const path = ['ports', choices.number, 'profile'];
  if (own === null) {
    problems.add('unknown-profile', path, `there is no profile '${choices.profile}'`);
    return instance;
  }
  if (own.sdoId !== instance.sdoId || own.comparison !== instance.comparison) {
    const what = own.sdoId === instance.sdoId ? 'another comparison' : 'another sdoId';
    const message = `${own.title} has ${what} than ${instance.title}: give it an instance of its own`;
    problems.add('port-profile-differs', path, message);
  }
  return own;
}

/** Those that are always there, path trace if it is wanted, and local times if somebody gave some. */
function tlvsOf(
  profile: Profile,
  pathTrace: boolean,
  hasAnnounceTlvs: boolean,
): readonly ProfileTlv[] {
  return (Object.keys(profile.tlvs) as ProfileTlv[]).filter((tlv) => {
    if (tlv === 'pathTrace') return pathTrace;
    const isOptional = tlv === 'alternateTimeOffset' && hasAnnounceTlvs;
    return profile.tlvs[tlv] === 'required' || isOptional;
  });
}

/** `base` with what is given of `over`. */
function overlay<T extends object>(
  base: T,
  over: { readonly [Key in keyof T]?: T[Key] | undefined } | undefined,
): T {
  const given = Object.entries(over ?? {}).filter(([, value]) => value !== undefined);
  return given.length === 0 ? base : { ...base, ...Object.fromEntries(given) };
}
