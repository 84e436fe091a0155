/* control_table.c - the host's hold on a loaded pipeline's tables. Every call takes the lock,
 * checks its indices, and is short; one about many entries gives the lock up in between. */
#include <string.h>

#include "engine_state.h"

/* Rows that are written, or read, before frames may go: some microseconds. */
#define SLICE_ROWS 64u

/* Takes the lock; the table, or null with the reason in *result. */
static struct tp_table *lock_table(struct tp_engine *engine, uint32_t index, int *result) {
  tp_control_lock(engine);
  const struct tp_pipeline_ops *ops = engine->pipeline.ops;
  *result = ops == NULL ? TP_E_NO_PIPELINE : TP_E_OUT_OF_RANGE;
  return ops != NULL && index < ops->table_count ? &engine->pipeline.state.tables[index] : NULL;
}

static uint64_t steady_ns(const struct tp_engine *engine) {
  return tp_clock_schedule_ns(&engine->clock);
}

int64_t tp_table_insert(struct tp_engine *engine, uint32_t table, const uint64_t *key,
                        const uint64_t *mask, uint32_t range_words, int32_t priority,
                        uint32_t action, const uint64_t *args, uint32_t arg_words) {
  int result;
  struct tp_table *found = lock_table(engine, table, &result);
  const int64_t handle = found == NULL ? result
                                       : tp_match_insert(found, key, mask, range_words, priority,
                                                         action, args, arg_words);
  if (handle >= 0) {
    tp_match_touch(found, handle, steady_ns(engine));
  }
  tp_control_unlock(engine);
  return handle;
}

int tp_table_modify(struct tp_engine *engine, uint32_t table, int64_t handle, uint32_t action,
                    const uint64_t *args, uint32_t arg_words) {
  int result;
  struct tp_table *found = lock_table(engine, table, &result);
  return (int)tp_control_leave(
      engine, found == NULL ? result : tp_match_modify(found, handle, action, args, arg_words));
}

int tp_table_remove(struct tp_engine *engine, uint32_t table, int64_t handle) {
  int result;
  struct tp_table *found = lock_table(engine, table, &result);
  return (int)tp_control_leave(engine, found == NULL ? result : tp_match_remove(found, handle));
}

int tp_table_set_default(struct tp_engine *engine, uint32_t table, uint32_t action,
                         const uint64_t *args, uint32_t arg_words) {
  int result;
  struct tp_table *found = lock_table(engine, table, &result);
  return (int)tp_control_leave(
      engine, found == NULL ? result : tp_match_set_default(found, action, args, arg_words));
}

int tp_table_read_counter(struct tp_engine *engine, uint32_t table, int64_t handle,
                          uint64_t out[2]) {
  int result;
  struct tp_table *found = lock_table(engine, table, &result);
  return (int)tp_control_leave(engine,
                               found == NULL ? result : tp_match_read_counter(found, handle, out));
}

int tp_table_write_counter(struct tp_engine *engine, uint32_t table, int64_t handle,
                           uint64_t packets, uint64_t octets) {
  int result;
  struct tp_table *found = lock_table(engine, table, &result);
  return (int)tp_control_leave(
      engine, found == NULL ? result : tp_match_write_counter(found, handle, packets, octets));
}

int tp_table_read_meter(struct tp_engine *engine, uint32_t table, int64_t handle, uint64_t out[4]) {
  int result;
  struct tp_table *found = lock_table(engine, table, &result);
  return (int)tp_control_leave(engine,
                               found == NULL ? result : tp_match_read_meter(found, handle, out));
}

/* Takes the lock; the direct meter of an entry, or null with the reason in *result. */
static struct tp_meter *lock_direct_meter(struct tp_engine *engine, uint32_t table, int64_t handle,
                                          int *result) {
  const struct tp_table *found = lock_table(engine, table, result);
  return found == NULL ? NULL : tp_match_meter(found, handle, result);
}

int tp_table_read_meter_counts(struct tp_engine *engine, uint32_t table, int64_t handle,
                               uint64_t out[6]) {
  int result;
  const struct tp_meter *meter = lock_direct_meter(engine, table, handle, &result);
  if (meter != NULL) {
    tp_meter_counts(meter, out);
  }
  return (int)tp_control_leave(engine, result);
}

int tp_table_reset_meter_counts(struct tp_engine *engine, uint32_t table, int64_t handle) {
  int result;
  struct tp_meter *meter = lock_direct_meter(engine, table, handle, &result);
  if (meter != NULL) {
    tp_meter_clear_counts(meter);
  }
  return (int)tp_control_leave(engine, result);
}

int tp_table_save_meter(struct tp_engine *engine, uint32_t table, int64_t handle,
                        uint64_t out[TP_METER_STATE_WORDS]) {
  int result;
  const struct tp_meter *meter = lock_direct_meter(engine, table, handle, &result);
  if (meter != NULL) {
    memcpy(out, meter, sizeof *meter);
  }
  return (int)tp_control_leave(engine, result);
}

