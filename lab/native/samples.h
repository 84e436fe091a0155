/* Values gathered while running, and what is said of them at the end. */
#ifndef TIMEPLANE_LAB_SAMPLES_H
#define TIMEPLANE_LAB_SAMPLES_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct samples {
  int64_t *values;
  size_t count;
  size_t capacity;
  uint64_t dropped; /* beyond the capacity */
};

static inline bool samples_open(struct samples *samples, size_t capacity) {
  *samples = (struct samples){.values = calloc(capacity, sizeof(int64_t)), .capacity = capacity};
  return samples->values != NULL;
}

static inline void samples_close(struct samples *samples) {
  free(samples->values);
  *samples = (struct samples){0};
}

static inline void samples_add(struct samples *samples, int64_t value) {
  if (samples->count == samples->capacity) {
    samples->dropped++;
    return;
  }
  samples->values[samples->count++] = value;
}

static inline int compare_values(const void *a, const void *b) {
  const int64_t left = *(const int64_t *)a;
  const int64_t right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

static inline void samples_sort(struct samples *samples) {
  qsort(samples->values, samples->count, sizeof(int64_t), compare_values);
}

/* Nearest rank; the samples are sorted and at least one. */
static inline int64_t samples_rank(const struct samples *samples, double share) {
  const double rank = share * (double)samples->count;
  size_t index = (size_t)rank;
  if ((double)index == rank && index > 0) {
    index--;
  }
  return samples->values[index < samples->count ? index : samples->count - 1];
}

/* Prints `"name":{…}`, or `"name":null` where there is no sample. Sorts them. */
static inline void samples_print(const char *name, struct samples *samples) {
  if (samples->count == 0) {
    printf("\"%s\":null", name);
    return;
  }
  samples_sort(samples);
  printf("\"%s\":{\"count\":%zu,\"min\":%" PRId64 ",\"p1\":%" PRId64 ",\"p50\":%" PRId64
         ",\"p99\":%" PRId64 ",\"p999\":%" PRId64 ",\"max\":%" PRId64 "}",
         name, samples->count, samples->values[0], samples_rank(samples, 0.01),
         samples_rank(samples, 0.5), samples_rank(samples, 0.99), samples_rank(samples, 0.999),
         samples->values[samples->count - 1]);
}

enum { MEDIAN_VALUES = 15 };

/* The median of the last values: what the next one probably is, whatever a busy machine does. */
struct moving_median {
  int64_t recent[MEDIAN_VALUES];
  size_t count; /* ever added */
};

static inline void median_add(struct moving_median *median, int64_t value) {
  median->recent[median->count++ % MEDIAN_VALUES] = value;
}

/* 0 before the first value. */
static inline int64_t median_of(const struct moving_median *median) {
  int64_t sorted[MEDIAN_VALUES] = {0};
  const size_t count = median->count < MEDIAN_VALUES ? median->count : MEDIAN_VALUES;
  for (size_t i = 0; i < count; i++) {
    sorted[i] = median->recent[i];
  }
  qsort(sorted, count, sizeof sorted[0], compare_values);
  return sorted[count / 2];
}

#endif
