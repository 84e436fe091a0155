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
/* More would push what was fetched before out of the way. */
#define FETCH_OCTETS 1024u
/* Each loop tells of so many failed assertions in a second: a flood of them must not become one of
 * messages. */
#define TOLD_ASSERTIONS 16u
#define TELL_SPACING_NS UINT64_C(1000000000)

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
  if (ops->ingress == NULL || ops->egress == NULL || ops->parse == NULL || ops->preserve == NULL ||
      ops->copy_headers == NULL) {
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
    if (ops->registers[i].size > CELL_LIMIT || ops->registers[i].words > 256) {
      return "a register array is too large";
    }
  }
  return NULL;
}

static int open_tables(struct tp_loaded_pipeline *pipeline, const uint8_t *links,
                       uint64_t hash_seed) {
  const struct tp_pipeline_ops *ops = pipeline->ops;
  struct tp_pipeline *state = &pipeline->state;
  state->tables = calloc(ops->table_count + 1u, sizeof *state->tables);
  if (state->tables == NULL) {
    return TP_E_NO_MEMORY;
  }
  for (uint32_t i = 0; i < ops->table_count; i++) {
    const int result = tp_match_open(&state->tables[i], &ops->tables[i], hash_seed ^ i);
    if (result != TP_OK) {
      return result;
    }
  }
  state->profiles = calloc(ops->profile_count + 1u, sizeof *state->profiles);
  if (state->profiles == NULL) {
    return TP_E_NO_MEMORY;
  }
  for (uint32_t i = 0; i < ops->profile_count; i++) {
    const int result = tp_profile_open(&state->profiles[i], &ops->profiles[i], links);
    if (result != TP_OK) {
      return result;
    }
  }
  return TP_OK;
}

static size_t line_octets(size_t octets) {
  return (octets + TP_LINE_OCTETS - 1) / TP_LINE_OCTETS * TP_LINE_OCTETS;
}

/*
 * One loop's counters: the pointers to the arrays, one more to all of the memory, then the arrays.
 * All in cache lines that are no other loop's, or one's counting would slow down the other's.
 */
static struct tp_counter **open_counters(const struct tp_pipeline_ops *ops) {
  const size_t pointers = (ops->counter_count + 1u) * sizeof(struct tp_counter *);
  size_t octets = TP_LINE_OCTETS + line_octets(pointers);
  for (uint32_t i = 0; i < ops->counter_count; i++) {
    octets += line_octets(ops->counter_sizes[i] * sizeof(struct tp_counter));
  }
  unsigned char *memory = calloc(1, octets); /* costs nothing until it is counted in */
  if (memory == NULL) {
    return NULL;
  }
  unsigned char *at = memory + (line_octets((uintptr_t)memory) - (uintptr_t)memory);
  struct tp_counter **counters = (struct tp_counter **)(void *)at;
  at += line_octets(pointers);
  for (uint32_t i = 0; i < ops->counter_count; i++) {
    counters[i] = (struct tp_counter *)(void *)at;
    at += line_octets(ops->counter_sizes[i] * sizeof(struct tp_counter));
  }
  counters[ops->counter_count] = (struct tp_counter *)(void *)memory;
  return counters;
}

static void close_counters(const struct tp_pipeline_ops *ops, struct tp_counter **counters) {
  if (counters != NULL) {
    free(counters[ops->counter_count]);
  }
}

