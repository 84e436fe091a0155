/*
 * loop_thread.c - the thread of the packet loop: on which processor it runs, before whom, and when
 * it rests.
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

/* Lowest of the real-time priorities: before every ordinary thread, after what the system itself
 * runs there. */
#define REALTIME_PRIORITY 1
/* One part in so many; the kernel wants 1 in 20, and a rest's first and last microseconds count as
 * work. */
#define REST_PART INT64_C(13)
#define REST_NS   INT64_C(10000)
/* Sleeping for want of work is resting, too, but not in advance for a whole second. */
#define RESTED_LIMIT_NS INT64_C(10000000)

int tp_engine_set_loop(struct tp_engine *engine, uint32_t priority, int32_t processor) {
  if (engine->is_running) {
    return TP_E_BAD_STATE;
  }
  if (priority > TP_LOOP_REALTIME || processor < TP_LOOP_ANY_PROCESSOR ||
      processor >= CPU_SETSIZE) {
    return TP_E_OUT_OF_RANGE;
  }
  engine->loop.is_realtime = priority == TP_LOOP_REALTIME;
  engine->loop.processor = processor;
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

/* Leaves the loop's processor to the loop, as far as this process goes. */
static int clear_processor(struct tp_engine *engine) {
  struct tp_loop_thread *loop = &engine->loop;
  if (loop->processor == TP_LOOP_ANY_PROCESSOR) {
    return TP_OK;
  }
  const size_t number = (size_t)loop->processor;
  CPU_ZERO(&loop->processors_before);
  if (sched_getaffinity(0, sizeof loop->processors_before, &loop->processors_before) != 0 ||
      !CPU_ISSET(number, &loop->processors_before)) {
    return tp_fail(engine, TP_E_OUT_OF_RANGE, "processor %d is not one that this process may use",
                   loop->processor);
  }
  cpu_set_t others = loop->processors_before;
  CPU_CLR(number, &others);
  loop->has_moved_threads = CPU_COUNT(&others) != 0;
  if (loop->has_moved_threads) {
    move_threads(&others);
  }
  return TP_OK;
}

static void give_processor_back(struct tp_engine *engine) {
  if (engine->loop.has_moved_threads) {
    move_threads(&engine->loop.processors_before);
    engine->loop.has_moved_threads = false;
  }
}

/* --- the thread ------------------------------------------------------------------------------ */

/* Whoever holds the lock that a real-time loop waits for must not be made to wait by a third. */
static void remake_lock(struct tp_engine *engine) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, engine->loop.is_realtime ? PTHREAD_PRIO_INHERIT
                                                                      : PTHREAD_PRIO_NONE);
  pthread_mutex_destroy(&engine->lock);
  if (pthread_mutex_init(&engine->lock, &attributes) != 0) {
    pthread_mutex_init(&engine->lock, NULL);
  }
  pthread_mutexattr_destroy(&attributes);
}

static int create_thread(struct tp_engine *engine) {
  const struct tp_loop_thread *loop = &engine->loop;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (loop->processor != TP_LOOP_ANY_PROCESSOR) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET((size_t)loop->processor, &only);
    pthread_attr_setaffinity_np(&attributes, sizeof only, &only);
  }
  if (loop->is_realtime) {
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
  const int error = pthread_create(&engine->thread, &attributes, tp_loop_run, engine);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return error;
}

int tp_loop_start(struct tp_engine *engine) {
  const int cleared = clear_processor(engine);
  if (cleared != TP_OK) {
    return cleared;
  }
  remake_lock(engine);
  const int error = create_thread(engine);
  if (error == 0) {
    pthread_setname_np(engine->thread, "timeplane-loop");
    return TP_OK;
  }
  give_processor_back(engine);
  const bool is_denied = error == EPERM && engine->loop.is_realtime;
  return tp_fail(engine, is_denied ? TP_E_NO_PERMISSION : TP_E_SYSTEM,
                 "starting the packet loop: %s", strerror(error));
}

void tp_loop_join(struct tp_engine *engine) {
  pthread_join(engine->thread, NULL);
  give_processor_back(engine);
}

/* --- rest ------------------------------------------------------------------------------------ */

void tp_rest_count_sleep(struct tp_engine *engine, uint64_t slept_ns) {
  struct tp_loop_thread *loop = &engine->loop;
  loop->owed_rest_ns -= (int64_t)slept_ns;
  if (loop->owed_rest_ns < -RESTED_LIMIT_NS) {
    loop->owed_rest_ns = -RESTED_LIMIT_NS;
  }
}

void tp_rest_if_due(struct tp_engine *engine) {
  struct tp_loop_thread *loop = &engine->loop;
  if (!loop->is_realtime) {
    return;
  }
  const int64_t worked_ns = (int64_t)(engine->schedule_ns - loop->rest_counted_ns);
  loop->rest_counted_ns = engine->schedule_ns;
  loop->owed_rest_ns += worked_ns / REST_PART;
  if (loop->owed_rest_ns < REST_NS) {
    return;
  }
  pthread_mutex_unlock(&engine->lock);
  const struct timespec rest = {.tv_nsec = REST_NS};
  const uint64_t begin_ns = tp_clock_read_ns(CLOCK_MONOTONIC);
  ppoll(NULL, 0, &rest, NULL);
  tp_rest_count_sleep(engine, tp_clock_read_ns(CLOCK_MONOTONIC) - begin_ns);
  tp_loop_lock(engine);
}
