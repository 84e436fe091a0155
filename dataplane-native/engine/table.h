/*
 * table.h - match tables: the lookups that generated pipelines inline, and the control operations
 * that the engine calls (table.c).
 *
 *   EXACT    slots[hash & mask] -> entry          one probe sequence; short keys are their own hash
 *   LPM      for each prefix length in use, longest first: as EXACT with the masked key
 *   TERNARY  entries in order of falling priority, first match wins
 *
 * A lookup and a control operation never run at the same time: the engine's lock is held for both.
 * Lookups allocate nothing and cannot fail; a miss is the table's default entry.
 */
#ifndef TIMEPLANE_TABLE_H
#define TIMEPLANE_TABLE_H

#include "meter.h"

#define TP_ACTION_NONE    UINT32_MAX /* a default entry that was never set: do nothing */
#define TP_HANDLE_DEFAULT (-1)

struct tp_entry {
  uint32_t action;     /* index in the compiler's layout */
  uint32_t generation; /* odd while the entry is in use: a stale handle never hits its successor */
  int32_t priority;    /* TERNARY: higher wins. LPM: bits in the mask */
  uint32_t next_free;
  struct tp_counter counter; /* direct counter */
  uint64_t last_hit_ns;      /* steady_ns of it, where the table's entries may time out */
  uint64_t words[];          /* arguments (spec.arg_words), then key, then mask (not for EXACT) */
};
_Static_assert(sizeof(struct tp_entry) == 40, "entry_octets below counts on it");

/* EXACT and LPM: an open-addressing slot; the tag is the hash's low half, 0 entry_plus1 is empty.
 */
struct tp_slot {
  uint32_t tag;
  uint32_t entry_plus1;
};

/* LPM: one prefix length in use. */
struct tp_prefix {
  uint32_t bits;
  uint32_t entry_count;
  uint64_t mask[TP_MAX_KEY_WORDS];
};

struct tp_table {
  struct tp_table_spec spec;
  unsigned char *entries;     /* spec.max_entries of them, tp_entry_octets() apart */
  struct tp_meter *meters;    /* direct meters, by entry; null without */
  struct tp_slot *slots;      /* EXACT, LPM */
  uint32_t slot_mask;         /* slot count - 1 */
  uint32_t entry_count;       /* in use */
  uint32_t free_head_plus1;   /* removed entries, by next_free */
  uint32_t fresh;             /* entries from here on were never used */
  uint32_t *order;            /* TERNARY: entry indices by falling priority */
  struct tp_prefix *prefixes; /* LPM: longest first */
  uint32_t prefix_count;
  uint32_t prefix_capacity;
  struct tp_entry *default_entry;
};

/* --- control operations (table.c): 0 or a handle, or a negative TP_E… of engine.h ------------- */

/* Makes an empty table without a default action. TP_E_NO_MEMORY, TP_E_BAD_PIPELINE. */
int tp_match_open(struct tp_table *table, const struct tp_table_spec *spec);
void tp_match_close(struct tp_table *table);
/* As tp_table_insert in engine.h says. TP_E_EXISTS, TP_E_FULL, TP_E_OUT_OF_RANGE. */
int64_t tp_match_insert(struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                        uint32_t range_words, int32_t priority, uint32_t action,
                        const uint64_t *args, uint32_t arg_words);
/* TP_E_NOT_FOUND: no such handle (any more). */
int tp_match_modify(struct tp_table *table, int64_t handle, uint32_t action, const uint64_t *args,
                    uint32_t arg_words);
int tp_match_remove(struct tp_table *table, int64_t handle);
/* action TP_ACTION_NONE: no default action. The default entry's counter is kept. */
int tp_match_set_default(struct tp_table *table, uint32_t action, const uint64_t *args,
                         uint32_t arg_words);
/* TP_HANDLE_DEFAULT is the default entry. TP_E_OUT_OF_RANGE: no direct counter. */
int tp_match_read_counter(const struct tp_table *table, int64_t handle, uint64_t out[2]);
int tp_match_write_counter(struct tp_table *table, int64_t handle, uint64_t packets,
                           uint64_t octets);
/* As tp_meter_configure. TP_E_OUT_OF_RANGE: no direct meter, or the default entry, which has none
 * as in simple_switch: only hits are metered. */
int tp_match_write_meter(struct tp_table *table, int64_t handle, const uint64_t *words);
/* As tp_meter_configuration, or an error. */
int tp_match_read_meter(const struct tp_table *table, int64_t handle, uint64_t *words);

/* --- lookups ----------------------------------------------------------------------------------
 * key_words and arg_words are the table's own, given as constants so that the compiler unrolls. A
 * null pointer is a miss.
 */

#define TP_INLINE static inline __attribute__((always_inline, unused))

TP_INLINE size_t tp_entry_octets(uint32_t kind, uint32_t key_words, uint32_t arg_words) {
  const uint32_t words = arg_words + (kind == TP_TABLE_EXACT ? key_words : 2 * key_words);
  return sizeof(struct tp_entry) + words * sizeof(uint64_t);
}

TP_INLINE struct tp_entry *tp_entry_at(const struct tp_table *table, uint32_t index,
                                       size_t entry_octets) {
  return (struct tp_entry *)(void *)(table->entries + index * entry_octets);
}

