/* xdp_socket.c - see xdp_socket.h; the kernel's Documentation/networking/af_xdp.rst. */
#include "link/xdp_socket.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel's bounds of a chunk, a power of two in between. */
#define CHUNK_MINIMUM 2048u
#define CHUNK_LIMIT   4096u
/* What the kernel keeps free before a received frame, for the program's metadata among others. */
#define RECEIVE_HEADROOM 256u
/* A driver that is busy is asked again so often before the frame has to wait. */
#define ATTEMPTS 4u
/* An offset at which no chunk can lie: the kernel passes such an entry over. */
#define NOWHERE UINT64_MAX

/* --- rings ----------------------------------------------------------------------------------- */

static uint32_t read_shared(const uint32_t *index) {
  return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void write_shared(uint32_t *index, uint32_t value) {
  __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

static uint64_t *address_at(const struct tp_xdp_ring *ring, uint32_t index) {
  return (uint64_t *)ring->entries + (index & (ring->slot_count - 1));
}

static struct xdp_desc *descriptor_at(const struct tp_xdp_ring *ring, uint32_t index) {
  return (struct xdp_desc *)ring->entries + (index & (ring->slot_count - 1));
}

static bool make_ring(int fd, int option, uint32_t slot_count) {
  return setsockopt(fd, SOL_XDP, option, &slot_count, sizeof slot_count) == 0;
}

static bool map_ring(int fd, struct tp_xdp_ring *ring, const struct xdp_ring_offset *offsets,
                     off_t page_offset, uint32_t slot_count, size_t entry_octets) {
  const size_t octets = (size_t)offsets->desc + slot_count * entry_octets;
  uint8_t *mapping =
      mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, page_offset);
  if (mapping == MAP_FAILED) {
    return false;
  }
  *ring = (struct tp_xdp_ring){
      .producer = (uint32_t *)(void *)(mapping + offsets->producer),
      .consumer = (uint32_t *)(void *)(mapping + offsets->consumer),
      .flags = (uint32_t *)(void *)(mapping + offsets->flags),
      .entries = mapping + offsets->desc,
      .slot_count = slot_count,
      .mapping = mapping,
      .mapping_octets = octets,
  };
  return true;
}

static void unmap_ring(struct tp_xdp_ring *ring) {
  if (ring->mapping != NULL) {
    munmap(ring->mapping, ring->mapping_octets);
  }
}

/* --- life cycle ------------------------------------------------------------------------------ */

bool tp_xdp_carries(uint32_t frame_octets) {
  return frame_octets + RECEIVE_HEADROOM <= CHUNK_LIMIT;
}

static const char *register_memory(struct tp_xdp_socket *xdp_socket) {
  const uint32_t chunk_count = xdp_socket->receive_chunks + TP_XDP_SEND_SLOTS;
  xdp_socket->memory_octets = (size_t)chunk_count * xdp_socket->chunk_octets;
  void *memory = mmap(NULL, xdp_socket->memory_octets, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) {
    return "allocating frame memory";
  }
  /* The kernel uses these very pages; a child must not turn them into copies. */
  madvise(memory, xdp_socket->memory_octets, MADV_DONTFORK);
  xdp_socket->memory = memory;
  const struct xdp_umem_reg region = {.addr = (uint64_t)(uintptr_t)memory,
                                      .len = xdp_socket->memory_octets,
                                      .chunk_size = xdp_socket->chunk_octets};
  return setsockopt(xdp_socket->fd, SOL_XDP, XDP_UMEM_REG, &region, sizeof region) == 0
             ? NULL
             : "locking frame memory (ulimit -l says how much may be) for";
}

static const char *make_rings(struct tp_xdp_socket *xdp_socket) {
  const int fd = xdp_socket->fd;
  const bool receives = xdp_socket->receive_chunks != 0;
  /* The kernel wants a fill ring from a socket that never receives, too. */
  const uint32_t fill_slots = receives ? xdp_socket->receive_chunks : 1;
  struct xdp_mmap_offsets at;
  socklen_t octets = sizeof at;
  if (!make_ring(fd, XDP_UMEM_FILL_RING, fill_slots) ||
      !make_ring(fd, XDP_UMEM_COMPLETION_RING, TP_XDP_SEND_SLOTS) ||
      !make_ring(fd, XDP_TX_RING, TP_XDP_SEND_SLOTS) ||
      (receives && !make_ring(fd, XDP_RX_RING, fill_slots)) ||
      getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &octets) != 0 || octets != sizeof at) {
    return "making rings";
  }
  const size_t address = sizeof(uint64_t);
  const size_t descriptor = sizeof(struct xdp_desc);
  const bool is_mapped =
      map_ring(fd, &xdp_socket->fill, &at.fr, (off_t)XDP_UMEM_PGOFF_FILL_RING, fill_slots,
               address) &&
      map_ring(fd, &xdp_socket->completion, &at.cr, (off_t)XDP_UMEM_PGOFF_COMPLETION_RING,
               TP_XDP_SEND_SLOTS, address) &&
      map_ring(fd, &xdp_socket->transmit, &at.tx, XDP_PGOFF_TX_RING, TP_XDP_SEND_SLOTS,
               descriptor) &&
      (!receives ||
       map_ring(fd, &xdp_socket->receive, &at.rx, XDP_PGOFF_RX_RING, fill_slots, descriptor));
  return is_mapped ? NULL : "mapping rings";
}

