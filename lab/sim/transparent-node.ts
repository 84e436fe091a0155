/**
 * An end-to-end transparent clock of the simulated world, one-step as our P4 program: event messages
 * leave on all other ports with their residence, as this clock's stamps have it, in correctionField (10.2.1).
 */
import { addScaled, nanoseconds, toScaled } from '#units/time';
import type { MessageKind } from '#wire/ptp-header';
import type { PtpMessage } from '#wire/ptp-message';
import type { Frame, Station } from './link-types.js';
import { Oscillator, PERFECT, type OscillatorSpec } from './oscillator.js';
import { draw, NO_NOISE, type Distribution, type RandomStream } from './random.js';
import { EXACT_STAMPS, Timestamper, type TimestamperSpec } from './timestamper.js';
import type { World } from './world.js';

export interface TransparentNodeOptions {
  readonly oscillator?: Partial<OscillatorSpec>;
  readonly timestamper?: Partial<TimestamperSpec>;
  /** Of every frame at least. */
  readonly residenceNs?: number;
  /** What it waits beyond that; less than nothing is nothing. */
  readonly queueing?: Distribution;
  /** Of the clock against the grandmaster's, taken out of residence (10.3); not given: nothing is. */
  readonly knownPpb?: number;
}

const RESIDENCE_NS = 10_000;
const EVENTS: ReadonlySet<MessageKind> = new Set(['sync', 'delayReq', 'pdelayReq', 'pdelayResp']);

export class TransparentNode implements Station {
  readonly name: string;
  readonly #world: World;
  readonly #options: TransparentNodeOptions;
  readonly #timestamper: Timestamper;
  readonly #random: RandomStream;
  readonly #ways = new Map<number, (frame: Frame) => void>();

  constructor(world: World, name: string, options: TransparentNodeOptions = {}) {
    this.#world = world;
    this.name = name;
    this.#options = options;
    this.#random = world.stream(`${name}: queues`);
    this.#timestamper = new Timestamper(
      { ...EXACT_STAMPS, ...options.timestamper },
      new Oscillator({ ...PERFECT, ...options.oscillator }, world.stream(`${name}: oscillator`)),
      world.stream(`${name}: timestamper`),
    );
  }

  attach(port: number, send: (frame: Frame) => void): void {
    this.#ways.set(port, send);
  }

  linkChanged(): void {
    // A transparent clock has no states: frames are lost on the link itself.
  }

  receive(port: number, frame: Frame): void {
    const isEvent = EVENTS.has(frame.message.kind);
    const ingressNs = isEvent ? this.#timestamper.stampNs(this.#world.nowNs) : 0;
    for (const [other, send] of this.#ways) {
      if (other === port) continue;
      this.#world.after(this.#residenceNs(), () => {
        send(isEvent ? this.#corrected(frame, ingressNs) : frame);
      });
    }
  }

  #residenceNs(): number {
    const { residenceNs = RESIDENCE_NS, queueing = NO_NOISE } = this.#options;
    return residenceNs + Math.max(0, draw(queueing, this.#random));
  }

  #corrected(frame: Frame, ingressNs: number): Frame {
    const passedNs = this.#timestamper.stampNs(this.#world.nowNs) - ingressNs;
    const { knownPpb = 0 } = this.#options;
    const residenceNs = Math.round(passedNs * (1 - knownPpb / 1e9));
    return { ...frame, message: withCorrection(frame.message, residenceNs) };
  }
}

function withCorrection(message: PtpMessage, residenceNs: number): PtpMessage {
  const { header } = message;
  const residence = toScaled(nanoseconds(BigInt(residenceNs)));
  const correctionField = addScaled(header.correctionField, residence);
  // The kind stays with its fields: only the header is another one.
  return { ...message, header: { ...header, correctionField } };
}
