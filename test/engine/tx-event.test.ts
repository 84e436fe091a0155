/** Frames that come back with the time at which they left, and frames that wait for them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench, fixturePipeline, frameTo, must, REQUESTS, words } from './harness.js';

const SECOND = 1_000_000_000n;
const SLOTS = 256;
const WAITING_LIMIT = 64;
const AGAIN_LIMIT = 16;
const AGAIN_PAUSE_NS = 100_000n;
const STAMP_LIMIT_NS = 100_000_000n;
const BUFFERS = 2_048;

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.open(3, { packetCount: BUFFERS, cpuPort: 510 });
  bench.at(SECOND);
});
afterEach(() => {
  bench.close();
});

/** A Sync over Ethernet to `destination`, numbered; correctionField at 22. */
function sync(destination: number, sequenceId = 0): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([2, 0, 0, 0, 0, destination, 2, 0, 0, 0, 0, 1, 0x88, 0xf7, 0x00, 0x02, 0, 44]);
  new DataView(frame.buffer).setUint16(44 + 14, sequenceId);
  return frame;
}

interface Seen {
  readonly messageType: number;
  readonly sequenceId: number;
  readonly correction: bigint;
  /** What an event pass wrote: the frame's time, why egress ran, correctionField as sent. */
  readonly timeNs: bigint;
  readonly kind: number;
  readonly sentCorrection: bigint;
  readonly txTimeNs: bigint;
}

function sent(port: number): Seen[] {
  return bench.sent(port).map(({ frame, txTimeNs }) => {
    const view = new DataView(frame.buffer, frame.byteOffset);
    return {
      messageType: (frame[14] ?? 0) & 0xf,
      sequenceId: view.getUint16(44 + 14),
      correction: view.getBigInt64(22),
      timeNs: view.getBigUint64(32) & 0xffff_ffff_ffffn,
      kind: frame[40] ?? 0,
      sentCorrection: view.getBigInt64(41),
      txTimeNs,
    };
  });
}

const SYNC = 0;
const FOLLOW_UP = 8;
const order = (frames: readonly Seen[]): string[] =>
  frames.map(
    ({ messageType, sequenceId }) => `${messageType === FOLLOW_UP ? 'f' : 's'}${sequenceId}`,
  );
const counters = (port: number) => {
  const { txEvents, txEventsLost, txWaits, txWaitsLost } = must(bench.engine.portCounters(port));
  return [txEvents, txEventsLost, txWaits, txWaitsLost].map(Number);
};
const timeOnRecord = () => must(bench.engine.registerRead(1, 0, 1))[0]?.[0];

/** All buffers can be had again: none was lost on the way. */
function expectNoBufferLost(): void {
  bench.sent(1);
  bench.sent(2);
  bench.sent(3);
  for (let i = 0; i < BUFFERS; i++) must(bench.engine.inject(3, frameTo(99)));
  expect(bench.engine.inject(3, frameTo(99))).toMatchObject({ error: { code: 'FULL' } });
}

