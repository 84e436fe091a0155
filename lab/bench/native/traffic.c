/*
 * traffic.c - sends frames at a paced rate and says how many came out at the other end.
 *
 *   traffic rate  SEND RECEIVE FRAMES COUNT RATE    one trial of COUNT frames at RATE a second
 *   traffic check SEND RECEIVE FRAMES OUT           every frame once, slowly; what arrives goes to
 * OUT
 *
 * A trial counts arrivals by the receiving interface's own counter, so that nothing on this side
 * has to keep up with them. Both ends are interfaces of this namespace; the forwarder has their
 * peers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"

#define BURST          16u
#define QUIET_NS       UINT64_C(150000000)
#define WAIT_NS        UINT64_C(2000000000)
#define CHECK_FRAMES_S 2000u
#define SECOND_NS      UINT64_C(1000000000)

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* Frames received by an interface of this network namespace, which /sys may not show. */
static uint64_t received_by(const char *interface) {
  FILE *file = fopen("/proc/self/net/dev", "r");
  char line[512];
  unsigned long long octets = 0;
  unsigned long long count = 0;
  bool found = false;
  while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
    char *name = line + strspn(line, " ");
    char *colon = strchr(name, ':');
    if (colon != NULL) {
      *colon = 0;
      found = strcmp(name, interface) == 0 && sscanf(colon + 1, "%llu %llu", &octets, &count) == 2;
    }
  }
  if (!found) {
    fail(interface, "has no counter");
  }
  fclose(file);
  return count;
}

static int open_socket(const char *interface, uint16_t protocol) {
  const int fd = socket(AF_PACKET, SOCK_RAW, 0);
  const struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                      .sll_protocol = htons(protocol),
                                      .sll_ifindex = (int)if_nametoindex(interface)};
  const int on = 1;
  const int memory = 32 << 20;
  if (fd < 0 || address.sll_ifindex == 0 ||
      bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) != 0) {
    fail(interface, strerror(errno));
  }
  (void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
  (void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
  (void)setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on);
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &memory, sizeof memory);
  return fd;
}

/* Sends `count` frames of the set from `first` on; returns how many the kernel took. */
static uint32_t send_burst(int fd, const struct frame_set *set, uint64_t first, uint32_t count) {
  struct mmsghdr messages[BURST];
  struct iovec parts[BURST];
  memset(messages, 0, sizeof messages);
  for (uint32_t i = 0; i < count; i++) {
    struct frame *frame = &set->frames[(first + i) % set->count];
    parts[i].iov_base = frame->octets;
    parts[i].iov_len = frame->record.octets;
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  uint32_t sent = 0;
  while (sent < count) {
    const int result = sendmmsg(fd, messages + sent, count - sent, 0);
    if (result < 0 && errno != EAGAIN && errno != ENOBUFS) {
      fail("sendmmsg", strerror(errno));
    }
    sent += result > 0 ? (uint32_t)result : 0;
  }
  return sent;
}

/* Frame i is due at start + i / rate; a sender that is late sends at once, and says so at the end.
 */
static uint64_t send_paced(int fd, const struct frame_set *set, uint64_t count, uint64_t rate) {
  const uint64_t start_ns = now_ns();
  for (uint64_t sent = 0; sent < count;) {
    const uint64_t due = (now_ns() - start_ns) * rate / SECOND_NS + 1;
    if (due <= sent) {
      continue;
    }
    uint64_t burst = due - sent < BURST ? due - sent : BURST;
    burst = burst < count - sent ? burst : count - sent;
    sent += send_burst(fd, set, sent, (uint32_t)burst);
  }
  return now_ns() - start_ns;
}

/* Waits until `count` more than `before` came, or none came for a while; returns how many did. */
static uint64_t await_frames(const char *interface, uint64_t before, uint64_t count) {
  uint64_t last = received_by(interface);
  uint64_t last_ns = now_ns();
  while (last - before < count && now_ns() - last_ns < QUIET_NS) {
    usleep(2000);
    const uint64_t seen = received_by(interface);
    if (seen != last) {
      last = seen;
      last_ns = now_ns();
    }
  }
  return last - before;
}

static void trial(const char *to, const char *from, const struct frame_set *set, uint64_t count,
                  uint64_t rate) {
  const int fd = open_socket(to, 0);
  const uint64_t before = received_by(from);
  const uint64_t took_ns = send_paced(fd, set, count, rate);
  uint64_t received = await_frames(from, before, count);
  if (received < count) {
    /* What is still under way must not count for the next trial. */
    received += await_frames(from, before + received, UINT64_MAX);
  }
  printf("{\"sent\":%llu,\"received\":%llu,\"rate\":%.0f}\n", (unsigned long long)count,
         (unsigned long long)received, (double)count * 1e9 / (double)took_ns);
}

/* The kernel takes a VLAN tag out of the frame: back in. */
static uint32_t restore_tag(struct msghdr *message, uint8_t *frame, uint32_t octets) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
       part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA) {
      continue;
    }
    struct tpacket_auxdata data;
    memcpy(&data, CMSG_DATA(part), sizeof data);
    if ((data.tp_status & TP_STATUS_VLAN_VALID) != 0) {
      const uint16_t tag[2] = {htons(data.tp_vlan_tpid), htons(data.tp_vlan_tci)};
      memmove(frame + 16, frame + 12, octets - 12);
      memcpy(frame + 12, tag, sizeof tag);
      return octets + 4;
    }
  }
  return octets;
}

