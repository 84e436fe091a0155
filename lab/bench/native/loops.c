/*
 * loops.c - the whole engine in memory with one packet loop or several, each on a thread of its
 * own: how many frames a second get through.
 *
 *   loops PIPELINE.so STATE FRAMES PACKETS LOOPS PORTS
 *
 * Its ports are made of nothing but memory: what a port receives it copies from the set of frames,
 * what it sends it gives back. Ports talk in pairs, 1 with 2 and 3 with 4. Two ports are on two
 * loops, where there are two, so every frame goes from one loop to the other; of four, each pair is
 * on a loop of its own, and none does. No more frames are under way than the
 * rings between loops hold: none is lost, and the loops wait for one another as they do for lines.
 */
#include <pthread.h>
#include <unistd.h>

#include "engine_setup.h"
#include "engine_state.h"

#define MOST_PORTS 4u
#define IN_FLIGHT  512u

struct bench_port {
  struct tp_port port; /* first: a tp_port is the bench_port */
  const struct frame **frames;
  uint32_t frame_count;
  uint32_t next_frame;
  uint64_t limit; /* frames to receive in all */
  struct bench_port *peer;
  alignas(64) uint64_t received; /* by this port's loop */
  alignas(64) uint64_t sent;     /* likewise, and read by its peer's */
};

/* --- a port ---------------------------------------------------------------------------------- */

static uint32_t bench_receive(struct tp_port *port, struct tp_packet **burst, uint32_t limit) {
  struct bench_port *self = (struct bench_port *)port;
  const uint64_t peers = __atomic_load_n(&self->peer->sent, __ATOMIC_RELAXED);
  uint32_t count = 0;
  while (count < limit && self->received < self->limit && self->received - peers < IN_FLIGHT) {
    struct tp_packet *packet = tp_pool_take(&port->loop->pool);
    if (packet == NULL) {
      break;
    }
    const struct frame *frame = self->frames[self->next_frame];
    self->next_frame = self->next_frame + 1 == self->frame_count ? 0 : self->next_frame + 1;
    memcpy(packet->data, frame->octets, frame->record.octets);
    packet->length = frame->record.octets;
    packet->rx_time_ns = port->loop->view.now_ns;
    self->received++;
    burst[count++] = packet;
  }
  return count;
}

static uint32_t bench_transmit(struct tp_port *port, struct tp_packet **burst, uint32_t count) {
  struct bench_port *self = (struct bench_port *)port;
  for (uint32_t i = 0; i < count; i++) {
    tp_pool_give(&port->loop->pool, burst[i]);
  }
  __atomic_store_n(&self->sent, self->sent + count, __ATOMIC_RELAXED);
  return count;
}

static enum tp_transmit_result bench_transmit_event(struct tp_port *port, struct tp_packet *packet,
                                                    uint64_t instant_ns) {
  (void)instant_ns;
  bench_transmit(port, &packet, 1);
  return TP_TRANSMIT_DONE;
}

static int bench_poll_fd(const struct tp_port *port) {
  (void)port;
  return -1;
}

static void bench_maintain(struct tp_port *port) {
  (void)port;
}

static void bench_close(struct tp_port *port) {
  free(((struct bench_port *)port)->frames);
  free(port);
}

static const struct tp_port_ops BENCH_OPS = {
    .receive = bench_receive,
    .transmit = bench_transmit,
    .transmit_event = bench_transmit_event,
    .poll_fd = bench_poll_fd,
    .maintain = bench_maintain,
    .close = bench_close,
};

static struct bench_port *add_port(struct tp_engine *engine, uint32_t number,
                                   const struct frame_set *set, uint64_t packets, uint32_t loop) {
  struct bench_port *self = aligned_alloc(alignof(struct bench_port), sizeof *self);
  if (self == NULL) {
    fail("port", "no memory");
  }
  memset(self, 0, sizeof *self);
  self->port.ops = &BENCH_OPS;
  self->port.engine = engine;
  self->port.is_up = true;
  self->limit = packets;
  self->frames = calloc(set->count, sizeof *self->frames);
  for (uint32_t i = 0; self->frames != NULL && i < set->count; i++) {
    if (set->frames[i].record.port == number) {
      self->frames[self->frame_count++] = &set->frames[i];
    }
  }
  if (self->frame_count == 0) {
    fail("frames", "there are none for a port");
  }
  tp_port_attach(engine, number, &self->port, engine->loops[loop % engine->loop_count]);
  check(engine, tp_port_set_tx_latency(engine, number, 0), "set latency");
  return self;
}

/* --- the run --------------------------------------------------------------------------------- */

static uint64_t wall_ns(void) {
  return tp_clock_read_ns(CLOCK_MONOTONIC);
}

static uint64_t sent_by(struct bench_port *const *ports, uint32_t port_count) {
  uint64_t sent = 0;
  for (uint32_t i = 0; i < port_count; i++) {
    sent += __atomic_load_n(&ports[i]->sent, __ATOMIC_RELAXED);
  }
  return sent;
}

int main(int argc, char **argv) {
  const uint32_t port_count = argc == 7 ? (uint32_t)strtoul(argv[6], NULL, 10) : 0;
  if (port_count != 2 && port_count != MOST_PORTS) {
    fail("usage", "loops PIPELINE.so STATE FRAMES PACKETS LOOPS PORTS, which are 2 or 4");
  }
  const uint64_t packets = strtoull(argv[4], NULL, 10) / port_count * port_count;
  const struct tp_engine_config config = {.clock = TP_CLOCK_SYSTEM,
                                          .cpu_port = TP_PORT_DROP,
                                          .message_fd = -1,
                                          .threads = (uint32_t)strtoul(argv[5], NULL, 10),
                                          .random_seed = 1,
                                          .hash_seed = 1};
  struct tp_engine *engine = make_engine(&config, argv[1]);
  const struct frame_set set = read_frames(argv[3]);
  struct bench_port *ports[MOST_PORTS];
  for (uint32_t i = 0; i < port_count; i++) {
    ports[i] = add_port(engine, i + 1, &set, packets / port_count, port_count == 2 ? i : i / 2);
  }
  for (uint32_t i = 0; i < port_count; i++) {
    ports[i]->peer = ports[i ^ 1u];
  }
  fill_engine(engine, argv[2]);
  const uint64_t start_ns = wall_ns();
  const uint64_t cpu_start_ns = process_ns();
  check(engine, tp_engine_start(engine), "start");
  uint64_t before = 0;
  uint64_t end_ns = start_ns;
  while (before < packets) {
    usleep(1000);
    const uint64_t sent = sent_by(ports, port_count);
    if (sent != before) {
      end_ns = wall_ns();
    } else if (wall_ns() - end_ns > UINT64_C(1000000000)) {
      break; /* frames were dropped: the report says so */
    }
    before = sent;
  }
  const uint64_t cpu_ns = process_ns() - cpu_start_ns;
  check(engine, tp_engine_stop(engine), "stop");
  printf("{\"packets\":%llu,\"outputs\":%llu,\"nsPerPacket\":%.3f,\"packetsPerSecond\":%.0f}\n",
         (unsigned long long)packets, (unsigned long long)before, (double)cpu_ns / (double)packets,
         (double)before * 1e9 / (double)(end_ns - start_ns));
  tp_engine_destroy(engine);
  free(set.frames);
  return 0;
}
