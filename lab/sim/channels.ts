/** Channels: a wire, and faults around it. */
import { decodeMessage, encodeMessage, MESSAGE_OCTETS } from '#wire/ptp-message';
import type { Channel, Frame } from './link-types.js';
import { draw, type Distribution, type RandomStream } from './random.js';

export interface WireSpec {
  readonly delayNs: number;
  /** Null: a frame takes no time to be sent. */
  readonly bitsPerSecond: number | null;
}

/** Preamble, Ethernet header, frame check and gap: 8 + 14 + 4 + 12. */
const OVERHEAD_OCTETS = 38;
/** Without preamble and gap. */
const LEAST_PAYLOAD_OCTETS = 46;
const TLV_HEADER_OCTETS = 4;

/** What a message over Ethernet takes of the line. */
export function frameOctets({ message }: Frame): number {
  const tlvs = message.tlvs.reduce((sum, { value }) => sum + TLV_HEADER_OCTETS + value.length, 0);
  return OVERHEAD_OCTETS + Math.max(LEAST_PAYLOAD_OCTETS, MESSAGE_OCTETS[message.kind] + tlvs);
}

/**
 * Propagation, and at a rate also serialisation: frames wait for those before them. An event's time is
 * when the frame begins to be sent, and when it begins to arrive (7.3.4.1), so a frame does not wait for
 * its own end.
 */
export function wire({ delayNs, bitsPerSecond }: WireSpec): Channel {
  if (!(delayNs >= 0)) throw new RangeError(`a link's delay cannot be ${delayNs} ns`);
  if (bitsPerSecond === null) return (frame, _nowNs, arrive) => arrive(frame, delayNs);
  let isFreeAtNs = 0;
  return (frame, nowNs, arrive) => {
    const beginNs = Math.max(nowNs, isFreeAtNs);
    isFreeAtNs = beginNs + (frameOctets(frame) * 8e9) / bitsPerSecond;
    arrive(frame, beginNs - nowNs + delayNs);
  };
}

/** Both directions of one link; `asymmetryNs` as delayAsymmetry (7.4.2): the way there takes so much more than the mean. */
export function wires(
  meanDelayNs: number,
  asymmetryNs = 0,
  bitsPerSecond: number | null = null,
): readonly [there: Channel, back: Channel] {
  return [
    wire({ delayNs: meanDelayNs + asymmetryNs, bitsPerSecond }),
    wire({ delayNs: meanDelayNs - asymmetryNs, bitsPerSecond }),
  ];
}

/** Every frame takes so much longer; what would be earlier than at once is at once. Frames may overtake. */
export function delaying(channel: Channel, delay: Distribution, random: RandomStream): Channel {
  return (frame, nowNs, arrive) =>
    channel(frame, nowNs, (arriving, delayNs) =>
      arrive(arriving, Math.max(0, delayNs + draw(delay, random))),
    );
}

export function losing(channel: Channel, probability: number, random: RandomStream): Channel {
  return (frame, nowNs, arrive) => {
    if (random.uniform() >= probability) channel(frame, nowNs, arrive);
  };
}

/** The copy comes so much later. */
export function duplicating(
  channel: Channel,
  probability: number,
  laterNs: number,
  random: RandomStream,
): Channel {
  return (frame, nowNs, arrive) => {
    const isTwice = random.uniform() < probability;
    channel(frame, nowNs, (arriving, delayNs) => {
      arrive(arriving, delayNs);
      if (isTwice) arrive(arriving, delayNs + laterNs);
    });
  };
}

/** Some frames are held back for so long that those behind them overtake. */
export function reordering(
  channel: Channel,
  probability: number,
  laterNs: number,
  random: RandomStream,
): Channel {
  return (frame, nowNs, arrive) => {
    const extraNs = random.uniform() < probability ? laterNs : 0;
    channel(frame, nowNs, (arriving, delayNs) => arrive(arriving, delayNs + extraNs));
  };
}

/** One bit of a message is another one; what is no message any more is lost, as a dataplane drops it. */
export function corrupting(channel: Channel, probability: number, random: RandomStream): Channel {
  return (frame, nowNs, arrive) => {
    if (random.uniform() >= probability) {
      channel(frame, nowNs, arrive);
      return;
    }
    const octets = encodeMessage(frame.message);
    const bit = Math.floor(random.uniform() * octets.length * 8);
    octets[bit >> 3] = (octets[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const decoded = decodeMessage(octets);
    if (decoded.ok) channel({ ...frame, message: decoded.value }, nowNs, arrive);
  };
}

/** For `downNs` at the end of every `everyNs` nothing arrives, and nobody is told: a line that has bad moments. */
export function interrupting(
  channel: Channel,
  { everyNs, downNs }: Record<'everyNs' | 'downNs', number>,
): Channel {
  return (frame, nowNs, arrive) => {
    if (nowNs % everyNs < everyNs - downNs) channel(frame, nowNs, arrive);
  };
}

/** From `beginNs` to `endNs` of true time everything takes so much longer: a delay attack, or a longer way. */
export function detouring(
  channel: Channel,
  { beginNs, endNs, extraNs }: Record<'beginNs' | 'endNs' | 'extraNs', number>,
): Channel {
  return (frame, nowNs, arrive) => {
    const extra = nowNs >= beginNs && nowNs < endNs ? extraNs : 0;
    channel(frame, nowNs, (arriving, delayNs) => arrive(arriving, delayNs + extra));
  };
}
