/**
 * The compiled P4 program as a station of the simulated world: frames go in octet by octet, and what the
 * engine sends comes out at the instant to which its clock was moved.
 */
import { macAddress } from '#units/identity';
import { decodeFrame, encodeFrame } from '#wire/frame';
import { decodeMessage, encodeMessage } from '#wire/ptp-message';
import type { Frame, Station } from '#lab/sim/link-types';
import { Oscillator, PERFECT, type OscillatorSpec } from '#lab/sim/oscillator';
import type { World } from '#lab/sim/world';
import type { Sent, VirtualSwitch } from '../../../vectors/virtual-switch.js';

const PTP_ETHERTYPE = 0x88f7;
const TO_ALL = macAddress('01:1b:19:00:00:00');
const TO_NEIGHBOUR = macAddress('01:80:c2:00:00:0e');
const PEER_DELAY: ReadonlySet<string> = new Set(['pdelayReq', 'pdelayResp', 'pdelayRespFollowUp']);

export class ProgramNode implements Station {
  readonly name: string;
  readonly #world: World;
  readonly #device: VirtualSwitch;
  readonly #residenceNs: number;
  readonly #oscillator: Oscillator;
  readonly #ways = new Map<number, (frame: Frame) => void>();

  constructor(
    world: World,
    name: string,
    device: VirtualSwitch,
    options: { readonly residenceNs: number; readonly oscillator: Partial<OscillatorSpec> },
  ) {
    this.#world = world;
    this.name = name;
    this.#device = device;
    this.#residenceNs = options.residenceNs;
    this.#oscillator = new Oscillator(
      { ...PERFECT, ...options.oscillator },
      world.stream(`${name}: oscillator`),
    );
  }

  attach(port: number, send: (frame: Frame) => void): void {
    this.#ways.set(port, send);
  }

  linkChanged(): void {
    throw new Error(`${this.name}: no link changes here`);
  }

  receive(port: number, { message, source }: Frame): void {
    const octets = encodeFrame({
      destination: PEER_DELAY.has(message.kind) ? TO_NEIGHBOUR : TO_ALL,
      source: source.mac,
      tags: [],
      encapsulation: { kind: 'ethernet', etherType: PTP_ETHERTYPE },
      payload: encodeMessage(message),
      padding: new Uint8Array(),
    });
    // What came before has been sent: only this frame is inside.
    this.#device.arrive(port, octets, this.#counterNs());
    this.#world.after(this.#residenceNs, () => {
      for (const sent of this.#device.run(this.#counterNs())) this.#send(sent, source);
    });
  }

  #send({ port, frame }: Sent, source: Frame['source']): void {
    const decoded = decodeFrame(frame);
    if (!decoded.ok) throw new Error(`${this.name}: ${decoded.error.message}`);
    const message = decodeMessage(decoded.value.payload);
    if (!message.ok) throw new Error(`${this.name}: ${message.error.message}`);
    const from = { ...source, mac: decoded.value.source };
    this.#ways.get(port)?.({ message: message.value, source: from });
  }

  #counterNs(): bigint {
    const { nowNs } = this.#world;
    return BigInt(nowNs + Math.floor(this.#oscillator.errorNs(nowNs)));
  }
}
