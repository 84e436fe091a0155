/* port_cpu.c - the port to the control plane: what it sends are packet-ins, what it receives are
 * packet-outs. Its frames are not corrected, since they do not leave the machine. */
#include <stdlib.h>
#include <string.h>

#include "engine_state.h"
#include "frame/packet_list.h"

struct cpu_port {
  struct tp_port port;           /* first: a tp_port is the cpu_port */
  struct tp_packet_list waiting; /* packet-outs */
};

static uint32_t cpu_receive(struct tp_port *port, struct tp_packet **burst, uint32_t limit) {
  return tp_packet_list_take(&((struct cpu_port *)port)->waiting, burst, limit);
}

static uint32_t cpu_transmit(struct tp_port *port, struct tp_packet **burst, uint32_t count) {
  struct tp_loop *loop = port->loop;
  for (uint32_t i = 0; i < count; i++) {
    struct tp_packet *packet = burst[i];
    if (tp_messages_put(&loop->messages, TP_MESSAGE_PACKET_IN, packet->data, packet->length, NULL,
                        0)) {
      tp_loop_count(loop, TP_ENGINE_PACKET_INS);
      tp_port_count(port, TP_PORT_TX_FRAMES, 1);
      tp_port_count(port, TP_PORT_TX_OCTETS, packet->length);
    } else {
      tp_loop_count(loop, TP_ENGINE_PACKET_INS_LOST);
    }
    tp_pool_give(&loop->pool, packet);
  }
  return count;
}

static int cpu_poll_fd(const struct tp_port *port) {
  (void)port;
  return -1;
}

static void cpu_maintain(struct tp_port *port) {
  (void)port;
}

static uint32_t cpu_discard(struct tp_port *port) {
  struct cpu_port *cpu = (struct cpu_port *)port;
  uint32_t count = 0;
  struct tp_packet *packet;
  while ((packet = tp_packet_list_pop(&cpu->waiting)) != NULL) {
    tp_pool_give(&port->loop->pool, packet);
    count++;
  }
  return count;
}

static void cpu_close(struct tp_port *port) {
  cpu_discard(port);
  free(port);
}

static const struct tp_port_ops CPU_OPS = {
    .receive = cpu_receive,
    .transmit = cpu_transmit,
    .poll_fd = cpu_poll_fd,
    .maintain = cpu_maintain,
    .discard = cpu_discard,
    .close = cpu_close,
};

int tp_port_cpu_open(struct tp_engine *engine, struct tp_port **out) {
  struct cpu_port *cpu = calloc(1, sizeof *cpu);
  if (cpu == NULL) {
    return TP_E_NO_MEMORY;
  }
  cpu->port.ops = &CPU_OPS;
  cpu->port.engine = engine;
  cpu->port.is_up = true;
  *out = &cpu->port;
  return TP_OK;
}

int tp_port_cpu_inject(struct tp_port *port, const uint8_t *frame, uint32_t octets) {
  struct cpu_port *cpu = (struct cpu_port *)port;
  struct tp_engine *engine = port->engine;
  if (octets == 0 || octets > engine->max_frame) {
    return TP_E_OUT_OF_RANGE;
  }
  struct tp_packet *packet = tp_pool_take(&port->loop->pool);
  if (packet == NULL) {
    tp_loop_count(port->loop, TP_ENGINE_DROPPED_NO_BUFFER);
    return TP_E_FULL;
  }
  memcpy(packet->data, frame, octets);
  packet->length = octets;
  packet->rx_time_ns = tp_clock_now_ns(&engine->clock);
  tp_packet_list_push(&cpu->waiting, packet);
  return TP_OK;
}
