/*
 * engine_state.h - the engine's insides, shared by its files and by nobody else.
 *
 * The life of an engine, and the programs that it runs:
 *   engine.c              create, destroy, load, start, stop, clock, oscillator
 *   pipeline.c            loading compiled programs, and each loop's view of one
 *   pipeline.h, primitives.h, shared.h, log.h
 *                         what compiled programs are made with, beside what is in tables/
 *
 * host/, what the host asks of it:
 *   ports.c               ports: add, remove, queues, counters, frames of memory ports
 *   control.c             counters, meters, registers, groups, sessions
 *   control_table.c       tables
 *   control_profile.c     action profiles
 *   rows.c                table entries as clients encode them, into what tables take
 *   message.c             packet-ins, digests and port states, up to the host
 *   log.c                 what programs log, up to the host
 *   privileges.c          what the process may, and gives up
 *
 * frame/, one frame's way:
 *   replication.c         ingress -> traffic manager -> queue, queue -> egress
 *   inbox.c               from a loop to another one's queues
 *   queue.c               the egress queue of a port
 *   transmit_stamp.c      the deferred correction, transmit stamps and what is learned from them
 *   tx_event.c            frames that come back with their transmit time, and that wait for it
 *   pool.c                the buffers
 *
 * ports/, where frames come from and go to:
 *   port.h                any port; those in memory, to the control plane, and that are nowhere
 *
 * link/, ports on Linux interfaces:
 *   port_packet.c, port_xdp.c
 *                         receiving by a packet ring, and by AF_XDP
 *   link_*.c              sending, settings, events and upkeep of either
 *   *_socket.c, xdp_program.c, ethtool.c, hardware_clock.c, kernel_types.c, system_calls.c
 *                         what the kernel has for it
 *
 * tables/, what programs look up and count in:
 *   table*.c              match tables: exact, prefixes, tuples of masks, and what entries have
 *   profile.c, meter.c    action profiles, meters
 *
 * loop/, who does it, and when:
 *   loop.c                rounds over ports and queues, sleeping
 *   loop_thread.c         a loop's thread: processor, priority, rests
 *   lock.c                control calls and loops give way to one another
 *   spin.c                locks for moments
 *   oscillator.c          the dataplane's time where it is not the system's
 *
 * Loops and locks. Ports are spread over loops, each with a thread of its own. A port's state is
 * its loop's, and so are queues, buffers set aside, counters, and the loop's view of the pipeline.
 * A loop works with its own `lock` held, for a burst at a time, and gives way to a control call
 * between bursts; a control call takes the locks of all loops, in their order, after it has let in
 * those that wait already. So they alternate: a stream of table writes does not stall traffic, and
 * traffic does not stall a table write; and a control call never runs beside a lookup. No loop
 * takes another one's lock. What two loops both touch is in shared.h (tables' hits, meters,
 * registers), inbox.h (frames), pool.h (the depot), message.h (the stream) and clock.h (the
 * oscillator), and nowhere else. The host reads loops' logs beside them: see log.h.
 */
#ifndef TIMEPLANE_ENGINE_STATE_H
#define TIMEPLANE_ENGINE_STATE_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "engine.h"
#include "frame/inbox.h"
#include "frame/pool.h"
#include "host/message.h"
#include "link/hardware_clock.h"
#include "log.h"
#include "loop/clock.h"
#include "pipeline.h"
#include "ports/port.h"
#include "tables/profile.h"
#include "tables/table.h"

#define TP_GROUP_COUNT   65536u /* mcast_grp is bit<16> */
#define TP_SESSION_COUNT 65536u
/* Copies of one frame that a group or session may ask for. */
#define TP_REPLICA_LIMIT 4096u
/* Times that one frame may pass ingress again. */
#define TP_PASS_LIMIT 64u

struct tp_replica {
  uint16_t port;
  uint16_t instance;
  uint16_t backup_count; /* of those that follow, so many stand in for it, the first one first */
};

/* A multicast group or clone session. */
struct tp_replicas {
  uint32_t count;
  uint32_t class_of_service;
  uint32_t packet_octets; /* 0: whole frame */
  struct tp_replica list[];
};

struct tp_loaded_pipeline {
  void *shared_object;
  const struct tp_pipeline_ops *ops;           /* null: none loaded */
  struct tp_pipeline state;                    /* what loops share; the rest is null */
  struct tp_counter **counters[TP_LOOP_LIMIT]; /* each loop's own */
};

struct tp_loop_thread {
  bool is_realtime;
  int32_t processor; /* TP_LOOP_ANY_PROCESSOR: any */
  pthread_t id;
  uint64_t rest_counted_ns; /* schedule time; work until then is in owed_rest_ns */
  int64_t owed_rest_ns;
};

