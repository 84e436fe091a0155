/* packet_socket.c - see packet_socket.h; the calls are described in packet(7) and the kernel's
 * Documentation/networking/{packet_mmap,timestamping}.rst. */
#include "link/packet_socket.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "engine.h"

/* Enough for a few milliseconds of small frames while the loop does not run. */
#define RING_OCTETS   (8u * 1024u * 1024u)
#define SLOT_MINIMUM  2048u
#define SLOT_OVERHEAD 128u /* the ring's header, alignment, two VLAN tags */
#define BLOCK_OCTETS  (256u * 1024u)
#define ATTEMPTS      4u

static bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static void name_request(struct ifreq *request, const char *interface) {
  memset(request, 0, sizeof *request);
  snprintf(request->ifr_name, sizeof request->ifr_name, "%s", interface);
}

bool tp_interface_find(const char *name, struct tp_interface *out) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return false;
  }
  struct ifreq flags;
  struct ifreq index;
  struct ifreq mtu;
  name_request(&flags, name);
  name_request(&index, name);
  name_request(&mtu, name);
  const bool is_found = ioctl(fd, SIOCGIFFLAGS, &flags) == 0 &&
                        ioctl(fd, SIOCGIFINDEX, &index) == 0 && ioctl(fd, SIOCGIFMTU, &mtu) == 0;
  close(fd);
  if (is_found) {
    const unsigned up = IFF_UP | IFF_RUNNING;
    *out = (struct tp_interface){
        .is_up = ((unsigned)(unsigned short)flags.ifr_flags & up) == up,
        .ifindex = (unsigned)index.ifr_ifindex,
        .mtu = (uint32_t)mtu.ifr_mtu,
    };
  }
  return is_found;
}

static uint32_t slot_for(uint32_t frame_octets) {
  uint32_t slot = SLOT_MINIMUM;
  while (slot < frame_octets + SLOT_OVERHEAD && slot < BLOCK_OCTETS) {
    slot *= 2;
  }
  return slot;
}

static bool map_ring(struct tp_packet_socket *socket, uint32_t frame_octets) {
  const struct tpacket_req none = {0};
  /* The one before, which the kernel keeps until nobody has it mapped. */
  setsockopt(socket->fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof none);
  uint32_t octets = RING_OCTETS;
  for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt++, octets /= 2) {
    const uint32_t slot = slot_for(frame_octets);
    const struct tpacket_req request = {
        .tp_block_size = BLOCK_OCTETS,
        .tp_block_nr = octets / BLOCK_OCTETS,
        .tp_frame_size = slot,
        .tp_frame_nr = octets / slot,
    };
    if (setsockopt(socket->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0) {
      continue; /* the kernel may be short of contiguous memory */
    }
    void *ring = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED, socket->fd, 0);
    if (ring == MAP_FAILED) {
      return false;
    }
    madvise(ring, octets, MADV_DONTFORK); /* or a child would keep the ring */
    socket->ring = ring;
    socket->ring_octets = octets;
    socket->slot_octets = slot;
    socket->slot_count = octets / slot;
    return true;
  }
  return false;
}

bool tp_packet_socket_restart_stamps(const struct tp_packet_socket *socket) {
  const int of_card = socket->has_hardware_stamps
                          ? SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE
                          : 0;
  const int without_id = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                         SOF_TIMESTAMPING_OPT_TSONLY | of_card;
  return set_option(socket->fd, SOL_SOCKET, SO_TIMESTAMPING, without_id) &&
         set_option(socket->fd, SOL_SOCKET, SO_TIMESTAMPING, without_id | SOF_TIMESTAMPING_OPT_ID);
}

