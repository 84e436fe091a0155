/**
 * Holds a profile against figures that are written down a second time, by the standard's text: what is
 * said of nothing, what is taken, and what is refused with which code.
 */
import { describe, expect, it } from 'vitest';
import { logIntervalValue, nanoseconds } from '#units/time';
import type { DelayMechanism } from '#ptp/data-sets';
import type { Comparison } from '#ptp/instance/instance-types';
import type {
  InstanceChoices,
  PortChoices,
  ProfileRequest,
  ResolvedProfile,
} from '#ptp/profiles/profile-choices';
import type { Messaging, ProfileName, ProfileTlv, TagRule, Transport } from '#ptp/profiles/profile';
import { profileNamed } from '#ptp/profiles/profiles';
import { resolveProfile } from '#ptp/profiles/resolve-profile';
import { speaks } from './speaking.js';

/** Initial value, lowest, highest; or a value that is fixed. */
export type Figure = number | readonly [initial: number, low: number, high: number];

export interface Expectation {
  readonly profile: ProfileName;
  readonly profileIdentity: string | null;
  readonly sdoId?: number;
  readonly domainNumber: Figure;
  /** By transport, the groups for all but peer delay; the first is used unless another is chosen. */
  readonly transports: Readonly<Partial<Record<Transport, readonly string[]>>>;
  readonly messaging: readonly Messaging[];
  readonly tag?: TagRule;
  readonly dscp?: number;
  readonly delayMechanisms: readonly DelayMechanism[];
  readonly announce: Figure;
  readonly sync: Figure;
  readonly delayReq?: Figure;
  readonly pdelayReq?: Figure;
  readonly announceReceiptTimeout: Figure;
  readonly syncReceiptTimeout?: number;
  readonly comparison: Comparison;
  readonly priority1?: Figure;
  readonly priority2?: Figure;
  readonly localPriority?: Figure;
  readonly offsetScaledLogVariance?: number;
  /** Free-running, in holdover within and beyond specification. */
  readonly ladder: readonly [number, number, number];
  readonly grandmasterClasses: readonly number[];
  /** Always there. */
  readonly tlvs: readonly ProfileTlv[];
  /** May be there: path trace is the one that can be chosen. */
  readonly mayTracePath?: boolean;
  readonly unicastDurationSeconds?: Figure;
  readonly peerDelay?: {
    readonly convention: 'ieee1588' | 'ieee8021as';
    readonly limitNs?: number;
  };
  /** Kinds of clock that it does not know. */
  readonly without?: readonly ('boundary' | 'grandmaster' | 'slave')[];
}

const ALL_TRANSPORTS: readonly Transport[] = ['ethernet', 'udp4', 'udp6'];
const ALL_MECHANISMS: readonly DelayMechanism[] = ['e2e', 'p2p', 'none'];
const ALL_MESSAGING: readonly Messaging[] = ['multicast', 'hybrid', 'unicast'];
const CLOCK_IDENTITY = 0x001122fffe334455n;

type InstanceFigure = 'domainNumber' | 'priority1' | 'priority2' | 'localPriority';
type PortFigure =
  | 'logAnnounceInterval'
  | 'logSyncInterval'
  | 'logMinDelayReqInterval'
  | 'logMinPdelayReqInterval'
  | 'announceReceiptTimeout'
  | 'localPriority'
  | 'unicastDurationSeconds';

class Resolver {
  readonly #expected: Expectation;

  constructor(expected: Expectation) {
    this.#expected = expected;
  }

  request(instance: InstanceChoices, port: Omit<PortChoices, 'number'>): ProfileRequest {
    const isBoundary = this.#expected.without?.includes('boundary') !== true;
    const ports = isBoundary ? [{ ...port, number: 1 }, { number: 2 }] : [{ ...port, number: 1 }];
    return {
      profile: this.#expected.profile,
      clockIdentity: CLOCK_IDENTITY,
      timestampResolution: nanoseconds(1n),
      instance,
      ports,
    };
  }

  resolved(instance: InstanceChoices = {}, port: Omit<PortChoices, 'number'> = {}) {
    const result = resolveProfile(this.request(instance, port));
    if (!result.ok) throw new Error(result.errors.map(({ message }) => message).join('\n'));
    return result.value;
  }

  /** Codes and the last part of each path. */
  refusal(instance: InstanceChoices, port: Omit<PortChoices, 'number'> = {}) {
    const result = resolveProfile(this.request(instance, port));
    return result.ok ? [] : result.errors.map(({ code, path }) => [code, path.at(-1)]);
  }