/* A chunk to send from again. */
static void give_chunk(struct tp_xdp_socket *xdp_socket, uint64_t offset) {
  const uint64_t index = offset / xdp_socket->chunk_octets - xdp_socket->receive_chunks;
  if (index < TP_XDP_SEND_SLOTS && !xdp_socket->is_free[index]) {
    xdp_socket->is_free[index] = true;
    xdp_socket->free_chunks[xdp_socket->free_count++] = offset;
  }
}

static uint64_t take_chunk(struct tp_xdp_socket *xdp_socket) {
  const uint64_t offset = xdp_socket->free_chunks[--xdp_socket->free_count];
  xdp_socket->is_free[offset / xdp_socket->chunk_octets - xdp_socket->receive_chunks] = false;
  return offset;
}

/* The kernel gets the first chunks, we keep the others. */
static void hand_out_chunks(struct tp_xdp_socket *xdp_socket) {
  const uint64_t chunk_octets = xdp_socket->chunk_octets;
  for (uint32_t i = 0; i < xdp_socket->receive_chunks; i++) {
    *address_at(&xdp_socket->fill, i) = i * chunk_octets;
  }
  write_shared(xdp_socket->fill.producer, xdp_socket->receive_chunks);
  for (uint32_t i = 0; i < TP_XDP_SEND_SLOTS; i++) {
    give_chunk(xdp_socket, (xdp_socket->receive_chunks + i) * chunk_octets);
  }
}

