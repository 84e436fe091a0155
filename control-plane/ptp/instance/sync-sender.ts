/**
 * Sync of a master port: 9.5.9, 9.5.10. To the group at the port's interval; to a unicast client when
 * its grant says so. Two-step: the Follow_Up goes out once the dataplane has told when the Sync left,
 * and never with a guessed time; one-step: the dataplane writes the time as the Sync leaves.
 */
import {
  afterPrecise,
  intervalDuration,
  seconds,
  type DataplaneTime,
  type LogInterval,
  type Nanoseconds,
} from '#units/time';
import type { Tlv } from '#wire/ptp-message';
import type { Destination } from './instance-types.js';
import { followUpMessage, syncMessage, unicastEnvelope, type Envelope } from './messages.js';
import type { PortServices } from './port-services.js';
import { Schedule } from './schedule.js';

export class SyncSender {
  readonly #port: PortServices;
  readonly #followUpTlvs: () => readonly Tlv[];
  readonly #schedule = new Schedule();
  #sequenceId = 0;
  #running = false;
  /** 17.3: the interval of an alternate master's Sync; null: we are the best one. */
  #alternateInterval: LogInterval | null = null;
  /** What was sent before the last stop gets no Follow_Up. */
  #term = 0;

  constructor(port: PortServices, followUpTlvs: () => readonly Tlv[]) {
    this.#port = port;
    this.#followUpTlvs = followUpTlvs;
  }

  /** To the group. The first one at once: whoever waits for a master need not wait longer. */
  start(alternateInterval: LogInterval | null = null): void {
    if (this.#running) return;
    this.#running = true;
    this.#alternateInterval = alternateInterval;
    this.#sendToGroup();
    const { now, random } = this.#port;
    this.#port.setTimer('sync', this.#schedule.begin(now, this.#interval(), random));
  }

  stop(): void {
    this.#term += 1;
    if (!this.#running) return;
    this.#running = false;
    this.#port.cancelTimer('sync');
  }

  /** The timer. */
  due(): void {
    if (!this.#running) return;
    this.#sendToGroup();
    this.#port.setTimer('sync', this.#schedule.next(this.#port.now, this.#interval()));
  }

  /** To one client, whose sequence this number is of. */
  sendTo(destination: Destination, sequenceId: number): void {
    this.#send(destination, unicastEnvelope(sequenceId));
  }

  #sendToGroup(): void {
    const sequenceId = this.#sequenceId;
    this.#sequenceId = (sequenceId + 1) & 0xffff;
    this.#send('group', {
      sequenceId,
      unicast: false,
      logMessageInterval: this.#logInterval(),
      isAlternate: this.#alternateInterval !== null,
    });
  }

  #send(destination: Destination, envelope: Envelope): void {
    const port = this.#port;
    if (!port.hasTime()) {
      port.count('syncsWithoutClock');
      return;
    }
    const { step } = port.config;
    const message = syncMessage(port.sender, envelope, step);
    port.count('syncsSent');
    if (step === 'one') {
      port.emit({ kind: 'sendStamped', port: port.number, message, destination });
      return;
    }
    const term = this.#term;
    port.sendEvent(message, destination, (time) => {
      if (term === this.#term) this.#followUp(destination, envelope, time);
    });
  }

  #followUp(destination: Destination, envelope: Envelope, time: DataplaneTime | null): void {
    const port = this.#port;
    const sent = time === null ? null : port.ptpTime(time);
    if (sent === null) {
      port.count(time === null ? 'transmitTimesMissing' : 'syncsWithoutClock');
      return;
    }
    const origin = afterPrecise(sent, port.config.egressLatency);
    port.count('followUpsSent');
    const message = followUpMessage(port.sender, envelope, origin, this.#followUpTlvs());
    port.sendGeneral(message, destination);
  }

  #logInterval(): LogInterval {
    return this.#alternateInterval ?? this.#port.config.logSyncInterval;
  }

  #interval(): Nanoseconds {
    return intervalDuration(this.#logInterval()) ?? seconds(1);
  }
}
