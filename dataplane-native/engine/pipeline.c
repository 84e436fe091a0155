/*
 * pipeline.c - loading a compiled pipeline and making room for its state. The shared object is our
 * own compiler's work, but its sizes are checked all the same: a stale cache must not cost memory
 * safety.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_state.h"
#include "shared.h"

#define PHV_LIMIT_OCTETS (1u << 20)
#define OBJECT_LIMIT     65536u
#define CELL_LIMIT       (1u << 26)

static void say(char *why, size_t why_octets, const char *what, const char *detail) {
  if (why != NULL && why_octets > 0) {
    snprintf(why, why_octets, "%s%s%s", what, detail == NULL ? "" : ": ",
             detail == NULL ? "" : detail);
  }
}

static const char *fault_in(const struct tp_pipeline_ops *ops) {
  if (ops->abi_version != TP_ABI_VERSION) {
    return "it was compiled for another version of the engine; compile it again";
  }
  if (ops->phv_octets > PHV_LIMIT_OCTETS || ops->phv_copied_octets > ops->phv_octets ||
      ops->table_count > OBJECT_LIMIT || ops->profile_count > OBJECT_LIMIT ||
      ops->counter_count > OBJECT_LIMIT || ops->meter_count > OBJECT_LIMIT ||
      ops->register_count > OBJECT_LIMIT || ops->digest_count > OBJECT_LIMIT) {
    return "it is too large";
  }
  if (ops->ingress == NULL || ops->egress == NULL || ops->parse == NULL || ops->preserve == NULL) {
    return "a function is missing";
  }
  for (uint32_t i = 0; i < ops->counter_count; i++) {
    if (ops->counter_sizes[i] > CELL_LIMIT) {
      return "a counter array is too large";
    }
  }
  for (uint32_t i = 0; i < ops->meter_count; i++) {
    if (ops->meter_sizes[i] > CELL_LIMIT) {
      return "a meter array is too large";
    }
  }
  for (uint32_t i = 0; i < ops->register_count; i++) {
    if (ops->registers[i].size > CELL_LIMIT || ops->registers[i].words > 64) {
      return "a register array is too large";
    }
  }
  return NULL;
}

static int open_tables(struct tp_loaded_pipeline *pipeline) {
  const struct tp_pipeline_ops *ops = pipeline->ops;
  struct tp_pipeline *state = &pipeline->state;
  state->tables = calloc(ops->table_count + 1u, sizeof *state->tables);
  if (state->tables == NULL) {
    return TP_E_NO_MEMORY;
  }
  for (uint32_t i = 0; i < ops->table_count; i++) {
    const int result = tp_match_open(&state->tables[i], &ops->tables[i]);
    if (result != TP_OK) {
      return result;
    }
  }
  state->profiles = calloc(ops->profile_count + 1u, sizeof *state->profiles);
  if (state->profiles == NULL) {
    return TP_E_NO_MEMORY;
  }
  for (uint32_t i = 0; i < ops->profile_count; i++) {
    const int result = tp_profile_open(&state->profiles[i], &ops->profiles[i]);
    if (result != TP_OK) {
      return result;
    }
  }
  return TP_OK;
}

static int open_arrays(struct tp_loaded_pipeline *pipeline) {
  const struct tp_pipeline_ops *ops = pipeline->ops;
  struct tp_pipeline *state = &pipeline->state;
  state->counters = calloc(ops->counter_count + 1u, sizeof *state->counters);
  state->meters = calloc(ops->meter_count + 1u, sizeof *state->meters);
  state->registers = calloc(ops->register_count + 1u, sizeof *state->registers);
  state->register_locks = aligned_alloc(alignof(struct tp_register_lock),
                                        TP_REGISTER_LOCKS * sizeof *state->register_locks);
  if (state->counters == NULL || state->meters == NULL || state->registers == NULL ||
      state->register_locks == NULL) {
    return TP_E_NO_MEMORY;
  }
  memset(state->register_locks, 0, TP_REGISTER_LOCKS * sizeof *state->register_locks);
  for (uint32_t i = 0; i < ops->counter_count; i++) {
    state->counters[i] = calloc(ops->counter_sizes[i] + 1u, sizeof *state->counters[i]);
    if (state->counters[i] == NULL) {
      return TP_E_NO_MEMORY;
    }
  }
  for (uint32_t i = 0; i < ops->meter_count; i++) {
    state->meters[i] = calloc(ops->meter_sizes[i] + 1u, sizeof *state->meters[i]);
    if (state->meters[i] == NULL) {
      return TP_E_NO_MEMORY;
    }
  }
  for (uint32_t i = 0; i < ops->register_count; i++) {
    const size_t words = (size_t)ops->registers[i].size * ops->registers[i].words;
    state->registers[i] = calloc(words + 1, sizeof *state->registers[i]);
    if (state->registers[i] == NULL) {
      return TP_E_NO_MEMORY;
    }
  }
  return TP_OK;
}

int tp_pipeline_open(struct tp_loaded_pipeline *pipeline, const char *shared_object, char *why,
                     size_t why_octets) {
  *pipeline = (struct tp_loaded_pipeline){0};
  pipeline->shared_object = dlopen(shared_object, RTLD_NOW | RTLD_LOCAL);
  if (pipeline->shared_object == NULL) {
    say(why, why_octets, "the pipeline cannot be loaded", dlerror());
    return TP_E_BAD_PIPELINE;
  }
  pipeline->ops = dlsym(pipeline->shared_object, "timeplane_pipeline");
  const char *fault =
      pipeline->ops == NULL ? "it is not a timeplane pipeline" : fault_in(pipeline->ops);
  if (fault != NULL) {
    say(why, why_octets, "the pipeline cannot be used", fault);
    pipeline->ops = NULL;
    tp_pipeline_close(pipeline);
    return TP_E_BAD_PIPELINE;
  }
  int result = open_tables(pipeline);
  if (result == TP_OK) {
    result = open_arrays(pipeline);
  }
  if (result != TP_OK) {
    say(why, why_octets, "the pipeline's state cannot be made",
        result == TP_E_NO_MEMORY ? "out of memory" : "a table's shape is wrong");
    tp_pipeline_close(pipeline);
  }
  return result;
}

void tp_pipeline_close(struct tp_loaded_pipeline *pipeline) {
  const struct tp_pipeline_ops *ops = pipeline->ops;
  struct tp_pipeline *state = &pipeline->state;
  for (uint32_t i = 0; ops != NULL && state->tables != NULL && i < ops->table_count; i++) {
    tp_match_close(&state->tables[i]);
  }
  for (uint32_t i = 0; ops != NULL && state->profiles != NULL && i < ops->profile_count; i++) {
    tp_profile_close(&state->profiles[i]);
  }
  for (uint32_t i = 0; ops != NULL && state->counters != NULL && i < ops->counter_count; i++) {
    free(state->counters[i]);
  }
  for (uint32_t i = 0; ops != NULL && state->meters != NULL && i < ops->meter_count; i++) {
    free(state->meters[i]);
  }
  for (uint32_t i = 0; ops != NULL && state->registers != NULL && i < ops->register_count; i++) {
    free(state->registers[i]);
  }
  free(state->tables);
  free(state->profiles);
  free(state->counters);
  free(state->meters);
  free(state->registers);
  free(state->register_locks);
  if (pipeline->shared_object != NULL) {
    dlclose(pipeline->shared_object);
  }
  *pipeline = (struct tp_loaded_pipeline){0};
}

int tp_pipeline_check(const char *shared_object, char *why, uint32_t why_octets) {
  struct tp_loaded_pipeline pipeline;
  const int result = tp_pipeline_open(&pipeline, shared_object, why, why_octets);
  if (result == TP_OK) {
    tp_pipeline_close(&pipeline);
  }
  return result;
}
