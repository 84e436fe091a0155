/*
 * port_loop.c - frames from one interface to another in a loop that is closed: a burst is sent, and
 * the next one when it has come out again. One thread does all of it, the kernel's part included,
 * so that its processor time is what a frame costs, on a busy machine, too.
 *
 *   port_loop PIPELINE.so STATE FRAMES PACKETS auto|packet|xdp|null SEND A B
 *
 * SEND ── A [ the engine with that io, or null_forward.h ] B ──
 */
#include "engine_setup.h"
#include "null_forward.h"

#define BURST 32u
/* Frames that have not come out by then are lost, and the figure is worth nothing. */
#define PATIENCE_NS UINT64_C(500000000)
#define OPENING_NS  UINT64_C(3000000000)

/* What moves frames from A to B. */
struct forwarder {
  struct tp_engine *engine; /* null: the sides do */
  struct side sides[2];
  uint64_t moved;
};

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static uint32_t io_of(const char *name) {
  static const char *const names[] = {"auto", "packet", "xdp"};
  for (uint32_t i = 0; i < 3; i++) {
    if (strcmp(names[i], name) == 0) {
      return i;
    }
  }
  fail(name, "is no io");
}

/* The kernel keeps an interface's queue for some time after the run before: what is measured must
 * be what was asked for. */
static void add_port(struct tp_engine *engine, uint32_t port, const char *interface, uint32_t io) {
  const uint64_t end_ns = now_ns() + OPENING_NS;
  uint64_t facts[TP_LINK_FACT_COUNT] = {0};
  int result = TP_E_SYSTEM;
  while (result < 0 && now_ns() < end_ns) {
    usleep(10000);
    result = tp_port_add_link(engine, port, interface, io, TP_LINK_SOFTWARE);
  }
  check(engine, result, interface);
  while (facts[TP_LINK_SENDS_BY_XDP] == 0 && io != TP_PORT_IO_PACKET && now_ns() < end_ns) {
    usleep(10000);
    check(engine, tp_engine_step(engine), "step");
    check(engine, tp_port_link_facts(engine, port, facts), "facts");
  }
  if (facts[TP_LINK_SENDS_BY_XDP] != (io != TP_PORT_IO_PACKET)) {
    fail(interface, "no AF_XDP socket can be had");
  }
}

static void open_forwarder(struct forwarder *forwarder, char **argv) {
  const char *const ends[] = {argv[7], argv[8]};
  for (uint32_t i = 0; i < 2 && strcmp(argv[5], "null") == 0; i++) {
    open_side(&forwarder->sides[i], ends[i]);
  }
  if (strcmp(argv[5], "null") == 0) {
    return;
  }
  forwarder->engine = open_engine(TP_CLOCK_SYSTEM, argv[1]);
  for (uint32_t i = 0; i < 2; i++) {
    add_port(forwarder->engine, i + 1, ends[i], io_of(argv[5]));
  }
  fill_engine(forwarder->engine, argv[2]);
}

/* Frames that B has sent so far. */
static uint64_t step(struct forwarder *forwarder) {
  uint64_t counters[TP_PORT_COUNTER_COUNT];
  if (forwarder->engine == NULL) {
    forwarder->moved += move_burst(&forwarder->sides[0], &forwarder->sides[1]);
    return forwarder->moved;
  }
  check(forwarder->engine, tp_engine_step(forwarder->engine), "step");
  check(forwarder->engine, tp_port_counters(forwarder->engine, 2, counters), "counters");
  return counters[TP_PORT_TX_FRAMES];
}

static void send_burst(int fd, const struct frame_set *set, uint64_t first) {
  struct mmsghdr messages[BURST] = {0};
  struct iovec parts[BURST];
  for (uint32_t i = 0; i < BURST; i++) {
    struct frame *frame = &set->frames[(first + i) % set->count];
    parts[i] = (struct iovec){.iov_base = frame->octets, .iov_len = frame->record.octets};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (uint32_t sent = 0; sent < BURST;) {
    const int result = sendmmsg(fd, messages + sent, BURST - sent, 0);
    sent += result > 0 ? (uint32_t)result : 0;
  }
}

/* Frames that came out, of so many; a burst that does not come out ends it. */
static uint64_t run(struct forwarder *forwarder, int fd, const struct frame_set *set,
                    uint64_t packets) {
  const uint64_t before = step(forwarder);
  uint64_t out = 0;
  for (uint64_t sent = 0; sent < packets && out == sent;) {
    send_burst(fd, set, sent);
    sent += BURST;
    const uint64_t end_ns = now_ns() + PATIENCE_NS;
    while (out < sent && now_ns() < end_ns) {
      out = step(forwarder) - before;
    }
  }
  return out;
}

int main(int argc, char **argv) {
  if (argc != 9) {
    fail("usage", "port_loop PIPELINE.so STATE FRAMES PACKETS auto|packet|xdp|null SEND A B");
  }
  const struct frame_set set = read_frames(argv[3]);
  const uint64_t packets = strtoull(argv[4], NULL, 10) / BURST * BURST;
  struct forwarder forwarder = {0};
  open_forwarder(&forwarder, argv);
  const int fd = packet_socket(argv[6], 0);
  set_option(fd, PACKET_QDISC_BYPASS, 1);
  run(&forwarder, fd, &set, packets / 10); /* warms everything */
  const uint64_t start_ns = process_ns();
  const uint64_t outputs = run(&forwarder, fd, &set, packets);
  report(packets, outputs, process_ns() - start_ns);
  tp_engine_destroy(forwarder.engine);
  return 0;
}
