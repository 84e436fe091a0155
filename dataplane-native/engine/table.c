/*
 * table.c - control operations on match tables. See table.h for the data structures and the
 * locking rule.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "engine.h"

/* More than any switch holds, and small enough that the sizes below cannot overflow. */
#define MAX_ENTRIES  (UINT32_C(1) << 22)
#define MAX_PREFIXES (64u * TP_MAX_KEY_WORDS + 1u)

static size_t entry_octets(const struct tp_table *table) {
  return tp_entry_octets(table->spec.kind, table->spec.key_words, table->spec.arg_words);
}

static struct tp_entry *entry_at(const struct tp_table *table, uint32_t index) {
  return tp_entry_at(table, index, entry_octets(table));
}

static bool is_hashed(const struct tp_table *table) {
  return table->spec.kind == TP_TABLE_EXACT || table->spec.kind == TP_TABLE_LPM;
}

static uint32_t slot_count_for(const struct tp_table_spec *spec) {
  if (spec->direct_bits > 0) {
    return UINT32_C(1) << spec->direct_bits;
  }
  uint32_t count = 8;
  while (count < 2 * spec->max_entries) {
    count *= 2;
  }
  return count;
}

int tp_match_open(struct tp_table *table, const struct tp_table_spec *spec) {
  memset(table, 0, sizeof *table);
  if (spec->kind > TP_TABLE_TERNARY || spec->key_words > TP_MAX_KEY_WORDS ||
      spec->arg_words > TP_MAX_ARG_WORDS || spec->max_entries > MAX_ENTRIES ||
      (spec->kind != TP_TABLE_KEYLESS && spec->key_words == 0) ||
      (spec->direct_bits > 0 && (spec->kind != TP_TABLE_EXACT || spec->key_words != 1 ||
                                 spec->direct_bits > TP_MAX_DIRECT_BITS))) {
    return TP_E_BAD_PIPELINE;
  }
  table->spec = *spec;
  table->default_entry = calloc(1, entry_octets(table));
  bool complete = table->default_entry != NULL;
  if (spec->kind != TP_TABLE_KEYLESS && spec->max_entries > 0) {
    table->entries = calloc(spec->max_entries, entry_octets(table));
    complete = complete && table->entries != NULL;
    if (spec->direct_meter) {
      table->meters = calloc(spec->max_entries, sizeof *table->meters);
      complete = complete && table->meters != NULL;
    }
  }
  if (is_hashed(table)) {
    const uint32_t slot_count = slot_count_for(spec);
    table->slots = calloc(slot_count, sizeof *table->slots);
    table->slot_mask = slot_count - 1;
    complete = complete && table->slots != NULL;
  }
  if (spec->kind == TP_TABLE_LPM) {
    table->prefix_capacity = MAX_PREFIXES;
    table->prefixes = calloc(table->prefix_capacity, sizeof *table->prefixes);
    complete = complete && table->prefixes != NULL;
  }
  if (spec->kind == TP_TABLE_TERNARY && spec->max_entries > 0) {
    table->order = calloc(spec->max_entries, sizeof *table->order);
    complete = complete && table->order != NULL;
  }
  if (!complete) {
    tp_match_close(table);
    return TP_E_NO_MEMORY;
  }
  table->default_entry->action = TP_ACTION_NONE;
  return TP_OK;
}

void tp_match_close(struct tp_table *table) {
  free(table->entries);
  free(table->meters);
  free(table->slots);
  free(table->order);
  free(table->prefixes);
  free(table->default_entry);
  memset(table, 0, sizeof *table);
}

/* --- handles ---------------------------------------------------------------------------------- */

static int64_t handle_of(const struct tp_table *table, uint32_t index) {
  const uint32_t generation = entry_at(table, index)->generation & UINT32_C(0x7fffffff);
  return ((int64_t)generation << 32) | (int64_t)index;
}

/* The entry in use that a handle names, or NULL. */
static struct tp_entry *entry_of(const struct tp_table *table, int64_t handle, uint32_t *index) {
  if (handle < 0) {
    return NULL;
  }
  *index = (uint32_t)handle;
  if (*index >= table->fresh) {
    return NULL;
  }
  struct tp_entry *entry = entry_at(table, *index);
  const bool in_use = (entry->generation & 1u) != 0;
  return in_use && handle_of(table, *index) == handle ? entry : NULL;
}

static void set_action(const struct tp_table *table, struct tp_entry *entry, uint32_t action,
                       const uint64_t *args, uint32_t arg_words) {
  entry->action = action;
  for (uint32_t i = 0; i < table->spec.arg_words; i++) {
    entry->words[i] = i < arg_words ? args[i] : 0;
  }
}

/* --- hash slots --------------------------------------------------------------------------------
 */

static uint32_t tag_of(const struct tp_table *table, const struct tp_entry *entry) {
  if (table->spec.direct_bits > 0) {
    return (uint32_t)entry->words[table->spec.arg_words];
  }
  const uint64_t seed = table->spec.kind == TP_TABLE_LPM ? (uint64_t)(uint32_t)entry->priority : 0;
  return tp_hash_words(entry->words + table->spec.arg_words, table->spec.key_words, seed);
}

