/*
 * engine_fuzz.c - libFuzzer's target: an input is a conversation with the whole engine, frames and
 * control calls with any numbers, over the program that FUZZ_PIPELINE names and after the steps in
 * the file that FUZZ_SETUP names, if there is one.
 *
 * What goes wrong inside is the sanitizers' to find. Found here: a packet buffer that is lost or is
 * there twice, a message to the host that was cut, a frame that is longer than any can be.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "input.h"
#include "pipeline.h"

#define PORTS          8u
#define CPU_PORT       510u
#define PACKETS        48u
#define FRAME_LIMIT    2000u
#define ENTRIES        256u
#define NUMBERS        64u
#define REPLICA_LIMIT  16u
#define ROUNDS_A_STEP  8u
#define ROUNDS_TO_REST 64u
#define SETUP_LIMIT    (1u << 20)
#define START_NS       1000000000u

static const char *pipeline_path;
static const struct tp_pipeline_ops *pipeline_ops;
static uint8_t setup[SETUP_LIMIT];
static size_t setup_octets;

struct talk {
  struct tp_engine *engine;
  uint64_t now_ns;
  int host_fd;
  uint32_t numbered; /* groups and sessions that were set */
  uint32_t numbers[NUMBERS];
  uint32_t entry_count;
  struct {
    uint32_t table;
    int64_t handle;
  } entries[ENTRIES];
};

static void fail(const char *what) {
  fprintf(stderr, "engine_fuzz: %s\n", what);
  abort();
}

/* --- what comes out ------------------------------------------------------------------------- */

static void take_frames(struct talk *talk) {
  static uint8_t frame[FRAME_LIMIT + TP_HEADROOM];
  uint64_t tx_ns = 0;
  for (uint32_t port = 0; port < PORTS; port++) {
    int octets = tp_port_take(talk->engine, port, frame, sizeof frame, &tx_ns);
    for (; octets >= 0; octets = tp_port_take(talk->engine, port, frame, sizeof frame, &tx_ns)) {
    }
    if (octets == TP_E_OUT_OF_RANGE) {
      fail("a frame is longer than any can be");
    }
  }
}

static void read_messages(struct talk *talk) {
  static uint8_t stream[1u << 20];
  size_t have = 0;
  ssize_t got = 0;
  while (have < sizeof stream &&
         (got = read(talk->host_fd, stream + have, sizeof stream - have)) > 0) {
    have += (size_t)got;
  }
  size_t at = 0;
  while (at < have) {
    struct tp_message_header header;
    if (have - at < sizeof header) {
      fail("a message's head was cut");
    }
    memcpy(&header, stream + at, sizeof header);
    at += sizeof header;
    if (header.kind < TP_MESSAGE_PACKET_IN || header.kind > TP_MESSAGE_ASSERTION ||
        header.octets > have - at) {
      fail("a message was cut");
    }
    at += header.octets;
  }
}

/* In several calls where there is more than a few records. */
static void read_log(struct talk *talk) {
  static uint64_t words[2 * TP_LOG_READ_WORDS];
  int count;
  while ((count = tp_engine_read_log(talk->engine, words, 2 * TP_LOG_READ_WORDS)) > 0) {
    uint64_t at = 0;
    while (at < (uint64_t)count) {
      const uint64_t record = words[at] >> 48;
      if (record < 2 || record > (uint64_t)count - at) {
        fail("a log message was cut");
      }
      at += record;
    }
  }
}

/* Returns after how many rounds nothing moved, at most `rounds`. */
static uint32_t settle(struct talk *talk, uint32_t rounds) {
  uint32_t round = 0;
  for (; round < rounds && tp_engine_step(talk->engine) > 0; round++) {
    take_frames(talk);
  }
  take_frames(talk);
  read_messages(talk);
  read_log(talk);
  return round;
}

/* --- one step ------------------------------------------------------------------------------- */

static void receive(struct talk *talk, struct step *step) {
  const uint32_t port = take_u8(step) % PORTS;
  tp_port_inject(talk->engine, port, step->content, (uint32_t)step->octets, talk->now_ns);
  settle(talk, ROUNDS_A_STEP);
}

