/**
 * Updates on their way to the switch. What changes together is written together; what others wait for
 * goes at once; while one write is under way the next ones gather, the last of each entry.
 */
import type { Entity } from '#p4rt/entities';
import { entityKey } from '#p4rt/identity';
import type { Update } from '#p4rt/reconcile';
import { milliseconds } from '#units/time';
import type { Timers } from './timers.js';

const GATHERING = milliseconds(100);

export class UpdateBatcher {
  readonly #timers: Timers;
  readonly #write: (updates: readonly Update[]) => void | Promise<void>;
  readonly #changed = new Map<string, Update>();
  #cancel: (() => void) | null = null;
  #writing: Promise<void> | null = null;
  #isUrgent = false;

  constructor(timers: Timers, write: (updates: readonly Update[]) => void | Promise<void>) {
    this.#timers = timers;
    this.#write = write;
  }

  add(update: Update, urgency: 'now' | 'soon'): void {
    this.#changed.set(entityKey(update.entity as Entity), update);
    if (urgency === 'now') this.#isUrgent = true;
    if (this.#writing !== null) return;
    if (this.#isUrgent) this.#flush();
    else this.#cancel ??= this.#timers.after(GATHERING, () => this.#flush());
  }

  /** Writes what there is, and resolves when nothing is under way any more. */
  async finish(): Promise<void> {
    if (this.#writing === null && this.#changed.size > 0) this.#flush();
    while (this.#writing !== null) await this.#writing;
  }

  #flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#isUrgent = false;
    const updates = [...this.#changed.values()];
    this.#changed.clear();
    const writing = this.#write(updates);
    if (writing === undefined) return;
    this.#writing = writing.then(() => {
      this.#writing = null;
      if (this.#changed.size > 0) this.#flush();
    });
  }
}
