/*
 * transmit_stamp.h - the deferred half of a correction, and what it needs to know: how long after
 * the engine's own reading of the clock a frame really leaves.
 *
 * The stamps also tell a program when its frame left: see tx_event.h.
 *
 *   read the clock -> write correctionField and checksum -> send -> ... kernel's transmit stamp
 *   '---------------------- a constant part, learned from the stamps ----------------------'
 */
#ifndef TIMEPLANE_TRANSMIT_STAMP_H
#define TIMEPLANE_TRANSMIT_STAMP_H

#include "pipeline.h"

#define TP_LATENCY_SAMPLES 256u
/* A stamp further away than this from its instant is of another frame, or the clock was stepped. */
#define TP_LATENCY_LIMIT_NS INT64_C(100000000)
/* No network card takes longer to tell. */
#define TP_STAMP_OVERDUE_NS INT64_C(1000000000)

struct tp_port;

enum tp_transmit_result {
  TP_TRANSMIT_DONE,  /* sent or dropped and counted; the port has taken the packet */
  TP_TRANSMIT_LATER, /* no room now; the packet is still the caller's */
};

struct tp_outstanding_stamp {
  uint64_t instant_ns;
  uint32_t id;
  bool waiting;
  uint32_t preparation_ns;
  int32_t expected_ns;      /* latency */
  struct tp_packet *packet; /* kept for its TX event; null: it asked for none */
};

/* How long a frame took from the reading of the clock to its stamp, and the preparation before it:
 * both are long when the processor's caches hold other things, and short when they do not. */
struct tp_latency_sample {
  uint32_t preparation_ns; /* 0: there was none */
  int32_t latency_ns;
  uint32_t missed_ns; /* how far it was from what was expected */
};

struct tp_latency_samples {
  uint32_t count;
  uint32_t oldest; /* index in by_age */
  struct tp_latency_sample by_age[TP_LATENCY_SAMPLES];
  struct tp_latency_sample by_preparation[TP_LATENCY_SAMPLES]; /* of equal ones the newest first */
};

struct tp_latency {
  int64_t applied_ns; /* to the last frame */
  bool is_fixed;
  uint32_t preparation_ns; /* of the last frame */
  uint64_t samples_total;
  struct tp_latency_samples prepared;   /* frames after a pause */
  struct tp_latency_samples unprepared; /* frames close to another one */
  int64_t unprepared_ns;                /* what to expect of the next of these */
  uint32_t next_id; /* of the next event frame, as the kernel counts them (OPT_ID) */
  uint32_t waiting_count;
  struct tp_outstanding_stamp outstanding[TP_LATENCY_SAMPLES];
};

/* The result of a correction: a reason to drop the frame, or its new correctionField. */
enum tp_correction_result {
  TP_CORRECTION_DONE,
  TP_CORRECTION_SATURATED,
  TP_CORRECTION_LOST, /* the clock went back, or an offset lies outside the frame */
};

/*
 * correctionField += ((transmit_ns - start_ns) mod 2^48) * (1 + rate_offset / 2^41), in units of
 * 2^-16 ns (fractions of a unit are dropped), limited to 0x7FFF_FFFF_FFFF_FFFF, which the standard
 * has for "too large to be represented" (IEEE 1588-2019, 13.3.2.9); mends the checksum unless it is
 * absent (0).
 */
enum tp_correction_result tp_correct(struct tp_packet *packet, uint64_t transmit_ns);

/* Whether a frame is sent alone, its clock read right before: to be corrected, or to come back. */
static inline bool tp_is_event(const struct tp_packet *packet) {
  return packet->deferred.correction_offset != 0 || packet->event.request != 0;
}

/* Completes the correction, if one is asked for, and sends the frame in the same breath. */
enum tp_transmit_result tp_send_event(struct tp_port *port, struct tp_packet *packet);

/* A packet went out at `instant_ns`, its stamp was asked for and will carry the next id. Keeps the
 * packet when it asked for an event, else gives it back. */
void tp_stamp_expect(struct tp_port *port, struct tp_packet *packet, uint64_t instant_ns);
/* The kernel's stamp of frame `id`: learns from it, and makes the frame's event ready. A stamp too
 * far from its instant does neither: the event is lost. */
void tp_stamp_arrived(struct tp_port *port, uint32_t id, uint64_t stamp_ns);
/* Gives up on stamps that are overdue. */
void tp_stamps_expire(struct tp_port *port, uint64_t now_ns);
/* Forgets what is outstanding: the kernel's count of ids starts at 0 again. */
void tp_stamps_restart(struct tp_port *port);
/* Gives back the packets that wait for a stamp; how many. The stamps may still come. */
uint32_t tp_stamps_discard(struct tp_port *port);
/* The latency to expect of the next frame, whose preparation took so long; 0: it had none. */
int64_t tp_latency_expected(struct tp_latency *latency, uint32_t preparation_ns);
void tp_latency_fix(struct tp_latency *latency, int64_t latency_ns);
/* See tp_port_tx_latency and tp_port_tx_misses in engine.h. */
void tp_latency_report(const struct tp_latency *latency, int64_t out[5]);
void tp_latency_report_misses(const struct tp_latency *latency, int64_t out[2]);

#endif