int tp_table_restore_meter(struct tp_engine *engine, uint32_t table, int64_t handle,
                           const uint64_t state[TP_METER_STATE_WORDS]) {
  int result;
  struct tp_meter *meter = lock_direct_meter(engine, table, handle, &result);
  if (meter != NULL) {
    memcpy(meter, state, sizeof *meter);
  }
  return (int)tp_control_leave(engine, result);
}

int tp_table_write_meter(struct tp_engine *engine, uint32_t table, int64_t handle,
                         const uint64_t *words) {
  int result;
  struct tp_table *found = lock_table(engine, table, &result);
  return (int)tp_control_leave(engine,
                               found == NULL ? result : tp_match_write_meter(found, handle, words));
}

int64_t tp_table_find(struct tp_engine *engine, uint32_t table, const uint64_t *key,
                      const uint64_t *mask, int32_t priority) {
  int result;
  const struct tp_table *found = lock_table(engine, table, &result);
  const int64_t handle = found == NULL ? result : tp_match_find(found, key, mask, priority);
  tp_control_unlock(engine);
  return handle;
}

/* --- rows ------------------------------------------------------------------------------------ */

static int64_t write_row(struct tp_table *table, uint32_t operation, const uint64_t *row,
                         uint64_t now_ns) {
  const int64_t handle = tp_match_write_row(table, operation, row);
  if (handle >= 0 && operation == TP_ROW_INSERT) {
    tp_match_touch(table, handle, now_ns);
  }
  return handle;
}

int tp_table_write(struct tp_engine *engine, uint32_t table, uint32_t count,
                   const uint8_t *operations, const uint64_t *rows, int64_t *results) {
  int errors = 0;
  for (uint32_t done = 0; done < count;) {
    int result;
    struct tp_table *found = lock_table(engine, table, &result);
    if (found == NULL) {
      tp_control_unlock(engine);
      return result;
    }
    const uint64_t now_ns = steady_ns(engine);
    const uint32_t row_words = tp_match_row_words(found);
    const uint32_t end = count - done > SLICE_ROWS ? done + SLICE_ROWS : count;
    for (; done < end; done++) {
      results[done] = write_row(found, operations[done], rows + (size_t)done * row_words, now_ns);
      errors += results[done] < 0;
    }
    tp_control_unlock(engine);
  }
  return errors;
}

int tp_table_read(struct tp_engine *engine, uint32_t table, uint32_t *from, uint32_t count,
                  uint64_t *rows) {
  uint32_t done = 0;
  while (done < count && *from != UINT32_MAX) {
    int result;
    const struct tp_table *found = lock_table(engine, table, &result);
    if (found == NULL) {
      tp_control_unlock(engine);
      return result;
    }
    const uint32_t slice = count - done > SLICE_ROWS ? SLICE_ROWS : count - done;
    const size_t at = (size_t)done * tp_match_row_words(found);
    done += tp_match_read(found, from, slice, rows + at);
    *from = *from >= found->fresh ? UINT32_MAX : *from;
    tp_control_unlock(engine);
  }
  return (int)done;
}

int tp_table_read_one(struct tp_engine *engine, uint32_t table, int64_t handle, uint64_t *row) {
  int result;
  const struct tp_table *found = lock_table(engine, table, &result);
  return (int)tp_control_leave(engine,
                               found == NULL ? result : tp_match_read_one(found, handle, row));
}

/* --- idle times ------------------------------------------------------------------------------ */

int tp_table_set_timeout(struct tp_engine *engine, uint32_t table, int64_t handle,
                         uint64_t timeout_ns) {
  int result;
  struct tp_table *found = lock_table(engine, table, &result);
  return (int)tp_control_leave(
      engine,
      found == NULL ? result : tp_match_set_timeout(found, handle, timeout_ns, steady_ns(engine)));
}

int tp_table_read_idle(struct tp_engine *engine, uint32_t table, int64_t handle,
                       uint64_t *idle_ns) {
  int result;
  const struct tp_table *found = lock_table(engine, table, &result);
  return (int)tp_control_leave(
      engine,
      found == NULL ? result : tp_match_read_idle(found, handle, steady_ns(engine), idle_ns));
}

int tp_table_take_idle(struct tp_engine *engine, uint32_t table, uint32_t *from, uint32_t count,
                       int64_t *handles) {
  int result;
  struct tp_table *found = lock_table(engine, table, &result);
  if (found != NULL) {
    result = (int)tp_match_take_idle(found, from, steady_ns(engine), count, handles);
    *from = *from >= found->fresh ? UINT32_MAX : *from;
  }
  return (int)tp_control_leave(engine, result);
}
