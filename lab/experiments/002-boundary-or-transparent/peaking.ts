/** How many boundary clocks in a row are better than transparent ones, by how much the servo peaks. */
import { gainPeakingDb, loopGain, type LoopGains } from '../../../control-plane/servo/gains.js';
import type { Cell, Chart, Table } from '../../study/study.js';
import { SERVOS } from '../servos.js';

const PEAKINGS_DB = [0.05, 0.1, 0.2, 0.5, 1, 2, 3] as const;
const KPS = [0.7, SERVOS[3].gains.kp, 0.1] as const;
const FREQUENCIES = 1 << 13;
const MOST_HOPS = 2_000;
const BISECTIONS = 50;

/**
 * The hops with which boundary clocks have less error than transparent ones, white noise alone: from where
 * to where, by the closed form of `stepped-chain.ts`. `last` null: with more than anybody looked at.
 */
export function betterHops(gains: LoopGains): {
  readonly first: number | null;
  readonly last: number | null;
} {
  const power = new Float64Array(FREQUENCIES);
  const product = new Float64Array(FREQUENCIES).fill(1);
  for (let index = 0; index < FREQUENCIES; index += 1) {
    power[index] = loopGain(gains, (0.5 * (index + 0.5)) / FREQUENCIES) ** 2;
  }
  const single = power.reduce((sum, one) => sum + one, 0);
  let boundary = 0;
  let first: number | null = null;
  for (let hop = 1; hop <= MOST_HOPS; hop += 1) {
    for (let index = 0; index < FREQUENCIES; index += 1) {
      product[index] = (product[index] ?? 0) * (power[index] ?? 0);
      boundary += product[index] ?? 0;
    }
    // With one, both are the same clock.
    const isBetter = hop > 1 && boundary < hop * single;
    if (isBetter && first === null) first = hop;
    if (!isBetter && hop > 1 && boundary > hop * single) {
      // Worse now is worse for ever: what is amplified goes on to be.
      return { first, last: first === null ? null : hop - 1 };
    }
  }
  return { first, last: null };
}

interface PeakRow {
  readonly kp: number;
  readonly peakDb: number;
  readonly gains: LoopGains;
  readonly first: number | null;
  readonly last: number | null;
}

/** The ki that peaks so far; less than kp, and beyond critical damping where that takes it. */
function kiOf(kp: number, peakDb: number): number {
  let [low, high] = [0, kp];
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = (low + high) / 2;
    if (gainPeakingDb({ kp, ki: middle }) <= peakDb) low = middle;
    else high = middle;
  }
  return low;
}

export function peakingRows(): PeakRow[] {
  return KPS.flatMap((kp) =>
    PEAKINGS_DB.map((peakDb) => {
      const gains = { kp, ki: kiOf(kp, peakDb) };
      return { kp, peakDb, gains, ...betterHops(gains) };
    }),
  );
}

function hopsCell({ first, last }: PeakRow): Cell {
  if (first === null) return 'never';
  return last === null ? `${MOST_HOPS} or more` : last;
}

export function peakingTable(rows: readonly PeakRow[]): Table {
  const columns = ['kp', 'ki', 'peak, dB', 'BC better up to hop'];
  return {
    title:
      'From linuxptp’s gains to ours, closed form: with how many in a row BC are better than TC',
    columns: columns.map((name) => ({ name, digits: 3 })),
    rows: rows.map((row) => [row.kp, row.gains.ki, row.peakDb, hopsCell(row)]),
  };
}

export function peakingChart(rows: readonly PeakRow[]): Chart {
  return {
    title: 'White noise: up to which hop boundary clocks are better than transparent ones',
    x: { label: 'gain peaking of the servo, dB', scale: 'log' },
    y: { label: 'hops', scale: 'log' },
    series: KPS.map((kp) => ({
      name: `kp ${kp.toPrecision(3)}`,
      points: rows
        .filter((row) => row.kp === kp && row.last !== null)
        .map(({ peakDb, last }) => ({ x: peakDb, y: last ?? Number.NaN })),
    })),
  };
}
