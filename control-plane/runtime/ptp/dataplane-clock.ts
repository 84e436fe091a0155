/**
 * PTP time of the dataplane, for what it answers and stamps itself on boundary ports. It is set once.
 * Where the ticks are the system clock's, only their epoch is missing, and there is no error; else it
 * is set by the best of several readings and runs freely on the dataplane's oscillator. The dataplane
 * reckons from a reference that must not be too old, so a new one on the same line is written now and
 * then: for those who read the clock nothing changes.
 */
import type { Logger } from 'pino';
import type { TargetCapabilities } from '#p4rt/target';
import { milliseconds, nsOf, seconds } from '#units/time';
import type { Entity } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import { ClockReader } from './clock-reader.js';
import { ptpClock, type ClockReference } from './entries.js';
import type { PacketIo, ReceivedPacket } from './packet-io.js';
import type { Timers } from './timers.js';

export interface DataplaneClockOptions {
  readonly index: P4InfoIndex;
  readonly packets: PacketIo;
  readonly timers: Timers;
  /** Nanoseconds since 1970, as the system has them. */
  readonly systemTimeNs: () => bigint;
  readonly capabilities: Pick<TargetCapabilities, 'timestampResolution' | 'tickEpoch'>;
  /** It is set, or the reference was renewed. */
  readonly onReference: (reference: ClockReference) => void;
  readonly log: Logger;
}

export interface DataplaneClockStatus {
  /** `system`: set from the system's clock; `adopted`: an earlier agent had set it. */
  readonly source: 'unset' | 'system' | 'adopted';
  readonly readings: number;
  /** Readings that did not come back. */
  readonly lost: number;
  /** From the packet-out to the packet-in of the last reading that was used. */
  readonly roundTripNs: number | null;
  /**
   * How far PTP time may have been from the system's when this agent set it. 0: the ticks are the
   * system clock's. Null: this agent has not set it.
   */
  readonly errorBoundNs: number | null;
  readonly referencePtpNs: string | null;
}

interface Reading {
  readonly ticks: bigint;
  /** Half way between the packet-out and the packet-in. */
  readonly systemNs: bigint;
  readonly roundTripNs: bigint;
}

/** One of these meets an agent and a switch that have nothing else to do. */
const READINGS = 16;
const READING_PERIOD = milliseconds(50);
/** Far less than the 39 hours (2^47 ns) after which the dataplane takes a reference for none. */
const RENEWAL = seconds(600);
/** An earlier agent's time that is further from the system's is of another epoch, or broken. */
const TRUST_LIMIT_NS = nsOf(seconds(3_600));
const TICK_BITS = 48;
const RATE_BITS = 41n;

export class DataplaneClock {
  readonly #options: DataplaneClockOptions;
  readonly #reader: ClockReader;
  #reference: ClockReference | null = null;
  #source: DataplaneClockStatus['source'] = 'unset';
  #readings = 0;
  #series: Reading[] = [];
  /** Whether the reference may be older than the ticks tell. */
  #isUnchecked = false;
  #errorBoundNs: number | null = null;
  #lost = 0;
  #roundTripNs: number | null = null;
  #cancel: (() => void) | null = null;

  constructor(options: DataplaneClockOptions) {
    this.#options = options;
    const { packets, timers, systemTimeNs } = options;
    this.#reader = new ClockReader({ packets, timers, clockNs: systemTimeNs, name: 0 });
  }

  /** Reads the clock until it is set, and renews the reference from then on. */
  start(): void {
    this.#series = [];
    this.#isUnchecked = this.#reference !== null;
    this.#read();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#reader.stop();
  }

