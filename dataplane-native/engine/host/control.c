/* control.c - the host's hold on a loaded pipeline's state: counters, meters, registers, groups and
 * clone sessions; and what the engine itself counts. Every call takes the lock, checks its indices,
 * and is short. */
#include <stdlib.h>
#include <string.h>

#include "engine_state.h"

/* --- counters, meters and registers ---------------------------------------------------------- */

static bool is_within(uint32_t index, uint32_t count, uint32_t size) {
  return index <= size && count <= size - index;
}

/* Takes the lock; whether there are cells [index, index + count) of a counter array. */
static bool lock_counter(struct tp_engine *engine, uint32_t counter, uint32_t index, uint32_t count,
                         int *result) {
  tp_control_lock(engine);
  const struct tp_pipeline_ops *ops = engine->pipeline.ops;
  *result = ops == NULL ? TP_E_NO_PIPELINE : TP_E_OUT_OF_RANGE;
  if (ops == NULL || counter >= ops->counter_count ||
      !is_within(index, count, ops->counter_sizes[counter])) {
    return false;
  }
  *result = TP_OK;
  return true;
}

int tp_counter_read(struct tp_engine *engine, uint32_t counter, uint32_t index, uint32_t count,
                    uint64_t *out) {
  int result;
  if (lock_counter(engine, counter, index, count, &result)) {
    memset(out, 0, 2 * (size_t)count * sizeof *out);
    for (uint32_t loop = 0; loop < engine->loop_count; loop++) {
      const struct tp_counter *cells = engine->pipeline.counters[loop][counter] + index;
      for (uint32_t i = 0; i < count; i++) {
        out[2 * i] += cells[i].packets;
        out[2 * i + 1] += cells[i].octets;
      }
    }
  }
  return (int)tp_control_leave(engine, result);
}

int tp_counter_write(struct tp_engine *engine, uint32_t counter, uint32_t index, uint32_t count,
                     const uint64_t *values) {
  int result;
  if (lock_counter(engine, counter, index, count, &result)) {
    for (uint32_t loop = 0; loop < engine->loop_count; loop++) {
      struct tp_counter *cells = engine->pipeline.counters[loop][counter] + index;
      if (loop == 0) {
        memcpy(cells, values, count * sizeof *cells);
      } else {
        memset(cells, 0, count * sizeof *cells);
      }
    }
  }
  return (int)tp_control_leave(engine, result);
}

_Static_assert(sizeof(struct tp_counter) == 2 * sizeof(uint64_t), "a counter's cell is all of it");

/* As lock_counter. */
static struct tp_meter *lock_meter(struct tp_engine *engine, uint32_t meter, uint32_t index,
                                   uint32_t count, int *result) {
  tp_control_lock(engine);
  const struct tp_pipeline_ops *ops = engine->pipeline.ops;
  *result = ops == NULL ? TP_E_NO_PIPELINE : TP_E_OUT_OF_RANGE;
  if (ops == NULL || meter >= ops->meter_count ||
      !is_within(index, count, ops->meter_sizes[meter])) {
    return NULL;
  }
  *result = TP_OK;
  return engine->pipeline.state.meters[meter] + index;
}

int tp_meter_read(struct tp_engine *engine, uint32_t meter, uint32_t index, uint32_t count,
                  uint64_t *out) {
  int result;
  const struct tp_meter *cells = lock_meter(engine, meter, index, count, &result);
  for (uint32_t i = 0; cells != NULL && i < count; i++) {
    uint64_t *cell = out + (size_t)i * (1 + TP_METER_WORDS);
    cell[0] = (uint64_t)tp_meter_configuration(&cells[i], cell + 1);
  }
  return (int)tp_control_leave(engine, result);
}

int tp_meter_write(struct tp_engine *engine, uint32_t meter, uint32_t index, uint32_t count,
                   const uint64_t *words) {
  int result;
  struct tp_meter *cells = lock_meter(engine, meter, index, count, &result);
  for (uint32_t i = 0; cells != NULL && i < count && result == TP_OK; i++) {
    result = tp_meter_configure(&cells[i], words);
  }
  return (int)tp_control_leave(engine, result);
}