describe('a frame that asks for its event', () => {
  it('comes back with its transmit time and its correction, and is sent as what it became', () => {
    bench.on(7, 'event', 2, REQUESTS.tell);
    must(bench.engine.setTxLatency(2, 700n));
    bench.receive(1, sync(7, 1), SECOND - 1_000n).settle();
    const [first, second, ...more] = sent(2);
    const correction = 1_700n << 16n;
    expect(first).toMatchObject({ messageType: SYNC, correction, txTimeNs: SECOND + 700n });
    expect(second).toMatchObject({
      messageType: FOLLOW_UP,
      timeNs: SECOND + 700n,
      kind: REQUESTS.tell,
      sentCorrection: correction,
    });
    expect(more).toEqual([]);
    expect(counters(2)).toEqual([1, 0, 0, 0]);
    expectNoBufferLost();
  });

  it('without a correction is sent as it is', () => {
    bench.on(7, 'event', 2, REQUESTS.tell);
    bench.receive(1, frameTo(7)).settle();
    expect(bench.sent(2)[0]?.frame).toEqual(frameTo(7));
    expect(counters(2)).toEqual([1, 0, 0, 0]);
    expect(bench.counter(2, 'txCorrected')).toBe(0n);
  });

  it('comes back before the next frame of its port is in egress', () => {
    bench.on(7, 'event', 2, REQUESTS.tell);
    for (let i = 0; i < 5; i++) bench.receive(1, sync(7, i));
    bench.settle();
    expect(order(sent(2))).toEqual(['s0', 'f0', 's1', 'f1', 's2', 'f2', 's3', 'f3', 's4', 'f4']);
  });

  it('has its time on record when the frame behind it in the burst needs it', () => {
    bench.on(7, 'event', 2, REQUESTS.end);
    bench.on(8, 'wait', 2, 1_000);
    bench.receive(1, sync(7, 1)).receive(1, sync(8, 1)).settle();
    expect(order(sent(2))).toEqual(['s1', 'f1']);
    expect(counters(2)).toEqual([1, 0, 0, 0]);
  });

  it('may end there, which is no loss', () => {
    bench.on(7, 'event', 2, REQUESTS.end);
    bench.receive(1, sync(7)).settle();
    expect(sent(2)).toHaveLength(1);
    expect(timeOnRecord()).toBe(SECOND);
    expect(bench.engine.counters().droppedByProgram).toBe(0n);
    expectNoBufferLost();
  });

  it('may ask again', () => {
    bench.on(7, 'event', 2, REQUESTS.twice);
    bench.receive(1, sync(7)).settle();
    expect(sent(2).map(({ kind }) => kind)).toEqual([0, REQUESTS.twice, REQUESTS.tell]);
    expect(counters(2)).toEqual([2, 0, 0, 0]);
  });

  it('but not for ever', () => {
    bench.on(7, 'event', 2, REQUESTS.forEver);
    bench.receive(1, sync(7)).settle();
    expect(sent(2)).toHaveLength(65);
    expect(bench.engine.counters().droppedLoops).toBe(1n);
    expectNoBufferLost();
  });

  it('may be cloned, and go to ingress again, from there', () => {
    must(bench.engine.cloneSessionSet(1, [{ port: 3, instance: 0 }], 0, 0));
    bench.on(7, 'event', 2, REQUESTS.toGround);
    bench.on(8, 'event', 2, REQUESTS.round);
    bench.receive(1, sync(7, 1)).receive(1, sync(8, 2)).settle();
    expect(order(sent(2))).toEqual(['s1', 's2', 'f2']);
    expect(sent(3)).toMatchObject([{ messageType: FOLLOW_UP, kind: REQUESTS.toGround }]);
    expectNoBufferLost();
  });

  it('with a number that means something else, or on a port without times, is sent and counted', () => {
    bench.on(7, 'event', 2, REQUESTS.outOfRange);
    bench.on(8, 'event', 510, REQUESTS.tell);
    bench.receive(1, sync(7)).receive(1, sync(8)).settle();
    expect(sent(2)).toHaveLength(1);
    expect([counters(2), counters(510)]).toEqual([
      [0, 1, 0, 0],
      [0, 1, 0, 0],
    ]);
    expect(bench.counter(510, 'txFrames')).toBe(1n);
  });
});

