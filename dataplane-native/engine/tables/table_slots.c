/* table_slots.c - the hash slots of a match table: open addressing, linear probing. */
#include "tables/table_parts.h"

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

void tp_slot_add(struct tp_table *table, uint32_t tag, uint32_t index) {
  uint32_t slot = tag & table->slot_mask;
  while (table->slots[slot].entry_plus1 != 0) {
    slot = (slot + 1) & table->slot_mask;
  }
  table->slots[slot] = (struct tp_slot){.tag = tag, .entry_plus1 = index + 1};
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
}
