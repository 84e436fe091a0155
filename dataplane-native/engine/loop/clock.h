/*
 * clock.h - the dataplane's clock and the time that queues are scheduled by.
 *
 * They differ on a real machine: CLOCK_REALTIME is what the kernel's timestamps are in, but it may
 * be stepped, and a queue must not stall for an hour because somebody set the date. With a virtual
 * clock both are the same number. The dataplane may have an oscillator of its own on top of either;
 * what the kernel stamped is then to be converted, and queues take no notice. All loops read these
 * clocks; the oscillator, which goes on when it is looked at, has a lock for that.
 */
#ifndef TIMEPLANE_CLOCK_H
#define TIMEPLANE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "loop/oscillator.h"

#define TP_NS_PER_S  UINT64_C(1000000000)
#define TP_TIME_MASK ((UINT64_C(1) << 48) - 1)

struct tp_clock_source {
  bool is_virtual;
  uint64_t virtual_ns;
  struct tp_oscillator *oscillator; /* null: the dataplane has the system's clock, or the virtual */
};

static inline uint64_t tp_clock_read_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * TP_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* The system's time, or the virtual one: what the kernel stamps with, and the lines outside have.
 */
static inline uint64_t tp_clock_system_ns(const struct tp_clock_source *source) {
  return source->is_virtual ? source->virtual_ns : tp_clock_read_ns(CLOCK_REALTIME);
}

/* The dataplane's time at an instant of the system's. */
static inline uint64_t tp_clock_at_system_ns(const struct tp_clock_source *source,
                                             uint64_t system_ns) {
  if (source->oscillator == NULL) {
    return system_ns;
  }
  tp_spin_lock(&source->oscillator->lock);
  const uint64_t ticks_ns = tp_oscillator_ticks_ns(source->oscillator, system_ns);
  tp_spin_unlock(&source->oscillator->lock);
  return ticks_ns;
}

/* The system's time when the dataplane's is `now_ns`. */
static inline uint64_t tp_clock_to_system_ns(const struct tp_clock_source *source,
                                             uint64_t now_ns) {
  if (source->oscillator == NULL) {
    return now_ns;
  }
  tp_spin_lock(&source->oscillator->lock);
  const uint64_t system_ns = tp_oscillator_system_ns(source->oscillator, now_ns);
  tp_spin_unlock(&source->oscillator->lock);
  return system_ns;
}

/* The dataplane's time: what timestamps are in. */
static inline uint64_t tp_clock_now_ns(const struct tp_clock_source *source) {
  return tp_clock_at_system_ns(source, tp_clock_system_ns(source));
}

/* The time that never goes back: what queues are released by. */
static inline uint64_t tp_clock_schedule_ns(const struct tp_clock_source *source) {
  return source->is_virtual ? source->virtual_ns : tp_clock_read_ns(CLOCK_MONOTONIC);
}

#endif
