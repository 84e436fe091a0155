/*
 * engine.h - what the engine offers to its host (through koffi) and to C programs.
 *
 * Conventions: every call returns 0 or a positive count, or a negative TP_E… code; the caller owns
 * all buffers; a string is UTF-8 and ends in NUL. All calls may be made from one thread only (the
 * host's); they take the locks of the packet loops, which give them up between bursts. After
 * tp_engine_create and tp_port_add_* nothing is allocated per frame.
 */
#ifndef TIMEPLANE_ENGINE_H
#define TIMEPLANE_ENGINE_H

#include <stdint.h>

#define TP_API __attribute__((visibility("default")))

enum tp_error {
  TP_OK = 0,
  TP_E_NO_MEMORY = -1,
  TP_E_NO_SUCH_INTERFACE = -2,
  TP_E_NO_PERMISSION = -3,
  TP_E_PORT_IN_USE = -4,
  TP_E_NO_SUCH_PORT = -5,
  TP_E_BAD_PIPELINE = -6, /* cannot be loaded, or another ABI version */
  TP_E_NO_PIPELINE = -7,
  TP_E_NOT_FOUND = -8,
  TP_E_EXISTS = -9,
  TP_E_FULL = -10,
  TP_E_OUT_OF_RANGE = -11,
  TP_E_BAD_STATE = -12, /* e.g. step while the loop runs */
  TP_E_SYSTEM = -13,    /* tp_engine_last_error has the errno text */
};

struct tp_engine;

/* Packet loops, each with a thread of its own, that an engine may have. */
#define TP_LOOP_LIMIT 16u

/* Clock kinds. SYSTEM is CLOCK_REALTIME, what the kernel's software timestamps are in. */
enum tp_clock { TP_CLOCK_SYSTEM = 0, TP_CLOCK_VIRTUAL = 1 };

struct tp_engine_config {
  uint32_t clock;        /* enum tp_clock */
  uint32_t cpu_port;     /* frames for this port go to message_fd as packet-ins */
  int32_t message_fd;    /* non-blocking stream socket; -1: none; the engine closes it at the end */
  uint32_t packet_count; /* packet buffers; 0: 8192 */
  uint32_t max_frame;    /* octets; 0: 9216 */
  uint32_t threads;      /* packet loops, 1 to TP_LOOP_LIMIT; 0: 1 */
  uint64_t random_seed;  /* of the program's random numbers, which frames may tell; 0: 1 */
  uint64_t hash_seed;    /* of the tables' hashes, a secret; 0: drawn by chance */
};
_Static_assert(sizeof(struct tp_engine_config) == 40, "bound by the host: see binding/engine.ts");

TP_API uint32_t tp_abi_version(void);
/* A pair of connected non-blocking stream sockets: out[0] for message_fd, out[1] for the host. */
TP_API int tp_message_pair(int32_t out[2]);
TP_API int tp_engine_create(const struct tp_engine_config *config, struct tp_engine **out);
TP_API void tp_engine_destroy(struct tp_engine *engine);
/* Text of the last TP_E_SYSTEM or TP_E_BAD_PIPELINE; valid until the next call. */
TP_API const char *tp_engine_last_error(struct tp_engine *engine);

/* Loads a compiled pipeline. The old one's state is gone. Frames that are between its ingress and
 * egress leave first; those that cannot yet (their queue is shaped, their port takes no more, they
 * wait for a TX event) are dropped and counted. tp_pipeline_check only tries: 0 if it could be
 * loaded. */
TP_API int tp_engine_load(struct tp_engine *engine, const char *shared_object);
TP_API int tp_pipeline_check(const char *shared_object, char *why, uint32_t why_octets);

/*
 * How a packet loop's thread is to run; before it is started. REALTIME: before every ordinary
 * thread (SCHED_FIFO), with a rest of 10 us after every 130 us of work, which is what the kernel
 * would otherwise take at once; needs CAP_SYS_NICE. NORMAL, as it begins: an ordinary thread of a
 * low nice value where that is permitted. With a processor, the loop runs on that one, and all
 * threads of this process that have none on others, if there are any. BAD_STATE: it runs;
 * OUT_OF_RANGE.
 */
