/** A dataplane whose clock is not the system's: every stamp is, to the nanosecond, where its lines
 * say; the world outside keeps its own time. */
import { afterEach, describe, expect, it } from 'vitest';
import { Engine } from '#binding/engine';
import { rateOffsetOfPpb, ticksOnLine, type OscillatorLine } from '#binding/oscillator';
import { Bench, engineLibrary, frameTo, must, REQUESTS } from './harness.js';

const SECOND = 1_000_000_000n;
const LINE_NS = 1n << 27n;
const NOW = 1_790_000_000n * SECOND;

interface Settings {
  readonly offsetNs?: bigint;
  readonly ppb?: number;
  readonly wanderPpb?: number;
  readonly seed?: bigint;
}

const opened: Engine[] = [];
afterEach(() => {
  for (const engine of opened.splice(0)) engine.close();
});

/** An engine whose oscillator starts at `NOW`, without ports. */
async function running(settings: Settings): Promise<Engine> {
  const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
  opened.push(engine);
  must(engine.setTime(NOW));
  must(engine.setOscillator(optionsOf(settings)));
  return engine;
}

const optionsOf = ({ offsetNs = 0n, ppb = 0, wanderPpb = 0, seed = 1n }: Settings) => ({
  offsetNs,
  rateOffset: rateOffsetOfPpb(ppb),
  wander: rateOffsetOfPpb(wanderPpb),
  seed,
});

/** What it shows so long after its start. */
function shown(engine: Engine, afterNs: bigint): bigint {
  must(engine.setTime(NOW + afterNs));
  return engine.now();
}

/** All its lines up to now; the engine keeps the last 256 only. */
function linesUntil(engine: Engine, endNs: bigint): OscillatorLine[] {
  const lines: OscillatorLine[] = [];
  for (let afterNs = 0n; ; afterNs += 100n * LINE_NS) {
    shown(engine, afterNs < endNs ? afterNs : endNs);
    lines.push(...must(engine.oscillatorLines((lines.at(-1)?.index ?? -1n) + 1n)));
    if (afterNs >= endNs) return lines;
  }
}

describe('an oscillator', () => {
  it('is ahead by its offset and faster by its rate, and loses nothing from line to line', async () => {
    const engine = await running({ offsetNs: -3_200_001n, ppb: 12_500 });
    expect(shown(engine, 0n)).toBe(NOW - 3_200_001n);
    // 12.5 ppm of an hour are 45 ms; a rate of 2^-41 is known to 0.5 parts in 10^12.
    const error =
      shown(engine, 3_600n * SECOND) - (NOW + 3_600n * SECOND - 3_200_001n + 45_000_000n);
    expect(Math.abs(Number(error))).toBeLessThanOrEqual(2);
  });

  it('is what its lines say, at every nanosecond of a line and across its end', async () => {
    const engine = await running({ ppb: -999_999, wanderPpb: 30, seed: 5n });
    const lines = linesUntil(engine, 40n * LINE_NS);
    expect(lines.map(({ index }) => index)).toEqual(lines.map((_, i) => BigInt(i)));
    for (const [at, line] of lines.entries()) {
      expect(line.systemNs).toBe(NOW + BigInt(at) * LINE_NS);
      for (const elapsed of [0n, 1n, 999_999n, LINE_NS - 1n]) {
        const systemNs = line.systemNs + elapsed;
        // The last line is not over yet.
        if (systemNs - NOW <= 40n * LINE_NS) {
          expect(shown(engine, systemNs - NOW)).toBe(ticksOnLine(line, systemNs));
        }
      }
      const next = lines[at + 1];
      if (next !== undefined) expect(next.ticksNs).toBe(ticksOnLine(line, next.systemNs));
    }
  });

  it('wanders as it is told: the rate’s changes have their deviation, and the seed decides', async () => {
    const minutes = 20n;
    const wanderPpb = 2;
    const lines = linesUntil(await running({ wanderPpb, seed: 7n }), minutes * 60n * SECOND);
    const rates = lines.map(({ rateOffset }) => Number(rateOffset) / 2 ** 41);
    const steps = rates.slice(1).map((rate, i) => rate - (rates[i] ?? 0));
    const rms = Math.sqrt(steps.reduce((sum, step) => sum + step * step, 0) / steps.length);
    const expected = wanderPpb * 1e-9 * Math.sqrt(Number(LINE_NS) / 1e9);
    // Of 9,000 steps the deviation is known to one part in 134; five times that.
    expect(steps.length).toBeGreaterThan(8_900);
    expect(rms / expected).toBeGreaterThan(0.96);
    expect(rms / expected).toBeLessThan(1.04);
    const again = linesUntil(await running({ wanderPpb, seed: 7n }), 10n * SECOND);
    const other = linesUntil(await running({ wanderPpb, seed: 8n }), 10n * SECOND);
    expect(again).toEqual(lines.slice(0, again.length));
    expect(other).not.toEqual(again);
  });

  it('never leaves 1000 ppm, and never goes back', async () => {
    const engine = await running({ ppb: 990_000, wanderPpb: 100_000, seed: 3n });
    const lines = linesUntil(engine, 120n * SECOND);
    const rates = lines.map(({ rateOffset }) => rateOffset);
    expect(rates.some((rate) => rate === 2_199_023_255n)).toBe(true);
    for (const rate of rates) expect(rate <= 2_199_023_255n && rate >= -2_199_023_255n).toBe(true);
    for (const [at, { ticksNs }] of lines.entries()) {
      expect(ticksNs).toBeGreaterThan(lines[at - 1]?.ticksNs ?? 0n);
    }
  });

  it('outlives a clock beneath that is set: forward by a year, and back', async () => {
    const engine = await running({ ppb: 1_000, wanderPpb: 1 });
    const year = 365n * 86_400n * SECOND;
    const ahead = shown(engine, year) - (NOW + year);
    expect(Number(ahead) / 1e9).toBeCloseTo(31.536, 3);
    // Of a time before all lines that are kept, the oldest one tells.
    expect(shown(engine, year - 86_400n * SECOND)).toBeLessThan(NOW + year);
  });

  it('is refused beyond 1000 ppm, before 1970, and when there are ports', async () => {
    const engine = await running({});
    for (const wrong of [{ ppb: 1_000_001 }, { ppb: -1_000_001 }, { offsetNs: -NOW - 1n }]) {
      expect(engine.setOscillator(optionsOf(wrong))).toMatchObject({
        ok: false,
        error: { code: 'OUT_OF_RANGE' },
      });
    }
    must(engine.addMemoryPort(1));
    expect(engine.setOscillator(optionsOf({}))).toMatchObject({
      ok: false,
      error: { code: 'BAD_STATE' },
    });
  });

  it('is not there unless it was asked for', async () => {
    const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
    opened.push(engine);
    must(engine.setTime(NOW));
    expect(engine.now()).toBe(NOW);
    expect(engine.oscillatorLines(0n)).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
  });
});

