/* engine_setup.h - an engine with a pipeline, and the entries of the harness in it. */
#ifndef TIMEPLANE_BENCH_ENGINE_SETUP_H
#define TIMEPLANE_BENCH_ENGINE_SETUP_H

#include "engine.h"
#include "frames.h"
#include "state.h"

#define CPU_PORT 510u

static inline void check(struct tp_engine *engine, int64_t result, const char *what) {
  if (result < 0) {
    const char *why = tp_engine_last_error(engine);
    fprintf(stderr, "error %lld: ", (long long)result);
    fail(what, why == NULL ? "" : why);
  }
}

static inline void add_entry(void *context, const struct state_entry *entry) {
  struct tp_engine *engine = context;
  check(
      engine,
      entry->key_words == 0
          ? tp_table_set_default(engine, entry->table, entry->action, entry->args, entry->arg_words)
          : tp_table_insert(engine, entry->table, entry->key, entry->mask, 0, entry->priority,
                            entry->action, entry->args, entry->arg_words),
      "an entry");
}

static inline void add_group(void *context, const struct state_group *group) {
  const uint32_t instances[MAX_GROUP_PORTS] = {0};
  check(context,
        tp_multicast_group_set(context, group->group, group->ports, instances, group->count),
        "a group");
}

static inline struct tp_engine *make_engine(const struct tp_engine_config *config,
                                            const char *pipeline) {
  struct tp_engine *engine = NULL;
  if (tp_engine_create(config, &engine) != 0) {
    fail("engine", "cannot be made");
  }
  check(engine, tp_engine_load(engine, pipeline), "load");
  return engine;
}

static inline struct tp_engine *open_engine(enum tp_clock clock, const char *pipeline) {
  const struct tp_engine_config config = {
      .clock = clock, .cpu_port = CPU_PORT, .message_fd = -1, .random_seed = 1, .hash_seed = 1};
  return make_engine(&config, pipeline);
}

static inline void fill_engine(struct tp_engine *engine, const char *state) {
  const struct state_visitor visitor = {engine, add_entry, add_group};
  read_state(state, &visitor);
}

#endif
