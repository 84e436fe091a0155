import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_ENTRY } from '#binding/state-values';
import { ACTIONS, Bench, fixturePipeline, frameTo, must, words } from './harness.js';

let bench: Bench;

beforeEach(async () => {
  bench = (await Bench.open(4)).at(1_000n);
});
afterEach(() => {
  bench.close();
});

describe('a known address', () => {
  it('is forwarded unchanged, and leaves when it should', () => {
    bench.on(7, 'forward', 2);
    bench.receive(1, frameTo(7, 100), 400n).settle();
    expect(bench.sent(2)).toEqual([{ frame: frameTo(7, 100), txTimeNs: 1_000n }]);
    expect(bench.sent(1)).toEqual([]);
    expect(bench.counter(1, 'rxFrames')).toBe(1n);
    expect(bench.counter(2, 'txOctets')).toBe(100n);
  });

  it('may be of any length that the engine takes, and no longer', () => {
    bench.on(7, 'forward', 2);
    for (const octets of [14, 15, 60, 1514, 9216]) bench.receive(1, frameTo(7, octets));
    expect(bench.engine.inject(1, frameTo(7, 9217))).toMatchObject({
      error: { code: 'OUT_OF_RANGE' },
    });
    bench.settle();
    expect(bench.sent(2).map(({ frame }) => frame.length)).toEqual([14, 15, 60, 1514, 9216]);
    expect(bench.counter(1, 'rxOversize')).toBe(1n);
  });

  it('keeps its order over more frames than one burst holds', () => {
    bench.on(7, 'forward', 2);
    for (let i = 0; i < 200; i++) bench.receive(1, frameTo(7, 64 + i));
    bench.settle();
    expect(bench.sent(2).map(({ frame }) => frame.length)).toEqual(
      Array.from({ length: 200 }, (_, i) => 64 + i),
    );
  });

  it('to a port that is not there is dropped and counted', () => {
    bench.on(7, 'forward', 9);
    bench.receive(1, frameTo(7)).settle();
    expect(bench.engine.counters()).toMatchObject({ droppedNoPort: 1n });
  });
});

describe('a port that several others send to', () => {
  it('sends in a round what all of them received: its queue does not grow', () => {
    bench.on(9, 'forward', 2);
    for (let i = 0; i < 40; i++) bench.receive(1, frameTo(9)).receive(3, frameTo(9));
    must(bench.engine.step());
    expect(bench.sent(2)).toHaveLength(2 * 32);
    bench.settle();
    expect(bench.sent(2)).toHaveLength(2 * 8);
  });
});

describe('an engine that is held', () => {
  it('lets no frame in until all changes are made, and then every one that waited', async () => {
    const running = await Bench.open(2, { clock: 'system' });
    const pipeline = await fixturePipeline();
    try {
      must(running.engine.start());
      running.on(7, 'drop');
      running.engine.held(() => {
        running.receive(1, frameTo(7)).receive(1, frameTo(8));
        must(running.engine.load(pipeline));
        // This thread is the host's: it sleeps, and the loop would have the time.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
        running.on(7, 'forward', 2);
        running.on(8, 'forward', 2);
      });
      await expect.poll(() => running.counter(2, 'txFrames')).toBe(2n);
    } finally {
      running.close();
    }
  });

  it('is not held twice, and goes on after an exception', () => {
    const nested = () => bench.engine.held(() => bench.engine.held(() => undefined));
    expect(nested).toThrow('the engine is held');
    bench.on(7, 'forward', 2);
    bench.receive(1, frameTo(7)).settle();
    expect(bench.sent(2)).toHaveLength(1);
  });
});

