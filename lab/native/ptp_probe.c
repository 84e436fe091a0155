/* Measures what stands between two interfaces of one namespace, as PTP would see it: sends Sync by
 * the one, takes it by the other, and compares the correction that it then carries (its own, and
 * its Follow_Up's) with the time between the kernel's stamps of leaving and arriving. Neither stamp
 * is of the thing that is measured. Prints one line of JSON at the end:
 *
 *   sent, received          Syncs; a two-step one is received with its Follow_Up
 *   repeated, stampsMissed, withoutFollowUp, badChecksums
 *   errorNs                 arrival - departure - correction: what a client takes for path delay
 *   residenceNs             the correction
 *   transitNs               arrival - departure
 *
 * A switch that corrected perfectly would leave the delay of the two links, the same for every
 * Sync.
 *
 * usage: ptp_probe FROM TO [--rate 128] [--seconds 5] [--step one] [--transport L2] …
 */
#include "options.h"
#include "ptp_frames.h"
#include "ptp_port.h"
#include "samples.h"

enum { RING_SLOTS = 1 << 14, SEQUENCES = 1 << 16, SAMPLES_MAX = 1 << 22, QUIET_MS = 300 };

struct crossing {
  uint64_t left_ns; /* 0: no stamp, or nothing sent */
  uint64_t arrived_ns;
  int64_t correction;
  bool needs_follow_up;
  bool is_complete;
};

struct probe {
  struct packet_port from;
  struct packet_port to;
  struct station self;
  enum transport transport;
  bool is_two_step;
  uint8_t domain;
  struct crossing *crossings; /* by sequenceId */
  uint64_t sent;
  uint64_t received;
  uint64_t repeated;
  uint64_t stamps_missed;
  uint64_t bad_checksums;
  uint64_t open; /* Syncs that wait for their Follow_Up */
  struct samples error_ns;
  struct samples residence_ns;
  struct samples transit_ns;
};

static uint8_t *begin(struct probe *probe, struct ptp_frame *frame, uint8_t type,
                      uint16_t sequence) {
  uint8_t *message = ptp_begin(frame, probe->transport, &probe->self, NULL, type);
  message[4] = probe->domain;
  put_identity(message + 20, probe->self.mac, 1);
  put16(message + 30, sequence);
  return message;
}

static void send_sync(struct probe *probe) {
  struct ptp_frame frame;
  const uint16_t sequence = (uint16_t)probe->sent++;
  uint8_t *message = begin(probe, &frame, PTP_SYNC, sequence);
  message[6] |= probe->is_two_step ? PTP_FLAG_TWO_STEP : 0;
  put_timestamp(message + 34, realtime_ns());
  ptp_seal(&frame, probe->transport);
  struct crossing *crossing = &probe->crossings[sequence];
  *crossing = (struct crossing){0};
  if (!port_send_stamped(&probe->from, frame.octets, frame.count, &crossing->left_ns)) {
    probe->stamps_missed++;
    return;
  }
  if (probe->is_two_step) {
    message = begin(probe, &frame, PTP_FOLLOW_UP, sequence);
    put_timestamp(message + 34, crossing->left_ns);
    ptp_seal(&frame, probe->transport);
    (void)port_send(&probe->from, frame.octets, frame.count);
  }
}

static void complete(struct probe *probe, struct crossing *crossing) {
  const int64_t transit_ns = (int64_t)(crossing->arrived_ns - crossing->left_ns);
  crossing->is_complete = true;
  probe->received++;
  samples_add(&probe->transit_ns, transit_ns);
  samples_add(&probe->residence_ns, crossing->correction >> 16);
  samples_add(&probe->error_ns, transit_ns - (crossing->correction >> 16));
}

static void take(struct probe *probe, const struct received *frame, const struct ptp_view *view) {
  const uint8_t *message = view->message;
  const uint8_t type = ptp_type_of(message);
  struct crossing *crossing = &probe->crossings[get16(message + 30)];
  uint8_t self[PTP_IDENTITY_OCTETS];
  put_identity(self, probe->self.mac, 1);
  if (memcmp(message + 20, self, sizeof self) != 0 || message[4] != probe->domain ||
      (type != PTP_SYNC && type != PTP_FOLLOW_UP) || crossing->left_ns == 0) {
    return;
  }
  if (!ptp_checksums_hold(frame->octets, frame->count, view)) {
    probe->bad_checksums++;
    return;
  }
  const bool is_first = type == PTP_SYNC ? crossing->arrived_ns == 0 : !crossing->is_complete;
  if (!is_first || (type == PTP_FOLLOW_UP && !crossing->needs_follow_up)) {
    probe->repeated++;
    return;
  }
  crossing->correction += ptp_correction(message);
  if (type == PTP_FOLLOW_UP) {
    probe->open--;
    complete(probe, crossing);
    return;
  }
  crossing->arrived_ns = frame->time_ns;
  crossing->needs_follow_up = (message[6] & PTP_FLAG_TWO_STEP) != 0;
  if (crossing->needs_follow_up) {
    probe->open++;
  } else {
    complete(probe, crossing);
  }
}

