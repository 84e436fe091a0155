/* Says how late the machine wakes a program that asked to be woken: it sleeps until the next multiple of
 * PERIOD_NS of the monotonic clock, again and again, and notes by how much it came too late. Whoever else
 * is measured on this machine at this time is as late.
 *
 * A line every REPORT_NS: "wake TIME_NS MAX_NS INDEX:COUNT ...", TIME_NS of CLOCK_REALTIME, the longest
 * delay, and how many were in each class. Classes are four an octave from SMALLEST_NS on: class i is of
 * delays below SMALLEST_NS * 2^((i + 1) / 4), with straight lines between the octaves.
 *
 * It runs until SIGTERM, or until nobody reads it any more.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_S    INT64_C(1000000000)
#define PERIOD_NS   INT64_C(2000000)
#define REPORT_NS   INT64_C(100000000)
#define SMALLEST_NS INT64_C(1024)

enum { CLASSES = 128, LINE_BYTES = 2048 };

static int64_t now_ns(clockid_t clock) {
  struct timespec now;
  (void)clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void sleep_until(int64_t due_ns) {
  const struct timespec due = {.tv_sec = (time_t)(due_ns / NS_PER_S),
                               .tv_nsec = (long)(due_ns % NS_PER_S)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0) {
  }
}

static unsigned class_of(int64_t late_ns) {
  if (late_ns < SMALLEST_NS) {
    return 0;
  }
  unsigned octave = 0;
  while (octave < CLASSES / 4 - 1 && late_ns >= (SMALLEST_NS << (octave + 1))) {
    octave++;
  }
  const int64_t quarter = (late_ns - (SMALLEST_NS << octave)) * 4 / (SMALLEST_NS << octave);
  return 4 * octave + (unsigned)(quarter > 3 ? 3 : quarter);
}

static bool report(const uint32_t counts[CLASSES], int64_t max_ns) {
  char line[LINE_BYTES];
  int used =
      snprintf(line, sizeof line, "wake %" PRId64 " %" PRId64, now_ns(CLOCK_REALTIME), max_ns);
  for (unsigned i = 0; i < CLASSES && used < LINE_BYTES - 32; i++) {
    if (counts[i] != 0) {
      used += snprintf(line + used, sizeof line - (size_t)used, " %u:%" PRIu32, i, counts[i]);
    }
  }
  return puts(line) >= 0 && fflush(stdout) == 0;
}

int main(void) {
  puts("ready");
  fflush(stdout);
  uint32_t counts[CLASSES] = {0};
  int64_t max_ns = 0;
  int64_t due_ns = now_ns(CLOCK_MONOTONIC) + PERIOD_NS;
  int64_t report_ns = due_ns + REPORT_NS;
  for (;;) {
    sleep_until(due_ns);
    const int64_t now = now_ns(CLOCK_MONOTONIC);
    const int64_t late_ns = now - due_ns;
    counts[class_of(late_ns)]++;
    max_ns = late_ns > max_ns ? late_ns : max_ns;
    if (now >= report_ns) {
      if (!report(counts, max_ns)) {
        return 0;
      }
      memset(counts, 0, sizeof counts);
      max_ns = 0;
      report_ns = now + REPORT_NS;
    }
    /* What was slept through is not caught up: it was late once. */
    due_ns += PERIOD_NS;
    if (due_ns <= now) {
      due_ns = now - now % PERIOD_NS + PERIOD_NS;
    }
  }
}
