/*
 * port_packet.c - a port on a Linux interface through AF_PACKET.
 *
 * An interface may go down, away, and come back under the same name: the port stays, drops what it
 * is given (counted), looks for it now and then, and tells the host of every change.
 */
#include <errno.h>
#include <time.h> /* errqueue.h uses timespec without it */

#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "checksum.h"
#include "engine_state.h"
#include "packet_socket.h"

#define ADDRESSES_OCTETS 12u /* before the place of a VLAN tag */
#define TAG_OCTETS       4u
/* Of a frame's sockaddr_ll in its ring slot. */
#define ADDRESS_OFFSET ((unsigned)TPACKET_ALIGN((int)sizeof(struct tpacket2_hdr)))

/* To learn from, stamps are asked for no more often than this: a flood of event frames would
 * otherwise be slowed down by its stamps, and four thousand a second are plenty to learn from. */
#define STAMP_SPACING_NS UINT64_C(250000)
/* After so long without an event frame, what sends it is no longer in the processor's cache. */
#define COLD_NS INT64_C(50000)

struct packet_port {
  struct tp_port port; /* first: a tp_port is the packet_port */
  struct tp_packet_socket socket;
  uint32_t next_slot;
  uint64_t event_sent_ns;  /* instant of the last event frame */
  uint64_t stamp_asked_ns; /* instant of the last frame whose stamp was asked for */
  bool ring_too_small;     /* the MTU has grown: make a new ring */
  char interface[IFNAMSIZ];
  struct mmsghdr messages[TP_BURST];
  struct iovec vectors[TP_BURST];
};

/* --- receive --------------------------------------------------------------------------------- */

/* Copies a frame out of the ring; puts back a VLAN tag that the kernel took off. */
static void copy_frame(struct tp_packet *packet, const uint8_t *frame, uint32_t octets,
                       const struct tpacket2_hdr *header) {
  const bool has_tag =
      (header->tp_status & TP_STATUS_VLAN_VALID) != 0 && octets >= ADDRESSES_OCTETS;
  if (!has_tag) {
    memcpy(packet->data, frame, octets);
    packet->length = octets;
    return;
  }
  const bool has_type = (header->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
  memcpy(packet->data, frame, ADDRESSES_OCTETS);
  tp_store16(packet->data + ADDRESSES_OCTETS, has_type ? header->tp_vlan_tpid : 0x8100);
  tp_store16(packet->data + ADDRESSES_OCTETS + 2, header->tp_vlan_tci);
  memcpy(packet->data + ADDRESSES_OCTETS + TAG_OCTETS, frame + ADDRESSES_OCTETS,
         octets - ADDRESSES_OCTETS);
  packet->length = octets + TAG_OCTETS;
}

static struct tp_packet *receive_frame(struct packet_port *self, const struct tpacket2_hdr *header,
                                       uint32_t status) {
  struct tp_port *port = &self->port;
  const uint32_t octets = header->tp_snaplen;
  if (header->tp_len > octets || octets + TAG_OCTETS > port->engine->max_frame) {
    tp_port_count(port, TP_PORT_RX_OVERSIZE, 1);
    return NULL;
  }
  struct tp_packet *packet = tp_pool_take(&port->engine->pool);
  if (packet == NULL) {
    tp_engine_count(port->engine, TP_ENGINE_DROPPED_NO_BUFFER);
    return NULL;
  }
  copy_frame(packet, (const uint8_t *)header + header->tp_mac, octets, header);
  const uint64_t stamp_ns = (uint64_t)header->tp_sec * TP_NS_PER_S + header->tp_nsec;
  packet->rx_time_ns = tp_clock_at_system_ns(&port->engine->clock, stamp_ns);
  if ((status & (TP_STATUS_TS_SOFTWARE | TP_STATUS_TS_RAW_HARDWARE)) == 0) {
    tp_port_count(port, TP_PORT_RX_NO_TIMESTAMP, 1);
  }
  if ((status & TP_STATUS_CSUMNOTREADY) != 0 &&
      tp_checksum_complete(packet->data, packet->length)) {
    tp_port_count(port, TP_PORT_RX_CHECKSUM_FILLED, 1);
  }
  return packet;
}

static uint32_t packet_receive(struct tp_port *port, struct tp_packet **burst, uint32_t limit) {
  struct packet_port *self = (struct packet_port *)port;
  const struct tp_packet_socket *ring = &self->socket;
  uint32_t count = 0;
  while (count < limit && ring->ring != NULL) {
    struct tpacket2_hdr *header =
        (struct tpacket2_hdr *)(void *)(ring->ring + (size_t)self->next_slot * ring->slot_octets);
    const uint32_t status = __atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE);
    if ((status & TP_STATUS_USER) == 0) {
      break;
    }
    const struct sockaddr_ll *from =
        (const struct sockaddr_ll *)(const void *)((const uint8_t *)header + ADDRESS_OFFSET);
    struct tp_packet *packet =
        from->sll_pkttype == PACKET_OUTGOING ? NULL : receive_frame(self, header, status);
    __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    self->next_slot = self->next_slot + 1 == ring->slot_count ? 0 : self->next_slot + 1;
    if (packet != NULL) {
      burst[count++] = packet;
    }
  }
  return count;
}

