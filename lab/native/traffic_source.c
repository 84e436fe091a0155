/* Bursty cross traffic: bursts of a random size at four times the rate of the link that it is to
 * congest, with pauses that bring the average to load times that rate. A queue behind that link
 * therefore fills to about three quarters of the burst and drains before the next burst.
 *
 * The same seed gives the same sequence of bursts: every phase of a run gets the same traffic.
 * Runs until SIGTERM or SIGINT, then prints "sent FRAMES".
 *
 * usage: traffic_source INTERFACE SOURCE_MAC DESTINATION_MAC RATE_BPS LOAD MAX_BURST_BYTES
 *                       FRAME_BYTES SEED
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_FRAMES = 16, FRAME_MAX_BYTES = 1514, PEAK_TIMES_RATE = 4 };
#define NS_PER_S 1000000000.0

struct options {
  const char *interface;
  uint8_t source[6];
  uint8_t destination[6];
  double rate_bps;
  double load;
  double max_burst_bytes;
  unsigned frame_bytes;
  uint64_t seed;
};

struct sender {
  int fd;
  unsigned frame_bytes;
  uint64_t sequence;
  uint64_t refused;
  unsigned char frames[CHUNK_FRAMES][FRAME_MAX_BYTES];
  struct iovec vectors[CHUNK_FRAMES];
  struct mmsghdr messages[CHUNK_FRAMES];
};

/* splitmix64: small, seedable, and good enough for the sizes of bursts. */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static double uniform(uint64_t *state, double low, double high) {
  return low + (high - low) * ((double)(next_random(state) >> 11) / 9007199254740992.0);
}

static bool parse_mac(const char *text, uint8_t mac[6]) {
  unsigned octet[6];
  int used = 0;
  if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &octet[0], &octet[1], &octet[2], &octet[3],
             &octet[4], &octet[5], &used) != 6 ||
      text[used] != '\0') {
    return false;
  }
  for (int i = 0; i < 6; i++) {
    mac[i] = (uint8_t)octet[i];
  }
  return true;
}

static bool parse_options(int argc, char **argv, struct options *options) {
  if (argc != 9) {
    return false;
  }
  options->interface = argv[1];
  options->rate_bps = strtod(argv[4], NULL);
  options->load = strtod(argv[5], NULL);
  options->max_burst_bytes = strtod(argv[6], NULL);
  options->frame_bytes = (unsigned)strtoul(argv[7], NULL, 10);
  options->seed = strtoull(argv[8], NULL, 10);
  return parse_mac(argv[2], options->source) && parse_mac(argv[3], options->destination) &&
         options->rate_bps > 0 && options->load > 0 && options->max_burst_bytes > 0 &&
         options->frame_bytes >= 60 && options->frame_bytes <= FRAME_MAX_BYTES;
}

static int open_port(const char *interface) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                .sll_ifindex = (int)if_nametoindex(interface)};
  if (fd < 0 || address.sll_ifindex == 0 ||
      bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    fprintf(stderr, "traffic_source: cannot open %s: %s\n", interface, strerror(errno));
    return -1;
  }
  int on = 1;
  (void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
  return fd;
}

static void prepare(struct sender *sender, const struct options *options) {
  sender->frame_bytes = options->frame_bytes;
  for (int i = 0; i < CHUNK_FRAMES; i++) {
    struct traffic_frame header = {.ethertype_be = htons(ETHERTYPE_TRAFFIC)};
    memcpy(header.destination, options->destination, 6);
    memcpy(header.source, options->source, 6);
    memset(sender->frames[i], 0, FRAME_MAX_BYTES);
    memcpy(sender->frames[i], &header, sizeof header);
    sender->vectors[i] =
        (struct iovec){.iov_base = sender->frames[i], .iov_len = options->frame_bytes};
    sender->messages[i] = (struct mmsghdr){
        .msg_hdr = {.msg_iov = &sender->vectors[i], .msg_iovlen = 1},
    };
  }
}

