/* engine.c - life cycle of an engine: its loops, its pipeline, its clock. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "engine_state.h"
#include "host/privileges.h"
#include "link/link_events.h"

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

/* --- life cycle ------------------------------------------------------------------------------ */

static int open_loop(struct tp_engine *engine, uint32_t number) {
  struct tp_loop *loop = aligned_alloc(alignof(struct tp_loop), sizeof *loop);
  if (loop == NULL) {
    return TP_E_NO_MEMORY;
  }
  memset(loop, 0, sizeof *loop);
  engine->loops[number] = loop;
  loop->engine = engine;
  loop->number = number;
  loop->thread.processor = TP_LOOP_ANY_PROCESSOR;
  loop->link_fd = engine->clock.is_virtual ? -1 : tp_link_events_open();
  loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  pthread_mutex_init(&loop->lock, NULL);
  if (loop->wake_fd < 0 || tp_messages_open(&loop->messages, &engine->stream) != TP_OK ||
      tp_log_open(&loop->log) != TP_OK || tp_port_nowhere_open(engine, &loop->nowhere) != TP_OK) {
    return TP_E_NO_MEMORY;
  }
  loop->nowhere->loop = loop;
  for (uint32_t writer = 0; writer < engine->loop_count; writer++) {
    if (writer != number) {
      loop->inboxes[writer] = aligned_alloc(alignof(struct tp_inbox), sizeof(struct tp_inbox));
      if (loop->inboxes[writer] == NULL) {
        return TP_E_NO_MEMORY;
      }
      memset(loop->inboxes[writer], 0, sizeof(struct tp_inbox));
    }
  }
  return tp_pool_open(&loop->pool, &engine->depot, engine->loop_count);
}

static void close_loop(struct tp_loop *loop) {
  if (loop == NULL) {
    return;
  }
  for (uint32_t i = 0; i < TP_LOOP_LIMIT; i++) {
    free(loop->inboxes[i]);
  }
  if (loop->nowhere != NULL) {
    loop->nowhere->ops->close(loop->nowhere);
  }
  tp_messages_close(&loop->messages);
  tp_log_close(&loop->log);
  tp_pool_close(&loop->pool);
  if (loop->wake_fd >= 0) {
    close(loop->wake_fd);
  }
  if (loop->link_fd >= 0) {
    close(loop->link_fd);
  }
  pthread_mutex_destroy(&loop->lock);
  free(loop);
}

static int fill_engine(struct tp_engine *engine, const struct tp_engine_config *config) {
  engine->groups = calloc(TP_GROUP_COUNT, sizeof(struct tp_replicas *));
  engine->sessions = calloc(TP_SESSION_COUNT, sizeof(struct tp_replicas *));
  if (engine->groups == NULL || engine->sessions == NULL) {
    return TP_E_NO_MEMORY;
  }
  int result =
      tp_depot_open(&engine->depot, engine->packet_count, engine->max_frame, PHV_CAPACITY_INITIAL);
  for (uint32_t i = 0; result == TP_OK && i < engine->loop_count; i++) {
    result = open_loop(engine, i);
  }
  if (result == TP_OK && config->cpu_port < TP_PORT_DROP) {
    result = tp_port_cpu_open(engine, &engine->cpu);
    if (result == TP_OK) {
      tp_port_attach(engine, config->cpu_port, engine->cpu, engine->loops[0]);
    }
  }
  return result;
}

/* 0 stands for one that nobody has chosen. */
static int choose_hash_seed(struct tp_engine *engine, uint64_t wanted) {
  engine->hash_seed = wanted;
  if (wanted != 0) {
    return TP_OK;
  }
  const ssize_t octets = getrandom(&engine->hash_seed, sizeof engine->hash_seed, 0);
  return octets == sizeof engine->hash_seed ? TP_OK : TP_E_SYSTEM;
}

int tp_engine_create(const struct tp_engine_config *config, struct tp_engine **out) {
  if (config->clock > TP_CLOCK_VIRTUAL || config->packet_count > PACKET_COUNT_LIMIT ||
      config->max_frame > MAX_FRAME_LIMIT || config->threads > TP_LOOP_LIMIT) {
    return TP_E_OUT_OF_RANGE;
  }
  struct tp_engine *engine = aligned_alloc(alignof(struct tp_engine), sizeof *engine);
  if (engine == NULL) {
    return TP_E_NO_MEMORY;
  }
  memset(engine, 0, sizeof *engine);
  engine->clock.is_virtual = config->clock == TP_CLOCK_VIRTUAL;
  engine->packet_count = config->packet_count == 0 ? PACKET_COUNT_DEFAULT : config->packet_count;
  engine->max_frame = config->max_frame == 0 ? MAX_FRAME_DEFAULT : config->max_frame;
  engine->hardware_clocks.calls = &tp_kernel;
  engine->random_seed = config->random_seed == 0 ? 1 : config->random_seed;
  engine->loop_count = config->threads == 0 ? 1 : config->threads;
  engine->stream.fd = -1;
  int result = choose_hash_seed(engine, config->hash_seed);
  if (result == TP_OK) {
    result = fill_engine(engine, config);
  }
  if (result != TP_OK) {
    tp_engine_destroy(engine);
    return result;
  }
  engine->stream.fd = config->message_fd;
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
  for (uint32_t i = 0; i < TP_PORT_COUNT; i++) {
    if (engine->ports[i] != NULL) {
      engine->ports[i]->ops->close(engine->ports[i]);
    }
  }
  for (uint32_t i = 0; i < engine->loop_count && engine->loops[i] != NULL; i++) {
    tp_messages_flush(&engine->loops[i]->messages);
  }
  if (engine->stream.fd >= 0) {
    close(engine->stream.fd);
  }
  tp_pipeline_close(&engine->pipeline);
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    close_loop(engine->loops[i]);
  }
  tp_depot_close(&engine->depot);
  free_replicas(engine->groups, TP_GROUP_COUNT);
  free_replicas(engine->sessions, TP_SESSION_COUNT);
  free(engine);
}

