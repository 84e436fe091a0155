/* port_memory.c - a port in memory, for tests, replays and benchmarks. Frames that the host does
 * not take in time push back on the queue, as a slow line does. */
#include <stdlib.h>
#include <string.h>

#include "engine_state.h"
#include "frame/packet_list.h"

struct memory_port {
  struct tp_port port; /* first: a tp_port is the memory_port */
  struct tp_packet_list received;
  struct tp_packet_list sent; /* tx_estimate_ns is when it left */
  uint64_t stamp_delay_ns; /* a stamp comes so long after its frame was sent; UINT64_MAX: never */
};

static uint32_t memory_receive(struct tp_port *port, struct tp_packet **burst, uint32_t limit) {
  return tp_packet_list_take(&((struct memory_port *)port)->received, burst, limit);
}

static bool is_full(const struct memory_port *memory) {
  return memory->sent.count >= memory->port.engine->depot.count / 2;
}

static void send_one(struct memory_port *memory, struct tp_packet *packet, uint64_t tx_time_ns) {
  if (!memory->port.is_up) {
    tp_port_count(&memory->port, TP_PORT_TX_ERRORS, 1);
    tp_pool_give(&memory->port.loop->pool, packet);
    return;
  }
  tp_port_count(&memory->port, TP_PORT_TX_FRAMES, 1);
  tp_port_count(&memory->port, TP_PORT_TX_OCTETS, packet->length);
  packet->tx_estimate_ns = tx_time_ns;
  tp_packet_list_push(&memory->sent, packet);
}

static uint32_t memory_transmit(struct tp_port *port, struct tp_packet **burst, uint32_t count) {
  struct memory_port *memory = (struct memory_port *)port;
  const uint64_t now_ns = tp_clock_now_ns(&port->engine->clock);
  uint32_t sent = 0;
  while (sent < count && !is_full(memory)) {
    send_one(memory, burst[sent++], now_ns);
  }
  return sent;
}

static enum tp_transmit_result memory_transmit_event(struct tp_port *port, struct tp_packet *packet,
                                                     uint64_t instant_ns) {
  struct memory_port *memory = (struct memory_port *)port;
  const uint64_t tx_time_ns = instant_ns + (uint64_t)port->latency.applied_ns;
  if (is_full(memory)) {
    return TP_TRANSMIT_LATER;
  }
  if (packet->event.request == 0) {
    send_one(memory, packet, tx_time_ns);
    return TP_TRANSMIT_DONE;
  }
  struct tp_packet *sent = tp_pool_take(&port->loop->pool);
  if (sent == NULL) {
    tp_port_count(port, TP_PORT_TX_EVENTS_LOST, 1);
    send_one(memory, packet, tx_time_ns);
    return TP_TRANSMIT_DONE;
  }
  memcpy(sent->data, packet->data, packet->length);
  sent->length = packet->length;
  send_one(memory, sent, tx_time_ns);
  tp_stamp_expect(port, packet, instant_ns);
  return TP_TRANSMIT_DONE;
}

/* Of the stamps that are outstanding, the one that was asked for first. */
static const struct tp_outstanding_stamp *oldest_slot(const struct tp_port *port) {
  const struct tp_latency *latency = &port->latency;
  uint32_t id = latency->next_id - TP_LATENCY_SAMPLES;
  while (!latency->outstanding[id % TP_LATENCY_SAMPLES].waiting) {
    id++;
  }
  return &latency->outstanding[id % TP_LATENCY_SAMPLES];
}

/* Of a frame that is yet to leave, because the port's latency is in the future: 0. */
static uint64_t age_ns_of(const struct tp_port *port, const struct tp_outstanding_stamp *slot) {
  const uint64_t now_ns = tp_clock_now_ns(&port->engine->clock);
  return now_ns > slot->instant_ns ? now_ns - slot->instant_ns : 0;
}

static void memory_read_stamps(struct tp_port *port) {
  const struct memory_port *memory = (const struct memory_port *)port;
  while (port->latency.waiting_count != 0) {
    const struct tp_outstanding_stamp *slot = oldest_slot(port);
    if (age_ns_of(port, slot) < memory->stamp_delay_ns) {
      break;
    }
    tp_stamp_arrived(port, slot->id, slot->instant_ns + (uint64_t)(int64_t)slot->expected_ns);
  }
  tp_stamps_expire(port, tp_clock_now_ns(&port->engine->clock));
}

