/* A packet socket on an interface: a mapped receive ring with the kernel's receive times, and
 * sending with or without the kernel's transmit times. See packet(7) and the kernel's
 * Documentation/networking/{packet_mmap,timestamping}.rst. All times are CLOCK_REALTIME. */
#ifndef TIMEPLANE_LAB_PTP_PORT_H
#define TIMEPLANE_LAB_PTP_PORT_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ptp_frames.h"

enum {
  PORT_SLOT_OCTETS = 512, /* of the receive ring; longer frames are cut, which PTP's are not */
  PORT_BLOCK_OCTETS = 1 << 16,
  PORT_STAMP_TIMEOUT_MS = 50,
};
#define NS_PER_SECOND UINT64_C(1000000000)

struct packet_port {
  int fd;      /* receives, and sends without stamps */
  int stamped; /* sends with stamps */
  uint8_t *ring;
  size_t ring_octets;
  unsigned slots;
  unsigned next_slot;
  uint32_t stamps_asked; /* the kernel numbers what it is asked for, from 0 */
  uint8_t mac[6];
};

struct received {
  const uint8_t *octets;
  size_t count;
  uint64_t time_ns;
};

struct transmit_stamp {
  uint32_t id;
  uint64_t time_ns;
};

static inline uint64_t realtime_ns(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static inline uint64_t monotonic_ns(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static inline bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static inline int open_bound(int ifindex, uint16_t protocol) {
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = ifindex};
  if (fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

static inline bool map_ring(struct packet_port *port, unsigned slots) {
  const unsigned per_block = PORT_BLOCK_OCTETS / PORT_SLOT_OCTETS;
  const unsigned blocks = (slots + per_block - 1) / per_block;
  const struct tpacket_req request = {.tp_block_size = PORT_BLOCK_OCTETS,
                                      .tp_block_nr = blocks,
                                      .tp_frame_size = PORT_SLOT_OCTETS,
                                      .tp_frame_nr = blocks * per_block};
  if (!set_option(port->fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2) ||
      setsockopt(port->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0) {
    return false;
  }
  port->ring_octets = (size_t)blocks * PORT_BLOCK_OCTETS;
  void *ring = mmap(NULL, port->ring_octets, PROT_READ | PROT_WRITE, MAP_SHARED, port->fd, 0);
  if (ring == MAP_FAILED) {
    return false;
  }
  port->ring = ring;
  port->slots = blocks * per_block;
  return true;
}

static inline bool read_mac(struct packet_port *port, const char *interface) {
  struct ifreq request = {0};
  (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  if (ioctl(port->fd, SIOCGIFHWADDR, &request) != 0) {
    return false;
  }
  memcpy(port->mac, request.ifr_hwaddr.sa_data, 6);
  return true;
}

/* Slots 0: for sending only. False with errno set. */
static inline bool port_open(struct packet_port *port, const char *interface, unsigned slots) {
  *port = (struct packet_port){.fd = -1, .stamped = -1};
  const int ifindex = (int)if_nametoindex(interface);
  if (ifindex == 0) {
    return false;
  }
  /* Protocol 0 receives nothing: what waits for its bind would be of other interfaces, too. */
  port->fd = open_bound(ifindex, 0);
  port->stamped = open_bound(ifindex, 0);
  if (port->fd < 0 || port->stamped < 0 || !read_mac(port, interface)) {
    return false;
  }
  const int transmit = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                       SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
  (void)set_option(port->fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
  if (!set_option(port->stamped, SOL_SOCKET, SO_TIMESTAMPING, transmit)) {
    return false;
  }
  if (slots == 0) {
    return true;
  }
  const int receive = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  const struct packet_mreq all = {.mr_ifindex = ifindex, .mr_type = PACKET_MR_PROMISC};
  const struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex};
  return map_ring(port, slots) && set_option(port->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) &&
         set_option(port->fd, SOL_SOCKET, SO_TIMESTAMPING, receive) &&
         set_option(port->fd, SOL_PACKET, PACKET_TIMESTAMP, SOF_TIMESTAMPING_SOFTWARE) &&
         setsockopt(port->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) == 0 &&
         bind(port->fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0;
}

/* Lets frames of one source only into the ring: the kernel drops the others before they cost. */
static inline bool port_take_only_from(const struct packet_port *port, const uint8_t mac[6]) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 6),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, get32(mac), 0, 3),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 10),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, get16(mac + 4), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  return setsockopt(port->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

static inline void port_close(struct packet_port *port) {
  if (port->ring != NULL) {
    (void)munmap(port->ring, port->ring_octets);
  }
  if (port->fd >= 0) {
    close(port->fd);
  }
  if (port->stamped >= 0) {
    close(port->stamped);
  }
}

/* Opens or ends the program with a message. */
static inline void port_need(struct packet_port *port, const char *program, const char *interface,
                             unsigned slots) {
  if (!port_open(port, interface, slots)) {
    fprintf(stderr, "%s: cannot open %s: %s\n", program, interface,
            if_nametoindex(interface) == 0 ? "no such interface" : strerror(errno));
    exit(1);
  }
}

/* The next frame, which stays valid until port_release; false where none is there. */
static inline bool port_receive(struct packet_port *port, struct received *out) {
  uint8_t *slot = port->ring + (size_t)port->next_slot * PORT_SLOT_OCTETS;
  struct tpacket2_hdr *header = (struct tpacket2_hdr *)(void *)slot;
  if ((__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0) {
    return false;
  }
  *out = (struct received){.octets = slot + header->tp_mac,
                           .count = header->tp_snaplen,
                           .time_ns = header->tp_sec * NS_PER_SECOND + header->tp_nsec};
  return true;
}

static inline void port_release(struct packet_port *port) {
  uint8_t *slot = port->ring + (size_t)port->next_slot * PORT_SLOT_OCTETS;
  struct tpacket2_hdr *header = (struct tpacket2_hdr *)(void *)slot;
  __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
  port->next_slot = (port->next_slot + 1) % port->slots;
}

/* Frames that came while the ring was full, since the last call. */
static inline uint64_t port_overruns(const struct packet_port *port) {
  struct tpacket_stats statistics = {0};
  socklen_t octets = sizeof statistics;
  (void)getsockopt(port->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &octets);
  return statistics.tp_drops;
}

static inline bool port_send(const struct packet_port *port, const uint8_t *octets, size_t count) {
  return send(port->fd, octets, count, 0) == (ssize_t)count;
}

/* Sends and asks for a transmit stamp; *id is what the stamp will say. */
static inline bool port_send_asking(struct packet_port *port, const uint8_t *octets, size_t count,
                                    uint32_t *id) {
  *id = port->stamps_asked;
  if (send(port->stamped, octets, count, 0) != (ssize_t)count) {
    return false;
  }
  port->stamps_asked++;
  return true;
}

/* The next stamp that the kernel has ready; false where there is none. */
static inline bool port_next_stamp(const struct packet_port *port, struct transmit_stamp *out) {
  char control[512];
  struct msghdr message = {.msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(port->stamped, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
    return false;
  }
  bool has_time = false;
  bool has_id = false;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_TIMESTAMPING) {
      struct scm_timestamping times;
      memcpy(&times, CMSG_DATA(part), sizeof times);
      out->time_ns = (uint64_t)times.ts[0].tv_sec * NS_PER_SECOND + (uint64_t)times.ts[0].tv_nsec;
      has_time = true;
    } else if (part->cmsg_level == SOL_PACKET && part->cmsg_type == PACKET_TX_TIMESTAMP) {
      struct sock_extended_err error;
      memcpy(&error, CMSG_DATA(part), sizeof error);
      out->id = error.ee_data;
      has_id = true;
    }
  }
  return has_time && has_id;
}

/* Sends and waits for the transmit stamp: at once on a veth, as late as the queue is long else. */
static inline bool port_send_stamped(struct packet_port *port, const uint8_t *octets, size_t count,
                                     uint64_t *time_ns) {
  uint32_t id;
  if (!port_send_asking(port, octets, count, &id)) {
    return false;
  }
  const uint64_t give_up_ns = monotonic_ns() + PORT_STAMP_TIMEOUT_MS * UINT64_C(1000000);
  struct transmit_stamp stamp = {0};
  do {
    while (port_next_stamp(port, &stamp)) {
      if (stamp.id == id) {
        *time_ns = stamp.time_ns;
        return true;
      }
    }
    struct pollfd wait = {.fd = port->stamped};
    (void)poll(&wait, 1, 1);
  } while (monotonic_ns() < give_up_ns);
  return false;
}

/* SIGTERM and SIGINT come when they are asked for, and not in between. */
static inline sigset_t hold_ends(void) {
  sigset_t ends;
  (void)sigemptyset(&ends);
  (void)sigaddset(&ends, SIGTERM);
  (void)sigaddset(&ends, SIGINT);
  (void)sigprocmask(SIG_BLOCK, &ends, NULL);
  return ends;
}

static inline bool has_ended(const sigset_t *ends) {
  const struct timespec at_once = {0};
  return sigtimedwait(ends, NULL, &at_once) > 0;
}

/* Keeps to one processor, the last that it may use: a generator beside the program that it feeds
 * would take half of it. */
static inline void keep_to_one_processor(void) {
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

/* Sleeps until `due_ns` (monotonic), a frame comes, or a signal: in this order of what matters. */
static inline void port_wait(const struct packet_port *port, uint64_t due_ns) {
  const uint64_t now_ns = monotonic_ns();
  if (due_ns <= now_ns) {
    return;
  }
  const uint64_t left_ns = due_ns - now_ns;
  const struct timespec left = {.tv_sec = (time_t)(left_ns / NS_PER_SECOND),
                                .tv_nsec = (long)(left_ns % NS_PER_SECOND)};
  struct pollfd wait = {.fd = port->fd, .events = POLLIN};
  (void)ppoll(&wait, 1, &left, NULL);
}

/* Reads six octets in hexadecimal; ends the program where these are none. */
static inline void mac_need(const char *program, const char *text, uint8_t mac[6]) {
  unsigned octet[6];
  int used = 0;
  if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &octet[0], &octet[1], &octet[2], &octet[3],
             &octet[4], &octet[5], &used) != 6 ||
      text[used] != '\0') {
    fprintf(stderr, "%s: '%s' is no MAC address\n", program, text);
    exit(2);
  }
  for (size_t i = 0; i < 6; i++) {
    mac[i] = (uint8_t)octet[i];
  }
}

/* Reads a station's IP addresses; ends the program where these are none. */
static inline void addresses_need(const char *program, const char *ipv4, const char *ipv6,
                                  struct station *station) {
  if (inet_pton(AF_INET, ipv4, station->ipv4) != 1 ||
      inet_pton(AF_INET6, ipv6, station->ipv6) != 1) {
    fprintf(stderr, "%s: '%s' or '%s' is no IP address\n", program, ipv4, ipv6);
    exit(2);
  }
}

#endif
