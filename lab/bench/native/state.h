/*
 * state.h - reads the pipeline's tables and groups from a file that the harness wrote, one item a
 * line, numbers in decimal (layout as in compiler/layout.ts):
 *
 *   entry TABLE PRIORITY ACTION KEYWORDS key… mask… ARGWORDS args…   (KEYWORDS 0: the default
 * entry) group GROUP COUNT port…
 */
#ifndef TIMEPLANE_BENCH_STATE_H
#define TIMEPLANE_BENCH_STATE_H

#include "frames.h"
#include "pipeline.h"

#define MAX_GROUPS      256u
#define MAX_GROUP_PORTS 16u

struct state_entry {
  uint32_t table;
  int32_t priority;
  uint32_t action;
  uint32_t key_words;
  uint64_t key[TP_MAX_KEY_WORDS];
  uint64_t mask[TP_MAX_KEY_WORDS];
  uint32_t arg_words;
  uint64_t args[TP_MAX_ARG_WORDS];
};

struct state_group {
  uint32_t group;
  uint32_t count;
  uint32_t ports[MAX_GROUP_PORTS];
};

struct state_visitor {
  void *context;
  void (*entry)(void *context, const struct state_entry *entry);
  void (*group)(void *context, const struct state_group *group);
};

static inline uint64_t state_number(FILE *file, uint64_t below, const char *path) {
  unsigned long long value = 0;
  if (fscanf(file, "%llu", &value) != 1 || value >= below) {
    fail(path, "is not a state file");
  }
  return value;
}

static inline void state_words(FILE *file, uint64_t *words, uint32_t count, const char *path) {
  for (uint32_t i = 0; i < count; i++) {
    unsigned long long value = 0;
    if (fscanf(file, "%llu", &value) != 1) {
      fail(path, "is not a state file");
    }
    words[i] = value;
  }
}

static inline void read_state(const char *path, const struct state_visitor *visitor) {
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    fail(path, "cannot be opened");
  }
  char word[16];
  while (fscanf(file, "%15s", word) == 1) {
    if (strcmp(word, "entry") == 0) {
      struct state_entry entry = {0};
      entry.table = (uint32_t)state_number(file, UINT32_MAX, path);
      entry.priority = (int32_t)state_number(file, INT32_MAX, path);
      entry.action = (uint32_t)state_number(file, UINT32_MAX, path);
      entry.key_words = (uint32_t)state_number(file, TP_MAX_KEY_WORDS + 1, path);
      state_words(file, entry.key, entry.key_words, path);
      state_words(file, entry.mask, entry.key_words, path);
      entry.arg_words = (uint32_t)state_number(file, TP_MAX_ARG_WORDS + 1, path);
      state_words(file, entry.args, entry.arg_words, path);
      visitor->entry(visitor->context, &entry);
    } else if (strcmp(word, "group") == 0) {
      struct state_group group = {0};
      group.group = (uint32_t)state_number(file, MAX_GROUPS, path);
      group.count = (uint32_t)state_number(file, MAX_GROUP_PORTS + 1, path);
      for (uint32_t i = 0; i < group.count; i++) {
        group.ports[i] = (uint32_t)state_number(file, TP_PORT_COUNT, path);
      }
      visitor->group(visitor->context, &group);
    } else {
      fail(path, "is not a state file");
    }
  }
  fclose(file);
}

#endif
