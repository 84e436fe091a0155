/** Stations and Signalings, as the tests of both sides of unicast negotiation speak of them. */
import { macFromBits } from '#units/identity';
import {
  after,
  instant,
  logInterval,
  nsSinceEpoch,
  scaledNs,
  seconds,
  type Instant,
} from '#units/time';
import type { StationAddress } from '#ptp/instance/instance-types';
import { UnicastGrantor, type GrantorCounters } from '#ptp/unicast/grantor';
import { UnicastRequester, type RequesterConfig } from '#ptp/unicast/requester';
import type { RequesterCounters } from '#ptp/unicast/requester-counters';
import type {
  GrantorEffect,
  RequesterEffect,
  SignalEffect,
  UnicastService,
} from '#ptp/unicast/unicast-types';
import type { UnicastGrantLimits } from '#ptp/instance/instance-types';
import { MESSAGE_TYPE, type PortIdentity } from '#wire/ptp-header';
import { decodeMessage, encodeMessage, type Signaling, type Tlv } from '#wire/ptp-message';
import { decodeUnicastTlv, encodeUnicastTlv, type UnicastTlv } from '#wire/tlv/unicast';

export interface Station {
  readonly port: PortIdentity;
  readonly address: StationAddress;
}

/** The n-th station of a network: 192.0.2.n and so on. */
export function station(n: number): Station {
  return {
    port: { clockIdentity: 0x0200_00ff_fe00_0000n + BigInt(n), portNumber: 1 },
    address: {
      transport: 'udp4',
      mac: macFromBits(0x0200_0000_0000n + BigInt(n)),
      ip: Uint8Array.of(192, 0, 2 + (n >> 8), n & 0xff),
    },
  };
}

/** A Signaling that was on the wire. */
export function signaling(from: Station, tlvs: readonly Tlv[]): Signaling {
  const octets = encodeMessage({
    kind: 'signaling',
    header: {
      majorSdoId: 0,
      minorVersionPtp: 1,
      domainNumber: 0,
      minorSdoId: 0,
      flags: 0x0400,
      correctionField: scaledNs(0n),
      messageTypeSpecific: 0,
      sourcePortIdentity: from.port,
      sequenceId: 0,
      controlField: 5,
      logMessageInterval: logInterval(0x7f),
    },
    targetPortIdentity: { clockIdentity: 0xffff_ffff_ffff_ffffn, portNumber: 0xffff },
    tlvs,
  });
  const decoded = decodeMessage(octets);
  if (!decoded.ok || decoded.value.kind !== 'signaling') throw new Error('no Signaling');
  return decoded.value;
}

export const request = (
  service: UnicastService,
  log: number,
  durationSeconds = 300,
): UnicastTlv => ({
  kind: 'requestUnicast',
  messageType: MESSAGE_TYPE[service],
  logInterMessagePeriod: logInterval(log),
  durationSeconds,
});

export const grant = (service: UnicastService, log: number, durationSeconds = 300): UnicastTlv => ({
  kind: 'grantUnicast',
  messageType: MESSAGE_TYPE[service],
  logInterMessagePeriod: logInterval(log),
  durationSeconds,
  renewalInvited: durationSeconds > 0,
});

/** `by` the requester: it wants no more; by the grantor: it gives no more. */
export const cancel = (
  service: UnicastService,
  by: 'requester' | 'grantor',
  kind: 'cancelUnicast' | 'acknowledgeCancelUnicast' = 'cancelUnicast',
): UnicastTlv => ({
  kind,
  messageType: MESSAGE_TYPE[service],
  maintainRequest: by === 'grantor',
  maintainGrant: by === 'requester',
});

/** What a `signal` effect says. */
export function said({ tlvs }: SignalEffect): readonly UnicastTlv[] {
  return tlvs.map((tlv) => {
    const decoded = decodeUnicastTlv(tlv);
    if (decoded?.ok !== true) throw new Error('no TLV of negotiation');
    return decoded.value;
  });
}

