/*
 * link_upkeep.c - a port's interface may go down, away, and come back under the same name: the port
 * stays, drops what it is given (counted), looks for it now and then and whenever the kernel tells
 * of a change, and tells the host of every change.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/link_port.h"

/* To open a socket that is not needed: over as many rounds of maintenance. */
#define SENDER_ATTEMPTS 8u

bool tp_link_time(struct tp_link_port *self, uint64_t hardware_ns, uint64_t software_ns,
                  uint64_t *out) {
  uint64_t system_ns = software_ns;
  if (hardware_ns != 0) {
    if (self->card == NULL || !tp_hardware_to_system(self->card, hardware_ns, &system_ns)) {
      return false;
    }
  }
  *out = tp_clock_at_system_ns(&self->port.engine->clock, system_ns);
  return system_ns != 0;
}

static void read_kernel_drops(struct tp_link_port *self) {
  struct tpacket_stats statistics; /* since it was last read */
  socklen_t octets = sizeof statistics;
  if (getsockopt(self->socket.fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &octets) == 0) {
    tp_port_count(&self->port, TP_PORT_RX_KERNEL_DROPS, statistics.tp_drops);
  }
  tp_link_count_receiver_drops(self);
}

/* Opens what the port has beside its packet socket. Null, or the step that failed; it is tried
 * again then, since the kernel lets go of a socket that was closed only some time later. */
static const char *open_xdp(struct tp_link_port *self) {
  const struct tp_xdp_settings settings = {.ifindex = self->socket.ifindex,
                                           .frame_octets = self->socket.mtu + ETH_HLEN};
  self->xdp_drops = 0;
  if (self->choice.io == TP_PORT_IO_XDP) {
    return tp_link_open_receiver(self);
  }
  if (self->choice.io == TP_PORT_IO_AUTO && self->attempts_left != 0 &&
      tp_xdp_carries(settings.frame_octets)) {
    self->attempts_left--; /* where it cannot be had, sendmmsg does */
    tp_xdp_open(&self->xdp, &settings);
  }
  return NULL;
}

static void close_xdp(struct tp_link_port *self) {
  self->attempts_left = SENDER_ATTEMPTS;
  tp_link_count_receiver_drops(self);
  tp_xdp_program_close(&self->program);
  tp_xdp_close(&self->xdp);
}

/* It changes with a leap second, and when somebody sets it. */
static void read_tai_offset(struct tp_link_port *self) {
  const uint64_t tai_ns = tp_clock_read_ns(CLOCK_TAI);
  const uint64_t system_ns = tp_clock_read_ns(CLOCK_REALTIME);
  self->tai_offset_ns = (tai_ns - system_ns + TP_NS_PER_S / 2) / TP_NS_PER_S * TP_NS_PER_S;
}

static bool reopen(struct tp_link_port *self) {
  read_kernel_drops(self);
  close_xdp(self);
  self->next_slot = 0;
  tp_stamps_restart(&self->port);
  const struct tp_socket_fault fault =
      tp_packet_socket_rebind(&self->socket, self->interface, self->port.engine->max_frame);
  if (fault.code != TP_OK) {
    return false;
  }
  return open_xdp(self) == NULL;
}

void tp_link_maintain(struct tp_port *port) {
  struct tp_link_port *self = tp_link_port(port);
  tp_link_drain_stamps(port);
  tp_stamps_expire(port, tp_clock_now_ns(&port->engine->clock));
  int ignored; /* reading it clears it: a bound socket survives its interface going down */
  socklen_t octets = sizeof ignored;
  getsockopt(self->socket.fd, SOL_SOCKET, SO_ERROR, &ignored, &octets);
  read_kernel_drops(self);
  read_tai_offset(self);
  if (self->card != NULL) {
    tp_hardware_clock_follow(&port->engine->hardware_clocks, self->card, port->loop->schedule_ns);
  }
  struct tp_interface found;
  if (!tp_interface_find(self->interface, &found)) {
    self->socket.ifindex = 0; /* whatever comes back is another one */
    close_xdp(self);
    tp_port_note_link(port, false);
    return;
  }
  const bool is_stale = found.ifindex != self->socket.ifindex || found.mtu > self->socket.mtu;
  const bool is_open = is_stale ? reopen(self) : self->xdp.fd >= 0 || open_xdp(self) == NULL;
  tp_port_note_link(port, is_open && found.is_up);
}

