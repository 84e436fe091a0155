#define _POSIX_C_SOURCE 200809L
/*
 * harness.c - runs one generated pipeline over frames, without the engine: for the compiler's
 * tests. Linked with the generated file and table.c. One command per line of standard input:
 *
 *   insert TABLE PRIORITY ACTION KEY… / MASK… / ARGUMENT…     prints the handle or error
 *   default TABLE ACTION ARGUMENT…
 *   remove TABLE HANDLE
 *   frame PORT RX_NS TX_NS HEX        prints "in …", "digest …" and, unless dropped, "out …"
 *                                     RX_NS is the time for meters too
 *   event KIND TIME_NS CORRECTION     egress once more over the last frame: prints "out …"
 *   parse PORT HEX                    prints "parsed ERROR PAYLOAD_OFFSET"
 *   counter ARRAY INDEX               prints packets and octets
 *   direct TABLE HANDLE
 *   member PROFILE ACTION ARGUMENT…   adds one: prints its index
 *   group PROFILE MEMBER…             likewise
 *   forget PROFILE member|group INDEX
 *   register ARRAY INDEX
 *   meter ARRAY INDEX [RATE BURST RATE BURST]   configures a cell: committed, peak
 *   direct_meter TABLE HANDLE [RATE BURST RATE BURST]
 *   repeat COUNT PORT HEX             prints ns per frame of ingress and egress
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "tables/profile.h"
#include "tables/table.h"

/* More than the engine gives: the tests add many headers. */
#define ROOM_OCTETS 16384u
#define MAX_WORDS   64u

extern const struct tp_pipeline_ops timeplane_pipeline;
static const struct tp_pipeline_ops *const ops = &timeplane_pipeline;

static void print_digest(struct tp_pipeline *pipeline, uint32_t list, const uint64_t *words,
                         uint32_t word_count) {
  (void)pipeline;
  printf("digest %" PRIu32, list);
  for (uint32_t i = 0; i < word_count; i++) {
    printf(" %" PRIu64, words[i]);
  }
  printf("\n");
}

static void print_clone(struct tp_pipeline *pipeline, struct tp_packet *packet) {
  (void)pipeline;
  printf("clone length=%" PRIu32 " payload=%" PRIu32 "\n", packet->length, packet->payload_offset);
}

static void *allocate(size_t count, size_t octets) {
  void *memory = calloc(count > 0 ? count : 1, octets);
  if (memory == NULL) {
    abort();
  }
  return memory;
}

static void open_pipeline(struct tp_pipeline *pipeline) {
  pipeline->tables = allocate(ops->table_count, sizeof *pipeline->tables);
  for (uint32_t i = 0; i < ops->table_count; i++) {
    if (tp_match_open(&pipeline->tables[i], &ops->tables[i], i + 1) != 0) {
      abort();
    }
  }
  pipeline->profiles = allocate(ops->profile_count, sizeof *pipeline->profiles);
  for (uint32_t i = 0; i < ops->profile_count; i++) {
    if (tp_profile_open(&pipeline->profiles[i], &ops->profiles[i], NULL) != 0) {
      abort();
    }
  }
  pipeline->counters = allocate(ops->counter_count, sizeof *pipeline->counters);
  for (uint32_t i = 0; i < ops->counter_count; i++) {
    pipeline->counters[i] = allocate(ops->counter_sizes[i], sizeof **pipeline->counters);
  }
  pipeline->meters = allocate(ops->meter_count, sizeof *pipeline->meters);
  for (uint32_t i = 0; i < ops->meter_count; i++) {
    pipeline->meters[i] = allocate(ops->meter_sizes[i], sizeof **pipeline->meters);
  }
  pipeline->registers = allocate(ops->register_count, sizeof *pipeline->registers);
  for (uint32_t i = 0; i < ops->register_count; i++) {
    pipeline->registers[i] = allocate((size_t)ops->registers[i].size * ops->registers[i].words,
                                      sizeof **pipeline->registers);
  }
  static struct tp_log log;
  pipeline->log = &log; /* nobody listens */
  pipeline->random_state = 1;
  pipeline->emit_digest = print_digest;
  pipeline->clone_egress = print_clone;
}

