import { CACHE_LIMIT, DigestLists, LIST_LIMIT } from '#server/session/digest-lists';
import { describe, expect, it } from 'vitest';

const words = (value: number) => BigUint64Array.of(BigInt(value));
const settings = { maxTimeoutNs: 100n, maxListSize: 3, ackTimeoutNs: 1000n };
const sizeOf = (list: { messages: readonly unknown[] } | null) => list?.messages.length ?? null;

describe('digest lists (9.8), while time stands still', () => {
  it('are complete at max_list_size distinct messages', () => {
    const lists = new DigestLists();
    expect(lists.offer(words(1), settings, 0n)).toBeNull();
    expect(lists.offer(words(1), settings, 0n)).toBeNull();
    expect(lists.offer(words(2), settings, 0n)).toBeNull();
    const list = lists.offer(words(3), settings, 0n);
    expect(list).toEqual({ listId: 1n, messages: [words(1), words(2), words(3)] });
  });

  it('hold one message where max_list_size is 1 or max_timeout_ns is 0', () => {
    const one = new DigestLists();
    expect(sizeOf(one.offer(words(1), { ...settings, maxListSize: 1 }, 0n))).toBe(1);
    expect(sizeOf(one.offer(words(2), { ...settings, maxTimeoutNs: 0n }, 0n))).toBe(1);
  });

  it('have a limit of ours where max_list_size is 0', () => {
    const lists = new DigestLists();
    const unlimited = { ...settings, maxListSize: 0 };
    for (let i = 1; i < LIST_LIMIT; i += 1) {
      expect(lists.offer(words(i), unlimited, 0n)).toBeNull();
    }
    expect(sizeOf(lists.offer(words(0), unlimited, 0n))).toBe(LIST_LIMIT);
  });
});

describe('digest lists, as time passes', () => {
  it('leave max_timeout_ns after their first message', () => {
    const lists = new DigestLists();
    expect(lists.deadlineNs(settings)).toBeNull();
    lists.offer(words(1), settings, 50n);
    lists.offer(words(2), settings, 90n);
    expect(lists.deadlineNs(settings)).toBe(150n);
    expect(lists.expire(settings, 149n)).toBeNull();
    expect(sizeOf(lists.expire(settings, 150n))).toBe(2);
    expect(lists.deadlineNs(settings)).toBeNull();
  });

  it('suppress what was sent until ack_timeout_ns has passed', () => {
    const lists = new DigestLists();
    const at = (nowNs: bigint) => lists.offer(words(1), { ...settings, maxListSize: 1 }, nowNs);
    expect(sizeOf(at(0n))).toBe(1);
    expect(at(999n)).toBeNull();
    expect(sizeOf(at(1000n))).toBe(1);
  });

  it('suppress nothing where ack_timeout_ns is 0', () => {
    const lists = new DigestLists();
    const every = { ...settings, maxListSize: 1, ackTimeoutNs: 0n };
    expect(sizeOf(lists.offer(words(1), every, 0n))).toBe(1);
    expect(sizeOf(lists.offer(words(1), every, 0n))).toBe(1);
  });
});

describe('acknowledgements', () => {
  const every = { ...settings, maxListSize: 1 };

  it('let the messages of their list come again, and no others', () => {
    const lists = new DigestLists();
    lists.offer(words(1), every, 0n);
    lists.offer(words(2), every, 0n);
    lists.acknowledge(1n);
    lists.acknowledge(77n);
    expect(lists.offer(words(2), every, 1n)).toBeNull();
    expect(lists.offer(words(1), every, 1n)).toEqual({ listId: 3n, messages: [words(1)] });
  });

  it('that never come do not fill the memory: the oldest lists are forgotten', () => {
    const lists = new DigestLists();
    for (let i = 0; i <= CACHE_LIMIT + 1; i += 1) lists.offer(words(i), every, 0n);
    expect(sizeOf(lists.offer(words(0), every, 0n))).toBe(1);
    expect(lists.offer(words(CACHE_LIMIT), every, 0n)).toBeNull();
  });

  it('are not waited for after the primary has changed', () => {
    const lists = new DigestLists();
    lists.offer(words(1), every, 0n);
    lists.offer(words(2), settings, 0n);
    lists.clear();
    expect(lists.expire(settings, 500n)).toBeNull();
    expect(sizeOf(lists.offer(words(1), every, 0n))).toBe(1);
  });
});
