/*
 * table.c - control operations on match tables: their entries. See table.h for the data structures
 * and the locking rule.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine.h"
#include "tables/table_parts.h"

/* More than any switch holds, and small enough that the sizes below cannot overflow. */
#define MAX_ENTRIES (UINT32_C(1) << 22)
/* From here on memory is asked for in large pages: a lookup then finds its address at once. */
#define LARGE_OCTETS ((size_t)4 << 20)

static size_t entry_octets(const struct tp_table *table) {
  return tp_entry_octets(table->spec.kind, table->spec.key_words, table->spec.arg_words);
}

static bool is_shape_possible(const struct tp_table_spec *spec) {
  return spec->kind <= TP_TABLE_TERNARY && spec->key_words <= TP_MAX_KEY_WORDS &&
         spec->arg_words <= TP_MAX_ARG_WORDS && spec->max_entries <= MAX_ENTRIES &&
         (spec->kind == TP_TABLE_KEYLESS || spec->key_words > 0) &&
         (spec->direct_bits == 0 || (spec->kind == TP_TABLE_EXACT && spec->key_words == 1 &&
                                     spec->direct_bits <= TP_MAX_DIRECT_BITS));
}

/* Zeroed, and without cost until it is used. */
static void *new_memory(size_t octets) {
  void *memory = calloc(1, octets);
  if (memory != NULL && octets >= LARGE_OCTETS) {
    const size_t begin = ((size_t)(uintptr_t)memory + 4095u) & ~(size_t)4095u;
    const size_t end = ((size_t)(uintptr_t)memory + octets) & ~(size_t)4095u;
    madvise((void *)(uintptr_t)begin, end - begin, MADV_HUGEPAGE); /* only advice */
  }
  return memory;
}

static bool open_entries(struct tp_table *table) {
  const struct tp_table_spec *spec = &table->spec;
  if (spec->kind == TP_TABLE_KEYLESS || spec->max_entries == 0) {
    return true;
  }
  table->entries_memory = new_memory(spec->max_entries * entry_octets(table) + TP_LINE_OCTETS);
  if (table->entries_memory == NULL) {
    return false;
  }
  const uintptr_t at = (uintptr_t)table->entries_memory;
  table->entries = (unsigned char *)table->entries_memory + (TP_LINE_OCTETS - at % TP_LINE_OCTETS);
  if (spec->direct_meter) {
    table->meters = calloc(spec->max_entries + (size_t)1, sizeof *table->meters);
    return table->meters != NULL;
  }
  return true;
}

/* SplitMix64. */
static uint64_t next_random(uint64_t *state) {
  *state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t mixed = *state;
  mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
  return mixed ^ mixed >> 31;
}

static void draw_factors(struct tp_table *table, uint64_t seed) {
  for (uint32_t i = 0; i < TP_MAX_KEY_WORDS; i++) {
    const uint64_t high = next_random(&seed);
    table->factors[i] = (tp_u128)high << 64 | next_random(&seed);
  }
}

int tp_match_open(struct tp_table *table, const struct tp_table_spec *spec, uint64_t hash_seed) {
  memset(table, 0, sizeof *table);
  if (!is_shape_possible(spec)) {
    return TP_E_BAD_PIPELINE;
  }
  table->spec = *spec;
  draw_factors(table, hash_seed);
  table->default_entry = calloc(1, entry_octets(table));
  int result = table->default_entry != NULL && open_entries(table) ? TP_OK : TP_E_NO_MEMORY;
  if (spec->kind != TP_TABLE_KEYLESS) {
    tp_slot_begin(table, new_memory(tp_slot_memory(spec) * sizeof *table->slots));
    result = table->slots != NULL ? result : TP_E_NO_MEMORY;
  }
  if (result == TP_OK && spec->kind == TP_TABLE_LPM) {
    result = tp_prefix_open(table);
  }
  if (result == TP_OK && spec->kind == TP_TABLE_TERNARY) {
    result = tp_tuple_open(table);
  }
  if (result != TP_OK) {
    tp_match_close(table);
    return result;
  }
  table->default_entry->action = TP_ACTION_NONE;
  return TP_OK;
}

void tp_match_close(struct tp_table *table) {
  tp_prefix_close(table);
  tp_tuple_close(table);
  free(table->entries_memory);
  free(table->meters);
  free(table->slots_memory);
  free(table->timeouts_ns);
  free(table->idle_from_ns);
  free(table->default_entry);
  memset(table, 0, sizeof *table);
}

/* --- handles ---------------------------------------------------------------------------------- */

int64_t tp_table_handle(const struct tp_table *table, uint32_t index) {
  const uint32_t generation = tp_table_entry(table, index)->generation & UINT32_C(0x7fffffff);
  return ((int64_t)generation << 32) | (int64_t)index;
}

