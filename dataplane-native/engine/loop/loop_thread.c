/*
 * loop_thread.c - the threads of the packet loops: on which processors they run, before whom, and
 * when they rest.
 *
 * A real-time thread that never sleeps is stopped by the kernel in the end: for the last 50 ms of
 * every second where sched_rt_runtime_us is 950,000, and for as long as ordinary threads have
 * starved. Frames would wait for all of that. So the loop rests by itself, a little more than asked
 * of it and in pieces that a frame can wait for. Ordinary threads of its processor run meanwhile.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine_state.h"

_Static_assert(TP_LOOP_LIMIT <= 16, "threads have names with one digit");

/* Lowest of the real-time priorities: before every ordinary thread, after what the system itself
 * runs there. */
#define REALTIME_PRIORITY 1
/* One part in so many; the kernel wants 1 in 20, and a rest's first and last microseconds count as
 * work. */
#define REST_PART INT64_C(13)
#define REST_NS   INT64_C(10000)
/* Sleeping for want of work is resting, too, but not in advance for a whole second. */
#define RESTED_LIMIT_NS INT64_C(10000000)

int tp_engine_set_loop(struct tp_engine *engine, uint32_t thread, uint32_t priority,
                       int32_t processor) {
  if (engine->is_running) {
    return TP_E_BAD_STATE;
  }
  if (thread >= engine->loop_count || priority > TP_LOOP_REALTIME ||
      processor < TP_LOOP_ANY_PROCESSOR || processor >= CPU_SETSIZE) {
    return TP_E_OUT_OF_RANGE;
  }
  engine->loops[thread]->thread.is_realtime = priority == TP_LOOP_REALTIME;
  engine->loops[thread]->thread.processor = processor;
  return TP_OK;
}

/* --- processors ------------------------------------------------------------------------------ */

/* Threads that come later inherit it. One that is gone already does not matter. */
static void move_threads(const cpu_set_t *processors) {
  DIR *tasks = opendir("/proc/self/task");
  if (tasks == NULL) {
    return;
  }
  const struct dirent *entry;
  while ((entry = readdir(tasks)) != NULL) {
    const pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
    if (thread > 0) {
      sched_setaffinity(thread, sizeof *processors, processors);
    }
  }
  closedir(tasks);
}

/* Leaves the loops' processors to the loops, as far as this process goes. */
static int clear_processors(struct tp_engine *engine) {
  if (sched_getaffinity(0, sizeof engine->processors_before, &engine->processors_before) != 0) {
    return tp_fail(engine, TP_E_SYSTEM, "which processors there are: %s", strerror(errno));
  }
  cpu_set_t others = engine->processors_before;
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    const int32_t processor = engine->loops[i]->thread.processor;
    if (processor == TP_LOOP_ANY_PROCESSOR) {
      continue;
    }
    if (!CPU_ISSET((size_t)processor, &engine->processors_before)) {
      return tp_fail(engine, TP_E_OUT_OF_RANGE, "processor %d is not one that this process may use",
                     processor);
    }
    CPU_CLR((size_t)processor, &others);
  }
  engine->has_moved_threads =
      CPU_COUNT(&others) != 0 && !CPU_EQUAL(&others, &engine->processors_before);
  if (engine->has_moved_threads) {
    move_threads(&others);
  }
  return TP_OK;
}

static void give_processors_back(struct tp_engine *engine) {
  if (engine->has_moved_threads) {
    move_threads(&engine->processors_before);
    engine->has_moved_threads = false;
  }
}

/* --- the threads ----------------------------------------------------------------------------- */

static bool is_any_realtime(const struct tp_engine *engine) {
  bool is_any = false;
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    is_any = is_any || engine->loops[i]->thread.is_realtime;
  }
  return is_any;
}

/* Whoever holds the lock that a real-time loop waits for must not be made to wait by a third; who
 * has one loop's lock waits for the next one's. */
