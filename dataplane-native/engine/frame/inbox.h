/*
 * inbox.h - frames on their way from the loop that received them to the loop of the port that they
 * leave by. Between every two loops there is one ring for each direction, with one writer and one
 * reader, so no loop ever waits for another:
 *
 *   ingress -> traffic manager -> tp_outbox_put -> ring -> tp_inbox_drain -> egress queue
 *              '--------- sending loop ---------'         '------ port's loop ------'
 *
 * What a burst puts into rings is shown to the readers at its end (tp_outbox_publish), once for
 * each, and a reader that sleeps is woken then. Frames of one port to another port stay in order:
 * they take the same ring and the same queue. A ring that is full drops the frame.
 */
#ifndef TIMEPLANE_INBOX_H
#define TIMEPLANE_INBOX_H

#include "pipeline.h"

struct tp_loop;

/* Frames; a power of two. Room for what comes while a loop does not run: queues have less. */
#define TP_INBOX_SLOTS 4096u

struct tp_inbox {
  /* The writer's. */
  alignas(64) uint32_t written; /* frames ever put; shown up to `shown` */
  uint32_t read_seen;           /* `read`, as last looked at */
  /* Written by the writer, read by the reader. */
  alignas(64) uint32_t shown;
  /* Written by the reader, read by the writer. */
  alignas(64) uint32_t read;
  struct tp_packet *slots[TP_INBOX_SLOTS];
};

/* Puts a frame for port `packet->sm.egress_port` into the ring to `to`. False: it is full, and the
 * frame stays the caller's. */
bool tp_outbox_put(struct tp_loop *loop, struct tp_loop *to, struct tp_packet *packet);
/* What tp_outbox_publish in engine_state.h does when there is something. */
void tp_outbox_publish_all(struct tp_loop *loop);

/* Hands frames that are shown in rings to `loop` to `take`, the oldest of each writer first, and of
 * each no more than `limit`; how many. */
uint32_t tp_inbox_drain(struct tp_loop *loop, uint32_t limit,
                        void (*take)(struct tp_loop *loop, struct tp_packet *packet));
/* Whether there are any. */
bool tp_inbox_waiting(struct tp_loop *loop);

#endif
