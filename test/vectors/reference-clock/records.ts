/** What event messages left behind for those that follow them, and the followers that wait. */
import type { Ptp } from './anatomy.js';

export type RecordKind = 'Sync' | 'Delay_Req' | 'Pdelay_Req' | 'Pdelay_Resp';

/** How long a record may be found, and how long a follower waits for one. */
export const LIFETIME_NS = 2_000_000_000n;
export const PATIENCE_NS = 10_000_000n;

export interface Kept {
  /** All that a one-step correction would have added. Scaled nanoseconds. */
  readonly value: bigint;
  readonly madeNs: bigint;
  /** The port that the event message came in by: where its answer goes. */
  readonly cameBy: number;
}

/**
 * An event message and its follower say the same here: identity, sequenceId, domain, sdoId, VLAN. `by`:
 * the ports that both know of.
 */
export function recordKey(
  kind: RecordKind,
  by: string,
  vid: number,
  identity: bigint,
  ptp: Ptp,
): string {
  const instance = [ptp.domain, ptp.sdoId, vid].join(' ');
  return [kind, by, identity.toString(16), ptp.sequenceId, instance].join(' ');
}

/** A record is good for one follower: a duplicate of that one finds it used. */
export class Records {
  readonly #kept = new Map<string, Kept>();
  readonly #used = new Set<string>();

  keep(key: string, record: Kept): void {
    this.#kept.set(key, record);
    this.#used.delete(key);
  }

  find(key: string, nowNs: bigint): Kept | null {
    const found = this.#kept.get(key);
    return found === undefined || nowNs - found.madeNs > LIFETIME_NS ? null : found;
  }

  isUsed(key: string): boolean {
    return this.#used.has(key);
  }

  use(key: string): void {
    this.#used.add(key);
  }
}

/** Delay_Req and Pdelay_Req: their residence goes into what answers them. */
export function isAsking(ptp: Ptp): boolean {
  return ptp.type === 1 || ptp.type === 2;
}

/** A request's answer does not know by which port it came in; a message's follower does. */
export function keyOfEvent(from: number, port: number, vid: number, ptp: Ptp): string {
  const kind = (['Sync', 'Delay_Req', 'Pdelay_Req', 'Pdelay_Resp'] as const)[ptp.type] ?? 'Sync';
  const identity = ptp.type === 3 ? ptp.requesting : ptp.source;
  return recordKey(kind, isAsking(ptp) ? String(port) : `${from}-${port}`, vid, identity, ptp);
}
