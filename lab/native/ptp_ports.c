/* The other ends of many ports of a boundary clock: on each a client that asks by Delay_Req at a
 * steady rate, and spread over them a crowd that asks for unicast service and takes it. Counts what
 * comes back, and prints one line of JSON at the end:
 *
 *   sent       messages by type
 *   multicast  what came to groups, by type
 *   unicast    what came to a client of the crowd alone, by type
 *   grants     with a duration; refusals: without one
 *   overruns   frames that found a receive ring full: this program was too slow
 *
 * usage: ptp_ports INTERFACE… [--requests 16] [--clients 0] [--seconds 10]
 *
 * The clock's port n (from 1) is at --server's address plus n. Clients ask for Announce and Sync
 * once a second, and for Delay_Resp, and send a Delay_Req once a second.
 */
#include "options.h"
#include "ptp_frames.h"
#include "ptp_port.h"

enum {
  MAX_PORTS = 128,
  MAX_CLIENTS = 1 << 16,
  RING_SLOTS = 1 << 10,
  TLV_REQUEST_UNICAST = 0x0004,
  TLV_GRANT_UNICAST = 0x0005,
  REQUEST_TLV_OCTETS = 10,
  GRANT_TLV_OCTETS = 12,
  GRANT_SECONDS = 300,
  TARGET_OCTETS = 10,
  MESSAGE_TYPES = 16,
  TICKS_PER_SECOND = 500,
};

static const char *const type_names[MESSAGE_TYPES] = {
    [PTP_SYNC] = "sync",          [PTP_DELAY_REQ] = "delayReq",
    [PTP_FOLLOW_UP] = "followUp", [PTP_DELAY_RESP] = "delayResp",
    [PTP_ANNOUNCE] = "announce",  [PTP_SIGNALING] = "signaling",
};

struct grid {
  struct packet_port ports[MAX_PORTS];
  unsigned port_count;
  unsigned client_count;
  uint8_t server[6];
  uint64_t sent[MESSAGE_TYPES];
  uint64_t multicast[MESSAGE_TYPES];
  uint64_t unicast[MESSAGE_TYPES];
  uint64_t grants;
  uint64_t refusals;
  uint64_t overruns;
};

/* Which station a MAC address of the crowd belongs to, and the other way round. */
static void client_mac(unsigned client, uint8_t mac[6]) {
  static const uint8_t prefix[4] = {0x02, 0x74, 0x70, 0x40};
  memcpy(mac, prefix, 4);
  put16(mac + 4, (uint16_t)client);
}

static struct station server_of(const struct grid *grid, unsigned port) {
  struct station server = {0};
  memcpy(server.mac, grid->server, 6);
  put16(server.mac + 4, (uint16_t)(get16(grid->server + 4) + port + 1));
  return server;
}

static void send_frame(struct grid *grid, unsigned port, struct ptp_frame *frame) {
  const uint8_t type = ptp_type_of(frame->octets + frame->ptp_at);
  if (port_send(&grid->ports[port], frame->octets, frame->count)) {
    grid->sent[type]++;
  }
}

/* A Delay_Req: of the port's own client to the group, or of one of the crowd to its server. */
static void ask_delay(struct grid *grid, unsigned port, const uint8_t mac[6], bool is_unicast,
                      uint16_t sequence) {
  struct station from = {0};
  memcpy(from.mac, mac, 6);
  const struct station server = server_of(grid, port);
  struct ptp_frame frame;
  uint8_t *message =
      ptp_begin(&frame, TRANSPORT_L2, &from, is_unicast ? &server : NULL, PTP_DELAY_REQ);
  put_identity(message + 20, mac, 1);
  put16(message + 30, sequence);
  send_frame(grid, port, &frame);
}

/* REQUEST_UNICAST_TRANSMISSION of Announce, Sync and Delay_Resp in one Signaling (16.1.4.1). */
static void ask_service(struct grid *grid, unsigned client, uint16_t sequence) {
  static const uint8_t wanted[] = {PTP_ANNOUNCE, PTP_SYNC, PTP_DELAY_RESP};
  const unsigned port = client % grid->port_count;
  struct station from = {0};
  client_mac(client, from.mac);
  const struct station server = server_of(grid, port);
  struct ptp_frame frame;
  uint8_t *message = ptp_begin(&frame, TRANSPORT_L2, &from, &server, PTP_SIGNALING);
  put_identity(message + 20, from.mac, 1);
  put16(message + 30, sequence);
  memset(message + PTP_HEADER_OCTETS, 0xFF, TARGET_OCTETS);
  uint8_t *tlv = message + PTP_HEADER_OCTETS + TARGET_OCTETS;
  for (size_t i = 0; i < sizeof wanted; i++, tlv += REQUEST_TLV_OCTETS) {
    put16(tlv, TLV_REQUEST_UNICAST);
    put16(tlv + 2, REQUEST_TLV_OCTETS - 4);
    tlv[4] = (uint8_t)(wanted[i] << 4);
    tlv[5] = 0;
    put32(tlv + 6, GRANT_SECONDS);
  }
  const uint16_t octets = (uint16_t)(tlv - message);
  put16(message + 2, octets);
  frame.count = (uint16_t)(frame.ptp_at + octets);
  send_frame(grid, port, &frame);
}

