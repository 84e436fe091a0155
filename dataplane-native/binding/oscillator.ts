/**
 * The oscillator that the dataplane's clock may run on, and the lines that its time is made of: see
 * engine/loop/oscillator.h. Rates are in 2^-41, as everywhere between the agent and the dataplane.
 */

export interface OscillatorOptions {
  /** How far it is ahead of the system's clock when it starts. */
  readonly offsetNs: bigint;
  /** How much faster it is, in 2^-41. */
  readonly rateOffset: bigint;
  /** Standard deviation of the rate's change in a second, in 2^-41. */
  readonly wander: bigint;
  readonly seed: bigint;
}

/** A straight line, from its beginning to that of the next. */
export interface OscillatorLine {
  readonly index: bigint;
  readonly systemNs: bigint;
  readonly ticksNs: bigint;
  /** Of the ticks, in 2^-41 ns. */
  readonly fraction: bigint;
  readonly rateOffset: bigint;
}

export const OSCILLATOR_LINE_WORDS = 5;

const RATE_BITS = 41;

/** A rate in 2^-41, from parts in a thousand million. */
export function rateOffsetOfPpb(ppb: number): bigint {
  return BigInt(Math.round((ppb * 2 ** RATE_BITS) / 1e9));
}

export function oscillatorLine(words: BigUint64Array, line: number): OscillatorLine {
  const word = (at: number): bigint => words[line * OSCILLATOR_LINE_WORDS + at] ?? 0n;
  return {
    index: word(0),
    systemNs: word(1),
    ticksNs: word(2),
    fraction: word(3),
    rateOffset: BigInt.asIntN(64, word(4)),
  };
}

/** The ticks when the system's clock shows `systemNs`, to be held against any line beneath it. */
export function ticksOnLine(line: OscillatorLine, systemNs: bigint): bigint {
  const elapsed = systemNs - line.systemNs;
  return line.ticksNs + elapsed + ((elapsed * line.rateOffset + line.fraction) >> 41n);
}