static uint32_t read_words(char **save, uint64_t *words) {
  uint32_t count = 0;
  for (char *token = strtok_r(NULL, " \n", save); token != NULL && strcmp(token, "/") != 0;
       token = strtok_r(NULL, " \n", save)) {
    if (count < MAX_WORDS) {
      words[count++] = strtoull(token, NULL, 0);
    }
  }
  return count;
}

static uint64_t read_number(char **save) {
  const char *token = strtok_r(NULL, " \n", save);
  return token == NULL ? 0 : strtoull(token, NULL, 0);
}

static void insert(struct tp_pipeline *pipeline, char **save) {
  uint64_t key[MAX_WORDS] = {0};
  uint64_t mask[MAX_WORDS] = {0};
  uint64_t args[MAX_WORDS] = {0};
  struct tp_table *table = &pipeline->tables[read_number(save)];
  const int32_t priority = (int32_t)read_number(save);
  const uint32_t action = (uint32_t)read_number(save);
  read_words(save, key);
  read_words(save, mask);
  const uint32_t arg_words = read_words(save, args);
  printf("handle %" PRId64 "\n", tp_match_insert(table, key, mask, table->spec.range_words,
                                                 priority, action, args, arg_words));
}

static void set_default(struct tp_pipeline *pipeline, char **save) {
  uint64_t args[MAX_WORDS] = {0};
  struct tp_table *table = &pipeline->tables[read_number(save)];
  const uint32_t action = (uint32_t)read_number(save);
  const uint32_t arg_words = read_words(save, args);
  printf("default %d\n", tp_match_set_default(table, action, args, arg_words));
}

/* The frame is allocated to its exact end, so that a sanitizer sees a read beyond it. */
static uint32_t read_frame(char **save, uint8_t **buffer) {
  const char *hex = strtok_r(NULL, " \n", save);
  const uint32_t octets = hex == NULL ? 0 : (uint32_t)(strlen(hex) / 2);
  *buffer = allocate(ROOM_OCTETS + octets, 1);
  for (uint32_t i = 0; i < octets; i++) {
    unsigned octet = 0;
    sscanf(hex + 2 * (size_t)i, "%2x", &octet);
    (*buffer)[ROOM_OCTETS + i] = (uint8_t)octet;
  }
  return octets;
}

static void receive(struct tp_packet *packet, uint8_t *buffer, uint32_t octets, uint32_t port) {
  memset(packet, 0, sizeof *packet);
  packet->buffer = buffer;
  packet->data = buffer + ROOM_OCTETS;
  packet->length = octets;
  packet->capacity = ROOM_OCTETS + octets;
  packet->sm.ingress_port = (uint16_t)port;
  packet->sm.packet_length = octets;
}

static void print_requests(const struct tp_packet *packet) {
  const struct tp_requests *r = &packet->requests;
  printf(" clone=%d:%" PRIu32 ":%" PRIu32 " resubmit=%d:%" PRIu32 " recirculate=%d:%" PRIu32
         " truncate=%u lost=%d failed=%u\n",
         r->clone, r->clone_session_plus1, r->clone_field_list_plus1, r->resubmit,
         r->resubmit_field_list_plus1, r->recirculate, r->recirculate_field_list_plus1,
         r->truncate_plus1, r->lost, r->failed_assertion_plus1);
}

static void run_egress(struct tp_pipeline *pipeline, struct tp_packet *packet) {
  memset(&packet->requests, 0, sizeof packet->requests);
  ops->egress(pipeline, packet);
  printf("out port=%u spec=%u start=%" PRIu64 " correction=%u checksum=%u", packet->sm.egress_port,
         packet->sm.egress_spec, packet->deferred.start_ns, packet->deferred.correction_offset,
         packet->deferred.checksum_offset);
  printf(" rate=%" PRId32 " event=%u wait=%" PRIu32 " hex=", packet->deferred.rate_offset,
         packet->event.request, packet->event.wait_ns);
  for (uint32_t i = 0; i < packet->length; i++) {
    printf("%02x", packet->data[i]);
  }
  print_requests(packet);
}