static void remake_lock(struct tp_loop *loop) {
  const bool is_inherited = is_any_realtime(loop->engine);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes,
                                is_inherited ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
  pthread_mutex_destroy(&loop->lock);
  if (pthread_mutex_init(&loop->lock, &attributes) != 0) {
    pthread_mutex_init(&loop->lock, NULL);
  }
  pthread_mutexattr_destroy(&attributes);
}

static int create_thread(struct tp_loop *loop) {
  struct tp_loop_thread *thread = &loop->thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (thread->processor != TP_LOOP_ANY_PROCESSOR) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET((size_t)thread->processor, &only);
    pthread_attr_setaffinity_np(&attributes, sizeof only, &only);
  }
  if (thread->is_realtime) {
    const struct sched_param parameters = {.sched_priority = REALTIME_PRIORITY};
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
    pthread_attr_setschedparam(&attributes, &parameters);
  }
  /* Signals are the host's business. */
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&thread->id, &attributes, tp_loop_run, loop);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (error == 0) {
    char name[] = "timeplane-loop\0"; /* 15 octets are a thread's name's limit */
    if (loop->number != 0) {
      name[sizeof "timeplane-loop" - 1] = "0123456789abcdef"[loop->number];
    }
    pthread_setname_np(thread->id, name);
  }
  return error;
}

static void join_threads(struct tp_engine *engine, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    tp_loop_wake(engine->loops[i]);
    pthread_join(engine->loops[i]->thread.id, NULL);
  }
}

int tp_loops_start(struct tp_engine *engine) {
  const int cleared = clear_processors(engine);
  if (cleared != TP_OK) {
    return cleared;
  }
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    atomic_store(&engine->loops[i]->has_begun, false);
    remake_lock(engine->loops[i]);
  }
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    const int error = create_thread(engine->loops[i]);
    if (error != 0) {
      const bool is_denied = error == EPERM && engine->loops[i]->thread.is_realtime;
      atomic_store(&engine->stop, true);
      join_threads(engine, i);
      give_processors_back(engine);
      return tp_fail(engine, is_denied ? TP_E_NO_PERMISSION : TP_E_SYSTEM,
                     "starting the packet loop: %s", strerror(error));
    }
  }
  return TP_OK;
}

void tp_loops_await_begin(struct tp_engine *engine) {
  const struct timespec pause = {.tv_nsec = 100000};
  for (uint32_t i = 0; i < engine->loop_count; i++) {
    while (engine->is_running && !atomic_load(&engine->loops[i]->has_begun)) {
      nanosleep(&pause, NULL);
    }
  }
}

void tp_loops_join(struct tp_engine *engine) {
  join_threads(engine, engine->loop_count);
  give_processors_back(engine);
}

/* --- rest ------------------------------------------------------------------------------------ */

void tp_rest_count_sleep(struct tp_loop *loop, uint64_t slept_ns) {
  struct tp_loop_thread *thread = &loop->thread;
  thread->owed_rest_ns -= (int64_t)slept_ns;
  if (thread->owed_rest_ns < -RESTED_LIMIT_NS) {
    thread->owed_rest_ns = -RESTED_LIMIT_NS;
  }
}

void tp_rest_if_due(struct tp_loop *loop) {
  struct tp_loop_thread *thread = &loop->thread;
  if (!thread->is_realtime) {
    return;
  }
  const int64_t worked_ns = (int64_t)(loop->schedule_ns - thread->rest_counted_ns);
  thread->rest_counted_ns = loop->schedule_ns;
  thread->owed_rest_ns += worked_ns / REST_PART;
  if (thread->owed_rest_ns < REST_NS) {
    return;
  }
  tp_loop_unlock(loop);
  const struct timespec rest = {.tv_nsec = REST_NS};
  const uint64_t begin_ns = tp_clock_read_ns(CLOCK_MONOTONIC);
  ppoll(NULL, 0, &rest, NULL);
  tp_rest_count_sleep(loop, tp_clock_read_ns(CLOCK_MONOTONIC) - begin_ns);
  tp_loop_lock(loop);
}
