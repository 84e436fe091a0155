/**
 * What is due, and when: a binary heap by time, and by the order of insertion where times are equal, so
 * that a run never depends on how the heap happens to lie.
 */
export interface ScheduledEvent {
  readonly atNs: number;
  readonly order: number;
  readonly run: () => void;
  /** It stays in the queue until its time, and is then left out. */
  isCancelled: boolean;
}

function isEarlier(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.atNs < b.atNs || (a.atNs === b.atNs && a.order < b.order);
}

export class EventQueue {
  readonly #heap: ScheduledEvent[] = [];
  #order = 0;

  /** Those that are cancelled and not yet due are among them. */
  get length(): number {
    return this.#heap.length;
  }

  add(atNs: number, run: () => void): ScheduledEvent {
    const event: ScheduledEvent = { atNs, order: this.#order++, run, isCancelled: false };
    const heap = this.#heap;
    let hole = heap.length;
    heap.push(event);
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isEarlier(event, parent)) break;
      heap[hole] = parent;
      hole = above;
    }
    heap[hole] = event;
    return event;
  }

  /** The next that is not cancelled and due at `untilNs` or before; null: there is none. */
  take(untilNs: number): ScheduledEvent | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atNs > untilNs) return null;
      this.#removeFirst();
      if (!first.isCancelled) return first;
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    const { length } = heap;
    let hole = 0;
    for (;;) {
      const left = 2 * hole + 1;
      let child = heap[left];
      if (child === undefined) break;
      let below = left;
      const right = left + 1 < length ? heap[left + 1] : undefined;
      if (right !== undefined && isEarlier(right, child)) {
        child = right;
        below = left + 1;
      }
      if (!isEarlier(child, last)) break;
      heap[hole] = child;
      hole = below;
    }
    heap[hole] = last;
  }
}
