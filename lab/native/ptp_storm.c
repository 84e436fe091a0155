/* A storm: frames of the given kinds, in turn, from many stations, as fast as one processor sends
 * them or at a rate. Runs for --seconds, or until SIGTERM or SIGINT; then prints one line of JSON:
 * frames that the kernel took, by kind; `refused`, tries that it did not take (they were repeated);
 * the rate. What was lost after that, on the way, is in the interface's own counters.
 *
 * Kinds: those of PTP (sync, delay-req, pdelay-req, pdelay-resp, follow-up, delay-resp,
 * pdelay-resp-follow-up, announce, signaling, management), and
 *   cut          a Sync whose messageLength is beyond the frame
 *   version1     a Sync of PTP version 1
 *   plain        no PTP: a broadcast of 60 octets with an experimental EtherType
 *
 * usage: ptp_storm INTERFACE [--kinds sync,delay-req] [--stations 256] [--rate 0] [--seconds 5] …
 */
#include "options.h"
#include "ptp_frames.h"
#include "ptp_port.h"

#include <inttypes.h>

enum { BURST_FRAMES = 64, KINDS_MAX = 16, STATIONS_MAX = 1 << 16 };

enum kind { KIND_CUT = 0x10, KIND_VERSION_1 = 0x11, KIND_PLAIN = 0x12 };
struct kind_name {
  const char *name;
  uint8_t kind; /* a messageType, or enum kind */
};
static const struct kind_name kind_names[] = {
    {"sync", PTP_SYNC},
    {"delay-req", PTP_DELAY_REQ},
    {"pdelay-req", PTP_PDELAY_REQ},
    {"pdelay-resp", PTP_PDELAY_RESP},
    {"follow-up", PTP_FOLLOW_UP},
    {"delay-resp", PTP_DELAY_RESP},
    {"pdelay-resp-follow-up", PTP_PDELAY_RESP_FOLLOW_UP},
    {"announce", PTP_ANNOUNCE},
    {"signaling", PTP_SIGNALING},
    {"management", PTP_MANAGEMENT},
    {"cut", KIND_CUT},
    {"version1", KIND_VERSION_1},
    {"plain", KIND_PLAIN},
};

struct storm {
  struct packet_port port;
  enum transport transport;
  uint8_t domain;
  size_t kind_count;
  const struct kind_name *kinds[KINDS_MAX];
  size_t station_count;
  struct ptp_frame *frames; /* of each station all kinds */
  uint64_t sent;
  uint64_t refused;
};

static bool read_kinds(struct storm *storm, const char *text) {
  while (*text != '\0' && storm->kind_count < KINDS_MAX) {
    const size_t length = strcspn(text, ",");
    const struct kind_name *found = NULL;
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++) {
      if (strlen(kind_names[i].name) == length && strncmp(kind_names[i].name, text, length) == 0) {
        found = &kind_names[i];
      }
    }
    if (found == NULL) {
      fprintf(stderr, "ptp_storm: no such kind: %.*s\n", (int)length, text);
      return false;
    }
    storm->kinds[storm->kind_count++] = found;
    text += length + (text[length] == ',' ? 1 : 0);
  }
  return storm->kind_count > 0;
}

/* 02:54:53 and the station's number. */
static struct station station_of(size_t index) {
  const uint32_t number = (uint32_t)index + 1;
  struct station station = {
      .mac = {0x02, 0x54, 0x53, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number},
      .ipv6 = {0xFE, 0x80, [8] = 0x00, 0x54, 0x53}};
  put32(station.ipv4, UINT32_C(0xC6130000) + number);
  memcpy(station.ipv6 + 13, station.mac + 3, 3);
  return station;
}

static void make_frame(const struct storm *storm, struct ptp_frame *frame, uint8_t kind,
                       size_t index) {
  const struct station self = station_of(index);
  const uint8_t type = kind < 0x10 ? kind : PTP_SYNC;
  uint8_t *message = ptp_begin(frame, storm->transport, &self, NULL, type);
  message[4] = storm->domain;
  put_identity(message + 20, self.mac, 1);
  put16(message + 30, (uint16_t)index);
  if (type == PTP_MANAGEMENT) {
    memset(message + 34, 0xFF, PTP_IDENTITY_OCTETS); /* to all ports of all clocks */
    message[44] = 1;                                 /* startingBoundaryHops */
    message[45] = 1;
    put16(message + 48, 1); /* a MANAGEMENT TLV: GET of NULL_PTP_MANAGEMENT */
    put16(message + 50, 2);
  }
  if (kind == KIND_CUT) {
    put16(message + 2, 0x400);
  } else if (kind == KIND_VERSION_1) {
    message[0] = 0;
    message[1] = 1;
  }
  ptp_seal(frame, storm->transport);
  if (kind == KIND_PLAIN) {
    memset(frame->octets + ETHER_OCTETS, 0, sizeof frame->octets - ETHER_OCTETS);
    memset(frame->octets, 0xFF, 6);
    put16(frame->octets + 12, 0x88B5);
    frame->count = 60;
  }
}