static void take_grants(struct grid *grid, const struct ptp_view *view) {
  const uint8_t *at = view->message + PTP_HEADER_OCTETS + TARGET_OCTETS;
  const uint8_t *end = view->message + view->octets;
  while (end - at >= GRANT_TLV_OCTETS && get16(at) == TLV_GRANT_UNICAST) {
    if (get32(at + 6) > 0) {
      grid->grants++;
    } else {
      grid->refusals++;
    }
    at += 4 + get16(at + 2);
  }
}

static void receive_all(struct grid *grid) {
  for (unsigned i = 0; i < grid->port_count; i++) {
    struct packet_port *port = &grid->ports[i];
    struct received frame;
    while (port_receive(port, &frame)) {
      struct ptp_view view;
      if (ptp_find(frame.octets, frame.count, &view)) {
        const uint8_t type = ptp_type_of(view.message);
        (view.is_unicast ? grid->unicast : grid->multicast)[type]++;
        if (type == PTP_SIGNALING) {
          take_grants(grid, &view);
        }
      }
      port_release(port);
    }
  }
}

/* What is due in this part of a second: so that no two ports ask at once. */
static void send_due(struct grid *grid, uint64_t tick, unsigned requests) {
  for (unsigned port = 0; port < grid->port_count; port++) {
    const uint64_t before = (tick * requests + port * 37) / TICKS_PER_SECOND;
    const uint64_t now = ((tick + 1) * requests + port * 37) / TICKS_PER_SECOND;
    if (now != before) {
      ask_delay(grid, port, grid->ports[port].mac, false, (uint16_t)now);
    }
  }
  for (unsigned client = 0; client < grid->client_count; client++) {
    if ((tick + client) % TICKS_PER_SECOND != 0) {
      continue;
    }
    const uint64_t second = (tick + client) / TICKS_PER_SECOND;
    /* Every two seconds until it is granted would be a client's way; half of a minute is enough. */
    if (second % 30 == client % 30 || tick < TICKS_PER_SECOND) {
      ask_service(grid, client, (uint16_t)second);
    }
    uint8_t mac[6];
    client_mac(client, mac);
    ask_delay(grid, client % grid->port_count, mac, true, (uint16_t)second);
  }
}

static void print_counts(const char *name, const uint64_t counts[MESSAGE_TYPES]) {
  printf("\"%s\":{", name);
  bool is_first = true;
  for (int i = 0; i < MESSAGE_TYPES; i++) {
    if (type_names[i] != NULL) {
      printf("%s\"%s\":%llu", is_first ? "" : ",", type_names[i], (unsigned long long)counts[i]);
      is_first = false;
    }
  }
  printf("},");
}

int main(int argc, char **argv) {
  struct option_value options[] = {
      {"requests", "16"}, {"clients", "0"}, {"seconds", "10"}, {"server", "02:74:70:30:00:00"}};
  static struct grid grid;
  int first = 1;
  while (first < argc && strncmp(argv[first], "--", 2) != 0) {
    first++;
  }
  if (first == 1 || first - 1 > MAX_PORTS ||
      !options_read(argc, argv, first, options, sizeof options / sizeof *options)) {
    usage(argv[0], "INTERFACE…", options, sizeof options / sizeof *options);
    return 2;
  }
  const unsigned requests = (unsigned)option_count(options, "requests");
  grid.client_count = (unsigned)option_count(options, "clients");
  if (grid.client_count > MAX_CLIENTS || requests > TICKS_PER_SECOND) {
    fprintf(stderr, "%s: at most %d clients and %d requests a second\n", argv[0], MAX_CLIENTS,
            TICKS_PER_SECOND);
    return 2;
  }
  mac_need(argv[0], option_text(options, "server"), grid.server);
  grid.port_count = (unsigned)(first - 1);
  for (unsigned i = 0; i < grid.port_count; i++) {
    port_need(&grid.ports[i], argv[0], argv[i + 1], RING_SLOTS);
  }
  const sigset_t ends = hold_ends();
  const uint64_t start_ns = monotonic_ns();
  const uint64_t ticks = (uint64_t)(option_number(options, "seconds") * TICKS_PER_SECOND);
  puts("ready");
  (void)fflush(stdout);
  for (uint64_t tick = 0; tick < ticks && !has_ended(&ends); tick++) {
    const uint64_t due_ns = start_ns + tick * (NS_PER_SECOND / TICKS_PER_SECOND);
    const uint64_t now_ns = monotonic_ns();
    if (due_ns > now_ns) {
      const struct timespec left = {.tv_nsec = (long)((due_ns - now_ns) % NS_PER_SECOND)};
      (void)nanosleep(&left, NULL);
    }
    send_due(&grid, tick, requests);
    receive_all(&grid);
  }
  const struct timespec quiet = {.tv_nsec = 200000000};
  (void)nanosleep(&quiet, NULL);
  receive_all(&grid);
  for (unsigned i = 0; i < grid.port_count; i++) {
    grid.overruns += port_overruns(&grid.ports[i]);
    port_close(&grid.ports[i]);
  }
  putchar('{');
  print_counts("sent", grid.sent);
  print_counts("multicast", grid.multicast);
  print_counts("unicast", grid.unicast);
  printf("\"grants\":%llu,\"refusals\":%llu,\"overruns\":%llu}\n", (unsigned long long)grid.grants,
         (unsigned long long)grid.refusals, (unsigned long long)grid.overruns);
  return 0;
}