static void slot_add(struct tp_table *table, uint32_t index) {
  const uint32_t tag = tag_of(table, entry_at(table, index));
  uint32_t slot = tag & table->slot_mask;
  while (table->slots[slot].entry_plus1 != 0) {
    slot = (slot + 1) & table->slot_mask;
  }
  table->slots[slot] = (struct tp_slot){.tag = tag, .entry_plus1 = index + 1};
}

/* Removes by shifting the rest of the probe sequence back, so that no tombstones slow lookups. */
static void slot_remove(struct tp_table *table, uint32_t index) {
  const uint32_t mask = table->slot_mask;
  uint32_t hole = tag_of(table, entry_at(table, index)) & mask;
  while (table->slots[hole].entry_plus1 != index + 1) {
    hole = (hole + 1) & mask;
  }
  for (uint32_t next = (hole + 1) & mask; table->slots[next].entry_plus1 != 0;
       next = (next + 1) & mask) {
    const uint32_t home = table->slots[next].tag & mask;
    if (((next - home) & mask) >= ((next - hole) & mask)) {
      table->slots[hole] = table->slots[next];
      hole = next;
    }
  }
  table->slots[hole] = (struct tp_slot){0};
}

/* --- prefix lengths ----------------------------------------------------------------------------
 */

static uint32_t bits_of(const uint64_t *mask, uint32_t words) {
  uint32_t bits = 0;
  for (uint32_t i = 0; i < words; i++) {
    bits += (uint32_t)__builtin_popcountll(mask[i]);
  }
  return bits;
}

/* Counts one more entry of this mask; two masks of the same length cannot both be contiguous. */
static int prefix_add(struct tp_table *table, const uint64_t *mask, uint32_t bits) {
  uint32_t at = 0;
  while (at < table->prefix_count && table->prefixes[at].bits > bits) {
    at++;
  }
  struct tp_prefix *prefix = &table->prefixes[at];
  if (at < table->prefix_count && prefix->bits == bits) {
    if (!tp_words_equal(prefix->mask, mask, table->spec.key_words)) {
      return TP_E_OUT_OF_RANGE;
    }
    prefix->entry_count++;
    return TP_OK;
  }
  if (table->prefix_count == table->prefix_capacity) {
    return TP_E_OUT_OF_RANGE;
  }
  memmove(prefix + 1, prefix, (table->prefix_count - at) * sizeof *prefix);
  *prefix = (struct tp_prefix){.bits = bits, .entry_count = 1};
  memcpy(prefix->mask, mask, table->spec.key_words * sizeof *mask);
  table->prefix_count++;
  return TP_OK;
}

static void prefix_remove(struct tp_table *table, uint32_t bits) {
  uint32_t at = 0;
  while (table->prefixes[at].bits != bits) {
    at++;
  }
  struct tp_prefix *prefix = &table->prefixes[at];
  if (--prefix->entry_count == 0) {
    table->prefix_count--;
    memmove(prefix, prefix + 1, (table->prefix_count - at) * sizeof *prefix);
  }
}

/* --- ternary order -----------------------------------------------------------------------------
 */

static void order_add(struct tp_table *table, uint32_t index) {
  const int32_t priority = entry_at(table, index)->priority;
  uint32_t at = table->entry_count;
  while (at > 0 && entry_at(table, table->order[at - 1])->priority < priority) {
    table->order[at] = table->order[at - 1];
    at--;
  }
  table->order[at] = index;
}

static void order_remove(struct tp_table *table, uint32_t index) {
  uint32_t at = 0;
  while (table->order[at] != index) {
    at++;
  }
  for (; at + 1 < table->entry_count; at++) {
    table->order[at] = table->order[at + 1];
  }
}

/* --- entries -----------------------------------------------------------------------------------
 */

static bool is_duplicate(const struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                         int32_t priority) {
  const uint32_t key_words = table->spec.key_words;
  const uint32_t arg_words = table->spec.arg_words;
  if (table->spec.direct_bits > 0) {
    return tp_find_direct(table, key, arg_words) != NULL;
  }
  if (table->spec.kind == TP_TABLE_EXACT) {
    return tp_find_exact(table, key, key_words, arg_words) != NULL;
  }
  if (table->spec.kind == TP_TABLE_LPM) {
    return tp_find_prefix(table, key, (uint32_t)priority, key_words, arg_words) != NULL;
  }
  for (uint32_t i = 0; i < table->entry_count; i++) {
    const struct tp_entry *entry = entry_at(table, table->order[i]);
    const uint64_t *words = entry->words + arg_words;
    if (entry->priority == priority && tp_words_equal(words, key, key_words) &&
        tp_words_equal(words + key_words, mask, key_words)) {
      return true;
    }
  }
  return false;
}

static uint32_t take_entry(struct tp_table *table) {
  if (table->free_head_plus1 == 0) {
    return table->fresh++;
  }
  const uint32_t index = table->free_head_plus1 - 1;
  table->free_head_plus1 = entry_at(table, index)->next_free;
  return index;
}

