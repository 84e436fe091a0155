/* engine.c - life cycle of an engine, its ports, frames from the host. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "engine_state.h"
#include "link_events.h"

#define PACKET_COUNT_DEFAULT 8192u
#define PACKET_COUNT_LIMIT   (1u << 20)
#define MAX_FRAME_DEFAULT    9216u
#define MAX_FRAME_LIMIT      65535u
/* Room for the headers and metadata of most programs; a larger one makes a new pool. */
#define PHV_CAPACITY_INITIAL 4096u

int tp_fail(struct tp_engine *engine, int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(engine->last_error, sizeof engine->last_error, format, arguments);
  va_end(arguments);
  return code;
}

uint32_t tp_abi_version(void) {
  return TP_ABI_VERSION;
}

const char *tp_engine_last_error(struct tp_engine *engine) {
  return engine->last_error;
}

/* --- digests --------------------------------------------------------------------------------- */

static void emit_digest(struct tp_pipeline *pipeline, uint32_t list, const uint64_t *words,
                        uint32_t word_count) {
  struct tp_engine *engine = pipeline->context;
  const uint32_t head[2] = {list, word_count};
  const bool taken = tp_messages_put(&engine->messages, TP_MESSAGE_DIGEST, head, sizeof head, words,
                                     word_count * (uint32_t)sizeof *words);
  tp_engine_count(engine, taken ? TP_ENGINE_DIGESTS : TP_ENGINE_DIGESTS_LOST);
}

/* --- locks that threads share ----------------------------------------------------------------- */

/* Looks at a lock before it is given up; what is done under one takes less. */
#define LOCK_SPINS 200u
/* And then yields, before it sleeps: who has the lock may be one that a real-time thread does not
 * let run. */
#define LOCK_YIELDS   20u
#define LOCK_SLEEP_NS INT64_C(5000)

static void lock_wait(uint32_t turn) {
  if (turn < LOCK_SPINS) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  } else if (turn < LOCK_SPINS + LOCK_YIELDS) {
    sched_yield();
  } else {
    nanosleep(&(struct timespec){.tv_nsec = LOCK_SLEEP_NS}, NULL);
  }
}

/* --- life cycle ------------------------------------------------------------------------------ */

static int attach_port(struct tp_engine *engine, uint32_t number, struct tp_port *port) {
  port->number = number;
  tp_queue_init(&port->queue);
  engine->ports[number] = port;
  engine->active[engine->active_count++] = port;
  return TP_OK;
}

static int fill_engine(struct tp_engine *engine, const struct tp_engine_config *config) {
  engine->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  engine->groups = calloc(TP_GROUP_COUNT, sizeof(struct tp_replicas *));
  engine->sessions = calloc(TP_SESSION_COUNT, sizeof(struct tp_replicas *));
  if (engine->wake_fd < 0 || engine->groups == NULL || engine->sessions == NULL) {
    return TP_E_NO_MEMORY;
  }
  int result =
      tp_pool_open(&engine->pool, engine->packet_count, engine->max_frame, PHV_CAPACITY_INITIAL);
  if (result == TP_OK) {
    result = tp_messages_open(&engine->messages, -1);
  }
  if (result == TP_OK && config->cpu_port < TP_PORT_DROP) {
    result = tp_port_cpu_open(engine, &engine->cpu);
    if (result == TP_OK) {
      attach_port(engine, config->cpu_port, engine->cpu);
    }
  }
  return result;
}

int tp_engine_create(const struct tp_engine_config *config, struct tp_engine **out) {
  if (config->clock > TP_CLOCK_VIRTUAL || config->packet_count > PACKET_COUNT_LIMIT ||
      config->max_frame > MAX_FRAME_LIMIT) {
    return TP_E_OUT_OF_RANGE;
  }
  struct tp_engine *engine = calloc(1, sizeof *engine);
  if (engine == NULL) {
    return TP_E_NO_MEMORY;
  }
  engine->clock.is_virtual = config->clock == TP_CLOCK_VIRTUAL;
  engine->packet_count = config->packet_count == 0 ? PACKET_COUNT_DEFAULT : config->packet_count;
  engine->max_frame = config->max_frame == 0 ? MAX_FRAME_DEFAULT : config->max_frame;
  engine->random_seed = config->random_seed == 0 ? 1 : config->random_seed;
  engine->messages.fd = -1;
  engine->link_fd = engine->clock.is_virtual ? -1 : tp_link_events_open();
  engine->loop.processor = TP_LOOP_ANY_PROCESSOR;
  pthread_mutex_init(&engine->lock, NULL);
  const int result = fill_engine(engine, config);
  if (result != TP_OK) {
    tp_engine_destroy(engine);
    return result;
  }
  engine->messages.fd = config->message_fd;
  *out = engine;
  return TP_OK;
}

