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

int tp_pool_open(struct tp_pool *pool, uint32_t count, uint32_t max_frame, uint32_t phv_capacity) {
  *pool = (struct tp_pool){
      .count = count,
      .phv_capacity = phv_capacity,
      .frame_capacity = TP_HEADROOM + max_frame,
      .header_stride = stride_of(sizeof(struct tp_packet) + phv_capacity),
      .frame_stride = stride_of((size_t)TP_HEADROOM + max_frame),
  };
  pool->headers = reserve(pool->header_stride * count);
  pool->frames = reserve(pool->frame_stride * count);
  if (pool->headers == NULL || pool->frames == NULL) {
    tp_pool_close(pool);
    return TP_E_NO_MEMORY;
  }
  FORBID(pool->frames, pool->frame_stride * count);
  return TP_OK;
}

void tp_pool_close(struct tp_pool *pool) {
  if (pool->headers != NULL) {
    ALLOW(pool->headers, pool->header_stride * pool->count);
    munmap(pool->headers, pool->header_stride * pool->count);
  }
  if (pool->frames != NULL) {
    ALLOW(pool->frames, pool->frame_stride * pool->count);
    munmap(pool->frames, pool->frame_stride * pool->count);
  }
  *pool = (struct tp_pool){0};
}

struct tp_packet *tp_pool_take(struct tp_pool *pool) {
  struct tp_packet *packet = pool->free;
  uint8_t *buffer;
  if (packet != NULL) {
    pool->free = packet->next;
    buffer = packet->buffer;
  } else if (pool->fresh < pool->count) {
    packet = (struct tp_packet *)(void *)(pool->headers + pool->header_stride * pool->fresh);
    buffer = pool->frames + pool->frame_stride * pool->fresh;
    pool->fresh++;
  } else {
    return NULL;
  }
  pool->in_use++;
  ALLOW(packet->phv, pool->phv_capacity);
  ALLOW(buffer, pool->frame_capacity);
  memset(packet, 0, sizeof *packet);
  packet->buffer = buffer;
  packet->data = buffer + TP_HEADROOM;
  packet->capacity = pool->frame_capacity;
  return packet;
}

void tp_pool_give(struct tp_pool *pool, struct tp_packet *packet) {
  packet->next = pool->free;
  pool->free = packet;
  pool->in_use--;
  FORBID(packet->phv, pool->phv_capacity);
  FORBID(packet->buffer, pool->frame_capacity);
}
