/*
 * pipeline_loop.c - the compiled pipeline alone: parser, ingress, replication, egress, deparser and
 * the deferred correction, one frame after the other, without the engine's ports and queues.
 *
 *   pipeline_loop PIPELINE.so STATE FRAMES PACKETS [OUT]
 *
 * With OUT, one round over the frames is written there and nothing is timed. Compiled with
 * EXACT_BUFFERS, every frame is in memory of just its size, so that a sanitizer sees each octet
 * that is read beyond it.
 */
#include <dlfcn.h>

#include "frame/checksum.h"
#include "frames.h"
#include "log.h"
#include "state.h"
#include "tables/profile.h"
#include "tables/table.h"

struct host {
  const struct tp_pipeline_ops *ops;
  struct tp_pipeline pipeline;
  struct state_group groups[MAX_GROUPS];
  struct tp_packet *packet;
  struct tp_packet *copy;
  FILE *out;
  uint64_t outputs;
  uint64_t digests;
};

static void count_digest(struct tp_pipeline *pipeline, uint32_t list, const uint64_t *words,
                         uint32_t word_count) {
  (void)list;
  (void)words;
  (void)word_count;
  ((struct host *)pipeline->context)->digests++;
}

static void add_entry(void *context, const struct state_entry *entry) {
  struct host *host = context;
  struct tp_table *table = &host->pipeline.tables[entry->table];
  const bool fits =
      entry->table < host->ops->table_count &&
      (entry->key_words == 0 || entry->key_words == host->ops->tables[entry->table].key_words);
  if (!fits || (entry->key_words == 0
                    ? tp_match_set_default(table, entry->action, entry->args, entry->arg_words)
                    : tp_match_insert(table, entry->key, entry->mask, 0, entry->priority,
                                      entry->action, entry->args, entry->arg_words)) < 0) {
    fail("state", "an entry does not fit its table");
  }
}

static void add_group(void *context, const struct state_group *group) {
  ((struct host *)context)->groups[group->group] = *group;
}

static void *zeroed(size_t count, size_t octets) {
  void *memory = calloc(count == 0 ? 1 : count, octets);
  if (memory == NULL) {
    fail("pipeline_loop", "no memory");
  }
  return memory;
}

/* There is nowhere to send it. */
static void make_no_clone(struct tp_pipeline *pipeline, struct tp_packet *packet) {
  (void)pipeline;
  (void)packet;
}

static struct tp_packet *new_packet(const struct host *host) {
  const size_t head = sizeof(struct tp_packet) + host->ops->phv_octets;
  const size_t aligned = (head + 63) & ~(size_t)63;
  struct tp_packet *packet = aligned_alloc(64, aligned);
  if (packet == NULL) {
    fail("pipeline_loop", "no memory");
  }
  memset(packet, 0, aligned);
  packet->capacity = TP_HEADROOM + MAX_OCTETS;
  packet->buffer = zeroed(1, packet->capacity);
  return packet;
}

static void open_pipeline(struct host *host, const char *shared_object) {
  void *library = dlopen(shared_object, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    fail(shared_object, dlerror());
  }
  host->ops = dlsym(library, "timeplane_pipeline");
  if (host->ops == NULL || host->ops->abi_version != TP_ABI_VERSION) {
    fail(shared_object, "is not a pipeline of this version");
  }
  struct tp_pipeline *pipeline = &host->pipeline;
  pipeline->tables = zeroed(host->ops->table_count, sizeof *pipeline->tables);
  pipeline->counters = zeroed(host->ops->counter_count, sizeof *pipeline->counters);
  pipeline->meters = zeroed(host->ops->meter_count, sizeof *pipeline->meters);
  pipeline->registers = zeroed(host->ops->register_count, sizeof *pipeline->registers);
  for (uint32_t i = 0; i < host->ops->table_count; i++) {
    if (tp_match_open(&pipeline->tables[i], &host->ops->tables[i], i + 1) != 0) {
      fail(shared_object, "a table cannot be made");
    }
  }
  pipeline->profiles = zeroed(host->ops->profile_count, sizeof *pipeline->profiles);
  for (uint32_t i = 0; i < host->ops->profile_count; i++) {
    if (tp_profile_open(&pipeline->profiles[i], &host->ops->profiles[i], NULL) != 0) {
      fail(shared_object, "an action profile cannot be made");
    }
  }
  for (uint32_t i = 0; i < host->ops->counter_count; i++) {
    pipeline->counters[i] = zeroed(host->ops->counter_sizes[i], sizeof **pipeline->counters);
  }
  for (uint32_t i = 0; i < host->ops->meter_count; i++) {
    pipeline->meters[i] = zeroed(host->ops->meter_sizes[i], sizeof **pipeline->meters);
  }
  for (uint32_t i = 0; i < host->ops->register_count; i++) {
    const struct tp_register_spec spec = host->ops->registers[i];
    pipeline->registers[i] = zeroed((size_t)spec.size * spec.words, sizeof **pipeline->registers);
  }
  static struct tp_log log; /* nobody reads it */
  pipeline->log = &log;
  pipeline->random_state = 1;
  pipeline->context = host;
  pipeline->emit_digest = count_digest;
  pipeline->clone_egress = make_no_clone;
  host->packet = new_packet(host);
  host->copy = new_packet(host);
}

/* Makes room for a frame: none is needed, unless the buffer has to end with it. */
static void fit_buffer(struct tp_packet *packet, uint32_t octets) {
#ifdef EXACT_BUFFERS
  free(packet->buffer);
  packet->capacity = TP_HEADROOM + octets;
  packet->buffer = zeroed(1, packet->capacity);
#else
  (void)packet;
  (void)octets;
#endif
}