static void free_replicas(struct tp_replicas **all, uint32_t count) {
  for (uint32_t i = 0; all != NULL && i < count; i++) {
    free(all[i]);
  }
  free(all);
}

void tp_engine_destroy(struct tp_engine *engine) {
  if (engine == NULL) {
    return;
  }
  tp_engine_stop(engine);
  for (uint32_t i = 0; i < engine->active_count; i++) {
    engine->active[i]->ops->close(engine->active[i]);
  }
  tp_messages_flush(&engine->messages);
  tp_messages_close(&engine->messages);
  tp_pipeline_close(&engine->pipeline);
  tp_pool_close(&engine->pool);
  free_replicas(engine->groups, TP_GROUP_COUNT);
  free_replicas(engine->sessions, TP_SESSION_COUNT);
  if (engine->wake_fd >= 0) {
    close(engine->wake_fd);
  }
  if (engine->link_fd >= 0) {
    close(engine->link_fd);
  }
  pthread_mutex_destroy(&engine->lock);
  free(engine);
}

static void drop_waiting(struct tp_engine *engine) {
  for (uint32_t i = 0; i < engine->active_count; i++) {
    tp_drop_queued(engine, engine->active[i], TP_ENGINE_DROPPED_RELOAD);
  }
  while (engine->recirculated_head != NULL) {
    struct tp_packet *packet = engine->recirculated_head;
    engine->recirculated_head = packet->next;
    tp_engine_drop(engine, packet, TP_ENGINE_DROPPED_RELOAD);
  }
  engine->recirculated_tail = NULL;
}

/* A larger pool, empty of course: frames that ports hold are dropped too. */
static int fit_pool(struct tp_engine *engine, uint32_t phv_octets) {
  if (phv_octets <= engine->pool.phv_capacity) {
    return TP_OK;
  }
  struct tp_pool larger;
  const int result = tp_pool_open(&larger, engine->packet_count, engine->max_frame, phv_octets);
  if (result != TP_OK) {
    return result;
  }
  for (uint32_t i = 0; i < engine->active_count; i++) {
    struct tp_port *port = engine->active[i];
    if (port->ops->discard != NULL) {
      engine->counters[TP_ENGINE_DROPPED_RELOAD] += port->ops->discard(port);
    }
  }
  tp_pool_close(&engine->pool);
  engine->pool = larger;
  return TP_OK;
}

int tp_engine_load(struct tp_engine *engine, const char *shared_object) {
  struct tp_loaded_pipeline pipeline;
  char why[sizeof engine->last_error];
  /* Made without the lock: traffic goes on with the old one meanwhile. */
  const int result = tp_pipeline_open(&pipeline, shared_object, why, sizeof why);
  if (result != TP_OK) {
    return tp_fail(engine, result, "%s", why);
  }
  tp_control_lock(engine);
  drop_waiting(engine);
  const int fitted = fit_pool(engine, pipeline.ops->phv_octets);
  if (fitted != TP_OK) {
    tp_control_unlock(engine);
    tp_pipeline_close(&pipeline);
    return fitted;
  }
  struct tp_loaded_pipeline old = engine->pipeline;
  engine->pipeline = pipeline;
  engine->pipeline.state.random_state = engine->random_seed;
  engine->pipeline.state.context = engine;
  engine->pipeline.state.emit_digest = emit_digest;
  engine->pipeline.state.lock_wait = lock_wait;
  tp_control_unlock(engine);
  tp_pipeline_close(&old);
  return TP_OK;
}

int tp_engine_start(struct tp_engine *engine) {
  if (engine->is_running || engine->is_held || engine->clock.is_virtual) {
    return TP_E_BAD_STATE;
  }
  atomic_store(&engine->stop, false);
  const int result = tp_loop_start(engine);
  engine->is_running = result == TP_OK;
  return result;
}

int tp_engine_stop(struct tp_engine *engine) {
  if (!engine->is_running) {
    return TP_E_BAD_STATE;
  }
  tp_engine_resume(engine); /* or else the loop would wait for ever */
  atomic_store(&engine->stop, true);
  tp_wake(engine);
  tp_loop_join(engine);
  engine->is_running = false;
  return TP_OK;
}

int tp_engine_step(struct tp_engine *engine) {
  if (engine->is_running || engine->is_held) {
    return TP_E_BAD_STATE;
  }
  return (int)tp_round(engine, false);
}

int tp_engine_set_time(struct tp_engine *engine, uint64_t now_ns) {
  if (!engine->clock.is_virtual) {
    return TP_E_BAD_STATE;
  }
  engine->clock.virtual_ns = now_ns;
  return TP_OK;
}

