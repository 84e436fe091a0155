/* A crowd of PTP clients on one interface, as many as one likes, each with its own MAC, address and
 * port identity, that ask by Delay_Req at a steady rate, one after the other. Checks every
 * Delay_Resp against its request, and prints one line of JSON at the end:
 *
 *   sent, answered, rate    requests, those with a right answer, requests a second that were
 * reached duplicates, late        second answers; answers when REMEMBERED_REQUESTS later ones were
 * sent stray                   Delay_Resp that nobody here asked for wrong answers by what is wrong
 * with them; they do not count as answered overruns                answers that found the receive
 * ring full: this program was too slow clockOffsetSeconds      whole seconds that the server's
 * clock is ahead of ours latencyNs               kernel's transmit stamp of a request to receive
 * stamp of its answer receiveTimeNs           receiveTimestamp less the request's transmit stamp
 *
 * usage: ptp_clients INTERFACE [--clients 10000] [--rate 16] [--seconds 3] [--transport L2] …
 */
#include "options.h"
#include "ptp_frames.h"
#include "ptp_port.h"
#include "samples.h"

enum {
  BURST_FRAMES = 32,
  REMEMBERED_REQUESTS = 16, /* of a client; a power of two */
  RING_SLOTS = 1 << 16,
  QUIET_MS = 200,
  PATIENCE_MS = 5000,
  SLEEP_FROM_US = 200,
  CLIENT_NUMBERS = 1 << 24,
};
#define NO_SAMPLE UINT32_MAX
#define NS_PER_MS UINT64_C(1000000)

enum wrong {
  WRONG_CHECKSUM,
  WRONG_CORRECTION,
  WRONG_RECEIVE_TIME,
  WRONG_DESTINATION,
  WRONG_FLAGS,
  WRONG_SERVER,
  WRONG_COUNT
};
static const char *const wrong_names[WRONG_COUNT] = {"checksum",    "correction", "receiveTime",
                                                     "destination", "flags",      "server"};

struct client {
  struct ptp_frame request;
  int64_t correction;
  uint16_t next_sequence;
  uint16_t answered; /* a bit for each of the remembered requests */
  uint64_t sent_ns[REMEMBERED_REQUESTS];
  uint32_t sample[REMEMBERED_REQUESTS];
};

struct sample {
  uint64_t sent_ns;
  uint64_t answered_ns;
  int64_t receive_ns; /* receiveTimestamp */
};

struct crowd {
  struct packet_port port;
  enum transport transport;
  bool is_unicast;
  uint8_t domain;
  uint64_t sample_every;
  int64_t tolerance_ns;
  struct client *clients;
  size_t client_count;
  struct sample *samples;
  size_t sample_capacity;
  uint32_t stamps_seen;
  uint64_t sent;
  uint64_t answered;
  uint64_t duplicates;
  uint64_t late;
  uint64_t stray;
  uint64_t wrong[WRONG_COUNT];
  bool has_server;
  uint8_t server[PTP_IDENTITY_OCTETS];
  int64_t least_offset_ns;
  int64_t most_offset_ns;
};

