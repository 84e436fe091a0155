/*
 * table.h - match tables: their data structures, and the lookups that generated pipelines inline.
 * What the engine does to them for the host is in
 *
 *   table.c            open, insert, modify, remove, find, default entries
 *   table_slots.c      the hash slots
 *   table_prefix.c     LPM: prefix lengths in use
 *   table_tuple.c      TERNARY: tuples of entries
 *   table_resources.c  direct counters, direct meters, idle times
 *
 *   EXACT    slots[hash & mask] -> entry          one probe sequence; short keys are their own hash
 *   LPM      for each prefix length in use, longest first: as EXACT with the masked key; a filter
 *            says which lengths there can be beneath the key's first bits
 *   TERNARY  for each tuple, best first: as EXACT with the key under the tuple's mask, then the few
 *            entries that share it, best first. Ends where no tuple left has a better entry
 *
 * A lookup and a control operation never run at the same time: the engine's lock is held for both.
 * Lookups allocate nothing and cannot fail; a miss is the table's default entry.
 */
#ifndef TIMEPLANE_TABLE_H
#define TIMEPLANE_TABLE_H

#include "tables/meter.h"

#define TP_ACTION_NONE    UINT32_MAX /* a default entry that was never set: do nothing */
#define TP_HANDLE_DEFAULT (-1)
#define TP_LINE_OCTETS    64u /* of a cache line */

struct tp_entry {
  uint32_t action;     /* index in the compiler's layout */
  uint32_t generation; /* odd while the entry is in use: a stale handle never hits its successor */
  int32_t priority;    /* TERNARY: higher wins. LPM: bits in the mask */
  uint32_t next_plus1; /* in use, TERNARY: the next best of its bucket; else the next free one */
  struct tp_counter counter; /* direct counter */
  uint64_t last_hit_ns;      /* steady_ns of it, where the table's entries may time out */
  uint64_t words[];          /* arguments (spec.arg_words), then key, then mask (not for EXACT) */
};
_Static_assert(sizeof(struct tp_entry) == 40, "words follow without a gap");

/* An open-addressing slot: of an entry, TP_TAG_USED and the low bits of its hash, or zero. TERNARY:
 * the entry is the best of its bucket. */
struct tp_slot {
  uint32_t tag;
  uint32_t entry_plus1;
};

#define TP_TAG_USED UINT32_C(0x80000000)

/* LPM: one prefix length in use. */
struct tp_prefix {
  uint32_t bits;
  uint32_t entry_count;
  uint64_t filter; /* its bit in a filter's cell */
  uint64_t mask[TP_MAX_KEY_WORDS];
};

#define TP_FILTER_ALWAYS (UINT64_C(1) << 63) /* of lengths that the filter does not cover */

/*
 * LPM: which prefix lengths are in use beneath the first bits of a field. A cell is chosen by the
 * hash of the key under `mask`; cells that several such keys share only cost a probe in vain.
 */
struct tp_filter {
  uint64_t *cells;  /* null: none */
  uint32_t *counts; /* of entries, by cell and bit */
  uint32_t cell_mask;
  uint64_t mask[TP_MAX_KEY_WORDS];
};

/*
 * TERNARY: entries whose masks all have the bits of `mask`, in buckets by their keys under it. The
 * tuple with an empty mask has one bucket, and needs no hash to find it.
 */
struct tp_tuple {
  uint64_t best_rank; /* no entry of it has a greater one */
  uint32_t id;        /* of this table, never used twice at a time */
  uint32_t entry_count;
  uint32_t best_removed; /* entries that were the best, since best_rank was known to be one's */
  uint32_t head_plus1;   /* an empty mask's bucket */
  uint64_t mask[TP_MAX_KEY_WORDS];
};

