/* A peer at the other end of a link that measures it by peer delay: it asks by Pdelay_Req, and
 * answers what it is asked, one-step (p2p1step, which needs hardware for others) or two-step. Each
 * answer is checked; at the end one line of JSON is printed:
 *
 *   requests, answered      of ours: with one right and complete answer
 *   wrong                   answers with another number, identity or domain than asked for
 *   late                    answers to one of the last requests, when the next was sent already
 *   repeated                second answers to one request: there is more than one responder
 *   unanswered
 *   answeredOthers          Pdelay_Req that we answered
 *   linkDelayNs             meanLinkDelay of each answered request (11.4.3)
 *   turnaroundNs            what the other side says that it took to answer
 *   turnaroundErrorNs       of our own one-step answers: what we wrote less what the kernel's
 *                           stamps say
 *
 * The clocks of the two ends are the same in the lab; nothing here needs that.
 *
 * usage: ptp_link_peer INTERFACE [--step one] [--ask on] [--log-interval 0] …
 */
#include "options.h"
#include "ptp_frames.h"
#include "ptp_port.h"
#include "samples.h"

enum { RING_SLOTS = 1 << 12, SAMPLES_MAX = 1 << 16, LATE_REQUESTS = 16 };

/* Of one request, until the next. */
struct exchange {
  bool is_open; /* a request was sent, and has its stamp */
  bool has_response;
  bool needs_follow_up;
  bool is_complete;
  uint16_t sequence;
  uint64_t t1_ns;
  int64_t t2_ns;
  uint64_t t4_ns;
  int64_t correction;
  uint8_t responder[PTP_IDENTITY_OCTETS];
};

struct peer {
  struct packet_port port;
  struct station self;
  enum transport transport;
  bool is_two_step;
  bool asks;
  uint8_t domain;
  uint8_t major_sdo_id;
  uint16_t port_number;
  int8_t log_interval;
  struct exchange exchange;
  struct moving_median ahead_ns;
  struct samples link_delay_ns;
  struct samples turnaround_ns;
  struct samples turnaround_error_ns;
  uint64_t requests;
  uint64_t answered;
  uint64_t wrong;
  uint64_t late;
  uint64_t repeated;
  uint64_t answered_others;
  uint64_t stamps_missed;
};

static uint8_t *begin(struct peer *peer, struct ptp_frame *frame, uint8_t type) {
  uint8_t *message = ptp_begin(frame, peer->transport, &peer->self, NULL, type);
  message[0] = (uint8_t)(type | peer->major_sdo_id << 4);
  message[4] = peer->domain;
  put_identity(message + 20, peer->self.mac, peer->port_number);
  return message;
}

static void ask(struct peer *peer) {
  struct ptp_frame frame;
  uint8_t *message = begin(peer, &frame, PTP_PDELAY_REQ);
  struct exchange next = {.sequence = (uint16_t)(peer->exchange.sequence + 1)};
  put16(message + 30, next.sequence);
  message[33] = (uint8_t)peer->log_interval;
  ptp_seal(&frame, peer->transport);
  next.is_open = port_send_stamped(&peer->port, frame.octets, frame.count, &next.t1_ns);
  peer->requests++;
  peer->stamps_missed += next.is_open ? 0 : 1;
  peer->exchange = next;
}

static void complete(struct peer *peer, int64_t turnaround_ns, int64_t correction) {
  struct exchange *exchange = &peer->exchange;
  const int64_t round_trip_ns = (int64_t)(exchange->t4_ns - exchange->t1_ns);
  exchange->is_complete = true;
  peer->answered++;
  samples_add(&peer->turnaround_ns, turnaround_ns + correction / 65536);
  samples_add(&peer->link_delay_ns, (round_trip_ns - turnaround_ns - correction / 65536) / 2);
}

static bool is_ours(struct peer *peer, const uint8_t *message) {
  uint8_t self[PTP_IDENTITY_OCTETS];
  put_identity(self, peer->self.mac, peer->port_number);
  return memcmp(message + 44, self, sizeof self) == 0;
}

/* Not to the open request: to one before it, or to none of ours. */
static void count_other(struct peer *peer, const uint8_t *message) {
  const uint16_t behind = (uint16_t)(peer->exchange.sequence - get16(message + 30));
  if (message[4] == peer->domain && behind > 0 && behind <= LATE_REQUESTS) {
    peer->late++;
  } else {
    peer->wrong++;
  }
}