/* --- pipeline -------------------------------------------------------------------------------- */

static void drop_waiting(struct tp_loop *loop) {
  for (uint32_t i = 0; i < loop->active_count; i++) {
    tp_drop_queued(loop->active[i], TP_ENGINE_DROPPED_RELOAD);
  }
  tp_drop_arriving(loop);
}

/* A larger depot, with all packets in it: frames that ports hold are dropped too. */
static int fit_depot(struct tp_engine *engine, uint32_t phv_octets) {
  if (phv_octets <= engine->depot.phv_capacity) {
    return TP_OK;
  }
  struct tp_depot larger;
  const int result = tp_depot_open(&larger, engine->packet_count, engine->max_frame, phv_octets);
  if (result != TP_OK) {
    return result;
  }
  for (uint32_t i = 0; i < TP_PORT_COUNT; i++) {
    struct tp_port *port = engine->ports[i];
    if (port != NULL && port->ops->discard != NULL) {
      port->loop->counters[TP_ENGINE_DROPPED_RELOAD] += port->ops->discard(port);
    }
  }
  tp_depot_close(&engine->depot);
  engine->depot = larger;
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    tp_pool_clear(&engine->loops[i]->pool);
  }
  return TP_OK;
}

int tp_engine_load(struct tp_engine *engine, const char *shared_object) {
  struct tp_loaded_pipeline pipeline;
  char why[sizeof engine->last_error];
  /* Made without the locks: traffic goes on with the old one meanwhile. */
  const int result = tp_pipeline_open(&pipeline, shared_object, engine, why, sizeof why);
  if (result != TP_OK) {
    return tp_fail(engine, result, "%s", why);
  }
  tp_control_lock(engine);
  tp_finish_frames(engine);
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    drop_waiting(engine->loops[i]);
  }
  const int fitted = fit_depot(engine, pipeline.ops->phv_octets);
  if (fitted != TP_OK) {
    tp_control_unlock(engine);
    tp_pipeline_close(&pipeline);
    return fitted;
  }
  struct tp_loaded_pipeline old = engine->pipeline;
  engine->pipeline = pipeline;
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    tp_log_discard(&engine->loops[i]->log);
    tp_pipeline_view(engine->loops[i]);
  }
  tp_control_unlock(engine);
  tp_pipeline_close(&old);
  return TP_OK;
}

/* --- running --------------------------------------------------------------------------------- */

int tp_engine_start(struct tp_engine *engine) {
  if (engine->is_running || engine->is_held || engine->clock.is_virtual) {
    return TP_E_BAD_STATE;
  }
  atomic_store(&engine->stop, false);
  const int result = tp_loops_start(engine);
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
  tp_loops_join(engine);
  engine->is_running = false;
  return TP_OK;
}

int tp_engine_keep_privileges(struct tp_engine *engine, uint64_t keep) {
  tp_loops_await_begin(engine);
  return tp_privileges_keep(keep)
             ? TP_OK
             : tp_fail(engine, TP_E_SYSTEM, "some threads did not give their privileges up");
}

int tp_engine_step(struct tp_engine *engine) {
  if (engine->is_running || engine->is_held) {
    return TP_E_BAD_STATE;
  }
  uint32_t handled = 0;
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    handled += tp_round(engine->loops[i], false);
  }
  return (int)handled;
}

int tp_engine_set_time(struct tp_engine *engine, uint64_t now_ns) {
  if (!engine->clock.is_virtual) {
    return TP_E_BAD_STATE;
  }
  engine->clock.virtual_ns = now_ns;
  return TP_OK;
}

uint64_t tp_engine_now(struct tp_engine *engine) {
  return tp_clock_now_ns(&engine->clock);
}

int tp_engine_set_oscillator(struct tp_engine *engine, int64_t offset_ns, int64_t rate_offset,
                             uint64_t wander, uint64_t seed) {
  for (uint32_t i = 0; i < TP_PORT_COUNT; i++) {
    if (engine->ports[i] != NULL && engine->ports[i] != engine->cpu) {
      return TP_E_BAD_STATE;
    }
  }
  if (engine->is_running) {
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
  struct tp_oscillator *oscillator = engine->clock.oscillator;
  if (oscillator == NULL) {
    return TP_E_NOT_FOUND;
  }
  tp_clock_now_ns(&engine->clock); /* for the newest line to be of now */
  tp_spin_lock(&oscillator->lock);
  const uint64_t oldest = tp_oscillator_oldest(oscillator);
  uint64_t at = first < oldest ? oldest : first;
  uint32_t written = 0;
  for (; written < count && at <= oscillator->newest; written++, at++) {
    const struct tp_oscillator_line *line = tp_oscillator_line_at(oscillator, at);
    const uint64_t words[] = {at, line->system_ns, line->ticks_ns, line->fraction,
                              (uint64_t)line->rate_offset};
    memcpy(out + written * (sizeof words / sizeof *words), words, sizeof words);
  }
  tp_spin_unlock(&oscillator->lock);
  return (int)written;
}

uint64_t tp_engine_next_time(struct tp_engine *engine) {
  tp_control_lock(engine);
  uint64_t next_ns = UINT64_MAX;
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    const uint64_t loop_ns = tp_next_release_ns(engine->loops[i]);
    next_ns = loop_ns < next_ns ? loop_ns : next_ns;
  }
  tp_control_unlock(engine);
  return next_ns;
}
