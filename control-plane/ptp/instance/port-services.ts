/** What the parts of a port may ask of it, so that none of them needs to know the instance. */
import type { DataplaneTime, Instant, Nanoseconds, PreciseInstant } from '#units/time';
import type { PtpMessage } from '#wire/ptp-message';
import type { Destination, InstanceEffect, PortConfig } from './instance-types.js';
import type { Sender } from './messages.js';
import type { PortTimer } from './timer-names.js';

/** What a transmit time that was asked for goes to. */
export type TransmitTimeUse = (time: DataplaneTime | null) => void;

export interface PortServices {
  readonly number: number;
  /** Of now: `configure` may change it. */
  readonly config: PortConfig;
  readonly sender: Sender;
  /** Of the input that is handled. */
  readonly now: Instant;
  /** 0 to 1, seeded. */
  readonly random: () => number;
  readonly emit: (effect: InstanceEffect) => void;
  readonly setTimer: (timer: PortTimer, after: Nanoseconds, key?: string) => void;
  readonly cancelTimer: (timer: PortTimer, key?: string) => void;
  readonly count: (what: string) => void;
  readonly hasTime: () => boolean;
  /** PTP time; null before there is any. */
  readonly ptpTime: (time: DataplaneTime) => PreciseInstant | null;
  /** Sends with a token; `use` gets the transmit time, or null if there will be none. Once. */
  readonly sendEvent: (message: PtpMessage, destination: Destination, use: TransmitTimeUse) => void;
  readonly sendGeneral: (message: PtpMessage, destination: Destination) => void;
}