static void run_frame(struct tp_pipeline *pipeline, struct tp_packet *packet, char **save) {
  const uint32_t port = (uint32_t)read_number(save);
  const uint64_t rx_time_ns = read_number(save);
  const uint64_t tx_time_ns = read_number(save);
  uint8_t *buffer;
  const uint32_t octets = read_frame(save, &buffer);
  free(packet->buffer); /* the last frame's */
  receive(packet, buffer, octets, port);
  packet->rx_time_ns = rx_time_ns;
  pipeline->steady_ns = rx_time_ns;
  packet->tx_estimate_ns = tx_time_ns;
  ops->ingress(pipeline, packet, false);
  printf("in spec=%u group=%u error=%" PRIu32 " checksum_error=%u", packet->sm.egress_spec,
         packet->sm.mcast_grp, packet->sm.parser_error, packet->sm.checksum_error);
  print_requests(packet);
  if (packet->sm.egress_spec != TP_PORT_DROP) {
    packet->sm.egress_port = packet->sm.egress_spec;
    run_egress(pipeline, packet);
  }
}

static void run_event(struct tp_pipeline *pipeline, struct tp_packet *packet, char **save) {
  const uint8_t kind = (uint8_t)read_number(save);
  const uint64_t time_ns = read_number(save);
  memset(&packet->deferred, 0, sizeof packet->deferred);
  packet->event =
      (struct tp_transmit_event){.kind = kind, .time_ns = time_ns, .correction = read_number(save)};
  run_egress(pipeline, packet);
}

static void run_parser(struct tp_pipeline *pipeline, struct tp_packet *packet, char **save) {
  const uint32_t port = (uint32_t)read_number(save);
  uint8_t *buffer;
  const uint32_t octets = read_frame(save, &buffer);
  free(packet->buffer);
  receive(packet, buffer, octets, port);
  ops->parse(pipeline, packet, false);
  printf("parsed %" PRIu32 " %" PRIu32 "\n", packet->sm.parser_error, packet->payload_offset);
}

