/**
 * A client's side of arbitration (P4Runtime 1.5, chapter 5) and of keeping a connection, without
 * I/O: one event in, the next state and what to do out. Time and chance are arguments.
 */

export type ArbitrationPhase =
  | 'idle' // not started
  | 'arbitrating' // a stream is open, no answer yet
  | 'primary' // may write
  | 'backup' // another controller may write
  | 'waiting' // no stream; a timer runs
  | 'stopped';

export type ArbitrationEvent =
  | { readonly kind: 'start' }
  /** The switch says that we are the primary. */
  | { readonly kind: 'granted' }
  /** The switch says that we are not, with its reason. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The stream ended, or never began. `random` from 0 to 1 spreads the retries. */
  | { readonly kind: 'lost'; readonly reason: string; readonly random: number }
  | { readonly kind: 'timer' }
  | { readonly kind: 'stop' };

export type ArbitrationEffect =
  /** Open a stream and send a MasterArbitrationUpdate. */
  | { readonly kind: 'open' }
  | { readonly kind: 'close' }
  | { readonly kind: 'setTimer'; readonly delayMs: number }
  | { readonly kind: 'clearTimer' }
  | { readonly kind: 'became'; readonly phase: ArbitrationPhase; readonly reason: string };

export interface ArbitrationState {
  readonly phase: ArbitrationPhase;
  /** Losses since the last answer of a switch, for the backoff. */
  readonly failures: number;
}

export interface Step {
  readonly state: ArbitrationState;
  readonly effects: readonly ArbitrationEffect[];
}

export const INITIAL_ARBITRATION: ArbitrationState = { phase: 'idle', failures: 0 };

/** The next phase; null: the event means nothing in that phase and is ignored. */
export const ARBITRATION_TRANSITIONS: Readonly<
  Record<ArbitrationPhase, Readonly<Record<ArbitrationEvent['kind'], ArbitrationPhase | null>>>
> = {
  idle: row('arbitrating', null, null, null, null, 'stopped'),
  arbitrating: row(null, 'primary', 'backup', 'waiting', null, 'stopped'),
  primary: row(null, 'primary', 'backup', 'waiting', null, 'stopped'),
  backup: row(null, 'primary', 'backup', 'waiting', null, 'stopped'),
  waiting: row(null, null, null, null, 'arbitrating', 'stopped'),
  stopped: row(null, null, null, null, null, null),
};

function row(
  start: ArbitrationPhase | null,
  granted: ArbitrationPhase | null,
  refused: ArbitrationPhase | null,
  lost: ArbitrationPhase | null,
  timer: ArbitrationPhase | null,
  stop: ArbitrationPhase | null,
): Record<ArbitrationEvent['kind'], ArbitrationPhase | null> {
  return { start, granted, refused, lost, timer, stop };
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 2_000;

/** Doubles from 250 ms to 2 s, and takes off up to a quarter so that many agents do not march. */
export function retryDelayMs(failures: number, random: number): number {
  const full = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures, 16), LAST_RETRY_MS);
  return Math.round(full * (1 - random / 4));
}

export function arbitrationStep(state: ArbitrationState, event: ArbitrationEvent): Step {
  const phase = ARBITRATION_TRANSITIONS[state.phase][event.kind];
  if (phase === null) return { state, effects: [] };
  switch (event.kind) {
    case 'start':
    case 'timer':
      return { state: { ...state, phase }, effects: [{ kind: 'open' }] };
    case 'granted':
      return settled(state, phase, '');
    case 'refused':
      return settled(state, phase, event.reason);
    case 'lost':
      return {
        state: { phase, failures: state.failures + 1 },
        effects: [
          { kind: 'close' },
          { kind: 'setTimer', delayMs: retryDelayMs(state.failures, event.random) },
          { kind: 'became', phase, reason: event.reason },
        ],
      };
    case 'stop':
      return {
        state: { ...state, phase },
        effects: [{ kind: 'clearTimer' }, { kind: 'close' }, { kind: 'became', phase, reason: '' }],
      };
  }
}

/** Every answer is told, also a repeated one: a backup's reason may have changed. */
function settled(state: ArbitrationState, phase: ArbitrationPhase, reason: string): Step {
  const again = state.phase === phase && phase === 'primary';
  return {
    state: { phase, failures: 0 },
    effects: again ? [] : [{ kind: 'became', phase, reason }],
  };
}