describe('a stamp that comes late', () => {
  beforeEach(() => {
    bench.on(7, 'event', 2, REQUESTS.tell);
    bench.on(9, 'forward', 2);
    must(bench.engine.setStampDelay(2, 50_000n));
  });

  it('keeps nobody waiting but its own event', () => {
    bench.receive(1, sync(7, 1)).receive(1, sync(9, 2)).receive(1, sync(7, 3)).settle();
    expect(order(sent(2))).toEqual(['s1', 's2', 's3']);
    expect(bench.engine.nextTime()).toBe(SECOND + 50_000n);
    bench.at(SECOND + 49_999n).settle();
    expect(sent(2)).toEqual([]);
    bench.drain();
    expect(sent(2)).toMatchObject([
      { sequenceId: 1, messageType: FOLLOW_UP, timeNs: SECOND, txTimeNs: SECOND + 50_000n },
      { sequenceId: 3, messageType: FOLLOW_UP, timeNs: SECOND },
    ]);
    expect(bench.engine.nextTime()).toBeNull();
  });

  it('or never, is waited for as long as a second', () => {
    must(bench.engine.setStampDelay(2, null));
    bench.receive(1, sync(7)).settle();
    bench.at(2n * SECOND).settle();
    expect(counters(2)).toEqual([0, 0, 0, 0]);
    bench.drain();
    expect(bench.engine.now()).toBe(2n * SECOND + 1n);
    expect(counters(2)).toEqual([0, 1, 0, 0]);
    expect(bench.counter(2, 'txStampsMissing')).toBe(1n);
    expectNoBufferLost();
  });

  it(`is waited for by ${SLOTS} frames at most; the oldest one's event is lost`, () => {
    for (let i = 0; i < SLOTS + 3; i++) bench.receive(1, sync(7, i));
    bench.drain();
    const frames = sent(2);
    expect(frames.filter(({ messageType }) => messageType === SYNC)).toHaveLength(SLOTS + 3);
    const followUps = frames.filter(({ messageType }) => messageType === FOLLOW_UP);
    expect([followUps[0]?.sequenceId, followUps.length]).toEqual([3, SLOTS]);
    expect(counters(2)).toEqual([SLOTS, 3, 0, 0]);
    expectNoBufferLost();
  });

  it('far from the instant at which its frame was sent is none: the event is lost', () => {
    must(bench.engine.setStampDelay(2, 0n));
    must(bench.engine.setTxLatency(2, STAMP_LIMIT_NS));
    bench.receive(1, sync(7, 1)).settle();
    expect(order(sent(2))).toEqual(['s1']);
    expect(counters(2)).toEqual([0, 1, 0, 0]);
    expect(bench.counter(2, 'txStamps')).toBe(1n);
    must(bench.engine.setTxLatency(2, STAMP_LIMIT_NS - 1n));
    bench.receive(1, sync(7, 2)).settle();
    expect(order(sent(2))).toEqual(['s2', 'f2']);
    expect(counters(2)).toEqual([1, 1, 0, 0]);
    expectNoBufferLost();
  });

  it('finds nothing when the pipeline was loaded anew, or its port removed', async () => {
    bench.receive(1, sync(7)).receive(1, sync(7)).settle();
    must(bench.engine.load(await fixturePipeline()));
    bench.on(7, 'event', 2, REQUESTS.tell);
    expect(bench.engine.counters().droppedReload).toBe(2n);
    bench.receive(1, sync(7)).settle();
    bench.sent(2);
    must(bench.engine.removePort(2));
    must(bench.engine.addMemoryPort(2));
    bench.drain();
    expect(bench.engine.counters().droppedNoPort).toBe(1n);
    expectNoBufferLost();
  });
});

