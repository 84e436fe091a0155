/*
 * engine_loop.c - the whole engine with memory ports: frames are injected, stepped through
 * pipeline, traffic manager and queues under a virtual clock, and taken out again.
 *
 *   engine_loop PIPELINE.so STATE FRAMES PACKETS [OUT]
 *
 * With OUT, one round over the frames is written there and nothing is timed.
 */
#include "engine_setup.h"

#define BURST           32u
#define PORTS           2u
#define ROUNDS_TO_DRAIN 16u

/* Takes what has left; returns how many frames. */
static uint64_t take(struct tp_engine *engine, FILE *out) {
  static uint8_t octets[MAX_OCTETS + TP_HEADROOM];
  uint64_t outputs = 0;
  for (uint32_t port = 1; port <= PORTS; port++) {
    uint64_t tx_ns = 0;
    int length = tp_port_take(engine, port, octets, sizeof octets, &tx_ns);
    for (; length >= 0; length = tp_port_take(engine, port, octets, sizeof octets, &tx_ns)) {
      outputs++;
      if (out != NULL) {
        write_frame(out, port, tx_ns, octets, (uint32_t)length);
      }
    }
  }
  return outputs;
}

static uint64_t run(struct tp_engine *engine, const struct frame_set *set, uint64_t packets,
                    FILE *out) {
  uint64_t outputs = 0;
  uint64_t now_ns = 1000000000;
  for (uint64_t at = 0; at < packets;) {
    check(engine, tp_engine_set_time(engine, now_ns), "set time");
    for (uint32_t i = 0; i < BURST && at < packets; i++, at++) {
      const struct frame *frame = &set->frames[at % set->count];
      check(engine,
            tp_port_inject(engine, frame->record.port, frame->octets, frame->record.octets, now_ns),
            "inject");
    }
    now_ns += RESIDENCE_NS;
    check(engine, tp_engine_set_time(engine, now_ns), "set time");
    int handled = 1;
    for (uint32_t round = 0; round < ROUNDS_TO_DRAIN && handled > 0; round++) {
      handled = tp_engine_step(engine);
      check(engine, handled, "step");
      outputs += take(engine, out);
    }
  }
  return outputs;
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fail("usage", "engine_loop PIPELINE.so STATE FRAMES PACKETS [OUT]");
  }
  struct tp_engine *engine = open_engine(TP_CLOCK_VIRTUAL, argv[1]);
  for (uint32_t port = 1; port <= PORTS; port++) {
    check(engine, tp_port_add_memory(engine, port), "add port");
    check(engine, tp_port_set_tx_latency(engine, port, 0), "set latency");
  }
  fill_engine(engine, argv[2]);
  const struct frame_set set = read_frames(argv[3]);
  uint64_t packets = strtoull(argv[4], NULL, 10);
  FILE *out = NULL;
  if (argc > 5) {
    out = fopen(argv[5], "wb");
    packets = set.count;
  }
  const uint64_t start_ns = process_ns();
  const uint64_t outputs = run(engine, &set, packets, out);
  report(packets, outputs, process_ns() - start_ns);
  if (out != NULL && fclose(out) != 0) {
    fail(argv[5], "cannot be written");
  }
  tp_engine_destroy(engine);
  return 0;
}
