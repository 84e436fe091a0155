import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench, must, words } from './harness.js';

const LIMIT = 0x7fff_ffff_ffff_ffffn;
const TIME_MASK = (1n << 48n) - 1n;

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.open(2);
  bench.on(7, 'forward', 2);
});
afterEach(() => {
  bench.close();
});

function put(frame: Uint8Array, at: number, value: bigint): Uint8Array {
  new DataView(frame.buffer).setBigInt64(at, value);
  return frame;
}

/** A Sync over Ethernet; correctionField at 22. */
function ethernetSync(correction: bigint): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 1, 0x88, 0xf7, 0x00, 0x02, 0, 44]);
  return put(frame, 22, correction);
}

/** The ones' complement sum of `octets`, folded. */
function sumOf(octets: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < octets.length; i += 2) sum += ((octets[i] ?? 0) << 8) | (octets[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

const UDP_OCTETS = 8 + 44;

/** The sum over pseudo header and datagram: 0xffff when the checksum is right. */
function datagramSum(frame: Uint8Array): number {
  const pseudo = Uint8Array.from([...frame.subarray(26, 34), 0, 17, 0, UDP_OCTETS]);
  return sumOf(Uint8Array.from([...pseudo, ...frame.subarray(34, 34 + UDP_OCTETS)]));
}

/** A Sync over UDP/IPv4; checksum at 40, correctionField at 50. */
function udpSync(correction: bigint, filler = 0): Uint8Array {
  const frame = new Uint8Array(86);
  frame.set([2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 1, 0x08, 0x00, 0x45, 0, 0, 72, 0, 0, 0x40, 0, 1, 17]);
  frame.set([10, 0, 0, 1, 224, 0, 1, 129], 26);
  frame.set([1, 63, 1, 63, 0, UDP_OCTETS, 0, 0, 0x00, 0x02, 0, 44], 34);
  put(frame, 50, correction);
  new DataView(frame.buffer).setUint16(84, filler);
  const checksum = ~datagramSum(frame) & 0xffff;
  new DataView(frame.buffer).setUint16(40, checksum === 0 ? 0xffff : checksum);
  return frame;
}

function pass(frame: Uint8Array, rxTimeNs: bigint, txTimeNs: bigint): Uint8Array | undefined {
  bench.at(txTimeNs).receive(1, frame, rxTimeNs).settle();
  return bench.sent(2)[0]?.frame;
}

const correctionAt = (frame: Uint8Array | undefined, at: number) =>
  frame && new DataView(frame.buffer).getBigInt64(at);

describe('a deferred correction', () => {
  it.each([
    ['nothing', 0n, 5_000n, 5_000n, 0n],
    ['the residence in 2^-16 ns', 0n, 1_000n, 1_234n, 234n << 16n],
    ['to what was there, sub-nanoseconds kept', 0x1_8001n, 1n, 2n, 0x2_8001n],
    ['to a negative one', -1n, 1n, 2n, 0xffffn],
    ['across the end of 48 bits', 0n, TIME_MASK - 9n, TIME_MASK + 11n, 20n << 16n],
    ['the longest residence there is', 0n, 1n, 1n << 47n, ((1n << 47n) - 1n) << 16n],
  ])('adds %s', (_, before, rx, tx, after) => {
    expect(correctionAt(pass(ethernetSync(before), rx, tx), 22)).toBe(after);
    expect(bench.counter(2, 'txCorrected')).toBe(1n);
    expect(bench.counter(2, 'txSaturated')).toBe(0n);
  });

  it.each([
    ['a sum beyond the limit', LIMIT - 0xffffn, 1n, 2n],
    ['exactly the limit', LIMIT - 0x1_0000n, 1n, 2n],
    ['what is at the limit already', LIMIT, 1n, 2n],
    ['the limit, with no residence', LIMIT, 5n, 5n],
  ])('keeps %s at the limit and counts it', (_, before, rx, tx) => {
    expect(correctionAt(pass(ethernetSync(before), rx, tx), 22)).toBe(LIMIT);
    expect(bench.counter(2, 'txSaturated')).toBe(1n);
  });

  it('does not let a frame leave before it came: it is dropped and counted', () => {
    expect(pass(ethernetSync(0n), 2_000n, 1_999n)).toBeUndefined();
    expect(bench.counter(2, 'txCorrectionLost')).toBe(1n);
    expect(bench.counter(2, 'txFrames')).toBe(0n);
  });

  it('counts the time in the queue', () => {
    const line = { rateBps: 1_000_000_000n, overheadOctets: 24, boundOctets: 0, priorityCount: 1 };
    must(bench.engine.setQueue(2, line));
    bench.at(1_000_000n);
    for (let i = 0; i < 4; i++) bench.receive(1, ethernetSync(0n), 999_000n);
    bench.drain();
    const frameNs = BigInt((60 + 24) * 8);
    expect(bench.sent(2).map(({ frame }) => correctionAt(frame, 22))).toEqual(
      [0n, 1n, 2n, 3n].map((waiting) => (1_000n + waiting * frameNs) << 16n),
    );
  });

  it('adds the latency that is configured', () => {
    must(bench.engine.setTxLatency(2, 700n));
    expect(correctionAt(pass(ethernetSync(0n), 1n, 101n), 22)).toBe(800n << 16n);
    expect(must(bench.engine.txLatency(2))).toMatchObject({ appliedNs: 700n, samples: 0n });
  });
});

/** (rate - 1) * 2^41 of so many parts in 10^9. */
const rateOffset = (ppb: number): bigint => BigInt(Math.round((ppb / 1e9) * 2 ** 41));

/** Whatever the engine has to work with, this is what it comes to. */
function inMasterTime(residenceNs: bigint, offset: bigint): bigint {
  return (residenceNs * ((1n << 41n) + offset)) >> 25n;
}

describe('in the time of the master', () => {
  const atRate = (offset: bigint): void =>
    void must(bench.engine.registerWrite(1, 1, words(BigInt.asUintN(32, offset), 0)));

  it('a residence of 1 ms is 100 ns longer for each 100 ppm', () => {
    const fields = [100_000, -100_000].map((ppb) => {
      atRate(rateOffset(ppb));
      return correctionAt(pass(ethernetSync(0n), 1n, 1_000_001n), 22) ?? 0n;
    });
    expect(fields.map((field) => (Number(field) / 65536).toFixed(3))).toEqual([
      '1000100.000',
      '999900.000',
    ]);
  });

  it('every residence at every rate is exact to 2^-16 ns, up to the limit', () => {
    const seed = 20_261_122;
    console.log(`seed ${seed}`);
    let state = seed;
    const below = (limit: bigint): bigint => {
      let value = 0n;
      for (let i = 0; i < 3; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        value = (value << 24n) | BigInt(state >>> 8);
      }
      return value % limit;
    };
    let saturated = 0;
    for (let i = 0; i < 500; i++) {
      const offset = BigInt.asIntN(32, below(1n << 32n));
      const residenceNs = below(1n << (1n + below(47n)));
      const before = below(2n) === 0n ? below(LIMIT) : -below(LIMIT);
      const sum = before + inMasterTime(residenceNs, offset);
      atRate(offset);
      const sent = correctionAt(pass(ethernetSync(before), 1n, 1n + residenceNs), 22);
      expect(sent, `${residenceNs} ns, offset ${offset}, before ${before}`).toBe(
        sum > LIMIT ? LIMIT : sum,
      );
      saturated += Number(sum >= LIMIT);
    }
    expect(saturated).toBeGreaterThan(0);
    expect(bench.counter(2, 'txSaturated')).toBe(BigInt(saturated));
  });

  it('the longest stay of all, at the fastest rate, is at the limit and not beyond', () => {
    atRate(0x7fff_ffffn);
    const longest = (1n << 47n) - 1n;
    expect(inMasterTime(longest, 0x7fff_ffffn)).toBeGreaterThan(LIMIT);
    expect(correctionAt(pass(ethernetSync(0n), 1n, 1n + longest), 22)).toBe(LIMIT);
    expect(correctionAt(pass(ethernetSync(-LIMIT), 1n, 1n + longest), 22)).toBe(
      inMasterTime(longest, 0x7fff_ffffn) - LIMIT,
    );
  });

  it('the checksum is right all the same', () => {
    atRate(rateOffset(-37_321));
    const sent = pass(udpSync(5n), 1n, 1_234_568n);
    expect(correctionAt(sent, 50)).toBe(5n + inMasterTime(1_234_567n, rateOffset(-37_321)));
    expect(sent && datagramSum(sent)).toBe(0xffff);
  });
});

describe('the UDP checksum afterwards', () => {
  it.each([0n, 0x1_8001n, -1n, -0x7fff_0000_0000n, LIMIT - 5n])(
    'is right for a correction of %s',
    (before) => {
      const sent = pass(udpSync(before), 1_000_000n, 1_345_678n);
      expect(sent && datagramSum(sent)).toBe(0xffff);
    },
  );

  it('stays 0 when the sender computed none', () => {
    const frame = udpSync(0n);
    frame.set([0, 0], 40);
    const sent = pass(frame, 0x100n, 0x200n);
    expect(sent?.subarray(40, 42)).toEqual(Uint8Array.from([0, 0]));
    expect(correctionAt(sent, 50)).toBe(0x100n << 16n);
  });

  it('is written as 0xffff, never as 0, for every way to get there', () => {
    let seen = 0;
    for (let filler = 0; filler <= 0xffff; filler++) {
      const wanted = udpSync(7n << 16n, filler);
      if (wanted[40] !== 0xff || wanted[41] !== 0xff) continue;
      const sent = pass(udpSync(0n, filler), 1n, 8n);
      expect(sent).toEqual(wanted);
      seen++;
    }
    expect(seen).toBeGreaterThan(0);
  });
});
