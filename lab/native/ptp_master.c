/* A PTP time transmitter whose Syncs are one-step though no hardware helps it, or two-step: what
 * ptp4l cannot be with software timestamps. It announces itself as the best clock, sends Sync, and
 * answers Delay_Req, multicast or unicast as it was asked.
 *
 * originTimestamp of a one-step Sync is the clock, read right before the frame is sent, and the
 * median time that lately passed from there to the kernel's transmit stamp. How far it was from
 * that stamp is printed: nobody downstream can be more exact. Runs until SIGTERM or SIGINT, or for
 * --seconds, then prints one line of JSON:
 *
 *   syncs, announces, delayRequests, delayResponses, stampsMissed, originErrorNs
 *
 * usage: ptp_master INTERFACE [--step one] [--transport L2] [--log-sync -3] …
 */
#include "options.h"
#include "ptp_frames.h"
#include "ptp_port.h"
#include "samples.h"

enum { RING_SLOTS = 1 << 12, SAMPLES_MAX = 1 << 20 };

struct master {
  struct packet_port port;
  struct station self;
  enum transport transport;
  bool is_two_step;
  uint8_t domain;
  int8_t log_sync;
  int8_t log_announce;
  int8_t log_delay_req;
  uint16_t sequences[16]; /* by message type */
  struct moving_median ahead_ns;
  struct samples origin_error_ns;
  uint64_t syncs;
  uint64_t announces;
  uint64_t delay_requests;
  uint64_t delay_responses;
  uint64_t stamps_missed;
};

static uint8_t *begin(struct master *master, struct ptp_frame *frame, const struct station *to,
                      uint8_t type, int8_t log_interval) {
  uint8_t *message = ptp_begin(frame, master->transport, &master->self, to, type);
  message[4] = master->domain;
  put_identity(message + 20, master->self.mac, 1);
  message[33] = (uint8_t)log_interval;
  return message;
}

static void send_announce(struct master *master) {
  struct ptp_frame frame;
  uint8_t *message = begin(master, &frame, NULL, PTP_ANNOUNCE, master->log_announce);
  put16(message + 30, master->sequences[PTP_ANNOUNCE]++);
  message[47] = 1;  /* grandmasterPriority1: better than any ptp4l that says nothing */
  message[48] = 6;  /* clockClass */
  message[49] = 33; /* clockAccuracy: 100 ns */
  put16(message + 50, 0x4E5D);
  message[52] = 128;
  memcpy(message + 53, message + 20, 8);
  message[63] = 0xA0; /* timeSource: an oscillator */
  ptp_seal(&frame, master->transport);
  master->announces += port_send(&master->port, frame.octets, frame.count) ? 1 : 0;
}

static void send_follow_up(struct master *master, uint16_t sequence, uint64_t origin_ns) {
  struct ptp_frame frame;
  uint8_t *message = begin(master, &frame, NULL, PTP_FOLLOW_UP, master->log_sync);
  put16(message + 30, sequence);
  put_timestamp(message + 34, origin_ns);
  ptp_seal(&frame, master->transport);
  (void)port_send(&master->port, frame.octets, frame.count);
}

static void send_sync(struct master *master) {
  struct ptp_frame frame;
  uint8_t *message = begin(master, &frame, NULL, PTP_SYNC, master->log_sync);
  const uint16_t sequence = master->sequences[PTP_SYNC]++;
  put16(message + 30, sequence);
  message[6] |= master->is_two_step ? PTP_FLAG_TWO_STEP : 0;
  ptp_seal(&frame, master->transport);
  const uint64_t read_ns = realtime_ns();
  const uint64_t origin_ns = read_ns + (uint64_t)median_of(&master->ahead_ns);
  if (!master->is_two_step) {
    put_timestamp(message + 34, origin_ns);
    ptp_seal(&frame, master->transport);
  }
  uint64_t stamp_ns;
  master->syncs++;
  if (!port_send_stamped(&master->port, frame.octets, frame.count, &stamp_ns)) {
    master->stamps_missed++;
    return;
  }
  median_add(&master->ahead_ns, (int64_t)(stamp_ns - read_ns));
  if (master->is_two_step) {
    send_follow_up(master, sequence, stamp_ns);
  } else {
    samples_add(&master->origin_error_ns, (int64_t)(origin_ns - stamp_ns));
  }
}

