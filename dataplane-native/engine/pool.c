/* pool.c - see pool.h. */
#include "pool.h"

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
  if (depot->headers == NULL || depot->frames == NULL) {
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
  *depot = (struct tp_depot){0};
}

void tp_pool_open(struct tp_pool *pool, struct tp_depot *depot, uint32_t pool_count) {
  /* Set aside by all pools together: no more than an eighth of the packets. */
  const uint32_t share = depot->count / (16 * pool_count);
  const uint32_t batch = share < 1 ? 1 : share < TP_POOL_BATCH ? share : TP_POOL_BATCH;
  *pool = (struct tp_pool){
      .depot = depot,
      .frame_capacity = depot->frame_capacity,
      .batch = pool_count == 1 ? 1 : batch,
      .limit = pool_count == 1 ? UINT32_MAX : 2 * batch,
  };
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
  while (pool->available < pool->batch) {
    struct tp_packet *packet = depot->free;
    if (packet != NULL) {
      depot->free = packet->next;
    } else if ((packet = take_fresh(depot)) == NULL) {
      break;
    }
    packet->next = pool->free;
    pool->free = packet;
    pool->available++;
    __atomic_store_n(&depot->available, depot->available - 1, __ATOMIC_RELAXED);
  }
  tp_spin_unlock(&depot->lock);
}

/* Gives the depot a batch of the packets that were given back last: they are its next, too. */
static __attribute__((noinline)) void return_batch(struct tp_pool *pool) {
  struct tp_depot *depot = pool->depot;
  struct tp_packet *first = pool->free;
  struct tp_packet *last = first;
  for (uint32_t i = 1; i < pool->batch; i++) {
    last = last->next;
  }
  pool->free = last->next;
  pool->available -= pool->batch;
  tp_spin_lock(&depot->lock);
  last->next = depot->free;
  depot->free = first;
  __atomic_store_n(&depot->available, depot->available + pool->batch, __ATOMIC_RELAXED);
  tp_spin_unlock(&depot->lock);
}

/* --- packets --------------------------------------------------------------------------------- */

struct tp_packet *tp_pool_take(struct tp_pool *pool) {
  if (__builtin_expect(pool->free == NULL, 0)) {
    refill(pool);
    if (pool->free == NULL) {
      return NULL;
    }
  }
  struct tp_packet *packet = pool->free;
  uint8_t *buffer = packet->buffer;
  pool->free = packet->next;
  pool->available--;
  ALLOW(packet->phv, pool->depot->phv_capacity);
  ALLOW(buffer, pool->depot->frame_capacity);
  memset(packet, 0, sizeof *packet);
  packet->buffer = buffer;
  packet->data = buffer + TP_HEADROOM;
  packet->capacity = pool->frame_capacity;
  return packet;
}

void tp_pool_give(struct tp_pool *pool, struct tp_packet *packet) {
  packet->next = pool->free;
  pool->free = packet;
  pool->available++;
  FORBID(packet->phv, pool->depot->phv_capacity);
  FORBID(packet->buffer, pool->depot->frame_capacity);
  if (__builtin_expect(pool->available > pool->limit, 0)) {
    return_batch(pool);
  }
}