/* 02:54:50 and the client's number: locally administered. */
static struct station station_of(size_t index) {
  const uint32_t number = (uint32_t)index + 1;
  struct station station = {.mac = {0x02, 0x54, 0x50},
                            .ipv6 = {0xFE, 0x80, [8] = 0x00, 0x54, 0x50}};
  const uint8_t low[3] = {(uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
  memcpy(station.mac + 3, low, 3);
  memcpy(station.ipv6 + 13, low, 3);
  put32(station.ipv4, UINT32_C(0xC6120000) + number); /* 198.18.0.0/15 is for benchmarks */
  return station;
}

/* Some correction of each client's own, with a fraction, negative for every other. */
static int64_t correction_of(size_t index) {
  const int64_t magnitude = (int64_t)((index % 1000 + 1) * 65536 + index % 65521 + 1);
  return index % 2 == 0 ? magnitude : -magnitude;
}

static void make_clients(struct crowd *crowd, const struct station *server) {
  for (size_t i = 0; i < crowd->client_count; i++) {
    struct client *client = &crowd->clients[i];
    const struct station self = station_of(i);
    uint8_t *message = ptp_begin(&client->request, crowd->transport, &self,
                                 crowd->is_unicast ? server : NULL, PTP_DELAY_REQ);
    client->correction = correction_of(i);
    message[4] = crowd->domain;
    put64(message + 8, (uint64_t)client->correction);
    put_identity(message + 20, self.mac, 1);
    for (size_t j = 0; j < REMEMBERED_REQUESTS; j++) {
      client->sample[j] = NO_SAMPLE;
    }
  }
}

static struct client *prepare_request(struct crowd *crowd, uint64_t number, uint64_t now_ns) {
  struct client *client = &crowd->clients[number % crowd->client_count];
  const uint16_t sequence = client->next_sequence++;
  const size_t place = sequence % REMEMBERED_REQUESTS;
  client->answered &= (uint16_t) ~(1u << place);
  client->sent_ns[place] = now_ns;
  client->sample[place] = NO_SAMPLE;
  put16(client->request.octets + client->request.ptp_at + 30, sequence);
  ptp_seal(&client->request, crowd->transport);
  return client;
}

/* One request with a transmit stamp. */
static void send_sample(struct crowd *crowd) {
  struct client *client = prepare_request(crowd, crowd->sent, realtime_ns());
  uint32_t id;
  while (!port_send_asking(&crowd->port, client->request.octets, client->request.count, &id)) {
    if (errno != EAGAIN && errno != ENOBUFS) {
      fprintf(stderr, "ptp_clients: send: %s\n", strerror(errno));
      exit(1);
    }
  }
  if (id < crowd->sample_capacity) {
    client->sample[(uint16_t)(client->next_sequence - 1) % REMEMBERED_REQUESTS] = id;
  }
  crowd->sent++;
}

static void send_burst(struct crowd *crowd, unsigned count) {
  struct mmsghdr messages[BURST_FRAMES] = {0};
  struct iovec parts[BURST_FRAMES];
  const uint64_t now_ns = realtime_ns();
  for (unsigned i = 0; i < count; i++) {
    struct client *client = prepare_request(crowd, crowd->sent + i, now_ns);
    parts[i] = (struct iovec){client->request.octets, client->request.count};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (unsigned sent = 0; sent < count;) {
    const int result = sendmmsg(crowd->port.fd, messages + sent, count - sent, 0);
    if (result < 0 && errno != EAGAIN && errno != ENOBUFS) {
      fprintf(stderr, "ptp_clients: sendmmsg: %s\n", strerror(errno));
      exit(1);
    }
    sent += result > 0 ? (unsigned)result : 0;
  }
  crowd->sent += count;
}

/* Sends `count` at most, up to the next one to be sampled. */
static void send_some(struct crowd *crowd, uint64_t count) {
  const uint64_t phase = crowd->sent % crowd->sample_every;
  if (phase == 0) {
    send_sample(crowd);
    return;
  }
  const uint64_t until_sample = crowd->sample_every - phase;
  /* No client twice in a burst: each has one frame only. */
  uint64_t burst = count < until_sample ? count : until_sample;
  burst = burst < BURST_FRAMES ? burst : BURST_FRAMES;
  burst = burst < crowd->client_count ? burst : crowd->client_count;
  send_burst(crowd, (unsigned)burst);
}

/* What is wrong with an answer; WRONG_COUNT: nothing. */
static enum wrong check_answer(struct crowd *crowd, const struct client *client,
                               const struct received *frame, const struct ptp_view *view,
                               uint64_t sent_ns) {
  const uint8_t *message = view->message;
  if (!ptp_checksums_hold(frame->octets, frame->count, view)) {
    return WRONG_CHECKSUM;
  }
  if (!crowd->has_server) {
    crowd->has_server = true;
    memcpy(crowd->server, message + 20, PTP_IDENTITY_OCTETS);
  }
  if (memcmp(crowd->server, message + 20, PTP_IDENTITY_OCTETS) != 0) {
    return WRONG_SERVER;
  }
  if (ptp_correction(message) != client->correction) {
    return WRONG_CORRECTION;
  }
  const bool has_flag = (message[6] & PTP_FLAG_UNICAST) != 0;
  if (has_flag != crowd->is_unicast || (message[6] & PTP_FLAG_TWO_STEP) != 0) {
    return WRONG_FLAGS;
  }
  const bool is_to_us = memcmp(frame->octets, client->request.octets + 6, 6) == 0;
  if (view->is_unicast != crowd->is_unicast || (crowd->is_unicast && !is_to_us)) {
    return WRONG_DESTINATION;
  }
  const int64_t receive_ns = get_timestamp_ns(message + 34);
  const int64_t least_ns = receive_ns - (int64_t)frame->time_ns;
  const int64_t most_ns = receive_ns - (int64_t)sent_ns;
  if (least_ns > crowd->most_offset_ns + crowd->tolerance_ns ||
      most_ns < crowd->least_offset_ns - crowd->tolerance_ns) {
    return WRONG_RECEIVE_TIME;
  }
  crowd->least_offset_ns = least_ns > crowd->least_offset_ns ? least_ns : crowd->least_offset_ns;
  crowd->most_offset_ns = most_ns < crowd->most_offset_ns ? most_ns : crowd->most_offset_ns;
  return WRONG_COUNT;
}

static struct client *find_client(struct crowd *crowd, const uint8_t *identity) {
  const uint8_t prefix[5] = {0x02, 0x54, 0x50, 0xFF, 0xFE};
  const uint32_t number = (uint32_t)identity[5] << 16 | get16(identity + 6);
  if (memcmp(identity, prefix, sizeof prefix) != 0 || get16(identity + 8) != 1 || number == 0 ||
      number > crowd->client_count) {
    return NULL;
  }
  return &crowd->clients[number - 1];
}

static void take_answer(struct crowd *crowd, const struct received *frame,
                        const struct ptp_view *view) {
  struct client *client = find_client(crowd, view->message + 44);
  const uint16_t sequence = get16(view->message + 30);
  const uint16_t age = client == NULL ? 0 : (uint16_t)(client->next_sequence - 1 - sequence);
  if (client == NULL || view->message[4] != crowd->domain || client->next_sequence == 0 ||
      age >= 0x8000) {
    crowd->stray++;
    return;
  }
  if (age >= REMEMBERED_REQUESTS) {
    crowd->late++;
    return;
  }
  const size_t place = sequence % REMEMBERED_REQUESTS;
  const enum wrong wrong = check_answer(crowd, client, frame, view, client->sent_ns[place]);
  if (wrong != WRONG_COUNT) {
    crowd->wrong[wrong]++;
    return;
  }
  if ((client->answered >> place & 1) != 0) {
    crowd->duplicates++;
    return;
  }
  client->answered |= (uint16_t)(1u << place);
  crowd->answered++;
  if (client->sample[place] != NO_SAMPLE) {
    struct sample *sample = &crowd->samples[client->sample[place]];
    sample->answered_ns = frame->time_ns;
    sample->receive_ns = get_timestamp_ns(view->message + 34);
  }
}

/* Takes what has arrived, `most` frames at most; true where there was an answer. */
static bool drain(struct crowd *crowd, unsigned most) {
  struct received frame;
  struct ptp_view view;
  bool has_answer = false;
  for (unsigned taken = 0; taken < most && port_receive(&crowd->port, &frame); taken++) {
    if (ptp_find(frame.octets, frame.count, &view) && ptp_type_of(view.message) == PTP_DELAY_RESP) {
      take_answer(crowd, &frame, &view);
      has_answer = true;
    }
    port_release(&crowd->port);
  }
  struct transmit_stamp stamp = {0};
  while (crowd->stamps_seen < crowd->port.stamps_asked && port_next_stamp(&crowd->port, &stamp)) {
    crowd->stamps_seen++;
    if (stamp.id < crowd->sample_capacity) {
      crowd->samples[stamp.id].sent_ns = stamp.time_ns;
    }
  }
  return has_answer;
}

/* Request n is due at start + n / rate; returns how long it took. */
static uint64_t ask(struct crowd *crowd, uint64_t total, double rate, const sigset_t *ends) {
  const uint64_t start_ns = monotonic_ns();
  for (unsigned turn = 0; crowd->sent < total; turn++) {
    const uint64_t elapsed_ns = monotonic_ns() - start_ns;
    const uint64_t due = (uint64_t)((double)elapsed_ns * rate / 1e9) + 1;
    if (due > crowd->sent) {
      const uint64_t left = total - crowd->sent;
      send_some(crowd, due - crowd->sent < left ? due - crowd->sent : left);
    }
    const bool came = drain(crowd, 2 * BURST_FRAMES);
    if (turn % 1024 == 0 && has_ended(ends)) {
      break;
    }
    const uint64_t next_ns = start_ns + (uint64_t)((double)crowd->sent * 1e9 / rate);
    if (!came && next_ns > monotonic_ns() + SLEEP_FROM_US * 1000u) {
      port_wait(&crowd->port, next_ns);
    }
  }
  return monotonic_ns() - start_ns;
}

/* Until all are answered, or no answer came for a while, whatever else did. */
static void await_rest(struct crowd *crowd, const sigset_t *ends) {
  const uint64_t start_ns = monotonic_ns();
  uint64_t last_ns = start_ns;
  while (crowd->answered < crowd->sent && monotonic_ns() - last_ns < QUIET_MS * NS_PER_MS &&
         monotonic_ns() - start_ns < PATIENCE_MS * NS_PER_MS && !has_ended(ends)) {
    port_wait(&crowd->port, monotonic_ns() + 2 * NS_PER_MS);
    if (drain(crowd, UINT32_MAX)) {
      last_ns = monotonic_ns();
    }
  }
  (void)drain(crowd, UINT32_MAX);
}

static void report(struct crowd *crowd, uint64_t took_ns) {
  struct samples latency;
  struct samples receive_time;
  if (!samples_open(&latency, crowd->sample_capacity) ||
      !samples_open(&receive_time, crowd->sample_capacity)) {
    exit(1);
  }
  for (size_t i = 0; i < crowd->sample_capacity; i++) {
    const struct sample *sample = &crowd->samples[i];
    if (sample->sent_ns != 0 && sample->answered_ns != 0) {
      samples_add(&latency, (int64_t)(sample->answered_ns - sample->sent_ns));
      samples_add(&receive_time, sample->receive_ns - (int64_t)sample->sent_ns);
    }
  }
  printf("{\"clients\":%zu,\"sent\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"rate\":%.1f",
         crowd->client_count, crowd->sent, crowd->answered,
         (double)crowd->sent * 1e9 / (double)(took_ns == 0 ? 1 : took_ns));
  printf(",\"duplicates\":%" PRIu64 ",\"late\":%" PRIu64 ",\"stray\":%" PRIu64 ",\"wrong\":{",
         crowd->duplicates, crowd->late, crowd->stray);
  for (size_t i = 0; i < WRONG_COUNT; i++) {
    printf("%s\"%s\":%" PRIu64, i == 0 ? "" : ",", wrong_names[i], crowd->wrong[i]);
  }
  printf("},\"overruns\":%" PRIu64 ",\"clockOffsetNs\":", port_overruns(&crowd->port));
  if (crowd->has_server) {
    printf("[%" PRId64 ",%" PRId64 "],", crowd->least_offset_ns, crowd->most_offset_ns);
  } else {
    printf("null,");
  }
  samples_print("latencyNs", &latency);
  putchar(',');
  samples_print("receiveTimeNs", &receive_time);
  printf("}\n");
  samples_close(&latency);
  samples_close(&receive_time);
}

int main(int argc, char **argv) {
  struct option_value options[] = {
      {"clients", "10000"},
      {"rate", "16"},
      {"seconds", "3"},
      {"transport", "L2"},
      {"cast", "multicast"},
      {"server-mac", "02:00:00:00:00:01"},
      {"server-ipv4", "0.0.0.0"},
      {"server-ipv6", "::"},
      {"domain", "0"},
      {"sample-every", "64"},
      {"tolerance-ns", "10000"},
  };
  const size_t option_total = sizeof options / sizeof options[0];
  if (argc < 2 || !options_read(argc, argv, 2, options, option_total)) {
    usage("ptp_clients", "INTERFACE", options, option_total);
    return 2;
  }
  static const char *const casts[] = {"multicast", "unicast", NULL};
  struct crowd crowd = {
      .transport = option_transport(options),
      .is_unicast = option_choice(options, "cast", casts) == 1,
      .domain = (uint8_t)option_count(options, "domain"),
      .client_count = option_count(options, "clients"),
      .sample_every = option_count(options, "sample-every"),
      .tolerance_ns = (int64_t)option_count(options, "tolerance-ns"),
      .least_offset_ns = INT64_MIN / 2,
      .most_offset_ns = INT64_MAX / 2,
  };
  const double rate = option_number(options, "rate") * (double)crowd.client_count;
  const uint64_t total = (uint64_t)(rate * option_number(options, "seconds"));
  if (crowd.client_count == 0 || crowd.client_count >= CLIENT_NUMBERS || total == 0 ||
      crowd.sample_every == 0) {
    fprintf(stderr, "ptp_clients: nothing to do\n");
    return 2;
  }
  struct station server = {0};
  mac_need("ptp_clients", option_text(options, "server-mac"), server.mac);
  addresses_need("ptp_clients", option_text(options, "server-ipv4"),
                 option_text(options, "server-ipv6"), &server);
  crowd.sample_capacity = total / crowd.sample_every + 1;
  crowd.clients = calloc(crowd.client_count, sizeof *crowd.clients);
  crowd.samples = calloc(crowd.sample_capacity, sizeof *crowd.samples);
  if (crowd.clients == NULL || crowd.samples == NULL) {
    fprintf(stderr, "ptp_clients: out of memory\n");
    return 1;
  }
  const sigset_t ends = hold_ends();
  keep_to_one_processor();
  port_need(&crowd.port, "ptp_clients", argv[1], RING_SLOTS);
  make_clients(&crowd, &server);
  const uint64_t took_ns = ask(&crowd, total, rate, &ends);
  await_rest(&crowd, &ends);
  report(&crowd, took_ns);
  port_close(&crowd.port);
  free(crowd.clients);
  free(crowd.samples);
  return 0;
}
