/*
 * table_tuple.c - TERNARY: which entries are looked up together.
 *
 * Entries whose masks share many bits can be found by one hash: those bits of the key. Such a tuple
 * need not be of one mask alone: an entry may be in any tuple whose mask has no bit that the
 * entry's own has not, as long as not too many others are in the same bucket. So few tuples are
 * probed even where the entries' masks are many.
 *
 *   few entries     one tuple with an empty mask: a list by falling rank
 *   then            the tuple in whose bucket there are the fewest; where all have too many, a new
 *                   one, first by whole octets of the entry's mask, then by all of it
 *
 * A range field's mask is what all its values have in common: their first bits. Every match is
 * checked against the entry itself, so that a tuple may be as coarse as it likes.
 */
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "tables/table_parts.h"

/* So many in the tuple with an empty mask cost no more than a hash. */
#define LIST_LIMIT 12u
/* A bucket takes so many, and more where tuples are many: each costs about as much as an entry. */
#define BUCKET_LIMIT      4u
#define TUPLES_PER_BUCKET 8u
/* To find a tuple's best entry anew costs a look at each of the table's: once for so many that were
 * removed. */
#define LOOKS_PER_REMOVAL 256u

int tp_tuple_open(struct tp_table *table) {
  table->tuple_of = calloc(table->spec.max_entries + 1u, sizeof *table->tuple_of);
  return table->tuple_of == NULL ? TP_E_NO_MEMORY : TP_OK;
}

void tp_tuple_close(struct tp_table *table) {
  free(table->tuple_of);
  free(table->tuples);
}

/* --- masks ----------------------------------------------------------------------------------- */

/* The bits that all keys which an entry matches have in common. */
static void common_bits(const struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                        uint64_t *out) {
  const uint32_t range_words = table->spec.range_words;
  bool is_open = false; /* in the word above, of the same range, the ends differ */
  for (uint32_t i = table->spec.key_words; i-- > 0;) {
    const bool is_range = (range_words >> i & 1u) != 0;
    const uint64_t differ = key[i] ^ mask[i];
    is_open = is_open && tp_range_goes_on(range_words, i);
    if (!is_range) {
      out[i] = mask[i];
    } else if (is_open) {
      out[i] = 0;
    } else if (differ == 0) {
      out[i] = UINT64_MAX;
    } else {
      is_open = true;
      const uint32_t from = 64u - (uint32_t)__builtin_clzll(differ);
      out[i] = from == 64 ? 0 : UINT64_MAX << from;
    }
  }
}

/* Only octets of which every bit is set. */
static void whole_octets(uint64_t *mask, uint32_t words) {
  for (uint32_t i = 0; i < words; i++) {
    for (uint32_t shift = 0; shift < 64; shift += 8) {
      const uint64_t octet = UINT64_C(0xff) << shift;
      mask[i] = (mask[i] & octet) == octet ? mask[i] : mask[i] & ~octet;
    }
  }
}

static bool is_within(const uint64_t *mask, const uint64_t *of, uint32_t words) {
  uint64_t more = 0;
  for (uint32_t i = 0; i < words; i++) {
    more |= mask[i] & ~of[i];
  }
  return more == 0;
}

static bool is_empty(const uint64_t *mask, uint32_t words) {
  uint64_t bits = 0;
  for (uint32_t i = 0; i < words; i++) {
    bits |= mask[i];
  }
  return bits == 0;
}

static bool is_list(const struct tp_table *table, const struct tp_tuple *tuple) {
  return is_empty(tuple->mask, table->spec.key_words);
}

static void under_mask(const struct tp_table *table, const struct tp_tuple *tuple,
                       const uint64_t *key, uint64_t *masked) {
  for (uint32_t i = 0; i < table->spec.key_words; i++) {
    masked[i] = key[i] & tuple->mask[i];
  }
}

/* --- buckets --------------------------------------------------------------------------------- */

static uint64_t rank_of(const struct tp_table *table, uint32_t index) {
  return tp_rank(tp_table_entry(table, index)->priority, index);
}