struct tp_entry *tp_table_entry_of(const struct tp_table *table, int64_t handle, uint32_t *index) {
  if (handle < 0) {
    return NULL;
  }
  *index = (uint32_t)handle;
  if (*index >= table->fresh) {
    return NULL;
  }
  struct tp_entry *entry = tp_table_entry(table, *index);
  const bool in_use = (entry->generation & 1u) != 0;
  return in_use && tp_table_handle(table, *index) == handle ? entry : NULL;
}

static void set_action(const struct tp_table *table, struct tp_entry *entry, uint32_t action,
                       const uint64_t *args, uint32_t arg_words) {
  entry->action = action;
  for (uint32_t i = 0; i < table->spec.arg_words; i++) {
    entry->words[i] = i < arg_words ? args[i] : 0;
  }
}

/* --- keys ------------------------------------------------------------------------------------ */

/* Writes the key as lookups compare it: cut to its mask, but for range fields. */
static void canonical_key(const struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                          uint64_t *out) {
  for (uint32_t i = 0; i < table->spec.key_words; i++) {
    const bool is_range = (table->spec.range_words >> i & 1u) != 0;
    out[i] = table->spec.kind == TP_TABLE_EXACT || is_range ? key[i] : key[i] & mask[i];
  }
}

static uint32_t tag_of(const struct tp_table *table, const struct tp_entry *entry) {
  if (table->spec.direct_bits > 0) {
    return (uint32_t)entry->words[table->spec.arg_words];
  }
  const uint64_t seed = table->spec.kind == TP_TABLE_LPM ? (uint64_t)(uint32_t)entry->priority : 0;
  return tp_hash_words(table, entry->words + table->spec.arg_words, table->spec.key_words, seed);
}

/* An LPM entry's priority is its prefix length, whatever the caller says. */
static int32_t own_priority(const struct tp_table *table, const uint64_t *mask, int32_t priority) {
  return table->spec.kind == TP_TABLE_LPM ? (int32_t)tp_prefix_bits(mask, table->spec.key_words)
                                          : priority;
}

/* The entry of just this canonical key, mask and own priority. */
static struct tp_entry *find_entry(const struct tp_table *table, const uint64_t *key,
                                   const uint64_t *mask, int32_t priority) {
  const uint32_t key_words = table->spec.key_words;
  const uint32_t arg_words = table->spec.arg_words;
  if (table->spec.direct_bits > 0) {
    return key[0] >> table->spec.direct_bits != 0 ? NULL : tp_find_direct(table, key, arg_words);
  }
  if (table->spec.kind == TP_TABLE_EXACT) {
    return tp_find_exact(table, key, key_words, arg_words);
  }
  if (table->spec.kind == TP_TABLE_LPM) {
    return tp_find_prefix(table, key, (uint32_t)priority, key_words, arg_words);
  }
  const uint32_t found = tp_tuple_find(table, key, mask, priority);
  return found == 0 ? NULL : tp_table_entry(table, found - 1);
}

static uint32_t index_of(const struct tp_table *table, const struct tp_entry *entry) {
  const unsigned char *at = (const unsigned char *)(const void *)entry;
  return (uint32_t)((size_t)(at - table->entries) / entry_octets(table));
}

int64_t tp_match_find(const struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                      int32_t priority) {
  if (table->spec.kind == TP_TABLE_KEYLESS) {
    return TP_E_NOT_FOUND;
  }
  uint64_t want[TP_MAX_KEY_WORDS];
  canonical_key(table, key, mask, want);
  const struct tp_entry *entry = find_entry(table, want, mask, own_priority(table, mask, priority));
  return entry == NULL ? TP_E_NOT_FOUND : tp_table_handle(table, index_of(table, entry));
}

/* --- entries -----------------------------------------------------------------------------------
 */

static uint32_t take_entry(struct tp_table *table) {
  if (table->free_head_plus1 == 0) {
    return table->fresh++;
  }
  const uint32_t index = table->free_head_plus1 - 1;
  table->free_head_plus1 = tp_table_entry(table, index)->next_plus1;
  return index;
}

static void give_entry(struct tp_table *table, uint32_t index) {
  tp_table_entry(table, index)->next_plus1 = table->free_head_plus1;
  table->free_head_plus1 = index + 1;
}

/* Makes an entry that is complete visible to lookups. */
static int add_to_lookups(struct tp_table *table, uint32_t index) {
  const struct tp_entry *entry = tp_table_entry(table, index);
  const uint64_t *key = tp_table_key(table, index);
  if (table->spec.kind == TP_TABLE_TERNARY) {
    return tp_tuple_add(table, index);
  }
  if (table->spec.kind == TP_TABLE_LPM) {
    const uint64_t *mask = key + table->spec.key_words;
    const int added = tp_prefix_add(table, key, mask, (uint32_t)entry->priority);
    if (added != TP_OK) {
      return added;
    }
  }
  tp_slot_add(table, tag_of(table, entry), index);
  return TP_OK;
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
  priority = own_priority(table, mask, priority);
  if (find_entry(table, want, mask, priority) != NULL) {
    return TP_E_EXISTS;
  }
  if (table->entry_count >= table->spec.max_entries) {
    return TP_E_FULL;
  }
  const uint32_t index = take_entry(table);
  struct tp_entry *entry = tp_table_entry(table, index);
  entry->priority = priority;
  entry->counter = (struct tp_counter){0};
  entry->last_hit_ns = 0;
  set_action(table, entry, action, args, arg_words);
  uint64_t *words = entry->words + table->spec.arg_words;
  memcpy(words, want, key_words * sizeof *words);
  if (table->spec.kind != TP_TABLE_EXACT) {
    memcpy(words + key_words, mask, key_words * sizeof *words);
  }
  if (table->meters != NULL) {
    table->meters[index] = (struct tp_meter){0};
  }
  const int added = add_to_lookups(table, index);
  if (added != TP_OK) {
    give_entry(table, index);
    return added;
  }
  entry->generation++;
  table->entry_count++;
  return tp_table_handle(table, index);
}