describe('an unknown address', () => {
  it('is flooded to the group but its own port, each copy whole', () => {
    must(bench.engine.tableSetDefault(0, ACTIONS.flood, words(1)));
    must(
      bench.engine.multicastGroupSet(
        1,
        [1, 2, 3, 4].map((port) => ({ port, instance: port })),
      ),
    );
    bench.receive(3, frameTo(9, 700)).settle();
    for (const port of [1, 2, 4]) {
      expect(bench.sent(port).map(({ frame }) => frame)).toEqual([frameTo(9, 700)]);
    }
    expect(bench.sent(3)).toEqual([]);
    expect(must(bench.engine.tableReadCounter(0, DEFAULT_ENTRY))).toEqual({
      packets: 1n,
      octets: 700n,
    });
  });

  it('is sent to the first replica of a row whose link is up, and to the first of all without', () => {
    must(bench.engine.tableSetDefault(0, ACTIONS.flood, words(1)));
    const backups = [
      { port: 3, instance: 12 },
      { port: 4, instance: 13 },
    ];
    must(bench.engine.multicastGroupSet(1, [{ port: 2, instance: 11, backups }]));
    const goesTo = () => {
      bench.receive(1, frameTo(9)).settle();
      return [2, 3, 4].filter((port) => bench.sent(port).length > 0);
    };
    expect(goesTo()).toEqual([2]);
    must(bench.engine.setLink(2, false));
    expect(goesTo()).toEqual([3]);
    must(bench.engine.setLink(3, false));
    expect(goesTo()).toEqual([4]);
    must(bench.engine.setLink(4, false));
    expect(goesTo()).toEqual([]);
    expect(must(bench.engine.portCounters(2)).txErrors).toBe(1n);
    must(bench.engine.setLink(3, true));
    expect(goesTo()).toEqual([3]);
    must(bench.engine.setLink(2, true));
    expect(goesTo()).toEqual([2]);
  });

  it('is dropped by a table without a default, and by a group that is gone', () => {
    bench.receive(1, frameTo(9)).settle();
    must(bench.engine.tableSetDefault(0, ACTIONS.flood, words(1)));
    bench.receive(1, frameTo(9)).settle();
    expect(bench.engine.counters()).toMatchObject({ droppedByProgram: 1n, droppedNoGroup: 1n });
  });
});

describe('clones', () => {
  // Of standard metadata that is the kind alone: even the port it came by is zero, as in simple_switch.
  it('from ingress are the received frame, with the metadata of their field list', async () => {
    bench.on(7, 'cloneForward', 5, 2);
    must(bench.engine.cloneSessionSet(5, [{ port: 510, instance: 1 }], 0, 0));
    const messages = packetIns(bench);
    bench.receive(1, frameTo(7)).settle();
    expect(bench.sent(2)).toHaveLength(1);
    expect(await messages.next()).toEqual(
      Uint8Array.from([0, 0, 1 /* ingress clone */, 0xc1, ...frameTo(7)]),
    );
  });

  it('are cut to the length of their session', async () => {
    bench.on(7, 'cloneForward', 5, 2);
    must(bench.engine.cloneSessionSet(5, [{ port: 510, instance: 1 }], 0, 20));
    const messages = packetIns(bench);
    bench.receive(1, frameTo(7)).settle();
    expect(await messages.next()).toHaveLength(20);
    expect(bench.sent(2).map(({ frame }) => frame.length)).toEqual([64]);
  });

  it.each(['cloneForward', 'egressClone'] as const)(
    'of several replicas are all cut, %s, and the frame itself is not',
    (action) => {
      bench.on(7, action, 5, 2);
      const replicas = [1, 3, 4].map((port) => ({ port, instance: port }));
      must(bench.engine.cloneSessionSet(5, replicas, 0, 20));
      bench.receive(1, frameTo(7)).settle();
      const lengths = [1, 3, 4, 2].map((port) => bench.sent(port).map(({ frame }) => frame.length));
      expect(lengths).toEqual([[20], [20], [20], [64]]);
    },
  );

  it('from egress carry the frame as it was sent', async () => {
    bench.on(7, 'egressClone', 5, 2);
    must(bench.engine.cloneSessionSet(5, [{ port: 510, instance: 1 }], 0, 0));
    const messages = packetIns(bench);
    bench.receive(1, frameTo(7)).settle();
    expect(bench.sent(2).map(({ frame }) => frame)).toEqual([frameTo(7)]);
    expect((await messages.next())?.subarray(0, 4)).toEqual(Uint8Array.from([0, 0, 2, 0xec]));
  });

  it('of a session that is not there are counted, and the frame goes on', () => {
    bench.on(7, 'cloneForward', 6, 2);
    bench.receive(1, frameTo(7)).settle();
    expect(bench.sent(2)).toHaveLength(1);
    expect(bench.engine.counters()).toMatchObject({ droppedNoSession: 1n });
  });
});

describe('frames that go round', () => {
  it('by resubmission keep their metadata and come out once', () => {
    bench.on(7, 'resubmit', 2);
    bench.receive(1, frameTo(7)).settle();
    expect(bench.sent(2).map(({ frame }) => frame)).toEqual([frameTo(7)]);
  });

  it('by recirculation pass egress twice and come out once', () => {
    bench.on(7, 'recirculate', 2);
    bench.receive(1, frameTo(7)).settle();
    expect(bench.sent(2).map(({ frame }) => frame)).toEqual([frameTo(7)]);
    // By ingress port, which the second time is zero.
    const once = { packets: 1n, octets: 64n };
    expect(must(bench.engine.counterRead(0, 0, 2))).toEqual([once, once]);
  });

  it('for ever are dropped and counted', () => {
    bench.on(7, 'loop', 2);
    bench.receive(1, frameTo(7)).settle();
    expect(bench.sent(2)).toEqual([]);
    expect(bench.engine.counters()).toMatchObject({ droppedLoops: 1n });
  });
});

