/*
 * table_slots.c - the hash slots of a match table: open addressing, linear probing. They are as
 * many as the entries that there are want, so that lookups in a large table with few of them touch
 * little memory. Growing costs a pass over the slots, without the entries: their tags tell where
 * they belong.
 */
#include "tables/table_parts.h"

#define FIRST_SLOTS 64u
#define STEP        4u
/* From here on all at once: what is moved then, and keeps lookups waiting, is no more than this. */
#define LAST_STEP_SLOTS 65536u

uint32_t tp_slot_count(const struct tp_table_spec *spec) {
  if (spec->direct_bits > 0) {
    return UINT32_C(1) << spec->direct_bits;
  }
  uint32_t count = 8;
  while (count < 2 * spec->max_entries) {
    count *= 2;
  }
  return count;
}

uint32_t tp_slot_memory(const struct tp_table_spec *spec) {
  return spec->direct_bits > 0 ? tp_slot_count(spec) : 2 * tp_slot_count(spec);
}

void tp_slot_begin(struct tp_table *table, struct tp_slot *memory) {
  const uint32_t most = tp_slot_count(&table->spec);
  const bool grows = table->spec.direct_bits == 0;
  const uint32_t count = grows && most > FIRST_SLOTS ? FIRST_SLOTS : most;
  table->slots_memory = memory;
  table->slots = grows && memory != NULL ? memory + count : memory;
  table->slot_mask = count - 1;
}

static void fill(struct tp_slot *slots, uint32_t mask, struct tp_slot value) {
  uint32_t slot = value.tag & mask;
  while (slots[slot].entry_plus1 != 0) {
    slot = (slot + 1) & mask;
  }
  slots[slot] = value;
}

/* The slots of each count have memory of their own: of n, from slot n of it on. */
static void grow(struct tp_table *table) {
  const uint32_t most = tp_slot_count(&table->spec);
  const uint32_t before = table->slot_mask + 1;
  const uint32_t count = before >= LAST_STEP_SLOTS || before * STEP >= most ? most : before * STEP;
  struct tp_slot *slots = table->slots_memory + count;
  for (uint32_t i = 0; i < before; i++) {
    if (table->slots[i].entry_plus1 != 0) {
      fill(slots, count - 1, table->slots[i]);
    }
  }
  table->slots = slots;
  table->slot_mask = count - 1;
}

void tp_slot_add(struct tp_table *table, uint32_t tag, uint32_t index) {
  const uint32_t count = table->slot_mask + 1;
  if (2 * (table->slots_used + 1) > count && count < tp_slot_count(&table->spec)) {
    grow(table);
  }
  table->slots_used++;
  fill(table->slots, table->slot_mask, (struct tp_slot){.tag = tag, .entry_plus1 = index + 1});
}

struct tp_slot *tp_slot_of(struct tp_table *table, uint32_t tag, uint32_t index) {
  uint32_t slot = tag & table->slot_mask;
  while (table->slots[slot].entry_plus1 != index + 1) {
    slot = (slot + 1) & table->slot_mask;
  }
  return &table->slots[slot];
}

void tp_slot_remove(struct tp_table *table, struct tp_slot *slot) {
  const uint32_t mask = table->slot_mask;
  uint32_t hole = (uint32_t)(slot - table->slots);
  for (uint32_t next = (hole + 1) & mask; table->slots[next].entry_plus1 != 0;
       next = (next + 1) & mask) {
    const uint32_t home = table->slots[next].tag & mask;
    if (((next - home) & mask) >= ((next - hole) & mask)) {
      table->slots[hole] = table->slots[next];
      hole = next;
    }
  }
  table->slots[hole] = (struct tp_slot){0};
  table->slots_used--;
}
