/*
 * hand_loop.c - the peer of the in-memory benchmark: what a C programmer would write for just this
 * job. Parses Ethernet, up to two VLAN tags, IPv4, IPv6, UDP and PTP; checks the message; admits by
 * port and VLAN; keeps reserved addresses to the link; looks up source and destination in a hash
 * table; floods groups; corrects event messages and mends the UDP checksum; counts what came, what
 * was corrected, what was sent, residences, and drops by reason, in frames and octets.
 *
 *   hand_loop STATE FRAMES PACKETS [OUT]
 *
 * STATE has lines `port PORT SLOT`, `vlan VID PORT TAGGED`, `mac VID MAC PORT` (decimal). With OUT,
 * one round over the frames is written there and nothing is timed.
 */
#include "frames.h"

#define PORTS      16u
#define VLANS      4096u
#define MAC_SLOTS  4096u
#define NO_PORT    UINT32_MAX
#define RESERVED   UINT64_C(0x180c200000) /* 01-80-C2-00-00-0X without its last half octet */
#define CORRECTION 8u

struct mac_slot {
  uint64_t key; /* vid and address; 0: empty */
  uint32_t port;
};

struct counter {
  uint64_t frames;
  uint64_t octets;
};

enum drop { DROP_VLAN, DROP_MALFORMED, DROP_RESERVED, DROP_SAME_PORT, DROP_EGRESS_VLAN, DROPS };

struct hand {
  bool transparent[PORTS];
  uint32_t slot[PORTS];
  uint16_t untagged_vid[PORTS];
  uint8_t member[VLANS][PORTS]; /* 0: no, 1: untagged, 2: tagged */
  struct mac_slot macs[MAC_SLOTS];
  struct counter received[PORTS][16];
  struct counter corrected[PORTS][16];
  struct counter sent[PORTS][16];
  struct counter residence[PORTS][512];
  struct counter malformed[PORTS];
  struct counter dropped[PORTS][DROPS];
  uint64_t learned;
};

static inline void count(struct counter *counter, uint32_t octets) {
  counter->frames++;
  counter->octets += octets;
}

/* What the frame is, found once. */
struct view {
  uint32_t ptp; /* offset; 0: none */
  uint32_t udp; /* offset; 0: none */
  uint32_t vid;
  uint8_t type;
  bool tagged;
  bool event;
};

static inline uint32_t load16(const uint8_t *at) {
  return (uint32_t)at[0] << 8 | at[1];
}

static inline uint64_t load64(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return __builtin_bswap64(value);
}

/* An address; both are followed by two octets at least. */
static inline uint64_t load48(const uint8_t *at) {
  return load64(at) >> 16;
}

static inline uint32_t hash(uint64_t key) {
  return (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 52);
}

static inline uint32_t find_mac(const struct hand *hand, uint32_t vid, uint64_t mac) {
  const uint64_t key = (uint64_t)vid << 48 | mac;
  for (uint32_t at = hash(key);; at = (at + 1) & (MAC_SLOTS - 1)) {
    if (hand->macs[at].key == key) {
      return hand->macs[at].port;
    }
    if (hand->macs[at].key == 0) {
      return NO_PORT;
    }
  }
}

static void add_mac(struct hand *hand, uint32_t vid, uint64_t mac, uint32_t port) {
  const uint64_t key = (uint64_t)vid << 48 | mac;
  uint32_t at = hash(key);
  while (hand->macs[at].key != 0) {
    at = (at + 1) & (MAC_SLOTS - 1);
  }
  hand->macs[at] = (struct mac_slot){key, port};
}

/* The octets that a message of each type needs. */
static const uint8_t LEAST_OCTETS[16] = {44, 44, 54, 54, 34, 34, 34, 34,
                                         44, 54, 54, 64, 44, 48, 34, 34};