static void repeat(struct tp_pipeline *pipeline, struct tp_packet *packet, char **save) {
  const uint64_t count = read_number(save);
  const uint32_t port = (uint32_t)read_number(save);
  uint8_t *buffer;
  const uint32_t octets = read_frame(save, &buffer);
  uint8_t *copy = allocate(octets, 1);
  memcpy(copy, buffer + ROOM_OCTETS, octets);
  free(packet->buffer);
  struct timespec begin;
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (uint64_t i = 0; i < count; i++) {
    receive(packet, buffer, octets, port);
    memcpy(packet->data, copy, octets);
    ops->ingress(pipeline, packet, false);
    packet->sm.egress_port = packet->sm.egress_spec;
    memset(&packet->requests, 0, sizeof packet->requests);
    ops->egress(pipeline, packet);
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  const double spent_ns =
      (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
  printf("repeat %.1f\n", spent_ns / (double)count);
  free(copy);
}

static void add_member(struct tp_pipeline *pipeline, char **save) {
  uint64_t args[MAX_WORDS] = {0};
  struct tp_profile *profile = &pipeline->profiles[read_number(save)];
  const uint32_t action = (uint32_t)read_number(save);
  const uint32_t arg_words = read_words(save, args);
  printf("member %" PRId64 "\n", tp_profile_add_member(profile, action, args, arg_words));
}

static void add_group(struct tp_pipeline *pipeline, char **save) {
  uint64_t words[MAX_WORDS] = {0};
  uint32_t members[MAX_WORDS] = {0};
  struct tp_profile *profile = &pipeline->profiles[read_number(save)];
  const uint32_t count = read_words(save, words);
  for (uint32_t i = 0; i < count; i++) {
    members[i] = (uint32_t)words[i];
  }
  const struct tp_group_spec spec = {.members = members, .count = count};
  printf("group %" PRId64 "\n", tp_profile_add_group(profile, &spec));
}

static void forget(struct tp_pipeline *pipeline, char **save) {
  struct tp_profile *profile = &pipeline->profiles[read_number(save)];
  const char *what = strtok_r(NULL, " \n", save);
  const bool is_member = what != NULL && strcmp(what, "member") == 0;
  const uint32_t index = (uint32_t)read_number(save);
  printf("forget %d\n", is_member ? tp_profile_remove_member(profile, index)
                                  : tp_profile_remove_group(profile, index));
}

static void configure_meter(struct tp_pipeline *pipeline, const char *command, char **save) {
  uint64_t words[MAX_WORDS] = {0};
  const uint64_t array = read_number(save);
  const uint64_t cell = read_number(save);
  const uint64_t *config = read_words(save, words) == 0 ? NULL : words;
  const int status = strcmp(command, "meter") == 0
                         ? tp_meter_configure(&pipeline->meters[array][cell], config)
                         : tp_match_write_meter(&pipeline->tables[array], (int64_t)cell, config);
  printf("%s %d\n", command, status);
}

static void read_cells(struct tp_pipeline *pipeline, const char *command, char **save) {
  const uint64_t array = read_number(save);
  const uint64_t index = read_number(save);
  if (strcmp(command, "counter") == 0) {
    const struct tp_counter *cell = &pipeline->counters[array][index];
    printf("counter %" PRIu64 " %" PRIu64 "\n", cell->packets, cell->octets);
  } else if (strcmp(command, "direct") == 0) {
    uint64_t out[2] = {0, 0};
    const int status = tp_match_read_counter(&pipeline->tables[array], (int64_t)index, out);
    printf("direct %d %" PRIu64 " %" PRIu64 "\n", status, out[0], out[1]);
  } else if (strcmp(command, "remove") == 0) {
    printf("remove %d\n", tp_match_remove(&pipeline->tables[array], (int64_t)index));
  } else {
    const uint32_t words = ops->registers[array].words;
    const uint64_t *cell = pipeline->registers[array] + index * words;
    printf("register %" PRIu64 " %" PRIu64 "\n", cell[0], words > 1 ? cell[1] : 0);
  }
}

int main(void) {
  struct tp_pipeline pipeline = {0};
  open_pipeline(&pipeline);
  struct tp_packet *packet = aligned_alloc(16, (sizeof *packet + ops->phv_octets + 15) / 16 * 16);
  if (packet == NULL) {
    return 1;
  }
  memset(packet, 0, sizeof *packet);
  memset(packet->phv, 0xa5, ops->phv_octets);
  static char line[1 << 20];
  while (fgets(line, sizeof line, stdin) != NULL) {
    char *save = NULL;
    const char *command = strtok_r(line, " \n", &save);
    if (command == NULL) {
      continue;
    }
    if (strcmp(command, "insert") == 0) {
      insert(&pipeline, &save);
    } else if (strcmp(command, "default") == 0) {
      set_default(&pipeline, &save);
    } else if (strcmp(command, "frame") == 0) {
      run_frame(&pipeline, packet, &save);
    } else if (strcmp(command, "event") == 0) {
      run_event(&pipeline, packet, &save);
    } else if (strcmp(command, "parse") == 0) {
      run_parser(&pipeline, packet, &save);
    } else if (strcmp(command, "member") == 0) {
      add_member(&pipeline, &save);
    } else if (strcmp(command, "group") == 0) {
      add_group(&pipeline, &save);
    } else if (strcmp(command, "forget") == 0) {
      forget(&pipeline, &save);
    } else if (strcmp(command, "meter") == 0 || strcmp(command, "direct_meter") == 0) {
      configure_meter(&pipeline, command, &save);
    } else if (strcmp(command, "repeat") == 0) {
      repeat(&pipeline, packet, &save);
    } else {
      read_cells(&pipeline, command, &save);
    }
  }
  for (uint32_t i = 0; i < ops->table_count; i++) {
    tp_match_close(&pipeline.tables[i]);
  }
  for (uint32_t i = 0; i < ops->profile_count; i++) {
    tp_profile_close(&pipeline.profiles[i]);
  }
  for (uint32_t i = 0; i < ops->counter_count; i++) {
    free(pipeline.counters[i]);
  }
  for (uint32_t i = 0; i < ops->meter_count; i++) {
    free(pipeline.meters[i]);
  }
  for (uint32_t i = 0; i < ops->register_count; i++) {
    free(pipeline.registers[i]);
  }
  free(pipeline.tables);
  free(pipeline.profiles);
  free(pipeline.counters);
  free(pipeline.meters);
  free(pipeline.registers);
  free(packet->buffer);
  free(packet);
  return 0;
}