static void take_response(struct peer *peer, const struct received *frame, const uint8_t *message) {
  struct exchange *exchange = &peer->exchange;
  if (!exchange->is_open || get16(message + 30) != exchange->sequence ||
      message[4] != peer->domain) {
    count_other(peer, message);
    return;
  }
  if (exchange->has_response) {
    peer->repeated++;
    return;
  }
  exchange->has_response = true;
  exchange->t4_ns = frame->time_ns;
  exchange->t2_ns = get_timestamp_ns(message + 34);
  exchange->correction = ptp_correction(message);
  exchange->needs_follow_up = (message[6] & PTP_FLAG_TWO_STEP) != 0;
  memcpy(exchange->responder, message + 20, PTP_IDENTITY_OCTETS);
  if (!exchange->needs_follow_up) {
    /* All of its turnaround is in correctionField; its timestamps are zeros. */
    complete(peer, 0, exchange->correction);
  }
}

static void take_follow_up(struct peer *peer, const uint8_t *message) {
  struct exchange *exchange = &peer->exchange;
  if (!exchange->needs_follow_up || get16(message + 30) != exchange->sequence ||
      message[4] != peer->domain ||
      memcmp(exchange->responder, message + 20, PTP_IDENTITY_OCTETS) != 0) {
    count_other(peer, message);
    return;
  }
  if (exchange->is_complete) {
    peer->repeated++;
    return;
  }
  complete(peer, get_timestamp_ns(message + 34) - exchange->t2_ns,
           exchange->correction + ptp_correction(message));
}

static void answer_two_step(struct peer *peer, const struct received *frame,
                            const uint8_t *request) {
  struct ptp_frame answer;
  uint8_t *message = begin(peer, &answer, PTP_PDELAY_RESP);
  message[6] |= PTP_FLAG_TWO_STEP;
  memcpy(message + 30, request + 30, 2);
  put_timestamp(message + 34, frame->time_ns);
  memcpy(message + 44, request + 20, PTP_IDENTITY_OCTETS);
  ptp_seal(&answer, peer->transport);
  uint64_t t3_ns;
  if (!port_send_stamped(&peer->port, answer.octets, answer.count, &t3_ns)) {
    peer->stamps_missed++;
    return;
  }
  message = begin(peer, &answer, PTP_PDELAY_RESP_FOLLOW_UP);
  memcpy(message + 8, request + 8, 8);
  memcpy(message + 30, request + 30, 2);
  put_timestamp(message + 34, t3_ns);
  memcpy(message + 44, request + 20, PTP_IDENTITY_OCTETS);
  ptp_seal(&answer, peer->transport);
  peer->answered_others += port_send(&peer->port, answer.octets, answer.count) ? 1 : 0;
}

/* correctionField: that of the request, and the time from its receiving to this sending. */
static void answer_one_step(struct peer *peer, const struct received *frame,
                            const uint8_t *request) {
  struct ptp_frame answer;
  uint8_t *message = begin(peer, &answer, PTP_PDELAY_RESP);
  memcpy(message + 30, request + 30, 2);
  memcpy(message + 44, request + 20, PTP_IDENTITY_OCTETS);
  const uint64_t read_ns = realtime_ns();
  const int64_t turnaround_ns = (int64_t)(read_ns - frame->time_ns) + median_of(&peer->ahead_ns);
  put64(message + 8, (uint64_t)(ptp_correction(request) + turnaround_ns * 65536));
  ptp_seal(&answer, peer->transport);
  uint64_t t3_ns;
  if (!port_send_stamped(&peer->port, answer.octets, answer.count, &t3_ns)) {
    peer->stamps_missed++;
    return;
  }
  median_add(&peer->ahead_ns, (int64_t)(t3_ns - read_ns));
  samples_add(&peer->turnaround_error_ns, turnaround_ns - (int64_t)(t3_ns - frame->time_ns));
  peer->answered_others++;
}

static void take(struct peer *peer, const struct received *frame, const struct ptp_view *view) {
  const uint8_t *message = view->message;
  const uint8_t type = ptp_type_of(message);
  if (message[0] >> 4 != peer->major_sdo_id) {
    return;
  }
  if (type == PTP_PDELAY_REQ && message[4] == peer->domain) {
    if (peer->is_two_step) {
      answer_two_step(peer, frame, message);
    } else {
      answer_one_step(peer, frame, message);
    }
  } else if (type == PTP_PDELAY_RESP && is_ours(peer, message)) {
    take_response(peer, frame, message);
  } else if (type == PTP_PDELAY_RESP_FOLLOW_UP && is_ours(peer, message)) {
    take_follow_up(peer, message);
  }
}