/* The time of a stamp, or that at which it is overdue. */
static uint64_t memory_next_stamp_ns(const struct tp_port *port) {
  const struct memory_port *memory = (const struct memory_port *)port;
  const uint64_t overdue_ns = TP_STAMP_OVERDUE_NS + 1;
  const uint64_t delay_ns =
      memory->stamp_delay_ns < overdue_ns ? memory->stamp_delay_ns : overdue_ns;
  const uint64_t age_ns = age_ns_of(port, oldest_slot(port));
  const uint64_t left_ns = age_ns < delay_ns ? delay_ns - age_ns : 0;
  return tp_clock_schedule_ns(&port->engine->clock) + left_ns;
}

static int memory_poll_fd(const struct tp_port *port) {
  (void)port;
  return -1;
}

static void memory_maintain(struct tp_port *port) {
  (void)port;
}

static uint32_t memory_discard(struct tp_port *port) {
  struct memory_port *memory = (struct memory_port *)port;
  struct tp_packet *packet;
  uint32_t count = 0;
  while ((packet = tp_packet_list_pop(&memory->received)) != NULL ||
         (packet = tp_packet_list_pop(&memory->sent)) != NULL) {
    tp_pool_give(&port->loop->pool, packet);
    count++;
  }
  return count;
}

static void memory_close(struct tp_port *port) {
  memory_discard(port);
  free(port);
}

static const struct tp_port_ops MEMORY_OPS = {
    .receive = memory_receive,
    .transmit = memory_transmit,
    .transmit_event = memory_transmit_event,
    .read_stamps = memory_read_stamps,
    .next_stamp_ns = memory_next_stamp_ns,
    .poll_fd = memory_poll_fd,
    .maintain = memory_maintain,
    .discard = memory_discard,
    .close = memory_close,
};

int tp_port_memory_open(struct tp_engine *engine, struct tp_port **out) {
  struct memory_port *memory = calloc(1, sizeof *memory);
  if (memory == NULL) {
    return TP_E_NO_MEMORY;
  }
  memory->port.ops = &MEMORY_OPS;
  memory->port.engine = engine;
  memory->port.is_up = true;
  *out = &memory->port;
  return TP_OK;
}

bool tp_port_is_memory(const struct tp_port *port) {
  return port->ops == &MEMORY_OPS;
}

int tp_port_memory_inject(struct tp_port *port, const uint8_t *frame, uint32_t octets,
                          uint64_t rx_time_ns) {
  if (port->ops != &MEMORY_OPS) {
    return TP_E_NO_SUCH_PORT;
  }
  struct tp_engine *engine = port->engine;
  if (octets == 0 || octets > engine->max_frame) {
    tp_port_count(port, TP_PORT_RX_OVERSIZE, octets != 0);
    return TP_E_OUT_OF_RANGE;
  }
  struct tp_packet *packet = tp_pool_take(&port->loop->pool);
  if (packet == NULL) {
    tp_loop_count(port->loop, TP_ENGINE_DROPPED_NO_BUFFER);
    return TP_E_FULL;
  }
  memcpy(packet->data, frame, octets);
  packet->length = octets;
  packet->rx_time_ns = rx_time_ns != 0 ? tp_clock_at_system_ns(&engine->clock, rx_time_ns)
                                       : tp_clock_now_ns(&engine->clock);
  tp_packet_list_push(&((struct memory_port *)port)->received, packet);
  return TP_OK;
}

int tp_port_memory_delay_stamps(struct tp_port *port, uint64_t delay_ns) {
  if (port->ops != &MEMORY_OPS) {
    return TP_E_NO_SUCH_PORT;
  }
  ((struct memory_port *)port)->stamp_delay_ns = delay_ns;
  return TP_OK;
}

int tp_port_memory_take(struct tp_port *port, uint8_t *frame, uint32_t capacity,
                        uint64_t *tx_time_ns) {
  if (port->ops != &MEMORY_OPS) {
    return TP_E_NO_SUCH_PORT;
  }
  struct memory_port *memory = (struct memory_port *)port;
  if (memory->sent.head == NULL) {
    return TP_E_NOT_FOUND;
  }
  if (memory->sent.head->length > capacity) {
    return TP_E_OUT_OF_RANGE;
  }
  struct tp_packet *packet = tp_packet_list_pop(&memory->sent);
  const uint32_t octets = packet->length;
  memcpy(frame, packet->data, octets);
  *tx_time_ns = tp_clock_to_system_ns(&port->engine->clock, packet->tx_estimate_ns);
  tp_pool_give(&port->loop->pool, packet);
  return (int)octets;
}
