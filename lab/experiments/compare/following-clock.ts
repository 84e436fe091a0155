/**
 * ptp4l as a client in a simulated world: its delay filter (a moving median), its PI servo with linuxptp's
 * constants, and Delay_Req at random moments as it sends them. IEEE 1588-2019, 11.2 and 11.3.
 */
import { instant, logInterval, nsSinceEpoch, scaledNs, scaledUnits } from '#units/time';
import type { PortIdentity } from '#wire/ptp-header';
import type { PtpMessage } from '#wire/ptp-message';
import { OffsetEstimator } from '../../measure/offset.js';
import { stationAddress, type Frame, type Station } from '../../sim/link-types.js';
import { Oscillator, PERFECT, type OscillatorSpec } from '../../sim/oscillator.js';
import type { RandomStream } from '../../sim/random.js';
import { EPOCH_NS, type World } from '../../sim/world.js';
import type { Moments } from './recorded-moments.js';

export interface FollowingOptions {
  readonly identity: bigint;
  readonly oscillator: Partial<OscillatorSpec>;
  /** Of Sync and Delay_Req. */
  readonly logInterval: number;
  readonly gains: Ptp4lGains;
  /** How long after a Sync's arrival it is steered, now. */
  readonly lateNs: () => number;
  /** Whenever it was steered. */
  readonly onSteered: (errorNs: number) => void;
  /** When it sends its Delay_Req, where that is known; otherwise at random moments, as ptp4l does. */
  readonly requests?: Moments | null;
}

/** As ptp4l.conf has them; the exponents are of the Sync interval in seconds. */
export interface Ptp4lGains {
  readonly pi_proportional_scale: number;
  readonly pi_proportional_exponent: number;
  readonly pi_proportional_norm_max: number;
  readonly pi_integral_scale: number;
  readonly pi_integral_exponent: number;
  readonly pi_integral_norm_max: number;
}

/** What linuxptp's PI servo makes of them, in ppb for a nanosecond. */
export function constantsOf(gains: Ptp4lGains, intervalSeconds: number) {
  const constant = (scale: number, exponent: number, most: number) =>
    Math.min(scale * intervalSeconds ** exponent, most / intervalSeconds);
  return {
    kp: constant(
      gains.pi_proportional_scale,
      gains.pi_proportional_exponent,
      gains.pi_proportional_norm_max,
    ),
    ki: constant(gains.pi_integral_scale, gains.pi_integral_exponent, gains.pi_integral_norm_max),
  };
}

interface OpenSync {
  readonly sequenceId: number;
  readonly correctionScaledNs: bigint;
  readonly ingressNs: bigint;
}

export class FollowingClock implements Station {
  readonly name = 'client';
  readonly #world: World;
  readonly #options: FollowingOptions;
  readonly #port: PortIdentity;
  readonly #oscillator: Oscillator;
  readonly #random: RandomStream;
  readonly #estimator = new OffsetEstimator();
  readonly #constants: { readonly kp: number; readonly ki: number };
  readonly #requests = new Map<number, bigint>();
  #send: (frame: Frame) => void = () => undefined;
  #open: OpenSync | null = null;
  #sequenceId = 0;
  #isRunning = false;
  /** Its clock less the true time when it was steered last. */
  #errorNs = 0;
  #steeredNs = 0;
  #oscillatorNs = 0;
  #ppb: number;
  #drift: number;