/* One of the loops. But for what is marked, it is used with its lock held. */
struct tp_loop {
  struct tp_engine *engine;
  uint32_t number;
  const struct tp_pipeline_ops *ops; /* null: none loaded */
  struct tp_pipeline view;           /* of the loaded pipeline */
  uint64_t schedule_ns;              /* tp_clock_schedule_ns at the start of this burst */
  uint64_t copies;                   /* frames that were put into queues */
  struct tp_pool pool;
  struct tp_packet_list recirculated;
  struct tp_port *active[TP_PORT_COUNT + 1u]; /* its ports */
  uint32_t active_count;
  struct tp_port *nowhere; /* where frames to ports that do not exist go */
  bool is_nowhere_used;    /* it is one of `active` */
  struct tp_messages messages;
  struct tp_log log; /* of the program that it runs */
  uint64_t counters[TP_ENGINE_COUNTER_COUNT];
  uint64_t assertions_since_ns; /* schedule time since which .. */
  uint32_t assertions_told;     /* .. so many messages of failed assertions were sent */
  uint64_t maintenance_ns;      /* CLOCK_MONOTONIC of the next round of maintenance */
  uint32_t unpublished; /* bit i: frames were put into the ring to loop i and not shown yet */
  struct tp_loop_thread thread;
  int link_fd; /* -1: none */

  /* Without the lock: */
  struct tp_inbox *inboxes[TP_LOOP_LIMIT]; /* by writer; null: its own */
  int wake_fd;
  alignas(64) pthread_mutex_t lock;
  atomic_bool is_waiting; /* the loop waits for it */
  atomic_bool is_wanted;  /* a control call does */
  atomic_bool is_asleep;  /* wants to be woken: see inbox.c */
  atomic_bool has_begun;  /* its thread has all that it needs privileges for */
};

struct tp_engine {
  struct tp_loaded_pipeline pipeline;
  struct tp_clock_source clock;
  struct tp_hardware_clocks hardware_clocks; /* of ports' cards */
  struct tp_oscillator oscillator;           /* the clock points to it when it is on */
  alignas(64) struct tp_depot depot;
  alignas(64) struct tp_stream stream;              /* of messages */
  alignas(64) struct tp_port *ports[TP_PORT_COUNT]; /* of all loops */
  struct tp_loop *homes[TP_PORT_COUNT];             /* whose they are */
  struct tp_port *cpu;                              /* may be null */
  uint8_t links[TP_PORT_COUNT]; /* 1: that port's link is up; see tp_port_note_link */
  struct tp_replicas **groups;
  struct tp_replicas **sessions;
  uint32_t max_frame;
  uint32_t packet_count;
  uint64_t random_seed;
  uint64_t hash_seed;

  struct tp_loop *loops[TP_LOOP_LIMIT];
  uint32_t loop_count;
  atomic_bool stop;
  bool is_running; /* written and read by the host's thread only */
  bool is_held;    /* likewise; the host's thread has the locks from one call to another */
  bool has_moved_threads;
  cpu_set_t processors_before; /* of the threads that were moved */
  uint32_t log_turn;           /* the host's: whose log is read first the next time */
  char last_error[256];
};

/* --- lock.c ---------------------------------------------------------------------------------- */
/* Without loops that run the host's thread is alone: a step-by-step host does not pay for the
 * locks. One that holds the engine has them already. */
static inline bool tp_is_alone(const struct tp_engine *engine) {
  return !engine->is_running || engine->is_held;
}

/* For control calls: all loops, or one whose port is all that the call is about. */
void tp_control_lock(struct tp_engine *engine);
void tp_control_unlock(struct tp_engine *engine);
void tp_control_take(struct tp_loop *loop);

/* Gives the lock up; what the call returns. */
static inline int64_t tp_control_leave(struct tp_engine *engine, int64_t result) {
  tp_control_unlock(engine);
  return result;
}

static inline void tp_control_lock_one(struct tp_loop *loop) {
  if (!tp_is_alone(loop->engine)) {
    tp_control_take(loop);
  }
}

static inline void tp_control_unlock_one(struct tp_loop *loop) {
  if (!tp_is_alone(loop->engine)) {
    pthread_mutex_unlock(&loop->lock);
  }
}

/* For the loop itself. */
void tp_loop_lock(struct tp_loop *loop);
void tp_loop_unlock(struct tp_loop *loop);
/* Lets a control call in, if one waits. */
void tp_give_way(struct tp_loop *loop);

/* --- loop.c ---------------------------------------------------------------------------------- */
void *tp_loop_run(void *loop);
/* One round over a loop's ports and queues; frames handled. `is_thread`: may give way in between.
 */
uint32_t tp_round(struct tp_loop *loop, bool is_thread);
/* Lets the frames that are between ingress and egress leave, of all loops, as far as ports take
 * them and their queues are not shaped. For control calls that have all locks. */