uint64_t tp_engine_now(struct tp_engine *engine) {
  if (engine->clock.oscillator == NULL) {
    return tp_clock_now_ns(&engine->clock);
  }
  tp_control_lock(engine);
  const uint64_t now_ns = tp_clock_now_ns(&engine->clock);
  tp_control_unlock(engine);
  return now_ns;
}

int tp_engine_set_oscillator(struct tp_engine *engine, int64_t offset_ns, int64_t rate_offset,
                             uint64_t wander, uint64_t seed) {
  if (engine->is_running || engine->active_count > (engine->cpu != NULL)) {
    return TP_E_BAD_STATE;
  }
  const uint64_t system_ns = tp_clock_system_ns(&engine->clock);
  if (!tp_oscillator_start(&engine->oscillator, system_ns, offset_ns, rate_offset, wander, seed)) {
    return TP_E_OUT_OF_RANGE;
  }
  engine->clock.oscillator = &engine->oscillator;
  return TP_OK;
}

int tp_engine_oscillator_lines(struct tp_engine *engine, uint64_t first, uint32_t count,
                               uint64_t *out) {
  if (engine->clock.oscillator == NULL) {
    return TP_E_NOT_FOUND;
  }
  tp_control_lock(engine);
  tp_clock_now_ns(&engine->clock); /* for the newest line to be of now */
  struct tp_oscillator *oscillator = engine->clock.oscillator;
  const uint64_t oldest = tp_oscillator_oldest(oscillator);
  uint64_t at = first < oldest ? oldest : first;
  uint32_t written = 0;
  for (; written < count && at <= oscillator->newest; written++, at++) {
    const struct tp_oscillator_line *line = tp_oscillator_line_at(oscillator, at);
    const uint64_t words[] = {at, line->system_ns, line->ticks_ns, line->fraction,
                              (uint64_t)line->rate_offset};
    memcpy(out + written * (sizeof words / sizeof *words), words, sizeof words);
  }
  tp_control_unlock(engine);
  return (int)written;
}

uint64_t tp_engine_next_time(struct tp_engine *engine) {
  tp_control_lock(engine);
  const uint64_t next_ns = tp_next_release_ns(engine);
  tp_control_unlock(engine);
  return next_ns;
}

/* --- ports ----------------------------------------------------------------------------------- */

typedef int open_port(struct tp_engine *engine, const char *interface, enum tp_port_io io,
                      struct tp_port **out);

static int open_memory(struct tp_engine *engine, const char *interface, enum tp_port_io io,
                       struct tp_port **out) {
  (void)interface;
  (void)io;
  return tp_port_memory_open(engine, out);
}

static int add_port(struct tp_engine *engine, uint32_t number, const char *interface,
                    enum tp_port_io io, open_port *open) {
  if (number >= TP_PORT_DROP) {
    return TP_E_OUT_OF_RANGE;
  }
  tp_control_lock(engine);
  int result;
  if (engine->ports[number] != NULL) {
    result = tp_fail(engine, TP_E_PORT_IN_USE, "port %u is in use", (unsigned)number);
  } else {
    struct tp_port *port = NULL;
    result = open(engine, interface, io, &port);
    if (result == TP_OK) {
      result = attach_port(engine, number, port);
    }
  }
  tp_control_unlock(engine);
  tp_wake(engine);
  return result;
}

int tp_port_add_link(struct tp_engine *engine, uint32_t port, const char *interface, uint32_t io) {
  if (io > TP_PORT_IO_XDP) {
    return TP_E_OUT_OF_RANGE;
  }
  if (engine->clock.is_virtual) {
    return TP_E_BAD_STATE; /* the kernel's timestamps are of another time */
  }
  return add_port(engine, port, interface, (enum tp_port_io)io,
                  io == TP_PORT_IO_XDP ? tp_port_xdp_open : tp_port_packet_open);
}

int tp_port_add_memory(struct tp_engine *engine, uint32_t port) {
  return add_port(engine, port, NULL, TP_PORT_IO_AUTO, open_memory);
}

/* The port, or null; takes the lock either way. */
static struct tp_port *lock_port(struct tp_engine *engine, uint32_t number) {
  tp_control_lock(engine);
  return number < TP_PORT_COUNT ? engine->ports[number] : NULL;
}

static int unlock_with(struct tp_engine *engine, int result) {
  tp_control_unlock(engine);
  return result;
}