/* --- transmit -------------------------------------------------------------------------------- */

static bool is_full(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

/* The kernel refused a frame: count it, and look after the port unless it was just busy. */
static void note_refusal(struct tp_port *port, int error) {
  tp_port_count(port, TP_PORT_TX_ERRORS, 1);
  if (port->is_up && error != ENOBUFS && error != EMSGSIZE) {
    port->needs_maintenance = true;
  }
}

static uint32_t packet_transmit(struct tp_port *port, struct tp_packet **burst, uint32_t count) {
  struct packet_port *self = (struct packet_port *)port;
  for (uint32_t i = 0; i < count; i++) {
    self->vectors[i] = (struct iovec){.iov_base = burst[i]->data, .iov_len = burst[i]->length};
  }
  uint32_t done = 0;
  while (done < count) {
    const int sent = self->socket.fd < 0 ? -1
                                         : sendmmsg(self->socket.fd, self->messages + done,
                                                    count - done, MSG_DONTWAIT);
    /* sendmmsg reads vectors[i] through messages[i]: both advance together. */
    const int error = self->socket.fd < 0 ? ENODEV : errno;
    if (sent > 0) {
      for (uint32_t i = 0; i < (uint32_t)sent; i++) {
        tp_port_count(port, TP_PORT_TX_OCTETS, burst[done + i]->length);
      }
      tp_port_count(port, TP_PORT_TX_FRAMES, (uint64_t)sent);
      done += (uint32_t)sent;
    } else if (is_full(error)) {
      break;
    } else if (error != EINTR) {
      note_refusal(port, error);
      done++;
    }
  }
  for (uint32_t i = 0; i < done; i++) {
    tp_pool_give(&port->engine->pool, burst[i]);
  }
  return done;
}

/* Room for what a message says of its stamp. */
struct stamp_option {
  alignas(struct cmsghdr) char octets[CMSG_SPACE(sizeof(uint32_t))];
};

/* Says which stamps are wanted for this message; 0: none. */
static void choose_stamps(struct msghdr *message, struct stamp_option *option, uint32_t wanted) {
  *option = (struct stamp_option){0};
  message->msg_control = option->octets;
  message->msg_controllen = sizeof option->octets;
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SO_TIMESTAMPING;
  header->cmsg_len = CMSG_LEN(sizeof wanted);
  memcpy(CMSG_DATA(header), &wanted, sizeof wanted);
}

/*
 * After a pause the way through the kernel is cold, and the frame's latency is far from that of
 * another one. A frame too short to have a header goes that way nearly to its end and is refused
 * there (EINVAL, for every Ethernet device), so the frame after it finds the way warm; and how long
 * that one took tells how cold the rest of the way is.
 */
static uint32_t packet_prepare_event(struct tp_port *port) {
  const struct packet_port *self = (const struct packet_port *)port;
  const struct tp_clock_source *clock = &port->engine->clock;
  /* Signed: the burst's clock is older than an event frame that was sent since it was read. */
  const int64_t idle_ns = (int64_t)(port->engine->pipeline.state.now_ns - self->event_sent_ns);
  if (self->socket.fd < 0 || idle_ns <= COLD_NS) {
    return 0;
  }
  uint8_t octet = 0;
  struct iovec vector = {.iov_base = &octet, .iov_len = sizeof octet};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  struct stamp_option option;
  choose_stamps(&message, &option, 0);
  const uint64_t begin_ns = tp_clock_schedule_ns(clock);
  sendmsg(self->socket.fd, &message, MSG_DONTWAIT);
  const uint64_t spent_ns = tp_clock_schedule_ns(clock) - begin_ns;
  return spent_ns == 0 ? 1 : spent_ns < UINT32_MAX ? (uint32_t)spent_ns : UINT32_MAX;
}

static enum tp_transmit_result packet_transmit_event(struct tp_port *port, struct tp_packet *packet,
                                                     uint64_t instant_ns) {
  struct packet_port *self = (struct packet_port *)port;
  const bool is_asked =
      packet->event.request != 0 || instant_ns - self->stamp_asked_ns >= STAMP_SPACING_NS;
  struct iovec vector = {.iov_base = packet->data, .iov_len = packet->length};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  struct stamp_option option;
  choose_stamps(&message, &option, is_asked ? SOF_TIMESTAMPING_TX_SOFTWARE : 0);
  ssize_t sent;
  do {
    sent = self->socket.fd < 0 ? -1 : sendmsg(self->socket.fd, &message, MSG_DONTWAIT);
  } while (sent < 0 && self->socket.fd >= 0 && errno == EINTR);
  const int error = self->socket.fd < 0 ? ENODEV : errno;
  self->event_sent_ns = instant_ns;
  if (sent >= 0) {
    tp_port_count(port, TP_PORT_TX_FRAMES, 1);
    tp_port_count(port, TP_PORT_TX_OCTETS, packet->length);
    if (is_asked) {
      self->stamp_asked_ns = instant_ns;
      tp_stamp_expect(port, packet, instant_ns);
      return TP_TRANSMIT_DONE;
    }
  } else if (is_full(error)) {
    return TP_TRANSMIT_LATER;
  } else {
    note_refusal(port, error);
    /* The kernel may or may not have counted an id for it: start counting anew. */
    if (is_asked && self->socket.fd >= 0) {
      tp_packet_socket_restart_stamps(&self->socket);
      tp_stamps_restart(port);
    }
  }
  tp_pool_give(&port->engine->pool, packet);
  return TP_TRANSMIT_DONE;
}

/* One message of the error queue: a stamp, and the id of the frame that it is of. */
static void read_stamp(struct tp_port *port, struct msghdr *message) {
  const struct scm_timestamping *stamps = NULL;
  const struct sock_extended_err *origin = NULL;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING) {
      stamps = (const struct scm_timestamping *)(const void *)CMSG_DATA(c);
    } else if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_TX_TIMESTAMP) {
      origin = (const struct sock_extended_err *)(const void *)CMSG_DATA(c);
    }
  }
  if (stamps != NULL && origin != NULL && origin->ee_errno == ENOMSG &&
      origin->ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
    const struct timespec software = stamps->ts[0];
    const uint64_t stamp_ns = (uint64_t)software.tv_sec * TP_NS_PER_S + (uint64_t)software.tv_nsec;
    tp_stamp_arrived(port, origin->ee_data, tp_clock_at_system_ns(&port->engine->clock, stamp_ns));
  }
}

