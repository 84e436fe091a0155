/** Reads again and again, and shows each reading with the one before. */
import { setTimeout as delay } from 'node:timers/promises';
import type { StatusErrorCode } from '#runtime/status-client';
import type { AgentStatus } from '#runtime/status';
import type { Result } from '#units/result';
import type { Reading } from './view.js';

export interface WatchOptions {
  readonly first: Reading;
  readonly read: () => Promise<Result<AgentStatus, StatusErrorCode>>;
  /** Milliseconds of a clock that never steps back. */
  readonly nowMs: () => number;
  readonly intervalMs: number;
  /** Ends it: between two readings or in the middle of one. */
  readonly signal: AbortSignal;
  /** `trouble`: why `now` is old; empty when it is not. */
  readonly show: (now: Reading, before: Reading | null, trouble: string) => void;
}

/**
 * Resolves when `signal` says so. An agent that goes away is waited for: whoever watches one wants
 * to see it come back.
 */
export async function watch(options: WatchOptions): Promise<void> {
  const { signal, show } = options;
  let before: Reading | null = null;
  let now = options.first;
  show(now, before, '');
  while (await pause(options.intervalMs, signal)) {
    const status = await options.read();
    if (signal.aborted) return;
    if (status.ok) {
      before = now;
      now = { status: status.value, atMs: options.nowMs() };
    }
    show(now, before, status.ok ? '' : status.error.message);
  }
}

/** False when it was interrupted. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