enum tp_loop_priority { TP_LOOP_NORMAL = 0, TP_LOOP_REALTIME = 1 };
#define TP_LOOP_ANY_PROCESSOR (-1)
TP_API int tp_engine_set_loop(struct tp_engine *engine, uint32_t thread, uint32_t priority,
                              int32_t processor);
/* The packet loops, each on a thread of its own. NO_PERMISSION: to be a real-time thread;
 * OUT_OF_RANGE: not a processor that this process may use. */
TP_API int tp_engine_start(struct tp_engine *engine);
TP_API int tp_engine_stop(struct tp_engine *engine);
/*
 * Several calls as one, as traffic sees them: between hold and resume no loop handles a frame;
 * frames wait in their ports' rings, as long as these have room, with their receive times; those
 * that are between ingress and egress leave before, if they can. To load a pipeline together with
 * its default actions and entries. BAD_STATE: held, or not held; start and
 * step too while it is held. Without a loop nothing has to wait; stop and destroy resume first.
 */
TP_API int tp_engine_hold(struct tp_engine *engine);
TP_API int tp_engine_resume(struct tp_engine *engine);
/* Or on the caller's thread: one round over all ports and queues; returns frames handled. With a
 * virtual clock frames wait in shaped queues, and for TX events, until tp_engine_set_time says
 * their time has come. */
TP_API int tp_engine_step(struct tp_engine *engine);
TP_API int tp_engine_set_time(struct tp_engine *engine, uint64_t now_ns);
TP_API uint64_t tp_engine_now(struct tp_engine *engine);
/*
 * Gives the dataplane's clock an oscillator of its own from now on: `offset_ns` ahead, faster by
 * `rate_offset` / 2^41, and wandering: `wander` / 2^41 is the standard deviation of the rate's
 * change in a second, a random walk from `seed`. Every stamp, now and the program see it; queues,
 * virtual time and what memory ports are given and give keep the clock beneath. Before ports are
 * added (BAD_STATE otherwise). OUT_OF_RANGE: beyond 1000 ppm, or time before 1970.
 */
TP_API int tp_engine_set_oscillator(struct tp_engine *engine, int64_t offset_ns,
                                    int64_t rate_offset, uint64_t wander, uint64_t seed);
/*
 * The straight lines that it is made of, each for 2^27 ns; the last 256 are kept. Writes those from
 * index `first` on, `count` at most, five words each: index, the clock beneath and the dataplane's
 * at its beginning, the latter's fraction in 2^-41 ns, rate offset (signed). Returns how many.
 *   dataplane's = its beginning + e + ((e * rate_offset + fraction) >> 41), e = elapsed beneath
 * NOT_FOUND: there is no oscillator.
 */
TP_API int tp_engine_oscillator_lines(struct tp_engine *engine, uint64_t first, uint32_t count,
                                      uint64_t *out);
/* When the next frame that waits in a queue may leave, or a frame that waits for a TX event is
 * brought again; UINT64_MAX: none waits. For a host that steps a virtual clock. */
TP_API uint64_t tp_engine_next_time(struct tp_engine *engine);

/*
 * Capabilities (capabilities(7)) as bits by their numbers. Held: by any thread of this process, to
 * use or to take up again. Keep: every thread gives up all others, for good and for every program
 * that it will start; for when all ports are open and the loops run. An interface that comes back
 * needs none to be a port again, but one with AF_XDP does (NET_RAW, NET_ADMIN, BPF). SYSTEM: some
 * thread has not followed.
 */
TP_API uint64_t tp_privileges_held(void);
TP_API int tp_engine_keep_privileges(struct tp_engine *engine, uint64_t keep);

/* --- ports ---------------------------------------------------------------------------------- */

/*
 * Before an interface becomes a port: offloads that make other frames of those on the line are
 * turned off, and the card is told to stamp. AUTO: where it can stamp all that PTP needs; HARDWARE:
 * or SYSTEM with the reason. Returns an enum tp_link_stamping; `before` is what to give back to
 * tp_link_restore, `remark` what went otherwise than it should, or empty.
 * NO_SUCH_INTERFACE (restore: or another one under its name), OUT_OF_RANGE, SYSTEM.
 */
