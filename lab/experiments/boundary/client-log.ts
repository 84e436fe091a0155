/** What a client's ptp4l says: its state, and the offset that it computes. */

const STATE = /port 1: [A-Z_]+ to ([A-Z_]+)/;
const OFFSET = /master offset\s+(-?\d+)/;

export class ClientLog {
  #state = 'nothing';
  #offsetNs: number | null = null;

  take(line: string): void {
    const state = STATE.exec(line)?.[1];
    if (state !== undefined) this.#state = state;
    const offset = OFFSET.exec(line)?.[1];
    if (offset !== undefined) this.#offsetNs = Number(offset);
  }

  get state(): string {
    return this.#state;
  }

  /** Of the last Sync; null: it has computed none. */
  get offsetNs(): number | null {
    return this.#offsetNs;
  }
}
