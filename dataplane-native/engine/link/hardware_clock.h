/*
 * hardware_clock.h - the clock of a network card, and the system's time at its instants.
 *
 * Ports on different cards are stamped by different clocks, none of which need be set to anything.
 * So every hardware stamp is told in the system's time, as software stamps are. Ports of one card
 * share its line: what is wrong with that is then the same at both ends of a residence.
 */
#ifndef TIMEPLANE_HARDWARE_CLOCK_H
#define TIMEPLANE_HARDWARE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "link/system_calls.h"
#include "loop/spin.h"

#define TP_HARDWARE_CLOCK_LIMIT 16u /* cards of one engine */
#define TP_CLOCK_PAIRS          8u  /* that a line is laid through */

/* Two clocks at one instant. */
struct tp_clock_pair {
  uint64_t hardware_ns;
  uint64_t system_ns;
};

/* system = system_ns + e * (1 + rate), e = hardware - hardware_ns */
struct tp_hardware_line {
  bool is_valid;
  uint64_t hardware_ns;
  uint64_t system_ns;
  double rate;
};

struct tp_hardware_clock {
  uint32_t users; /* ports; 0: this is none */
  uint32_t number;
  int fd;
  uint64_t next_reading_ns; /* schedule time */
  struct tp_spin reading;   /* by the loop that reads the clock */
  uint32_t pair_count;
  struct tp_clock_pair pairs[TP_CLOCK_PAIRS]; /* the newest first */
  struct tp_spin lock;                        /* of the line */
  struct tp_hardware_line line;
};

struct tp_hardware_clocks {
  const struct tp_system_calls *calls;
  struct tp_hardware_clock list[TP_HARDWARE_CLOCK_LIMIT];
};

/* The clock of that number, read for the first time if nobody had it. Null: `error` says why
 * (errno). */
struct tp_hardware_clock *tp_hardware_clock_take(struct tp_hardware_clocks *clocks, uint32_t number,
                                                 int *error);
void tp_hardware_clock_give(struct tp_hardware_clocks *clocks, struct tp_hardware_clock *clock);

/* Now and then: reads the clock if that is due and no other loop does. */
void tp_hardware_clock_follow(struct tp_hardware_clocks *clocks, struct tp_hardware_clock *clock,
                              uint64_t schedule_ns);

/* The system's time at an instant of the clock. False: it is not known any more, since the clock
 * cannot be read, or the instant is not near. */
bool tp_hardware_to_system(struct tp_hardware_clock *clock, uint64_t hardware_ns,
                           uint64_t *system_ns);

#endif
