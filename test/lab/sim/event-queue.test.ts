import { describe, expect, it } from 'vitest';
import { EventQueue } from '#lab/sim/event-queue';
import { randomStream } from '#lab/sim/random';

describe('the queue of events', () => {
  it('gives what is due by time, and at the same time in the order of insertion', () => {
    const { uniform } = randomStream(1, 'queue');
    const queue = new EventQueue();
    const added = Array.from({ length: 2_000 }, () => queue.add(Math.floor(uniform() * 300), noop));
    const expected = [...added].sort((a, b) => a.atNs - b.atNs || a.order - b.order);
    const taken = [];
    for (let event = queue.take(300); event !== null; event = queue.take(300)) taken.push(event);
    expect(taken).toEqual(expected);
    expect(queue.length).toBe(0);
  });

  it('keeps what is not due yet', () => {
    const queue = new EventQueue();
    queue.add(10, noop);
    expect(queue.take(9)).toBeNull();
    expect(queue.take(10)?.atNs).toBe(10);
  });

  it('leaves out what was cancelled', () => {
    const queue = new EventQueue();
    const first = queue.add(1, noop);
    queue.add(2, noop);
    first.isCancelled = true;
    expect(queue.take(5)?.atNs).toBe(2);
  });

  it('stays right while events come and go', () => {
    const { uniform } = randomStream(2, 'queue');
    const queue = new EventQueue();
    let now = 0;
    let count = 0;
    for (let i = 0; i < 5_000; i += 1) {
      queue.add(now + Math.floor(uniform() * 100), noop);
      if (uniform() < 0.5) continue;
      const event = queue.take(Infinity);
      expect(event?.atNs).toBeGreaterThanOrEqual(now);
      now = event?.atNs ?? now;
      count += 1;
    }
    expect(queue.length).toBe(5_000 - count);
  });
});

function noop(): void {
  // Nothing happens in these tests.
}
