import { loopGain, type LoopGains } from '../../control-plane/servo/gains.js';

/**
 * rms of the clock at a hop of a chain, in deviations of one hop's white noise:
 * √(mean over ω of Σ |H|^2k), k from 1 to the hop.
 */
export function chainNoise(gains: LoopGains, hop: number, points = 50_000): number {
  let sum = 0;
  for (let i = 0; i < points; i += 1) {
    const power = loopGain(gains, ((i + 0.5) / points) * 0.5) ** 2;
    for (let k = 1, product = power; k <= hop; k += 1, product *= power) sum += product;
  }
  return Math.sqrt(sum / points);
}
