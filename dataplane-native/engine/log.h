/*
 * log.h - the messages of a program's log_msg on their way to the host: a ring of 64-bit words for
 * each packet loop, which the loop writes and the host reads, without a lock. What does not fit is
 * counted. A record, in words:
 *
 *   0   message (32 bits), ingress port (16), words of the record (16)
 *   1   the dataplane's clock at the start of the burst, ns
 *   2.. the values, as the compiler's layout says
 *
 * A record is never in two pieces: one that begins before the ring's end goes on behind it, where
 * there is room for the longest, and the next one begins at the start.
 */
#ifndef TIMEPLANE_LOG_H
#define TIMEPLANE_LOG_H

#include <stdalign.h>

#include "pipeline.h"

#define TP_LOG_WORDS        32768u /* a power of two */
#define TP_LOG_HEAD_WORDS   2u
#define TP_LOG_RECORD_WORDS 1024u /* of the longest record: as in compiler/c/log.ts */

struct tp_log {
  uint64_t *words; /* TP_LOG_WORDS + TP_LOG_RECORD_WORDS; null: nobody listens */
  uint64_t limit;  /* the writer's: there is room up to here, as far as it has looked */
  uint64_t count;  /* likewise: records that were put */
  uint64_t lost;   /* likewise: and that did not fit */
  uint64_t end;    /* written by the writer; words put since the start, gaps at the end included */
  alignas(64) uint64_t taken; /* written by the reader: words that it has done with */
};

#define TP_LOG_INLINE static inline __attribute__((always_inline, unused))

/* Where the record after one of `words` at `at` begins. */
TP_LOG_INLINE uint64_t tp_log_after(uint64_t at, uint32_t words) {
  const uint64_t next = at + words;
  const uint64_t lap = ~(uint64_t)(TP_LOG_WORDS - 1u);
  return ((at ^ next) & lap) != 0 ? next & lap : next;
}

/* Looks how far the reader is. */
static __attribute__((noinline, unused)) bool tp_log_has_room(struct tp_log *log, uint32_t words) {
  if (log->words == NULL) {
    return false;
  }
  log->limit = __atomic_load_n(&log->taken, __ATOMIC_ACQUIRE) + TP_LOG_WORDS;
  if (log->limit - log->end >= words) {
    return true;
  }
  log->lost++;
  return false;
}

/* Begins a record of `words`: where its values go; null: there is no room, which is counted. */
TP_LOG_INLINE uint64_t *tp_log_begin(const struct tp_pipeline *pipeline,
                                     const struct tp_packet *packet, uint32_t message,
                                     uint32_t words) {
  struct tp_log *log = pipeline->log;
  if (__builtin_expect(log->limit - log->end < words, 0) && !tp_log_has_room(log, words)) {
    return NULL;
  }
  uint64_t *record = log->words + (log->end & (TP_LOG_WORDS - 1u));
  record[0] = message | (uint64_t)packet->sm.ingress_port << 32 | (uint64_t)words << 48;
  record[1] = pipeline->now_ns;
  return record + TP_LOG_HEAD_WORDS;
}

/* Shows the record that was begun to the reader. */
TP_LOG_INLINE void tp_log_end(const struct tp_pipeline *pipeline, uint32_t words) {
  struct tp_log *log = pipeline->log;
  log->count++;
  __atomic_store_n(&log->end, tp_log_after(log->end, words), __ATOMIC_RELEASE);
}

#endif