int tp_meter_read_counts(struct tp_engine *engine, uint32_t meter, uint32_t index, uint32_t count,
                         uint64_t *out) {
  int result;
  const struct tp_meter *cells = lock_meter(engine, meter, index, count, &result);
  for (uint32_t i = 0; cells != NULL && i < count; i++) {
    tp_meter_counts(&cells[i], out + (size_t)i * TP_METER_COUNT_WORDS);
  }
  return (int)tp_control_leave(engine, result);
}

int tp_meter_reset_counts(struct tp_engine *engine, uint32_t meter, uint32_t index,
                          uint32_t count) {
  int result;
  struct tp_meter *cells = lock_meter(engine, meter, index, count, &result);
  for (uint32_t i = 0; cells != NULL && i < count; i++) {
    tp_meter_clear_counts(&cells[i]);
  }
  return (int)tp_control_leave(engine, result);
}

_Static_assert(sizeof(struct tp_meter) == TP_METER_STATE_WORDS * sizeof(uint64_t),
               "a meter's state is all of it");

int tp_meter_save(struct tp_engine *engine, uint32_t meter, uint32_t index, uint32_t count,
                  uint64_t *out) {
  int result;
  const struct tp_meter *cells = lock_meter(engine, meter, index, count, &result);
  if (cells != NULL) {
    memcpy(out, cells, count * sizeof *cells);
  }
  return (int)tp_control_leave(engine, result);
}

int tp_meter_restore(struct tp_engine *engine, uint32_t meter, uint32_t index, uint32_t count,
                     const uint64_t *state) {
  int result;
  struct tp_meter *cells = lock_meter(engine, meter, index, count, &result);
  if (cells != NULL) {
    memcpy(cells, state, count * sizeof *cells);
  }
  return (int)tp_control_leave(engine, result);
}

/* Takes the lock; the first word of cell `index`, *words words apart, or null. */
static uint64_t *lock_register(struct tp_engine *engine, uint32_t reg, uint32_t index,
                               uint32_t count, uint32_t *words, int *result) {
  tp_control_lock(engine);
  const struct tp_pipeline_ops *ops = engine->pipeline.ops;
  *result = ops == NULL ? TP_E_NO_PIPELINE : TP_E_OUT_OF_RANGE;
  if (ops == NULL || reg >= ops->register_count ||
      !is_within(index, count, ops->registers[reg].size)) {
    return NULL;
  }
  *result = TP_OK;
  *words = ops->registers[reg].words;
  return engine->pipeline.state.registers[reg] + (size_t)index * *words;
}

int tp_register_cell_words(struct tp_engine *engine, uint32_t reg) {
  int result;
  uint32_t words;
  if (lock_register(engine, reg, 0, 0, &words, &result) != NULL) {
    result = (int)words;
  }
  return (int)tp_control_leave(engine, result);
}

int tp_register_read(struct tp_engine *engine, uint32_t reg, uint32_t index, uint32_t count,
                     uint64_t *out) {
  int result;
  uint32_t words;
  const uint64_t *cells = lock_register(engine, reg, index, count, &words, &result);
  if (cells != NULL) {
    memcpy(out, cells, (size_t)count * words * sizeof *out);
  }
  return (int)tp_control_leave(engine, result);
}

int tp_register_write(struct tp_engine *engine, uint32_t reg, uint32_t index, uint32_t count,
                      const uint64_t *values) {
  int result;
  uint32_t words;
  uint64_t *cells = lock_register(engine, reg, index, count, &words, &result);
  if (cells != NULL) {
    memcpy(cells, values, (size_t)count * words * sizeof *cells);
  }
  return (int)tp_control_leave(engine, result);
}

/* --- replication ----------------------------------------------------------------------------- */

