/* queue.c - see queue.h. */
#include "frame/queue.h"

#include "loop/clock.h"

void tp_queue_init(struct tp_queue *queue) {
  *queue = (struct tp_queue){
      .bound_octets = TP_QUEUE_BOUND_DEFAULT,
      .priority_count = 1,
  };
}

bool tp_queue_put(struct tp_queue *queue, struct tp_packet *packet, uint64_t schedule_ns) {
  const uint32_t highest = queue->priority_count - 1;
  const uint32_t priority = packet->sm.priority < highest ? packet->sm.priority : highest;
  struct tp_queue_class *class = &queue->classes[priority];
  if (class->octets + packet->length > queue->bound_octets) {
    return false;
  }
  if (queue->frames == 0 && queue->release_ns < schedule_ns) {
    queue->release_ns = schedule_ns; /* an idle line saves nothing up */
  }
  packet->next = NULL;
  if (class->head == NULL) {
    class->head = packet;
  } else {
    class->tail->next = packet;
  }
  class->tail = packet;
  class->octets += packet->length;
  queue->octets += packet->length;
  queue->frames++;
  return true;
}

struct tp_packet *tp_queue_drain(struct tp_queue *queue) {
  for (uint32_t priority = queue->frames == 0 ? 0 : TP_PRIORITY_COUNT; priority-- > 0;) {
    struct tp_queue_class *class = &queue->classes[priority];
    struct tp_packet *packet = class->head;
    if (packet != NULL) {
      class->head = packet->next;
      class->octets -= packet->length;
      queue->octets -= packet->length;
      queue->frames--;
      packet->next = NULL;
      return packet;
    }
  }
  return NULL;
}

struct tp_packet *tp_queue_take(struct tp_queue *queue, uint64_t schedule_ns) {
  if (queue->rate_bps != 0 && queue->release_ns > schedule_ns) {
    return NULL;
  }
  return tp_queue_drain(queue);
}

void tp_queue_charge(struct tp_queue *queue, uint32_t octets, uint64_t schedule_ns) {
  if (queue->rate_bps == 0) {
    return;
  }
  if (queue->release_ns + TP_QUEUE_CATCH_UP_NS < schedule_ns) {
    queue->release_ns = schedule_ns - TP_QUEUE_CATCH_UP_NS;
  }
  const uint64_t bit_seconds =
      ((uint64_t)octets + queue->overhead_octets) * 8 * TP_NS_PER_S + queue->carry;
  queue->release_ns += bit_seconds / queue->rate_bps;
  queue->carry = bit_seconds % queue->rate_bps;
}
