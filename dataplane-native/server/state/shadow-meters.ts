/** Meters of an engine without a dataplane: they have seen no frames. */
import { METER_WORDS, meterRates, meterWords } from '#binding/state-values';
import type { CounterValue, MeterCounts, MeterRates, MeterState } from '../engine-port.js';

const ZERO: CounterValue = { packets: 0n, octets: 0n };
export const NO_METER_COUNTS: MeterCounts = { green: ZERO, yellow: ZERO, red: ZERO };

const STATE_WORDS = 1 + METER_WORDS;

/** Without frames a meter is its configuration. */
export function meterState(cells: readonly (MeterRates | null)[]): MeterState {
  const state = new BigUint64Array(STATE_WORDS * cells.length);
  for (const [i, rates] of cells.entries()) {
    if (rates === null) continue;
    state[STATE_WORDS * i] = 1n;
    state.set(meterWords(rates) ?? [], STATE_WORDS * i + 1);
  }
  return state;
}

/** The configuration of a cell in such a state. */
export function ratesIn(state: MeterState, cell: number): MeterRates | null {
  return state[STATE_WORDS * cell] === 1n ? meterRates(state, STATE_WORDS * cell + 1) : null;
}
