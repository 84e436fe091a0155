/**
 * Who changes the forwarding state when. Batches of one role are written one after the other, those of
 * different roles a part of each in turn. What goes alone waits until all that came before it has
 * ended, and what comes later waits for it: a batch that may be undone, which would undo what others
 * wrote meanwhile, and a change of the pipeline, which would cut a batch in two.
 */
export interface Change {
  /** Null: of no role, but of the switch. */
  readonly role: string | null;
  readonly isAlone: boolean;
}

/** See the file's comment. Nobody waits for what came later, hence nobody for ever. */
export class ChangeQueue {
  readonly #onIdle: (role: string) => void;
  /** By role: when its last change has ended. */
  readonly #last = new Map<string, Promise<void>>();
  #lastAlone: Promise<void> | null = null;

  /** `onIdle` is told when the last change of a role has ended. */
  constructor(onIdle: (role: string) => void = () => undefined) {
    this.#onIdle = onIdle;
  }

  /** Whether a change of the role is being made, or waits. */
  isChanging(role: string): boolean {
    return this.#last.has(role);
  }

  /** Does the work when its turn has come: at once, if there is nothing to wait for. */
  async run<T>({ role, isAlone }: Change, work: () => T | Promise<T>): Promise<T> {
    const before = this.#before(role, isAlone);
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    if (role !== null) this.#last.set(role, ended);
    if (isAlone) this.#lastAlone = ended;
    try {
      if (before.length > 0) await Promise.all(before);
      return await work();
    } finally {
      if (this.#lastAlone === ended) this.#lastAlone = null;
      end();
      if (role !== null && this.#last.get(role) === ended) {
        this.#last.delete(role);
        this.#onIdle(role);
      }
    }
  }

  /** The ends of those that the change waits for; they have waited for the ones before them. */
  #before(role: string | null, isAlone: boolean): Promise<void>[] {
    const own = role === null ? undefined : this.#last.get(role);
    const others = isAlone ? [...this.#last.values()] : [own];
    return [this.#lastAlone, ...others].filter((last) => last !== null && last !== undefined);
  }
}