describe('a frame that waits', () => {
  it('leaves after the event that it waits for, at the end of the burst', () => {
    bench.on(7, 'event', 2, REQUESTS.end);
    bench.on(8, 'wait', 2, 10_000_000);
    bench.on(9, 'forward', 2);
    bench.receive(1, sync(8, 1)).receive(1, sync(9, 2)).settle();
    expect(order(sent(2))).toEqual(['s2']);
    bench
      .at(SECOND + 5_000n)
      .receive(1, sync(7, 1))
      .receive(1, sync(9, 3))
      .settle();
    const frames = sent(2);
    expect(order(frames)).toEqual(['s1', 's3', 'f1']);
    expect(frames[2]).toMatchObject({ kind: 254, timeNs: SECOND + 5_000n });
    expect(counters(2)).toEqual([1, 0, 1, 0]);
    expect(bench.engine.nextTime()).toBeNull();
  });

  it('is not woken by other ports', () => {
    bench.on(7, 'event', 3, REQUESTS.end);
    bench.on(8, 'wait', 2, 10_000_000);
    bench.receive(1, sync(8)).receive(1, sync(7)).settle();
    expect(sent(2)).toEqual([]);
  });

  it('keeps its place among those that wait', () => {
    bench.on(7, 'event', 2, REQUESTS.end);
    bench.on(8, 'wait', 2, 10_000_000);
    for (let i = 0; i < 4; i++) bench.receive(1, sync(8, i));
    bench.settle();
    bench.receive(1, sync(7, 9)).settle();
    expect(order(sent(2))).toEqual(['s9', 'f0', 'f1', 'f2', 'f3']);
    expect(counters(2)).toEqual([1, 0, 4, 0]);
  });

  it('is told when its time is over, and not earlier', () => {
    bench.on(8, 'wait', 2, 10_000_000);
    bench.receive(1, sync(8)).settle();
    expect(bench.engine.nextTime()).toBe(SECOND + 10_000_000n);
    bench.at(SECOND + 9_999_999n).settle();
    expect(bench.engine.counters().droppedByProgram).toBe(0n);
    bench.at(SECOND + 10_000_000n).settle();
    expect(bench.engine.counters().droppedByProgram).toBe(1n);
    expect(counters(2)).toEqual([0, 0, 1, 0]);
    expect(bench.engine.nextTime()).toBeNull();
    expectNoBufferLost();
  });

  it('may leave at the last moment', () => {
    bench.on(8, 'wait', 2, 10_000);
    bench.receive(1, sync(8)).settle();
    must(bench.engine.registerWrite(1, 0, words(77, 0)));
    bench.drain();
    expect(sent(2)).toMatchObject([{ kind: 255, timeNs: 77n, txTimeNs: SECOND + 10_000n }]);
  });

  it('cannot ask for more time: neither when it is brought again nor when it is late', () => {
    bench.on(7, 'event', 2, REQUESTS.quiet);
    bench.on(8, 'wait', 2, 10_001);
    bench.receive(1, sync(8)).settle();
    for (let ns = 1_000n; ns <= 9_000n; ns += 1_000n) {
      bench
        .at(SECOND + ns)
        .receive(1, sync(7))
        .settle();
      expect(bench.engine.nextTime()).toBe(SECOND + 10_001n);
    }
    bench.drain();
    expect(order(sent(2))).not.toContain('f0');
    expect(counters(2)).toEqual([9, 0, 1, 1]);
    expect(bench.engine.counters().droppedByProgram).toBe(0n);
    expectNoBufferLost();
  });

  it(`is one of ${WAITING_LIMIT} at most; the next one is dropped and counted`, () => {
    bench.on(7, 'event', 2, REQUESTS.end);
    bench.on(8, 'wait', 2, 10_000_000);
    for (let i = 0; i < WAITING_LIMIT + 2; i++) bench.receive(1, sync(8, i));
    bench.settle();
    expect(counters(2)).toEqual([0, 0, WAITING_LIMIT, 2]);
    bench.receive(1, sync(7)).drain();
    expect(sent(2)).toHaveLength(1 + WAITING_LIMIT);
    expectNoBufferLost();
  });

  it('is brought again once for all events of a burst', () => {
    bench.on(7, 'event', 2, REQUESTS.quiet);
    bench.on(8, 'wait', 2, 10_000_000);
    for (let i = 0; i < AGAIN_LIMIT; i++) bench.receive(1, sync(8, i));
    bench.settle();
    const passes = () => must(bench.engine.registerRead(1, 3, 1))[0]?.[0];
    for (let i = 0; i < 32; i++) bench.receive(1, sync(7));
    bench.settle();
    expect(passes()).toBe(BigInt(AGAIN_LIMIT));
    expect(counters(2)).toEqual([32, 0, AGAIN_LIMIT, 0]);
  });

  it(`among many has its turn after ${AGAIN_LIMIT} others and a pause`, () => {
    bench.on(7, 'event', 2, REQUESTS.end);
    bench.on(8, 'wait', 2, 10_000_000);
    for (let i = 0; i < WAITING_LIMIT; i++) bench.receive(1, sync(8, i));
    bench.settle();
    bench.receive(1, sync(7, 99)).settle();
    const turn = (from: number) => Array.from({ length: AGAIN_LIMIT }, (_, i) => `f${from + i}`);
    expect(order(sent(2))).toEqual(['s99', ...turn(0)]);
    expect(bench.engine.nextTime()).toBe(SECOND + AGAIN_PAUSE_NS);
    bench.at(SECOND + AGAIN_PAUSE_NS - 1n).settle();
    expect(sent(2)).toEqual([]);
    bench.at(SECOND + AGAIN_PAUSE_NS).settle();
    expect(order(sent(2))).toEqual(turn(AGAIN_LIMIT));
    bench.at(SECOND + 2n * AGAIN_PAUSE_NS).settle();
    // No more than a turn's: they need not wait for one.
    expect(order(sent(2))).toEqual([...turn(2 * AGAIN_LIMIT), ...turn(3 * AGAIN_LIMIT)]);
    expect(bench.engine.nextTime()).toBeNull();
    expectNoBufferLost();
  });

  it('is given up when the pipeline is loaded anew, or its port removed', async () => {
    bench.on(8, 'wait', 2, 10_000_000);
    bench.receive(1, sync(8)).settle();
    must(bench.engine.load(await fixturePipeline()));
    expect(bench.engine.counters().droppedReload).toBe(1n);
    bench.on(8, 'wait', 2, 10_000_000);
    bench.receive(1, sync(8)).settle();
    must(bench.engine.removePort(2));
    must(bench.engine.addMemoryPort(2));
    expect(bench.engine.counters().droppedNoPort).toBe(1n);
    expect(bench.engine.nextTime()).toBeNull();
    expectNoBufferLost();
  });
});

