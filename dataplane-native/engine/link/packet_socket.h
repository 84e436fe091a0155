/*
 * packet_socket.h - one AF_PACKET socket: bound to an interface by name, a TPACKET_V2 ring for what
 * it receives, kernel timestamps both ways.
 *
 * TPACKET_V2 and not V3: V3 hands frames over by the block, and an idle link would wait for the
 * block's timer.
 */
#ifndef TIMEPLANE_PACKET_SOCKET_H
#define TIMEPLANE_PACKET_SOCKET_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tp_packet_socket {
  int fd;           /* -1: closed */
  unsigned ifindex; /* 0: bound to none */
  bool has_ring;
  bool has_hardware_stamps;
  uint8_t *ring; /* null: nothing can be received now */
  size_t ring_octets;
  uint32_t mtu; /* that the ring was made for */
  uint32_t slot_octets;
  uint32_t slot_count;
};

/* What came of an attempt to open; `step` names the failed call for a message, errno tells why. */
struct tp_socket_fault {
  int code; /* TP_OK or TP_E_… */
  const char *step;
};

/* Without a ring the socket only sends. With hardware stamps, frames have these where the card
 * makes them, and the kernel's where it does not. */
struct tp_socket_fault tp_packet_socket_open(struct tp_packet_socket *socket, const char *interface,
                                             uint32_t max_frame, bool has_ring,
                                             bool has_hardware_stamps);
/* The interface has come back, or its frames have grown: the same socket goes on with it, so that
 * no privilege is needed that the process may have given up. What was received and not read is
 * gone. */
struct tp_socket_fault tp_packet_socket_rebind(struct tp_packet_socket *socket,
                                               const char *interface, uint32_t max_frame);
void tp_packet_socket_close(struct tp_packet_socket *socket);

/* Sets which transmit stamps the kernel makes, and lets it count their ids from 0 again. */
bool tp_packet_socket_restart_stamps(const struct tp_packet_socket *socket);

struct tp_interface {
  bool is_up; /* and has a carrier */
  unsigned ifindex;
  uint32_t mtu;
};

/* Looks an interface up by name; false when there is none. */
bool tp_interface_find(const char *name, struct tp_interface *out);

#endif