static uint32_t bucket_of(const struct tp_table *table, const struct tp_tuple *tuple,
                          const uint64_t *key) {
  if (is_list(table, tuple)) {
    return tuple->head_plus1;
  }
  uint64_t masked[TP_MAX_KEY_WORDS];
  under_mask(table, tuple, key, masked);
  return tp_tuple_bucket(table, tuple, masked, table->spec.key_words, table->spec.arg_words);
}

/* How many entries are in a bucket, `limit` at most. */
static uint32_t bucket_count(const struct tp_table *table, uint32_t at, uint32_t limit) {
  uint32_t count = 0;
  for (; at != 0 && count < limit; at = tp_table_entry(table, at - 1)->next_plus1) {
    count++;
  }
  return count;
}

static uint32_t bucket_tag(const struct tp_table *table, const struct tp_tuple *tuple,
                           const uint64_t *key) {
  uint64_t masked[TP_MAX_KEY_WORDS];
  under_mask(table, tuple, key, masked);
  return tp_hash_words(table, masked, table->spec.key_words, tuple->id);
}

/* Another entry is the bucket's best now; 0 before or after: there was, or is, no bucket. */
static void set_bucket(struct tp_table *table, struct tp_tuple *tuple, uint32_t before_plus1,
                       uint32_t after_plus1) {
  if (is_list(table, tuple)) {
    tuple->head_plus1 = after_plus1;
    return;
  }
  const uint32_t any = (after_plus1 != 0 ? after_plus1 : before_plus1) - 1;
  const uint32_t tag = bucket_tag(table, tuple, tp_table_key(table, any));
  if (before_plus1 == 0) {
    tp_slot_add(table, tag, after_plus1 - 1);
  } else if (after_plus1 == 0) {
    tp_slot_remove(table, tp_slot_of(table, tag, before_plus1 - 1));
  } else {
    tp_slot_of(table, tag, before_plus1 - 1)->entry_plus1 = after_plus1;
  }
}

/* --- the tuples' order ----------------------------------------------------------------------- */

static struct tp_tuple *tuple_by_id(const struct tp_table *table, uint32_t id) {
  struct tp_tuple *tuple = table->tuples;
  while (tuple->id != id) {
    tuple++;
  }
  return tuple;
}

/* Moves a tuple to where its best_rank belongs. */
static void reorder(struct tp_table *table, struct tp_tuple *tuple) {
  const struct tp_tuple moved = *tuple;
  uint32_t at = (uint32_t)(tuple - table->tuples);
  for (; at > 0 && table->tuples[at - 1].best_rank < moved.best_rank; at--) {
    table->tuples[at] = table->tuples[at - 1];
  }
  for (; at + 1 < table->tuple_count && table->tuples[at + 1].best_rank > moved.best_rank; at++) {
    table->tuples[at] = table->tuples[at + 1];
  }
  table->tuples[at] = moved;
}

static bool is_id_used(const struct tp_table *table, uint32_t id) {
  for (uint32_t i = 0; i < table->tuple_count; i++) {
    if (table->tuples[i].id == id) {
      return true;
    }
  }
  return false;
}

/* An empty tuple, the last in order; null: no memory. */
static struct tp_tuple *new_tuple(struct tp_table *table, const uint64_t *mask) {
  if (table->tuple_count == table->tuple_capacity) {
    const uint32_t capacity = table->tuple_capacity == 0 ? 8 : table->tuple_capacity * 2;
    struct tp_tuple *larger = realloc(table->tuples, capacity * sizeof *larger);
    if (larger == NULL) {
      return NULL;
    }
    table->tuples = larger;
    table->tuple_capacity = capacity;
  }
  do {
    table->last_tuple_id++;
  } while (is_id_used(table, table->last_tuple_id));
  struct tp_tuple *tuple = &table->tuples[table->tuple_count++];
  *tuple = (struct tp_tuple){.id = table->last_tuple_id};
  memcpy(tuple->mask, mask, table->spec.key_words * sizeof *mask);
  return tuple;
}

