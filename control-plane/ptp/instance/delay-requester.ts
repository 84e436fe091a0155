/**
 * The asking side of the delay request-response mechanism: IEEE 1588-2019 11.3, 9.5.11. One request
 * is open at a time; the next one closes it, so a lost message costs a sample and no more. Transmit
 * time and response may come in either order.
 */
import {
  bigintOf,
  numberOf,
  addScaled,
  elapsedDataplane,
  elapsedPrecise,
  intervalDuration,
  nanoseconds,
  nsOf,
  preciseInstant,
  scaledFromNumber,
  scaledNs,
  scaledToNumber,
  scaledUnits,
  seconds,
  subtractScaled,
  toScaled,
  type DataplaneTime,
  type LogInterval,
  type Nanoseconds,
  type PreciseInstant,
  type ScaledNs,
} from '#units/time';
import { isSamePort, type PortIdentity } from '#wire/ptp-header';
import type { DelayResp } from '#wire/ptp-message';
import { toldInterval } from '../sanity/message-guard.js';
import type { Destination } from './instance-types.js';
import { MasterRate } from './master-rate.js';
import { delayReqMessage } from './messages.js';
import type { PortServices } from './port-services.js';
import type { SyncSample } from './sync-receiver.js';

export interface DelayMeasurement {
  /** 11.3.1: mean of both directions. */
  readonly meanDelay: ScaledNs;
  /** When the request left, by the local clock. */
  readonly localTime: DataplaneTime;
}

interface Exchange {
  readonly sync: SyncSample;
  /** t3 before egressLatency. */
  readonly transmitTime: DataplaneTime;
  /** t4 less its corrections. */
  readonly received: PreciseInstant;
}

/** The one request that is open; one object serves for all. */
interface OpenRequest {
  isOpen: boolean;
  sequenceId: number;
  transmitTime: DataplaneTime | null;
  /** t4 less its corrections. */
  received: PreciseInstant | null;
}

/** The first one comes soon, but not of all slaves of a link at once. */
const FIRST_WITHIN = seconds(0.125);