static void insert_entry(struct talk *talk, struct step *step) {
  const uint32_t table = take_u16(step);
  const uint32_t action = take_u16(step);
  const int32_t priority = (int32_t)(take_u32(step) & INT32_MAX);
  const uint32_t range_words = take_u32(step);
  const uint32_t words =
      table < pipeline_ops->table_count ? pipeline_ops->tables[table].key_words : 1;
  uint64_t key[TP_MAX_KEY_WORDS] = {0};
  uint64_t mask[TP_MAX_KEY_WORDS] = {0};
  uint64_t args[TP_MAX_ARG_WORDS + 1] = {0};
  take_words(step, key, words);
  take_words(step, mask, words);
  const uint32_t arg_words = take_words(step, args, TP_MAX_ARG_WORDS + 1);
  const int64_t handle = tp_table_insert(talk->engine, table, key, mask, range_words, priority,
                                         action, args, arg_words);
  if (handle >= 0 && talk->entry_count < ENTRIES) {
    talk->entries[talk->entry_count].table = table;
    talk->entries[talk->entry_count++].handle = handle;
  }
}

/* Which entry a step means; the default entry of table 0 where there is none. */
static int64_t choose_entry(const struct talk *talk, struct step *step, uint32_t *table) {
  const uint32_t which = take_u16(step);
  if (talk->entry_count == 0) {
    *table = 0;
    return -1;
  }
  *table = talk->entries[which % talk->entry_count].table;
  return talk->entries[which % talk->entry_count].handle;
}

/* Handles are kept when their entry is gone: stale ones must do no harm. */
static void change_entry(struct talk *talk, struct step *step) {
  uint64_t words[TP_MAX_ARG_WORDS + 1] = {0};
  uint32_t table = 0;
  const int64_t handle = choose_entry(talk, step, &table);
  if (step->kind == STEP_REMOVE) {
    tp_table_remove(talk->engine, table, handle);
  } else if (step->kind == STEP_ENTRY_METER) {
    const bool is_given = take_words(step, words, 4) > 0;
    tp_table_write_meter(talk->engine, table, handle, is_given ? words : NULL);
    tp_table_read_meter(talk->engine, table, handle, words);
  } else if (step->kind == STEP_ENTRY_COUNTER) {
    take_words(step, words, 2);
    tp_table_write_counter(talk->engine, table, handle, words[0], words[1]);
    tp_table_read_counter(talk->engine, table, handle, words);
  } else {
    const uint32_t action = take_u16(step);
    const uint32_t count = take_words(step, words, TP_MAX_ARG_WORDS + 1);
    tp_table_modify(talk->engine, table, handle, action, words, count);
  }
}

static void change_profile(struct talk *talk, struct step *step) {
  uint64_t args[TP_MAX_ARG_WORDS + 1] = {0};
  uint32_t members[REPLICA_LIMIT];
  uint32_t count = 0;
  const uint32_t profile = take_u16(step);
  if (step->kind == STEP_REMOVE_MEMBER) {
    tp_member_remove(talk->engine, profile, take_u16(step));
  } else if (step->kind == STEP_MEMBER) {
    const uint32_t action = take_u16(step);
    count = take_words(step, args, TP_MAX_ARG_WORDS + 1);
    tp_member_add(talk->engine, profile, action, args, count);
  } else {
    while (count < REPLICA_LIMIT && step->octets > 0) {
      members[count++] = take_u8(step);
    }
    tp_group_add(talk->engine, profile, members, NULL, count, 0, 0);
  }
}

static void set_default(struct talk *talk, struct step *step) {
  uint64_t args[TP_MAX_ARG_WORDS + 1] = {0};
  const uint32_t table = take_u16(step);
  const uint32_t action = take_u16(step);
  const uint32_t count = take_words(step, args, TP_MAX_ARG_WORDS + 1);
  tp_table_set_default(talk->engine, table, action, args, count);
}

