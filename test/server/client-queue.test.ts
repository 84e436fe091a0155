import { create } from '@bufbuild/protobuf';
import type { StreamMessageResponse } from '#protos/p4/v1/p4runtime_pb';
import { StreamMessageResponseSchema } from '#protos/p4/v1/p4runtime_pb';
import type { QueueLimits } from '#server/session/client-queue';
import { ClientQueue } from '#server/session/client-queue';
import { describe, expect, it } from 'vitest';

/** A client that takes `room` messages, and more when it is asked to. */
function slowClient(room: number) {
  const taken: number[] = [];
  let left = room;
  let wake: (() => void) | null = null;
  return {
    taken,
    sink: {
      write: (message: StreamMessageResponse) => {
        taken.push(message.update.case === 'packet' ? message.update.value.payload.length : -1);
        left -= 1;
        return left > 0;
      },
      once: (_event: 'drain', listener: () => void) => {
        wake = listener;
      },
    },
    takes: (more: number) => {
      left = more;
      const listener = wake;
      wake = null;
      listener?.();
    },
  };
}

const LIMITS: QueueLimits = { messages: 3, octets: 100, arbitrations: 2 };

const packet = (octets: number) =>
  create(StreamMessageResponseSchema, {
    update: { case: 'packet', value: { payload: new Uint8Array(octets) } },
  });
const arbitration = create(StreamMessageResponseSchema, {
  update: { case: 'arbitration', value: {} },
});

function queueFor(room: number, limits = LIMITS) {
  const client = slowClient(room);
  const queue = new ClientQueue(client.sink, limits);
  return {
    ...client,
    queue,
    sends: (octets: number) => queue.send(packet(octets), 'packetIn', octets),
    arbitrates: () => queue.send(arbitration, 'arbitration', 0),
  };
}

describe('what waits for a client of the stream', () => {
  it('is nothing while the client takes what is sent', () => {
    const { sends, taken, queue } = queueFor(100);
    for (const octets of [1, 2, 3, 4, 5]) expect(sends(octets)).toBe(true);
    expect(taken).toEqual([1, 2, 3, 4, 5]);
    expect(queue.counts).toMatchObject({ sent: 5, droppedPacketIns: 0 });
  });

  it('is kept in order, and sent as the client takes it', () => {
    const { sends, takes, taken } = queueFor(1);
    for (const octets of [1, 2, 3]) sends(octets);
    expect(taken).toEqual([1]);
    takes(1);
    expect(taken).toEqual([1, 2]);
    takes(5);
    sends(4);
    expect(taken).toEqual([1, 2, 3, 4]);
  });

  it('is bounded in messages and in octets; the rest is dropped and counted', () => {
    const many = queueFor(1);
    for (let i = 0; i < 10; i += 1) many.sends(1);
    expect(many.queue.counts.droppedPacketIns).toBe(6);
    const large = queueFor(1);
    for (let i = 0; i < 4; i += 1) large.sends(60);
    expect(large.queue.counts.droppedPacketIns).toBe(2);
    large.takes(10);
    expect(large.taken).toEqual([60, 60]);
  });

  it('is counted by kind', () => {
    const { queue } = queueFor(1, { ...LIMITS, messages: 0 });
    queue.send(packet(1), 'packetIn', 1);
    for (const kind of ['packetIn', 'digest', 'error'] as const) queue.send(packet(1), kind, 1);
    expect(queue.counts).toEqual({
      sent: 1,
      droppedPacketIns: 1,
      droppedDigests: 1,
      droppedErrors: 1,
    });
  });

  it('never loses an arbitration message, wherever it stands', () => {
    const { sends, arbitrates, takes, taken } = queueFor(1);
    for (let i = 0; i < 10; i += 1) sends(1);
    expect(arbitrates()).toBe(true);
    takes(10);
    expect(taken).toEqual([1, 1, 1, 1, -1]);
  });

  it('with too many arbitration messages means that the client is dead', () => {
    const { sends, arbitrates } = queueFor(1);
    sends(1);
    expect([arbitrates(), arbitrates(), arbitrates()]).toEqual([true, true, false]);
  });

  it('is forgotten when the stream ends', () => {
    const { sends, takes, taken, queue } = queueFor(1);
    for (const octets of [1, 2]) sends(octets);
    queue.close();
    takes(5);
    sends(3);
    expect(taken).toEqual([1]);
  });
});