describe('on a slow line', () => {
  it('what events make goes at once, and is paid for by what follows', () => {
    const line = { rateBps: 1_000_000_000n, overheadOctets: 24, boundOctets: 0, priorityCount: 1 };
    must(bench.engine.setQueue(2, line));
    bench.on(7, 'event', 2, REQUESTS.tell);
    bench.on(9, 'forward', 2);
    bench.receive(1, sync(7, 1)).receive(1, sync(9, 2)).drain();
    const frameNs = BigInt((60 + 24) * 8);
    const frames = sent(2);
    expect(order(frames)).toEqual(['s1', 'f1', 's2']);
    expect(frames.map(({ txTimeNs }) => txTimeNs - SECOND)).toEqual([0n, 0n, 2n * frameNs]);
  });
});

describe('on a port that takes no more', () => {
  it('frames and their events stay in order', () => {
    bench.on(7, 'event', 2, REQUESTS.tell);
    const count = 700; // two frames each: more than the port holds
    for (let i = 0; i < count; i++) bench.receive(1, sync(7, i));
    const frames: Seen[] = [];
    for (let taken = -1; taken !== frames.length;) {
      taken = frames.length;
      bench.settle();
      frames.push(...sent(2));
    }
    expect(order(frames)).toEqual(
      Array.from({ length: count }, (_, i) => [`s${i}`, `f${i}`]).flat(),
    );
    expect(counters(2)).toEqual([count, 0, 0, 0]);
    expectNoBufferLost();
  });
});