  /** The range of one figure, held by its ends. */
  holds(
    figure: Figure,
    name: string,
    choose: (value: number) => [InstanceChoices, PortPart],
  ): void {
    const [, low, high] = asRange(figure);
    for (const value of [low, high]) expect(this.refusal(...choose(value)), name).toEqual([]);
    for (const value of [low - 1, high + 1]) {
      const refusal = this.refusal(...choose(value));
      expect(
        [[['outside-profile', name]], [['bad-value', name]]],
        `${name} ${value}`,
      ).toContainEqual(refusal);
    }
  }

  instanceFigure(name: InstanceFigure, figure: Figure): void {
    expect(this.resolved().config.defaultDS[name], name).toBe(asRange(figure)[0]);
    this.holds(figure, name, (value) => [{ [name]: value }, {}]);
  }

  portFigure(name: PortFigure, figure: Figure): void {
    expect(portValue(this.resolved(), name), name).toBe(asRange(figure)[0]);
    this.holds(figure, name, (value) => [{}, { [name]: value }]);
  }
}

type PortPart = Omit<PortChoices, 'number'>;

function asRange(figure: Figure): readonly [number, number, number] {
  return typeof figure === 'number' ? [figure, figure, figure] : figure;
}

function portValue({ config, encapsulation }: ResolvedProfile, name: PortFigure): number {
  const port = config.ports[0];
  const unicast = encapsulation[0];
  if (port === undefined || unicast === undefined) throw new Error('no port');
  if (name === 'unicastDurationSeconds') return unicast.unicastDurationSeconds;
  if (name === 'announceReceiptTimeout' || name === 'localPriority') return port[name];
  return logIntervalValue(port[name]);
}

export function conforms(expected: Expectation): void {
  describe(`the profile ${expected.profile}`, () => {
    const resolver = new Resolver(expected);
    describeMessages(expected, resolver);
    describeElection(expected, resolver);
    speaks(expected);
  });
}

function describeMessages(expected: Expectation, resolver: Resolver): void {
  it('has its own identity', () => {
    expect(profileNamed(expected.profile)?.profileIdentity).toBe(expected.profileIdentity);
  });

  it('is in its domains', () => {
    expect(resolver.resolved().config.defaultDS.sdoId).toBe(expected.sdoId ?? 0);
    resolver.instanceFigure('domainNumber', expected.domainNumber);
  });

  it('sends at its intervals', () => {
    resolver.portFigure('logAnnounceInterval', expected.announce);
    resolver.portFigure('logSyncInterval', expected.sync);
    if (expected.delayReq !== undefined) {
      resolver.portFigure('logMinDelayReqInterval', expected.delayReq);
    }
    if (expected.pdelayReq !== undefined) {
      resolver.portFigure('logMinPdelayReqInterval', expected.pdelayReq);
    }
  });

  it('waits as long as it says', () => {
    resolver.portFigure('announceReceiptTimeout', expected.announceReceiptTimeout);
    const { config } = resolver.resolved();
    expect(config.ports[0]?.syncReceiptTimeout).toBe(expected.syncReceiptTimeout ?? 0);
  });

  it('goes over its transports to its groups', () => {
    const names = Object.keys(expected.transports) as Transport[];
    expect(resolver.resolved().encapsulation[0]?.transport).toBe(names[0]);
    for (const transport of ALL_TRANSPORTS) {
      const groups = expected.transports[transport];
      if (groups === undefined) {
        expect(resolver.refusal({}, { transport })).toEqual([['not-in-profile', 'transport']]);
        continue;
      }
      const chosen = resolver.resolved({}, { transport }).encapsulation[0];
      expect(chosen).toMatchObject({ transport, group: { general: groups[0] } });
      for (const group of groups) expect(resolver.refusal({}, { transport, group })).toEqual([]);
    }
    expect(resolver.refusal({}, { group: '02:00:00:00:00:01' })).toEqual([
      ['not-in-profile', 'group'],
    ]);
  });

  it('marks its messages as it says', () => {
    const [encapsulation] = resolver.resolved().encapsulation;
    expect(encapsulation?.tag).toEqual(expected.tag ?? null);
    expect(encapsulation?.dscp).toBe(expected.dscp ?? null);
  });

  it('measures delay as it says', () => {
    const first = resolver.resolved().config.ports[0];
    expect(first?.delayMechanism).toBe(expected.delayMechanisms[0]);
    for (const delayMechanism of ALL_MECHANISMS) {
      const isKnown = expected.delayMechanisms.includes(delayMechanism);
      expect(resolver.refusal({}, { delayMechanism }), delayMechanism).toEqual(
        isKnown ? [] : [['not-in-profile', 'delayMechanism']],
      );
    }
    const { convention = 'ieee1588', limitNs = null } = expected.peerDelay ?? {};
    expect(resolver.resolved().encapsulation[0]?.peerDelay).toMatchObject({
      convention,
      neighborPropDelayThreshNs: limitNs,
    });
    expect(first?.requiresAsCapable).toBe(limitNs !== null);
  });

  it('speaks to all or to one', () => {
    expect(resolver.resolved().encapsulation[0]?.messaging).toBe(expected.messaging[0]);
    for (const messaging of ALL_MESSAGING) {
      const isKnown = expected.messaging.includes(messaging);
      expect(resolver.refusal({}, { messaging }), messaging).toEqual(
        isKnown ? [] : [['not-in-profile', 'messaging']],
      );
    }
    const wanted = expected.unicastDurationSeconds;
    if (wanted !== undefined) resolver.portFigure('unicastDurationSeconds', wanted);
    const grants = resolver.resolved().config.ports[0]?.unicastGrants;
    if (expected.messaging[0] !== 'unicast') expect(grants).toBeNull();
    else {
      expect(grants).toMatchObject({ maxDurationSeconds: asRange(wanted ?? 0)[2] });
      expect(grants && logIntervalValue(grants.minLogSyncInterval)).toBe(asRange(expected.sync)[1]);
    }
  });

  it('is one-step or two-step, two unless told', () => {
    expect(resolver.resolved().config.ports[0]?.step).toBe('two');
    expect(resolver.resolved({}, { step: 'one' }).config.ports[0]?.step).toBe('one');
  });
}

