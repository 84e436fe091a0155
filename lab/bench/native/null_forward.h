/*
 * null_forward.h - frames from one interface to another, as fast as AF_PACKET knows how: a mapped
 * receive ring on each side, sendmmsg past the queueing discipline, and no look at any frame.
 */
#ifndef TIMEPLANE_BENCH_NULL_FORWARD_H
#define TIMEPLANE_BENCH_NULL_FORWARD_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define NULL_FRAME_OCTETS 2048u
#define NULL_BLOCK_OCTETS (64u * NULL_FRAME_OCTETS)
#define NULL_RING_FRAMES  4096u
#define NULL_BURST        64u

_Noreturn static inline void null_fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(2);
}

struct side {
  int receive;
  int transmit;
  uint8_t *ring;
  uint32_t head;
};

static inline int packet_socket(const char *interface, uint16_t protocol) {
  const int fd = socket(AF_PACKET, SOCK_RAW, htons(protocol));
  if (fd < 0) {
    null_fail("socket");
  }
  const struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                      .sll_protocol = htons(protocol),
                                      .sll_ifindex = (int)if_nametoindex(interface)};
  if (address.sll_ifindex == 0 ||
      bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) != 0) {
    null_fail(interface);
  }
  return fd;
}

static inline void set_option(int fd, int option, int value) {
  if (setsockopt(fd, SOL_PACKET, option, &value, sizeof value) != 0) {
    null_fail("setsockopt");
  }
}

static inline void open_side(struct side *side, const char *interface) {
  side->receive = socket(AF_PACKET, SOCK_RAW, 0);
  if (side->receive < 0) {
    null_fail("socket");
  }
  set_option(side->receive, PACKET_VERSION, TPACKET_V2);
  set_option(side->receive, PACKET_IGNORE_OUTGOING, 1);
  const struct tpacket_req request = {.tp_block_size = NULL_BLOCK_OCTETS,
                                      .tp_block_nr =
                                          NULL_RING_FRAMES * NULL_FRAME_OCTETS / NULL_BLOCK_OCTETS,
                                      .tp_frame_size = NULL_FRAME_OCTETS,
                                      .tp_frame_nr = NULL_RING_FRAMES};
  if (setsockopt(side->receive, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0) {
    null_fail("PACKET_RX_RING");
  }
  side->ring = mmap(NULL, (size_t)NULL_RING_FRAMES * NULL_FRAME_OCTETS, PROT_READ | PROT_WRITE,
                    MAP_SHARED, side->receive, 0);
  if (side->ring == MAP_FAILED) {
    null_fail("mmap");
  }
  const struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                      .sll_protocol = htons(ETH_P_ALL),
                                      .sll_ifindex = (int)if_nametoindex(interface)};
  if (address.sll_ifindex == 0 ||
      bind(side->receive, (const struct sockaddr *)(const void *)&address, sizeof address) != 0) {
    null_fail(interface);
  }
  side->transmit = packet_socket(interface, 0);
  set_option(side->transmit, PACKET_QDISC_BYPASS, 1);
}

static inline struct tpacket2_hdr *slot_at(const struct side *side, uint32_t index) {
  return (struct tpacket2_hdr *)(void *)(side->ring +
                                         (size_t)(index % NULL_RING_FRAMES) * NULL_FRAME_OCTETS);
}

/* The kernel takes a VLAN tag out of the frame: back in, in front of what follows the addresses. */
static inline uint8_t *whole_frame(struct tpacket2_hdr *slot, uint32_t *octets) {
  uint8_t *frame = (uint8_t *)slot + slot->tp_mac;
  *octets = slot->tp_snaplen;
  if ((slot->tp_status & TP_STATUS_VLAN_VALID) == 0) {
    return frame;
  }
  const uint16_t tpid =
      (slot->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? slot->tp_vlan_tpid : 0x8100;
  memmove(frame - 4, frame, 12);
  frame -= 4;
  const uint16_t tag[2] = {htons(tpid), htons(slot->tp_vlan_tci)};
  memcpy(frame + 12, tag, sizeof tag);
  *octets += 4;
  return frame;
}

/* How many frames it was. */
static inline uint32_t move_burst(struct side *from, const struct side *to) {
  struct mmsghdr messages[NULL_BURST];
  struct iovec parts[NULL_BURST];
  uint32_t count = 0;
  memset(messages, 0, sizeof messages);
  for (; count < NULL_BURST; count++) {
    struct tpacket2_hdr *slot = slot_at(from, from->head + count);
    if ((__atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0) {
      break;
    }
    uint32_t octets = 0;
    parts[count].iov_base = whole_frame(slot, &octets);
    parts[count].iov_len = octets;
    messages[count].msg_hdr.msg_iov = &parts[count];
    messages[count].msg_hdr.msg_iovlen = 1;
  }
  for (uint32_t sent = 0; sent < count;) {
    const int result = sendmmsg(to->transmit, messages + sent, count - sent, 0);
    /* A frame that the kernel refuses is lost; the trial sees it. */
    sent += result > 0 ? (uint32_t)result : 1;
  }
  for (uint32_t i = 0; i < count; i++) {
    __atomic_store_n(&slot_at(from, from->head + i)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
  }
  from->head += count;
  return count;
}

#endif
