/** What the collection's frames come to, by the reference and by what each entry says of itself. */
import { hex } from '#lab/bench/frames';
import { Frame } from '../reference-clock/anatomy.js';
import { type Left, ReferenceClock } from '../reference-clock/clock.js';
import { CROWDED, PLACES } from './crowded-switch.js';
import { type NamedFrame, cellOf } from './entry.js';

/** Frames come a millisecond apart and stay for 3 µs: whole ticks of either program's clock. */
export const APART_NS = 20_000_000n;
export const STAY_NS = 3_000n;

/** Where a frame of a place leaves by. */
export function otherPort(port: number): number {
  return port % 2 === 1 ? port + 1 : port - 1;
}

/** The counter's cell that an entry names, as `array[index]`; null: none. */
export function cellNamed(one: NamedFrame): string | null {
  if (one.counted === null) return null;
  const port = PLACES[one.place];
  const at = one.counted.at === 'ingress' ? port : otherPort(port);
  return cellOf(one.counted, CROWDED.ports.indexOf(at));
}

/** What must be so by the entry's own word; null: it is. `left` is what a switch made of it. */
export function brokenPromise(one: NamedFrame, left: readonly Left[]): string | null {
  const port = PLACES[one.place];
  const out = left.map((sent) => `${sent.port}:${hex(sent.frame)}`).join(' ');
  const same = `${otherPort(port)}:${hex(one.frame)}`;
  switch (one.fate) {
    case 'dropped':
    case 'waits':
    case 'to the controller':
      return left.length === 0 ? null : `is sent: ${out}`;
    case 'untouched':
      return out === same ? null : `is not as it was: ${out}`;
    case 'corrected':
      return left.length === 1 && isCorrected(one.frame, left[0]) ? null : `not corrected: ${out}`;
    case 'changed':
      return left.length >= 1 && left[0]?.port === otherPort(port) && out !== same
        ? null
        : `not changed: ${out}`;
    case 'answered':
      return left.length >= 1 && left.every((sent) => sent.port === port)
        ? null
        : `not answered: ${out}`;
  }
}

/** Nothing but correctionField and the checksum over it differs, and correctionField does. */
function isCorrected(before: Uint8Array, left: Left | undefined): boolean {
  const { ptp, udp } = new Frame(before);
  if (ptp === null || left?.frame.length !== before.length) return false;
  const differing = [...before.keys()].filter((at) => before[at] !== left.frame[at]);
  const isField = (at: number): boolean => at >= ptp + 8 && at < ptp + 16;
  const isChecksum = (at: number): boolean => udp !== null && (at === udp + 6 || at === udp + 7);
  return differing.some(isField) && differing.every((at) => isField(at) || isChecksum(at));
}

/** A reference that is new, and what it makes of one frame. */
export function alone(one: NamedFrame): { readonly left: Left[]; readonly clock: ReferenceClock } {
  const clock = new ReferenceClock(CROWDED, 1n);
  const left = clock.receive(PLACES[one.place], one.frame, APART_NS, APART_NS + STAY_NS);
  return { left, clock };
}
