/**
 * linuxptp's SUBSCRIBE_EVENTS_NP: management clients that are told of events for a while. Each event
 * is one message, as if its data set had been asked for (pmc's clients read port states so).
 */
import { after, isBefore, logInterval, scaledNs, seconds, type Instant } from '#units/time';
import { encodeManagementTlv, MANAGEMENT_ACTION, MANAGEMENT_ID } from '#wire/management-tlv';
import type { PortIdentity } from '#wire/ptp-header';
import { encodeMessage } from '#wire/ptp-message';
import type { ManagedClock, NotifiedEvent } from './management-types.js';

/** Who asks for more is refused: the oldest ones are not forgotten for a stranger. */
export const MAX_SUBSCRIBERS = 64;

const OWN_MINOR_VERSION = 1;
/** Table 42. */
const CONTROL_MANAGEMENT = 4;
const NO_LOG_INTERVAL = logInterval(0x7f);

const SET_OF: Readonly<Record<NotifiedEvent, number>> = {
  portState: MANAGEMENT_ID.portDataSet,
  timeSync: MANAGEMENT_ID.timeStatusNp,
  parentDataSet: MANAGEMENT_ID.parentDataSet,
};

interface Subscriber {
  readonly target: PortIdentity;
  readonly events: ReadonlySet<NotifiedEvent>;
  readonly until: Instant;
  nextSequenceId: number;
}

export interface Notification {
  /** The key it was subscribed with. */
  readonly subscriber: string;
  readonly octets: Uint8Array;
}

export class Subscriptions {
  readonly #subscribers = new Map<string, Subscriber>();
  #refused = 0;

  get size(): number {
    return this.#subscribers.size;
  }

  has(key: string): boolean {
    return this.#subscribers.has(key);
  }

  /** Subscriptions that found no place. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * `key`: the subscriber's address; a new subscription takes the place of an old one. No event, or
   * no duration, ends it. False: there is no place.
   */
  subscribe(
    key: string,
    target: PortIdentity,
    asked: { readonly durationSeconds: number; readonly events: readonly NotifiedEvent[] },
    now: Instant,
  ): boolean {
    this.#expire(now);
    if (asked.durationSeconds === 0 || asked.events.length === 0) {
      this.#subscribers.delete(key);
      return true;
    }
    if (!this.#subscribers.has(key) && this.#subscribers.size >= MAX_SUBSCRIBERS) {
      this.#refused += 1;
      return false;
    }
    this.#subscribers.set(key, {
      target,
      events: new Set(asked.events),
      until: after(now, seconds(asked.durationSeconds)),
      nextSequenceId: this.#subscribers.get(key)?.nextSequenceId ?? 0,
    });
    return true;
  }

  /** Whoever cannot be reached any more is not told again. */
  end(key: string): void {
    this.#subscribers.delete(key);
  }

  /** `portNumber`: whose state it is; of other events that of the clock as a whole, 0. */
  notify(
    event: NotifiedEvent,
    portNumber: number,
    clock: () => ManagedClock,
    now: Instant,
  ): readonly Notification[] {
    this.#expire(now);
    const wanting = [...this.#subscribers].filter(([, { events }]) => events.has(event));
    if (wanting.length === 0) return [];
    const managed = clock();
    const managementId = SET_OF[event];
    const set = managed.set(managementId);
    if (set === undefined) return [];
    const data = set.scope === 'port' ? set.get(portNumber) : set.get();
    const tlv = encodeManagementTlv({ kind: 'management', managementId, data });
    return wanting.map(([key, subscriber]) => {
      const sequenceId = subscriber.nextSequenceId;
      subscriber.nextSequenceId = (sequenceId + 1) & 0xffff;
      const octets = encodeMessage({
        kind: 'management',
        header: {
          majorSdoId: managed.sdoId >> 8,
          minorVersionPtp: OWN_MINOR_VERSION,
          domainNumber: managed.domainNumber,
          minorSdoId: managed.sdoId & 0xff,
          flags: 0,
          correctionField: scaledNs(0n),
          messageTypeSpecific: 0,
          sourcePortIdentity: { clockIdentity: managed.clockIdentity, portNumber },
          sequenceId,
          controlField: CONTROL_MANAGEMENT,
          logMessageInterval: NO_LOG_INTERVAL,
        },
        targetPortIdentity: subscriber.target,
        startingBoundaryHops: 0,
        boundaryHops: 0,
        action: MANAGEMENT_ACTION.response,
        tlvs: [tlv],
      });
      return { subscriber: key, octets };
    });
  }

  #expire(now: Instant): void {
    for (const [key, { until }] of this.#subscribers) {
      if (!isBefore(now, until)) this.#subscribers.delete(key);
    }
  }
}