function describeElection(expected: Expectation, resolver: Resolver): void {
  it('elects as it says', () => {
    expect(resolver.resolved().config.comparison).toBe(expected.comparison);
    const others = (['ieee1588', 'g8275', 'ieee8021as'] as const).filter(
      (comparison) => comparison !== expected.comparison,
    );
    for (const comparison of others) {
      expect(resolver.refusal({ comparison })).toEqual([['outside-profile', 'comparison']]);
    }
    resolver.instanceFigure('priority1', expected.priority1 ?? [128, 0, 255]);
    resolver.instanceFigure('priority2', expected.priority2 ?? [128, 0, 255]);
    resolver.instanceFigure('localPriority', expected.localPriority ?? 128);
    resolver.portFigure('localPriority', expected.localPriority ?? 128);
  });

  it('tells what its clock is worth', () => {
    const [freeRun, within, beyond] = expected.ladder;
    const { config } = resolver.resolved();
    expect(config.defaultDS.clockQuality).toEqual({
      clockClass: freeRun,
      clockAccuracy: 0xfe,
      offsetScaledLogVariance: expected.offsetScaledLogVariance ?? 0xffff,
    });
    expect(config.clockClassLadder).toMatchObject({
      freeRun,
      holdoverInSpecification: within,
      holdoverOutOfSpecification: beyond,
    });
    const known = new Set([...expected.grandmasterClasses, freeRun]);
    for (let clockClass = 0; clockClass <= 255; clockClass += 1) {
      expect(resolver.refusal({ clockQuality: { clockClass } }), `${clockClass}`).toEqual(
        known.has(clockClass) ? [] : [['outside-profile', 'clockClass']],
      );
    }
  });

  it('has its kinds of clock', () => {
    const two = { ...resolver.request({}, {}), ports: [{ number: 1 }, { number: 2 }] };
    const kinds = {
      boundary: two,
      grandmaster: { ...two, ports: [{ number: 1 }] },
      slave: { ...two, instance: { slaveOnly: true }, ports: [{ number: 1 }] },
    };
    for (const [kind, request] of Object.entries(kinds)) {
      const isKnown = expected.without?.includes(kind as keyof typeof kinds) !== true;
      const result = resolveProfile(request);
      expect(result.ok, kind).toBe(isKnown);
      if (!result.ok) expect(result.errors[0]?.code).toBe('clock-kind-not-in-profile');
      if (result.ok && kind === 'slave') {
        expect(result.value.config.defaultDS.clockQuality.clockClass).toBe(255);
      }
    }
  });

  it('adds its TLVs', () => {
    const { tlvs, config } = resolver.resolved();
    expect([...tlvs].sort()).toEqual([...expected.tlvs].sort());
    const traces = expected.tlvs.includes('pathTrace');
    expect(config.pathTrace).toBe(traces);
    expect(resolver.refusal({ pathTrace: !traces })).toEqual(
      expected.mayTracePath === true ? [] : [['not-in-profile', 'pathTrace']],
    );
  });
}
