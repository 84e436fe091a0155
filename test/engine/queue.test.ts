import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench, frameTo, must } from './harness.js';

let bench: Bench;

/** 76 octets and 24 of overhead are 800 bits: 8 us at 100 Mbit/s. */
const FRAME_OCTETS = 76;
const FRAME_NS = 8_000n;
const line = { rateBps: 100_000_000n, overheadOctets: 24, boundOctets: 0, priorityCount: 1 };

beforeEach(async () => {
  bench = (await Bench.open(3)).at(1_000_000n);
  bench.on(7, 'forward', 2);
});
afterEach(() => {
  bench.close();
});

describe('a line with a rate', () => {
  it('takes the first frame at once and the others one after the other', () => {
    must(bench.engine.setQueue(2, line));
    for (let i = 0; i < 5; i++) bench.receive(1, frameTo(7, FRAME_OCTETS));
    bench.drain();
    expect(bench.sent(2).map(({ txTimeNs }) => txTimeNs)).toEqual(
      [0n, 1n, 2n, 3n, 4n].map((i) => 1_000_000n + i * FRAME_NS),
    );
  });

  it('loses no fraction of a nanosecond', () => {
    must(bench.engine.setQueue(2, { ...line, rateBps: 3_000_000_000n }));
    for (let i = 0; i < 31; i++) bench.receive(1, frameTo(7, FRAME_OCTETS));
    bench.drain();
    // 800 bits at 3 Gbit/s are 266 2/3 ns.
    expect(bench.sent(2).at(-1)?.txTimeNs).toBe(1_000_000n + 8_000n);
  });

  it('saves nothing up while it is idle', () => {
    must(bench.engine.setQueue(2, line));
    bench.at(500_000_000n);
    bench.receive(1, frameTo(7, FRAME_OCTETS)).receive(1, frameTo(7, FRAME_OCTETS)).drain();
    expect(bench.sent(2).map(({ txTimeNs }) => txTimeNs)).toEqual([
      500_000_000n,
      500_000_000n + FRAME_NS,
    ]);
  });

  it('says when the next frame may leave, and reports what waits', () => {
    must(bench.engine.setQueue(2, line));
    bench.receive(1, frameTo(7, FRAME_OCTETS)).receive(1, frameTo(7, FRAME_OCTETS)).settle();
    expect(bench.engine.nextTime()).toBe(1_000_000n + FRAME_NS);
    expect(bench.counter(2, 'queueOctets')).toBe(BigInt(FRAME_OCTETS));
    bench.drain();
    expect(bench.engine.nextTime()).toBeNull();
    expect(bench.counter(2, 'queueOctets')).toBe(0n);
  });
});

describe('a bound', () => {
  it('drops and counts what is beyond it, and nothing else', () => {
    must(bench.engine.setQueue(2, { ...line, boundOctets: 10 * FRAME_OCTETS }));
    for (let i = 0; i < 16; i++) bench.receive(1, frameTo(7, FRAME_OCTETS));
    bench.drain();
    expect(bench.sent(2)).toHaveLength(10);
    expect(bench.counter(2, 'txQueueFull')).toBe(6n);
  });

  it('of one congested port leaves buffers to the others', () => {
    must(bench.engine.setQueue(2, { ...line, boundOctets: 1 << 30 }));
    bench.on(8, 'forward', 3);
    for (let i = 0; i < 9000; i++) bench.receive(1, frameTo(7, FRAME_OCTETS)).settle();
    bench.receive(1, frameTo(8)).settle();
    expect(bench.sent(3)).toHaveLength(1);
    expect(bench.counter(2, 'txQueueFull')).toBeGreaterThan(0n);
  });
});

describe('priorities', () => {
  beforeEach(() => {
    must(bench.engine.setQueue(2, { ...line, priorityCount: 4, boundOctets: 4 * FRAME_OCTETS }));
    for (const priority of [0, 1, 2, 3, 7]) bench.on(0x10 + priority, 'priority', 2, priority);
  });

  it('let the higher number leave first, in order within one', () => {
    for (const priority of [0, 0, 2, 1, 2, 3]) {
      bench.receive(1, frameTo(0x10 + priority, FRAME_OCTETS));
    }
    bench.drain();
    expect(bench.sent(2).map(({ frame }) => (frame[5] ?? 0) - 0x10)).toEqual([3, 2, 2, 1, 0, 0]);
  });

  it('beyond the count are taken for the highest', () => {
    bench.receive(1, frameTo(0x10)).receive(1, frameTo(0x12)).receive(1, frameTo(0x17)).drain();
    expect(bench.sent(2).map(({ frame }) => (frame[5] ?? 0) - 0x10)).toEqual([7, 2, 0]);
  });

  it('have a bound each: a full lower one does not cost the higher one anything', () => {
    for (let i = 0; i < 20; i++) bench.receive(1, frameTo(0x10, FRAME_OCTETS));
    bench.receive(1, frameTo(0x13, FRAME_OCTETS));
    bench.drain();
    const sent = bench.sent(2);
    expect(sent).toHaveLength(5);
    expect(sent[0]?.frame[5]).toBe(0x13);
  });
});

describe('impossible queues', () => {
  it.each([
    ['no priority', { ...line, priorityCount: 0 }],
    ['more than 8 priorities', { ...line, priorityCount: 9 }],
    ['a rate beyond 1 Tbit/s', { ...line, rateBps: 1_000_000_000_001n }],
  ])('with %s are refused', (_, queue) => {
    expect(bench.engine.setQueue(2, queue)).toMatchObject({ error: { code: 'OUT_OF_RANGE' } });
  });

  it('of a port that is not there are refused', () => {
    expect(bench.engine.setQueue(9, line)).toMatchObject({ error: { code: 'NO_SUCH_PORT' } });
  });
});