static bool parse(const uint8_t *frame, uint32_t octets, struct view *view) {
  *view = (struct view){0};
  uint32_t at = 12;
  uint32_t type = load16(frame + at);
  for (uint32_t tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8); tags++) {
    if (tags == 0) {
      view->tagged = true;
      view->vid = load16(frame + at + 2) & 0xfff;
    }
    at += 4;
    if (at + 2 > octets) {
      return true;
    }
    type = load16(frame + at);
  }
  at += 2;
  if (type == 0x0800 && at + 28 <= octets && (frame[at] & 0xf) == 5 &&
      (load16(frame + at + 6) & 0x3fff) == 0 && frame[at + 9] == 17) {
    view->udp = at + 20;
  } else if (type == 0x86dd && at + 48 <= octets && frame[at + 6] == 17) {
    view->udp = at + 40;
  } else if (type != 0x88f7) {
    return true;
  }
  uint32_t port = 319;
  uint32_t ptp = at;
  if (view->udp != 0) {
    port = load16(frame + view->udp + 2);
    ptp = view->udp + 8;
    if (port != 319 && port != 320) {
      return true;
    }
  }
  if (ptp + 2 <= octets && (frame[ptp + 1] & 0xf) == 1) {
    return true;
  }
  if (ptp + 34 > octets || (frame[ptp + 1] & 0xf) != 2) {
    return false;
  }
  const uint32_t length = load16(frame + ptp + 2);
  view->type = frame[ptp] & 0xf;
  view->ptp = ptp;
  view->event = view->type < 4 && port == 319;
  return ptp + length <= octets && length >= LEAST_OCTETS[view->type] &&
         (view->udp == 0 || length + 8 <= load16(frame + view->udp + 4));
}

static inline uint32_t bucket(uint64_t residence_ns) {
  if (residence_ns < 16) {
    return (uint32_t)residence_ns;
  }
  if (residence_ns >> 32 != 0) {
    return 511;
  }
  const uint32_t octave = 63u - (uint32_t)__builtin_clzll(residence_ns);
  return 16 * (octave - 4) + (uint32_t)(residence_ns >> (octave - 4));
}

static inline void mend(uint8_t *field, uint64_t before, uint64_t after) {
  const uint32_t old = (uint32_t)load16(field);
  if (old == 0) {
    return;
  }
  const uint64_t out = ~before;
  uint64_t sum = (~old & 0xffff) + (out >> 48) + (out >> 32 & 0xffff) + (out >> 16 & 0xffff) +
                 (out & 0xffff) + (after >> 48) + (after >> 32 & 0xffff) + (after >> 16 & 0xffff) +
                 (after & 0xffff);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  uint32_t checksum = (uint32_t)(~sum & 0xffff);
  checksum = checksum == 0 ? 0xffff : checksum;
  field[0] = (uint8_t)(checksum >> 8);
  field[1] = (uint8_t)checksum;
}

static inline void correct(struct hand *hand, uint8_t *frame, uint32_t octets,
                           const struct view *view, uint32_t egress, uint64_t residence_ns) {
  const uint64_t before = load64(frame + view->ptp + CORRECTION);
  int64_t after = 0;
  if (residence_ns >> 47 != 0 ||
      __builtin_add_overflow((int64_t)before, (int64_t)(residence_ns << 16), &after)) {
    after = INT64_MAX;
  }
  const uint64_t swapped = __builtin_bswap64((uint64_t)after);
  memcpy(frame + view->ptp + CORRECTION, &swapped, sizeof swapped);
  if (view->udp != 0) {
    mend(frame + view->udp + 6, before, (uint64_t)after);
  }
  count(&hand->corrected[hand->slot[egress]][view->type], octets);
  count(&hand->residence[hand->slot[egress]][bucket(residence_ns)], octets);
}

/* Puts the VLAN form right that the port wants; the frame may begin 4 octets earlier or later. */
static inline bool shape(const struct hand *hand, uint8_t **frame, uint32_t *octets,
                         struct view *view, uint32_t egress) {
  const uint8_t member = hand->member[view->vid][egress];
  if (member == 2 && !view->tagged) {
    memmove(*frame - 4, *frame, 12);
    *frame -= 4;
    const uint8_t tag[4] = {0x81, 0x00, (uint8_t)(view->vid >> 8), (uint8_t)view->vid};
    memcpy(*frame + 12, tag, sizeof tag);
    *octets += 4;
    view->ptp += 4;
    view->udp += view->udp != 0 ? 4 : 0;
  } else if (member == 1 && view->tagged) {
    memmove(*frame + 4, *frame, 12);
    *frame += 4;
    *octets -= 4;
    view->ptp -= 4;
    view->udp -= view->udp != 0 ? 4 : 0;
  }
  return member != 0;
}

struct sink {
  FILE *file; /* null: only counted */
  uint64_t outputs;
  uint64_t digest;
};

static inline void send_out(struct hand *hand, uint8_t *frame, uint32_t octets, struct view view,
                            bool corrects, uint32_t egress, uint64_t rx_ns, struct sink *sink) {
  if (!shape(hand, &frame, &octets, &view, egress)) {
    count(&hand->dropped[hand->slot[egress]][DROP_EGRESS_VLAN], octets);
    return;
  }
  if (corrects && hand->transparent[egress]) {
    correct(hand, frame, octets, &view, egress, RESIDENCE_NS);
  }
  if (view.ptp != 0 && hand->transparent[egress]) {
    count(&hand->sent[hand->slot[egress]][view.type], octets);
  }
  sink->outputs++;
  sink->digest += frame[octets - 1];
  if (sink->file != NULL) {
    write_frame(sink->file, egress, rx_ns + RESIDENCE_NS, frame, octets);
  }
}

