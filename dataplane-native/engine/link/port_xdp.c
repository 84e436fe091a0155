/*
 * port_xdp.c - a port on a Linux interface that receives through AF_XDP: the driver hands frames to
 * our program before the kernel makes packets of them.
 *
 * Where drivers do this without copying it is the fastest there is. Where they copy (veth) it is no
 * faster than the AF_PACKET ring, and its receive times are later and less even: see ADR 13.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_xdp.h>
#include <string.h>

#include "frame/frame_repair.h"
#include "link/link_port.h"

/* A power of two. */
#define RECEIVE_CHUNKS 2048u

static struct tp_lost_tag lost_tag(const struct tp_xdp_metadata *metadata) {
  return (struct tp_lost_tag){
      .is_there = (metadata->flags & TP_XDP_HAS_VLAN) != 0,
      .type = tp_load16((const uint8_t *)&metadata->vlan_type),
      .tci = metadata->vlan_tci,
  };
}

static void set_time(struct tp_link_port *self, struct tp_packet *packet,
                     const struct tp_xdp_metadata *metadata) {
  const bool has_software = (metadata->flags & TP_XDP_HAS_SOFTWARE) != 0;
  const bool has_hardware = (metadata->flags & TP_XDP_HAS_HARDWARE) != 0 && self->card != NULL;
  const uint64_t software_ns = has_software ? metadata->software_ns - self->tai_offset_ns : 0;
  if (!tp_link_time(self, has_hardware ? metadata->hardware_ns : 0, software_ns,
                    &packet->rx_time_ns)) {
    packet->rx_time_ns = tp_clock_now_ns(&self->port.engine->clock);
    tp_port_count(&self->port, TP_PORT_RX_NO_TIMESTAMP, 1);
  }
}

static struct tp_packet *receive_frame(struct tp_link_port *self, struct tp_xdp_frame frame) {
  struct tp_port *port = &self->port;
  uint8_t *data = self->xdp.memory + frame.offset;
  struct tp_xdp_metadata metadata;
  memcpy(&metadata, data - sizeof metadata, sizeof metadata);
  /* The program writes nothing where a driver leaves it no room: what is there must not be old. */
  memset(data - sizeof metadata, 0, sizeof metadata);
  if (frame.octets + TP_TAG_OCTETS > port->engine->max_frame) {
    tp_port_count(port, TP_PORT_RX_OVERSIZE, 1);
    return NULL;
  }
  struct tp_packet *packet = tp_pool_take(&port->loop->pool);
  if (packet == NULL) {
    tp_loop_count(port->loop, TP_ENGINE_DROPPED_NO_BUFFER);
    return NULL;
  }
  tp_copy_with_tag(packet, data, frame.octets, lost_tag(&metadata));
  set_time(self, packet, &metadata);
  if (self->has_bare_checksums && tp_checksum_is_bare(packet->data, packet->length) &&
      tp_checksum_complete(packet->data, packet->length)) {
    tp_port_count(port, TP_PORT_RX_CHECKSUM_FILLED, 1);
  }
  return packet;
}

static uint32_t xdp_receive(struct tp_port *port, struct tp_packet **burst, uint32_t limit) {
  struct tp_link_port *self = tp_link_port(port);
  struct tp_xdp_frame frame;
  uint32_t count = 0;
  bool has_any = false;
  while (count < limit && self->xdp.fd >= 0 && tp_xdp_peek(&self->xdp, &frame)) {
    struct tp_packet *packet = receive_frame(self, frame);
    tp_xdp_release(&self->xdp, frame.offset);
    has_any = true;
    if (packet != NULL) {
      burst[count++] = packet;
    }
  }
  if (has_any) {
    tp_xdp_wake_receiver(&self->xdp);
  }
  return count;
}

static int xdp_poll_fd(const struct tp_port *port) {
  return ((const struct tp_link_port *)port)->xdp.fd;
}

static int xdp_stamp_fd(const struct tp_port *port) {
  return ((const struct tp_link_port *)port)->socket.fd;
}

static const struct tp_port_ops XDP_OPS = {
    .receive = xdp_receive,
    .poll_fd = xdp_poll_fd,
    .stamp_fd = xdp_stamp_fd,
    TP_LINK_OPS,
};

int tp_port_xdp_open(struct tp_engine *engine, const char *interface, struct tp_link_choice choice,
                     struct tp_port **out) {
  return tp_link_open(engine, interface, choice, &XDP_OPS, out);
}

/* --- the sockets ----------------------------------------------------------------------------- */

/* Why this interface cannot be received from in this way; null: nothing is known. Looked for
 * before anything is opened, since the kernel would only say EINVAL. */
static const char *obstacle(const struct tp_link_port *self) {
  if (!tp_xdp_carries(self->socket.mtu + ETH_HLEN + TP_TAG_OCTETS)) {
    errno = EMSGSIZE;
    return "receiving through AF_XDP, which carries no frames as long as the MTU allows, from";
  }
  if (tp_ethtool_receive_queues(&tp_kernel, self->interface) > 1) {
    errno = EOPNOTSUPP;
    return "receiving through AF_XDP, which needs all frames in one queue (ethtool -L), from";
  }
  return NULL;
}

static const char *open_socket(struct tp_link_port *self) {
  struct tp_xdp_settings settings = {.ifindex = self->socket.ifindex,
                                     .frame_octets = self->socket.mtu + ETH_HLEN + TP_TAG_OCTETS,
                                     .receive_chunks = RECEIVE_CHUNKS,
                                     .wants_zero_copy = true};
  if (tp_xdp_open(&self->xdp, &settings) == NULL) {
    return NULL;
  }
  settings.wants_zero_copy = false;
  return tp_xdp_open(&self->xdp, &settings);
}

const char *tp_link_open_receiver(struct tp_link_port *self) {
  const char *step = obstacle(self);
  if (step == NULL) {
    step = open_socket(self);
  }
  if (step == NULL) {
    step = tp_xdp_program_open(&self->program, self->socket.ifindex, self->xdp.fd);
  }
  char driver[TP_DRIVER_NAME_OCTETS];
  tp_ethtool_driver(&tp_kernel, self->interface, driver);
  /* Frames on a veth come as the sender's kernel had them, with work left for hardware. */
  self->has_bare_checksums = strcmp(driver, "veth") == 0;
  if (step == NULL && self->has_bare_checksums && !self->program.has_hints) {
    errno = EOPNOTSUPP;
    step = "receiving through AF_XDP, which on this kernel loses VLAN tags, from";
  }
  if (step != NULL) {
    const int reason = errno;
    tp_xdp_program_close(&self->program);
    tp_xdp_close(&self->xdp);
    errno = reason;
  }
  return step;
}

void tp_link_count_receiver_drops(struct tp_link_port *self) {
  struct xdp_statistics statistics;
  socklen_t octets = sizeof statistics;
  if (self->xdp.fd < 0 || self->xdp.receive_chunks == 0 ||
      getsockopt(self->xdp.fd, SOL_XDP, XDP_STATISTICS, &statistics, &octets) != 0) {
    return;
  }
  const uint64_t drops = statistics.rx_dropped + statistics.rx_ring_full;
  tp_port_count(&self->port, TP_PORT_RX_KERNEL_DROPS, drops - self->xdp_drops);
  self->xdp_drops = drops;
}
