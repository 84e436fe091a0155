/*
 * table_parts.h - what the files of table.c share with each other and with nobody else. See table.h
 * for the data structures.
 */
#ifndef TIMEPLANE_TABLE_PARTS_H
#define TIMEPLANE_TABLE_PARTS_H

#include "tables/table.h"

static inline struct tp_entry *tp_table_entry(const struct tp_table *table, uint32_t index) {
  const struct tp_table_spec *spec = &table->spec;
  return tp_entry_at(table, index, tp_entry_octets(spec->kind, spec->key_words, spec->arg_words));
}

/* Key, then mask. */
static inline uint64_t *tp_table_key(const struct tp_table *table, uint32_t index) {
  return tp_table_entry(table, index)->words + table->spec.arg_words;
}

int64_t tp_table_handle(const struct tp_table *table, uint32_t index);
/* The entry in use that a handle names, or null. */
struct tp_entry *tp_table_entry_of(const struct tp_table *table, int64_t handle, uint32_t *index);

/* --- table_slots.c --------------------------------------------------------------------------- */
/* How many a table of this kind and size may have: a power of two, twice the entries at least. */
uint32_t tp_slot_count(const struct tp_table_spec *spec);
/* For how many it wants memory, all zero, which tp_slot_begin then makes its own (null: it has
 * none). */
uint32_t tp_slot_memory(const struct tp_table_spec *spec);
void tp_slot_begin(struct tp_table *table, struct tp_slot *memory);
void tp_slot_add(struct tp_table *table, uint32_t tag, uint32_t index);
/* The slot in which an entry is. Only for an entry that is in one. */
struct tp_slot *tp_slot_of(struct tp_table *table, uint32_t tag, uint32_t index);
/* Empties a slot and shifts the rest of its probe sequence back: no tombstones slow lookups. */
void tp_slot_remove(struct tp_table *table, struct tp_slot *slot);

/* --- table_prefix.c -------------------------------------------------------------------------- */
/* TP_E_NO_MEMORY. */
int tp_prefix_open(struct tp_table *table);
void tp_prefix_close(struct tp_table *table);
uint32_t tp_prefix_bits(const uint64_t *mask, uint32_t words);
/* Counts one more entry of this mask, TP_E_OUT_OF_RANGE for one that is not contiguous. */
int tp_prefix_add(struct tp_table *table, const uint64_t *key, const uint64_t *mask, uint32_t bits);
void tp_prefix_remove(struct tp_table *table, const uint64_t *key, uint32_t bits);

/* --- table_tuple.c --------------------------------------------------------------------------- */
/* TP_E_NO_MEMORY. */
int tp_tuple_open(struct tp_table *table);
void tp_tuple_close(struct tp_table *table);
/* The index of the entry with this very key (as entries have it), mask and priority, plus 1; 0. */
uint32_t tp_tuple_find(const struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                       int32_t priority);
/* Makes an entry that has its key, mask and priority visible to lookups. TP_E_NO_MEMORY. */
int tp_tuple_add(struct tp_table *table, uint32_t index);
void tp_tuple_remove(struct tp_table *table, uint32_t index);

#endif