enum tp_port_io { TP_PORT_IO_AUTO = 0, TP_PORT_IO_PACKET = 1, TP_PORT_IO_XDP = 2 };
enum tp_link_stamping { TP_LINK_SOFTWARE = 0, TP_LINK_HARDWARE = 1 };
enum tp_link_stamps {
  TP_LINK_STAMPS_AUTO = 0,
  TP_LINK_STAMPS_SOFTWARE = 1,
  TP_LINK_STAMPS_HARDWARE = 2
};
enum tp_link_setting {
  TP_LINK_INDEX,            /* of the interface */
  TP_LINK_OFFLOADS,         /* turned off: a set of our own */
  TP_LINK_STAMPING_CHANGED, /* 1 or 0; then what it was: */
  TP_LINK_STAMPING_FLAGS,
  TP_LINK_STAMPING_TRANSMIT,
  TP_LINK_STAMPING_RECEIVE,
  TP_LINK_SETTING_COUNT
};
TP_API int tp_link_settle(const char *interface, uint32_t io, uint32_t stamps, uint64_t *before,
                          char *remark, uint32_t remark_octets);
TP_API int tp_link_restore(const char *interface, const uint64_t *before);

/*
 * A Linux interface. AUTO: received through an AF_PACKET ring, sent through an AF_XDP socket where
 * one is to be had, which is the fastest that has all of the kernel's stamps; PACKET: AF_PACKET
 * both ways; XDP: AF_XDP both ways.
 */
/* `stamping`: who stamps frames, the kernel or the card, as tp_link_settle has found. */
TP_API int tp_port_add_link(struct tp_engine *engine, uint32_t port, const char *interface,
                            uint32_t io, uint32_t stamping);
/* What is in use: see the enumeration. NO_SUCH_PORT: not a Linux interface. */
enum tp_link_fact {
  TP_LINK_SENDS_BY_XDP, /* 1 or 0 */
  TP_LINK_RECEIVES_BY_XDP,
  TP_LINK_ZERO_COPY,
  TP_LINK_HARDWARE_STAMPS, /* the card stamps frames, or some of them */
  TP_LINK_FACT_COUNT
};
TP_API int tp_port_link_facts(struct tp_engine *engine, uint32_t port, uint64_t *out);
TP_API int tp_port_add_memory(struct tp_engine *engine, uint32_t port);
TP_API int tp_port_remove(struct tp_engine *engine, uint32_t port);
/*
 * A port belongs to one of the packet loops, 0 to config.threads - 1, which receives and sends for
 * it: to the one with the fewest ports, at first, and of those to the first. The CPU port is the
 * first loop's and does not count. Frames of one port to another stay in order, whatever loops the
 * two belong to, and when one changes its loop. OUT_OF_RANGE: no such loop, or the CPU port, which
 * stays where it is.
 */
TP_API int tp_port_set_thread(struct tp_engine *engine, uint32_t port, uint32_t thread);
/* The loop's number, or NO_SUCH_PORT. */
TP_API int tp_port_thread(struct tp_engine *engine, uint32_t port);
/* rate_bps 0: as fast as the port takes frames (no waiting in the queue but for back pressure).
 * The rate counts frame octets + overhead_octets (FCS, preamble, gap: 24 on a wire). The bound
 * holds for each priority on its own; 0 is 256 KiB. priority_count is 1 to 8:
 * standard_metadata.priority of a higher number leaves first, one beyond the count is taken for the
 * highest. */
TP_API int tp_port_set_queue(struct tp_engine *engine, uint32_t port, uint64_t rate_bps,
                             uint32_t overhead_octets, uint32_t bound_octets,
                             uint32_t priority_count);