/* What a lookup by short keys needs is at its beginning, in a cache line or two. */
struct tp_table {
  unsigned char *entries; /* spec.max_entries of them, tp_entry_octets() apart */
  struct tp_slot *slots;  /* but for KEYLESS */
  uint32_t slot_mask;     /* slot count - 1: twice the entries that there are, or more */
  uint32_t entry_count;   /* in use */
  struct tp_entry *default_entry;
  tp_u128 factors[TP_MAX_KEY_WORDS]; /* see tp_hash_words */
  struct tp_tuple *tuples;           /* TERNARY: by falling best_rank */
  uint32_t tuple_count;
  uint32_t prefix_count;
  struct tp_prefix *prefixes; /* LPM: longest first */
  uint32_t *tuple_of;         /* TERNARY: an entry's tuple, by its id */
  struct tp_meter *meters;    /* direct meters, by entry, then the default one's; null without */
  struct tp_filter filter;
  struct tp_table_spec spec;
  uint32_t free_head_plus1; /* removed entries */
  uint32_t fresh;           /* entries from here on were never used */
  uint32_t slots_used;
  uint32_t prefix_capacity;
  uint32_t tuple_capacity;
  uint32_t last_tuple_id;
  uint32_t timeout_count;       /* entries with an idle timeout */
  uint64_t *timeouts_ns;        /* idle timeouts by entry, 0: none; null before the first */
  uint64_t *idle_from_ns;       /* when its time began anew */
  void *entries_memory;         /* what `entries` is a part of */
  struct tp_slot *slots_memory; /* likewise */
};

/* --- control operations: 0 or a handle, or a negative TP_E… of engine.h ------------------------
 */

/* Makes an empty table without a default action. What its lookups find does not depend on the seed,
 * of which nobody who sends frames may know anything. TP_E_NO_MEMORY, TP_E_BAD_PIPELINE. */
int tp_match_open(struct tp_table *table, const struct tp_table_spec *spec, uint64_t hash_seed);
void tp_match_close(struct tp_table *table);
/* As tp_table_insert in engine.h says. TP_E_EXISTS, TP_E_FULL, TP_E_OUT_OF_RANGE. */
int64_t tp_match_insert(struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                        uint32_t range_words, int32_t priority, uint32_t action,
                        const uint64_t *args, uint32_t arg_words);
/* The handle of the entry with just this match and, TERNARY, priority. TP_E_NOT_FOUND. */
int64_t tp_match_find(const struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                      int32_t priority);
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
/* As tp_meter_configure. TP_E_OUT_OF_RANGE: no direct meter. Misses are metered only while the
 * default entry's is configured: simple_switch meters hits alone. */
int tp_match_write_meter(struct tp_table *table, int64_t handle, const uint64_t *words);
/* As tp_meter_configuration, or an error. */
int tp_match_read_meter(const struct tp_table *table, int64_t handle, uint64_t *words);
/* The direct meter itself; null with *result TP_E_NOT_FOUND or TP_E_OUT_OF_RANGE. */
struct tp_meter *tp_match_meter(const struct tp_table *table, int64_t handle, int *result);

/*
 * Idle times, by the steady clock. A timeout of 0: none. take_idle: the handles of up to `count`
 * entries that were not hit for as long as their timeout; their time begins anew. It goes on at
 * index *from, looks at TP_READ_LOOKS entries at most, and is through when *from is no less than
 * `fresh`.
 */
int tp_match_set_timeout(struct tp_table *table, int64_t handle, uint64_t timeout_ns,
                         uint64_t now_ns);
int tp_match_touch(struct tp_table *table, int64_t handle, uint64_t now_ns);
int tp_match_read_idle(const struct tp_table *table, int64_t handle, uint64_t now_ns,
                       uint64_t *out);
uint32_t tp_match_take_idle(struct tp_table *table, uint32_t *from, uint64_t now_ns, uint32_t count,
                            int64_t *handles);

/*
 * Rows: entries as the host reads and writes many of them, see tp_table_write in engine.h. read
 * goes on at index *from as take_idle does, and returns how many rows it wrote.
 */
#define TP_READ_LOOKS 4096u
uint32_t tp_match_row_words(const struct tp_table *table);
uint32_t tp_match_read(const struct tp_table *table, uint32_t *from, uint32_t count,
                       uint64_t *rows);
int tp_match_read_one(const struct tp_table *table, int64_t handle, uint64_t *row);
/* A handle, or what insert, modify, remove and find refuse with. */
int64_t tp_match_write_row(struct tp_table *table, uint32_t operation, const uint64_t *row);

/* --- lookups ----------------------------------------------------------------------------------
 * key_words and arg_words are the table's own, given as constants so that the compiler unrolls. A
 * null pointer is a miss.
 */

