/*
 * port.h - what the engine asks of a port, whatever is behind it, and the state that all ports
 * have.
 *
 * A port belongs to a loop, whose thread alone calls it while loops run. It hands received frames
 * over in packets of the loop's pool and takes packets to send. It never blocks; what it cannot
 * take now waits in `unsent`, in order.
 */
#ifndef TIMEPLANE_PORT_H
#define TIMEPLANE_PORT_H

#include "engine.h"
#include "frame/queue.h"
#include "frame/transmit_stamp.h"
#include "frame/tx_event.h"

#define TP_BURST 32u

struct tp_engine;
struct tp_loop;
struct tp_port;

struct tp_port_ops {
  /* Up to `limit` received packets: data, length and rx_time_ns are set. */
  uint32_t (*receive)(struct tp_port *port, struct tp_packet **burst, uint32_t limit);
  /* Sends packets in order and takes over as many as it returns, sent or dropped and counted. */
  uint32_t (*transmit)(struct tp_port *port, struct tp_packet **burst, uint32_t count);
  /* An event frame is about to be sent: the last chance to do things before its clock is read.
   * Returns how long they took, ns, if that says something of the time that sending will take; else
   * 0. May be null. */
  uint32_t (*prepare_event)(struct tp_port *port);
  /* Sends one packet at once and may ask for its transmit stamp, as it must when the packet asks
   * for an event: see tp_stamp_expect. `instant_ns` is when the engine read the clock for it. Null:
   * the port's frames are not corrected and have no events (they do not leave the machine). */
  enum tp_transmit_result (*transmit_event)(struct tp_port *port, struct tp_packet *packet,
                                            uint64_t instant_ns);
  /* Reads the transmit stamps that have arrived. May be null. */
  void (*read_stamps)(struct tp_port *port);
  /* Schedule time at which read_stamps will find one. Null: poll_fd tells. */
  uint64_t (*next_stamp_ns)(const struct tp_port *port);
  /* What to wait on: a descriptor for POLLIN, or -1. */
  int (*poll_fd)(const struct tp_port *port);
  /* Another one, which tells by an error that there are stamps, or -1. Null: there is none. */
  int (*stamp_fd)(const struct tp_port *port);
  /* Now and then, and when poll_fd reports an error: link state, counters kept by the kernel. */
  void (*maintain)(struct tp_port *port);
  /* Gives back all packets that the port itself holds; how many. Null: it holds none. */
  uint32_t (*discard)(struct tp_port *port);
  void (*close)(struct tp_port *port);
};

struct tp_port {
  const struct tp_port_ops *ops;
  struct tp_engine *engine;
  struct tp_loop *loop; /* whose it is, from tp_port_add_… on */
  uint32_t number;
  bool is_up;
  bool needs_maintenance;    /* an error was seen: do not wait for the next round of maintenance */
  bool is_backlogged;        /* it had more frames than it was allowed to receive in its turn */
  uint64_t traffic_until_ns; /* schedule time; for so long it counts as one that has traffic */
  struct tp_packet *unsent[TP_BURST]; /* have been through egress */
  uint32_t unsent_count;
  struct tp_queue queue;
  struct tp_latency latency;
  struct tp_events events;
  uint64_t counters[TP_PORT_COUNTER_COUNT];
};

/* Ports on Linux interfaces. */
struct tp_link_choice {
  enum tp_port_io io;
  enum tp_link_stamping stamping;
};
int tp_port_packet_open(struct tp_engine *engine, const char *interface,
                        struct tp_link_choice choice, struct tp_port **out);
int tp_port_xdp_open(struct tp_engine *engine, const char *interface, struct tp_link_choice choice,
                     struct tp_port **out);
/* See enum tp_link_fact. False for any other port. */
bool tp_link_read_facts(const struct tp_port *port, uint64_t out[TP_LINK_FACT_COUNT]);
int tp_port_memory_open(struct tp_engine *engine, struct tp_port **out);
int tp_port_cpu_open(struct tp_engine *engine, struct tp_port **out);
/* Takes frames for ports that do not exist, and drops them as late as such a port would. */
int tp_port_nowhere_open(struct tp_engine *engine, struct tp_port **out);

/* Memory ports: see tp_port_inject and tp_port_take. TP_E_NO_SUCH_PORT for any other. */
bool tp_port_is_memory(const struct tp_port *port);
int tp_port_memory_inject(struct tp_port *port, const uint8_t *frame, uint32_t octets,
                          uint64_t rx_time_ns);
int tp_port_memory_take(struct tp_port *port, uint8_t *frame, uint32_t capacity,
                        uint64_t *tx_time_ns);
int tp_port_memory_delay_stamps(struct tp_port *port, uint64_t delay_ns);
/* The CPU port: a frame of the control plane to be received next. */
int tp_port_cpu_inject(struct tp_port *port, const uint8_t *frame, uint32_t octets);

/* Its link came up or went down: members and replicas that depend on it are chosen by that from now
 * on, by all loops, and the host is told. With the loop's lock. */
void tp_port_note_link(struct tp_port *port, bool is_up);

static inline void tp_port_count(struct tp_port *port, enum tp_port_counter counter,
                                 uint64_t amount) {
  port->counters[counter] += amount;
}

#endif