/* Indices into tp_port_counters' array. */
enum tp_port_counter {
  TP_PORT_RX_FRAMES,
  TP_PORT_RX_OCTETS,
  TP_PORT_TX_FRAMES,
  TP_PORT_TX_OCTETS,
  TP_PORT_RX_KERNEL_DROPS,    /* the ring was full */
  TP_PORT_RX_OVERSIZE,        /* longer than max_frame */
  TP_PORT_RX_NO_TIMESTAMP,    /* the kernel gave none: the clock was read instead */
  TP_PORT_RX_CHECKSUM_FILLED, /* checksum offload left it to the receiver */
  TP_PORT_TX_QUEUE_FULL,      /* dropped: the queue's bound */
  TP_PORT_TX_ERRORS,          /* dropped: the kernel refused it */
  TP_PORT_TX_CORRECTED,       /* frames whose correction was completed here */
  TP_PORT_TX_CORRECTION_LOST, /* dropped: the clock went back, or the offset is outside the frame */
  TP_PORT_TX_SATURATED,       /* correctionField at its limit */
  TP_PORT_TX_STAMPS,          /* kernel transmit timestamps seen */
  TP_PORT_TX_STAMPS_MISSING,
  TP_PORT_LINK_UP,        /* 1 or 0 */
  TP_PORT_QUEUE_OCTETS,   /* now waiting */
  TP_PORT_TX_EVENTS,      /* frames that egress saw again with their transmit time */
  TP_PORT_TX_EVENTS_LOST, /* sent frames that it did not: no stamp in time, or too many wait for one
                           */
  TP_PORT_TX_WAITS,       /* frames that waited for a TX event */
  TP_PORT_TX_WAITS_LOST,  /* dropped: too many waited, or one would not end */
  TP_PORT_COUNTER_COUNT
};
TP_API int tp_port_counters(struct tp_engine *engine, uint32_t port, uint64_t *out);

/* The time from the engine's own transmit instant to the kernel's transmit stamp, as learned, ns:
 * out[0] what was compensated for the last frame, [1] how many stamps were learned from; of the
 * last 256 stamps of frames after a pause and the last 256 of others: [2] p50, [3] p99, [4] max. */
TP_API int tp_port_tx_latency(struct tp_engine *engine, uint32_t port, int64_t out[5]);
/* How far the same stamps were from what was compensated, ns: [0] p50, [1] p99. */
TP_API int tp_port_tx_misses(struct tp_engine *engine, uint32_t port, int64_t out[2]);
/* Fixes the compensation (>= 0) or lets it be learned again (-1). */
TP_API int tp_port_set_tx_latency(struct tp_engine *engine, uint32_t port, int64_t latency_ns);

/* A memory port's transmit stamps come so long after the frame was sent; 0, as it begins: at once;
 * UINT64_MAX: never. */
TP_API int tp_port_set_stamp_delay(struct tp_engine *engine, uint32_t port, uint64_t delay_ns);

/* A memory port's link; up, as it begins. What is sent while it is down is dropped (TX_ERRORS). */
TP_API int tp_port_set_link(struct tp_engine *engine, uint32_t port, uint32_t is_up);

/* Memory ports. Inject: a frame arrives at rx_time_ns (0: now). Take: the oldest sent frame's
 * length, or TP_E_NOT_FOUND; *tx_time_ns is when it left. Both are times outside, of the clock
 * beneath an oscillator. */
TP_API int tp_port_inject(struct tp_engine *engine, uint32_t port, const uint8_t *frame,
                          uint32_t octets, uint64_t rx_time_ns);
TP_API int tp_port_take(struct tp_engine *engine, uint32_t port, uint8_t *frame, uint32_t capacity,
                        uint64_t *tx_time_ns);

/* A frame from the control plane: enters ingress with ingress_port == cpu_port. */
TP_API int tp_packet_out(struct tp_engine *engine, const uint8_t *frame, uint32_t octets);

/* --- pipeline state --------------------------------------------------------------------------
 * `table`, `action`, `counter`, `meter`, `register` are indices of the compiler's layout. Keys,
 * masks and arguments are host-order 64-bit words as the layout says. */

/*
 * Inserts an entry and returns its handle (>= 0).
 * EXACT: mask is ignored. LPM: mask is contiguous in the lpm field and all ones in exact ones.
 * TERNARY: a key word matches if (word & mask) == (key & mask); a range field uses `key` as its low
 * and `mask` as its high end (bit i of range_words is set for such words); higher priority wins.
 */
