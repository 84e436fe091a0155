/* ports.c - the host's hold on ports: which there are, whose they are, how they queue, what they
 * have learned, and the frames that the host gives them and takes from them. */
#include <string.h>

#include "engine_state.h"

/* --- whose they are -------------------------------------------------------------------------- */

void tp_port_attach(struct tp_engine *engine, uint32_t number, struct tp_port *port,
                    struct tp_loop *loop) {
  port->number = number;
  port->loop = loop;
  tp_queue_init(&port->queue);
  engine->ports[number] = port;
  engine->homes[number] = loop;
  __atomic_store_n(&engine->links[number], port->is_up ? 1 : 0, __ATOMIC_RELAXED);
  loop->active[loop->active_count++] = port;
}

void tp_port_note_link(struct tp_port *port, bool is_up) {
  if (port->is_up == is_up) {
    return;
  }
  port->is_up = is_up;
  __atomic_store_n(&port->engine->links[port->number], is_up ? 1 : 0, __ATOMIC_RELAXED);
  const uint32_t status[2] = {port->number, is_up ? 1 : 0};
  /* A host that misses it sees the same in the port's counters. */
  tp_messages_put(&port->loop->messages, TP_MESSAGE_PORT_STATUS, status, sizeof status, NULL, 0);
}

static void leave_loop(struct tp_port *port) {
  struct tp_loop *loop = port->loop;
  uint32_t at = 0;
  while (loop->active[at] != port) {
    at++;
  }
  loop->active_count--;
  memmove(&loop->active[at], &loop->active[at + 1],
          (loop->active_count - at) * sizeof loop->active[0]);
}

/* The first of those that have the fewest ports of their own. */
static struct tp_loop *choose_loop(const struct tp_engine *engine) {
  uint32_t ports[TP_LOOP_LIMIT] = {0};
  for (uint32_t i = 0; i < TP_PORT_COUNT; i++) {
    if (engine->ports[i] != NULL && engine->ports[i] != engine->cpu) {
      ports[engine->ports[i]->loop->number]++;
    }
  }
  uint32_t chosen = 0;
  for (uint32_t i = 1; i < engine->loop_count; i++) {
    chosen = ports[i] < ports[chosen] ? i : chosen;
  }
  return engine->loops[chosen];
}

typedef int open_port(struct tp_engine *engine, const char *interface, struct tp_link_choice choice,
                      struct tp_port **out);

static int open_memory(struct tp_engine *engine, const char *interface,
                       struct tp_link_choice choice, struct tp_port **out) {
  (void)interface;
  (void)choice;
  return tp_port_memory_open(engine, out);
}

static int add_port(struct tp_engine *engine, uint32_t number, const char *interface,
                    struct tp_link_choice choice, open_port *open) {
  if (number >= TP_PORT_DROP) {
    return TP_E_OUT_OF_RANGE;
  }
  if (engine->ports[number] != NULL) {
    return tp_fail(engine, TP_E_PORT_IN_USE, "port %u is in use", (unsigned)number);
  }
  struct tp_port *port = NULL;
  tp_control_lock(engine);
  const int result = open(engine, interface, choice, &port);
  if (result == TP_OK) {
    tp_port_attach(engine, number, port, choose_loop(engine));
  }
  tp_control_unlock(engine);
  tp_wake(engine);
  return result;
}

int tp_port_add_link(struct tp_engine *engine, uint32_t port, const char *interface, uint32_t io,
                     uint32_t stamping) {
  if (io > TP_PORT_IO_XDP || stamping > TP_LINK_HARDWARE) {
    return TP_E_OUT_OF_RANGE;
  }
  if (engine->clock.is_virtual) {
    return TP_E_BAD_STATE; /* the kernel's timestamps are of another time */
  }
  const struct tp_link_choice choice = {.io = (enum tp_port_io)io,
                                        .stamping = (enum tp_link_stamping)stamping};
  return add_port(engine, port, interface, choice,
                  io == TP_PORT_IO_XDP ? tp_port_xdp_open : tp_port_packet_open);
}