static void set_replicas(struct talk *talk, struct step *step) {
  uint32_t ports[REPLICA_LIMIT];
  uint32_t instances[REPLICA_LIMIT];
  uint32_t count = 0;
  const uint32_t number = take_u16(step);
  const uint32_t octets = step->kind == STEP_SESSION ? take_u16(step) : 0;
  if (talk->numbered == NUMBERS) {
    return;
  }
  talk->numbers[talk->numbered++] = number;
  while (count < REPLICA_LIMIT && step->octets > 0) {
    ports[count] = take_u16(step);
    instances[count++] = take_u16(step);
  }
  if (step->kind == STEP_SESSION) {
    tp_clone_session_set(talk->engine, number, ports, instances, count, 0, octets);
  } else {
    tp_multicast_group_set(talk->engine, number, ports, instances, count);
  }
}

static void write_register(struct talk *talk, struct step *step) {
  uint64_t words[64] = {0};
  const uint32_t number = take_u16(step);
  const uint32_t cell = take_u16(step);
  take_words(step, words, 64);
  tp_register_write(talk->engine, number, cell, 1, words);
  const int per_cell = tp_register_cell_words(talk->engine, number);
  if (per_cell > 0 && per_cell <= 64) {
    tp_register_read(talk->engine, number, cell, 1, words);
  }
}

static void write_meter(struct talk *talk, struct step *step) {
  uint64_t words[5] = {0};
  const uint32_t number = take_u16(step);
  const uint32_t cell = take_u16(step);
  const uint32_t count = take_u16(step);
  const bool is_given = take_words(step, words, 4) > 0;
  tp_meter_write(talk->engine, number, cell, count, is_given ? words : NULL);
  tp_meter_read(talk->engine, number, cell, 1, words);
}

static void change_port(struct talk *talk, struct step *step) {
  const uint32_t port = take_u8(step) % PORTS;
  if (step->kind == STEP_REPLACE_PORT) {
    tp_port_remove(talk->engine, port);
    settle(talk, 1);
    tp_port_add_memory(talk->engine, port);
  } else if (step->kind == STEP_STAMPS) {
    const uint32_t delay_ns = take_u32(step);
    tp_port_set_stamp_delay(talk->engine, port, delay_ns == UINT32_MAX ? UINT64_MAX : delay_ns);
  } else {
    const uint32_t priorities = take_u8(step);
    const uint32_t rate_bps = take_u32(step);
    tp_port_set_queue(talk->engine, port, rate_bps, 24, take_u16(step), priorities);
  }
}

static void take_step(struct talk *talk, struct step *step) {
  switch (step->kind) {
  case STEP_FRAME:
    receive(talk, step);
    break;
  case STEP_PACKET_OUT:
    tp_packet_out(talk->engine, step->content, (uint32_t)step->octets);
    settle(talk, ROUNDS_A_STEP);
    break;
  case STEP_TIME:
    talk->now_ns += take_u32(step);
    tp_engine_set_time(talk->engine, talk->now_ns);
    settle(talk, ROUNDS_A_STEP);
    break;
  case STEP_INSERT:
    insert_entry(talk, step);
    break;
  case STEP_REMOVE:
  case STEP_MODIFY:
  case STEP_ENTRY_METER:
  case STEP_ENTRY_COUNTER:
    change_entry(talk, step);
    break;
  case STEP_DEFAULT:
    set_default(talk, step);
    break;
  case STEP_MEMBER:
  case STEP_GROUP:
  case STEP_REMOVE_MEMBER:
    change_profile(talk, step);
    break;
  case STEP_MULTICAST:
  case STEP_SESSION:
    set_replicas(talk, step);
    break;
  case STEP_REGISTER:
    write_register(talk, step);
    break;
  case STEP_METER:
    write_meter(talk, step);
    break;
  case STEP_QUEUE:
  case STEP_STAMPS:
  case STEP_REPLACE_PORT:
    change_port(talk, step);
    break;
  case STEP_KIND_COUNT:
    break;
  }
}

/* --- a conversation ------------------------------------------------------------------------- */

static void load(struct talk *talk) {
  if (tp_engine_load(talk->engine, pipeline_path) != TP_OK) {
    fail(tp_engine_last_error(talk->engine));
  }
}

