/*
 * table_prefix.c - LPM: the prefix lengths in use, and the filter that spares a lookup those that
 * no entry beneath the key's first bits has.
 */
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "tables/table_parts.h"

#define MAX_PREFIXES (64u * TP_MAX_KEY_WORDS + 1u)
#define WORD_BITS    64u

/* Bits of a filter's cell that stand for a length; the last is TP_FILTER_ALWAYS. */
#define FILTER_BITS 63u
/* A small table is in the cache as a whole. */
#define FILTER_LEAST_ENTRIES 256u
#define FILTER_MOST_CELLS    (UINT32_C(1) << 16)

/*
 * How many first bits of a field choose a cell: most routes of IPv4 are longer than 16 bits, most
 * of IPv6 as long as 32 or longer, and beneath that many there are few.
 */
static uint32_t filtered_bits(uint32_t field_bits) {
  return field_bits <= 40 ? 16 : 32;
}

/* Clears `count` bits of a key's words from bit `first` on. */
static void clear_bits(uint64_t *words, uint32_t first, uint32_t count) {
  for (uint32_t bit = first; bit < first + count; bit++) {
    words[bit / WORD_BITS] &= ~(UINT64_C(1) << bit % WORD_BITS);
  }
}

static int open_filter(struct tp_table *table) {
  const struct tp_table_spec *spec = &table->spec;
  const uint32_t first = filtered_bits(spec->lpm_bits);
  if (spec->max_entries < FILTER_LEAST_ENTRIES || spec->lpm_bits <= first) {
    return TP_OK;
  }
  struct tp_filter *filter = &table->filter;
  memset(filter->mask, 0xff, sizeof filter->mask);
  clear_bits(filter->mask, spec->lpm_word * WORD_BITS + spec->lpm_shift, spec->lpm_bits - first);
  uint32_t cells = FILTER_LEAST_ENTRIES;
  while (cells < spec->max_entries && cells < FILTER_MOST_CELLS) {
    cells *= 2;
  }
  filter->cell_mask = cells - 1;
  filter->cells = calloc(cells, sizeof *filter->cells);
  filter->counts = calloc((size_t)cells * FILTER_BITS, sizeof *filter->counts);
  return filter->cells == NULL || filter->counts == NULL ? TP_E_NO_MEMORY : TP_OK;
}

int tp_prefix_open(struct tp_table *table) {
  const struct tp_table_spec *spec = &table->spec;
  const uint32_t end = spec->lpm_word * WORD_BITS + spec->lpm_shift + spec->lpm_bits;
  if (end > spec->key_words * WORD_BITS) {
    return TP_E_BAD_PIPELINE;
  }
  table->prefix_capacity = MAX_PREFIXES;
  table->prefixes = calloc(table->prefix_capacity, sizeof *table->prefixes);
  return table->prefixes == NULL ? TP_E_NO_MEMORY : open_filter(table);
}

void tp_prefix_close(struct tp_table *table) {
  free(table->prefixes);
  free(table->filter.cells);
  free(table->filter.counts);
}

uint32_t tp_prefix_bits(const uint64_t *mask, uint32_t words) {
  uint32_t bits = 0;
  for (uint32_t i = 0; i < words; i++) {
    bits += (uint32_t)__builtin_popcountll(mask[i]);
  }
  return bits;
}

/* The bit that stands for a prefix length in the filter's cells. */
static uint64_t filter_bit(const struct tp_table *table, const uint64_t *mask, uint32_t bits) {
  const struct tp_table_spec *spec = &table->spec;
  const uint32_t end = spec->lpm_word * WORD_BITS + spec->lpm_shift + spec->lpm_bits;
  if (table->filter.cells == NULL) {
    return TP_FILTER_ALWAYS;
  }
  const uint32_t last = end - filtered_bits(spec->lpm_bits); /* of the field's first bits */
  const bool is_long = (mask[last / WORD_BITS] >> last % WORD_BITS & 1) != 0;
  return is_long ? UINT64_C(1) << bits % FILTER_BITS : TP_FILTER_ALWAYS;
}

/* One entry more, or less, of this prefix length beneath the key's first bits. */
static void filter_count(struct tp_table *table, const struct tp_prefix *prefix,
                         const uint64_t *key, bool is_more) {
  if (prefix->filter == TP_FILTER_ALWAYS) {
    return;
  }
  struct tp_filter *filter = &table->filter;
  uint64_t masked[TP_MAX_KEY_WORDS];
  for (uint32_t i = 0; i < table->spec.key_words; i++) {
    masked[i] = key[i] & filter->mask[i];
  }
  const uint32_t cell = tp_hash_words(table, masked, table->spec.key_words, 0) & filter->cell_mask;
  const uint32_t bit = (uint32_t)__builtin_ctzll(prefix->filter);
  uint32_t *count = &filter->counts[(size_t)cell * FILTER_BITS + bit];
  *count += is_more ? 1 : UINT32_MAX;
  if (*count == 0) {
    filter->cells[cell] &= ~prefix->filter;
  } else {
    filter->cells[cell] |= prefix->filter;
  }
}

/* Two masks of the same length cannot both be contiguous. */
int tp_prefix_add(struct tp_table *table, const uint64_t *key, const uint64_t *mask,
                  uint32_t bits) {
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
    filter_count(table, prefix, key, true);
    return TP_OK;
  }
  if (table->prefix_count == table->prefix_capacity) {
    return TP_E_OUT_OF_RANGE;
  }
  memmove(prefix + 1, prefix, (table->prefix_count - at) * sizeof *prefix);
  *prefix = (struct tp_prefix){.bits = bits, .entry_count = 1};
  memcpy(prefix->mask, mask, table->spec.key_words * sizeof *mask);
  prefix->filter = filter_bit(table, mask, bits);
  table->prefix_count++;
  filter_count(table, prefix, key, true);
  return TP_OK;
}

void tp_prefix_remove(struct tp_table *table, const uint64_t *key, uint32_t bits) {
  uint32_t at = 0;
  while (table->prefixes[at].bits != bits) {
    at++;
  }
  struct tp_prefix *prefix = &table->prefixes[at];
  filter_count(table, prefix, key, false);
  if (--prefix->entry_count == 0) {
    table->prefix_count--;
    memmove(prefix, prefix + 1, (table->prefix_count - at) * sizeof *prefix);
  }
}
