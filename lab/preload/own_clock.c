/* Gives a program that is preloaded with it (LD_PRELOAD) a system clock of its own, to steer as it
 * likes: for ptp4l with software timestamps, which else could only steer the clock of the machine.
 *
 *   the kernel's time ── oscillator (as the embedded switch has it) ── frequency and steps that the
 *   program asked for ── what it sees: clock_gettime, and every stamp that recvmsg brings
 *
 * clock_adjtime never reaches the kernel. What it was told is kept: a frame that was stamped before
 * a step has the time of before, as with a real clock.
 *
 * TIMEPLANE_OWN_CLOCK is "OFFSET RATE WANDER SEED", as tp_engine_set_oscillator takes them. With
 * TIMEPLANE_OWN_CLOCK_TRACE, a file, a line is written for every change: the kernel's time, this
 * clock's, and its frequency in 2^-16 ppm.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>

#include "loop/oscillator.c"

#define NS_PER_S         INT64_C(1000000000)
#define NOMINAL_TICK_US  10000
#define SCALED_PER_TICK  (INT64_C(100) << 16) /* a microsecond more in each of 10,000 is 100 ppm */
#define TOLERANCE_SCALED (INT64_C(500) << 16)
#define CHANGES          64u
#define PUBLIC           __attribute__((visibility("default")))

/* A straight line on the oscillator's ticks. */
struct change {
  int64_t ticks_ns;
  int64_t clock_ns;
  int64_t scaled_ppm;
};

static struct {
  pthread_mutex_t lock;
  pthread_once_t once;
  bool is_on;
  struct tp_oscillator oscillator;
  struct change changes[CHANGES];
  uint64_t newest;
  int trace_fd;
  int (*gettime)(clockid_t, struct timespec *);
  int (*adjtime)(clockid_t, struct timex *);
  ssize_t (*receive)(int, struct msghdr *, int);
} own = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT, .trace_fd = -1};