export class DelayRequester {
  readonly #port: PortServices;
  readonly #onMeasured: (measurement: DelayMeasurement) => void;
  #master: { readonly identity: PortIdentity; readonly destination: Destination } | null = null;
  #sequenceId = 0;
  readonly #open: OpenRequest = {
    isOpen: false,
    sequenceId: 0,
    transmitTime: null,
    received: null,
  };
  #sync: SyncSample | null = null;
  /** Told by the master in its responses; null: as configured. */
  #told: LogInterval | null = null;
  #unanswered = 0;
  #untimed = 0;
  readonly #rate = new MasterRate();
  /** Measured before the master's rate was known, which takes two Syncs. */
  #early: Exchange | null = null;

  constructor(port: PortServices, onMeasured: (measurement: DelayMeasurement) => void) {
    this.#port = port;
    this.#onMeasured = onMeasured;
  }

  /** Ask this master from now on. */
  begin(identity: PortIdentity, destination: Destination): void {
    this.stop();
    this.#master = { identity, destination };
  }

  stop(): void {
    this.#master = null;
    this.#told = null;
    this.void();
    this.#sync = null;
    this.#unanswered = 0;
    this.#untimed = 0;
    this.#port.cancelTimer('delayReq');
  }

  /** The local clock or the master's is another: what is under way means nothing. */
  void(): void {
    this.#close();
    this.#sync = null;
    this.#early = null;
    this.#rate.reset();
  }

  /** Requests without response, in a row. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Requests that were answered, but of which nobody told when they left, in a row. */
  get untimed(): number {
    return this.#untimed;
  }

  get logInterval(): LogInterval {
    return this.#told ?? this.#port.config.logMinDelayReqInterval;
  }

  /** A Sync of the master: the other direction of the exchange to come. The first one starts asking. */
  takeSync(sample: SyncSample): void {
    if (this.#master === null) return;
    const isFirst = this.#sync === null && !this.#open.isOpen;
    this.#sync = sample;
    this.#rate.sample(sample);
    if (this.#early !== null) this.#measure(this.#early);
    if (isFirst) this.#port.setTimer('delayReq', share(this.#firstDelay(), this.#port.random()));
  }

  /** The timer: close what is open, and ask. */
  request(): void {
    if (this.#master === null) return;
    this.#closeOpen();
    const port = this.#port;
    const { destination } = this.#master;
    const sequenceId = this.#sequenceId;
    this.#sequenceId = (sequenceId + 1) & 0xffff;
    this.#open.isOpen = true;
    this.#open.sequenceId = sequenceId;
    const unicast = destination !== 'group';
    const message = delayReqMessage(
      port.sender,
      { sequenceId, unicast },
      port.config.delayAsymmetry,
    );
    port.sendEvent(message, destination, (time) => this.#transmitted(sequenceId, time));
    port.count('delayReqsSent');
    // 9.5.11.2: uniformly between 0 and twice the interval.
    port.setTimer('delayReq', share(nanoseconds(2n * nsOf(this.#interval())), port.random()));
  }

  /** A Delay_Resp to this port. */
  receive(message: DelayResp): void {
    const { header } = message;
    if (this.#master === null || !isSamePort(header.sourcePortIdentity, this.#master.identity)) {
      this.#port.count('delayRespsOfOthers');
      return;
    }
    const open = this.#open;
    if (!open.isOpen || open.sequenceId !== header.sequenceId) {
      this.#port.count('delayRespsUnmatched');
      return;
    }
    if (open.received !== null) {
      this.#port.count('delayRespsDuplicate');
      return;
    }
    this.#adoptInterval(header.logMessageInterval);
    const correction = subtractScaled(scaledNs(0n), header.correctionField);
    open.received = preciseInstant(message.timestamp, correction);
    this.#unanswered = 0;
    this.#complete();
  }

  #transmitted(sequenceId: number, time: DataplaneTime | null): void {
    const open = this.#open;
    if (!open.isOpen || open.sequenceId !== sequenceId) return;
    if (time === null) {
      this.#port.count('transmitTimesMissing');
      if (open.received !== null) this.#untimed += 1;
      this.#close();
      return;
    }
    this.#untimed = 0;
    open.transmitTime = time;
    this.#complete();
  }

  #closeOpen(): void {
    if (!this.#open.isOpen) return;
    if (this.#open.received === null) {
      this.#unanswered += 1;
      this.#port.count('delayRespsLost');
    } else {
      // It waits for its transmit time alone.
      this.#untimed += 1;
    }
    this.#close();
  }

  #close(): void {
    this.#open.isOpen = false;
    this.#open.transmitTime = null;
    this.#open.received = null;
  }

  #complete(): void {
    const { transmitTime, received } = this.#open;
    const sync = this.#sync;
    if (transmitTime === null || received === null || sync === null) return;
    this.#close();
    this.#measure({ sync, transmitTime, received });
  }

  #measure(exchange: Exchange): void {
    const rate = this.#rate.offset;
    this.#early = rate === null ? exchange : null;
    if (rate === null) return;
    this.#port.count('delaysMeasured');
    this.#onMeasured({
      meanDelay: this.#meanDelay(exchange, rate),
      localTime: exchange.transmitTime,
    });
  }

  /**
   * 11.3.1: ((t2 - t3) + (t4 - t1)) / 2. Ours are counted by the local clock and brought to the
   * master's rate; so a step of PTP time between t2 and t3 does no harm.
   */
  #meanDelay({ sync, transmitTime, received }: Exchange, rate: number): ScaledNs {
    const { ingressLatency, egressLatency, delayAsymmetry } = this.#port.config;
    const counted = addScaled(
      toScaled(elapsedDataplane(sync.receiveTime, transmitTime)),
      addScaled(ingressLatency, egressLatency),
    );
    const local = addScaled(counted, scaledFromNumber(scaledToNumber(counted) * rate));
    // 11.6.2: asymmetry is added to the correction of a Sync that comes in.
    const ofMaster = subtractScaled(elapsedPrecise(sync.origin, received), delayAsymmetry);
    return scaledNs(scaledUnits(subtractScaled(ofMaster, local)) >> 1n);
  }

  /** 7.7.2.4, 9.5.11.2: the master says how often; in unicast it says 0x7F. */
  #adoptInterval(interval: LogInterval): void {
    const told = toldInterval(interval);
    if (told.impossible) this.#port.count('intervalsImpossible');
    if (told.interval !== null) this.#told = told.interval;
  }

  #interval(): Nanoseconds {
    return intervalDuration(this.logInterval) ?? seconds(1);
  }

  #firstDelay(): Nanoseconds {
    const interval = this.#interval();
    return nsOf(interval) < nsOf(FIRST_WITHIN) ? interval : FIRST_WITHIN;
  }
}

function share(duration: Nanoseconds, random: number): Nanoseconds {
  return nanoseconds(bigintOf(Math.floor(numberOf(nsOf(duration)) * random)));
}
