/**
 * What is due, and when: heaps by time, and by the order of insertion where times are equal, so that a
 * run never depends on how a heap happens to lie. Keys are numbers side by side, four children to a
 * parent: with a hundred thousand that wait, what is compared is what the processor's cache has.
 *
 * Most of what is added is a frame on a line or a stamp on its way, due before any timer: it has a heap of
 * its own, of some entries, instead of making its way through that of all timers, up and down again.
 */

/** Something that may happen again and again: it waits for one time, the last that it was given. */
export class ScheduledEvent {
  readonly run: () => void;
  /** Of the entry that counts; NONE: it does not wait. */
  order = NONE;

  constructor(run: () => void) {
    this.run = run;
  }

  get isWaiting(): boolean {
    return this.order !== NONE;
  }

  /** Its entry stays in the queue until its time, and is then left out. */
  cancel(): void {
    this.order = NONE;
  }
}

const NONE = -1;
const CHILDREN = 4;
/** Each entry has two keys: its time, and its order. */
const KEYS = 2;
const FIRST_ROOM = 64;

/** What is due sooner than so much after what was taken last is near. */
const NEAR_NS = 100_000;

export class EventQueue {
  readonly #near = new EventHeap();
  readonly #far = new EventHeap();
  #order = 0;
  #takenAtNs = 0;

  /** Entries that count no more and are not yet due are among them. */
  get length(): number {
    return this.#near.length + this.#far.length;
  }

  /** When what was taken last was due. */
  get takenAtNs(): number {
    return this.#takenAtNs;
  }

  /** It happens then, and not when it was to happen before. */
  add(atNs: number, event: ScheduledEvent): void {
    const order = this.#order++;
    event.order = order;
    const heap = atNs - this.#takenAtNs < NEAR_NS ? this.#near : this.#far;
    heap.add(atNs, order, event);
  }

  /** The next that waits and is due at `untilNs` or before; null: there is none. */
  take(untilNs: number): ScheduledEvent | null {
    for (;;) {
      const heap = this.#near.isBefore(this.#far) ? this.#near : this.#far;
      const { first, firstNs } = heap;
      if (first === undefined || firstNs > untilNs) return null;
      const isMeant = first.order === heap.firstOrder;
      heap.removeFirst();
      if (!isMeant) continue;
      first.order = NONE;
      this.#takenAtNs = firstNs;
      return first;
    }
  }
}

class EventHeap {
  #keys = new Float64Array(FIRST_ROOM * KEYS);
  readonly #events: ScheduledEvent[] = [];

  get length(): number {
    return this.#events.length;
  }

  get first(): ScheduledEvent | undefined {
    return this.#events[0];
  }

  /** Of what is first; without any meaning where nothing is. */
  get firstNs(): number {
    return this.#keys[0] ?? 0;
  }

  get firstOrder(): number {
    return this.#keys[1] ?? 0;
  }

  /** What is first here is to happen before what is first there. */
  isBefore(other: EventHeap): boolean {
    if (this.length === 0 || other.length === 0) return this.length > 0;
    const differenceNs = this.firstNs - other.firstNs;
    return differenceNs < 0 || (differenceNs === 0 && this.firstOrder < other.firstOrder);
  }

  add(atNs: number, order: number, event: ScheduledEvent): void {
    const events = this.#events;
    let hole = events.length;
    events.push(event);
    if (hole * KEYS === this.#keys.length) this.#grow();
    const keys = this.#keys;
    while (hole > 0) {
      const above = Math.floor((hole - 1) / CHILDREN);
      const aboveNs = keys[above * KEYS] ?? 0;
      // What is added last comes last among what is due at the same time.
      if (aboveNs <= atNs) break;
      this.#move(above, hole);
      hole = above;
    }
    this.#put(hole, atNs, order, event);
  }

  removeFirst(): void {
    const events = this.#events;
    const keys = this.#keys;
    const last = events.pop();
    const { length } = events;
    if (last === undefined || length === 0) return;
    const lastNs = keys[length * KEYS] ?? 0;
    const lastOrder = keys[length * KEYS + 1] ?? 0;
    let hole = 0;
    for (;;) {
      const least = this.#leastChild(hole, length);
      if (least === NONE) break;
      const leastNs = keys[least * KEYS] ?? 0;
      const leastOrder = keys[least * KEYS + 1] ?? 0;
      if (leastNs > lastNs || (leastNs === lastNs && leastOrder > lastOrder)) break;
      this.#move(least, hole);
      hole = least;
    }
    this.#put(hole, lastNs, lastOrder, last);
  }

  #leastChild(parent: number, length: number): number {
    const keys = this.#keys;
    const begin = CHILDREN * parent + 1;
    if (begin >= length) return NONE;
    const end = Math.min(begin + CHILDREN, length);
    let least = begin;
    let leastNs = keys[begin * KEYS] ?? 0;
    for (let child = begin + 1; child < end; child += 1) {
      const ns = keys[child * KEYS] ?? 0;
      if (ns > leastNs) continue;
      if (ns === leastNs && (keys[child * KEYS + 1] ?? 0) > (keys[least * KEYS + 1] ?? 0)) continue;
      least = child;
      leastNs = ns;
    }
    return least;
  }

  #move(from: number, to: number): void {
    const event = this.#events[from];
    if (event === undefined) return;
    this.#put(to, this.#keys[from * KEYS] ?? 0, this.#keys[from * KEYS + 1] ?? 0, event);
  }

  #put(at: number, ns: number, order: number, event: ScheduledEvent): void {
    this.#keys[at * KEYS] = ns;
    this.#keys[at * KEYS + 1] = order;
    this.#events[at] = event;
  }

  #grow(): void {
    const keys = new Float64Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
  }
}
