/* Takes the cross traffic and counts it. Says where its address is found by a small broadcast
 * frame every ANNOUNCE_INTERVAL_MS, so that a learning switch does not flood the traffic.
 *
 * Frames are taken from a ring that is looked at every DRAIN_INTERVAL_MS: one wake-up for some
 * eighty frames at 100 Mbit/s. Runs until SIGTERM or SIGINT, then prints
 * "received FRAMES overrun FRAMES reordered FRAMES"; "overrun" arrived, but the ring was full.
 *
 * usage: traffic_sink INTERFACE OWN_MAC
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  SLOT_BYTES = 256,
  BLOCK_BYTES = 1 << 16,
  BLOCKS = 32,
  SLOTS = BLOCKS * (BLOCK_BYTES / SLOT_BYTES),
  DRAIN_INTERVAL_MS = 10,
  ANNOUNCE_INTERVAL_MS = 200,
  ANNOUNCE_BYTES = 60,
};

struct sink {
  int fd;
  unsigned char *ring;
  size_t ring_bytes;
  unsigned next_slot;
  uint64_t received;
  uint64_t reordered;
  uint64_t expected;
  unsigned char announce[ANNOUNCE_BYTES];
};

static bool open_sink(struct sink *sink, const char *interface) {
  sink->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  int version = TPACKET_V2;
  struct tpacket_req request = {.tp_block_size = BLOCK_BYTES,
                                .tp_block_nr = BLOCKS,
                                .tp_frame_size = SLOT_BYTES,
                                .tp_frame_nr = SLOTS};
  struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                .sll_protocol = htons(ETHERTYPE_TRAFFIC),
                                .sll_ifindex = (int)if_nametoindex(interface)};
  sink->ring_bytes = (size_t)BLOCK_BYTES * BLOCKS;
  if (sink->fd < 0 || address.sll_ifindex == 0 ||
      setsockopt(sink->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0 ||
      setsockopt(sink->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) < 0) {
    return false;
  }
  void *ring = mmap(NULL, sink->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, sink->fd, 0);
  if (ring == MAP_FAILED) {
    return false;
  }
  sink->ring = ring;
  return bind(sink->fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static void count_frame(struct sink *sink, const unsigned char *frame, unsigned bytes) {
  if (bytes < sizeof(struct traffic_frame)) {
    return;
  }
  uint64_t sequence_be;
  memcpy(&sequence_be, frame + offsetof(struct traffic_frame, sequence_be), 8);
  uint64_t sequence = be64toh(sequence_be);
  sink->received++;
  if (sequence < sink->expected) {
    sink->reordered++;
  } else {
    sink->expected = sequence + 1;
  }
}

static void drain(struct sink *sink) {
  for (;;) {
    unsigned char *slot = sink->ring + (size_t)sink->next_slot * SLOT_BYTES;
    struct tpacket2_hdr *header = (struct tpacket2_hdr *)(void *)slot;
    if ((__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0) {
      return;
    }
    count_frame(sink, slot + header->tp_mac, header->tp_snaplen);
    __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    sink->next_slot = (sink->next_slot + 1) % SLOTS;
  }
}

static uint64_t overruns(int fd) {
  struct tpacket_stats statistics = {0};
  socklen_t bytes = sizeof statistics;
  if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &bytes) < 0) {
    return 0;
  }
  return statistics.tp_drops;
}

static void run(struct sink *sink, const sigset_t *ends) {
  const struct timespec interval = {.tv_nsec = DRAIN_INTERVAL_MS * 1000000L};
  for (unsigned turn = 0;; turn++) {
    if (turn % (ANNOUNCE_INTERVAL_MS / DRAIN_INTERVAL_MS) == 0) {
      (void)send(sink->fd, sink->announce, sizeof sink->announce, 0);
    }
    drain(sink);
    if (sigtimedwait(ends, NULL, &interval) > 0) {
      drain(sink);
      return;
    }
  }
}

int main(int argc, char **argv) {
  unsigned octet[6];
  if (argc != 3 || sscanf(argv[2], "%2x:%2x:%2x:%2x:%2x:%2x", &octet[0], &octet[1], &octet[2],
                          &octet[3], &octet[4], &octet[5]) != 6) {
    fprintf(stderr, "usage: traffic_sink INTERFACE OWN_MAC\n");
    return 2;
  }
  sigset_t ends;
  (void)sigemptyset(&ends);
  (void)sigaddset(&ends, SIGTERM);
  (void)sigaddset(&ends, SIGINT);
  (void)sigprocmask(SIG_BLOCK, &ends, NULL);
  struct sink sink = {.fd = -1};
  if (!open_sink(&sink, argv[1])) {
    fprintf(stderr, "traffic_sink: cannot open %s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  struct traffic_frame header = {.ethertype_be = htons(ETHERTYPE_ANNOUNCE)};
  memset(header.destination, 0xff, 6);
  for (int i = 0; i < 6; i++) {
    header.source[i] = (uint8_t)octet[i];
  }
  memcpy(sink.announce, &header, sizeof header);
  printf("ready\n");
  (void)fflush(stdout);
  run(&sink, &ends);
  printf("received %llu overrun %llu reordered %llu\n", (unsigned long long)sink.received,
         (unsigned long long)overruns(sink.fd), (unsigned long long)sink.reordered);
  (void)munmap(sink.ring, sink.ring_bytes);
  (void)close(sink.fd);
  return 0;
}