#define TP_INLINE static inline __attribute__((always_inline, unused))

/* One that is not longer than a cache line has one of its own. */
TP_INLINE size_t tp_entry_octets(uint32_t kind, uint32_t key_words, uint32_t arg_words) {
  const uint32_t words = arg_words + (kind == TP_TABLE_EXACT ? key_words : 2 * key_words);
  const size_t octets = sizeof(struct tp_entry) + words * sizeof(uint64_t);
  return octets < TP_LINE_OCTETS ? TP_LINE_OCTETS : octets;
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

TP_INLINE struct tp_meter *tp_default_meter(const struct tp_table *table) {
  return &table->meters[table->spec.max_entries];
}

/*
 * The upper half of the sum of words times factors, modulo 2^128, mixed. The factors are the
 * table's own and drawn by chance, since keys come from the wire, learnt addresses among them: of
 * any two keys, whoever chose them, the lowest k bits of that half are the same with a chance of
 * 2^(1-k) at most (Dietzfelbinger, "Universal hashing and k-wise independent random variables via
 * integer arithmetic without primes"), so that nobody can know which keys share a slot. Without the
 * mixing a few draws in a thousand would heap keys that are the same distance from each other.
 * `kind` tells apart keys that are the same and belong to different lists of one table.
 */
TP_INLINE uint32_t tp_hash_words(const struct tp_table *table, const uint64_t *words,
                                 uint32_t word_count, uint64_t kind) {
  tp_u128 sum = (tp_u128)(kind * UINT64_C(0x9e3779b97f4a7c15)) << 64;
  for (uint32_t i = 0; i < word_count; i++) {
    sum += table->factors[i] * words[i];
  }
  uint64_t hash = (uint64_t)(sum >> 64);
  hash = (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
  return (uint32_t)(hash >> 32) | TP_TAG_USED;
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
  const size_t octets = tp_entry_octets(TP_TABLE_EXACT, key_words, arg_words);
  const uint32_t tag = tp_hash_words(table, key, key_words, 0);
  for (uint32_t slot = tag & table->slot_mask;; slot = (slot + 1) & table->slot_mask) {
    const struct tp_slot found = table->slots[slot];
    if (found.tag == tag) {
      struct tp_entry *entry = tp_entry_at(table, found.entry_plus1 - 1, octets);
      if (tp_words_equal(entry->words + arg_words, key, key_words)) {
        return entry;
      }
    } else if (found.tag == 0) {
      return NULL;
    }
  }
}

TP_INLINE struct tp_entry *tp_find_prefix(const struct tp_table *table, const uint64_t *masked,
                                          uint32_t bits, uint32_t key_words, uint32_t arg_words) {
  const size_t octets = tp_entry_octets(TP_TABLE_LPM, key_words, arg_words);
  const uint32_t tag = tp_hash_words(table, masked, key_words, bits);
  for (uint32_t slot = tag & table->slot_mask;; slot = (slot + 1) & table->slot_mask) {
    const struct tp_slot found = table->slots[slot];
    if (found.tag == tag) {
      struct tp_entry *entry = tp_entry_at(table, found.entry_plus1 - 1, octets);
      if (entry->priority == (int32_t)bits &&
          tp_words_equal(entry->words + arg_words, masked, key_words)) {
        return entry;
      }
    } else if (found.tag == 0) {
      return NULL;
    }
  }
}

TP_INLINE struct tp_entry *tp_find_lpm(const struct tp_table *table, const uint64_t *key,
                                       uint32_t key_words, uint32_t arg_words) {
  uint64_t masked[TP_MAX_KEY_WORDS];
  uint64_t lengths = UINT64_MAX;
  if (table->filter.cells != NULL && table->prefix_count > 2) {
    for (uint32_t word = 0; word < key_words; word++) {
      masked[word] = key[word] & table->filter.mask[word];
    }
    const uint32_t cell = tp_hash_words(table, masked, key_words, 0) & table->filter.cell_mask;
    lengths = table->filter.cells[cell] | TP_FILTER_ALWAYS;
  }
  for (uint32_t i = 0; i < table->prefix_count; i++) {
    const struct tp_prefix *prefix = &table->prefixes[i];
    if ((lengths & prefix->filter) == 0) {
      continue;
    }
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

/* Which of two entries wins: the higher priority, then the lower index. Never 0. */
TP_INLINE uint64_t tp_rank(int32_t priority, uint32_t index) {
  return (uint64_t)((uint32_t)priority ^ UINT32_C(0x80000000)) << 32 | (UINT32_MAX - index);
}

/* Whether a range field has more of its bits in the next word. */
TP_INLINE bool tp_range_goes_on(uint32_t range_words, uint32_t word) {
  return (range_words >> (TP_MAX_KEY_WORDS + word) & 1u) != 0;
}

TP_INLINE bool tp_ternary_matches(const uint64_t *key, const uint64_t *want, uint32_t key_words,
                                  uint32_t range_words) {
  const uint64_t *mask = want + key_words;
  uint64_t difference = 0;
  uint64_t under = 0; /* of a range so far: what decides where the words above are the same */
  uint64_t over = 0;
  for (uint32_t word = 0; word < key_words; word++) {
    if ((range_words >> word & 1u) != 0) {
      under = (uint64_t)(key[word] < want[word]) | ((uint64_t)(key[word] == want[word]) & under);
      over = (uint64_t)(key[word] > mask[word]) | ((uint64_t)(key[word] == mask[word]) & over);
      if (!tp_range_goes_on(range_words, word)) {
        difference |= under | over;
        under = 0;
        over = 0;
      }
    } else {
      difference |= (key[word] ^ want[word]) & mask[word];
    }
  }
  return difference == 0;
}

/* The best entry of the bucket in which `masked`, the key under the tuple's mask, belongs, plus 1.
 * 0: there is no such bucket. */
TP_INLINE uint32_t tp_tuple_bucket(const struct tp_table *table, const struct tp_tuple *tuple,
                                   const uint64_t *masked, uint32_t key_words, uint32_t arg_words) {
  const size_t octets = tp_entry_octets(TP_TABLE_TERNARY, key_words, arg_words);
  const uint32_t tag = tp_hash_words(table, masked, key_words, tuple->id);
  for (uint32_t slot = tag & table->slot_mask;; slot = (slot + 1) & table->slot_mask) {
    const struct tp_slot found = table->slots[slot];
    if (found.entry_plus1 == 0) {
      return 0;
    }
    if (found.tag != tag || table->tuple_of[found.entry_plus1 - 1] != tuple->id) {
      continue;
    }
    const uint64_t *want = tp_entry_at(table, found.entry_plus1 - 1, octets)->words + arg_words;
    uint64_t difference = 0;
    for (uint32_t word = 0; word < key_words; word++) {
      difference |= (want[word] & tuple->mask[word]) ^ masked[word];
    }
    if (difference == 0) {
      return found.entry_plus1;
    }
  }
}

TP_INLINE struct tp_entry *tp_find_ternary(const struct tp_table *table, const uint64_t *key,
                                           uint32_t key_words, uint32_t arg_words,
                                           uint32_t range_words) {
  const size_t octets = tp_entry_octets(TP_TABLE_TERNARY, key_words, arg_words);
  struct tp_entry *best = NULL;
  uint64_t best_rank = 0;
  for (uint32_t i = 0; i < table->tuple_count; i++) {
    const struct tp_tuple *tuple = &table->tuples[i];
    if (tuple->best_rank <= best_rank) {
      break;
    }
    uint64_t masked[TP_MAX_KEY_WORDS];
    uint64_t bits = 0;
    for (uint32_t word = 0; word < key_words; word++) {
      masked[word] = key[word] & tuple->mask[word];
      bits |= tuple->mask[word];
    }
    uint32_t at =
        bits == 0 ? tuple->head_plus1 : tp_tuple_bucket(table, tuple, masked, key_words, arg_words);
    while (at != 0) {
      struct tp_entry *entry = tp_entry_at(table, at - 1, octets);
      const uint64_t rank = tp_rank(entry->priority, at - 1);
      if (rank <= best_rank) {
        break;
      }
      if (tp_ternary_matches(key, entry->words + arg_words, key_words, range_words)) {
        best = entry;
        best_rank = rank;
        break;
      }
      at = entry->next_plus1;
    }
  }
  return best;
}

#endif