describe('a frame through a dataplane with an oscillator', () => {
  const offsetNs = 5n * SECOND;
  const ppb = 200_000;
  let bench: Bench;

  async function open(): Promise<Bench> {
    bench = await Bench.open(0);
    opened.push(bench.engine);
    bench.at(NOW);
    must(bench.engine.setOscillator(optionsOf({ offsetNs, ppb })));
    for (const port of [1, 2]) must(bench.engine.addMemoryPort(port));
    return bench;
  }

  function sync(): Uint8Array {
    const frame = new Uint8Array(60);
    frame.set([2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 1, 0x88, 0xf7, 0x00, 0x02, 0, 44]);
    return frame;
  }

  it('stays as long as that oscillator says, and leaves when the world outside says', async () => {
    await open();
    bench.on(7, 'forward', 2);
    const receivedNs = NOW + 3n * SECOND;
    bench.at(receivedNs + 10_000_000n);
    bench.receive(1, sync(), receivedNs).settle();
    const [sent] = bench.sent(2);
    // 10 ms, and 200 ppm of them.
    const residence = new DataView(sent?.frame.buffer ?? new ArrayBuffer(60)).getBigInt64(22);
    expect(Number(residence >> 16n)).toBeCloseTo(10_002_000, -1);
    expect(Math.abs(Number((sent?.txTimeNs ?? 0n) - receivedNs - 10_000_000n))).toBeLessThanOrEqual(
      1,
    );
  });

  it('comes back with its transmit time in the oscillator’s', async () => {
    await open();
    bench.on(8, 'event', 2, REQUESTS.tell);
    bench
      .at(NOW + SECOND)
      .receive(1, frameTo(8))
      .settle();
    const told = must(bench.engine.registerRead(1, 0, 1))[0]?.[0];
    const [first] = must(bench.engine.oscillatorLines(0n));
    const now = bench.engine.now();
    expect(first?.ticksNs).toBe(NOW + offsetNs);
    expect(told).toBe(now & ((1n << 48n) - 1n));
    expect(Number(now - NOW - SECOND - offsetNs)).toBeCloseTo(200_000, -1);
  });
});
