import { describe, expect, it } from 'vitest';
import { EventQueue, ScheduledEvent } from '#lab/sim/event-queue';
import { randomStream } from '#lab/sim/random';

describe('the queue of events', () => {
  it('gives what is due by time, and at the same time in the order of insertion', () => {
    const { uniform } = randomStream(1, 'queue');
    const queue = new EventQueue();
    const times = new Map<ScheduledEvent, number>();
    for (let index = 0; index < 2_000; index += 1) {
      const atNs = Math.floor(uniform() * 300);
      times.set(added(queue, atNs), atNs);
    }
    // Sorting is stable: what is due at the same time stays as it was inserted.
    const expected = [...times].sort(([, a], [, b]) => a - b).map(([event]) => event);
    const taken = [];
    for (let event = queue.take(300); event !== null; event = queue.take(300)) {
      expect(queue.takenAtNs).toBe(times.get(event));
      taken.push(event);
    }
    expect(taken.map((event) => expected.indexOf(event))).toEqual(expected.map((_, at) => at));
    expect(queue.length).toBe(0);
  });

  it('keeps what is not due yet', () => {
    const queue = new EventQueue();
    const event = added(queue, 10);
    expect(queue.take(9)).toBeNull();
    expect(event.isWaiting).toBe(true);
    expect(queue.take(10)).toBe(event);
    expect(event.isWaiting).toBe(false);
  });

  it('leaves out what was cancelled', () => {
    const queue = new EventQueue();
    const first = added(queue, 1);
    const second = added(queue, 2);
    first.cancel();
    expect(queue.take(5)).toBe(second);
    expect(queue.take(5)).toBeNull();
  });

  it('has what was added twice happen once, at the time that was said last', () => {
    const queue = new EventQueue();
    const [sooner, later] = [added(queue, 5), added(queue, 7)];
    queue.add(9, sooner);
    queue.add(3, later);
    expect(queue.take(10)).toBe(later);
    expect(queue.takenAtNs).toBe(3);
    expect(queue.take(10)).toBe(sooner);
    expect(queue.takenAtNs).toBe(9);
    expect(queue.take(10)).toBeNull();
  });

  it('stays right while events come and go', () => {
    const { uniform } = randomStream(2, 'queue');
    const queue = new EventQueue();
    let now = 0;
    let count = 0;
    for (let i = 0; i < 5_000; i += 1) {
      added(queue, now + Math.floor(uniform() * 100));
      if (uniform() < 0.5) continue;
      expect(queue.take(Infinity)).not.toBeNull();
      expect(queue.takenAtNs).toBeGreaterThanOrEqual(now);
      now = queue.takenAtNs;
      count += 1;
    }
    expect(queue.length).toBe(5_000 - count);
  });
});

function added(queue: EventQueue, atNs: number): ScheduledEvent {
  const event = new ScheduledEvent(() => {
    // Nothing happens in these tests.
  });
  queue.add(atNs, event);
  return event;
}