TP_API int64_t tp_table_insert(struct tp_engine *engine, uint32_t table, const uint64_t *key,
                               const uint64_t *mask, uint32_t range_words, int32_t priority,
                               uint32_t action, const uint64_t *args, uint32_t arg_words);
TP_API int tp_table_modify(struct tp_engine *engine, uint32_t table, int64_t handle,
                           uint32_t action, const uint64_t *args, uint32_t arg_words);
TP_API int tp_table_remove(struct tp_engine *engine, uint32_t table, int64_t handle);
/* The handle of the entry with just this match and, TERNARY, priority. NOT_FOUND. */
TP_API int64_t tp_table_find(struct tp_engine *engine, uint32_t table, const uint64_t *key,
                             const uint64_t *mask, int32_t priority);

/*
 * Many entries of one table in one call. A row is its head, then key, mask (ranges are those of the
 * table) and arguments, in the table's own numbers of words. Write: operations[i] is done to row i,
 * by its match and priority; results[i] is the entry's handle or a negative error; returns how many
 * are errors. Frames go between slices of them, unless the engine is held. Read: `count` rows at
 * most, from entry *from on, which is moved on; returns how many. Where it is beyond the last entry
 * then, *from is UINT32_MAX.
 */
enum tp_row_word { TP_ROW_HANDLE, TP_ROW_PRIORITY, TP_ROW_ACTION, TP_ROW_HEAD_WORDS };
enum tp_row_operation { TP_ROW_INSERT = 1, TP_ROW_MODIFY = 2, TP_ROW_REMOVE = 3 };
TP_API int tp_table_write(struct tp_engine *engine, uint32_t table, uint32_t count,
                          const uint8_t *operations, const uint64_t *rows, int64_t *results);
TP_API int tp_table_read(struct tp_engine *engine, uint32_t table, uint32_t *from, uint32_t count,
                         uint64_t *rows);
TP_API int tp_table_read_one(struct tp_engine *engine, uint32_t table, int64_t handle,
                             uint64_t *row);

/*
 * Makes rows of the updates of a P4Runtime Write, whose encodings are octets[bounds[2 * i]] up to
 * octets[bounds[2 * i + 1]]. `plan` says what the table's messages mean: see rows.c. Returns how
 * many of `count` are made; the next one is of another table, has more than a row says, or is
 * wrong. Numbers of enum tp_row_operation are those of Update.Type.
 */
#define TP_PLAN_MOST_BITS 1024u /* of a field or parameter */
TP_API int tp_rows_decode(const uint32_t *plan, const uint8_t *octets, const uint32_t *bounds,
                          uint32_t count, uint32_t only_inserts, uint64_t *rows,
                          uint8_t *operations);

/*
 * Idle times of entries, of tables that the program says support them. An entry's time begins when
 * it is inserted and with every hit; with set_timeout too as far as its timeout (0: none) goes.
 * take_idle returns up to `count` handles of entries whose timeout is over; it begins anew for
 * them. *from is as in tp_table_read.
 */
TP_API int tp_table_set_timeout(struct tp_engine *engine, uint32_t table, int64_t handle,
                                uint64_t timeout_ns);
TP_API int tp_table_read_idle(struct tp_engine *engine, uint32_t table, int64_t handle,
                              uint64_t *idle_ns);
TP_API int tp_table_take_idle(struct tp_engine *engine, uint32_t table, uint32_t *from,
                              uint32_t count, int64_t *handles);
TP_API int tp_table_set_default(struct tp_engine *engine, uint32_t table, uint32_t action,
                                const uint64_t *args, uint32_t arg_words);
/* out: packets, octets. handle -1: the default entry's. */
TP_API int tp_table_read_counter(struct tp_engine *engine, uint32_t table, int64_t handle,
                                 uint64_t out[2]);
TP_API int tp_table_write_counter(struct tp_engine *engine, uint32_t table, int64_t handle,
                                  uint64_t packets, uint64_t octets);

/*
 * Direct meters. `words` are the committed rate and burst, then the peak rate and burst, in frames
 * or octets (a second); null: no configuration, every frame is green. With UINT64_MAX for the peak
 * rate there is a single rate, and the last word is the excess burst. OUT_OF_RANGE: no direct
 * meter, another number of 2^63 or more, a peak rate below the committed one. Handle -1: the
 * default entry's, which is executed only while it is configured. Read: 1 and the words; 0 and
 * zeros when it is not configured.
 */