/* False when there is nothing in the error queue. */
static bool read_error_queue(struct tp_port *port) {
  const struct packet_port *self = (const struct packet_port *)port;
  alignas(struct cmsghdr) char control[256];
  struct msghdr message = {.msg_control = control, .msg_controllen = sizeof control};
  if (self->socket.fd < 0 || recvmsg(self->socket.fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
    return false;
  }
  read_stamp(port, &message);
  return true;
}

static void packet_read_stamps(struct tp_port *port) {
  while (port->latency.waiting_count != 0 && read_error_queue(port)) {
  }
}

/* --- upkeep ---------------------------------------------------------------------------------- */

static void set_link(struct tp_port *port, bool is_up) {
  if (port->is_up == is_up) {
    return;
  }
  port->is_up = is_up;
  const uint32_t status[2] = {port->number, is_up ? 1 : 0};
  /* A host that misses it sees the same in the port's counters. */
  tp_messages_put(&port->engine->messages, TP_MESSAGE_PORT_STATUS, status, sizeof status, NULL, 0);
}

static void read_kernel_drops(struct packet_port *self) {
  struct tpacket_stats statistics; /* since it was last read */
  socklen_t octets = sizeof statistics;
  if (self->socket.fd >= 0 &&
      getsockopt(self->socket.fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &octets) == 0) {
    tp_port_count(&self->port, TP_PORT_RX_KERNEL_DROPS, statistics.tp_drops);
  }
}

static struct tp_socket_fault reopen(struct packet_port *self) {
  read_kernel_drops(self);
  tp_packet_socket_close(&self->socket);
  self->next_slot = 0;
  tp_stamps_restart(&self->port);
  return tp_packet_socket_open(&self->socket, self->interface, self->port.engine->max_frame);
}

static void packet_maintain(struct tp_port *port) {
  struct packet_port *self = (struct packet_port *)port;
  while (read_error_queue(port)) { /* all of it: what is left would keep waking the loop */
  }
  tp_stamps_expire(port, tp_clock_now_ns(&port->engine->clock));
  if (self->socket.fd >= 0) {
    int ignored; /* reading it clears it: a bound socket survives its interface going down */
    socklen_t octets = sizeof ignored;
    getsockopt(self->socket.fd, SOL_SOCKET, SO_ERROR, &ignored, &octets);
    read_kernel_drops(self);
  }
  struct tp_interface found;
  if (!tp_interface_find(self->interface, &found)) {
    tp_packet_socket_close(&self->socket);
    set_link(port, false);
    return;
  }
  const bool is_stale =
      self->socket.fd < 0 || found.ifindex != self->socket.ifindex || found.mtu > self->socket.mtu;
  set_link(port, (!is_stale || reopen(self).code == TP_OK) && found.is_up);
}

static int packet_poll_fd(const struct tp_port *port) {
  return ((const struct packet_port *)port)->socket.fd;
}

static void packet_close(struct tp_port *port) {
  struct packet_port *self = (struct packet_port *)port;
  tp_packet_socket_close(&self->socket);
  free(self);
}

static const struct tp_port_ops PACKET_OPS = {
    .receive = packet_receive,
    .transmit = packet_transmit,
    .prepare_event = packet_prepare_event,
    .transmit_event = packet_transmit_event,
    .read_stamps = packet_read_stamps,
    .poll_fd = packet_poll_fd,
    .maintain = packet_maintain,
    .close = packet_close,
};

static bool is_taken(const struct tp_engine *engine, const char *interface) {
  for (uint32_t i = 0; i < engine->active_count; i++) {
    const struct tp_port *port = engine->active[i];
    if (port->ops == &PACKET_OPS &&
        strcmp(((const struct packet_port *)port)->interface, interface) == 0) {
      return true;
    }
  }
  return false;
}

int tp_port_packet_open(struct tp_engine *engine, const char *interface, struct tp_port **out) {
  if (is_taken(engine, interface)) {
    return tp_fail(engine, TP_E_PORT_IN_USE, "interface %s is a port already", interface);
  }
  struct packet_port *self = calloc(1, sizeof *self);
  if (self == NULL) {
    return TP_E_NO_MEMORY;
  }
  const struct tp_socket_fault fault =
      tp_packet_socket_open(&self->socket, interface, engine->max_frame);
  if (fault.code != TP_OK) {
    const int reason = errno;
    free(self);
    return tp_fail(engine, fault.code, "%s %s: %s", fault.step, interface, strerror(reason));
  }
  self->port.ops = &PACKET_OPS;
  self->port.engine = engine;
  memcpy(self->interface, interface, strlen(interface) + 1);
  for (uint32_t i = 0; i < TP_BURST; i++) {
    self->messages[i].msg_hdr = (struct msghdr){.msg_iov = &self->vectors[i], .msg_iovlen = 1};
  }
  struct tp_interface found;
  self->port.is_up = tp_interface_find(interface, &found) && found.is_up;
  *out = &self->port;
  return TP_OK;
}
