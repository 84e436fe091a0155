/* Writes down when frames pass an interface, by the kernel's own stamps: those that leave as they
 * are handed to the device, those that come in as the device hands them over. It is how the lab
 * knows the time between two interfaces without asking anything that stands between them.
 *
 * A line a frame: "o" (left) or "i" (came in), the stamp in ns of CLOCK_REALTIME, and the first
 * SNAP_BYTES of the frame in hexadecimal digits (a VLAN tag that the kernel keeps beside the frame
 * is not in it). Frames of the lab's cross traffic are not taken. What the frames mean is
 * lab/measure/frame-stamps.ts's business.
 *
 * The ring is looked at every DRAIN_INTERVAL_MS, so that whoever measures wakes a few times a
 * second and not at every frame. Runs until SIGTERM or SIGINT, then prints "end FRAMES LOST
 * UNSTAMPED".
 *
 * usage: frame_stamps INTERFACE
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  SNAP_BYTES = 160,
  SLOT_BYTES = 512,
  BLOCK_BYTES = 1 << 16,
  BLOCKS = 32,
  SLOTS = BLOCKS * (BLOCK_BYTES / SLOT_BYTES),
  DRAIN_INTERVAL_MS = 50,
};

struct tap {
  int fd;
  unsigned char *ring;
  size_t ring_bytes;
  unsigned next_slot;
  uint64_t frames;
  uint64_t unstamped;
};

/* Cross traffic is turned away in the kernel, by its EtherType. */
static bool refuse_traffic(int fd) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_TRAFFIC, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_ANNOUNCE, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SNAP_BYTES),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

static bool open_tap(struct tap *tap, const char *interface) {
  /* Protocol 0: nothing is taken before the filter stands. */
  tap->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  int version = TPACKET_V2;
  int on = 1;
  struct tpacket_req request = {.tp_block_size = BLOCK_BYTES,
                                .tp_block_nr = BLOCKS,
                                .tp_frame_size = SLOT_BYTES,
                                .tp_frame_nr = SLOTS};
  struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                .sll_protocol = htons(ETH_P_ALL),
                                .sll_ifindex = (int)if_nametoindex(interface)};
  tap->ring_bytes = (size_t)BLOCK_BYTES * BLOCKS;
  if (tap->fd < 0 || address.sll_ifindex == 0 || !refuse_traffic(tap->fd) ||
      setsockopt(tap->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0 ||
      /* The kernel stamps frames only while some socket wants stamps. */
      setsockopt(tap->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0 ||
      setsockopt(tap->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) < 0) {
    return false;
  }
  void *ring = mmap(NULL, tap->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, tap->fd, 0);
  if (ring == MAP_FAILED) {
    return false;
  }
  tap->ring = ring;
  return bind(tap->fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static void print_frame(char direction, uint64_t stamp_ns, const unsigned char *frame,
                        size_t bytes) {
  static const char digits[] = "0123456789abcdef";
  char hex[2 * SNAP_BYTES + 1];
  for (size_t i = 0; i < bytes; i++) {
    hex[2 * i] = digits[frame[i] >> 4];
    hex[2 * i + 1] = digits[frame[i] & 15];
  }
  hex[2 * bytes] = '\0';
  (void)printf("%c %llu %s\n", direction, (unsigned long long)stamp_ns, hex);
}

static void take(struct tap *tap, const unsigned char *slot, const struct tpacket2_hdr *header) {
  struct sockaddr_ll from;
  memcpy(&from, slot + TPACKET_ALIGN((int)sizeof *header), sizeof from);
  tap->frames++;
  /* Without the kernel's own stamp this would be the time at which the ring took the frame. */
  if ((header->tp_status & TP_STATUS_TS_SOFTWARE) == 0) {
    tap->unstamped++;
    return;
  }
  uint64_t stamp_ns = (uint64_t)header->tp_sec * 1000000000U + header->tp_nsec;
  size_t bytes = header->tp_snaplen < SNAP_BYTES ? header->tp_snaplen : SNAP_BYTES;
  char direction = from.sll_pkttype == PACKET_OUTGOING ? 'o' : 'i';
  print_frame(direction, stamp_ns, slot + header->tp_mac, bytes);
}

static void drain(struct tap *tap) {
  for (;;) {
    unsigned char *slot = tap->ring + (size_t)tap->next_slot * SLOT_BYTES;
    struct tpacket2_hdr *header = (struct tpacket2_hdr *)(void *)slot;
    if ((__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0) {
      return;
    }
    take(tap, slot, header);
    __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    tap->next_slot = (tap->next_slot + 1) % SLOTS;
  }
}

static uint64_t lost_frames(int fd) {
  struct tpacket_stats statistics = {0};
  socklen_t bytes = sizeof statistics;
  if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &bytes) < 0) {
    return 0;
  }
  return statistics.tp_drops;
}

static void run(struct tap *tap, const sigset_t *ends) {
  const struct timespec interval = {.tv_nsec = DRAIN_INTERVAL_MS * 1000000L};
  while (sigtimedwait(ends, NULL, &interval) <= 0) {
    drain(tap);
    if (fflush(stdout) != 0) {
      return;
    }
  }
  drain(tap);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: frame_stamps INTERFACE\n");
    return 2;
  }
  sigset_t ends;
  (void)sigemptyset(&ends);
  (void)sigaddset(&ends, SIGTERM);
  (void)sigaddset(&ends, SIGINT);
  (void)sigprocmask(SIG_BLOCK, &ends, NULL);
  (void)signal(SIGPIPE, SIG_IGN);
  struct tap tap = {.fd = -1};
  if (!open_tap(&tap, argv[1])) {
    fprintf(stderr, "frame_stamps: cannot listen to %s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  (void)setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  printf("ready\n");
  (void)fflush(stdout);
  run(&tap, &ends);
  printf("end %llu %llu %llu\n", (unsigned long long)tap.frames,
         (unsigned long long)lost_frames(tap.fd), (unsigned long long)tap.unstamped);
  (void)fflush(stdout);
  (void)munmap(tap.ring, tap.ring_bytes);
  (void)close(tap.fd);
  return 0;
}