static void answer_delay_req(struct master *master, const struct received *frame,
                             const struct ptp_view *view) {
  struct ptp_frame answer;
  const struct station *to = view->is_unicast ? &view->source : NULL;
  const int8_t log_interval = view->is_unicast ? 0x7F : master->log_delay_req;
  uint8_t *message = begin(master, &answer, to, PTP_DELAY_RESP, log_interval);
  memcpy(message + 8, view->message + 8, 8);
  memcpy(message + 30, view->message + 30, 2);
  put_timestamp(message + 34, frame->time_ns);
  memcpy(message + 44, view->message + 20, PTP_IDENTITY_OCTETS);
  ptp_seal(&answer, master->transport);
  master->delay_responses += port_send(&master->port, answer.octets, answer.count) ? 1 : 0;
}

static void drain(struct master *master) {
  struct received frame;
  struct ptp_view view;
  while (port_receive(&master->port, &frame)) {
    if (ptp_find(frame.octets, frame.count, &view) && view.transport == master->transport &&
        ptp_type_of(view.message) == PTP_DELAY_REQ && view.message[4] == master->domain) {
      master->delay_requests++;
      answer_delay_req(master, &frame, &view);
    }
    port_release(&master->port);
  }
}

static void run(struct master *master, uint64_t duration_ns, const sigset_t *ends) {
  const uint64_t start_ns = monotonic_ns();
  uint64_t sync_due_ns = start_ns;
  uint64_t announce_due_ns = start_ns;
  const uint64_t longest_wait_ns = NS_PER_SECOND / 20;
  while (!has_ended(ends)) {
    const uint64_t now_ns = monotonic_ns();
    if (duration_ns > 0 && now_ns - start_ns >= duration_ns) {
      return;
    }
    if (now_ns >= announce_due_ns) {
      send_announce(master);
      announce_due_ns += log_interval_ns(master->log_announce);
    }
    if (now_ns >= sync_due_ns) {
      send_sync(master);
      sync_due_ns += log_interval_ns(master->log_sync);
    }
    drain(master);
    const uint64_t next_ns = sync_due_ns < announce_due_ns ? sync_due_ns : announce_due_ns;
    const uint64_t limit_ns = monotonic_ns() + longest_wait_ns;
    port_wait(&master->port, next_ns < limit_ns ? next_ns : limit_ns);
  }
}

static void report(struct master *master) {
  printf("{\"syncs\":%" PRIu64 ",\"announces\":%" PRIu64 ",\"delayRequests\":%" PRIu64
         ",\"delayResponses\":%" PRIu64 ",\"stampsMissed\":%" PRIu64 ",",
         master->syncs, master->announces, master->delay_requests, master->delay_responses,
         master->stamps_missed);
  samples_print("originErrorNs", &master->origin_error_ns);
  printf("}\n");
}

int main(int argc, char **argv) {
  struct option_value options[] = {
      {"step", "one"},       {"transport", "L2"},     {"log-sync", "-3"},
      {"log-announce", "0"}, {"log-delay-req", "-3"}, {"ipv4", "198.19.0.1"},
      {"ipv6", "fe80::1"},   {"domain", "0"},         {"seconds", "0"},
  };
  const size_t option_total = sizeof options / sizeof options[0];
  if (argc < 2 || !options_read(argc, argv, 2, options, option_total)) {
    usage("ptp_master", "INTERFACE", options, option_total);
    return 2;
  }
  static const char *const steps[] = {"one", "two", NULL};
  struct master master = {
      .transport = option_transport(options),
      .is_two_step = option_choice(options, "step", steps) == 1,
      .domain = (uint8_t)option_count(options, "domain"),
      .log_sync = option_log(options, "log-sync"),
      .log_announce = option_log(options, "log-announce"),
      .log_delay_req = option_log(options, "log-delay-req"),
  };
  addresses_need("ptp_master", option_text(options, "ipv4"), option_text(options, "ipv6"),
                 &master.self);
  const sigset_t ends = hold_ends();
  port_need(&master.port, "ptp_master", argv[1], RING_SLOTS);
  memcpy(master.self.mac, master.port.mac, 6);
  if (!samples_open(&master.origin_error_ns, SAMPLES_MAX)) {
    fprintf(stderr, "ptp_master: out of memory\n");
    return 1;
  }
  printf("ready\n");
  (void)fflush(stdout);
  run(&master, (uint64_t)(option_number(options, "seconds") * 1e9), &ends);
  report(&master);
  samples_close(&master.origin_error_ns);
  port_close(&master.port);
  return 0;
}