static void drain(struct peer *peer) {
  struct received frame;
  struct ptp_view view;
  while (port_receive(&peer->port, &frame)) {
    if (ptp_find(frame.octets, frame.count, &view) && view.transport == peer->transport) {
      take(peer, &frame, &view);
    }
    port_release(&peer->port);
  }
}

static void run(struct peer *peer, uint64_t duration_ns, const sigset_t *ends) {
  const uint64_t start_ns = monotonic_ns();
  uint64_t due_ns = start_ns;
  const uint64_t longest_wait_ns = NS_PER_SECOND / 20;
  while (!has_ended(ends)) {
    const uint64_t now_ns = monotonic_ns();
    if (duration_ns > 0 && now_ns - start_ns >= duration_ns) {
      return;
    }
    if (peer->asks && now_ns >= due_ns) {
      ask(peer);
      due_ns += log_interval_ns(peer->log_interval);
    }
    drain(peer);
    const uint64_t limit_ns = monotonic_ns() + longest_wait_ns;
    port_wait(&peer->port, peer->asks && due_ns < limit_ns ? due_ns : limit_ns);
  }
}

static void report(struct peer *peer) {
  printf("{\"requests\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"wrong\":%" PRIu64
         ",\"late\":%" PRIu64 ",\"repeated\":%" PRIu64 ",\"unanswered\":%" PRIu64
         ",\"answeredOthers\":%" PRIu64 ",\"stampsMissed\":%" PRIu64 ",",
         peer->requests, peer->answered, peer->wrong, peer->late, peer->repeated,
         peer->requests - peer->answered, peer->answered_others, peer->stamps_missed);
  samples_print("linkDelayNs", &peer->link_delay_ns);
  putchar(',');
  samples_print("turnaroundNs", &peer->turnaround_ns);
  putchar(',');
  samples_print("turnaroundErrorNs", &peer->turnaround_error_ns);
  printf("}\n");
}

int main(int argc, char **argv) {
  struct option_value options[] = {
      {"step", "one"},        {"transport", "L2"}, {"ask", "on"},   {"log-interval", "0"},
      {"ipv4", "198.19.0.1"}, {"ipv6", "fe80::1"}, {"domain", "0"}, {"major-sdo-id", "0"},
      {"port-number", "1"},   {"seconds", "0"},
  };
  const size_t option_total = sizeof options / sizeof options[0];
  if (argc < 2 || !options_read(argc, argv, 2, options, option_total)) {
    usage("ptp_link_peer", "INTERFACE", options, option_total);
    return 2;
  }
  static const char *const steps[] = {"one", "two", NULL};
  static const char *const switches[] = {"off", "on", NULL};
  struct peer peer = {
      .transport = option_transport(options),
      .is_two_step = option_choice(options, "step", steps) == 1,
      .asks = option_choice(options, "ask", switches) == 1,
      .domain = (uint8_t)option_count(options, "domain"),
      .major_sdo_id = (uint8_t)(option_count(options, "major-sdo-id") & 0xF),
      .port_number = (uint16_t)option_count(options, "port-number"),
      .log_interval = option_log(options, "log-interval"),
  };
  addresses_need("ptp_link_peer", option_text(options, "ipv4"), option_text(options, "ipv6"),
                 &peer.self);
  const sigset_t ends = hold_ends();
  port_need(&peer.port, "ptp_link_peer", argv[1], RING_SLOTS);
  memcpy(peer.self.mac, peer.port.mac, 6);
  if (!samples_open(&peer.link_delay_ns, SAMPLES_MAX) ||
      !samples_open(&peer.turnaround_ns, SAMPLES_MAX) ||
      !samples_open(&peer.turnaround_error_ns, SAMPLES_MAX)) {
    fprintf(stderr, "ptp_link_peer: out of memory\n");
    return 1;
  }
  printf("ready\n");
  (void)fflush(stdout);
  run(&peer, (uint64_t)(option_number(options, "seconds") * 1e9), &ends);
  report(&peer);
  samples_close(&peer.link_delay_ns);
  samples_close(&peer.turnaround_ns);
  samples_close(&peer.turnaround_error_ns);
  port_close(&peer.port);
  return 0;
}
