/*
 * null_forwarder.c - the peer of the forwarding benchmark: an AF_PACKET program that does nothing
 * but move frames from one interface to the other, both ways, as fast as it knows how: a mapped
 * receive ring on each side, sendmmsg past the queueing discipline.
 *
 *   null_forwarder INTERFACE INTERFACE
 *
 * Prints `ready` when it forwards, and does so until it is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_OCTETS 2048u
#define BLOCK_OCTETS (64u * FRAME_OCTETS)
#define RING_FRAMES  4096u
#define BURST        64u
/* It looks again for so long before it sleeps: to be woken costs the sender, too. */
#define LINGER_NS UINT64_C(20000)

struct side {
  int receive;
  int transmit;
  uint8_t *ring;
  uint32_t head;
};

_Noreturn static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(2);
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static int packet_socket(const char *interface, uint16_t protocol) {
  const int fd = socket(AF_PACKET, SOCK_RAW, htons(protocol));
  if (fd < 0) {
    fail("socket");
  }
  const struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                      .sll_protocol = htons(protocol),
                                      .sll_ifindex = (int)if_nametoindex(interface)};
  if (address.sll_ifindex == 0 ||
      bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) != 0) {
    fail(interface);
  }
  return fd;
}

static void set_option(int fd, int option, int value) {
  if (setsockopt(fd, SOL_PACKET, option, &value, sizeof value) != 0) {
    fail("setsockopt");
  }
}

static void open_side(struct side *side, const char *interface) {
  side->receive = socket(AF_PACKET, SOCK_RAW, 0);
  if (side->receive < 0) {
    fail("socket");
  }
  set_option(side->receive, PACKET_VERSION, TPACKET_V2);
  set_option(side->receive, PACKET_IGNORE_OUTGOING, 1);
  const struct tpacket_req request = {.tp_block_size = BLOCK_OCTETS,
                                      .tp_block_nr = RING_FRAMES * FRAME_OCTETS / BLOCK_OCTETS,
                                      .tp_frame_size = FRAME_OCTETS,
                                      .tp_frame_nr = RING_FRAMES};
  if (setsockopt(side->receive, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0) {
    fail("PACKET_RX_RING");
  }
  side->ring = mmap(NULL, (size_t)RING_FRAMES * FRAME_OCTETS, PROT_READ | PROT_WRITE, MAP_SHARED,
                    side->receive, 0);
  if (side->ring == MAP_FAILED) {
    fail("mmap");
  }
  const struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                      .sll_protocol = htons(ETH_P_ALL),
                                      .sll_ifindex = (int)if_nametoindex(interface)};
  if (address.sll_ifindex == 0 ||
      bind(side->receive, (const struct sockaddr *)(const void *)&address, sizeof address) != 0) {
    fail(interface);
  }
  side->transmit = packet_socket(interface, 0);
  set_option(side->transmit, PACKET_QDISC_BYPASS, 1);
}

static struct tpacket2_hdr *slot_at(const struct side *side, uint32_t index) {
  return (struct tpacket2_hdr *)(void *)(side->ring + (size_t)(index % RING_FRAMES) * FRAME_OCTETS);
}

/* The kernel takes a VLAN tag out of the frame: back in, in front of what follows the addresses. */
static uint8_t *whole_frame(struct tpacket2_hdr *slot, uint32_t *octets) {
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

static bool move_burst(struct side *from, const struct side *to) {
  struct mmsghdr messages[BURST];
  struct iovec parts[BURST];
  uint32_t count = 0;
  memset(messages, 0, sizeof messages);
  for (; count < BURST; count++) {
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
  return count > 0;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fputs("usage: null_forwarder INTERFACE INTERFACE\n", stderr);
    return 2;
  }
  struct side sides[2] = {0};
  open_side(&sides[0], argv[1]);
  open_side(&sides[1], argv[2]);
  puts("ready");
  fflush(stdout);
  struct pollfd waits[2] = {{sides[0].receive, POLLIN, 0}, {sides[1].receive, POLLIN, 0}};
  for (uint64_t last_ns = now_ns();;) {
    const bool moved = move_burst(&sides[0], &sides[1]);
    if (move_burst(&sides[1], &sides[0]) || moved) {
      last_ns = now_ns();
    } else if (now_ns() - last_ns > LINGER_NS && poll(waits, 2, -1) < 0 && errno != EINTR) {
      fail("poll");
    }
  }
}