/* The direct meter of an entry that a lookup has found. */
TP_INLINE struct tp_meter *tp_entry_meter(const struct tp_table *table,
                                          const struct tp_entry *entry, size_t entry_octets) {
  const unsigned char *at = (const unsigned char *)(const void *)entry;
  return &table->meters[(size_t)(at - table->entries) / entry_octets];
}

/* Folded 64x64 multiply: every key bit reaches every tag bit. */
TP_INLINE uint32_t tp_hash_words(const uint64_t *words, uint32_t word_count, uint64_t seed) {
  uint64_t hash = seed ^ UINT64_C(0xd6e8feb86659fd93);
  for (uint32_t i = 0; i < word_count; i++) {
    const tp_u128 product = (tp_u128)(words[i] ^ hash) * UINT64_C(0x9e3779b97f4a7c15);
    hash = (uint64_t)product ^ (uint64_t)(product >> 64);
  }
  return (uint32_t)(hash ^ (hash >> 32));
}

TP_INLINE bool tp_words_equal(const uint64_t *a, const uint64_t *b, uint32_t word_count) {
  uint64_t difference = 0;
  for (uint32_t i = 0; i < word_count; i++) {
    difference |= a[i] ^ b[i];
  }
  return difference == 0;
}

/* EXACT with spec.direct_bits: the key is the slot. */
TP_INLINE struct tp_entry *tp_find_direct(const struct tp_table *table, const uint64_t *key,
                                          uint32_t arg_words) {
  const uint32_t entry_plus1 = table->slots[key[0]].entry_plus1;
  return entry_plus1 == 0
             ? NULL
             : tp_entry_at(table, entry_plus1 - 1, tp_entry_octets(TP_TABLE_EXACT, 1, arg_words));
}

TP_INLINE struct tp_entry *tp_find_exact(const struct tp_table *table, const uint64_t *key,
                                         uint32_t key_words, uint32_t arg_words) {
  if (table->entry_count == 0) {
    return NULL; /* a feature that is not in use costs a branch, not a hash */
  }
  const size_t octets = tp_entry_octets(TP_TABLE_EXACT, key_words, arg_words);
  const uint32_t tag = tp_hash_words(key, key_words, 0);
  for (uint32_t slot = tag & table->slot_mask;; slot = (slot + 1) & table->slot_mask) {
    const struct tp_slot found = table->slots[slot];
    if (found.entry_plus1 == 0) {
      return NULL;
    }
    if (found.tag == tag) {
      struct tp_entry *entry = tp_entry_at(table, found.entry_plus1 - 1, octets);
      if (tp_words_equal(entry->words + arg_words, key, key_words)) {
        return entry;
      }
    }
  }
}

TP_INLINE struct tp_entry *tp_find_prefix(const struct tp_table *table, const uint64_t *masked,
                                          uint32_t bits, uint32_t key_words, uint32_t arg_words) {
  const size_t octets = tp_entry_octets(TP_TABLE_LPM, key_words, arg_words);
  const uint32_t tag = tp_hash_words(masked, key_words, bits);
  for (uint32_t slot = tag & table->slot_mask;; slot = (slot + 1) & table->slot_mask) {
    const struct tp_slot found = table->slots[slot];
    if (found.entry_plus1 == 0) {
      return NULL;
    }
    if (found.tag == tag) {
      struct tp_entry *entry = tp_entry_at(table, found.entry_plus1 - 1, octets);
      if (entry->priority == (int32_t)bits &&
          tp_words_equal(entry->words + arg_words, masked, key_words)) {
        return entry;
      }
    }
  }
}

TP_INLINE struct tp_entry *tp_find_lpm(const struct tp_table *table, const uint64_t *key,
                                       uint32_t key_words, uint32_t arg_words) {
  for (uint32_t i = 0; i < table->prefix_count; i++) {
    const struct tp_prefix *prefix = &table->prefixes[i];
    uint64_t masked[TP_MAX_KEY_WORDS];
    for (uint32_t word = 0; word < key_words; word++) {
      masked[word] = key[word] & prefix->mask[word];
    }
    struct tp_entry *entry = tp_find_prefix(table, masked, prefix->bits, key_words, arg_words);
    if (entry != NULL) {
      return entry;
    }
  }
  return NULL;
}

TP_INLINE struct tp_entry *tp_find_ternary(const struct tp_table *table, const uint64_t *key,
                                           uint32_t key_words, uint32_t arg_words,
                                           uint32_t range_words) {
  const size_t octets = tp_entry_octets(TP_TABLE_TERNARY, key_words, arg_words);
  for (uint32_t i = 0; i < table->entry_count; i++) {
    struct tp_entry *entry = tp_entry_at(table, table->order[i], octets);
    const uint64_t *want = entry->words + arg_words;
    const uint64_t *mask = want + key_words;
    uint64_t difference = 0;
    for (uint32_t word = 0; word < key_words; word++) {
      if ((range_words >> word & 1u) != 0) {
        difference |= (uint64_t)(key[word] < want[word]) | (uint64_t)(key[word] > mask[word]);
      } else {
        difference |= (key[word] ^ want[word]) & mask[word];
      }
    }
    if (difference == 0) {
      return entry;
    }
  }
  return NULL;
}

#endif