static inline void forward(struct hand *hand, uint8_t *frame, uint32_t octets, uint32_t ingress,
                           uint64_t rx_ns, uint8_t *copy, struct sink *sink) {
  struct view view;
  const bool sound = parse(frame, octets, &view);
  if (!view.tagged) {
    view.vid = hand->untagged_vid[ingress];
  }
  struct counter *dropped = hand->dropped[hand->slot[ingress]];
  if (hand->member[view.vid][ingress] == 0) {
    count(&dropped[DROP_VLAN], octets);
    return;
  }
  if (hand->transparent[ingress] && view.ptp != 0) {
    count(sound ? &hand->received[hand->slot[ingress]][view.type]
                : &hand->malformed[hand->slot[ingress]],
          octets);
  }
  if (hand->transparent[ingress] && !sound) {
    count(&dropped[DROP_MALFORMED], octets);
    return;
  }
  const bool over_ethernet = view.ptp != 0 && view.udp == 0;
  if (load48(frame) >> 4 == RESERVED && !(over_ethernet && hand->transparent[ingress])) {
    count(&dropped[DROP_RESERVED], octets);
    return;
  }
  if ((frame[6] & 1) == 0 && find_mac(hand, view.vid, load48(frame + 6)) != ingress) {
    hand->learned++;
  }
  const bool corrects = view.event && hand->transparent[ingress];
  const uint32_t known = (frame[0] & 1) == 0 ? find_mac(hand, view.vid, load48(frame)) : NO_PORT;
  if (known == ingress) {
    count(&dropped[DROP_SAME_PORT], octets);
  } else if (known != NO_PORT) {
    send_out(hand, frame, octets, view, corrects, known, rx_ns, sink);
  } else {
    for (uint32_t egress = 0; egress < PORTS; egress++) {
      if (egress != ingress && hand->member[view.vid][egress] != 0) {
        memcpy(copy, frame, octets);
        send_out(hand, copy, octets, view, corrects, egress, rx_ns, sink);
      }
    }
  }
}

static void read_hand_state(struct hand *hand, const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    fail(path, "cannot be opened");
  }
  char word[8];
  unsigned long long a = 0;
  unsigned long long b = 0;
  unsigned long long c = 0;
  while (fscanf(file, "%7s %llu %llu", word, &a, &b) == 3) {
    if (strcmp(word, "port") == 0 && a < PORTS && b < PORTS) {
      hand->transparent[a] = true;
      hand->slot[a] = (uint32_t)b;
      continue;
    }
    if (fscanf(file, "%llu", &c) != 1 || a >= VLANS) {
      fail(path, "is not a state file");
    }
    if (strcmp(word, "vlan") == 0 && b < PORTS) {
      hand->member[a][b] = c != 0 ? 2 : 1;
      if (c == 0) {
        hand->untagged_vid[b] = (uint16_t)a;
      }
    } else if (strcmp(word, "mac") == 0 && c < PORTS) {
      add_mac(hand, (uint32_t)a, b, (uint32_t)c);
    } else {
      fail(path, "is not a state file");
    }
  }
  fclose(file);
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fail("usage", "hand_loop STATE FRAMES PACKETS [OUT]");
  }
  struct hand *hand = calloc(1, sizeof *hand);
  uint8_t *buffers = calloc(2, MAX_OCTETS + 64);
  if (hand == NULL || buffers == NULL) {
    fail("hand_loop", "no memory");
  }
  read_hand_state(hand, argv[1]);
  const struct frame_set set = read_frames(argv[2]);
  struct sink sink = {0};
  uint64_t packets = strtoull(argv[3], NULL, 10);
  if (argc > 4) {
    sink.file = fopen(argv[4], "wb");
    packets = set.count;
  }
  uint8_t *work = buffers + 64;
  uint8_t *copy = buffers + MAX_OCTETS + 128;
  const uint64_t start_ns = process_ns();
  for (uint64_t i = 0; i < packets; i++) {
    const struct frame *frame = &set.frames[i % set.count];
    memcpy(work, frame->octets, frame->record.octets);
    forward(hand, work, frame->record.octets, frame->record.port, frame->record.time_ns, copy,
            &sink);
  }
  report(packets, sink.outputs, process_ns() - start_ns);
  if (sink.file != NULL && fclose(sink.file) != 0) {
    fail(argv[4], "cannot be written");
  }
  return sink.digest == UINT64_MAX;
}