static void remove_tuple(struct tp_table *table, struct tp_tuple *tuple) {
  const uint32_t at = (uint32_t)(tuple - table->tuples);
  table->tuple_count--;
  memmove(tuple, tuple + 1, (table->tuple_count - at) * sizeof *tuple);
}

/* Removals left a bound that no entry reaches: finds the best one that is there. */
static void find_best(struct tp_table *table, struct tp_tuple *tuple) {
  uint64_t best_rank = 0;
  for (uint32_t i = 0; i < table->fresh; i++) {
    if (table->tuple_of[i] == tuple->id && rank_of(table, i) > best_rank) {
      best_rank = rank_of(table, i);
    }
  }
  tuple->best_rank = best_rank;
  tuple->best_removed = 0;
  reorder(table, tuple);
}

/* --- entries --------------------------------------------------------------------------------- */

static void link_entry(struct tp_table *table, struct tp_tuple *tuple, uint32_t index) {
  const uint64_t rank = rank_of(table, index);
  struct tp_entry *entry = tp_table_entry(table, index);
  const uint32_t head = bucket_of(table, tuple, tp_table_key(table, index));
  table->tuple_of[index] = tuple->id;
  if (head == 0 || rank_of(table, head - 1) < rank) {
    entry->next_plus1 = head;
    set_bucket(table, tuple, head, index + 1);
  } else {
    struct tp_entry *before = tp_table_entry(table, head - 1);
    while (before->next_plus1 != 0 && rank_of(table, before->next_plus1 - 1) > rank) {
      before = tp_table_entry(table, before->next_plus1 - 1);
    }
    entry->next_plus1 = before->next_plus1;
    before->next_plus1 = index + 1;
  }
  tuple->entry_count++;
  if (rank > tuple->best_rank) {
    tuple->best_rank = rank;
    tuple->best_removed = 0;
    reorder(table, tuple);
  }
}

static void unlink_entry(struct tp_table *table, struct tp_tuple *tuple, uint32_t index) {
  const uint32_t head = bucket_of(table, tuple, tp_table_key(table, index));
  const uint32_t next_plus1 = tp_table_entry(table, index)->next_plus1;
  if (head == index + 1) {
    set_bucket(table, tuple, head, next_plus1);
  } else {
    struct tp_entry *before = tp_table_entry(table, head - 1);
    while (before->next_plus1 != index + 1) {
      before = tp_table_entry(table, before->next_plus1 - 1);
    }
    before->next_plus1 = next_plus1;
  }
  tuple->entry_count--;
  table->tuple_of[index] = 0;
}

/* The tuple with the fewest entries in the bucket for this key, among those that fit; null. */
static struct tp_tuple *emptiest(const struct tp_table *table, const uint64_t *key,
                                 const uint64_t *common, uint32_t limit) {
  struct tp_tuple *best = NULL;
  uint32_t least = limit;
  for (uint32_t i = 0; i < table->tuple_count && least > 0; i++) {
    struct tp_tuple *tuple = &table->tuples[i];
    if (!is_within(tuple->mask, common, table->spec.key_words)) {
      continue;
    }
    const uint32_t count = bucket_count(table, bucket_of(table, tuple, key), least);
    if (count < least) {
      least = count;
      best = tuple;
    }
  }
  return best;
}

static struct tp_tuple *tuple_of_mask(const struct tp_table *table, const uint64_t *mask) {
  for (uint32_t i = 0; i < table->tuple_count; i++) {
    if (tp_words_equal(table->tuples[i].mask, mask, table->spec.key_words)) {
      return &table->tuples[i];
    }
  }
  return NULL;
}