  /** Goes on with the time that the dataplane has already: clients must not see a step. */
  adopt(reference: ClockReference): void {
    const own = this.#reference;
    if (own !== null && later(reference, own.ticks, this.#tickNs()).ptpNs === own.ptpNs) return;
    this.#reference = reference;
    this.#source = 'adopted';
    this.#errorBoundNs = null;
  }

  /** The switch counts from somewhere else now: its time has to be set again. */
  forget(): void {
    this.#reference = null;
    this.#source = 'unset';
    this.#errorBoundNs = null;
    this.#series = [];
  }

  entities(): Entity[] {
    return this.#reference === null ? [] : [ptpClock(this.#options.index, this.#reference)];
  }

  status(): DataplaneClockStatus {
    return {
      source: this.#source,
      readings: this.#readings,
      lost: this.#lost,
      roundTripNs: this.#roundTripNs,
      errorBoundNs: this.#errorBoundNs,
      referencePtpNs: this.#reference === null ? null : String(this.#reference.ptpNs),
    };
  }

  #read(): void {
    this.stop();
    this.#reader.read((reading) => {
      if (reading === null) {
        this.#lost += 1;
        this.#read();
        return;
      }
      this.#readings += 1;
      this.#take({
        ticks: BigInt.asUintN(TICK_BITS, reading.counterNs / this.#tickNs()),
        systemNs: (reading.beforeNs + reading.afterNs) / 2n,
        roundTripNs: reading.afterNs - reading.beforeNs,
      });
    });
  }

  /** Takes the packet-in of a reading. False: it is none of the clock's. */
  receive(packet: ReceivedPacket): boolean {
    return this.#reader.receive(packet);
  }

  #take(reading: Reading): void {
    const { onReference, timers } = this.#options;
    this.#roundTripNs = Number(reading.roundTripNs);
    if (this.#isUnchecked) this.#check(reading);
    this.#reference =
      this.#reference === null
        ? this.#firstReference(reading)
        : later(this.#reference, reading.ticks, this.#tickNs());
    if (this.#reference === null) {
      this.#cancel = timers.after(READING_PERIOD, () => this.#read());
      return;
    }
    this.#cancel = timers.after(RENEWAL, () => this.#read());
    onReference(this.#reference);
  }

  /** Null: more readings are needed. */
  #firstReference(reading: Reading): ClockReference | null {
    const { capabilities, log } = this.#options;
    if (capabilities.tickEpoch === 'system-clock') {
      this.#source = 'system';
      this.#errorBoundNs = 0;
      log.info('PTP time of the dataplane is the system clock of the switch, exactly');
      return inEpochOf(reading, this.#tickNs());
    }
    // A clock that was stepped back in between tells nothing.
    if (reading.roundTripNs >= 0n) this.#series.push(reading);
    const best = leastRoundTrip(this.#series);
    if (this.#series.length < READINGS || best === null) return null;
    this.#series = [];
    this.#source = 'system';
    this.#roundTripNs = Number(best.roundTripNs);
    this.#errorBoundNs = Number((best.roundTripNs + 1n) / 2n + this.#tickNs());
    log.info(
      { errorBoundNs: this.#errorBoundNs },
      'PTP time of the dataplane set from the system clock; it runs freely from now on',
    );
    return { ticks: best.ticks, ptpNs: best.systemNs, rateOffset: 0n };
  }

  /** Time that was there before may be rounds of the ticks behind: nobody renewed its reference. */
  #check({ ticks, systemNs }: Reading): void {
    this.#isUnchecked = false;
    if (this.#reference === null) return;
    const { log } = this.#options;
    const tickNs = this.#tickNs();
    const offNs = systemNs - later(this.#reference, ticks, tickNs).ptpNs;
    const rounds = nearest(offNs, tickNs << BigInt(TICK_BITS));
    const point = later(this.#reference, ticks, tickNs, rounds);
    const restNs = systemNs - point.ptpNs;
    if (restNs > TRUST_LIMIT_NS || restNs < -TRUST_LIMIT_NS) {
      const offSeconds = Number(offNs / nsOf(seconds(1)));
      log.warn({ offSeconds }, 'PTP time on the switch is far from the system clock: set anew');
      this.forget();
      return;
    }
    if (rounds !== 0n) {
      log.warn({ rounds: Number(rounds) }, 'PTP time on the switch was rounds of 2^48 ticks off');
    }
    this.#reference = point;
  }

  #tickNs(): bigint {
    return nsOf(this.#options.capabilities.timestampResolution);
  }
}

/** The point of the same line at `ticks`, after so many rounds of 2^48 ticks beside the last part. */
export function later(
  reference: ClockReference,
  ticks: bigint,
  tickNs: bigint,
  rounds = 0n,
): ClockReference {
  const { rateOffset } = reference;
  const part = BigInt.asIntN(TICK_BITS, ticks - reference.ticks);
  const elapsedNs = (part + (rounds << BigInt(TICK_BITS))) * tickNs;
  const drift = (elapsedNs * rateOffset) >> RATE_BITS;
  return { ticks, ptpNs: reference.ptpNs + elapsedNs + drift, rateOffset };
}

/** Ticks that are the system's time but for their upper bits, which a rough reading of it tells. */
function inEpochOf({ ticks, systemNs }: Reading, tickNs: bigint): ClockReference {
  const roundNs = tickNs << BigInt(TICK_BITS);
  const partNs = ticks * tickNs;
  const ptpNs = partNs + roundNs * nearest(systemNs - partNs, roundNs);
  return { ticks, ptpNs, rateOffset: 0n };
}

function leastRoundTrip(readings: readonly Reading[]): Reading | null {
  return readings.reduce<Reading | null>(
    (best, reading) => (best === null || reading.roundTripNs < best.roundTripNs ? reading : best),
    null,
  );
}

/** `value / unit`, to the nearest whole number. */
function nearest(value: bigint, unit: bigint): bigint {
  const magnitude = ((value < 0n ? -value : value) * 2n + unit) / (unit * 2n);
  return value < 0n ? -magnitude : magnitude;
}
