/** What is due when: a binary heap by time. Times are whole numbers of whatever unit the owner has. */

interface Entry<Item> {
  readonly due: number;
  /** Among those that are due together the first one in is the first one out. */
  readonly order: number;
  readonly item: Item;
}

export class DueQueue<Item> {
  readonly #heap: Entry<Item>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When the first one is due; null if nothing is. */
  get next(): number | null {
    return this.#heap[0]?.due ?? null;
  }

  push(due: number, item: Item): void {
    const heap = this.#heap;
    const entry = { due, order: this.#order++, item };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  }

  /** The first one that is due at `now` or before; undefined if none is. */
  popDue(now: number): Item | undefined {
    const heap = this.#heap;
    const [first] = heap;
    if (first === undefined || first.due > now) return undefined;
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return first.item;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  /** Puts `entry` in at the top, and down to where it belongs. */
  #sink(entry: Entry<Item>): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      if (left === undefined) break;
      const right = heap[2 * at + 2];
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, entry)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = entry;
  }
}

function isBefore<Item>(a: Entry<Item>, b: Entry<Item>): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
