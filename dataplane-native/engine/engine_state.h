/*
 * engine_state.h - the engine's insides, shared by its files and by nobody else.
 *
 *   engine.c            life cycle: create, destroy, load, start, stop, ports
 *   control.c           the API onto tables, counters, meters, registers, groups, sessions
 *   control_profile.c   likewise, onto action profiles
 *   loop.c              rounds over ports and queues, sleeping
 *   loop_thread.c       the loop's thread: processor, priority, rests
 *   replication.c       ingress -> traffic manager -> queue, queue -> egress
 *   transmit_stamp.c    the deferred correction, transmit stamps and what is learned from them
 *   tx_event.c          frames that come back with their transmit time, and those that wait for it
 *   message.c           packet-ins, digests and port states, up to the host
 *   pipeline.c          loading compiled pipelines
 *   port_*.c            ports
 *   oscillator.c        the dataplane's time where it is not the system's
 *
 * The lock. Everything below is used with `lock` held. The loop holds it for a burst at a time, and
 * between bursts gives way to a control call that waits (tp_give_way); a control call in its turn
 * lets the loop in first when that one waits already. So they alternate: a stream of table writes
 * does not stall traffic, and traffic does not stall a table write.
 */
#ifndef TIMEPLANE_ENGINE_STATE_H
#define TIMEPLANE_ENGINE_STATE_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "clock.h"
#include "engine.h"
#include "message.h"
#include "pipeline.h"
#include "pool.h"
#include "port.h"
#include "profile.h"
#include "table.h"

#define TP_GROUP_COUNT   65536u /* mcast_grp is bit<16> */
#define TP_SESSION_COUNT 65536u
/* Copies of one frame that a group or session may ask for. */
#define TP_REPLICA_LIMIT 4096u
/* Times that one frame may pass ingress again. */
#define TP_PASS_LIMIT 64u

struct tp_replica {
  uint16_t port;
  uint16_t instance;
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
  const struct tp_pipeline_ops *ops; /* null: none loaded */
  struct tp_pipeline state;
};

struct tp_loop_thread {
  bool is_realtime;
  int32_t processor; /* TP_LOOP_ANY_PROCESSOR: any */
  bool has_moved_threads;
  cpu_set_t processors_before; /* of the threads that were moved */
  uint64_t rest_counted_ns;    /* schedule time; work until then is in owed_rest_ns */
  int64_t owed_rest_ns;
};

struct tp_engine {
  struct tp_loaded_pipeline pipeline;
  struct tp_clock_source clock;
  struct tp_oscillator oscillator; /* the clock points to it when it is on */
  uint64_t schedule_ns;            /* tp_clock_schedule_ns at the start of this burst */
  uint64_t copies;                 /* frames that were put into queues */
  struct tp_pool pool;
  struct tp_packet *recirculated_head;
  struct tp_packet *recirculated_tail;
  struct tp_port *ports[TP_PORT_COUNT];
  struct tp_port *active[TP_PORT_COUNT]; /* the same, without the holes */
  uint32_t active_count;
  struct tp_port *cpu; /* may be null */
  struct tp_replicas **groups;
  struct tp_replicas **sessions;
  struct tp_messages messages;
  uint64_t counters[TP_ENGINE_COUNTER_COUNT];
  uint32_t max_frame;
  uint32_t packet_count;
  uint64_t random_seed;
  uint64_t maintenance_ns; /* CLOCK_MONOTONIC of the next round of maintenance */

  pthread_mutex_t lock;
  atomic_uint control_waiting;
  atomic_bool loop_waiting;
  pthread_t thread;
  struct tp_loop_thread loop;
  bool is_running; /* written and read by the host's thread only */
  bool is_held;    /* likewise; the host's thread has the lock from one call to another */
  atomic_bool stop;
  int wake_fd;
  int link_fd; /* -1: none */
  char last_error[256];
};

/* --- lock ------------------------------------------------------------------------------------ */
void tp_control_lock(struct tp_engine *engine);
void tp_control_unlock(struct tp_engine *engine);
void tp_loop_lock(struct tp_engine *engine);
void tp_give_way(struct tp_engine *engine);

/* --- loop.c ---------------------------------------------------------------------------------- */
void *tp_loop_run(void *engine);
/* One round over all ports and queues; frames handled. `is_loop`: may give way in between. */
uint32_t tp_round(struct tp_engine *engine, bool is_loop);
/* Makes a sleeping loop look again. */
void tp_wake(struct tp_engine *engine);
/* Schedule time at which the next waiting frame may leave; UINT64_MAX: none waits for its time. */
uint64_t tp_next_release_ns(const struct tp_engine *engine);

/* --- loop_thread.c --------------------------------------------------------------------------- */
/* TP_E_NO_PERMISSION, TP_E_OUT_OF_RANGE, TP_E_SYSTEM. */
int tp_loop_start(struct tp_engine *engine);
void tp_loop_join(struct tp_engine *engine);
/* Rests where the thread has to and it is time for it. With the lock, which it gives up meanwhile.
 */
void tp_rest_if_due(struct tp_engine *engine);
/* The loop slept by itself. */
void tp_rest_count_sleep(struct tp_engine *engine, uint64_t slept_ns);

/* --- replication.c --------------------------------------------------------------------------- */
/* A received frame through ingress and into queues. Takes the packet over. */
void tp_ingress_frame(struct tp_engine *engine, struct tp_port *port, struct tp_packet *packet);
/* The frames that egress sent back to ingress; how many there were. */
uint32_t tp_ingress_recirculated(struct tp_engine *engine);
/* A frame that left its queue through egress: the finished frame, or null when it goes no further.
 */
struct tp_packet *tp_egress_frame(struct tp_engine *engine, struct tp_port *port,
                                  struct tp_packet *packet, uint64_t now_ns);
/* The same for a frame that was through egress before; its event.kind says why. */
struct tp_packet *tp_egress_again(struct tp_engine *engine, struct tp_port *port,
                                  struct tp_packet *packet);
/* Drops all frames in queues, on their way and kept for events, and counts them. */
void tp_drop_queued(struct tp_engine *engine, struct tp_port *port, enum tp_engine_counter reason);

/* --- pipeline.c ------------------------------------------------------------------------------ */
/* TP_E_BAD_PIPELINE with the reason in `why`, TP_E_NO_MEMORY. */
int tp_pipeline_open(struct tp_loaded_pipeline *pipeline, const char *shared_object, char *why,
                     size_t why_octets);
void tp_pipeline_close(struct tp_loaded_pipeline *pipeline);

static inline void tp_engine_count(struct tp_engine *engine, enum tp_engine_counter counter) {
  engine->counters[counter]++;
}

static inline void tp_engine_drop(struct tp_engine *engine, struct tp_packet *packet,
                                  enum tp_engine_counter reason) {
  engine->counters[reason]++;
  tp_pool_give(&engine->pool, packet);
}

/* Sets last_error: printf-like. Returns `code`. */
__attribute__((format(printf, 3, 4))) int tp_fail(struct tp_engine *engine, int code,
                                                  const char *format, ...);

#endif
