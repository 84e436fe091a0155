/*
 * frames.h - what the in-memory benchmark programs share: the set of frames, the record of what
 * came out, and the processor time of all threads.
 *
 * A set is a file of records, little-endian: uint32 octets, uint32 port, uint64 time in ns, octets.
 * What comes out has the same form, so that the harness can compare two programs octet by octet.
 */
#ifndef TIMEPLANE_BENCH_FRAMES_H
#define TIMEPLANE_BENCH_FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long every frame stays in the switch. */
#define RESIDENCE_NS UINT64_C(12345)
#define MAX_OCTETS   2048u

struct record {
  uint32_t octets;
  uint32_t port;
  uint64_t time_ns;
};
_Static_assert(sizeof(struct record) == 16, "the file's layout");

struct frame {
  struct record record;
  uint8_t octets[MAX_OCTETS];
};

struct frame_set {
  struct frame *frames;
  uint32_t count;
};

_Noreturn static inline void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(2);
}

static inline struct frame_set read_frames(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    fail(path, "cannot be opened");
  }
  struct frame_set set = {0};
  struct record record;
  while (fread(&record, sizeof record, 1, file) == 1) {
    if (record.octets > MAX_OCTETS) {
      fail(path, "a frame is too long");
    }
    if ((set.count & (set.count + 1)) == 0) {
      set.frames = realloc(set.frames, 2 * (set.count + 1) * sizeof *set.frames);
      if (set.frames == NULL) {
        fail(path, "no memory");
      }
    }
    struct frame *frame = &set.frames[set.count++];
    frame->record = record;
    if (fread(frame->octets, 1, record.octets, file) != record.octets) {
      fail(path, "ends within a frame");
    }
  }
  fclose(file);
  if (set.count == 0) {
    fail(path, "holds no frame");
  }
  return set;
}

static inline void write_frame(FILE *out, uint32_t port, uint64_t time_ns, const uint8_t *octets,
                               uint32_t count) {
  const struct record record = {count, port, time_ns};
  if (fwrite(&record, sizeof record, 1, out) != 1 || fwrite(octets, 1, count, out) != count) {
    fail("output", "cannot be written");
  }
}

/* Processor time of all threads of this process. */
static inline uint64_t process_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The one line that the harness reads. */
static inline void report(uint64_t packets, uint64_t outputs, uint64_t cpu_ns) {
  printf("{\"packets\":%llu,\"outputs\":%llu,\"nsPerPacket\":%.3f}\n", (unsigned long long)packets,
         (unsigned long long)outputs, (double)cpu_ns / (double)packets);
}

#endif