static int64_t nanoseconds(struct timespec time) {
  return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static struct timespec timespec_of(int64_t ns) {
  return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

static int64_t kernel_ns(void) {
  struct timespec now;
  own.gettime(CLOCK_REALTIME, &now);
  return nanoseconds(now);
}

static void start(void) {
  *(void **)&own.gettime = dlsym(RTLD_NEXT, "clock_gettime");
  *(void **)&own.adjtime = dlsym(RTLD_NEXT, "clock_adjtime");
  *(void **)&own.receive = dlsym(RTLD_NEXT, "recvmsg");
  const char *settings = getenv("TIMEPLANE_OWN_CLOCK");
  int64_t offset_ns;
  int64_t rate_offset;
  uint64_t wander;
  uint64_t seed;
  if (settings == NULL || sscanf(settings, "%" SCNd64 " %" SCNd64 " %" SCNu64 " %" SCNu64,
                                 &offset_ns, &rate_offset, &wander, &seed) != 4) {
    return;
  }
  const int64_t now_ns = kernel_ns();
  own.is_on =
      tp_oscillator_start(&own.oscillator, (uint64_t)now_ns, offset_ns, rate_offset, wander, seed);
  own.changes[0] = (struct change){.ticks_ns = now_ns + offset_ns, .clock_ns = now_ns + offset_ns};
  const char *trace = getenv("TIMEPLANE_OWN_CLOCK_TRACE");
  if (trace != NULL) {
    own.trace_fd = open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
}

static bool is_on(void) {
  pthread_once(&own.once, start);
  return own.is_on;
}

static int64_t on_change(const struct change *change, int64_t ticks_ns) {
  const tp_i128 elapsed_ns = ticks_ns - change->ticks_ns;
  /* 2^-16 ppm are 1 / 65,536,000,000. */
  return (int64_t)(change->clock_ns + elapsed_ns +
                   elapsed_ns * change->scaled_ppm / (INT64_C(1000000) << 16));
}

static int64_t ticks_at(int64_t system_ns) {
  return (int64_t)tp_oscillator_ticks_ns(&own.oscillator, (uint64_t)system_ns);
}

/* This clock's time at an instant of the kernel's. */
static int64_t clock_at(int64_t system_ns) {
  const int64_t ticks_ns = ticks_at(system_ns);
  const uint64_t oldest = own.newest < CHANGES ? 0 : own.newest - (CHANGES - 1);
  uint64_t at = own.newest;
  while (at > oldest && own.changes[at % CHANGES].ticks_ns > ticks_ns) {
    at--;
  }
  return on_change(&own.changes[at % CHANGES], ticks_ns);
}

static void trace(int64_t system_ns, const struct change *change) {
  char line[96];
  const int octets = snprintf(line, sizeof line, "%" PRId64 " %" PRId64 " %" PRId64 "\n", system_ns,
                              change->clock_ns, change->scaled_ppm);
  if (own.trace_fd >= 0 && octets > 0 && write(own.trace_fd, line, (size_t)octets) < 0) {
    close(own.trace_fd);
    own.trace_fd = -1;
  }
}

/* From now on it is further by `step_ns`, and runs at this frequency. */
static void change_now(int64_t step_ns, int64_t scaled_ppm) {
  const int64_t system_ns = kernel_ns();
  const int64_t ticks_ns = ticks_at(system_ns);
  const struct change change = {
      .ticks_ns = ticks_ns,
      .clock_ns = on_change(&own.changes[own.newest % CHANGES], ticks_ns) + step_ns,
      .scaled_ppm = scaled_ppm};
  own.changes[++own.newest % CHANGES] = change;
  trace(system_ns, &change);
}

static int64_t step_of(const struct timex *request) {
  const int64_t fraction = request->time.tv_usec;
  const bool is_ns = (request->modes & ADJ_NANO) != 0;
  return (int64_t)request->time.tv_sec * NS_PER_S + (is_ns ? fraction : fraction * 1000);
}

/* What the kernel would do with tick, frequency and offset; all else is taken and has no effect. */
static int adjust(struct timex *request) {
  int64_t scaled_ppm = own.changes[own.newest % CHANGES].scaled_ppm;
  int64_t ticks_part = scaled_ppm / SCALED_PER_TICK;
  int64_t frequency_part = scaled_ppm - ticks_part * SCALED_PER_TICK;
  if ((request->modes & ADJ_TICK) != 0) {
    ticks_part = request->tick - NOMINAL_TICK_US;
  }
  if ((request->modes & ADJ_FREQUENCY) != 0) {
    frequency_part = request->freq;
  }
  scaled_ppm = ticks_part * SCALED_PER_TICK + frequency_part;
  if ((request->modes & (ADJ_TICK | ADJ_FREQUENCY | ADJ_SETOFFSET)) != 0) {
    change_now((request->modes & ADJ_SETOFFSET) != 0 ? step_of(request) : 0, scaled_ppm);
  }
  request->freq = (long)frequency_part;
  request->tick = (long)(NOMINAL_TICK_US + ticks_part);
  request->tolerance = TOLERANCE_SCALED;
  request->status = STA_NANO;
  const struct timespec now = timespec_of(clock_at(kernel_ns()));
  request->time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec};
  return TIME_OK;
}

PUBLIC int clock_gettime(clockid_t clock, struct timespec *out) {
  if (!is_on() || clock != CLOCK_REALTIME) {
    return own.gettime(clock, out);
  }
  pthread_mutex_lock(&own.lock);
  *out = timespec_of(clock_at(kernel_ns()));
  pthread_mutex_unlock(&own.lock);
  return 0;
}

PUBLIC int clock_adjtime(clockid_t clock, struct timex *request) {
  if (!is_on()) {
    return own.adjtime(clock, request);
  }
  if (clock != CLOCK_REALTIME) {
    errno = EOPNOTSUPP;
    return -1;
  }
  pthread_mutex_lock(&own.lock);
  const int state = adjust(request);
  pthread_mutex_unlock(&own.lock);
  return state;
}

PUBLIC ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  const bool is_own = is_on();
  const ssize_t octets = own.receive(fd, message, flags);
  if (!is_own || octets < 0) {
    return octets;
  }
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPING) {
      continue;
    }
    struct scm_timestamping stamps;
    memcpy(&stamps, CMSG_DATA(c), sizeof stamps);
    if (stamps.ts[0].tv_sec != 0 || stamps.ts[0].tv_nsec != 0) {
      pthread_mutex_lock(&own.lock);
      stamps.ts[0] = timespec_of(clock_at(nanoseconds(stamps.ts[0])));
      pthread_mutex_unlock(&own.lock);
      memcpy(CMSG_DATA(c), &stamps, sizeof stamps);
    }
  }
  return octets;
}
