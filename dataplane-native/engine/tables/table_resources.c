/*
 * table_resources.c - what match tables keep beside their entries: direct counters, direct meters,
 * and idle times.
 */
#include <stdlib.h>

#include "engine.h"
#include "tables/table_parts.h"

/* --- direct counters ---------------------------------------------------------------------------
 */

static struct tp_entry *counted_entry(const struct tp_table *table, int64_t handle) {
  uint32_t index;
  return handle == TP_HANDLE_DEFAULT ? table->default_entry
                                     : tp_table_entry_of(table, handle, &index);
}

int tp_match_read_counter(const struct tp_table *table, int64_t handle, uint64_t out[2]) {
  const struct tp_entry *entry = counted_entry(table, handle);
  if (entry == NULL) {
    return TP_E_NOT_FOUND;
  }
  if (!table->spec.direct_counter) {
    return TP_E_OUT_OF_RANGE;
  }
  out[0] = entry->counter.packets;
  out[1] = entry->counter.octets;
  return TP_OK;
}

int tp_match_write_counter(struct tp_table *table, int64_t handle, uint64_t packets,
                           uint64_t octets) {
  struct tp_entry *entry = counted_entry(table, handle);
  if (entry == NULL) {
    return TP_E_NOT_FOUND;
  }
  if (!table->spec.direct_counter) {
    return TP_E_OUT_OF_RANGE;
  }
  entry->counter = (struct tp_counter){.packets = packets, .octets = octets};
  return TP_OK;
}

/* --- direct meters -----------------------------------------------------------------------------
 */

struct tp_meter *tp_match_meter(const struct tp_table *table, int64_t handle, int *result) {
  if (!table->spec.direct_meter) {
    *result = TP_E_OUT_OF_RANGE;
    return NULL;
  }
  *result = TP_OK;
  if (handle == TP_HANDLE_DEFAULT) {
    return tp_default_meter(table);
  }
  uint32_t index;
  if (tp_table_entry_of(table, handle, &index) == NULL) {
    *result = TP_E_NOT_FOUND;
    return NULL;
  }
  return &table->meters[index];
}

int tp_match_write_meter(struct tp_table *table, int64_t handle, const uint64_t *words) {
  int result;
  struct tp_meter *meter = tp_match_meter(table, handle, &result);
  return meter == NULL ? result : tp_meter_configure(meter, words);
}

int tp_match_read_meter(const struct tp_table *table, int64_t handle, uint64_t *words) {
  int result;
  const struct tp_meter *meter = tp_match_meter(table, handle, &result);
  return meter == NULL ? result : tp_meter_configuration(meter, words);
}

/* --- idle times ------------------------------------------------------------------------------ */

/* Room for the times of all entries, once one has a timeout. */
static bool open_timeouts(struct tp_table *table) {
  if (table->timeouts_ns == NULL) {
    table->timeouts_ns = calloc(table->spec.max_entries, sizeof *table->timeouts_ns);
  }
  if (table->idle_from_ns == NULL) {
    table->idle_from_ns = calloc(table->spec.max_entries, sizeof *table->idle_from_ns);
  }
  return table->timeouts_ns != NULL && table->idle_from_ns != NULL;
}

int tp_match_set_timeout(struct tp_table *table, int64_t handle, uint64_t timeout_ns,
                         uint64_t now_ns) {
  uint32_t index;
  if (tp_table_entry_of(table, handle, &index) == NULL) {
    return TP_E_NOT_FOUND;
  }
  if (timeout_ns == 0 && table->timeout_count == 0) {
    return TP_OK;
  }
  if (!open_timeouts(table)) {
    return TP_E_NO_MEMORY;
  }
  table->timeout_count -= table->timeouts_ns[index] != 0;
  table->timeout_count += timeout_ns != 0;
  table->timeouts_ns[index] = timeout_ns;
  table->idle_from_ns[index] = now_ns;
  return TP_OK;
}

int tp_match_touch(struct tp_table *table, int64_t handle, uint64_t now_ns) {
  uint32_t index;
  struct tp_entry *entry = tp_table_entry_of(table, handle, &index);
  if (entry == NULL) {
    return TP_E_NOT_FOUND;
  }
  entry->last_hit_ns = now_ns;
  return TP_OK;
}

int tp_match_read_idle(const struct tp_table *table, int64_t handle, uint64_t now_ns,
                       uint64_t *out) {
  uint32_t index;
  const struct tp_entry *entry = tp_table_entry_of(table, handle, &index);
  if (entry == NULL) {
    return TP_E_NOT_FOUND;
  }
  *out = now_ns > entry->last_hit_ns ? now_ns - entry->last_hit_ns : 0;
  return TP_OK;
}

uint32_t tp_match_take_idle(struct tp_table *table, uint32_t *from, uint64_t now_ns, uint32_t count,
                            int64_t *handles) {
  if (table->timeout_count == 0) {
    *from = table->fresh;
    return 0;
  }
  uint32_t taken = 0;
  uint32_t looked = 0;
  for (; *from < table->fresh && taken < count && looked < TP_READ_LOOKS; (*from)++, looked++) {
    const uint64_t timeout_ns = table->timeouts_ns[*from];
    if (timeout_ns == 0) {
      continue;
    }
    const uint64_t hit_ns = tp_table_entry(table, *from)->last_hit_ns;
    const uint64_t from_ns = table->idle_from_ns[*from];
    const uint64_t active_ns = hit_ns > from_ns ? hit_ns : from_ns;
    if (now_ns >= active_ns && now_ns - active_ns >= timeout_ns) {
      handles[taken++] = tp_table_handle(table, *from);
      table->idle_from_ns[*from] = now_ns;
    }
  }
  return taken;
}
