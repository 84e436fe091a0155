/*
 * mutator.c - libFuzzer changes octets; this changes steps: one is changed inside, doubled,
 * dropped, moved, or comes from another input. An input stays a sequence of steps, whatever becomes
 * of it.
 */
#include <stdlib.h>
#include <string.h>

#include "input.h"

#define STEP_LIMIT  512u
#define HEAD_OCTETS 48u

size_t LLVMFuzzerMutate(uint8_t *data, size_t octets, size_t limit);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t octets, size_t limit, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_octets, const uint8_t *second,
                                 size_t second_octets, uint8_t *out, size_t limit,
                                 unsigned int seed);

struct span {
  size_t at;
  size_t octets;
};

static uint32_t split(const uint8_t *data, size_t octets, struct span *spans) {
  const uint8_t *at = data;
  struct step step;
  uint32_t count = 0;
  for (const uint8_t *start = at; count < STEP_LIMIT && next_step(&at, &octets, &step);
       start = at) {
    spans[count++] = (struct span){(size_t)(start - data), (size_t)(at - start)};
  }
  return count;
}

static uint32_t next_random(unsigned int *seed, uint32_t limit) {
  *seed = *seed * 1664525u + 1013904223u;
  return (*seed >> 8) % limit;
}

static void set_length(uint8_t *step, size_t content) {
  step[1] = (uint8_t)content;
  step[2] = (uint8_t)(content >> 8);
}

/* Puts `content` octets in the place of a span's; what follows moves. Returns the new size. */
static size_t replace(uint8_t *data, size_t octets, struct span span, const uint8_t *content,
                      size_t count) {
  const size_t behind = span.at + span.octets;
  memmove(data + span.at + count, data + behind, octets - behind);
  if (count > 0) {
    memcpy(data + span.at, content, count);
  }
  return octets - span.octets + count;
}

/* libFuzzer's own changes, inside of one step. */
static size_t change_inside(uint8_t *data, size_t octets, size_t limit, struct span span) {
  const size_t room = limit - octets;
  const size_t content = span.octets - STEP_HEAD_OCTETS;
  const size_t most = content + room > 0xffff ? 0xffff : content + room;
  if (most == 0) {
    return octets;
  }
  uint8_t *changed = malloc(STEP_HEAD_OCTETS + most);
  if (changed == NULL) {
    return octets;
  }
  memcpy(changed, data + span.at, span.octets);
  const size_t count = LLVMFuzzerMutate(changed + STEP_HEAD_OCTETS, content, most);
  set_length(changed, count);
  const size_t result = replace(data, octets, span, changed, STEP_HEAD_OCTETS + count);
  free(changed);
  return result;
}

/* A few octets or bits where parsers look first. */
static void change_head(uint8_t *data, struct span span, unsigned int *seed) {
  const size_t content = span.octets - STEP_HEAD_OCTETS;
  const uint32_t head = content < HEAD_OCTETS ? (uint32_t)content : HEAD_OCTETS;
  const uint32_t count = head == 0 ? 0 : 1 + next_random(seed, 3);
  for (uint32_t i = 0; i < count; i++) {
    uint8_t *octet = data + span.at + STEP_HEAD_OCTETS + next_random(seed, head);
    const uint32_t how = next_random(seed, 3);
    *octet = how == 0   ? (uint8_t)next_random(seed, 256)
             : how == 1 ? (uint8_t)(*octet ^ 1u << next_random(seed, 8))
                        : (uint8_t)(*octet + next_random(seed, 9) - 4);
  }
}

static size_t double_step(uint8_t *data, size_t octets, size_t limit, struct span from, size_t to) {
  if (octets + from.octets > limit) {
    return octets;
  }
  uint8_t *copy = malloc(from.octets);
  if (copy == NULL) {
    return octets;
  }
  memcpy(copy, data + from.at, from.octets);
  const size_t result = replace(data, octets, (struct span){to, 0}, copy, from.octets);
  free(copy);
  return result;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t octets, size_t limit, unsigned int seed) {
  static struct span spans[STEP_LIMIT];
  const uint32_t count = split(data, octets, spans);
  if (count == 0) {
    return LLVMFuzzerMutate(data, octets, limit);
  }
  const struct span span = spans[next_random(&seed, count)];
  const struct span other = spans[next_random(&seed, count)];
  switch (next_random(&seed, 16)) {
  case 0:
    return replace(data, octets, span, NULL, 0);
  case 1:
  case 2:
    return double_step(data, octets, limit, span, other.at);
  case 3:
    data[span.at] = (uint8_t)next_random(&seed, STEP_KIND_COUNT);
    return octets;
  case 4:
    return LLVMFuzzerMutate(data, octets, limit);
  case 5:
  case 6:
  case 7:
  case 8:
  case 9:
    change_head(data, span, &seed);
    return octets;
  default:
    return change_inside(data, octets, limit, span);
  }
}

/* The beginning of one, the end of the other: mostly the set-up and other frames. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_octets, const uint8_t *second,
                                 size_t second_octets, uint8_t *out, size_t limit,
                                 unsigned int seed) {
  static struct span heads[STEP_LIMIT];
  static struct span tails[STEP_LIMIT];
  const uint32_t head_count = split(first, first_octets, heads);
  const uint32_t tail_count = split(second, second_octets, tails);
  size_t octets = 0;
  const uint32_t until = next_random(&seed, head_count + 1);
  for (uint32_t i = 0; i < until && octets + heads[i].octets <= limit; i++) {
    memcpy(out + octets, first + heads[i].at, heads[i].octets);
    octets += heads[i].octets;
  }
  const uint32_t from = tail_count == 0 ? 0 : next_random(&seed, tail_count);
  for (uint32_t i = from; i < tail_count && octets + tails[i].octets <= limit; i++) {
    memcpy(out + octets, second + tails[i].at, tails[i].octets);
    octets += tails[i].octets;
  }
  return octets;
}
