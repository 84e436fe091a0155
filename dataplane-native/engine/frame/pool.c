/* pool.c - see pool.h. */
#include "frame/pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine.h"

/* Under AddressSanitizer a packet that was given back, and the gap behind a frame's memory, are out
 * of bounds like freed memory. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define FORBID(memory, octets) ASAN_POISON_MEMORY_REGION(memory, octets)
#define ALLOW(memory, octets)  ASAN_UNPOISON_MEMORY_REGION(memory, octets)
#else
#define FORBID(memory, octets) ((void)0)
#define ALLOW(memory, octets)  ((void)0)
#endif

static size_t stride_of(size_t octets) {
  const size_t stride = (octets + 63) & ~(size_t)63;
  /* Not a multiple of a page: all headers would fall into the same few cache sets. */
  return stride % 4096 == 0 ? stride + 64 : stride;
}

static unsigned char *reserve(size_t octets) {
  void *memory = mmap(NULL, octets, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    return NULL;
  }
  madvise(memory, octets, MADV_HUGEPAGE); /* a burst touches some hundred pages otherwise */
  return memory;
}

int tp_depot_open(struct tp_depot *depot, uint32_t count, uint32_t max_frame,
                  uint32_t phv_capacity) {
  *depot = (struct tp_depot){
      .count = count,
      .available = count,
      .phv_capacity = phv_capacity,
      .frame_capacity = TP_HEADROOM + max_frame,
      .header_stride = stride_of(sizeof(struct tp_packet) + phv_capacity),
      .frame_stride = stride_of((size_t)TP_HEADROOM + max_frame),
  };
  depot->headers = reserve(depot->header_stride * count);
  depot->frames = reserve(depot->frame_stride * count);
  depot->free = malloc(count * sizeof(struct tp_packet *));
  if (depot->headers == NULL || depot->frames == NULL || depot->free == NULL) {
    tp_depot_close(depot);
    return TP_E_NO_MEMORY;
  }
  FORBID(depot->frames, depot->frame_stride * count);
  return TP_OK;
}

void tp_depot_close(struct tp_depot *depot) {
  if (depot->headers != NULL) {
    ALLOW(depot->headers, depot->header_stride * depot->count);
    munmap(depot->headers, depot->header_stride * depot->count);
  }
  if (depot->frames != NULL) {
    ALLOW(depot->frames, depot->frame_stride * depot->count);
    munmap(depot->frames, depot->frame_stride * depot->count);
  }
  free(depot->free);
  *depot = (struct tp_depot){0};
}

int tp_pool_open(struct tp_pool *pool, struct tp_depot *depot, uint32_t pool_count) {
  /* Set aside by all pools together: no more than a quarter of the packets. */
  const uint32_t share = depot->count / (4 * pool_count);
  const uint32_t batch = share / 4 < TP_POOL_BATCH ? share / 4 + 1 : TP_POOL_BATCH;
  *pool = (struct tp_pool){
      .depot = depot,
      .frame_capacity = depot->frame_capacity,
      .batch = pool_count == 1 ? 1 : batch,
      .limit = pool_count == 1 ? depot->count : share + 1,
  };
  pool->free = malloc((pool->limit + 1u) * sizeof(struct tp_packet *));
  return pool->free == NULL ? TP_E_NO_MEMORY : TP_OK;
}

void tp_pool_clear(struct tp_pool *pool) {
  pool->available = 0;
  pool->frame_capacity = pool->depot->frame_capacity;
}

void tp_pool_close(struct tp_pool *pool) {
  free(pool->free);
  *pool = (struct tp_pool){0};
}

/* --- between a pool and the depot ------------------------------------------------------------ */

/* One that was never handed out; null: there is none. */
static struct tp_packet *take_fresh(struct tp_depot *depot) {
  if (depot->fresh == depot->count) {
    return NULL;
  }
  struct tp_packet *packet =
      (struct tp_packet *)(void *)(depot->headers + depot->header_stride * depot->fresh);
  packet->buffer = depot->frames + depot->frame_stride * depot->fresh;
  depot->fresh++;
  return packet;
}

static __attribute__((noinline)) void refill(struct tp_pool *pool) {
  struct tp_depot *depot = pool->depot;
  tp_spin_lock(&depot->lock);
  uint32_t taken = depot->free_count < pool->batch ? depot->free_count : pool->batch;
  depot->free_count -= taken;
  memcpy(pool->free, depot->free + depot->free_count, taken * sizeof(struct tp_packet *));
  struct tp_packet *packet;
  while (taken < pool->batch && (packet = take_fresh(depot)) != NULL) {
    pool->free[taken++] = packet;
  }
  pool->available = taken;
  __atomic_store_n(&depot->available, depot->available - taken, __ATOMIC_RELAXED);
  tp_spin_unlock(&depot->lock);
}

/* The packets that were given back first: those of the last are in this loop's cache. */
static __attribute__((noinline)) void return_batch(struct tp_pool *pool) {
  struct tp_depot *depot = pool->depot;
  tp_spin_lock(&depot->lock);
  memcpy(depot->free + depot->free_count, pool->free, pool->batch * sizeof(struct tp_packet *));
  depot->free_count += pool->batch;
  __atomic_store_n(&depot->available, depot->available + pool->batch, __ATOMIC_RELAXED);
  tp_spin_unlock(&depot->lock);
  pool->available -= pool->batch;
  memmove(pool->free, pool->free + pool->batch, pool->available * sizeof(struct tp_packet *));
}

/* --- packets --------------------------------------------------------------------------------- */

/* So many packets before it is taken, a packet is fetched; its frame when it is there. */
#define FETCH_PACKET 8u
#define FETCH_FRAME  4u

static inline void fetch_ahead(const struct tp_pool *pool) {
  if (pool->available >= FETCH_PACKET) {
    tp_packet_fetch(pool->free[pool->available - FETCH_PACKET], pool->fetched_octets);
    tp_frame_fetch(pool->free[pool->available - FETCH_FRAME]->buffer + TP_HEADROOM);
  }
}

struct tp_packet *tp_pool_take(struct tp_pool *pool) {
  if (__builtin_expect(pool->available == 0, 0)) {
    refill(pool);
    if (pool->available == 0) {
      return NULL;
    }
  }
  if (pool->fetched_octets != 0) {
    fetch_ahead(pool);
  }
  struct tp_packet *packet = pool->free[--pool->available];
  uint8_t *buffer = packet->buffer;
  ALLOW(packet->phv, pool->depot->phv_capacity);
  ALLOW(buffer, pool->frame_capacity);
  memset(packet, 0, sizeof *packet);
  packet->buffer = buffer;
  packet->data = buffer + TP_HEADROOM;
  packet->capacity = pool->frame_capacity;
  return packet;
}

void tp_pool_give(struct tp_pool *pool, struct tp_packet *packet) {
  FORBID(packet->phv, pool->depot->phv_capacity);
  FORBID(packet->buffer, pool->frame_capacity);
  pool->free[pool->available++] = packet;
  if (__builtin_expect(pool->available > pool->limit, 0)) {
    return_batch(pool);
  }
}