static const char *set_up(struct tp_xdp_socket *xdp_socket,
                          const struct tp_xdp_settings *settings) {
  xdp_socket->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (xdp_socket->fd < 0) {
    return "opening an AF_XDP socket";
  }
  const char *step = register_memory(xdp_socket);
  if (step == NULL) {
    step = make_rings(xdp_socket);
  }
  if (step != NULL) {
    return step;
  }
  hand_out_chunks(xdp_socket);
  const uint16_t mode = settings->wants_zero_copy ? XDP_ZEROCOPY : XDP_COPY;
  const struct sockaddr_xdp address = {.sxdp_family = AF_XDP,
                                       .sxdp_flags = (uint16_t)(mode | XDP_USE_NEED_WAKEUP),
                                       .sxdp_ifindex = settings->ifindex};
  xdp_socket->is_zero_copy = settings->wants_zero_copy;
  return bind(xdp_socket->fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0
             ? NULL
             : "binding an AF_XDP socket to the interface";
}

const char *tp_xdp_open(struct tp_xdp_socket *xdp_socket, const struct tp_xdp_settings *settings) {
  const bool is_short = settings->frame_octets + RECEIVE_HEADROOM <= CHUNK_MINIMUM;
  *xdp_socket = (struct tp_xdp_socket){.fd = -1,
                                       .chunk_octets = is_short ? CHUNK_MINIMUM : CHUNK_LIMIT,
                                       .receive_chunks = settings->receive_chunks};
  const char *step = set_up(xdp_socket, settings);
  if (step != NULL) {
    const int reason = errno;
    tp_xdp_close(xdp_socket);
    errno = reason;
  }
  return step;
}

void tp_xdp_close(struct tp_xdp_socket *xdp_socket) {
  unmap_ring(&xdp_socket->fill);
  unmap_ring(&xdp_socket->completion);
  unmap_ring(&xdp_socket->receive);
  unmap_ring(&xdp_socket->transmit);
  if (xdp_socket->fd >= 0) {
    close(xdp_socket->fd);
  }
  if (xdp_socket->memory != NULL) {
    munmap(xdp_socket->memory, xdp_socket->memory_octets);
  }
  *xdp_socket = (struct tp_xdp_socket){.fd = -1};
}

/* --- transmit -------------------------------------------------------------------------------- */

/* The kernel is done with these chunks. */
static void reclaim_chunks(struct tp_xdp_socket *xdp_socket) {
  const struct tp_xdp_ring *ring = &xdp_socket->completion;
  uint32_t consumer = *ring->consumer;
  const uint32_t producer = read_shared(ring->producer);
  while (consumer != producer) {
    give_chunk(xdp_socket, *address_at(ring, consumer++));
  }
  write_shared(ring->consumer, consumer);
}

/* Puts as many frames into the ring as there is room for; how many. */
static uint32_t stage(struct tp_xdp_socket *xdp_socket, struct tp_packet *const *burst,
                      uint32_t count) {
  const struct tp_xdp_ring *ring = &xdp_socket->transmit;
  const uint32_t producer = *ring->producer;
  const uint32_t room = ring->slot_count - (producer - read_shared(ring->consumer));
  uint32_t staged = 0;
  while (staged < count && staged < room && xdp_socket->free_count != 0) {
    const struct tp_packet *packet = burst[staged];
    const uint64_t offset = take_chunk(xdp_socket);
    memcpy(xdp_socket->memory + offset, packet->data, packet->length);
    *descriptor_at(ring, producer + staged) =
        (struct xdp_desc){.addr = offset, .len = packet->length};
    staged++;
  }
  write_shared(ring->producer, producer + staged);
  return staged;
}

/* The kernel may have read how far we had come, so that can not be taken back; what lies there can:
 * frames that stay with the caller must not be sent from here later. */
static void withdraw(struct tp_xdp_socket *xdp_socket, uint32_t from, uint32_t to) {
  for (uint32_t index = from; index != to; index++) {
    struct xdp_desc *descriptor = descriptor_at(&xdp_socket->transmit, index);
    give_chunk(xdp_socket, descriptor->addr);
    *descriptor = (struct xdp_desc){.addr = NOWHERE, .len = 2};
  }
}

/* With zero copy the driver takes frames when it has time, and is only told of them. */
static bool tell_driver(const struct tp_xdp_socket *xdp_socket) {
  const bool is_needed =
      (__atomic_load_n(xdp_socket->transmit.flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP) != 0;
  return !is_needed || sendto(xdp_socket->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0;
}

static uint64_t octets_of(struct tp_packet *const *burst, uint32_t count) {
  uint64_t octets = 0;
  for (uint32_t i = 0; i < count; i++) {
    octets += burst[i]->length;
  }
  return octets;
}

static struct tp_xdp_sent send_zero_copy(struct tp_xdp_socket *xdp_socket,
                                         struct tp_packet *const *burst, uint32_t count) {
  const uint32_t staged = stage(xdp_socket, burst, count);
  const bool is_told = tell_driver(xdp_socket);
  return (struct tp_xdp_sent){.taken = staged,
                              .octets = octets_of(burst, staged),
                              .error =
                                  is_told || errno == EAGAIN || errno == EBUSY ? EAGAIN : errno};
}

/* Entries that were withdrawn keep their places until the kernel has passed them over, and it tells
 * of that with the next call only. */
static void pass_over(const struct tp_xdp_socket *xdp_socket) {
  const struct tp_xdp_ring *ring = &xdp_socket->transmit;
  for (uint32_t i = 0; i < 2 && read_shared(ring->consumer) != *ring->producer; i++) {
    sendto(xdp_socket->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
  }
}

/* Without, the kernel takes frames during the call. EBUSY: the driver dropped the last that it
 * took, and the ring may not tell yet that it is gone. */
static struct tp_xdp_sent send_copies(struct tp_xdp_socket *xdp_socket,
                                      struct tp_packet *const *burst, uint32_t count) {
  struct tp_xdp_sent sent = {.error = EAGAIN};
  pass_over(xdp_socket);
  const uint32_t staged = stage(xdp_socket, burst, count);
  const uint32_t end = *xdp_socket->transmit.producer;
  const uint32_t begin = end - staged;
  for (uint32_t attempts = 0; sent.taken < staged && attempts < ATTEMPTS;) {
    const bool is_done = sendto(xdp_socket->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0;
    const int error = is_done ? 0 : errno;
    /* Below 0: at entries that were withdrawn before. */
    const int32_t position = (int32_t)(read_shared(xdp_socket->transmit.consumer) - begin);
    if (position > (int32_t)sent.taken) {
      sent.taken = (uint32_t)position;
    } else if (error == EBUSY) {
      sent.taken++;
    } else {
      attempts++;
    }
    if (error == EBUSY) {
      sent.dropped++;
      sent.octets -= burst[sent.taken - 1]->length;
    } else if (!is_done && error != EAGAIN && error != EINTR && error != ENOBUFS) {
      sent.error = error;
      break;
    }
  }
  sent.octets += octets_of(burst, sent.taken);
  withdraw(xdp_socket, begin + sent.taken, end);
  return sent;
}

struct tp_xdp_sent tp_xdp_send(struct tp_xdp_socket *xdp_socket, struct tp_packet *const *burst,
                               uint32_t count) {
  reclaim_chunks(xdp_socket);
  return xdp_socket->is_zero_copy ? send_zero_copy(xdp_socket, burst, count)
                                  : send_copies(xdp_socket, burst, count);
}

/* --- receive --------------------------------------------------------------------------------- */

bool tp_xdp_peek(const struct tp_xdp_socket *xdp_socket, struct tp_xdp_frame *out) {
  const struct tp_xdp_ring *ring = &xdp_socket->receive;
  const uint32_t consumer = *ring->consumer;
  if (consumer == read_shared(ring->producer)) {
    return false;
  }
  const struct xdp_desc *descriptor = descriptor_at(ring, consumer);
  *out = (struct tp_xdp_frame){.offset = descriptor->addr, .octets = descriptor->len};
  return true;
}

void tp_xdp_release(struct tp_xdp_socket *xdp_socket, uint64_t offset) {
  const struct tp_xdp_ring *fill = &xdp_socket->fill;
  write_shared(xdp_socket->receive.consumer, *xdp_socket->receive.consumer + 1);
  const uint32_t producer = *fill->producer;
  *address_at(fill, producer) = offset & ~(uint64_t)(xdp_socket->chunk_octets - 1);
  write_shared(fill->producer, producer + 1);
}

void tp_xdp_wake_receiver(const struct tp_xdp_socket *xdp_socket) {
  if ((__atomic_load_n(xdp_socket->fill.flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP) != 0) {
    recvfrom(xdp_socket->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
  }
}
