/*
 * shared.h - what several threads that run one pipeline do to the state that they share. Generated
 * pipelines inline it; while one thread runs alone, each of these costs a predicted branch.
 *
 *   tables, profiles   only read, but for the next two
 *   direct counters    added to atomically
 *   direct hits        stored atomically: the last one to store is as good as any
 *   meters             a lock in each cell
 *   registers          a lock for each array, held for a whole action, as simple_switch does: what
 *                      an action reads and then writes no other thread changes in between
 *   counters           none: each thread has its own, and who reads them adds them up
 *
 * Locks are taken in the order registers by number, then one meter, and given back before anything
 * else is called, so nobody waits in a circle. Control calls take no part in this: while one runs,
 * no thread runs the pipeline at all (see engine_state.h), and the engine's mutexes make what
 * either did visible to the other.
 */
#ifndef TIMEPLANE_SHARED_H
#define TIMEPLANE_SHARED_H

#include "pipeline.h"
#include "tables/meter.h"
#include "tables/table.h"

#define TP_SHARED_INLINE static inline __attribute__((always_inline, unused))

/* --- locks ------------------------------------------------------------------------------------ */

/* Not in the fast path: somebody else has the lock. The engine knows how to wait; see lock_wait in
 * struct tp_pipeline. */
static __attribute__((noinline, unused)) void tp_lock_contend(const struct tp_pipeline *pipeline,
                                                              uint32_t *lock) {
  uint32_t turn = 0;
  do {
    while (__atomic_load_n(lock, __ATOMIC_RELAXED) != 0) {
      pipeline->lock_wait(turn++);
    }
  } while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0);
}

TP_SHARED_INLINE void tp_lock_take(const struct tp_pipeline *pipeline, uint32_t *lock) {
  if (__builtin_expect(__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0, 0)) {
    tp_lock_contend(pipeline, lock);
  }
}

TP_SHARED_INLINE void tp_lock_give(uint32_t *lock) {
  __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

/* --- direct resources ------------------------------------------------------------------------- */

/* Counts a hit of a table that has direct counters. The two sums are each exact; a control call
 * never sees one without the other. */
TP_SHARED_INLINE void tp_count_direct(const struct tp_pipeline *pipeline, struct tp_entry *entry,
                                      uint64_t octets) {
  if (__builtin_expect(pipeline->is_shared, 0)) {
    __atomic_fetch_add(&entry->counter.packets, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&entry->counter.octets, octets, __ATOMIC_RELAXED);
    return;
  }
  entry->counter.packets++;
  entry->counter.octets += octets;
}

/* Notes a hit of a table whose entries may time out. */
TP_SHARED_INLINE void tp_touch(const struct tp_pipeline *pipeline, struct tp_entry *entry) {
  __atomic_store_n(&entry->last_hit_ns, pipeline->steady_ns, __ATOMIC_RELAXED);
}

/* --- meters ----------------------------------------------------------------------------------- */

/* The colour of a frame of so many octets that costs `cost` units, as tp_meter_execute. */
TP_SHARED_INLINE uint64_t tp_meter_colour(const struct tp_pipeline *pipeline,
                                          struct tp_meter *meter, uint64_t cost, uint64_t octets) {
  if (__builtin_expect(!pipeline->is_shared, 1)) {
    return tp_meter_execute(meter, pipeline->steady_ns, cost, octets);
  }
  tp_lock_take(pipeline, &meter->lock);
  /* Another thread may have read the clock later and filled the meter until then. */
  const uint64_t filled_ns = meter->filled_ns;
  const uint64_t now_ns = pipeline->steady_ns < filled_ns ? filled_ns : pipeline->steady_ns;
  const uint64_t colour = tp_meter_execute(meter, now_ns, cost, octets);
  tp_lock_give(&meter->lock);
  return colour;
}

/* --- registers -------------------------------------------------------------------------------- */

/* Locks for register arrays: that of array i is number i % TP_REGISTER_LOCKS. */
#define TP_REGISTER_LOCKS 64u

struct tp_register_lock {
  alignas(64) uint32_t lock; /* a cache line of its own */
};

/* Before an action that touches registers: bit i of `mask` asks for lock i. Not to be nested. */
TP_SHARED_INLINE void tp_registers_lock(const struct tp_pipeline *pipeline, uint64_t mask) {
  if (__builtin_expect(!pipeline->is_shared, 1)) {
    return;
  }
  for (uint64_t left = mask; left != 0; left &= left - 1) {
    tp_lock_take(pipeline, &pipeline->register_locks[__builtin_ctzll(left)].lock);
  }
}

/* After it. */
TP_SHARED_INLINE void tp_registers_unlock(const struct tp_pipeline *pipeline, uint64_t mask) {
  if (__builtin_expect(!pipeline->is_shared, 1)) {
    return;
  }
  for (uint64_t left = mask; left != 0; left &= left - 1) {
    tp_lock_give(&pipeline->register_locks[__builtin_ctzll(left)].lock);
  }
}

#endif
