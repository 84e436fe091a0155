/** PortServices of one port: its effects, timers and tokens, by way of what the instance shares. */
import type { DataplaneTime, Instant, Nanoseconds, PreciseInstant } from '#units/time';
import type { PtpMessage } from '#wire/ptp-message';
import type { Destination, InstanceConfig, InstanceEffect, PortConfig } from './instance-types.js';
import type { Sender } from './messages.js';
import { PortCounters } from './port-counters.js';
import type { PortServices, TransmitTimeUse } from './port-services.js';
import { portTimerName, type PortTimer } from './timer-names.js';
import type { TokenTable } from './tokens.js';

/** What all ports share. */
export interface InstanceServices {
  readonly config: InstanceConfig;
  readonly now: Instant;
  readonly random: () => number;
  readonly emit: (effect: InstanceEffect) => void;
  readonly tokens: TokenTable<TransmitTimeUse>;
  readonly hasTime: () => boolean;
  readonly ptpTime: (time: DataplaneTime) => PreciseInstant | null;
}

export class PortContext implements PortServices {
  readonly #instance: InstanceServices;
  readonly counters = new PortCounters();
  config: PortConfig;
  #sender: Sender | null = null;
  #senderOf: InstanceConfig['defaultDS'] | null = null;

  /** Who wants to know when event messages left. */
  onTransmitted: (message: PtpMessage, time: DataplaneTime) => void = () => undefined;

  constructor(instance: InstanceServices, config: PortConfig) {
    this.#instance = instance;
    this.config = config;
  }

  get number(): number {
    return this.config.number;
  }

  get now(): Instant {
    return this.#instance.now;
  }

  /** The same value until the instance is configured anew. */
  get sender(): Sender {
    const { defaultDS } = this.#instance.config;
    if (this.#sender === null || this.#senderOf !== defaultDS) {
      const { clockIdentity, domainNumber, sdoId } = defaultDS;
      const portIdentity = { clockIdentity, portNumber: this.number };
      this.#sender = { domainNumber, sdoId, portIdentity };
      this.#senderOf = defaultDS;
    }
    return this.#sender;
  }

  readonly random = (): number => this.#instance.random();

  readonly emit = (effect: InstanceEffect): void => this.#instance.emit(effect);

  readonly hasTime = (): boolean => this.#instance.hasTime();

  readonly ptpTime = (time: DataplaneTime): PreciseInstant | null => this.#instance.ptpTime(time);

  readonly count = (what: string, by = 1): void => this.counters.add(what, by);

  readonly setTimer = (timer: PortTimer, after: Nanoseconds, key = ''): void => {
    this.emit({ kind: 'setTimer', timer: portTimerName(this.number, timer, key), after });
  };

  readonly cancelTimer = (timer: PortTimer, key = ''): void => {
    this.emit({ kind: 'cancelTimer', timer: portTimerName(this.number, timer, key) });
  };

  readonly sendEvent = (
    message: PtpMessage,
    destination: Destination,
    use: TransmitTimeUse,
  ): void => {
    const token = this.#instance.tokens.issue((time) => {
      use(time);
      if (time !== null) this.onTransmitted(message, time);
    });
    this.emit({ kind: 'sendEvent', port: this.number, message, destination, token });
  };

  readonly sendGeneral = (message: PtpMessage, destination: Destination): void => {
    this.emit({ kind: 'sendGeneral', port: this.number, message, destination });
  };
}
