import { describe, expect, it } from 'vitest';
import { type Trial, zeroLossRate } from '#lab/bench/zero-loss';

const limits = { start: 10_000, lowest: 1000, highest: 1_000_000, resolution: 0.03 };

/** A forwarder that loses everything above `capacity`, before a generator with a limit. */
function forwarder(capacity: number, generator = Infinity) {
  return (rate: number): Promise<Trial> => {
    const real = Math.min(rate, generator);
    const received = real <= capacity ? 10_000 : Math.floor((10_000 * capacity) / real);
    return Promise.resolve({ sent: 10_000, received, rate: real });
  };
}

describe('the search for the rate without loss', () => {
  it.each([1500, 40_000, 333_333])(
    'finds %d packets/s from below, within its resolution',
    async (capacity) => {
      const { rate, limitedByGenerator } = await zeroLossRate(forwarder(capacity), limits);
      expect(rate).toBeLessThanOrEqual(capacity);
      expect(rate).toBeGreaterThan(capacity / 1.04);
      expect(limitedByGenerator).toBe(false);
    },
  );

  it('says so when the generator is what limits', async () => {
    const result = await zeroLossRate(forwarder(300_000, 50_000), limits);
    expect(result).toEqual({ rate: 50_000, limitedByGenerator: true });
  });

  it('is zero when even the lowest rate loses', async () => {
    expect(await zeroLossRate(forwarder(500), limits)).toMatchObject({ rate: 0 });
  });

  it('gives a losing trial a second chance', async () => {
    let trials = 0;
    const hiccup = async (rate: number): Promise<Trial> => {
      const result = await forwarder(20_000)(rate);
      return trials++ === 2 ? { ...result, received: 1 } : result;
    };
    expect((await zeroLossRate(hiccup, limits)).rate).toBeGreaterThan(19_000);
  });
});