void tp_link_close(struct tp_port *port) {
  struct tp_link_port *self = tp_link_port(port);
  close_xdp(self);
  if (self->card != NULL) {
    tp_hardware_clock_give(&port->engine->hardware_clocks, self->card);
  }
  tp_packet_socket_close(&self->socket);
  free(self);
}

bool tp_link_read_facts(const struct tp_port *port, uint64_t out[TP_LINK_FACT_COUNT]) {
  if (port->ops->close != tp_link_close) {
    return false;
  }
  const struct tp_link_port *self = (const struct tp_link_port *)port;
  const bool has_xdp = self->xdp.fd >= 0;
  out[TP_LINK_SENDS_BY_XDP] = has_xdp;
  out[TP_LINK_RECEIVES_BY_XDP] = has_xdp && self->xdp.receive_chunks != 0;
  out[TP_LINK_ZERO_COPY] = has_xdp && self->xdp.is_zero_copy;
  out[TP_LINK_HARDWARE_STAMPS] = self->card != NULL;
  return true;
}

static bool is_taken(const struct tp_engine *engine, const char *interface) {
  for (uint32_t i = 0; i < TP_PORT_COUNT; i++) {
    struct tp_port *port = engine->ports[i];
    if (port != NULL && port->ops->close == tp_link_close &&
        strcmp(tp_link_port(port)->interface, interface) == 0) {
      return true;
    }
  }
  return false;
}

static struct tp_link_port *make_port(struct tp_engine *engine, const char *interface,
                                      struct tp_link_choice choice, const struct tp_port_ops *ops) {
  struct tp_link_port *self = calloc(1, sizeof *self);
  if (self == NULL) {
    return NULL;
  }
  self->port.ops = ops;
  self->port.engine = engine;
  self->choice = choice;
  self->xdp.fd = -1;
  self->attempts_left = SENDER_ATTEMPTS;
  self->socket.fd = -1;
  self->program = (struct tp_xdp_program){.map_fd = -1, .program_fd = -1, .link_fd = -1};
  snprintf(self->interface, sizeof self->interface, "%s", interface);
  for (uint32_t i = 0; i < TP_BURST; i++) {
    self->messages[i].msg_hdr = (struct msghdr){.msg_iov = &self->vectors[i], .msg_iovlen = 1};
  }
  read_tai_offset(self);
  return self;
}

static struct tp_socket_fault open_sockets(struct tp_link_port *self, const char *interface) {
  const struct tp_socket_fault fault =
      tp_packet_socket_open(&self->socket, interface, self->port.engine->max_frame,
                            self->choice.io != TP_PORT_IO_XDP, self->card != NULL);
  if (fault.code != TP_OK) {
    return fault;
  }
  const char *step = open_xdp(self);
  const bool is_denied = step != NULL && (errno == EPERM || errno == EACCES);
  return (struct tp_socket_fault){step == NULL ? TP_OK
                                  : is_denied  ? TP_E_NO_PERMISSION
                                               : TP_E_SYSTEM,
                                  step};
}

int tp_link_open(struct tp_engine *engine, const char *interface, struct tp_link_choice choice,
                 const struct tp_port_ops *ops, struct tp_port **out) {
  if (is_taken(engine, interface)) {
    return tp_fail(engine, TP_E_PORT_IN_USE, "interface %s is a port already", interface);
  }
  struct tp_link_port *self = make_port(engine, interface, choice, ops);
  if (self == NULL) {
    return TP_E_NO_MEMORY;
  }
  const struct tp_socket_fault fault = open_sockets(self, interface);
  if (fault.code != TP_OK) {
    const int reason = errno;
    tp_link_close(&self->port);
    return tp_fail(engine, fault.code, "%s %s: %s", fault.step, interface, strerror(reason));
  }
  struct tp_interface found;
  self->port.is_up = tp_interface_find(interface, &found) && found.is_up;
  *out = &self->port;
  return TP_OK;
}
