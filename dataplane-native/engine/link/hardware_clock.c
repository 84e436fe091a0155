/* hardware_clock.c - see hardware_clock.h; linux/ptp_clock.h for the ways to read both clocks. */
#include "link/hardware_clock.h"

#include <errno.h>
#include <linux/ptp_clock.h>
#include <stddef.h>
#include <string.h>

#define READING_NS UINT64_C(250000000)
/* Readings of which the one with the least time around it is taken. */
#define SAMPLES 5u
/* Further off than this, and somebody has set one of the clocks: what was learned before does not
 * hold. As long as the rate is not known it may be this much. */
#define STEP_NS    100000.0
#define RATE_LIMIT 0.001
/* An instant further from the last reading than this is not told. */
#define REACH_NS INT64_C(5000000000)
#define NS_PER_S INT64_C(1000000000)

/* --- reading both clocks ---------------------------------------------------------------------- */

static uint64_t in_ns(struct ptp_clock_time time) {
  return (uint64_t)(time.sec * NS_PER_S + time.nsec);
}

/* The middle of a reading of the system's clock before and one after, where it is the best. */
static void consider(struct tp_clock_pair *best, uint64_t *window_ns, uint64_t before_ns,
                     uint64_t hardware_ns, uint64_t after_ns) {
  if (after_ns - before_ns < *window_ns) {
    *window_ns = after_ns - before_ns;
    *best = (struct tp_clock_pair){.hardware_ns = hardware_ns,
                                   .system_ns = before_ns + (after_ns - before_ns) / 2};
  }
}

/* 0 or -errno. Three ways, the most exact first: not every driver has the first two. */
static int read_pair(const struct tp_system_calls *calls, int fd, struct tp_clock_pair *out) {
  struct ptp_sys_offset_precise precise = {0};
  if (calls->control_clock(calls->context, fd, PTP_SYS_OFFSET_PRECISE, &precise) == 0) {
    *out = (struct tp_clock_pair){.hardware_ns = in_ns(precise.device),
                                  .system_ns = in_ns(precise.sys_realtime)};
    return 0;
  }
  uint64_t window_ns = UINT64_MAX;
  struct ptp_sys_offset_extended extended = {.n_samples = SAMPLES};
  if (calls->control_clock(calls->context, fd, PTP_SYS_OFFSET_EXTENDED, &extended) == 0) {
    for (uint32_t i = 0; i < SAMPLES; i++) {
      consider(out, &window_ns, in_ns(extended.ts[i][0]), in_ns(extended.ts[i][1]),
               in_ns(extended.ts[i][2]));
    }
    return 0;
  }
  struct ptp_sys_offset plain = {.n_samples = SAMPLES};
  const int result = calls->control_clock(calls->context, fd, PTP_SYS_OFFSET, &plain);
  for (uint32_t i = 0; result == 0 && i < SAMPLES; i++) {
    consider(out, &window_ns, in_ns(plain.ts[2 * i]), in_ns(plain.ts[2 * i + 1]),
             in_ns(plain.ts[2 * i + 2]));
  }
  return result;
}

/* --- the line --------------------------------------------------------------------------------- */

/* How far the system's clock is ahead of where the newest pair has it, less than the card's clock:
 * small numbers, exact in a double. */
static double lead_ns(const struct tp_clock_pair *newest, const struct tp_clock_pair *pair) {
  return (double)(int64_t)((pair->system_ns - newest->system_ns) -
                           (pair->hardware_ns - newest->hardware_ns));
}

static double elapsed_ns(const struct tp_clock_pair *newest, const struct tp_clock_pair *pair) {
  return (double)(int64_t)(pair->hardware_ns - newest->hardware_ns);
}

/* Least squares through the leads of all pairs. */
static struct tp_hardware_line fit(const struct tp_clock_pair *pairs, uint32_t count) {
  double sum_x = 0;
  double sum_y = 0;
  double sum_xx = 0;
  double sum_xy = 0;
  for (uint32_t i = 0; i < count; i++) {
    const double x = elapsed_ns(&pairs[0], &pairs[i]);
    const double y = lead_ns(&pairs[0], &pairs[i]);
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
  }
  const double spread = (double)count * sum_xx - sum_x * sum_x;
  const double rate = spread > 0 ? ((double)count * sum_xy - sum_x * sum_y) / spread : 0;
  const double offset_ns = (sum_y - rate * sum_x) / (double)count;
  return (struct tp_hardware_line){.is_valid = true,
                                   .hardware_ns = pairs[0].hardware_ns,
                                   .system_ns = pairs[0].system_ns + (uint64_t)(int64_t)offset_ns,
                                   .rate = rate};
}