describe('a program’s other requests', () => {
  it('cut a frame', () => {
    bench.on(7, 'truncate', 2, 30);
    bench.receive(1, frameTo(7)).settle();
    expect(bench.sent(2).map(({ frame }) => frame)).toEqual([frameTo(7).slice(0, 30)]);
  });

  it('drop a frame', () => {
    bench.on(7, 'drop');
    bench.receive(1, frameTo(7)).settle();
    expect(bench.engine.counters()).toMatchObject({ droppedByProgram: 1n });
  });
});

describe('frames from the control plane', () => {
  it('enter ingress from the CPU port', () => {
    bench.on(7, 'forward', 3);
    must(bench.engine.packetOut(frameTo(7)));
    bench.settle();
    expect(bench.sent(3).map(({ frame }) => frame)).toEqual([frameTo(7)]);
    expect(bench.counter(510, 'rxFrames')).toBe(1n);
  });
});

describe('state of the pipeline', () => {
  it('is cleared by loading again, and what waited is counted', async () => {
    const { fixturePipeline } = await import('./harness.js');
    bench.on(7, 'forward', 2);
    must(
      bench.engine.setQueue(2, {
        rateBps: 1n,
        overheadOctets: 0,
        boundOctets: 0,
        priorityCount: 1,
      }),
    );
    bench.receive(1, frameTo(7)).receive(1, frameTo(7)).settle();
    must(bench.engine.load(await fixturePipeline()));
    expect(bench.engine.counters()).toMatchObject({ droppedReload: 1n });
    bench.receive(1, frameTo(7)).settle();
    expect(bench.engine.counters()).toMatchObject({ droppedByProgram: 1n });
  });

  it('is what frames see that were through ingress before another one is loaded', async () => {
    const two = (await Bench.open(2, { threads: 2 })).at(1_000n);
    try {
      two.on(7, 'forward', 1);
      two.on(8, 'recirculate', 1);
      two.receive(2, frameTo(7)).receive(1, frameTo(8));
      must(two.engine.step());
      // One is on its way to the other thread, one on its way to ingress again.
      expect(two.sent(1)).toEqual([]);
      must(two.engine.load(await fixturePipeline()));
      const frames = two.sent(1).map(({ frame }) => frame);
      expect(frames).toEqual([frameTo(8), frameTo(7)]);
      expect(two.engine.counters()).toMatchObject({ droppedReload: 0n, droppedByProgram: 0n });
    } finally {
      two.close();
    }
  });

  it('is read and written within its bounds only', () => {
    must(bench.engine.registerWrite(1, 3, words(5, 6)));
    expect(must(bench.engine.registerRead(1, 2, 2))).toEqual([words(0, 0), words(5, 6)]);
    must(bench.engine.counterWrite(0, 15, { packets: 1n, octets: 2n }));
    expect(must(bench.engine.counterRead(0, 15, 1))).toEqual([{ packets: 1n, octets: 2n }]);
    const refused = { error: { code: 'OUT_OF_RANGE' } };
    expect(bench.engine.registerRead(1, 3, 2)).toMatchObject(refused);
    expect(bench.engine.registerRead(2, 0, 1)).toMatchObject(refused);
    expect(bench.engine.counterRead(0, 16, 1)).toMatchObject(refused);
    expect(bench.engine.counterRead(1, 0, 1)).toMatchObject(refused);
    expect(bench.engine.tableRemove(2, 0n)).toMatchObject(refused);
    expect(bench.engine.multicastGroupSet(0, [])).toMatchObject(refused);
    expect(bench.engine.cloneSessionSet(65536, [], 0, 0)).toMatchObject(refused);
  });

  it('forgets a removed entry', () => {
    const handle = bench.on(7, 'forward', 2);
    must(bench.engine.tableRemove(0, handle));
    expect(bench.engine.tableRemove(0, handle)).toMatchObject({ error: { code: 'NOT_FOUND' } });
    bench.receive(1, frameTo(7)).settle();
    expect(bench.sent(2)).toEqual([]);
  });
});

/** Frames that come up, one by one. */
function packetIns(on: Bench) {
  const frames: Uint8Array[] = [];
  let wake = () => {};
  on.engine.onMessage((message) => {
    if (message.kind === 'packetIn') frames.push(message.frame);
    wake();
  });
  return {
    async next(): Promise<Uint8Array | undefined> {
      while (frames.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return frames.shift();
    },
  };
}