/* Writes the key as lookups compare it: cut to its mask, but for range fields. */
static void canonical_key(const struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                          uint64_t *out) {
  for (uint32_t i = 0; i < table->spec.key_words; i++) {
    const bool is_range = (table->spec.range_words >> i & 1u) != 0;
    out[i] = table->spec.kind == TP_TABLE_EXACT || is_range ? key[i] : key[i] & mask[i];
  }
}

int64_t tp_match_insert(struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                        uint32_t range_words, int32_t priority, uint32_t action,
                        const uint64_t *args, uint32_t arg_words) {
  const uint32_t key_words = table->spec.key_words;
  const bool is_ternary = table->spec.kind == TP_TABLE_TERNARY;
  if (table->spec.kind == TP_TABLE_KEYLESS || arg_words > table->spec.arg_words ||
      (is_ternary && range_words != table->spec.range_words) ||
      (table->spec.direct_bits > 0 && key[0] >> table->spec.direct_bits != 0)) {
    return TP_E_OUT_OF_RANGE;
  }
  uint64_t want[TP_MAX_KEY_WORDS];
  canonical_key(table, key, mask, want);
  if (table->spec.kind == TP_TABLE_LPM) {
    priority = (int32_t)bits_of(mask, key_words);
  }
  if (is_duplicate(table, want, mask, priority)) {
    return TP_E_EXISTS;
  }
  if (table->entry_count >= table->spec.max_entries) {
    return TP_E_FULL;
  }
  if (table->spec.kind == TP_TABLE_LPM) {
    const int added = prefix_add(table, mask, (uint32_t)priority);
    if (added != TP_OK) {
      return added;
    }
  }
  const uint32_t index = take_entry(table);
  struct tp_entry *entry = entry_at(table, index);
  entry->generation++;
  entry->priority = priority;
  entry->counter = (struct tp_counter){0};
  if (table->meters != NULL) {
    table->meters[index] = (struct tp_meter){0};
  }
  set_action(table, entry, action, args, arg_words);
  uint64_t *words = entry->words + table->spec.arg_words;
  memcpy(words, want, key_words * sizeof *words);
  if (table->spec.kind != TP_TABLE_EXACT) {
    memcpy(words + key_words, mask, key_words * sizeof *words);
  }
  if (is_ternary) {
    order_add(table, index);
  } else {
    slot_add(table, index);
  }
  table->entry_count++;
  return handle_of(table, index);
}

int tp_match_modify(struct tp_table *table, int64_t handle, uint32_t action, const uint64_t *args,
                    uint32_t arg_words) {
  uint32_t index;
  struct tp_entry *entry = entry_of(table, handle, &index);
  if (entry == NULL) {
    return TP_E_NOT_FOUND;
  }
  if (arg_words > table->spec.arg_words) {
    return TP_E_OUT_OF_RANGE;
  }
  set_action(table, entry, action, args, arg_words);
  return TP_OK;
}

int tp_match_remove(struct tp_table *table, int64_t handle) {
  uint32_t index;
  struct tp_entry *entry = entry_of(table, handle, &index);
  if (entry == NULL) {
    return TP_E_NOT_FOUND;
  }
  if (table->spec.kind == TP_TABLE_TERNARY) {
    order_remove(table, index);
  } else {
    slot_remove(table, index);
    if (table->spec.kind == TP_TABLE_LPM) {
      prefix_remove(table, (uint32_t)entry->priority);
    }
  }
  entry->generation++;
  entry->next_free = table->free_head_plus1;
  table->free_head_plus1 = index + 1;
  table->entry_count--;
  return TP_OK;
}

int tp_match_set_default(struct tp_table *table, uint32_t action, const uint64_t *args,
                         uint32_t arg_words) {
  if (arg_words > table->spec.arg_words) {
    return TP_E_OUT_OF_RANGE;
  }
  set_action(table, table->default_entry, action, args, arg_words);
  return TP_OK;
}

/* --- direct counters ---------------------------------------------------------------------------
 */

static struct tp_entry *counted_entry(const struct tp_table *table, int64_t handle) {
  uint32_t index;
  return handle == TP_HANDLE_DEFAULT ? table->default_entry : entry_of(table, handle, &index);
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

static struct tp_meter *meter_of(const struct tp_table *table, int64_t handle, int *result) {
  if (!table->spec.direct_meter || handle == TP_HANDLE_DEFAULT) {
    *result = TP_E_OUT_OF_RANGE;
    return NULL;
  }
  uint32_t index;
  *result = TP_E_NOT_FOUND;
  return entry_of(table, handle, &index) == NULL ? NULL : &table->meters[index];
}

int tp_match_write_meter(struct tp_table *table, int64_t handle, const uint64_t *words) {
  int result;
  struct tp_meter *meter = meter_of(table, handle, &result);
  return meter == NULL ? result : tp_meter_configure(meter, words);
}

int tp_match_read_meter(const struct tp_table *table, int64_t handle, uint64_t *words) {
  int result;
  const struct tp_meter *meter = meter_of(table, handle, &result);
  return meter == NULL ? result : tp_meter_configuration(meter, words);
}
