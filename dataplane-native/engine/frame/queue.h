/*
 * queue.h - the egress queue of one port: strict priorities, a bound in octets for each, and the
 * rate of the line behind it. Frames wait here before egress, as in simple_switch, so the time that
 * they wait is part of their residence.
 */
#ifndef TIMEPLANE_QUEUE_H
#define TIMEPLANE_QUEUE_H

#include "pipeline.h"

#define TP_PRIORITY_COUNT      8u
#define TP_QUEUE_BOUND_DEFAULT (256u * 1024u)
/* A loop that woke late may catch up this much, so that the rate holds on average even where the
 * machine lets it wait for some scheduler ticks. */
#define TP_QUEUE_CATCH_UP_NS UINT64_C(10000000)

struct tp_queue_class {
  struct tp_packet *head;
  struct tp_packet *tail;
  uint32_t octets;
};

struct tp_queue {
  struct tp_queue_class classes[TP_PRIORITY_COUNT];
  uint32_t frames;
  uint32_t octets;
  uint64_t rate_bps; /* 0: not shaped */
  uint32_t overhead_octets;
  uint32_t bound_octets;
  uint32_t priority_count;
  uint64_t release_ns; /* schedule time at which the line is free */
  uint64_t carry;      /* of the division by rate_bps, so that no fraction of a ns is lost */
};

void tp_queue_init(struct tp_queue *queue);
/* False when the frame's priority is full: the frame stays the caller's. */
bool tp_queue_put(struct tp_queue *queue, struct tp_packet *packet, uint64_t schedule_ns);
/* The next frame whose time has come, or null. */
struct tp_packet *tp_queue_take(struct tp_queue *queue, uint64_t schedule_ns);
/* The next frame whatever the time; null when empty. */
struct tp_packet *tp_queue_drain(struct tp_queue *queue);
/* The line is now busy with a frame of `octets`. */
void tp_queue_charge(struct tp_queue *queue, uint32_t octets, uint64_t schedule_ns);

#endif
