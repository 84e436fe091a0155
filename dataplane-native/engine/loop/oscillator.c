/* oscillator.c - see oscillator.h. */
#include "loop/oscillator.h"

__extension__ typedef __int128 tp_i128;

/* The variance of four uniform numbers of 16 bits each is 4 * (2^32 - 1) / 12. */
#define UNIFORMS_MEAN      INT64_C(131070)
#define UNIFORMS_DEVIATION INT64_C(37837)
/* The square root of a line's length, in seconds: 0.36636. */
#define ROOT_OF_LINE(wander) ((wander)*UINT64_C(36636) / UINT64_C(100000))

/* SplitMix64: one number from each state, and every seed is a good one. */
static uint64_t next_random(uint64_t *state) {
  *state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t mixed = *state;
  mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
  return mixed ^ (mixed >> 31);
}

/* Near enough to a normal distribution: the sum of four uniform numbers. */
static int64_t next_step(struct tp_oscillator *oscillator) {
  const uint64_t bits = next_random(&oscillator->random_state);
  int64_t sum = -UNIFORMS_MEAN;
  for (uint32_t shift = 0; shift < 64; shift += 16) {
    sum += (int64_t)((bits >> shift) & 0xffff);
  }
  return sum * (int64_t)oscillator->wander / UNIFORMS_DEVIATION;
}

static int64_t limited(int64_t rate_offset) {
  if (rate_offset > TP_OSCILLATOR_RATE_LIMIT) {
    return TP_OSCILLATOR_RATE_LIMIT;
  }
  return rate_offset < -TP_OSCILLATOR_RATE_LIMIT ? -TP_OSCILLATOR_RATE_LIMIT : rate_offset;
}

/* Of the ticks since the line's beginning, in 2^-41. */
static tp_i128 drift_of(const struct tp_oscillator_line *line, tp_i128 elapsed_ns) {
  return elapsed_ns * line->rate_offset + (tp_i128)line->fraction;
}

static uint64_t on_line(const struct tp_oscillator_line *line, uint64_t system_ns) {
  const tp_i128 elapsed_ns = (tp_i128)system_ns - (tp_i128)line->system_ns;
  const tp_i128 ticks_ns = (tp_i128)line->ticks_ns + elapsed_ns +
                           (drift_of(line, elapsed_ns) >> TP_OSCILLATOR_RATE_BITS);
  return ticks_ns < 0 ? 0 : (uint64_t)ticks_ns;
}

struct tp_oscillator_line *tp_oscillator_line_at(struct tp_oscillator *oscillator, uint64_t index) {
  return &oscillator->lines[index % TP_OSCILLATOR_LINES];
}

static void begin_line(struct tp_oscillator *oscillator, uint64_t after_ns, bool is_wandering) {
  const struct tp_oscillator_line before = *tp_oscillator_line_at(oscillator, oscillator->newest);
  const uint64_t fraction_mask = (UINT64_C(1) << TP_OSCILLATOR_RATE_BITS) - 1;
  const uint64_t system_ns = before.system_ns + after_ns;
  const int64_t step = is_wandering && oscillator->wander != 0 ? next_step(oscillator) : 0;
  *tp_oscillator_line_at(oscillator, ++oscillator->newest) = (struct tp_oscillator_line){
      .system_ns = system_ns,
      .ticks_ns = on_line(&before, system_ns),
      .fraction = (uint64_t)drift_of(&before, (tp_i128)after_ns) & fraction_mask,
      .rate_offset = limited(before.rate_offset + step),
  };
}

static void advance_to(struct tp_oscillator *oscillator, uint64_t system_ns) {
  const uint64_t begin_ns = tp_oscillator_line_at(oscillator, oscillator->newest)->system_ns;
  if (system_ns < begin_ns) {
    return;
  }
  const uint64_t lines = (system_ns - begin_ns) / TP_OSCILLATOR_LINE_NS;
  if (lines > TP_OSCILLATOR_CATCH_UP) {
    begin_line(oscillator, lines * TP_OSCILLATOR_LINE_NS, false);
    return;
  }
  for (uint64_t i = 0; i < lines; i++) {
    begin_line(oscillator, TP_OSCILLATOR_LINE_NS, true);
  }
}

uint64_t tp_oscillator_oldest(const struct tp_oscillator *oscillator) {
  return oscillator->newest < TP_OSCILLATOR_LINES ? 0
                                                  : oscillator->newest - (TP_OSCILLATOR_LINES - 1);
}

bool tp_oscillator_start(struct tp_oscillator *oscillator, uint64_t system_ns, int64_t offset_ns,
                         int64_t rate_offset, uint64_t wander, uint64_t seed) {
  const tp_i128 ticks_ns = (tp_i128)system_ns + offset_ns;
  if (rate_offset != limited(rate_offset) || wander > (uint64_t)TP_OSCILLATOR_RATE_LIMIT ||
      ticks_ns < 0 || ticks_ns > INT64_MAX) {
    return false;
  }
  *oscillator = (struct tp_oscillator){.wander = ROOT_OF_LINE(wander), .random_state = seed};
  oscillator->lines[0] = (struct tp_oscillator_line){
      .system_ns = system_ns, .ticks_ns = (uint64_t)ticks_ns, .rate_offset = rate_offset};
  return true;
}

uint64_t tp_oscillator_ticks_ns(struct tp_oscillator *oscillator, uint64_t system_ns) {
  advance_to(oscillator, system_ns);
  const uint64_t oldest = tp_oscillator_oldest(oscillator);
  uint64_t at = oscillator->newest;
  while (at > oldest && tp_oscillator_line_at(oscillator, at)->system_ns > system_ns) {
    at--;
  }
  return on_line(tp_oscillator_line_at(oscillator, at), system_ns);
}

uint64_t tp_oscillator_system_ns(struct tp_oscillator *oscillator, uint64_t ticks_ns) {
  /* Each round leaves a thousandth of the distance, at most. */
  uint64_t system_ns = tp_oscillator_line_at(oscillator, oscillator->newest)->system_ns;
  for (uint32_t round = 0; round < 16; round++) {
    const uint64_t reached_ns = tp_oscillator_ticks_ns(oscillator, system_ns);
    const int64_t missing_ns = (int64_t)(ticks_ns - reached_ns);
    if (missing_ns == 0) {
      break;
    }
    system_ns += (uint64_t)missing_ns;
  }
  while (tp_oscillator_ticks_ns(oscillator, system_ns) < ticks_ns) {
    system_ns++;
  }
  while (system_ns != 0 && tp_oscillator_ticks_ns(oscillator, system_ns - 1) >= ticks_ns) {
    system_ns--;
  }
  return system_ns;
}