static bool at(const struct tp_hardware_line *line, uint64_t hardware_ns, uint64_t *system_ns) {
  const int64_t elapsed = (int64_t)(hardware_ns - line->hardware_ns);
  if (!line->is_valid || elapsed > REACH_NS || elapsed < -REACH_NS) {
    return false;
  }
  *system_ns =
      line->system_ns + (uint64_t)elapsed + (uint64_t)(int64_t)(line->rate * (double)elapsed);
  return true;
}

static void add_pair(struct tp_hardware_clock *clock, struct tp_clock_pair pair) {
  uint64_t expected_ns;
  const bool is_expected = at(&clock->line, pair.hardware_ns, &expected_ns);
  const double missed_ns = is_expected ? (double)(int64_t)(pair.system_ns - expected_ns) : 0;
  const double elapsed = (double)(int64_t)(pair.hardware_ns - clock->line.hardware_ns);
  const double allowed_ns = STEP_NS + (clock->pair_count < 2 ? RATE_LIMIT * elapsed : 0);
  if (!is_expected || missed_ns > allowed_ns || missed_ns < -allowed_ns) {
    clock->pair_count = 0;
  }
  memmove(&clock->pairs[1], &clock->pairs[0], (TP_CLOCK_PAIRS - 1) * sizeof clock->pairs[0]);
  clock->pairs[0] = pair;
  clock->pair_count += clock->pair_count < TP_CLOCK_PAIRS;
  const struct tp_hardware_line line = fit(clock->pairs, clock->pair_count);
  tp_spin_lock(&clock->lock);
  clock->line = line;
  tp_spin_unlock(&clock->lock);
}

void tp_hardware_clock_follow(struct tp_hardware_clocks *clocks, struct tp_hardware_clock *clock,
                              uint64_t schedule_ns) {
  if (!tp_spin_try(&clock->reading)) {
    return;
  }
  struct tp_clock_pair pair;
  if (clock->next_reading_ns == 0) { /* it was read when it was taken, and twice tells no rate */
    clock->next_reading_ns = schedule_ns + READING_NS;
  } else if (schedule_ns >= clock->next_reading_ns) {
    clock->next_reading_ns = schedule_ns + READING_NS;
    if (read_pair(clocks->calls, clock->fd, &pair) == 0) {
      add_pair(clock, pair);
    }
  }
  tp_spin_unlock(&clock->reading);
}

bool tp_hardware_to_system(struct tp_hardware_clock *clock, uint64_t hardware_ns,
                           uint64_t *system_ns) {
  tp_spin_lock(&clock->lock);
  const struct tp_hardware_line line = clock->line;
  tp_spin_unlock(&clock->lock);
  return at(&line, hardware_ns, system_ns);
}

/* --- whose they are --------------------------------------------------------------------------- */

static struct tp_hardware_clock *find(struct tp_hardware_clocks *clocks, uint32_t number) {
  struct tp_hardware_clock *unused = NULL;
  for (uint32_t i = 0; i < TP_HARDWARE_CLOCK_LIMIT; i++) {
    struct tp_hardware_clock *clock = &clocks->list[i];
    if (clock->users != 0 && clock->number == number) {
      return clock;
    }
    unused = clock->users == 0 ? clock : unused;
  }
  return unused;
}

struct tp_hardware_clock *tp_hardware_clock_take(struct tp_hardware_clocks *clocks, uint32_t number,
                                                 int *error) {
  struct tp_hardware_clock *clock = find(clocks, number);
  *error = ENOSPC;
  if (clock == NULL) {
    return NULL;
  }
  if (clock->users == 0) {
    const struct tp_system_calls *calls = clocks->calls;
    const int fd = calls->open_clock(calls->context, number);
    struct tp_clock_pair pair;
    const int result = fd < 0 ? fd : read_pair(calls, fd, &pair);
    if (result < 0) {
      *error = -result;
      if (fd >= 0) {
        calls->close_clock(calls->context, fd);
      }
      return NULL;
    }
    *clock = (struct tp_hardware_clock){.number = number, .fd = fd};
    add_pair(clock, pair);
  }
  clock->users++;
  return clock;
}

void tp_hardware_clock_give(struct tp_hardware_clocks *clocks, struct tp_hardware_clock *clock) {
  if (--clock->users == 0) {
    clocks->calls->close_clock(clocks->calls->context, clock->fd);
  }
}
