/*
 * pool.h - the packets of an engine: allocated once, handed out last-in first-out so that the ones
 * in use stay in the cache. Headers (struct tp_packet with its PHV) and frame memory are two
 * regions, which cost physical memory only once they are touched.
 */
#ifndef TIMEPLANE_POOL_H
#define TIMEPLANE_POOL_H

#include "pipeline.h"

struct tp_pool {
  unsigned char *headers;
  unsigned char *frames;
  struct tp_packet *free;
  uint32_t count;
  uint32_t fresh; /* packets from here on were never handed out */
  uint32_t in_use;
  uint32_t phv_capacity;   /* octets */
  uint32_t frame_capacity; /* octets, headroom included */
  size_t header_stride;
  size_t frame_stride;
};

/* TP_E_NO_MEMORY. */
int tp_pool_open(struct tp_pool *pool, uint32_t count, uint32_t max_frame, uint32_t phv_capacity);
void tp_pool_close(struct tp_pool *pool);

/* A packet with data at TP_HEADROOM and every field zero but the PHV; null when all are in use. */
struct tp_packet *tp_pool_take(struct tp_pool *pool);
void tp_pool_give(struct tp_pool *pool, struct tp_packet *packet);

static inline uint32_t tp_pool_available(const struct tp_pool *pool) {
  return pool->count - pool->in_use;
}

#endif