int tp_port_add_memory(struct tp_engine *engine, uint32_t port) {
  return add_port(engine, port, NULL, (struct tp_link_choice){0}, open_memory);
}

/* The host's thread alone adds and removes ports: it needs no lock to look. */
static struct tp_port *find_port(const struct tp_engine *engine, uint32_t number) {
  return number < TP_PORT_COUNT ? engine->ports[number] : NULL;
}

int tp_port_remove(struct tp_engine *engine, uint32_t number) {
  struct tp_port *port = find_port(engine, number);
  if (port == NULL || port == engine->cpu) {
    return TP_E_NO_SUCH_PORT;
  }
  tp_control_lock(engine);
  tp_drop_queued(port, TP_ENGINE_DROPPED_NO_PORT);
  leave_loop(port);
  engine->ports[number] = NULL;
  __atomic_store_n(&engine->links[number], 0, __ATOMIC_RELAXED);
  port->ops->close(port);
  tp_control_unlock(engine);
  tp_wake(engine);
  return TP_OK;
}

int tp_port_set_thread(struct tp_engine *engine, uint32_t number, uint32_t thread) {
  struct tp_port *port = find_port(engine, number);
  if (port == NULL) {
    return TP_E_NO_SUCH_PORT;
  }
  if (thread >= engine->loop_count || port == engine->cpu) {
    return TP_E_OUT_OF_RANGE;
  }
  if (port->loop->number == thread) {
    return TP_OK;
  }
  tp_control_lock(engine);
  struct tp_loop *loop = engine->loops[thread];
  /* What is on its way is before what will come another way. */
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    tp_enqueue_arrived(engine->loops[i], UINT32_MAX);
  }
  leave_loop(port);
  port->loop = loop;
  engine->homes[number] = loop;
  loop->active[loop->active_count++] = port;
  tp_control_unlock(engine);
  tp_wake(engine);
  return TP_OK;
}

int tp_port_thread(struct tp_engine *engine, uint32_t number) {
  const struct tp_port *port = find_port(engine, number);
  return port == NULL ? TP_E_NO_SUCH_PORT : (int)port->loop->number;
}

/* --- one port -------------------------------------------------------------------------------- */

/* The port with its loop's lock taken, or null without any. */
static struct tp_port *lock_port(struct tp_engine *engine, uint32_t number) {
  struct tp_port *port = find_port(engine, number);
  if (port != NULL) {
    tp_control_lock_one(port->loop);
  }
  return port;
}

static void unlock_port(struct tp_port *port) {
  tp_control_unlock_one(port->loop);
}

int tp_port_set_queue(struct tp_engine *engine, uint32_t number, uint64_t rate_bps,
                      uint32_t overhead_octets, uint32_t bound_octets, uint32_t priority_count) {
  if (priority_count < 1 || priority_count > TP_PRIORITY_COUNT || overhead_octets > UINT16_MAX ||
      rate_bps > UINT64_C(1000000000000)) {
    return TP_E_OUT_OF_RANGE;
  }
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL) {
    return TP_E_NO_SUCH_PORT;
  }
  port->queue.rate_bps = rate_bps;
  port->queue.carry = 0;
  port->queue.overhead_octets = overhead_octets;
  port->queue.bound_octets = bound_octets == 0 ? TP_QUEUE_BOUND_DEFAULT : bound_octets;
  port->queue.priority_count = priority_count;
  unlock_port(port);
  tp_loop_wake(port->loop);
  return TP_OK;
}

int tp_port_counters(struct tp_engine *engine, uint32_t number, uint64_t *out) {
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL) {
    return TP_E_NO_SUCH_PORT;
  }
  port->counters[TP_PORT_LINK_UP] = port->is_up;
  port->counters[TP_PORT_QUEUE_OCTETS] = port->queue.octets;
  memcpy(out, port->counters, sizeof port->counters);
  unlock_port(port);
  return TP_PORT_COUNTER_COUNT;
}

