/* port_nowhere.c - where frames for ports that do not exist go. As on simple_switch they have been
 * through egress by then: it may have counted, cloned or recirculated them. */
#include <stdlib.h>

#include "engine_state.h"

static uint32_t nowhere_receive(struct tp_port *port, struct tp_packet **burst, uint32_t limit) {
  (void)port;
  (void)burst;
  (void)limit;
  return 0;
}

static uint32_t nowhere_transmit(struct tp_port *port, struct tp_packet **burst, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    tp_loop_drop(port->loop, burst[i], TP_ENGINE_DROPPED_NO_PORT);
  }
  return count;
}

static int nowhere_poll_fd(const struct tp_port *port) {
  (void)port;
  return -1;
}

static void nowhere_maintain(struct tp_port *port) {
  (void)port;
}

static void nowhere_close(struct tp_port *port) {
  free(port);
}

static const struct tp_port_ops NOWHERE_OPS = {
    .receive = nowhere_receive,
    .transmit = nowhere_transmit,
    .poll_fd = nowhere_poll_fd,
    .maintain = nowhere_maintain,
    .close = nowhere_close,
};

int tp_port_nowhere_open(struct tp_engine *engine, struct tp_port **out) {
  struct tp_port *port = calloc(1, sizeof *port);
  if (port == NULL) {
    return TP_E_NO_MEMORY;
  }
  port->ops = &NOWHERE_OPS;
  port->engine = engine;
  port->number = TP_PORT_DROP;
  tp_queue_init(&port->queue);
  *out = port;
  return TP_OK;
}
