/** What came in on a port: by message type, and what was left out and why, so that a port can explain itself. */
import type { MessageKind } from '#wire/ptp-header';

/** Reasons that are told apart; domains come from the network. */
const MAX_REASONS = 16;
const OTHERS = 'for other reasons';

export class PortHeard {
  readonly #kinds = new Map<MessageKind, number>();
  readonly #leftOut = new Map<string, number>();

  heard(kind: MessageKind): void {
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
  }

  /** `what` completes "12 messages ...": "of domain 3". */
  leftOut(what: string, messages: number): void {
    const isKnown = this.#leftOut.has(what) || this.#leftOut.size < MAX_REASONS;
    const key = isKnown ? what : OTHERS;
    this.#leftOut.set(key, (this.#leftOut.get(key) ?? 0) + messages);
  }

  count(kind: MessageKind): number {
    return this.#kinds.get(kind) ?? 0;
  }

  /** `12 messages of domain 3, 4 of sdoId 0x100`; null: nothing was left out. */
  leftOutText(): string | null {
    if (this.#leftOut.size === 0) return null;
    return [...this.#leftOut]
      .map(([what, messages], index) => `${messages}${index === 0 ? ' messages' : ''} ${what}`)
      .join(', ');
  }

  counters(): Record<string, number> {
    const received = [...this.#kinds].map(([kind, count]) => [`received:${kind}`, count] as const);
    const left = [...this.#leftOut].map(([what, count]) => [`leftOut:${what}`, count] as const);
    return Object.fromEntries([...received, ...left]);
  }
}