static int open_arrays(struct tp_loaded_pipeline *pipeline) {
  const struct tp_pipeline_ops *ops = pipeline->ops;
  struct tp_pipeline *state = &pipeline->state;
  state->meters = calloc(ops->meter_count + 1u, sizeof *state->meters);
  state->registers = calloc(ops->register_count + 1u, sizeof *state->registers);
  state->register_locks = aligned_alloc(alignof(struct tp_register_lock),
                                        TP_REGISTER_LOCKS * sizeof *state->register_locks);
  if (state->meters == NULL || state->registers == NULL || state->register_locks == NULL) {
    return TP_E_NO_MEMORY;
  }
  memset(state->register_locks, 0, TP_REGISTER_LOCKS * sizeof *state->register_locks);
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

int tp_pipeline_open(struct tp_loaded_pipeline *pipeline, const char *shared_object,
                     const struct tp_engine *engine, char *why, size_t why_octets) {
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
  /* One that is only tried has no links and no loops. */
  int result = engine == NULL ? open_tables(pipeline, NULL, 1)
                              : open_tables(pipeline, engine->links, engine->hash_seed);
  if (result == TP_OK) {
    result = open_arrays(pipeline);
  }
  for (uint32_t i = 0; result == TP_OK && engine != NULL && i < engine->loop_count; i++) {
    pipeline->counters[i] = open_counters(pipeline->ops);
    result = pipeline->counters[i] == NULL ? TP_E_NO_MEMORY : TP_OK;
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
  for (uint32_t i = 0; i < TP_LOOP_LIMIT; i++) {
    close_counters(ops, pipeline->counters[i]);
  }
  for (uint32_t i = 0; ops != NULL && state->meters != NULL && i < ops->meter_count; i++) {
    free(state->meters[i]);
  }
  for (uint32_t i = 0; ops != NULL && state->registers != NULL && i < ops->register_count; i++) {
    free(state->registers[i]);
  }
  free(state->tables);
  free(state->profiles);
  free(state->meters);
  free(state->registers);
  free(state->register_locks);
  if (pipeline->shared_object != NULL) {
    dlclose(pipeline->shared_object);
  }
  *pipeline = (struct tp_loaded_pipeline){0};
}

static void emit_digest(struct tp_pipeline *view, uint32_t list, const uint64_t *words,
                        uint32_t word_count) {
  struct tp_loop *loop = view->context;
  const uint32_t head[2] = {list, word_count};
  const bool taken = tp_messages_put(&loop->messages, TP_MESSAGE_DIGEST, head, sizeof head, words,
                                     word_count * (uint32_t)sizeof *words);
  tp_loop_count(loop, taken ? TP_ENGINE_DIGESTS : TP_ENGINE_DIGESTS_LOST);
}

void tp_tell_assertion(struct tp_loop *loop, const struct tp_packet *packet) {
  if (loop->schedule_ns - loop->assertions_since_ns >= TELL_SPACING_NS) {
    loop->assertions_since_ns = loop->schedule_ns;
    loop->assertions_told = 0;
  }
  if (loop->assertions_told == TOLD_ASSERTIONS) {
    return; /* they are counted all the same */
  }
  loop->assertions_told++;
  const uint32_t body[2] = {packet->requests.failed_assertion_plus1 - 1u, packet->sm.ingress_port};
  tp_messages_put(&loop->messages, TP_MESSAGE_ASSERTION, body, sizeof body, NULL, 0);
}

void tp_pipeline_view(struct tp_loop *loop) {
  const struct tp_engine *engine = loop->engine;
  const uint64_t seed = engine->random_seed + loop->number * UINT64_C(0x9e3779b97f4a7c15);
  loop->ops = engine->pipeline.ops;
  loop->view = engine->pipeline.state;
  loop->view.is_shared = engine->loop_count > 1;
  loop->view.counters = engine->pipeline.counters[loop->number];
  loop->view.random_state = seed == 0 ? 1 : seed;
  loop->view.log = &loop->log;
  loop->view.context = loop;
  loop->view.emit_digest = emit_digest;
  loop->view.clone_egress = tp_clone_egress;
  loop->view.lock_wait = tp_lock_wait;
  const uint32_t used_octets = (uint32_t)sizeof(struct tp_packet) + loop->ops->phv_copied_octets;
  const uint32_t fetched_octets = used_octets < FETCH_OCTETS ? used_octets : FETCH_OCTETS;
  loop->pool.fetched_octets = loop->view.is_shared ? fetched_octets : 0;
}

int tp_pipeline_check(const char *shared_object, char *why, uint32_t why_octets) {
  struct tp_loaded_pipeline pipeline;
  const int result = tp_pipeline_open(&pipeline, shared_object, NULL, why, why_octets);
  if (result == TP_OK) {
    tp_pipeline_close(&pipeline);
  }
  return result;
}