static bool receive_one(int fd, FILE *out) {
  static uint8_t octets[MAX_OCTETS + 8];
  char control[256];
  struct iovec part = {octets, MAX_OCTETS};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  const ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
  if (length < 14) {
    return false;
  }
  write_frame(out, 0, 0, octets, restore_tag(&message, octets, (uint32_t)length));
  return true;
}

static void check(const char *to, const char *from, const struct frame_set *set, const char *path) {
  const int sender = open_socket(to, 0);
  const int receiver = open_socket(from, ETH_P_ALL);
  FILE *out = fopen(path, "wb");
  if (out == NULL) {
    fail(path, "cannot be written");
  }
  uint64_t received = 0;
  for (uint32_t i = 0; i < set->count; i++) {
    send_burst(sender, set, i, 1);
    usleep(1000000 / CHECK_FRAMES_S);
    while (receive_one(receiver, out)) {
      received++;
    }
  }
  const uint64_t end_ns = now_ns() + WAIT_NS;
  struct pollfd wait = {receiver, POLLIN, 0};
  while (received < set->count && now_ns() < end_ns && poll(&wait, 1, 200) > 0) {
    received += receive_one(receiver, out) ? 1 : 0;
  }
  fclose(out);
  printf("{\"sent\":%u,\"received\":%llu,\"rate\":%u}\n", set->count, (unsigned long long)received,
         CHECK_FRAMES_S);
}

/* Keeps to one processor, the last that it may use, and leaves the others to the forwarder. Else
 * the scheduler puts a forwarder that was woken beside the generator that woke it, and both get
 * half. */
static void keep_to_one_processor(void) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) {
    return;
  }
  size_t last = CPU_SETSIZE - 1;
  while (!CPU_ISSET(last, &allowed)) {
    last--;
  }
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(last, &only);
  (void)sched_setaffinity(0, sizeof only, &only);
}

int main(int argc, char **argv) {
  keep_to_one_processor();
  if (argc == 7 && strcmp(argv[1], "rate") == 0) {
    const struct frame_set set = read_frames(argv[4]);
    trial(argv[2], argv[3], &set, strtoull(argv[5], NULL, 10), strtoull(argv[6], NULL, 10));
  } else if (argc == 6 && strcmp(argv[1], "check") == 0) {
    const struct frame_set set = read_frames(argv[4]);
    check(argv[2], argv[3], &set, argv[5]);
  } else {
    fail("usage", "traffic rate SEND RECEIVE FRAMES COUNT RATE | check SEND RECEIVE FRAMES OUT");
  }
  return 0;
}