  constructor(world: World, options: FollowingOptions) {
    this.#world = world;
    this.#options = options;
    this.#port = { clockIdentity: options.identity, portNumber: 1 };
    this.#oscillator = new Oscillator(
      { ...PERFECT, ...options.oscillator },
      world.stream('client: oscillator'),
    );
    this.#random = world.stream('client: requests');
    this.#constants = constantsOf(options.gains, 2 ** options.logInterval);
    this.#drift = -1000 * (options.oscillator.ppm ?? 0);
    this.#ppb = this.#drift;
  }

  attach(_port: number, send: (frame: Frame) => void): void {
    this.#send = send;
  }

  linkChanged(): void {
    // Its link stays up.
  }

  /** It begins right, at the right rate. */
  start(): void {
    const { nowNs } = this.#world;
    this.#errorNs = 0;
    this.#oscillatorNs = this.#oscillator.errorNs(nowNs);
    this.#steeredNs = nowNs;
    this.#isRunning = true;
    this.#requestLater();
  }

  get errorNs(): number {
    const { nowNs } = this.#world;
    const own = this.#oscillator.errorNs(nowNs) - this.#oscillatorNs;
    return this.#errorNs + own + ((nowNs - this.#steeredNs) * this.#ppb) / 1e9;
  }

  receive(_port: number, { message }: Frame): void {
    if (!this.#isRunning) return;
    switch (message.kind) {
      case 'sync':
        this.#sync(message);
        return;
      case 'followUp':
        this.#followUp(message);
        return;
      case 'delayResp':
        this.#delayResp(message);
        return;
      default:
    }
  }

  #nowNs(): bigint {
    return EPOCH_NS + BigInt(this.#world.nowNs) + BigInt(Math.round(this.errorNs));
  }

  #sync(message: Extract<PtpMessage, { kind: 'sync' }>): void {
    const { header, originTimestamp } = message;
    const { sequenceId } = header;
    const sync = {
      sequenceId,
      correctionScaledNs: scaledUnits(header.correctionField),
      ingressNs: this.#nowNs(),
    };
    if ((header.flags & 0x0200) !== 0) this.#open = sync;
    else this.#evaluate(sync, nsSinceEpoch(originTimestamp));
  }

  #followUp({ header, preciseOriginTimestamp }: Extract<PtpMessage, { kind: 'followUp' }>): void {
    const sync = this.#open;
    if (sync?.sequenceId !== header.sequenceId) return;
    this.#open = null;
    const correctionScaledNs = sync.correctionScaledNs + scaledUnits(header.correctionField);
    this.#evaluate({ ...sync, correctionScaledNs }, nsSinceEpoch(preciseOriginTimestamp));
  }

  #delayResp(message: Extract<PtpMessage, { kind: 'delayResp' }>): void {
    const { header, timestamp, requestingPortIdentity } = message;
    if (requestingPortIdentity.clockIdentity !== this.#port.clockIdentity) return;
    const requestNs = this.#requests.get(header.sequenceId);
    this.#requests.delete(header.sequenceId);
    if (requestNs === undefined) return;
    this.#estimator.push({
      kind: 'delay',
      sequenceId: header.sequenceId,
      requestNs,
      correctionScaledNs: scaledUnits(header.correctionField),
      responseNs: nsSinceEpoch(timestamp),
    });
  }

  #evaluate(sync: OpenSync, originNs: bigint): void {
    this.#world.after(this.#options.lateNs(), () => {
      const sample = this.#estimator.push({ kind: 'sync', ...sync, originNs });
      if (sample === undefined) return;
      const integral = this.#constants.ki * sample.offsetNs;
      this.#steer(-(this.#constants.kp * sample.offsetNs - this.#drift + integral));
      this.#drift -= integral;
      this.#options.onSteered(this.#errorNs);
    });
  }

  /** From now on it runs so much faster than its oscillator. */
  #steer(ppb: number): void {
    const { nowNs } = this.#world;
    this.#errorNs = this.errorNs;
    this.#oscillatorNs = this.#oscillator.errorNs(nowNs);
    this.#steeredNs = nowNs;
    this.#ppb = ppb;
  }

  #requestLater(): void {
    const { logInterval: interval, requests } = this.#options;
    const recordedNs = requests?.afterNs(this.#world.nowNs) ?? null;
    this.#world.after(recordedNs ?? 2e9 * 2 ** interval * this.#random.uniform(), () => {
      this.#request();
      this.#requestLater();
    });
  }

  #request(): void {
    this.#sequenceId = (this.#sequenceId + 1) & 0xffff;
    this.#requests.set(this.#sequenceId, this.#nowNs());
    const header = {
      ...{ majorSdoId: 0, minorSdoId: 0, minorVersionPtp: 0, domainNumber: 0, flags: 0 },
      ...{ correctionField: scaledNs(0n), messageTypeSpecific: 0, controlField: 1 },
      ...{ sourcePortIdentity: this.#port, sequenceId: this.#sequenceId },
      logMessageInterval: logInterval(0x7f),
    };
    const message = { kind: 'delayReq', header, originTimestamp: instant(0n), tlvs: [] } as const;
    this.#send({ message, source: stationAddress(this.#port.clockIdentity, 1) });
  }
}