void tp_finish_frames(struct tp_engine *engine);
/* Makes a sleeping loop look again; all loops. */
void tp_loop_wake(struct tp_loop *loop);
void tp_wake(struct tp_engine *engine);
/* Schedule time at which a loop's next waiting frame may leave; UINT64_MAX: none waits for its
 * time. */
uint64_t tp_next_release_ns(struct tp_loop *loop);

/* --- loop_thread.c --------------------------------------------------------------------------- */
/* All loops' threads. TP_E_NO_PERMISSION, TP_E_OUT_OF_RANGE, TP_E_SYSTEM. */
int tp_loops_start(struct tp_engine *engine);
void tp_loops_join(struct tp_engine *engine);
/* Returns when the threads of running loops are as they are to be. */
void tp_loops_await_begin(struct tp_engine *engine);
/* Rests where the thread has to and it is time for it. With the lock, which it gives up meanwhile.
 */
void tp_rest_if_due(struct tp_loop *loop);
/* The loop slept by itself. */
void tp_rest_count_sleep(struct tp_loop *loop, uint64_t slept_ns);

/* --- log.c ----------------------------------------------------------------------------------- */
/* TP_E_NO_MEMORY. */
int tp_log_open(struct tp_log *log);
void tp_log_close(struct tp_log *log);
/* Counts what is not read yet as lost: another pipeline is loaded. With the loop's lock. */
void tp_log_discard(struct tp_log *log);

/* --- ports.c --------------------------------------------------------------------------------- */
void tp_port_attach(struct tp_engine *engine, uint32_t number, struct tp_port *port,
                    struct tp_loop *loop);

/* --- replication.c --------------------------------------------------------------------------- */
/* A received frame through ingress and into queues. Takes the packet over. */
void tp_ingress_frame(struct tp_loop *loop, struct tp_port *port, struct tp_packet *packet);
/* The frames that egress sent back to ingress; how many there were. */
uint32_t tp_ingress_recirculated(struct tp_loop *loop);
/* Frames of other loops into this one's queues, of each loop up to `limit`; how many there were. */
uint32_t tp_enqueue_arrived(struct tp_loop *loop, uint32_t limit);
/* A frame that left its queue through egress: the finished frame, or null when it goes no further.
 */
struct tp_packet *tp_egress_frame(struct tp_loop *loop, struct tp_port *port,
                                  struct tp_packet *packet, uint64_t now_ns);
/* The same for a frame that was through egress before; its event.kind says why. */
struct tp_packet *tp_egress_again(struct tp_loop *loop, struct tp_port *port,
                                  struct tp_packet *packet);
/* Clones the frame and the headers that egress left: see clone_egress in pipeline.h. */
void tp_clone_egress(struct tp_pipeline *view, struct tp_packet *from);
/* Drops all frames in queues, on their way and kept for events, and counts them. */
void tp_drop_queued(struct tp_port *port, enum tp_engine_counter reason);
/* Drops what recirculates, and what other loops have for this one: a new pipeline is loaded. */
void tp_drop_arriving(struct tp_loop *loop);

/* --- pipeline.c ------------------------------------------------------------------------------ */
/* For the engine's loops; null: only to see whether it can be. TP_E_BAD_PIPELINE with the reason in
 * `why`, TP_E_NO_MEMORY. */
int tp_pipeline_open(struct tp_loaded_pipeline *pipeline, const char *shared_object,
                     const struct tp_engine *engine, char *why, size_t why_octets);
void tp_pipeline_close(struct tp_loaded_pipeline *pipeline);
/* Makes the engine's pipeline the one that a loop runs. */
void tp_pipeline_view(struct tp_loop *loop);
/* Tells the host which assertion of the program failed for this frame. */
void tp_tell_assertion(struct tp_loop *loop, const struct tp_packet *packet);

/* Shows what was put into other loops' rings since the last time. To be called before `loop` gives
 * its lock up. */
static inline void tp_outbox_publish(struct tp_loop *loop) {
  if (__builtin_expect(loop->unpublished != 0, 0)) {
    tp_outbox_publish_all(loop);
  }
}

static inline void tp_loop_count(struct tp_loop *loop, enum tp_engine_counter counter) {
  loop->counters[counter]++;
}

static inline void tp_loop_drop(struct tp_loop *loop, struct tp_packet *packet,
                                enum tp_engine_counter reason) {
  loop->counters[reason]++;
  tp_pool_give(&loop->pool, packet);
}

/* Sets last_error: printf-like. Returns `code`. For control calls. */
__attribute__((format(printf, 3, 4))) int tp_fail(struct tp_engine *engine, int code,
                                                  const char *format, ...);

#endif