int tp_match_modify(struct tp_table *table, int64_t handle, uint32_t action, const uint64_t *args,
                    uint32_t arg_words) {
  uint32_t index;
  struct tp_entry *entry = tp_table_entry_of(table, handle, &index);
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
  struct tp_entry *entry = tp_table_entry_of(table, handle, &index);
  if (entry == NULL) {
    return TP_E_NOT_FOUND;
  }
  tp_match_set_timeout(table, handle, 0, 0);
  if (table->spec.kind == TP_TABLE_TERNARY) {
    tp_tuple_remove(table, index);
  } else {
    tp_slot_remove(table, tp_slot_of(table, tag_of(table, entry), index));
    if (table->spec.kind == TP_TABLE_LPM) {
      tp_prefix_remove(table, tp_table_key(table, index), (uint32_t)entry->priority);
    }
  }
  entry->generation++;
  give_entry(table, index);
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

/* --- rows ------------------------------------------------------------------------------------ */

uint32_t tp_match_row_words(const struct tp_table *table) {
  return TP_ROW_HEAD_WORDS + 2u * table->spec.key_words + table->spec.arg_words;
}

static void read_row(const struct tp_table *table, uint32_t index, uint64_t *row) {
  const struct tp_entry *entry = tp_table_entry(table, index);
  const uint32_t key_words = table->spec.key_words;
  const uint32_t arg_words = table->spec.arg_words;
  const uint64_t *key = tp_table_key(table, index);
  row[TP_ROW_HANDLE] = (uint64_t)tp_table_handle(table, index);
  row[TP_ROW_PRIORITY] = (uint64_t)entry->priority;
  row[TP_ROW_ACTION] = entry->action;
  uint64_t *words = row + TP_ROW_HEAD_WORDS;
  memcpy(words, key, key_words * sizeof *words);
  if (table->spec.kind == TP_TABLE_EXACT) {
    memset(words + key_words, 0xff, key_words * sizeof *words);
  } else {
    memcpy(words + key_words, key + key_words, key_words * sizeof *words);
  }
  memcpy(words + 2 * (size_t)key_words, entry->words, arg_words * sizeof *words);
}

uint32_t tp_match_read(const struct tp_table *table, uint32_t *from, uint32_t count,
                       uint64_t *rows) {
  const uint32_t words = tp_match_row_words(table);
  uint32_t done = 0;
  uint32_t looked = 0;
  for (; *from < table->fresh && done < count && looked < TP_READ_LOOKS; (*from)++, looked++) {
    if ((tp_table_entry(table, *from)->generation & 1u) != 0) {
      read_row(table, *from, rows + (size_t)done * words);
      done++;
    }
  }
  return done;
}

int tp_match_read_one(const struct tp_table *table, int64_t handle, uint64_t *row) {
  uint32_t index;
  if (tp_table_entry_of(table, handle, &index) == NULL) {
    return TP_E_NOT_FOUND;
  }
  read_row(table, index, row);
  return TP_OK;
}

int64_t tp_match_write_row(struct tp_table *table, uint32_t operation, const uint64_t *row) {
  const struct tp_table_spec *spec = &table->spec;
  const uint64_t *key = row + TP_ROW_HEAD_WORDS;
  const uint64_t *mask = key + spec->key_words;
  const uint64_t *args = mask + spec->key_words;
  const int32_t priority = (int32_t)(uint32_t)row[TP_ROW_PRIORITY];
  const uint32_t action = (uint32_t)row[TP_ROW_ACTION];
  if (operation == TP_ROW_INSERT) {
    return tp_match_insert(table, key, mask, spec->range_words, priority, action, args,
                           spec->arg_words);
  }
  const int64_t handle = tp_match_find(table, key, mask, priority);
  if (handle < 0) {
    return handle;
  }
  switch (operation) {
  case TP_ROW_MODIFY: {
    const int result = tp_match_modify(table, handle, action, args, spec->arg_words);
    return result == TP_OK ? handle : result;
  }
  case TP_ROW_REMOVE: {
    const int result = tp_match_remove(table, handle);
    return result == TP_OK ? handle : result;
  }
  default:
    return TP_E_OUT_OF_RANGE;
  }
}