TP_API int tp_table_write_meter(struct tp_engine *engine, uint32_t table, int64_t handle,
                                const uint64_t *words);
TP_API int tp_table_read_meter(struct tp_engine *engine, uint32_t table, int64_t handle,
                               uint64_t out[4]);
/* Frames that a meter was executed for: packets and octets of green, yellow, red. Configuring it
 * leaves them. */
TP_API int tp_table_read_meter_counts(struct tp_engine *engine, uint32_t table, int64_t handle,
                                      uint64_t out[6]);
TP_API int tp_table_reset_meter_counts(struct tp_engine *engine, uint32_t table, int64_t handle);
/* All that a meter is, its buckets' levels and counts too, to be put back later. */
#define TP_METER_STATE_WORDS 16
TP_API int tp_table_save_meter(struct tp_engine *engine, uint32_t table, int64_t handle,
                               uint64_t out[TP_METER_STATE_WORDS]);
TP_API int tp_table_restore_meter(struct tp_engine *engine, uint32_t table, int64_t handle,
                                  const uint64_t state[TP_METER_STATE_WORDS]);

/*
 * Action profiles. A member is an action with arguments, a group a list of members (each as often
 * as its weight says); both are named by the index that adding returns. An entry of a table with a
 * profile has, as its action, 0 for a member or 1 for a group, and that index as its argument. Who
 * removes what entries refer to makes them do nothing.
 */
TP_API int64_t tp_member_add(struct tp_engine *engine, uint32_t profile, uint32_t action,
                             const uint64_t *args, uint32_t arg_words);
TP_API int tp_member_modify(struct tp_engine *engine, uint32_t profile, uint32_t member,
                            uint32_t action, const uint64_t *args, uint32_t arg_words);
TP_API int tp_member_remove(struct tp_engine *engine, uint32_t profile, uint32_t member);
/* `watch_ports` (null: none): each member's port without whose link it is not chosen, TP_NO_WATCH
 * for none. The member `base_plus1` - 1, if that is not 0, runs its action before the chosen one.
 * `is_random`: chosen by chance, not by the hash. OUT_OF_RANGE: a member or port that cannot be. */
#define TP_NO_WATCH UINT32_MAX
TP_API int64_t tp_group_add(struct tp_engine *engine, uint32_t profile, const uint32_t *members,
                            const uint32_t *watch_ports, uint32_t count, uint32_t base_plus1,
                            uint32_t is_random);
TP_API int tp_group_modify(struct tp_engine *engine, uint32_t profile, uint32_t group,
                           const uint32_t *members, const uint32_t *watch_ports, uint32_t count,
                           uint32_t base_plus1, uint32_t is_random);
TP_API int tp_group_remove(struct tp_engine *engine, uint32_t profile, uint32_t group);

/* Reads `count` cells from `index` on: out gets packets, octets of each. */
TP_API int tp_counter_read(struct tp_engine *engine, uint32_t counter, uint32_t index,
                           uint32_t count, uint64_t *out);
TP_API int tp_counter_write(struct tp_engine *engine, uint32_t counter, uint32_t index,
                            uint32_t count, const uint64_t *values);
/* Meters: words as above. Writes `count` cells from `index` on. Read: five words for each cell, the
 * first one 1 or 0, as tp_table_read_meter would return. */
TP_API int tp_meter_write(struct tp_engine *engine, uint32_t meter, uint32_t index, uint32_t count,
                          const uint64_t *words);
TP_API int tp_meter_read(struct tp_engine *engine, uint32_t meter, uint32_t index, uint32_t count,
                         uint64_t *out);
/* As for direct meters, for `count` cells. */
TP_API int tp_meter_read_counts(struct tp_engine *engine, uint32_t meter, uint32_t index,
                                uint32_t count, uint64_t *out);
TP_API int tp_meter_reset_counts(struct tp_engine *engine, uint32_t meter, uint32_t index,
                                 uint32_t count);
TP_API int tp_meter_save(struct tp_engine *engine, uint32_t meter, uint32_t index, uint32_t count,
                         uint64_t *out);