/* Null: no memory for a new one. */
static struct tp_tuple *choose_tuple(struct tp_table *table, uint32_t index) {
  const uint32_t words = table->spec.key_words;
  const uint64_t *key = tp_table_key(table, index);
  uint64_t mask[TP_MAX_KEY_WORDS];
  common_bits(table, key, key + words, mask);
  const uint64_t nothing[TP_MAX_KEY_WORDS] = {0};
  struct tp_tuple *list = tuple_of_mask(table, nothing);
  if (is_empty(mask, words) || table->entry_count < LIST_LIMIT) {
    return list != NULL ? list : new_tuple(table, nothing);
  }
  const uint32_t limit = BUCKET_LIMIT + table->tuple_count / TUPLES_PER_BUCKET;
  struct tp_tuple *fitting = emptiest(table, key, mask, limit);
  if (fitting != NULL) {
    return fitting;
  }
  uint64_t coarse[TP_MAX_KEY_WORDS];
  memcpy(coarse, mask, words * sizeof *mask);
  whole_octets(coarse, words);
  if (!is_empty(coarse, words) && tuple_of_mask(table, coarse) == NULL) {
    return new_tuple(table, coarse);
  }
  struct tp_tuple *own = tuple_of_mask(table, mask);
  return own != NULL ? own : new_tuple(table, mask);
}

/* The list has become too long: its entries go where later ones would. Who has no bits in common
 * with any other stays, and so does all the rest where there is no memory. */
static void spread_list(struct tp_table *table) {
  const uint64_t nothing[TP_MAX_KEY_WORDS] = {0};
  const struct tp_tuple *list = tuple_of_mask(table, nothing);
  uint32_t indices[LIST_LIMIT];
  uint32_t count = 0;
  for (uint32_t at = list == NULL ? 0 : list->head_plus1; at != 0 && count < LIST_LIMIT; count++) {
    indices[count] = at - 1;
    at = tp_table_entry(table, at - 1)->next_plus1;
  }
  for (uint32_t i = 0; i < count; i++) {
    struct tp_tuple *from = tuple_of_mask(table, nothing);
    unlink_entry(table, from, indices[i]);
    if (from->entry_count == 0) {
      remove_tuple(table, from);
    }
    struct tp_tuple *to = choose_tuple(table, indices[i]);
    if (to == NULL) {
      to = tuple_of_mask(table, nothing);
    }
    link_entry(table, to, indices[i]);
  }
}

uint32_t tp_tuple_find(const struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                       int32_t priority) {
  const uint32_t words = table->spec.key_words;
  uint64_t common[TP_MAX_KEY_WORDS];
  common_bits(table, key, mask, common);
  for (uint32_t i = 0; i < table->tuple_count; i++) {
    const struct tp_tuple *tuple = &table->tuples[i];
    if (!is_within(tuple->mask, common, words)) {
      continue;
    }
    for (uint32_t at = bucket_of(table, tuple, key); at != 0;) {
      const struct tp_entry *entry = tp_table_entry(table, at - 1);
      const uint64_t *own = tp_table_key(table, at - 1);
      if (entry->priority == priority && tp_words_equal(own, key, words) &&
          tp_words_equal(own + words, mask, words)) {
        return at;
      }
      at = entry->next_plus1;
    }
  }
  return 0;
}

int tp_tuple_add(struct tp_table *table, uint32_t index) {
  if (table->entry_count == LIST_LIMIT) {
    spread_list(table);
  }
  struct tp_tuple *tuple = choose_tuple(table, index);
  if (tuple == NULL) {
    return TP_E_NO_MEMORY;
  }
  link_entry(table, tuple, index);
  return TP_OK;
}

void tp_tuple_remove(struct tp_table *table, uint32_t index) {
  struct tp_tuple *tuple = tuple_by_id(table, table->tuple_of[index]);
  unlink_entry(table, tuple, index);
  if (tuple->entry_count == 0) {
    remove_tuple(table, tuple);
    return;
  }
  if (rank_of(table, index) == tuple->best_rank || tuple->best_removed > 0) {
    tuple->best_removed++;
  }
  if ((uint64_t)tuple->best_removed * LOOKS_PER_REMOVAL >= table->fresh) {
    find_best(table, tuple);
  }
}
