/*
 * tx_event.h - frames that egress sees more than once: those that come back with their transmit
 * time, and those that wait until another one has. See struct tp_transmit_event in pipeline.h.
 *
 *   sent ─▶ stamp slot (transmit_stamp.h) ─▶ ready ─▶ egress ─▶ sent, or the end
 *   egress ─▶ waiting ─▶ again, after a TX event of the port ─▶ egress ─▶ sent, waiting, or the end
 *
 * Both are bounded for each port; what is too many is lost and counted.
 */
#ifndef TIMEPLANE_TX_EVENT_H
#define TIMEPLANE_TX_EVENT_H

#include "packet_list.h"

#define TP_WAITING_LIMIT 64u

struct tp_engine;
struct tp_port;

struct tp_events {
  uint32_t held;                 /* packets in stamp slots and in the lists below */
  uint32_t in_slots;             /* packets in stamp slots */
  struct tp_packet_list ready;   /* their transmit time is known */
  struct tp_packet_list waiting; /* in the order in which they came, and so is the next one: */
  struct tp_packet_list again;   /* waiting, to be brought again for the last TX event */
  uint64_t next_end_ns;          /* schedule time; no waiting packet's time is over before it */
};

/* Whether a packet may be kept beside the port's queue: the last buffers are for new frames. */
bool tp_event_has_room(const struct tp_port *port);
/* A packet of a stamp slot was sent at `time_ns`: its event comes next. */
void tp_event_ready(struct tp_port *port, struct tp_packet *packet, uint64_t time_ns);
/* A packet of a stamp slot will have no event. */
void tp_event_lost(struct tp_port *port, struct tp_packet *packet);
/* Keeps a packet whose last pass asked for it, or drops and counts it. */
void tp_event_wait(struct tp_port *port, struct tp_packet *packet);

/*
 * Passes that are due, as far as `unsent` has room for what they make; none after one that asks for
 * an event itself, so that it is sent first. Returns how many passes there were.
 */
uint32_t tp_run_events(struct tp_engine *engine, struct tp_port *port);
/* Schedule time at which tp_run_events will have something to do; 0: now. Waiting for the kernel's
 * stamps does not count. */
uint64_t tp_next_event_ns(const struct tp_port *port);
/* Gives back all packets that are kept; how many. */
uint32_t tp_discard_events(struct tp_port *port);

#endif
