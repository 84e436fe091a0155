/* inbox.c - see inbox.h. */
#include "frame/inbox.h"

#include "engine_state.h"

/* So many packets before it is taken, a packet is fetched; its frame when it is there. */
#define FETCH_PACKET 8u
#define FETCH_FRAME  4u

bool tp_outbox_put(struct tp_loop *loop, struct tp_loop *to, struct tp_packet *packet) {
  struct tp_inbox *ring = to->inboxes[loop->number];
  if (ring->written - ring->read_seen >= TP_INBOX_SLOTS) {
    /* Acquire: the reader has emptied the slots that it says it has. */
    ring->read_seen = __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);
    if (ring->written - ring->read_seen >= TP_INBOX_SLOTS) {
      return false;
    }
  }
  ring->slots[ring->written++ % TP_INBOX_SLOTS] = packet;
  loop->unpublished |= UINT32_C(1) << to->number;
  return true;
}

void tp_outbox_publish_all(struct tp_loop *loop) {
  while (loop->unpublished != 0) {
    struct tp_loop *to = loop->engine->loops[__builtin_ctz(loop->unpublished)];
    struct tp_inbox *ring = to->inboxes[loop->number];
    loop->unpublished &= loop->unpublished - 1;
    /*
     * Sequentially consistent, like the sleeper's store to is_asleep and its look at `shown` after
     * it (see tp_inbox_waiting): of the two loops at least one sees what the other has stored, so
     * no frame is left to a loop that sleeps on.
     */
    __atomic_store_n(&ring->shown, ring->written, __ATOMIC_SEQ_CST);
    if (atomic_load(&to->is_asleep) && atomic_exchange(&to->is_asleep, false)) {
      tp_loop_wake(to);
    }
  }
}

uint32_t tp_inbox_drain(struct tp_loop *loop, uint32_t limit,
                        void (*take)(struct tp_loop *loop, struct tp_packet *packet)) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < loop->engine->loop_count; i++) {
    struct tp_inbox *ring = loop->inboxes[i];
    if (ring == NULL) {
      continue; /* its own */
    }
    /* Acquire: the slots up to there, and the packets in them, are as their writer left them. */
    const uint32_t shown = __atomic_load_n(&ring->shown, __ATOMIC_ACQUIRE);
    uint32_t at = ring->read;
    if (at == shown) {
      continue;
    }
    const uint32_t end = shown - at > limit ? at + limit : shown;
    count += end - at;
    for (; at != end; at++) {
      if (shown - at > FETCH_PACKET) {
        tp_packet_fetch(ring->slots[(at + FETCH_PACKET) % TP_INBOX_SLOTS],
                        loop->pool.fetched_octets);
        tp_frame_fetch(ring->slots[(at + FETCH_FRAME) % TP_INBOX_SLOTS]->data);
      }
      take(loop, ring->slots[at % TP_INBOX_SLOTS]);
    }
    /* Release: these slots have been read. */
    __atomic_store_n(&ring->read, at, __ATOMIC_RELEASE);
  }
  return count;
}

bool tp_inbox_waiting(struct tp_loop *loop) {
  for (uint32_t i = 0; i < loop->engine->loop_count; i++) {
    const struct tp_inbox *ring = loop->inboxes[i];
    /* Relaxed: read by its own writer, or behind the locks of a control call that was. */
    if (ring != NULL && __atomic_load_n(&ring->read, __ATOMIC_RELAXED) !=
                            __atomic_load_n(&ring->shown, __ATOMIC_SEQ_CST)) {
      return true;
    }
  }
  return false;
}