static int check_replicas(const uint32_t *ports, const uint32_t *instances, uint32_t count) {
  if (count > TP_REPLICA_LIMIT) {
    return TP_E_FULL;
  }
  for (uint32_t i = 0; i < count; i++) {
    const bool is_backup = (ports[i] & TP_BACKUP) != 0;
    if ((ports[i] & ~TP_BACKUP) >= TP_PORT_DROP || instances[i] > UINT16_MAX ||
        (i == 0 && is_backup)) {
      return TP_E_OUT_OF_RANGE;
    }
  }
  return TP_OK;
}

/* TP_OK with *out null for count 0. */
static int make_replicas(const uint32_t *ports, const uint32_t *instances, uint32_t count,
                         struct tp_replicas **out) {
  *out = NULL;
  const int checked = check_replicas(ports, instances, count);
  if (checked != TP_OK || count == 0) {
    return checked;
  }
  struct tp_replicas *replicas = calloc(1, sizeof *replicas + count * sizeof replicas->list[0]);
  if (replicas == NULL) {
    return TP_E_NO_MEMORY;
  }
  replicas->count = count;
  struct tp_replica *first = replicas->list;
  for (uint32_t i = 0; i < count; i++) {
    replicas->list[i] = (struct tp_replica){.port = (uint16_t)(ports[i] & ~TP_BACKUP),
                                            .instance = (uint16_t)instances[i]};
    if ((ports[i] & TP_BACKUP) == 0) {
      first = &replicas->list[i];
    } else {
      first->backup_count++;
    }
  }
  *out = replicas;
  return TP_OK;
}

static void exchange(struct tp_engine *engine, struct tp_replicas **place,
                     struct tp_replicas *replicas) {
  tp_control_lock(engine);
  struct tp_replicas *old = *place;
  *place = replicas;
  tp_control_unlock(engine);
  free(old);
}

int tp_multicast_group_set(struct tp_engine *engine, uint32_t group, const uint32_t *ports,
                           const uint32_t *instances, uint32_t count) {
  if (group == 0 || group >= TP_GROUP_COUNT) {
    return TP_E_OUT_OF_RANGE; /* mcast_grp 0 means no multicast */
  }
  struct tp_replicas *replicas;
  const int result = make_replicas(ports, instances, count, &replicas);
  if (result == TP_OK) {
    exchange(engine, &engine->groups[group], replicas);
  }
  return result;
}

int tp_clone_session_set(struct tp_engine *engine, uint32_t session, const uint32_t *ports,
                         const uint32_t *instances, uint32_t count, uint32_t class_of_service,
                         uint32_t packet_octets) {
  if (session >= TP_SESSION_COUNT || class_of_service >= TP_PRIORITY_COUNT) {
    return TP_E_OUT_OF_RANGE;
  }
  struct tp_replicas *replicas;
  const int result = make_replicas(ports, instances, count, &replicas);
  if (result == TP_OK) {
    if (replicas != NULL) {
      replicas->class_of_service = class_of_service;
      replicas->packet_octets = packet_octets;
    }
    exchange(engine, &engine->sessions[session], replicas);
  }
  return result;
}

/* --- the engine's own counters --------------------------------------------------------------- */

int tp_engine_counters(struct tp_engine *engine, uint64_t *out) {
  tp_control_lock(engine);
  memset(out, 0, TP_ENGINE_COUNTER_COUNT * sizeof *out);
  for (uint32_t loop = 0; loop < engine->loop_count; loop++) {
    for (uint32_t i = 0; i < TP_ENGINE_COUNTER_COUNT; i++) {
      out[i] += engine->loops[loop]->counters[i];
    }
    out[TP_ENGINE_LOG_MESSAGES] += engine->loops[loop]->log.count;
    out[TP_ENGINE_LOG_MESSAGES_LOST] += engine->loops[loop]->log.lost;
  }
  tp_control_unlock(engine);
  return TP_ENGINE_COUNTER_COUNT;
}