int tp_port_remove(struct tp_engine *engine, uint32_t number) {
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL || port == engine->cpu) {
    return unlock_with(engine, TP_E_NO_SUCH_PORT);
  }
  tp_drop_queued(engine, port, TP_ENGINE_DROPPED_NO_PORT);
  uint32_t at = 0;
  while (engine->active[at] != port) {
    at++;
  }
  engine->active_count--;
  memmove(&engine->active[at], &engine->active[at + 1],
          (engine->active_count - at) * sizeof engine->active[0]);
  engine->ports[number] = NULL;
  port->ops->close(port);
  tp_control_unlock(engine);
  tp_wake(engine);
  return TP_OK;
}

int tp_port_set_queue(struct tp_engine *engine, uint32_t number, uint64_t rate_bps,
                      uint32_t overhead_octets, uint32_t bound_octets, uint32_t priority_count) {
  if (priority_count < 1 || priority_count > TP_PRIORITY_COUNT || overhead_octets > UINT16_MAX ||
      rate_bps > UINT64_C(1000000000000)) {
    return TP_E_OUT_OF_RANGE;
  }
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL) {
    return unlock_with(engine, TP_E_NO_SUCH_PORT);
  }
  port->queue.rate_bps = rate_bps;
  port->queue.carry = 0;
  port->queue.overhead_octets = overhead_octets;
  port->queue.bound_octets = bound_octets == 0 ? TP_QUEUE_BOUND_DEFAULT : bound_octets;
  port->queue.priority_count = priority_count;
  tp_control_unlock(engine);
  tp_wake(engine);
  return TP_OK;
}

int tp_port_counters(struct tp_engine *engine, uint32_t number, uint64_t *out) {
  struct tp_port *port = lock_port(engine, number);
  if (port == NULL) {
    return unlock_with(engine, TP_E_NO_SUCH_PORT);
  }
  port->counters[TP_PORT_LINK_UP] = port->is_up;
  port->counters[TP_PORT_QUEUE_OCTETS] = port->queue.octets;
  memcpy(out, port->counters, sizeof port->counters);
  return unlock_with(engine, TP_PORT_COUNTER_COUNT);
}

int tp_port_link_facts(struct tp_engine *engine, uint32_t number, uint64_t *out) {
  const struct tp_port *port = lock_port(engine, number);
  const bool is_link = port != NULL && tp_link_read_facts(port, out);
  return unlock_with(engine, is_link ? TP_LINK_FACT_COUNT : TP_E_NO_SUCH_PORT);
}

/* What was learned, for frames not to wait while the host makes statistics of it. */
static int copy_latency(struct tp_engine *engine, uint32_t number, struct tp_latency *out) {
  const struct tp_port *port = lock_port(engine, number);
  if (port != NULL) {
    *out = port->latency;
  }
  return unlock_with(engine, port == NULL ? TP_E_NO_SUCH_PORT : TP_OK);
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
  if (port != NULL) {
    tp_latency_fix(&port->latency, latency_ns);
  }
  return unlock_with(engine, port == NULL ? TP_E_NO_SUCH_PORT : TP_OK);
}

int tp_port_set_stamp_delay(struct tp_engine *engine, uint32_t number, uint64_t delay_ns) {
  struct tp_port *port = lock_port(engine, number);
  const int result = port == NULL ? TP_E_NO_SUCH_PORT : tp_port_memory_delay_stamps(port, delay_ns);
  tp_control_unlock(engine);
  tp_wake(engine);
  return result;
}

int tp_port_inject(struct tp_engine *engine, uint32_t number, const uint8_t *frame, uint32_t octets,
                   uint64_t rx_time_ns) {
  struct tp_port *port = lock_port(engine, number);
  const int result =
      port == NULL ? TP_E_NO_SUCH_PORT : tp_port_memory_inject(port, frame, octets, rx_time_ns);
  tp_control_unlock(engine);
  if (engine->is_running) {
    tp_wake(engine);
  }
  return result;
}

int tp_port_take(struct tp_engine *engine, uint32_t number, uint8_t *frame, uint32_t capacity,
                 uint64_t *tx_time_ns) {
  struct tp_port *port = lock_port(engine, number);
  const int result =
      port == NULL ? TP_E_NO_SUCH_PORT : tp_port_memory_take(port, frame, capacity, tx_time_ns);
  const bool holds_back = port != NULL && port->unsent_count != 0;
  tp_control_unlock(engine);
  if (engine->is_running && holds_back) {
    tp_wake(engine);
  }
  return result;
}

int tp_packet_out(struct tp_engine *engine, const uint8_t *frame, uint32_t octets) {
  tp_control_lock(engine);
  const int result =
      engine->cpu == NULL ? TP_E_NO_SUCH_PORT : tp_port_cpu_inject(engine->cpu, frame, octets);
  tp_control_unlock(engine);
  if (engine->is_running) {
    tp_wake(engine);
  }
  return result;
}
