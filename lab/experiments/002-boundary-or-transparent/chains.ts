/** The same question to whole instances: chains of boundary and of transparent clocks in events. */
import type { PtpNode } from '../../sim/ptp-node.js';
import { boundaryChain, transparentChain } from '../../sim/topologies.js';
import { World } from '../../sim/world.js';

export interface ChainScale {
  readonly settleSeconds: number;
  readonly seconds: number;
}

/** Of each stamp: far more than what else there is in a chain of perfect oscillators. */
export const STAMP_SIGMA_NS = 100;
const jitter = { kind: 'normal', sigmaNs: STAMP_SIGMA_NS } as const;
/** All frequencies are right from the beginning: what is seen is noise, not learning. */
const COMMON = { oscillator: { ppm: 0 }, timestamper: { jitter } } as const;

/** Root mean squares of the errors behind 1, 2, … `hops` boundary clocks; nanoseconds. */
export function boundaryErrors(hops: number, seed: number, scale: ChainScale): number[] {
  const world = new World({ seed });
  const { grandmaster, clocks } = boundaryChain(world, { hops, ...COMMON });
  return errorsOf(world, grandmaster, clocks, scale);
}

/** The error of one clock behind `hops - 1` transparent clocks; nanoseconds. */
export function transparentError(hops: number, seed: number, scale: ChainScale): number {
  const world = new World({ seed });
  const transparent = { timestamper: { jitter } };
  const { grandmaster, clocks } = transparentChain(world, { hops, ...COMMON }, transparent);
  return errorsOf(world, grandmaster, clocks, scale)[0] ?? Number.NaN;
}

function errorsOf(
  world: World,
  grandmaster: PtpNode,
  clocks: readonly PtpNode[],
  { settleSeconds, seconds }: ChainScale,
): number[] {
  for (const node of [grandmaster, ...clocks]) node.start();
  world.run(settleSeconds);
  const squares = clocks.map(() => 0);
  for (let second = 0; second < seconds; second += 1) {
    world.run(1);
    for (const [index, { errorNs }] of clocks.entries()) {
      squares[index] = (squares[index] ?? 0) + errorNs ** 2;
    }
  }
  return squares.map((square) => Math.sqrt(square / seconds));
}