static bool drain(struct probe *probe) {
  struct received frame;
  struct ptp_view view;
  bool came = false;
  while (port_receive(&probe->to, &frame)) {
    came = true;
    if (ptp_find(frame.octets, frame.count, &view)) {
      take(probe, &frame, &view);
    }
    port_release(&probe->to);
  }
  return came;
}

static void run(struct probe *probe, uint64_t total, double rate, const sigset_t *ends) {
  const uint64_t start_ns = monotonic_ns();
  while (probe->sent < total && !has_ended(ends)) {
    const uint64_t due_ns = start_ns + (uint64_t)((double)probe->sent * 1e9 / rate);
    if (monotonic_ns() >= due_ns) {
      send_sync(probe);
    }
    (void)drain(probe);
    port_wait(&probe->to, due_ns);
  }
  const uint64_t end_ns = monotonic_ns() + QUIET_MS * UINT64_C(1000000);
  while (probe->received < probe->sent && monotonic_ns() < end_ns) {
    (void)drain(probe);
    port_wait(&probe->to, monotonic_ns() + 2000000);
  }
}

static void report(struct probe *probe) {
  printf("{\"sent\":%" PRIu64 ",\"received\":%" PRIu64 ",\"repeated\":%" PRIu64
         ",\"stampsMissed\":%" PRIu64 ",\"withoutFollowUp\":%" PRIu64 ",\"badChecksums\":%" PRIu64
         ",\"overruns\":%" PRIu64 ",",
         probe->sent, probe->received, probe->repeated, probe->stamps_missed, probe->open,
         probe->bad_checksums, port_overruns(&probe->to));
  samples_print("errorNs", &probe->error_ns);
  putchar(',');
  samples_print("residenceNs", &probe->residence_ns);
  putchar(',');
  samples_print("transitNs", &probe->transit_ns);
  printf("}\n");
}

int main(int argc, char **argv) {
  struct option_value options[] = {
      {"rate", "128"},        {"seconds", "5"},    {"step", "one"}, {"transport", "L2"},
      {"ipv4", "198.19.0.1"}, {"ipv6", "fe80::1"}, {"domain", "0"},
  };
  const size_t option_total = sizeof options / sizeof options[0];
  if (argc < 3 || !options_read(argc, argv, 3, options, option_total)) {
    usage("ptp_probe", "FROM TO", options, option_total);
    return 2;
  }
  static const char *const steps[] = {"one", "two", NULL};
  struct probe probe = {
      .transport = option_transport(options),
      .is_two_step = option_choice(options, "step", steps) == 1,
      .domain = (uint8_t)option_count(options, "domain"),
      .crossings = calloc(SEQUENCES, sizeof(struct crossing)),
  };
  addresses_need("ptp_probe", option_text(options, "ipv4"), option_text(options, "ipv6"),
                 &probe.self);
  const double rate = option_number(options, "rate");
  const uint64_t total = (uint64_t)(rate * option_number(options, "seconds"));
  if (total == 0 || total > SAMPLES_MAX) {
    fprintf(stderr, "ptp_probe: 1 to %d Syncs\n", SAMPLES_MAX);
    return 2;
  }
  const sigset_t ends = hold_ends();
  keep_to_one_processor();
  port_need(&probe.from, "ptp_probe", argv[1], 0);
  port_need(&probe.to, "ptp_probe", argv[2], RING_SLOTS);
  memcpy(probe.self.mac, probe.from.mac, 6);
  if (!port_take_only_from(&probe.to, probe.self.mac)) {
    fprintf(stderr, "ptp_probe: no filter: %s\n", strerror(errno));
    return 1;
  }
  if (probe.crossings == NULL || !samples_open(&probe.error_ns, total) ||
      !samples_open(&probe.residence_ns, total) || !samples_open(&probe.transit_ns, total)) {
    fprintf(stderr, "ptp_probe: out of memory\n");
    return 1;
  }
  run(&probe, total, rate, &ends);
  report(&probe);
  samples_close(&probe.error_ns);
  samples_close(&probe.residence_ns);
  samples_close(&probe.transit_ns);
  free(probe.crossings);
  port_close(&probe.from);
  port_close(&probe.to);
  return 0;
}
