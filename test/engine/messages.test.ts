import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineMessage } from '#binding/messages';
import { MessageDecoder } from '#binding/messages';
import { Bench, frameTo } from './harness.js';

describe('the stream of messages', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open(2);
    bench.on(7, 'forward', 510);
    bench.on(8, 'digest', 2);
  });
  afterEach(() => {
    bench.close();
  });

  /** Listens until `count` messages are here. */
  async function listen(count: number): Promise<EngineMessage[]> {
    const messages: EngineMessage[] = [];
    await new Promise<void>((resolve) => {
      bench.engine.onMessage((message) => {
        messages.push(message);
        if (messages.length === count) resolve();
        bench.settle(); /* a round writes what did not fit before */
      });
    });
    return messages;
  }

  it('brings packet-ins and digests in order', async () => {
    bench.receive(1, frameTo(8)).receive(1, frameTo(7)).settle();
    expect(await listen(2)).toEqual([
      { kind: 'digest', list: 0, words: BigUint64Array.from([0x0200_0000_00aan]) },
      { kind: 'packetIn', frame: Uint8Array.from([0, 1, 0, 0, ...frameTo(7)]) },
    ]);
    expect(bench.engine.counters()).toMatchObject({ packetIns: 1n, digests: 1n });
  });

  it('never holds part of a message: what does not fit is dropped and counted', async () => {
    const sent = 400;
    for (let i = 0; i < sent; i++) bench.receive(1, frameTo(7, 5000 + i)).settle();
    const { packetIns, packetInsLost } = bench.engine.counters();
    expect(packetIns + packetInsLost).toBe(BigInt(sent));
    expect(packetInsLost).toBeGreaterThan(0n);
    const messages = await listen(Number(packetIns));
    for (const [i, message] of messages.entries()) {
      expect(message).toEqual({
        kind: 'packetIn',
        frame: Uint8Array.from([0, 1, 0, 0, ...frameTo(7, 5000 + i)]),
      });
    }
    // And the next one comes through whole.
    bench.receive(1, frameTo(7)).settle();
    while (messages.length === Number(packetIns)) await delay(1);
    expect(messages.at(-1)).toMatchObject({ kind: 'packetIn' });
  });
});

describe('the decoder', () => {
  it('puts messages together whatever the chunks', () => {
    const stream = Uint8Array.from([
      ...[1, 0, 0, 0, 3, 0, 0, 0, 9, 8, 7],
      ...[3, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0],
      ...[4, 0, 0, 0, 8, 0, 0, 0, 6, 0, 0, 0, 2, 1, 0, 0],
      ...[2, 0, 0, 0, 16, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0],
    ]);
    for (let size = 1; size <= stream.length; size++) {
      const decoder = new MessageDecoder();
      const messages: EngineMessage[] = [];
      for (let at = 0; at < stream.length; at += size) {
        messages.push(...decoder.push(stream.subarray(at, at + size)));
      }
      expect(messages).toEqual([
        { kind: 'packetIn', frame: Uint8Array.from([9, 8, 7]) },
        { kind: 'portStatus', port: 5, up: true },
        { kind: 'assertion', index: 6, port: 258 },
        { kind: 'digest', list: 4, words: BigUint64Array.from([0x201n]) },
      ]);
    }
  });
});
