/*
 * link_port.h - what ports on Linux interfaces share, however they receive.
 *
 *                     port_packet.c         port_xdp.c
 *   frames in         AF_PACKET ring        AF_XDP socket, its program on the interface
 *   frames out        AF_XDP socket or sendmmsg      (link_transmit.c)
 *   event frames out  AF_PACKET socket, with kernel transmit stamps      (link_transmit.c)
 *   upkeep            links that come and go      (link_upkeep.c)
 */
#ifndef TIMEPLANE_LINK_PORT_H
#define TIMEPLANE_LINK_PORT_H

#include <net/if.h>
#include <sys/socket.h>

#include "engine_state.h"
#include "link/ethtool.h"
#include "link/packet_socket.h"
#include "link/xdp_program.h"
#include "link/xdp_socket.h"

struct tp_link_port {
  struct tp_port port;            /* first: a tp_port is the tp_link_port */
  struct tp_packet_socket socket; /* event frames, stamps, promiscuous mode; maybe a ring */
  struct tp_xdp_socket xdp;       /* closed where it is not wanted or not to be had */
  uint32_t attempts_left;         /* to open that */
  struct tp_xdp_program program;  /* of an XDP port */
  uint64_t xdp_drops;             /* of the AF_XDP socket, as last read */
  uint64_t tai_offset_ns;         /* what CLOCK_TAI is ahead of the system's clock */
  bool has_bare_checksums;        /* frames may come without their checksums */
  struct tp_link_choice choice;   /* as asked for */
  struct tp_hardware_clock *card; /* that stamps frames; null: the kernel does */
  uint32_t next_slot;             /* of the socket's ring */
  uint64_t event_sent_ns;         /* instant of the last event frame */
  uint64_t stamp_asked_ns;        /* instant of the last frame whose stamp was asked for */
  char interface[IFNAMSIZ];
  struct mmsghdr messages[TP_BURST];
  struct iovec vectors[TP_BURST];
};

static inline struct tp_link_port *tp_link_port(struct tp_port *port) {
  return (struct tp_link_port *)port;
}

/* The dataplane's time of a card's stamp, or of the kernel's where there is none (0). False: the
 * card's time is not known, or there is neither. */
bool tp_link_time(struct tp_link_port *self, uint64_t hardware_ns, uint64_t software_ns,
                  uint64_t *out);

/* --- link_transmit.c: these are ops, see port.h ----------------------------------------------- */
uint32_t tp_link_transmit(struct tp_port *port, struct tp_packet **burst, uint32_t count);
uint32_t tp_link_prepare_event(struct tp_port *port);
enum tp_transmit_result tp_link_transmit_event(struct tp_port *port, struct tp_packet *packet,
                                               uint64_t instant_ns);
void tp_link_read_stamps(struct tp_port *port);
/* Reads all stamps, wanted or not: what is left would keep waking the loop. */
void tp_link_drain_stamps(struct tp_port *port);

/* --- link_upkeep.c ---------------------------------------------------------------------------- */
/* Opens a port's sockets on the interface; `ops` say how it receives. */
int tp_link_open(struct tp_engine *engine, const char *interface, struct tp_link_choice choice,
                 const struct tp_port_ops *ops, struct tp_port **out);
void tp_link_maintain(struct tp_port *port);
void tp_link_close(struct tp_port *port);

/* Of any link's struct tp_port_ops: all but how it receives. */
#define TP_LINK_OPS                                                                                \
  .transmit = tp_link_transmit, .prepare_event = tp_link_prepare_event,                            \
  .transmit_event = tp_link_transmit_event, .read_stamps = tp_link_read_stamps,                    \
  .maintain = tp_link_maintain, .close = tp_link_close

/* --- port_xdp.c: the sockets of an XDP port --------------------------------------------------- */
/* Null, or the step that failed; errno says why. */
const char *tp_link_open_receiver(struct tp_link_port *self);
void tp_link_count_receiver_drops(struct tp_link_port *self);

#endif