/* One engine for all inputs, brought back to how it was: making it anew takes most of the time. */
static void make_engine(struct talk *talk) {
  int32_t pair[2];
  if (tp_message_pair(pair) != TP_OK) {
    fail("no pair of sockets");
  }
  const struct tp_engine_config config = {.clock = TP_CLOCK_VIRTUAL,
                                          .cpu_port = CPU_PORT,
                                          .message_fd = pair[0],
                                          .packet_count = PACKETS,
                                          .max_frame = FRAME_LIMIT,
                                          .random_seed = 1,
                                          .hash_seed = 1};
  talk->host_fd = pair[1];
  if (tp_engine_create(&config, &talk->engine) != TP_OK) {
    fail("no engine");
  }
}

static void begin(struct talk *talk) {
  if (talk->engine == NULL) {
    make_engine(talk);
    load(talk);
  }
  talk->now_ns = START_NS;
  talk->entry_count = 0;
  tp_engine_set_time(talk->engine, talk->now_ns);
  for (uint32_t port = 0; port < PORTS; port++) {
    tp_port_remove(talk->engine, port);
    tp_port_add_memory(talk->engine, port);
  }
}

static void forget_replicas(struct talk *talk) {
  for (uint32_t i = 0; i < talk->numbered; i++) {
    tp_multicast_group_set(talk->engine, talk->numbers[i], NULL, NULL, 0);
    tp_clone_session_set(talk->engine, talk->numbers[i], NULL, NULL, 0, 0, 0);
  }
  talk->numbered = 0;
}

/* Once nothing waits any more every buffer must be free, and none there twice. Leaves the pipeline
 * freshly loaded, for the next input. */
static void check_buffers(struct talk *talk) {
  for (uint32_t port = 0; port < PORTS; port++) {
    tp_port_remove(talk->engine, port);
  }
  forget_replicas(talk);
  load(talk); /* what waited is dropped, and what comes now meets no entries */
  if (settle(talk, ROUNDS_TO_REST) > 0) {
    load(talk);
  }
  tp_port_add_memory(talk->engine, 0);
  const uint8_t frame[1] = {0};
  for (uint32_t i = 0; i < PACKETS; i++) {
    if (tp_port_inject(talk->engine, 0, frame, sizeof frame, 0) != TP_OK) {
      fail("a packet buffer was lost");
    }
  }
  if (tp_port_inject(talk->engine, 0, frame, sizeof frame, 0) != TP_E_FULL) {
    fail("there are more packet buffers than there were");
  }
}

static void end(struct talk *talk) {
  settle(talk, ROUNDS_TO_REST);
  /* What waits for stamps or in slow queues: as far as a second takes it. */
  talk->now_ns += 1000000000;
  tp_engine_set_time(talk->engine, talk->now_ns);
  settle(talk, ROUNDS_TO_REST);
  check_buffers(talk);
}

static void read_setup(void) {
  const char *path = getenv("FUZZ_SETUP");
  if (path == NULL) {
    return;
  }
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    fail("FUZZ_SETUP cannot be read");
  }
  setup_octets = fread(setup, 1, sizeof setup, file);
  fclose(file);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  pipeline_path = getenv("FUZZ_PIPELINE");
  /* Kept open, so that loading it for each input costs nothing. */
  void *object = pipeline_path == NULL ? NULL : dlopen(pipeline_path, RTLD_NOW | RTLD_LOCAL);
  pipeline_ops = object == NULL ? NULL : dlsym(object, "timeplane_pipeline");
  if (pipeline_ops == NULL) {
    fail("FUZZ_PIPELINE must name a compiled pipeline");
  }
  read_setup();
  return 0;
}

static void take_steps(struct talk *talk, const uint8_t *data, size_t octets) {
  struct step step;
  while (next_step(&data, &octets, &step)) {
    take_step(talk, &step);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets) {
  static struct talk talk;
  begin(&talk);
  take_steps(&talk, setup, setup_octets);
  take_steps(&talk, data, octets);
  end(&talk);
  return 0;
}
