/*
 * tx_event.h - frames that egress sees more than once: those that come back with their transmit
 * time, and those that wait until another one has. See struct tp_transmit_event in pipeline.h.
 *
 *   sent ─▶ stamp slot (transmit_stamp.h) ─▶ ready ─▶ egress ─▶ sent, or the end
 *   egress ─▶ waiting ─▶ after TX events of the port ─▶ egress ─▶ sent, waiting, or the end
 *
 * Both are bounded for each port; what is too many is lost and counted. What waits in vain must not
 * make TX events dear: it is brought again at the end of a burst, however many events that had, and
 * when there is much of it, a part at a time with a pause after each.
 */
#ifndef TIMEPLANE_TX_EVENT_H
#define TIMEPLANE_TX_EVENT_H

#include "frame/packet_list.h"

#define TP_WAITING_LIMIT 64u
/* Waiting packets that are brought again at a time; when there are more, after a pause: far less
 * than a packet waits, far more than their passes take. */
#define TP_AGAIN_LIMIT    16u
#define TP_AGAIN_PAUSE_NS UINT64_C(100000)

struct tp_port;

struct tp_events {
  uint32_t held;                 /* packets in stamp slots and in the lists below */
  uint32_t in_slots;             /* packets in stamp slots */
  struct tp_packet_list ready;   /* their transmit time is known */
  struct tp_packet_list waiting; /* in the order of their last pass */
  uint32_t due;                  /* so many of the oldest have not seen the last TX event */
  uint32_t turn;                 /* so many of these are brought again now */
  uint64_t next_turn_ns;         /* schedule time; when many wait, not before it */
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
uint32_t tp_run_events(struct tp_port *port);
/* At the end of a burst: makes waiting packets that are due tp_run_events' next. False: not now. */
bool tp_bring_again(struct tp_port *port);
/* Schedule time at which tp_run_events or tp_bring_again will have something to do; 0: now.
 * Waiting for the kernel's stamps does not count. */
uint64_t tp_next_event_ns(const struct tp_port *port);
/* Gives back all packets that are kept; how many. */
uint32_t tp_discard_events(struct tp_port *port);

#endif