int tp_port_link_facts(struct tp_engine *engine, uint32_t number, uint64_t *out) {
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL) {
    return TP_E_NO_SUCH_PORT;
  }
  const bool is_link = tp_link_read_facts(port, out);
  unlock_port(port);
  return is_link ? TP_LINK_FACT_COUNT : TP_E_NO_SUCH_PORT;
}

/* What was learned, for frames not to wait while the host makes statistics of it. */
static int copy_latency(struct tp_engine *engine, uint32_t number, struct tp_latency *out) {
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL) {
    return TP_E_NO_SUCH_PORT;
  }
  *out = port->latency;
  unlock_port(port);
  return TP_OK;
}

int tp_port_tx_latency(struct tp_engine *engine, uint32_t number, int64_t out[5]) {
  struct tp_latency latency;
  const int result = copy_latency(engine, number, &latency);
  if (result == TP_OK) {
    tp_latency_report(&latency, out);
  }
  return result;
}

int tp_port_tx_misses(struct tp_engine *engine, uint32_t number, int64_t out[2]) {
  struct tp_latency latency;
  const int result = copy_latency(engine, number, &latency);
  if (result == TP_OK) {
    tp_latency_report_misses(&latency, out);
  }
  return result;
}

int tp_port_set_tx_latency(struct tp_engine *engine, uint32_t number, int64_t latency_ns) {
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL) {
    return TP_E_NO_SUCH_PORT;
  }
  tp_latency_fix(&port->latency, latency_ns);
  unlock_port(port);
  return TP_OK;
}

int tp_port_set_stamp_delay(struct tp_engine *engine, uint32_t number, uint64_t delay_ns) {
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL) {
    return TP_E_NO_SUCH_PORT;
  }
  const int result = tp_port_memory_delay_stamps(port, delay_ns);
  unlock_port(port);
  tp_loop_wake(port->loop);
  return result;
}

int tp_port_set_link(struct tp_engine *engine, uint32_t number, uint32_t is_up) {
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL) {
    return TP_E_NO_SUCH_PORT;
  }
  const bool is_memory = tp_port_is_memory(port);
  if (is_memory) {
    tp_port_note_link(port, is_up != 0);
  }
  unlock_port(port);
  return is_memory ? TP_OK : TP_E_NO_SUCH_PORT;
}

/* --- frames ---------------------------------------------------------------------------------- */

int tp_port_inject(struct tp_engine *engine, uint32_t number, const uint8_t *frame, uint32_t octets,
                   uint64_t rx_time_ns) {
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL) {
    return TP_E_NO_SUCH_PORT;
  }
  const int result = tp_port_memory_inject(port, frame, octets, rx_time_ns);
  unlock_port(port);
  if (engine->is_running) {
    tp_loop_wake(port->loop);
  }
  return result;
}

int tp_port_take(struct tp_engine *engine, uint32_t number, uint8_t *frame, uint32_t capacity,
                 uint64_t *tx_time_ns) {
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL) {
    return TP_E_NO_SUCH_PORT;
  }
  const int result = tp_port_memory_take(port, frame, capacity, tx_time_ns);
  const bool holds_back = port->unsent_count != 0;
  unlock_port(port);
  if (engine->is_running && holds_back) {
    tp_loop_wake(port->loop);
  }
  return result;
}

int tp_packet_out(struct tp_engine *engine, const uint8_t *frame, uint32_t octets) {
  struct tp_port *port = engine->cpu;
  if (port == NULL) {
    return TP_E_NO_SUCH_PORT;
  }
  tp_control_lock_one(port->loop);
  const int result = tp_port_cpu_inject(port, frame, octets);
  tp_control_unlock_one(port->loop);
  if (engine->is_running) {
    tp_loop_wake(port->loop);
  }
  return result;
}
