/** What a port counted, by name; what was heard and not used tells why it does not synchronize. */
export class PortCounters {
  readonly #counts = new Map<string, number>();

  add(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by);
  }

  get(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  all(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
