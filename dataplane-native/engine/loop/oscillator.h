/*
 * oscillator.h - a clock that runs on an oscillator of its own, reckoned from the system's clock.
 *
 * All that this machine can stamp is in the system's clock, which the machine's other clocks share:
 * a servo would have nothing to do. With an oscillator the dataplane's ticks are another function
 * of time, and the system's clock stays the truth to hold them against. The function is exact, and
 * known to the nanosecond: straight lines of 2^27 ns each (0.13 s), of which the last are kept.
 *
 *   ticks = line.ticks_ns + elapsed + (elapsed * line.rate_offset + line.fraction) / 2^41
 *   elapsed = system - line.system_ns
 */
#ifndef TIMEPLANE_OSCILLATOR_H
#define TIMEPLANE_OSCILLATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/spin.h"

#define TP_OSCILLATOR_RATE_BITS 41
#define TP_OSCILLATOR_LINE_NS   (UINT64_C(1) << 27)
/* 34 s: a frame that waited longer to be received is reckoned with by the oldest line. */
#define TP_OSCILLATOR_LINES 256u
/* 1000 ppm: no oscillator is so far off, and the sum of two may be held by the program. */
#define TP_OSCILLATOR_RATE_LIMIT INT64_C(2199023255)
/* A clock that was stepped forward by more lines than this does not wander on the way. */
#define TP_OSCILLATOR_CATCH_UP (UINT64_C(1) << 20)

struct tp_oscillator_line {
  uint64_t system_ns;
  uint64_t ticks_ns;
  uint64_t fraction;   /* of a tick at its beginning, in 2^-41 */
  int64_t rate_offset; /* how much faster than the system's clock, in 2^-41 */
};

struct tp_oscillator {
  struct tp_spin lock; /* its users': see clock.h */
  uint64_t wander; /* standard deviation of the rate's change from a line to the next, in 2^-41 */
  uint64_t random_state;
  uint64_t newest; /* index of the newest line since the start; it is at this modulo LINES */
  struct tp_oscillator_line lines[TP_OSCILLATOR_LINES];
};

/* Turns it on, `offset_ns` ahead at `system_ns`. `wander` is the standard deviation of the rate's
 * change in a second, a random walk that stays within RATE_LIMIT. False, and nothing is changed: a
 * rate or wander beyond the limit, or ticks before 0. */
bool tp_oscillator_start(struct tp_oscillator *oscillator, uint64_t system_ns, int64_t offset_ns,
                         int64_t rate_offset, uint64_t wander, uint64_t seed);
/* The oldest line that is kept; the newest is `newest`. */
uint64_t tp_oscillator_oldest(const struct tp_oscillator *oscillator);
struct tp_oscillator_line *tp_oscillator_line_at(struct tp_oscillator *oscillator, uint64_t index);
/* What it shows when the system's clock shows that; 0 for before it began to count. */
uint64_t tp_oscillator_ticks_ns(struct tp_oscillator *oscillator, uint64_t system_ns);
/* The first instant of the system's clock at which it shows `ticks_ns` or more. */
uint64_t tp_oscillator_system_ns(struct tp_oscillator *oscillator, uint64_t ticks_ns);

#endif
