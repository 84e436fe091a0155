/** Structured random packets: those of a program's test, as they are, changed, cut and prolonged. */

/** xorshift32: the same packets for the same seed. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % limit;
  }

  octets(count: number): number[] {
    return Array.from({ length: count }, () => this.below(256));
  }
}

const MOST_OCTETS = 400;
/** Where parsers look. */
const HEAD_OCTETS = 64;

type Change = (chance: Chance, frame: number[], bases: readonly Uint8Array[]) => number[];

const place = (chance: Chance, frame: readonly number[]): number =>
  chance.below(Math.max(Math.min(frame.length, HEAD_OCTETS), 1));

const CHANGES: readonly Change[] = [
  (_, frame) => frame,
  (_, frame) => frame,
  (chance, frame) => {
    frame[place(chance, frame)] = chance.below(256);
    return frame;
  },
  (chance, frame) => {
    const at = place(chance, frame);
    frame[at] = (frame[at] ?? 0) ^ (1 << chance.below(8));
    return frame;
  },
  /** Small numbers, and the ends of ranges. */
  (chance, frame) => {
    const values = [0, 1, 2, 3, 4, 5, 7, 8, 0x7f, 0x80, 0xfe, 0xff];
    frame[place(chance, frame)] = values[chance.below(values.length)] ?? 0;
    return frame;
  },
  /** Several octets alike. */
  (chance, frame) => {
    const [at, count, value] = [place(chance, frame), chance.below(8), chance.below(2) * 0xff];
    for (let i = at; i < Math.min(at + count, frame.length); i += 1) frame[i] = value;
    return frame;
  },
  (chance, frame) => frame.slice(0, 1 + chance.below(frame.length)),
  (chance, frame) => [...frame, ...chance.octets(1 + chance.below(64))],
  /** The head of one, the tail of another. */
  (chance, frame, bases) => {
    const other = bases[chance.below(bases.length)] ?? [];
    const at = place(chance, frame);
    return [...frame.slice(0, at), ...other.slice(at)];
  },
  /** Octets from another place. */
  (chance, frame) => {
    const [to, from] = [place(chance, frame), place(chance, frame)];
    const count = 1 + chance.below(6);
    return frame.map((octet, i) =>
      i >= to && i < to + count ? (frame[from + i - to] ?? 0) : octet,
    );
  },
];

/** One packet: up to three changes to one of `bases`. */
export function randomPacket(chance: Chance, bases: readonly Uint8Array[]): Uint8Array {
  let frame = [...(bases[chance.below(bases.length)] ?? [0])];
  const count = chance.below(4);
  for (let i = 0; i < count; i += 1) {
    const change = CHANGES[chance.below(CHANGES.length)];
    if (change !== undefined) frame = change(chance, frame, bases);
  }
  return Uint8Array.from(frame.length === 0 ? [0] : frame.slice(0, MOST_OCTETS));
}
