/*
 * table_loop.c - match tables alone: what an insertion and a lookup cost, and what an entry takes.
 *
 *   table_loop KIND ENTRIES LOOKUPS
 *
 *   exact         48 bits of address and 12 of VLAN; every lookup hits, in random order
 *   lpm           IPv4 prefixes with the lengths of an Internet table
 *   lpm-plain     the same, where every length in use is tried
 *   ternary       source and destination prefixes, protocol, range of destination ports, 1000
 *                 priorities; two lookups in three hit
 *   ternary-list  the same entries as a list by falling priority
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tables/table.h"

struct rule {
  uint64_t key[2];
  uint64_t mask[2];
  int32_t priority;
};

static uint64_t random_state = UINT64_C(0x1588158815881588);

static uint64_t random_number(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static double cpu_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint64_t prefix_mask(uint32_t length) {
  return length == 0 ? 0 : (UINT64_C(0xffffffff) << (32 - length)) & UINT64_C(0xffffffff);
}

static struct rule exact_rule(uint32_t i) {
  const uint64_t address = UINT64_C(0x020000000000) + (uint64_t)i * 7919;
  return (struct rule){.key = {address | (uint64_t)(i % 4095) << 48}, .mask = {UINT64_MAX}};
}

/* Of 100 prefixes, so many are as long as the list says, counted from 8 bits on. */
static struct rule route_rule(void) {
  static const uint8_t share[] = {1, 0, 0, 0,  1, 1, 1, 1, 2, 1, 2, 3, 5,
                                  5, 9, 8, 58, 1, 0, 0, 0, 0, 0, 0, 1};
  uint32_t left = (uint32_t)(random_number() % 100);
  uint32_t length = 8;
  while (left >= share[length - 8]) {
    left -= share[length - 8];
    length++;
  }
  const uint64_t mask = prefix_mask(length);
  return (struct rule){.key = {random_number() & mask}, .mask = {mask}};
}

/* Key word 0: source, destination; word 1: destination port; protocol above the addresses is left
 * to word 0's neighbours in real layouts, here the low bits of the source's hosts. */
static struct rule policy_rule(uint32_t i) {
  static const uint32_t lengths[] = {32, 24, 16, 28, 30, 8};
  const uint64_t source = prefix_mask(lengths[random_number() % 6]);
  const uint64_t destination = prefix_mask(lengths[random_number() % 5]);
  const uint64_t mask = source << 32 | destination;
  const uint64_t low = random_number() & 0x7fff;
  const uint64_t span = i % 3 == 0 ? 0 : random_number() % 200;
  return (struct rule){.key = {random_number() & mask, low},
                       .mask = {mask, low + span},
                       .priority = 1 + (int32_t)(random_number() % 1000)};
}

static int by_priority(const void *a, const void *b) {
  const int32_t first = ((const struct rule *)a)->priority;
  const int32_t second = ((const struct rule *)b)->priority;
  return first < second ? 1 : first > second ? -1 : 0;
}

static uint32_t find_in_list(const struct rule *rules, uint32_t count, const uint64_t *key) {
  for (uint32_t i = 0; i < count; i++) {
    if (((key[0] ^ rules[i].key[0]) & rules[i].mask[0]) == 0 && key[1] >= rules[i].key[1] &&
        key[1] <= rules[i].mask[1]) {
      return 1;
    }
  }
  return 0;
}

static uint32_t look_up(const struct tp_table *table, const struct rule *rules, uint32_t count,
                        const uint64_t *key, bool is_list) {
  if (is_list) {
    return find_in_list(rules, count, key);
  }
  switch (table->spec.kind) {
  case TP_TABLE_EXACT:
    return tp_find_exact(table, key, 1, 1) != NULL;
  case TP_TABLE_LPM:
    return tp_find_lpm(table, key, 1, 1) != NULL;
  default:
    return tp_find_ternary(table, key, 2, 1, 2) != NULL;
  }
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: table_loop KIND ENTRIES LOOKUPS\n");
    return 2;
  }
  const bool is_exact = strcmp(argv[1], "exact") == 0;
  const bool is_lpm = strncmp(argv[1], "lpm", 3) == 0;
  const bool is_list = strcmp(argv[1], "ternary-list") == 0;
  const uint32_t count = (uint32_t)strtoul(argv[2], NULL, 10);
  const uint32_t lookups = (uint32_t)strtoul(argv[3], NULL, 10);
  struct tp_table_spec spec = {.name = argv[1], .arg_words = 1, .max_entries = count};
  spec.kind = is_exact ? TP_TABLE_EXACT : is_lpm ? TP_TABLE_LPM : TP_TABLE_TERNARY;
  spec.key_words = is_exact || is_lpm ? 1 : 2;
  spec.range_words = is_exact || is_lpm ? 0 : 2;
  spec.lpm_bits = strcmp(argv[1], "lpm") == 0 ? 32 : 0;
  struct tp_table table;
  struct rule *rules = calloc(count, sizeof *rules);
  const uint32_t key_count = 1u << 16;
  uint64_t(*keys)[2] = calloc(key_count, sizeof *keys);
  if (rules == NULL || keys == NULL || tp_match_open(&table, &spec, 1) != 0) {
    return 1;
  }
  uint32_t made = 0;
  for (uint32_t i = 0; i < count; i++) {
    rules[i] = is_exact ? exact_rule(i) : is_lpm ? route_rule() : policy_rule(i);
  }
  const double before_insert = cpu_ns();
  for (uint32_t i = 0; i < count; i++) {
    const uint64_t port = 1 + i % 500;
    made += tp_match_insert(&table, rules[i].key, rules[i].mask, spec.range_words,
                            rules[i].priority, 0, &port, 1) >= 0;
  }
  const double inserted = cpu_ns() - before_insert;
  for (uint32_t i = 0; i < key_count; i++) {
    const struct rule *near = &rules[random_number() % count];
    keys[i][0] = near->key[0] | (random_number() & ~near->mask[0]);
    keys[i][1] = i % 3 == 0 ? random_number() & 0xffff : near->key[1];
    if (is_lpm) {
      keys[i][0] &= UINT64_C(0xffffffff);
    }
  }
  qsort(rules, is_list ? count : 0, sizeof *rules, by_priority);
  uint32_t hits = 0;
  const double before = cpu_ns();
  for (uint32_t i = 0; i < lookups; i++) {
    hits += look_up(&table, rules, count, keys[i % key_count], is_list);
  }
  const double looked = cpu_ns() - before;
  const size_t octets = tp_entry_octets(spec.kind, spec.key_words, spec.arg_words) +
                        (table.slot_mask + 1) * sizeof(struct tp_slot) / count;
  printf("{\"entries\": %u, \"nsPerInsert\": %.1f, \"nsPerLookup\": %.2f, \"hits\": %u, "
         "\"octetsPerEntry\": %zu, \"tuples\": %u}\n",
         made, inserted / count, looked / lookups, hits, octets, table.tuple_count);
  tp_match_close(&table);
  free(rules);
  free(keys);
  return 0;
}
