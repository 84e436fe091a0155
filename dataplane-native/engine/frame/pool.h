/*
 * pool.h - the packets of an engine: allocated once, handed out last-in first-out so that the ones
 * in use stay in the cache. Headers (struct tp_packet with its PHV) and frame memory are two
 * regions, which cost physical memory only once they are touched.
 *
 * A loop takes from and gives to a pool of its own, without a lock. All pools draw on the engine's
 * depot, and give to it what they have too much of, many packets at a time: so a packet may be
 * taken by one loop and given back by another, and the buffers of loops that mostly receive come
 * back from those that mostly send.
 */
#ifndef TIMEPLANE_POOL_H
#define TIMEPLANE_POOL_H

#include "loop/spin.h"
#include "pipeline.h"

/* Packets that go between a pool and the depot at a time, at most. */
#define TP_POOL_BATCH 64u

struct tp_depot {
  unsigned char *headers;
  unsigned char *frames;
  uint32_t count;
  uint32_t phv_capacity;   /* octets */
  uint32_t frame_capacity; /* octets, headroom included */
  size_t header_stride;
  size_t frame_stride;

  struct tp_spin lock; /* of what follows */
  struct tp_packet *
      *free; /* a stack: packets themselves, in another loop's cache, stay untouched */
  uint32_t free_count;
  uint32_t fresh;     /* packets from here on were never handed out */
  uint32_t available; /* read by all, without the lock */
};

struct tp_pool {
  struct tp_depot *depot;
  struct tp_packet **free; /* a stack */
  uint32_t available;      /* in `free` */
  uint32_t limit;          /* that it holds; with more, a batch goes back to the depot */
  uint32_t batch;
  uint32_t frame_capacity; /* the depot's */
  /* Of a packet from its beginning, what is fetched from another loop's cache before it is used;
   * 0: there is no other loop. */
  uint32_t fetched_octets;
};

/* TP_E_NO_MEMORY. */
int tp_depot_open(struct tp_depot *depot, uint32_t count, uint32_t max_frame,
                  uint32_t phv_capacity);
void tp_depot_close(struct tp_depot *depot);

/* An empty pool, one of `pool_count` that draw on the depot. TP_E_NO_MEMORY. */
int tp_pool_open(struct tp_pool *pool, struct tp_depot *depot, uint32_t pool_count);
/* Its depot is another one now, of as many packets: the pool is empty again. */
void tp_pool_clear(struct tp_pool *pool);
void tp_pool_close(struct tp_pool *pool);

/* A packet with data at TP_HEADROOM and every field zero but the PHV; null when all are in use. */
struct tp_packet *tp_pool_take(struct tp_pool *pool);
void tp_pool_give(struct tp_pool *pool, struct tp_packet *packet);

/* Begins to bring a packet from another processor's cache, which takes as long as some hundred
 * instructions: while packets before it are worked on. */
static inline void tp_packet_fetch(const struct tp_packet *packet, uint32_t octets) {
  const unsigned char *at = (const unsigned char *)(const void *)packet;
  for (uint32_t i = 0; i < octets; i += 64) {
    __builtin_prefetch(at + i, 1);
  }
}

/* Likewise the beginning of its frame, when the packet itself is there. */
static inline void tp_frame_fetch(const uint8_t *data) {
  __builtin_prefetch(data, 1);
  __builtin_prefetch(data + 64, 1);
}

/* Packets that tp_pool_take could hand out: to the packet, for one pool; what other pools have set
 * aside is not among them. */
static inline uint32_t tp_pool_available(const struct tp_pool *pool) {
  return pool->available + __atomic_load_n(&pool->depot->available, __ATOMIC_RELAXED);
}

#endif