static void receive(struct tp_packet *packet, const struct frame *frame) {
  fit_buffer(packet, frame->record.octets);
  packet->data = packet->buffer + TP_HEADROOM;
  packet->length = frame->record.octets;
  packet->payload_offset = 0;
  packet->rx_time_ns = frame->record.time_ns;
  memset(&packet->requests, 0, sizeof packet->requests);
  memset(&packet->deferred, 0, sizeof packet->deferred);
  memset(&packet->event, 0, sizeof packet->event);
  memset(&packet->sm, 0, sizeof packet->sm);
  packet->sm.ingress_port = (uint16_t)frame->record.port;
  packet->sm.packet_length = frame->record.octets;
  packet->sm.ingress_global_timestamp = frame->record.time_ns / 1000;
  memcpy(packet->data, frame->octets, frame->record.octets);
}

/* As the engine's last instruction: see struct tp_deferred_correction. */
static void complete(struct tp_packet *packet) {
  const struct tp_deferred_correction *deferred = &packet->deferred;
  if (deferred->correction_offset == 0) {
    return;
  }
  if (deferred->correction_offset + 8u > packet->length ||
      deferred->checksum_offset + 2u > packet->length) {
    fail("pipeline_loop", "an offset is outside its frame");
  }
  const uint64_t residence_ns =
      (packet->rx_time_ns + RESIDENCE_NS - deferred->start_ns) & ((UINT64_C(1) << 48) - 1);
  uint8_t *field = packet->data + deferred->correction_offset;
  const uint64_t before = tp_load64(field);
  int64_t after = 0;
  if (residence_ns >> 47 != 0 ||
      __builtin_add_overflow((int64_t)before, (int64_t)(residence_ns << 16), &after)) {
    after = INT64_MAX;
  }
  tp_store64(field, (uint64_t)after);
  if (deferred->checksum_offset != 0) {
    uint8_t *checksum = packet->data + deferred->checksum_offset;
    const uint16_t mended =
        tp_checksum_mend(tp_load16(checksum), before, (uint64_t)after,
                         ((deferred->correction_offset ^ deferred->checksum_offset) & 1) != 0);
    tp_store16(checksum, mended == 0 ? 0xffff : mended);
  }
}

static void transmit(struct host *host, struct tp_packet *packet, uint32_t port, uint32_t rid,
                     uint32_t instance_type) {
  packet->tx_estimate_ns = packet->rx_time_ns + RESIDENCE_NS;
  memset(&packet->requests, 0, sizeof packet->requests);
  packet->sm.egress_port = (uint16_t)port;
  packet->sm.egress_rid = (uint16_t)rid;
  packet->sm.instance_type = instance_type;
  packet->sm.egress_global_timestamp = packet->tx_estimate_ns / 1000;
  host->ops->egress(&host->pipeline, packet);
  if (packet->sm.egress_spec == TP_PORT_DROP || packet->requests.lost) {
    return;
  }
  complete(packet);
  host->outputs++;
  if (host->out != NULL) {
    write_frame(host->out, port, packet->tx_estimate_ns, packet->data, packet->length);
  }
}

/* As the engine: the last replica is the packet itself. */
static void replicate(struct host *host, const struct state_group *group) {
  struct tp_packet *from = host->packet;
  struct tp_packet *to = host->copy;
  for (uint32_t i = 0; i < group->count; i++) {
    if (i + 1 == group->count) {
      transmit(host, from, group->ports[i], 1, TP_INSTANCE_REPLICATED);
      return;
    }
    fit_buffer(to, from->length);
    uint8_t *buffer = to->buffer;
    memcpy(to, from, sizeof *to + host->ops->phv_copied_octets);
    to->buffer = buffer;
    to->data = buffer + (from->data - from->buffer);
    memcpy(to->data, from->data, from->length);
    transmit(host, to, group->ports[i], 1, TP_INSTANCE_REPLICATED);
  }
}

static void forward(struct host *host, const struct frame *frame) {
  struct tp_packet *packet = host->packet;
  receive(packet, frame);
  host->pipeline.now_ns = packet->rx_time_ns;
  host->ops->ingress(&host->pipeline, packet, false);
  if (packet->sm.mcast_grp != 0) {
    if (packet->sm.mcast_grp < MAX_GROUPS) {
      replicate(host, &host->groups[packet->sm.mcast_grp]);
    }
  } else if (packet->sm.egress_spec != TP_PORT_DROP) {
    transmit(host, packet, packet->sm.egress_spec, 0, TP_INSTANCE_NORMAL);
  }
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fail("usage", "pipeline_loop PIPELINE.so STATE FRAMES PACKETS [OUT]");
  }
  struct host *host = zeroed(1, sizeof *host);
  open_pipeline(host, argv[1]);
  const struct state_visitor visitor = {host, add_entry, add_group};
  read_state(argv[2], &visitor);
  const struct frame_set set = read_frames(argv[3]);
  uint64_t packets = strtoull(argv[4], NULL, 10);
  if (argc > 5) {
    host->out = fopen(argv[5], "wb");
    packets = set.count;
  }
  const uint64_t start_ns = process_ns();
  for (uint64_t i = 0; i < packets; i++) {
    forward(host, &set.frames[i % set.count]);
  }
  report(packets, host->outputs, process_ns() - start_ns);
  if (host->digests > packets) {
    fail("pipeline_loop", "more digests than frames: the state does not know the addresses");
  }
  if (host->out != NULL && fclose(host->out) != 0) {
    fail(argv[5], "cannot be written");
  }
  return 0;
}