static void send_burst(struct storm *storm, unsigned count) {
  struct mmsghdr messages[BURST_FRAMES] = {0};
  struct iovec parts[BURST_FRAMES];
  const size_t frames = storm->station_count * storm->kind_count;
  for (unsigned i = 0; i < count; i++) {
    struct ptp_frame *frame = &storm->frames[(storm->sent + i) % frames];
    parts[i] = (struct iovec){frame->octets, frame->count};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (unsigned sent = 0; sent < count;) {
    const int result = sendmmsg(storm->port.fd, messages + sent, count - sent, 0);
    if (result < 0 && errno != EAGAIN && errno != ENOBUFS) {
      fprintf(stderr, "ptp_storm: sendmmsg: %s\n", strerror(errno));
      exit(1);
    }
    storm->refused += result > 0 ? 0 : 1;
    sent += result > 0 ? (unsigned)result : 0;
  }
  storm->sent += count;
}

/* Returns how long it took. */
static uint64_t blow(struct storm *storm, double rate, uint64_t duration_ns, const sigset_t *ends) {
  const uint64_t start_ns = monotonic_ns();
  uint64_t elapsed_ns = 0;
  for (unsigned turn = 0; duration_ns == 0 || elapsed_ns < duration_ns; turn++) {
    if (turn % 64 == 0 && has_ended(ends)) {
      break;
    }
    uint64_t due = BURST_FRAMES;
    if (rate > 0) {
      const uint64_t total = (uint64_t)((double)elapsed_ns * rate / 1e9) + 1;
      due = total > storm->sent ? total - storm->sent : 0;
      due = due < BURST_FRAMES ? due : BURST_FRAMES;
    }
    if (due > 0) {
      send_burst(storm, (unsigned)due);
    } else {
      (void)usleep(20);
    }
    elapsed_ns = monotonic_ns() - start_ns;
  }
  return elapsed_ns;
}

static void report(const struct storm *storm, uint64_t took_ns) {
  printf("{\"sent\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"rate\":%.0f,\"kinds\":{", storm->sent,
         storm->refused, (double)storm->sent * 1e9 / (double)(took_ns == 0 ? 1 : took_ns));
  for (size_t i = 0; i < storm->kind_count; i++) {
    const uint64_t rounds = storm->sent / storm->kind_count;
    const uint64_t more = storm->sent % storm->kind_count > i ? 1 : 0;
    printf("%s\"%s\":%" PRIu64, i == 0 ? "" : ",", storm->kinds[i]->name, rounds + more);
  }
  printf("}}\n");
}

int main(int argc, char **argv) {
  struct option_value options[] = {
      {"kinds", "sync"}, {"stations", "256"}, {"rate", "0"},
      {"seconds", "5"},  {"transport", "L2"}, {"domain", "0"},
  };
  const size_t option_total = sizeof options / sizeof options[0];
  if (argc < 2 || !options_read(argc, argv, 2, options, option_total)) {
    usage("ptp_storm", "INTERFACE", options, option_total);
    return 2;
  }
  struct storm storm = {
      .transport = option_transport(options),
      .domain = (uint8_t)option_count(options, "domain"),
      .station_count = option_count(options, "stations"),
  };
  if (!read_kinds(&storm, option_text(options, "kinds")) || storm.station_count == 0 ||
      storm.station_count > STATIONS_MAX) {
    usage("ptp_storm", "INTERFACE", options, option_total);
    return 2;
  }
  const double rate = option_number(options, "rate");
  const uint64_t duration_ns = (uint64_t)(option_number(options, "seconds") * 1e9);
  storm.frames = calloc(storm.station_count * storm.kind_count, sizeof *storm.frames);
  if (storm.frames == NULL) {
    fprintf(stderr, "ptp_storm: out of memory\n");
    return 1;
  }
  for (size_t i = 0; i < storm.station_count * storm.kind_count; i++) {
    make_frame(&storm, &storm.frames[i], storm.kinds[i % storm.kind_count]->kind,
               i / storm.kind_count);
  }
  const sigset_t ends = hold_ends();
  keep_to_one_processor();
  port_need(&storm.port, "ptp_storm", argv[1], 0);
  printf("ready\n");
  (void)fflush(stdout);
  const uint64_t took_ns = blow(&storm, rate, duration_ns, &ends);
  report(&storm, took_ns);
  free(storm.frames);
  port_close(&storm.port);
  return 0;
}
