/* port_packet.c - a port on a Linux interface that receives through AF_PACKET: a ring that the
 * kernel fills, with its stamps, and with the VLAN tags and checksums that it left out of the
 * frames. */
#include <linux/if_packet.h>

#include "frame/frame_repair.h"
#include "link/link_port.h"

/* Of a frame's sockaddr_ll in its ring slot. */
#define ADDRESS_OFFSET ((unsigned)TPACKET_ALIGN((int)sizeof(struct tpacket2_hdr)))

static struct tp_lost_tag lost_tag(const struct tpacket2_hdr *header) {
  const bool has_type = (header->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
  return (struct tp_lost_tag){
      .is_there = (header->tp_status & TP_STATUS_VLAN_VALID) != 0,
      .type = has_type ? header->tp_vlan_tpid : 0x8100,
      .tci = header->tp_vlan_tci,
  };
}

/* The ring has one stamp only; without any, it has the time at which the frame got there. */
static void set_time(struct tp_link_port *self, struct tp_packet *packet,
                     const struct tpacket2_hdr *header, uint32_t status) {
  const uint64_t stamp_ns = (uint64_t)header->tp_sec * TP_NS_PER_S + header->tp_nsec;
  const bool is_of_card = (status & TP_STATUS_TS_RAW_HARDWARE) != 0;
  const bool is_known =
      tp_link_time(self, is_of_card ? stamp_ns : 0, is_of_card ? 0 : stamp_ns, &packet->rx_time_ns);
  if (!is_known) {
    packet->rx_time_ns = tp_clock_now_ns(&self->port.engine->clock);
  }
  if (!is_known || (status & (TP_STATUS_TS_SOFTWARE | TP_STATUS_TS_RAW_HARDWARE)) == 0) {
    tp_port_count(&self->port, TP_PORT_RX_NO_TIMESTAMP, 1);
  }
}

static struct tp_packet *receive_frame(struct tp_link_port *self, const struct tpacket2_hdr *header,
                                       uint32_t status) {
  struct tp_port *port = &self->port;
  const uint32_t octets = header->tp_snaplen;
  if (header->tp_len > octets || octets + TP_TAG_OCTETS > port->engine->max_frame) {
    tp_port_count(port, TP_PORT_RX_OVERSIZE, 1);
    return NULL;
  }
  struct tp_packet *packet = tp_pool_take(&port->loop->pool);
  if (packet == NULL) {
    tp_loop_count(port->loop, TP_ENGINE_DROPPED_NO_BUFFER);
    return NULL;
  }
  tp_copy_with_tag(packet, (const uint8_t *)header + header->tp_mac, octets, lost_tag(header));
  set_time(self, packet, header, status);
  if ((status & TP_STATUS_CSUMNOTREADY) != 0 &&
      tp_checksum_complete(packet->data, packet->length)) {
    tp_port_count(port, TP_PORT_RX_CHECKSUM_FILLED, 1);
  }
  return packet;
}

static uint32_t packet_receive(struct tp_port *port, struct tp_packet **burst, uint32_t limit) {
  struct tp_link_port *self = tp_link_port(port);
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

static int packet_poll_fd(const struct tp_port *port) {
  return ((const struct tp_link_port *)port)->socket.fd;
}

static const struct tp_port_ops PACKET_OPS = {
    .receive = packet_receive,
    .poll_fd = packet_poll_fd,
    TP_LINK_OPS,
};

int tp_port_packet_open(struct tp_engine *engine, const char *interface,
                        struct tp_link_choice choice, struct tp_port **out) {
  return tp_link_open(engine, interface, choice, &PACKET_OPS, out);
}
