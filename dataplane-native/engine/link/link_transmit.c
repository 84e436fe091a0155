/* link_transmit.c - frames onto a Linux interface, and the kernel's stamps of those that are
 * events. */
#include <errno.h>
#include <time.h> /* errqueue.h uses timespec without it */

#include <linux/errqueue.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <string.h>

#include "link/link_port.h"

/* To learn from, stamps are asked for no more often than this: a flood of event frames would
 * otherwise be slowed down by its stamps, and four thousand a second are plenty to learn from. */
#define STAMP_SPACING_NS UINT64_C(250000)
/* After so long without an event frame, what sends it is no longer in the processor's cache. */
#define COLD_NS INT64_C(50000)

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

/* --- frames without a stamp ------------------------------------------------------------------ */

/* Frames from `burst[first]` on by sendmmsg; returns up to where they were taken. */
static uint32_t send_messages(struct tp_link_port *self, struct tp_packet **burst, uint32_t first,
                              uint32_t count) {
  struct tp_port *port = &self->port;
  for (uint32_t i = first; i < count; i++) {
    self->vectors[i] = (struct iovec){.iov_base = burst[i]->data, .iov_len = burst[i]->length};
  }
  uint32_t done = first;
  while (done < count) {
    const int sent = self->socket.ifindex == 0 ? -1
                                               : sendmmsg(self->socket.fd, self->messages + done,
                                                          count - done, MSG_DONTWAIT);
    /* sendmmsg reads vectors[i] through messages[i]: both advance together. */
    const int error = self->socket.ifindex == 0 ? ENODEV : errno;
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
  return done;
}

/* Others are for sendmmsg, which checks what it sends: too short, too long for the interface. */
static bool is_for_xdp(const struct tp_link_port *self, const struct tp_packet *packet) {
  return packet->length >= ETH_HLEN && packet->length <= self->socket.mtu + ETH_HLEN;
}

/* As many as the AF_XDP socket takes; how many. `error`: why the next one was not taken. */
static uint32_t send_by_xdp(struct tp_link_port *self, struct tp_packet **burst, uint32_t count,
                            int *error) {
  struct tp_port *port = &self->port;
  uint32_t run = 0;
  while (run < count && is_for_xdp(self, burst[run])) {
    run++;
  }
  const struct tp_xdp_sent sent = tp_xdp_send(&self->xdp, burst, run);
  tp_port_count(port, TP_PORT_TX_FRAMES, sent.taken - sent.dropped);
  tp_port_count(port, TP_PORT_TX_OCTETS, sent.octets);
  tp_port_count(port, TP_PORT_TX_ERRORS, sent.dropped);
  *error = sent.taken == run ? 0 : sent.error;
  return sent.taken;
}

uint32_t tp_link_transmit(struct tp_port *port, struct tp_packet **burst, uint32_t count) {
  struct tp_link_port *self = tp_link_port(port);
  uint32_t done = 0;
  int error = 0;
  /* While the link is down sendmmsg says what is wrong, and the socket must not keep old frames. */
  if (self->xdp.fd >= 0 && port->is_up) {
    done = send_by_xdp(self, burst, count, &error);
  }
  if (done < count && !is_full(error)) {
    done = send_messages(self, burst, done, count);
  }
  for (uint32_t i = 0; i < done; i++) {
    tp_pool_give(&port->loop->pool, burst[i]);
  }
  return done;
}

/* --- event frames ---------------------------------------------------------------------------- */

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
uint32_t tp_link_prepare_event(struct tp_port *port) {
  const struct tp_link_port *self = tp_link_port(port);
  const struct tp_clock_source *clock = &port->engine->clock;
  /* Signed: the burst's clock is older than an event frame that was sent since it was read. */
  const int64_t idle_ns = (int64_t)(port->loop->view.now_ns - self->event_sent_ns);
  if (self->socket.ifindex == 0 || idle_ns <= COLD_NS) {
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

enum tp_transmit_result tp_link_transmit_event(struct tp_port *port, struct tp_packet *packet,
                                               uint64_t instant_ns) {
  struct tp_link_port *self = tp_link_port(port);
  const bool is_asked =
      packet->event.request != 0 || instant_ns - self->stamp_asked_ns >= STAMP_SPACING_NS;
  struct iovec vector = {.iov_base = packet->data, .iov_len = packet->length};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  struct stamp_option option;
  const uint32_t stamps =
      SOF_TIMESTAMPING_TX_SOFTWARE | (self->card == NULL ? 0 : SOF_TIMESTAMPING_TX_HARDWARE);
  choose_stamps(&message, &option, is_asked ? stamps : 0);
  ssize_t sent;
  do {
    sent = self->socket.ifindex == 0 ? -1 : sendmsg(self->socket.fd, &message, MSG_DONTWAIT);
  } while (sent < 0 && self->socket.ifindex != 0 && errno == EINTR);
  const int error = self->socket.ifindex == 0 ? ENODEV : errno;
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
    if (is_asked && self->socket.ifindex != 0) {
      tp_packet_socket_restart_stamps(&self->socket);
      tp_stamps_restart(port);
    }
  }
  tp_pool_give(&port->loop->pool, packet);
  return TP_TRANSMIT_DONE;
}

static uint64_t in_ns(struct timespec time) {
  return (uint64_t)time.tv_sec * TP_NS_PER_S + (uint64_t)time.tv_nsec;
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
    /* A card that stamps keeps the kernel from it. */
    const struct timespec software = stamps->ts[0];
    const struct timespec hardware = stamps->ts[2];
    uint64_t stamp_ns;
    if (tp_link_time(tp_link_port(port), in_ns(hardware), in_ns(software), &stamp_ns)) {
      tp_stamp_arrived(port, origin->ee_data, stamp_ns);
    }
  }
}

/* False when there is nothing in the error queue. */
static bool read_error_queue(struct tp_port *port) {
  const struct tp_link_port *self = tp_link_port(port);
  alignas(struct cmsghdr) char control[256];
  struct msghdr message = {.msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(self->socket.fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
    return false;
  }
  read_stamp(port, &message);
  return true;
}

void tp_link_read_stamps(struct tp_port *port) {
  while (port->latency.waiting_count != 0 && read_error_queue(port)) {
  }
}

void tp_link_drain_stamps(struct tp_port *port) {
  while (read_error_queue(port)) {
  }
}
