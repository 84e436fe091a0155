/*
 * meter.h - two-rate three-colour meters (RFC 2698, colour-blind), and single-rate ones (RFC 2697,
 * colour-blind): what generated pipelines inline, and how they are configured.
 *
 * A meter has two buckets, of frames or of octets, whichever its cost is in. They start full and
 * fill at their rates. A frame for which the peak bucket has too little is red; one that only the
 * committed bucket has too little for is yellow; any other is green. Buckets that have enough pay,
 * the peak one first, as in simple_switch. A meter that is not configured is always green.
 *
 * Of a single rate, what the committed bucket has no room for fills the other one, which is for the
 * excess burst. A frame is green where the committed bucket has enough for it, yellow where the
 * other one has, and red else.
 *
 * Levels are counted in units times nanoseconds, so that nothing is ever rounded: a rate of one a
 * second fills one nanosecond after the other.
 */
#ifndef TIMEPLANE_METER_H
#define TIMEPLANE_METER_H

#include "pipeline.h"

#define TP_METER_NS_PER_S UINT64_C(1000000000)
/* Rates and bursts are below this, as in P4Runtime; 128 bits are enough for all levels then. */
#define TP_METER_LIMIT (UINT64_C(1) << 63)

/* With simple_switch's numbers. */
enum tp_colour { TP_GREEN = 0, TP_YELLOW = 1, TP_RED = 2, TP_COLOURS = 3 };

struct tp_bucket {
  tp_u128 level; /* units times ns, at most burst * TP_METER_NS_PER_S */
  uint64_t rate; /* units a second */
  uint64_t burst;
};

/* All zeros: not configured. */
struct tp_meter {
  struct tp_bucket committed;
  struct tp_bucket peak; /* of a single rate: the excess burst's, whose rate is 0 */
  uint64_t filled_ns;    /* until when both were filled */
  uint32_t lock;         /* see shared.h */
  bool is_configured;
  bool is_single_rate;
  struct tp_counter counts[TP_COLOURS]; /* frames that it was executed for, by their colours */
};
_Static_assert(sizeof(struct tp_meter) == 128, "as METER_OCTETS of the compiler's check.ts");

/* A meter's configuration in the host's words. */
enum tp_meter_word {
  TP_METER_COMMITTED_RATE,
  TP_METER_COMMITTED_BURST,
  TP_METER_PEAK_RATE,
  TP_METER_PEAK_BURST,
  TP_METER_WORDS
};
/* For the peak rate: there is none, and the peak burst is the excess burst. */
#define TP_METER_SINGLE_RATE UINT64_MAX
/* Packets and octets of each colour. */
#define TP_METER_COUNT_WORDS (2u * TP_COLOURS)

/* --- control operations (meter.c) ------------------------------------------------------------- */

/* Fills both buckets. `words` null: not configured any more. TP_E_OUT_OF_RANGE: a number of
 * TP_METER_LIMIT or more, or a peak rate below the committed one. */
int tp_meter_configure(struct tp_meter *meter, const uint64_t *words);
/* 1 and the words; 0 and zeros when it is not configured. */
int tp_meter_configuration(const struct tp_meter *meter, uint64_t *words);
void tp_meter_counts(const struct tp_meter *meter, uint64_t *words);
void tp_meter_clear_counts(struct tp_meter *meter);

/* --- what pipelines do ------------------------------------------------------------------------ */

#define TP_METER_INLINE static inline __attribute__((always_inline, unused))

TP_METER_INLINE void tp_bucket_fill(struct tp_bucket *bucket, uint64_t elapsed_ns) {
  const tp_u128 full = (tp_u128)bucket->burst * TP_METER_NS_PER_S;
  const tp_u128 level = bucket->level + (tp_u128)bucket->rate * elapsed_ns;
  bucket->level = level < full ? level : full;
}

TP_METER_INLINE bool tp_bucket_pay(struct tp_bucket *bucket, uint64_t cost) {
  const tp_u128 due = (tp_u128)cost * TP_METER_NS_PER_S;
  if (bucket->level < due) {
    return false;
  }
  bucket->level -= due;
  return true;
}

TP_METER_INLINE enum tp_colour tp_meter_single_rate(struct tp_meter *meter, uint64_t elapsed_ns,
                                                    uint64_t cost) {
  struct tp_bucket *committed = &meter->committed;
  struct tp_bucket *excess = &meter->peak;
  const tp_u128 full = (tp_u128)committed->burst * TP_METER_NS_PER_S;
  const tp_u128 level = committed->level + (tp_u128)committed->rate * elapsed_ns;
  const tp_u128 most = (tp_u128)excess->burst * TP_METER_NS_PER_S;
  committed->level = level < full ? level : full;
  excess->level += level - committed->level;
  excess->level = excess->level < most ? excess->level : most;
  if (tp_bucket_pay(committed, cost)) {
    return TP_GREEN;
  }
  return tp_bucket_pay(excess, cost) ? TP_YELLOW : TP_RED;
}

TP_METER_INLINE enum tp_colour tp_meter_two_rates(struct tp_meter *meter, uint64_t elapsed_ns,
                                                  uint64_t cost) {
  tp_bucket_fill(&meter->committed, elapsed_ns);
  tp_bucket_fill(&meter->peak, elapsed_ns);
  if (!tp_bucket_pay(&meter->peak, cost)) {
    return TP_RED;
  }
  return tp_bucket_pay(&meter->committed, cost) ? TP_GREEN : TP_YELLOW;
}

/* The colour of a frame of so many octets that costs `cost` units, as a number. A clock that was
 * set back fills nothing. */
TP_METER_INLINE uint64_t tp_meter_execute(struct tp_meter *meter, uint64_t now_ns, uint64_t cost,
                                          uint64_t octets) {
  enum tp_colour colour = TP_GREEN;
  if (meter->is_configured) {
    const uint64_t elapsed_ns = now_ns > meter->filled_ns ? now_ns - meter->filled_ns : 0;
    meter->filled_ns = now_ns;
    colour = meter->is_single_rate ? tp_meter_single_rate(meter, elapsed_ns, cost)
                                   : tp_meter_two_rates(meter, elapsed_ns, cost);
  }
  meter->counts[colour].packets++;
  meter->counts[colour].octets += octets;
  return colour;
}

#endif