static void send_chunk(struct sender *sender, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    uint64_t sequence_be = htobe64(sender->sequence + i);
    memcpy(sender->frames[i] + offsetof(struct traffic_frame, sequence_be), &sequence_be, 8);
  }
  int sent = sendmmsg(sender->fd, sender->messages, count, 0);
  if (sent < 0) {
    sender->refused += count;
    return;
  }
  /* A frame that the kernel did not take is sent again with its number: it was never under way. */
  sender->sequence += (uint64_t)sent;
  sender->refused += count - (uint64_t)sent;
}

static double monotonic_ns(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * NS_PER_S + (double)now.tv_nsec;
}

/* Sleeps until the instant; false when SIGTERM or SIGINT came (they are blocked but for here). */
static bool sleep_until(double instant_ns, const sigset_t *ends) {
  for (;;) {
    double left_ns = instant_ns - monotonic_ns();
    if (left_ns < 0) {
      left_ns = 0;
    }
    struct timespec left = {.tv_sec = (time_t)(left_ns / NS_PER_S)};
    left.tv_nsec = (long)(left_ns - (double)left.tv_sec * NS_PER_S);
    if (sigtimedwait(ends, NULL, &left) > 0) {
      return false;
    }
    if (errno == EAGAIN) {
      return true;
    }
  }
}

static void run(struct sender *sender, const struct options *options, const sigset_t *ends) {
  const double wire_bits = 8.0 * (options->frame_bytes + WIRE_OVERHEAD_BYTES);
  const double peak_frame_ns = wire_bits / (options->rate_bps * PEAK_TIMES_RATE) * NS_PER_S;
  const double mean_frame_ns = wire_bits / (options->rate_bps * options->load) * NS_PER_S;
  uint64_t state = options->seed;
  double due_ns = monotonic_ns();
  for (;;) {
    double burst_bytes = uniform(&state, 0.1, 1.0) * options->max_burst_bytes;
    unsigned frames = (unsigned)(burst_bytes / (options->frame_bytes + WIRE_OVERHEAD_BYTES)) + 1;
    double cycle_ns = frames * mean_frame_ns;
    /* A source that was held up must not make up for it: two bursts at once would overflow. */
    double start_ns = due_ns > monotonic_ns() ? due_ns : monotonic_ns();
    for (unsigned done = 0; done < frames;) {
      unsigned count = frames - done < CHUNK_FRAMES ? frames - done : CHUNK_FRAMES;
      if (!sleep_until(start_ns + done * peak_frame_ns, ends)) {
        return;
      }
      send_chunk(sender, count);
      done += count;
    }
    due_ns = start_ns + cycle_ns;
    if (!sleep_until(due_ns, ends)) {
      return;
    }
  }
}

int main(int argc, char **argv) {
  struct options options;
  if (!parse_options(argc, argv, &options)) {
    fprintf(stderr, "usage: traffic_source INTERFACE SOURCE_MAC DESTINATION_MAC RATE_BPS LOAD "
                    "MAX_BURST_BYTES FRAME_BYTES SEED\n");
    return 2;
  }
  sigset_t ends;
  (void)sigemptyset(&ends);
  (void)sigaddset(&ends, SIGTERM);
  (void)sigaddset(&ends, SIGINT);
  (void)sigprocmask(SIG_BLOCK, &ends, NULL);
  (void)prctl(PR_SET_TIMERSLACK, 1000UL);
  struct sender *sender = calloc(1, sizeof *sender);
  if (sender == NULL || (sender->fd = open_port(options.interface)) < 0) {
    return 1;
  }
  prepare(sender, &options);
  run(sender, &options, &ends);
  printf("sent %llu refused %llu\n", (unsigned long long)sender->sequence,
         (unsigned long long)sender->refused);
  (void)fflush(stdout);
  (void)close(sender->fd);
  free(sender);
  return 0;
}
