/** A named bad frame: what it is, where it comes in, what becomes of it, where that is counted. */
import { type Message, type Way, frameAround, frameOf, octetsOf } from '../messages.js';
import type { Place } from './crowded-switch.js';

/** What becomes of a frame. `changed` is PTP changed in another way than by a correction. */
export type Fate =
  'dropped' | 'untouched' | 'corrected' | 'changed' | 'answered' | 'waits' | 'to the controller';

/** Cells a port of the program's arrays, and the names of those that frames here end in. */
const ARRAYS = {
  ptp_received: 16,
  ptp_malformed: 8,
  ptp_version_1: 1,
  ptp_corrected: 16,
  ptp_sent: 16,
  ingress_dropped: 32,
  egress_dropped: 32,
  untouched: 4,
  two_step: 16,
  answered: 16,
} as const;

export interface Counted {
  readonly array: keyof typeof ARRAYS;
  readonly what: number;
  /** The ingress port's slot, or that of the port that it would leave by. */
  readonly at: 'ingress' | 'egress';
}

export interface NamedFrame {
  readonly name: string;
  readonly place: Place;
  readonly frame: Uint8Array;
  readonly fate: Fate;
  /** Null: the frame is nothing to the program but a frame. */
  readonly counted: Counted | null;
}

/** The cell's name, as VirtualSwitch and the reference have it. */
export function cellOf({ array, what }: Counted, slot: number): string {
  return `${array}[${slot * ARRAYS[array] + what}]`;
}

const ingress = (array: Counted['array'], what: number): Counted => ({
  array,
  what,
  at: 'ingress',
});
const egress = (array: Counted['array'], what: number): Counted => ({ array, what, at: 'egress' });

export const MALFORMED = {
  truncated: ingress('ptp_malformed', 1),
  version: ingress('ptp_malformed', 2),
  beyond: ingress('ptp_malformed', 3),
  tooLow: ingress('ptp_malformed', 4),
} as const;

export const VERSION_1 = ingress('ptp_version_1', 0);
export const UNTOUCHED = {
  fragment: ingress('untouched', 0),
  extension: ingress('untouched', 1),
  tags: ingress('untouched', 2),
} as const;

export const dropped = (reason: number): Counted => ingress('ingress_dropped', reason);
export const droppedAtEgress = (reason: number): Counted => egress('egress_dropped', reason);
export const received = (type: number): Counted => ingress('ptp_received', type);
export const corrected = (type: number): Counted => egress('ptp_corrected', type);
export const answered = (type: number): Counted => ingress('answered', type);
export const twoStep = (what: number): Counted => egress('two_step', what);
export const stray = (): Counted => ingress('two_step', 6);

/** Collects entries of one place. */
export class Collection {
  readonly entries: NamedFrame[] = [];
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  add(name: string, fate: Fate, counted: Counted | null, frame: Uint8Array): void {
    this.entries.push({ name, place: this.#place, frame, fate, counted });
  }
}

/** Octets written over others: [offset, octets…]. */
export type Patch = readonly [number, ...number[]];

export function patched(octets: Uint8Array, ...patches: readonly Patch[]): Uint8Array {
  const out = Uint8Array.from(octets);
  for (const [at, ...values] of patches) out.set(values, at);
  return out;
}

/** The message is wrong in these octets, its frame around it right, checksums included. */
export function wrongInside(
  one: Message,
  way: Partial<Way>,
  ...patches: readonly Patch[]
): Uint8Array {
  return frameAround(one.kind, patched(octetsOf(one), ...patches), way);
}

/** The frame is wrong in these octets. */
export function wrongOutside(
  one: Message,
  way: Partial<Way>,
  ...patches: readonly Patch[]
): Uint8Array {
  return patched(frameOf(one, way), ...patches);
}

/** Only its first octets arrive. */
export function cutTo(one: Message, way: Partial<Way>, octets: number): Uint8Array {
  return frameOf(one, way).slice(0, octets);
}
