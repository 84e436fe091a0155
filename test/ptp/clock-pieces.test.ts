/** The lines that PTP time is made of, against the plainest way to keep them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockPieces, type Piece } from '#ptp/clock-pieces';

const SECOND = 1_000_000_000n;
const MOST = 64;
const HISTORY = 64n * SECOND;

class PlainPieces {
  #pieces: readonly Piece[];

  constructor(piece: Piece) {
    this.#pieces = [piece];
  }

  add(piece: Piece, oldestNs: bigint): void {
    const before = this.#pieces.filter(({ fromNs }) => fromNs < piece.fromNs);
    const first = Math.max(
      0,
      before.findLastIndex(({ fromNs }) => fromNs <= oldestNs),
    );
    this.#pieces = [...before.slice(first), piece].slice(-MOST);
  }

  unitsAt(time: bigint): bigint {
    const piece = this.#pieces.findLast(({ fromNs }) => fromNs <= time) ?? this.#pieces[0];
    if (piece === undefined) throw new Error('there is one at least');
    const passed = time - piece.fromNs;
    return piece.units + (passed << 16n) + ((passed * piece.rateUnits) >> 25n);
  }
}

const piece = fc.record({
  /** Since the piece before; sometimes from before that one. */
  laterNs: fc.bigInt({ min: -2n * SECOND, max: 3n * SECOND }),
  /** All that a timestamp can hold, and its fraction. */
  units: fc.bigInt({ min: 0n, max: (SECOND << 48n) << 16n }),
  rateUnits: fc.bigInt({ min: -(1n << 31n), max: (1n << 31n) - 1n }),
});

describe('the pieces of a clock', () => {
  it('are what was added, and no more of the past than is asked for', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 300 }),
        fc.array(fc.bigInt({ min: -100n * SECOND, max: 5n * SECOND }), { minLength: 8 }),
        (added, asked) => {
          const begin = { fromNs: 0n, units: 0n, rateUnits: 0n };
          const pieces = new ClockPieces(MOST, begin);
          const plain = new PlainPieces(begin);
          let fromNs = 0n;
          for (const { laterNs, units, rateUnits } of added) {
            fromNs += laterNs;
            const next = { fromNs, units, rateUnits };
            pieces.add(next, fromNs - HISTORY);
            plain.add(next, fromNs - HISTORY);
            expect(pieces.lastFromNs).toBe(fromNs);
            expect(pieces.lastRateUnits).toBe(Number(rateUnits));
          }
          for (const beyond of asked) {
            const time = fromNs + beyond;
            expect(pieces.unitsAt(time)).toBe(plain.unitsAt(time));
          }
        },
      ),
      { seed: 1588, numRuns: 200 },
    );
  });
});
