/* tx_event.c - see tx_event.h. */
#include "frame/tx_event.h"

#include "engine_state.h"

/* One part in so many of the packet buffers stays free for frames that arrive. */
#define RESERVED_PART 8u

bool tp_event_has_room(const struct tp_port *port) {
  const struct tp_pool *pool = &port->loop->pool;
  return tp_pool_available(pool) > pool->depot->count / RESERVED_PART;
}

void tp_event_ready(struct tp_port *port, struct tp_packet *packet, uint64_t time_ns) {
  packet->event.time_ns = time_ns & TP_TIME_MASK;
  port->events.in_slots--;
  tp_packet_list_push(&port->events.ready, packet);
}

void tp_event_lost(struct tp_port *port, struct tp_packet *packet) {
  port->events.in_slots--;
  port->events.held--;
  tp_port_count(port, TP_PORT_TX_EVENTS_LOST, 1);
  tp_pool_give(&port->loop->pool, packet);
}

/* The time of one that waits already is not made longer: it would never be over. */
static uint64_t end_of(const struct tp_packet *packet, uint64_t now_ns) {
  const uint64_t end_ns = now_ns + packet->event.wait_ns;
  const bool is_waiting = packet->event.kind == TP_EVENT_AGAIN;
  return is_waiting && packet->wait_until_ns < end_ns ? packet->wait_until_ns : end_ns;
}

void tp_event_wait(struct tp_port *port, struct tp_packet *packet) {
  struct tp_events *events = &port->events;
  const bool is_late = packet->event.kind == TP_EVENT_LATE;
  const bool is_full = events->waiting.count >= TP_WAITING_LIMIT;
  if (is_late || is_full || !tp_event_has_room(port)) {
    tp_port_count(port, TP_PORT_TX_WAITS_LOST, 1);
    tp_pool_give(&port->loop->pool, packet);
    return;
  }
  tp_port_count(port, TP_PORT_TX_WAITS, packet->event.kind != TP_EVENT_AGAIN);
  const uint64_t end_ns = end_of(packet, tp_clock_schedule_ns(&port->engine->clock));
  packet->wait_until_ns = end_ns;
  if (events->waiting.count == 0 || end_ns < events->next_end_ns) {
    events->next_end_ns = end_ns;
  }
  events->held++;
  tp_packet_list_push(&events->waiting, packet);
}

/* The first waiting packet whose time is over, or null; then `next_end_ns` is right again. */
static struct tp_packet *take_late(struct tp_events *events, uint64_t now_ns) {
  struct tp_packet_list still = {0};
  struct tp_packet *late = NULL;
  struct tp_packet *packet;
  uint64_t next_end_ns = UINT64_MAX;
  while ((packet = tp_packet_list_pop(&events->waiting)) != NULL) {
    if (late == NULL && packet->wait_until_ns <= now_ns) {
      late = packet;
    } else {
      next_end_ns = packet->wait_until_ns < next_end_ns ? packet->wait_until_ns : next_end_ns;
      tp_packet_list_push(&still, packet);
    }
  }
  events->waiting = still;
  events->next_end_ns = next_end_ns;
  events->due -= late != NULL && events->due != 0; /* the oldest are the first to be late */
  return late;
}

/* The packet whose pass is due, its event.kind set; null: none. The order: TX events before all
 * else, so that what waits for one, or is right behind it in the queue, finds it done. */
static struct tp_packet *take_due(struct tp_port *port) {
  struct tp_events *events = &port->events;
  struct tp_packet *packet = tp_packet_list_pop(&events->ready);
  if (packet != NULL) {
    events->due = events->waiting.count;
    packet->event.kind = packet->event.request;
    tp_port_count(port, TP_PORT_TX_EVENTS, 1);
    return packet;
  }
  if (events->waiting.count == 0) {
    events->turn = events->due = 0;
    return NULL;
  }
  const uint64_t now_ns = tp_clock_schedule_ns(&port->engine->clock);
  if (events->turn != 0) {
    events->turn--;
    packet = tp_packet_list_pop(&events->waiting);
    packet->event.kind = packet->wait_until_ns <= now_ns ? TP_EVENT_LATE : TP_EVENT_AGAIN;
  } else if (events->next_end_ns <= now_ns && (packet = take_late(events, now_ns)) != NULL) {
    packet->event.kind = TP_EVENT_LATE;
  }
  return packet;
}

uint32_t tp_run_events(struct tp_port *port) {
  uint32_t count = 0;
  if (port->events.in_slots != 0 && port->ops->read_stamps != NULL) {
    port->ops->read_stamps(port);
  }
  while (port->unsent_count < TP_BURST) {
    struct tp_packet *packet = take_due(port);
    if (packet == NULL) {
      break;
    }
    count++;
    port->events.held--;
    packet = tp_egress_again(port->loop, port, packet);
    if (packet != NULL) {
      port->unsent[port->unsent_count++] = packet;
      if (packet->event.request != 0) {
        break;
      }
    }
  }
  return count;
}

/* Schedule time at which waiting packets may be brought again; 0: now. */
static uint64_t next_turn_ns(const struct tp_events *events) {
  return events->waiting.count > TP_AGAIN_LIMIT ? events->next_turn_ns : 0;
}

bool tp_bring_again(struct tp_port *port) {
  struct tp_events *events = &port->events;
  if (events->due == 0) {
    return false;
  }
  const uint64_t now_ns = tp_clock_schedule_ns(&port->engine->clock);
  if (now_ns < next_turn_ns(events)) {
    return false;
  }
  events->next_turn_ns = now_ns + TP_AGAIN_PAUSE_NS;
  events->turn = events->due < TP_AGAIN_LIMIT ? events->due : TP_AGAIN_LIMIT;
  events->due -= events->turn;
  return true;
}

uint64_t tp_next_event_ns(const struct tp_port *port) {
  const struct tp_events *events = &port->events;
  if (events->ready.count + events->turn != 0) {
    return 0;
  }
  uint64_t next_ns = events->waiting.count == 0 ? UINT64_MAX : events->next_end_ns;
  if (events->due != 0 && next_turn_ns(events) < next_ns) {
    next_ns = next_turn_ns(events);
  }
  const uint64_t stamp_ns = events->in_slots != 0 && port->ops->next_stamp_ns != NULL
                                ? port->ops->next_stamp_ns(port)
                                : UINT64_MAX;
  return next_ns < stamp_ns ? next_ns : stamp_ns;
}

static uint32_t discard(struct tp_port *port, struct tp_packet_list *list) {
  uint32_t count = 0;
  struct tp_packet *packet;
  while ((packet = tp_packet_list_pop(list)) != NULL) {
    tp_pool_give(&port->loop->pool, packet);
    count++;
  }
  return count;
}

uint32_t tp_discard_events(struct tp_port *port) {
  struct tp_events *events = &port->events;
  uint32_t count = tp_stamps_discard(port);
  count += discard(port, &events->ready);
  count += discard(port, &events->waiting);
  *events = (struct tp_events){0};
  return count;
}
