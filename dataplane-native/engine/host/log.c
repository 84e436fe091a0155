/* log.c - the host's end of the rings of log.h. */
#include "log.h"

#include <stdlib.h>
#include <string.h>

#include "engine_state.h"

_Static_assert(TP_LOG_READ_WORDS >= TP_LOG_RECORD_WORDS, "a record fits into one call");

int tp_log_open(struct tp_log *log) {
  *log = (struct tp_log){0};
  /* Costs nothing until a program logs something. */
  log->words = calloc(TP_LOG_WORDS + TP_LOG_RECORD_WORDS, sizeof *log->words);
  log->limit = TP_LOG_WORDS;
  return log->words == NULL ? TP_E_NO_MEMORY : TP_OK;
}

void tp_log_close(struct tp_log *log) {
  free(log->words);
  *log = (struct tp_log){0};
}

static uint32_t words_at(const struct tp_log *log, uint64_t at) {
  return (uint32_t)(log->words[at & (TP_LOG_WORDS - 1u)] >> 48);
}

void tp_log_discard(struct tp_log *log) {
  uint64_t at = log->taken;
  const uint64_t end = __atomic_load_n(&log->end, __ATOMIC_ACQUIRE);
  for (; at != end; at = tp_log_after(at, words_at(log, at))) {
    log->count--;
    log->lost++;
  }
  __atomic_store_n(&log->taken, at, __ATOMIC_RELEASE);
}

/* Whole records of one ring, as far as there is room. */
static uint32_t take_records(struct tp_log *log, uint64_t *out, uint32_t capacity) {
  uint64_t at = log->taken;
  const uint64_t end = __atomic_load_n(&log->end, __ATOMIC_ACQUIRE);
  uint32_t taken = 0;
  while (at != end) {
    const uint32_t words = words_at(log, at);
    if (words > capacity - taken) {
      break;
    }
    memcpy(out + taken, log->words + (at & (TP_LOG_WORDS - 1u)), words * sizeof *out);
    taken += words;
    at = tp_log_after(at, words);
  }
  __atomic_store_n(&log->taken, at, __ATOMIC_RELEASE);
  return taken;
}

int tp_engine_read_log(struct tp_engine *engine, uint64_t *out, uint32_t capacity) {
  uint32_t taken = 0;
  /* Each time another loop first: the first one's messages may be more than there is room for. */
  const uint32_t first = engine->log_turn++;
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    struct tp_loop *loop = engine->loops[(first + i) % engine->loop_count];
    taken += take_records(&loop->log, out + taken, capacity - taken);
  }
  return (int)taken;
}