TP_API int tp_meter_restore(struct tp_engine *engine, uint32_t meter, uint32_t index,
                            uint32_t count, const uint64_t *state);
/* 64-bit words of one cell of a register array. */
TP_API int tp_register_cell_words(struct tp_engine *engine, uint32_t reg);
TP_API int tp_register_read(struct tp_engine *engine, uint32_t reg, uint32_t index, uint32_t count,
                            uint64_t *out);
TP_API int tp_register_write(struct tp_engine *engine, uint32_t reg, uint32_t index, uint32_t count,
                             const uint64_t *words);

/* Replication. Replaces the whole group or session; count 0 removes it. A port with TP_BACKUP
 * stands in for the one before it, and for those that stand in for that: of such a row the first
 * whose link is up gets the copy, or the first of all where none is. */
#define TP_BACKUP (UINT32_C(1) << 31)
TP_API int tp_multicast_group_set(struct tp_engine *engine, uint32_t group, const uint32_t *ports,
                                  const uint32_t *instances, uint32_t count);
TP_API int tp_clone_session_set(struct tp_engine *engine, uint32_t session, const uint32_t *ports,
                                const uint32_t *instances, uint32_t count,
                                uint32_t class_of_service, uint32_t packet_octets);

/* --- counters of the engine itself -------------------------------------------------------- */
enum tp_engine_counter {
  TP_ENGINE_DROPPED_BY_PROGRAM,   /* egress_spec or egress port 511, no group and no clone */
  TP_ENGINE_DROPPED_BY_ASSERTION, /* an assert or assume of the program failed */
  TP_ENGINE_DROPPED_NO_PORT,      /* to a port that does not exist, after egress */
  TP_ENGINE_DROPPED_NO_GROUP,     /* to a multicast group that does not exist */
  TP_ENGINE_DROPPED_NO_SESSION,   /* to a clone session that does not exist */
  TP_ENGINE_DROPPED_NO_BUFFER,
  TP_ENGINE_DROPPED_NO_PIPELINE,
  TP_ENGINE_DROPPED_HEADROOM,
  TP_ENGINE_DROPPED_LOOPS, /* resubmitted or recirculated too often */
  TP_ENGINE_DROPPED_RELOAD,
  TP_ENGINE_DROPPED_INBOX_FULL, /* to a port of another thread, which fell behind */
  TP_ENGINE_PACKET_INS,
  TP_ENGINE_PACKET_INS_LOST, /* the host did not read in time */
  TP_ENGINE_DIGESTS,
  TP_ENGINE_DIGESTS_LOST,
  TP_ENGINE_LOG_MESSAGES,
  TP_ENGINE_LOG_MESSAGES_LOST, /* likewise, or a pipeline was loaded meanwhile */
  TP_ENGINE_COUNTER_COUNT
};
TP_API int tp_engine_counters(struct tp_engine *engine, uint64_t *out);

/*
 * What the program logged since the last call, as records of log.h: those of each loop in their
 * order. Returns the words written; 0: there is nothing. `capacity`, in words, at least
 * TP_LOG_READ_WORDS; what there was no room for comes in the next call. Does not take the locks.
 */
#define TP_LOG_READ_WORDS 1024u
TP_API int tp_engine_read_log(struct tp_engine *engine, uint64_t *out, uint32_t capacity);

/*
 * Messages on message_fd, each with this header, little-endian, octets counting what follows it:
 *   PACKET_IN: the frame as the deparser left it.
 *   DIGEST: uint32 list, uint32 words, then the words.
 *   PORT_STATUS: uint32 port, uint32 up.
 *   ASSERTION: uint32 number, as in the layout; uint32 ingress port. Of many in a second, some.
 * A message that does not fit at once is dropped and counted; none is ever cut.
 */
enum tp_message_kind {
  TP_MESSAGE_PACKET_IN = 1,
  TP_MESSAGE_DIGEST = 2,
  TP_MESSAGE_PORT_STATUS = 3,
  TP_MESSAGE_ASSERTION = 4
};
struct tp_message_header {
  uint32_t kind;
  uint32_t octets;
};

#endif
