/*
 * input.h - what a fuzzer's input says: steps, one after the other, each a kind, a length of two
 * octets (little-endian) and so many octets of content. Every octet string says something: a kind
 * is taken modulo their number, a length ends with the input, and what a step's content lacks is
 * zero.
 * ../input.ts writes the same.
 */
#ifndef TIMEPLANE_FUZZ_INPUT_H
#define TIMEPLANE_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEP_HEAD_OCTETS 3u

enum step_kind {
  STEP_FRAME,         /* u8 port, the frame */
  STEP_PACKET_OUT,    /* the frame */
  STEP_TIME,          /* u32 ns go by */
  STEP_INSERT,        /* u16 table, u16 action, u32 priority, u32 range words, key, mask, args */
  STEP_REMOVE,        /* u16 which of the entries */
  STEP_MODIFY,        /* u16 which of the entries, u16 action, args */
  STEP_DEFAULT,       /* u16 table, u16 action, args */
  STEP_MEMBER,        /* u16 profile, u16 action, args */
  STEP_GROUP,         /* u16 profile, u8 member each */
  STEP_MULTICAST,     /* u16 group, u16 port and u16 instance each */
  STEP_SESSION,       /* u16 session, u16 octets, u16 port and u16 instance each */
  STEP_REGISTER,      /* u16 register, u16 cell, words */
  STEP_METER,         /* u16 meter, u16 cell, u16 cells, four words */
  STEP_ENTRY_METER,   /* u16 which of the entries, four words */
  STEP_QUEUE,         /* u8 port, u8 priorities, u32 bits a second, u16 bound */
  STEP_STAMPS,        /* u8 port, u32 ns until a stamp is there */
  STEP_REMOVE_MEMBER, /* u16 profile, u16 member */
  STEP_REPLACE_PORT,  /* u8 port */
  STEP_ENTRY_COUNTER, /* u16 which of the entries, two words */
  STEP_KIND_COUNT
};

struct step {
  enum step_kind kind;
  const uint8_t *content;
  size_t octets; /* of content that are left */
};

/* Takes the next step off the input; false at its end. */
static inline bool next_step(const uint8_t **data, size_t *octets, struct step *step) {
  if (*octets < STEP_HEAD_OCTETS) {
    return false;
  }
  const uint8_t *at = *data;
  const size_t asked = (size_t)(at[1] | at[2] << 8);
  const size_t left = *octets - STEP_HEAD_OCTETS;
  step->kind = (enum step_kind)(at[0] % STEP_KIND_COUNT);
  step->content = at + STEP_HEAD_OCTETS;
  step->octets = asked < left ? asked : left;
  *data = step->content + step->octets;
  *octets = left - step->octets;
  return true;
}

/* Numbers of the content, little-endian. */
static inline uint64_t take_number(struct step *step, size_t octets) {
  uint64_t value = 0;
  for (size_t i = 0; i < octets && step->octets > 0; i++) {
    value |= (uint64_t)*step->content << (8 * i);
    step->content++;
    step->octets--;
  }
  return value;
}

static inline uint8_t take_u8(struct step *step) {
  return (uint8_t)take_number(step, 1);
}

static inline uint16_t take_u16(struct step *step) {
  return (uint16_t)take_number(step, 2);
}

static inline uint32_t take_u32(struct step *step) {
  return (uint32_t)take_number(step, 4);
}

/* Words until the content ends; returns how many. */
static inline uint32_t take_words(struct step *step, uint64_t *words, uint32_t limit) {
  uint32_t count = 0;
  while (count < limit && step->octets > 0) {
    words[count++] = take_number(step, 8);
  }
  return count;
}

#endif
