/** What a boundary clock tells its clients, as it is seen on their link. */
import { LabError } from '../../lab-error.js';
import { heardAnnounces, servedTimes, type ServedTime } from '../../measure/served-time.js';
import { startLinkTap, type LinkTap } from '../../peers/link-tap.js';
import { assertAllAlive, type ManagedProcess } from '../../peers/managed-process.js';
import type { Interface } from '../../namespaces/links.js';
import { pause } from '../run.js';

/** Beyond what a busy machine's stamps scatter by; a clock that is not steered passes it in seconds. */
export const SETTLED_NS = 30_000;
const SETTLED_SYNCS = 8;
const TICK_MS = 25;
/** More than SETTLED_SYNCS take at the slowest rate of the lab, a Sync a second. */
const RECENT_NS = 12_000_000_000n;

export interface Watch {
  readonly processes: readonly ManagedProcess[];
  readonly signal: AbortSignal;
}

export class Observer {
  readonly #tap: LinkTap;

  private constructor(tap: LinkTap) {
    this.#tap = tap;
  }

  /** At the client's end of a link. */
  static async start(
    end: Interface,
    onStart: (process: ManagedProcess) => void,
  ): Promise<Observer> {
    return new Observer(await startLinkTap(end, onStart));
  }

  /** Announces that came in since `sinceNs`. */
  announces(sinceNs = 0n) {
    return heardAnnounces(this.#since(sinceNs));
  }

  /** Syncs that came in since `sinceNs`, with what they served. */
  served(sinceNs = 0n): ServedTime[] {
    return servedTimes(this.#since(sinceNs));
  }

  /** The grandmaster that was last announced. */
  grandmaster(): bigint | undefined {
    return this.announces().at(-1)?.announce.grandmasterIdentity;
  }

  /** Whether `grandmaster` is announced, and time close to the true one is served, for some Syncs. */
  isSettled(grandmaster: bigint, toleranceNs = SETTLED_NS): boolean {
    const last = this.served(sharedNowNs() - RECENT_NS).slice(-SETTLED_SYNCS);
    const meanwhile = this.announces(last[0]?.stampNs);
    return (
      this.grandmaster() === grandmaster &&
      meanwhile.every(({ announce }) => announce.grandmasterIdentity === grandmaster) &&
      last.length === SETTLED_SYNCS &&
      last.every(({ errorNs }) => Math.abs(errorNs) < toleranceNs)
    );
  }

  #since(sinceNs: bigint) {
    const { messages } = this.#tap;
    let first = messages.length;
    while (first > 0 && (messages[first - 1]?.stampNs ?? 0n) >= sinceNs) first--;
    return messages.slice(first);
  }
}

/** Waits until `found` gives something; throws `no-samples` when it does not in time. */
export async function until<T>(
  { processes, signal }: Watch,
  found: () => T | undefined | false,
  timeoutMs: number,
  what: () => string,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = found();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) {
      throw new LabError('no-samples', `${what()} did not come within ${timeoutMs / 1000} s`);
    }
    await pause(TICK_MS, signal);
    assertAllAlive(processes);
  }
}

/** The clock that all namespaces share, as precise as this process can read it. */
export function sharedNowNs(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
}