type Effect = GrantorEffect | RequesterEffect;
interface Machine<E extends Effect> {
  timer(now: Instant): readonly E[];
}

/** A machine with its timer, and a clock that is set forward by hand. */
class Driven<E extends Effect, M extends Machine<E>> {
  readonly machine: M;
  now = instant(1_700_000_000_123_456_789n);
  timersFired = 0;
  #timerAt: Instant | null = null;

  constructor(machine: M) {
    this.machine = machine;
  }

  /** Effects without those of the timer, which are carried out. */
  carry(effects: readonly E[]): E[] {
    const others: E[] = [];
    for (const effect of effects) {
      if (effect.kind === 'setTimer') this.#timerAt = after(this.now, effect.after);
      else if (effect.kind === 'cancelTimer') this.#timerAt = null;
      else others.push(effect);
    }
    return others;
  }

  /** All that happens while `duration` seconds pass. */
  pass(duration: number): E[] {
    const end = after(this.now, seconds(duration));
    const effects: E[] = [];
    for (;;) {
      const at = this.#timerAt;
      if (at === null || nsSinceEpoch(at) > nsSinceEpoch(end)) break;
      this.now = at;
      this.#timerAt = null;
      this.timersFired += 1;
      effects.push(...this.carry(this.machine.timer(this.now)));
    }
    this.now = end;
    return effects;
  }

  get hasTimer(): boolean {
    return this.#timerAt !== null;
  }

  /** The event loop was busy: the timer comes late, once. */
  late(duration: number): E[] {
    this.now = after(this.now, seconds(duration));
    if (this.#timerAt === null) return [];
    this.#timerAt = null;
    return this.carry(this.machine.timer(this.now));
  }
}

export const LIMITS: UnicastGrantLimits = {
  maxGrants: 16,
  maxMessagesPerSecond: 256,
  maxDurationSeconds: 1_000,
  minLogAnnounceInterval: logInterval(-3),
  minLogSyncInterval: logInterval(-7),
  minLogDelayRespInterval: logInterval(-7),
};

export class Granting extends Driven<GrantorEffect, UnicastGrantor> {
  constructor(limits: UnicastGrantLimits | null = LIMITS) {
    super(new UnicastGrantor(limits));
    this.carry(this.machine.setServing(true, this.now));
  }

  receives(from: Station, ...tlvs: readonly UnicastTlv[]): GrantorEffect[] {
    const message = signaling(from, tlvs.map(encodeUnicastTlv));
    return this.carry(this.machine.receive(message, from.address, this.now));
  }

  get counters(): GrantorCounters {
    return this.machine.counters;
  }
}

export const ASKED: RequesterConfig = {
  masters: [1, 2].map((n) => ({ address: station(n).address, localPriority: n })),
  queryIntervalSeconds: 1,
  durationSeconds: 300,
  logAnnounceInterval: logInterval(1),
  logSyncInterval: logInterval(-4),
  logDelayRespInterval: logInterval(-4),
};

export class Asking extends Driven<RequesterEffect, UnicastRequester> {
  constructor(config: RequesterConfig = ASKED) {
    super(new UnicastRequester(config, () => 0));
  }

  starts(): RequesterEffect[] {
    return this.carry(this.machine.start(this.now));
  }

  receives(from: Station, ...tlvs: readonly UnicastTlv[]): RequesterEffect[] {
    const message = signaling(from, tlvs.map(encodeUnicastTlv));
    return this.carry(this.machine.receive(message, from.address, this.now));
  }

  selects(master: Station | null): RequesterEffect[] {
    return this.carry(this.machine.select(master?.address ?? null, this.now));
  }

  get counters(): RequesterCounters {
    return this.machine.counters;
  }
}

export function signals(effects: readonly Effect[]): readonly SignalEffect[] {
  return effects.filter((effect): effect is SignalEffect => effect.kind === 'signal');
}

/** Seconds since `start`, for times of effects. */
export function secondsSince(start: Instant, time: Instant): number {
  return Number(nsSinceEpoch(time) - nsSinceEpoch(start)) / 1e9;
}