/* What holds for the socket's life, wherever it is bound. */
static const char *configure(struct tp_packet_socket *socket) {
  if (!set_option(socket->fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2)) {
    return "choosing the ring's version";
  }
  /* Old kernels lack these two; what they do is checked or done without. */
  set_option(socket->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
  set_option(socket->fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
  const int stamps =
      SOF_TIMESTAMPING_SOFTWARE | (socket->has_hardware_stamps ? SOF_TIMESTAMPING_RAW_HARDWARE : 0);
  if (!set_option(socket->fd, SOL_PACKET, PACKET_TIMESTAMP, stamps)) {
    return "asking for timestamps";
  }
  return NULL;
}

static bool bind_to(const struct tp_packet_socket *socket, unsigned ifindex, uint16_t protocol) {
  const struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = (int)ifindex};
  return bind(socket->fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0;
}

static bool is_ethernet(const struct tp_packet_socket *socket, const char *interface) {
  struct ifreq request;
  name_request(&request, interface);
  if (ioctl(socket->fd, SIOCGIFHWADDR, &request) != 0 ||
      (request.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
       request.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK)) {
    errno = EPROTONOSUPPORT;
    return false;
  }
  return true;
}

static const char *attach(struct tp_packet_socket *socket, const char *interface,
                          const struct tp_interface *found, uint32_t max_frame) {
  const uint32_t wanted = found->mtu + ETH_HLEN;
  socket->mtu = found->mtu;
  if (!is_ethernet(socket, interface)) {
    return "checking that it is an Ethernet interface";
  }
  if (!tp_packet_socket_restart_stamps(socket)) {
    return "asking for timestamps";
  }
  if (socket->has_ring && !map_ring(socket, wanted < max_frame ? wanted : max_frame)) {
    return "making the receive ring";
  }
  const struct packet_mreq membership = {.mr_ifindex = (int)found->ifindex,
                                         .mr_type = PACKET_MR_PROMISC};
  if (setsockopt(socket->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership) !=
      0) {
    return "asking for all frames (promiscuous mode)";
  }
  if (!bind_to(socket, found->ifindex, socket->has_ring ? ETH_P_ALL : 0)) {
    return "binding to the interface";
  }
  socket->ifindex = found->ifindex;
  return NULL;
}

/* Bound to nothing, without a ring and without frames. */
static void detach(struct tp_packet_socket *socket) {
  const struct packet_mreq membership = {.mr_ifindex = (int)socket->ifindex,
                                         .mr_type = PACKET_MR_PROMISC};
  uint8_t octet;
  /* Protocol 0 on no interface: nothing arrives. The membership may be gone with its interface. */
  bind_to(socket, 0, 0);
  setsockopt(socket->fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &membership, sizeof membership);
  if (socket->ring != NULL) {
    munmap(socket->ring, socket->ring_octets);
    socket->ring = NULL;
  }
  while (recv(socket->fd, &octet, sizeof octet, MSG_DONTWAIT | MSG_TRUNC) >= 0) {
  }
  socket->ifindex = 0;
}

static struct tp_socket_fault find_and_attach(struct tp_packet_socket *packet_socket,
                                              const char *interface, uint32_t max_frame) {
  struct tp_interface found;
  if (!tp_interface_find(interface, &found)) {
    return (struct tp_socket_fault){TP_E_NO_SUCH_INTERFACE, "looking for the interface"};
  }
  const char *step = attach(packet_socket, interface, &found, max_frame);
  return (struct tp_socket_fault){step == NULL ? TP_OK : TP_E_SYSTEM, step};
}

struct tp_socket_fault tp_packet_socket_open(struct tp_packet_socket *packet_socket,
                                             const char *interface, uint32_t max_frame,
                                             bool has_ring, bool has_hardware_stamps) {
  *packet_socket = (struct tp_packet_socket){
      .fd = -1, .has_ring = has_ring, .has_hardware_stamps = has_hardware_stamps};
  struct tp_interface found;
  if (strlen(interface) >= IFNAMSIZ || !tp_interface_find(interface, &found)) {
    return (struct tp_socket_fault){TP_E_NO_SUCH_INTERFACE, "looking for the interface"};
  }
  /* Protocol 0: nothing arrives before the socket is bound to its interface. */
  packet_socket->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (packet_socket->fd < 0) {
    const bool is_denied = errno == EPERM || errno == EACCES;
    return (struct tp_socket_fault){is_denied ? TP_E_NO_PERMISSION : TP_E_SYSTEM,
                                    "opening a packet socket"};
  }
  const char *step = configure(packet_socket);
  const struct tp_socket_fault fault = step != NULL
                                           ? (struct tp_socket_fault){TP_E_SYSTEM, step}
                                           : find_and_attach(packet_socket, interface, max_frame);
  if (fault.code != TP_OK) {
    const int reason = errno;
    tp_packet_socket_close(packet_socket);
    errno = reason;
  }
  return fault;
}

struct tp_socket_fault tp_packet_socket_rebind(struct tp_packet_socket *packet_socket,
                                               const char *interface, uint32_t max_frame) {
  detach(packet_socket);
  const struct tp_socket_fault fault = find_and_attach(packet_socket, interface, max_frame);
  if (fault.code != TP_OK) {
    const int reason = errno;
    detach(packet_socket);
    errno = reason;
  }
  return fault;
}

void tp_packet_socket_close(struct tp_packet_socket *socket) {
  if (socket->ring != NULL) {
    munmap(socket->ring, socket->ring_octets);
  }
  if (socket->fd >= 0) {
    close(socket->fd);
  }
  *socket = (struct tp_packet_socket){.fd = -1};
}
