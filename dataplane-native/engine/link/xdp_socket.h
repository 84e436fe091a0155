/*
 * xdp_socket.h - one AF_XDP socket on an interface's first queue.
 *
 *   frame memory  [ chunks that the kernel fills | chunks that we send from ]
 *   rings         fill ──▶ kernel ──▶ receive      transmit ──▶ kernel ──▶ completion
 *
 * A socket that only sends needs no XDP program and leaves alone how the interface receives. It
 * hands a burst to the driver in one system call, which costs a quarter less than sendmmsg does.
 */
#ifndef TIMEPLANE_XDP_SOCKET_H
#define TIMEPLANE_XDP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline.h"

/* Chunks to send from, and slots of each of the two rings that they go through. */
#define TP_XDP_SEND_SLOTS 128u

struct tp_xdp_ring {
  uint32_t *producer;
  uint32_t *consumer;
  uint32_t *flags;
  void *entries;       /* struct xdp_desc, or uint64_t for fill and completion */
  uint32_t slot_count; /* a power of two */
  void *mapping;       /* null: there is none */
  size_t mapping_octets;
};

struct tp_xdp_socket {
  int fd; /* -1: closed */
  bool is_zero_copy;
  uint8_t *memory;
  size_t memory_octets;
  uint32_t chunk_octets;
  uint32_t receive_chunks; /* the first ones; 0: it only sends */
  struct tp_xdp_ring fill;
  struct tp_xdp_ring completion;
  struct tp_xdp_ring receive;
  struct tp_xdp_ring transmit;
  uint32_t free_count;
  uint64_t free_chunks[TP_XDP_SEND_SLOTS]; /* offsets of chunks to send from */
  bool is_free[TP_XDP_SEND_SLOTS];         /* by chunk: none may be in the list twice */
};

struct tp_xdp_settings {
  unsigned ifindex;
  uint32_t frame_octets;   /* the longest that it has to carry: see tp_xdp_carries */
  uint32_t receive_chunks; /* a power of two; 0: it only sends */
  bool wants_zero_copy;    /* EOPNOTSUPP or EINVAL where the driver cannot */
};

/* Whether frames of that length fit into a chunk. */
bool tp_xdp_carries(uint32_t frame_octets);

/* Null, or the step that failed; errno says why. */
const char *tp_xdp_open(struct tp_xdp_socket *xdp_socket, const struct tp_xdp_settings *settings);
void tp_xdp_close(struct tp_xdp_socket *xdp_socket);

/* What became of a burst: the first `taken` frames are on their way or, `dropped` of them, were
 * refused by the driver. `error` is why no more were taken: EAGAIN, or that the interface is down.
 */
struct tp_xdp_sent {
  uint32_t taken;
  uint32_t dropped;
  uint64_t octets; /* of those on their way */
  int error;
};
/* Frames that fit into a chunk, at least as long as an Ethernet header. They stay the caller's. */
struct tp_xdp_sent tp_xdp_send(struct tp_xdp_socket *xdp_socket, struct tp_packet *const *burst,
                               uint32_t count);

/* A received frame; its metadata lies before it. */
struct tp_xdp_frame {
  uint64_t offset;
  uint32_t octets;
};
/* The oldest received frame; false: there is none. */
bool tp_xdp_peek(const struct tp_xdp_socket *xdp_socket, struct tp_xdp_frame *out);
/* Gives the chunk of the frame that was peeked back to the kernel. */
void tp_xdp_release(struct tp_xdp_socket *xdp_socket, uint64_t offset);
/* Where the kernel wants to be told that there are chunks to fill. */
void tp_xdp_wake_receiver(const struct tp_xdp_socket *xdp_socket);

#endif
