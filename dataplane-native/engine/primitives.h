/*
 * primitives.h - the arithmetic and the byte work that generated pipelines are written in. All of
 * it is inline and free of undefined behaviour for every argument.
 */
#ifndef TIMEPLANE_PRIMITIVES_H
#define TIMEPLANE_PRIMITIVES_H

#include <string.h>

#include "pipeline.h"

#define TP_PRIMITIVE static inline __attribute__((always_inline, unused))

#define TP_U128(high, low) (((tp_u128)UINT64_C(high) << 64) | (tp_u128)UINT64_C(low))

/* --- big-endian octets ------------------------------------------------------------------------ */

TP_PRIMITIVE uint64_t tp_load8(const uint8_t *at) {
  return at[0];
}

TP_PRIMITIVE uint64_t tp_load16(const uint8_t *at) {
  uint16_t raw;
  memcpy(&raw, at, sizeof raw);
  return __builtin_bswap16(raw);
}

TP_PRIMITIVE uint64_t tp_load32(const uint8_t *at) {
  uint32_t raw;
  memcpy(&raw, at, sizeof raw);
  return __builtin_bswap32(raw);
}

TP_PRIMITIVE uint64_t tp_load64(const uint8_t *at) {
  uint64_t raw;
  memcpy(&raw, at, sizeof raw);
  return __builtin_bswap64(raw);
}

TP_PRIMITIVE tp_u128 tp_load128(const uint8_t *at) {
  return ((tp_u128)tp_load64(at) << 64) | tp_load64(at + 8);
}

/* Up to 17 octets, for what no window of the header covers. */
TP_PRIMITIVE tp_u128 tp_load_bits(const uint8_t *at, uint32_t first_bit, uint32_t bit_count) {
  tp_u128 value = 0;
  for (uint32_t bit = first_bit; bit < first_bit + bit_count;) {
    const uint32_t in_octet = bit & 7u;
    const uint32_t left = first_bit + bit_count - bit;
    const uint32_t take = 8u - in_octet < left ? 8u - in_octet : left;
    const uint32_t piece = ((uint32_t)at[bit >> 3] >> (8u - in_octet - take)) & ((1u << take) - 1u);
    value = (value << take) | piece;
    bit += take;
  }
  return value;
}

TP_PRIMITIVE void tp_store8(uint8_t *at, uint64_t value) {
  at[0] = (uint8_t)value;
}

TP_PRIMITIVE void tp_store16(uint8_t *at, uint64_t value) {
  const uint16_t raw = __builtin_bswap16((uint16_t)value);
  memcpy(at, &raw, sizeof raw);
}

TP_PRIMITIVE void tp_store32(uint8_t *at, uint64_t value) {
  const uint32_t raw = __builtin_bswap32((uint32_t)value);
  memcpy(at, &raw, sizeof raw);
}

TP_PRIMITIVE void tp_store64(uint8_t *at, uint64_t value) {
  const uint64_t raw = __builtin_bswap64(value);
  memcpy(at, &raw, sizeof raw);
}

/* --- memory ----------------------------------------------------------------------------------- */

typedef uint64_t tp_block __attribute__((vector_size(16), may_alias));

/*
 * Clears 16-octet blocks. Compilers make a string instruction of a memset of a few hundred octets,
 * whose start alone costs more than these stores; the empty asm keeps them from seeing one here.
 */
TP_PRIMITIVE void tp_zero(void *memory, size_t octets) {
  tp_block *const at = memory;
  const tp_block zero = {0};
  const size_t blocks = octets / sizeof zero;
#pragma GCC unroll 128
  for (size_t i = 0; i < blocks; i++) {
    at[i] = zero;
    __asm__("" : : : "memory");
  }
}

/* --- headers in the frame ----------------------------------------------------------------------
 */

#define TP_REARRANGED UINT32_MAX /* headers do not stand in the frame as they are to be sent */
#define TP_NO_OCTETS  UINT32_MAX /* a header that did not come in the frame: its octets are zero */

/* The octets that a header came in: those at `origin` of its frame. */
TP_PRIMITIVE void tp_copy_kept(uint8_t *to, const uint8_t *frame, uint32_t origin, size_t octets) {
  if (origin == TP_NO_OCTETS) {
    memset(to, 0, octets);
  } else {
    memcpy(to, frame + origin, octets);
  }
}

/* --- integers --------------------------------------------------------------------------------- */

/* A truth value as a number. A cast would do, but compilers warn of arithmetic on such casts. */
TP_PRIMITIVE uint64_t tp_bit(bool value) {
  return value ? 1 : 0;
}

/* The low `bits` of a value as a signed number. 1 <= bits <= 64. */
TP_PRIMITIVE int64_t tp_sign64(uint64_t value, uint32_t bits) {
  return (int64_t)(value << (64u - bits)) >> (64u - bits);
}

TP_PRIMITIVE tp_i128 tp_sign128(tp_u128 value, uint32_t bits) {
  return (tp_i128)(value << (128u - bits)) >> (128u - bits);
}

#define TP_DEFINE_SHIFTS(name, type, bits)                                                         \
  TP_PRIMITIVE type tp_shl_##name(type value, uint64_t count) {                                    \
    return count < (bits) ? value << count : (type)0;                                              \
  }                                                                                                \
  TP_PRIMITIVE type tp_shr_##name(type value, uint64_t count) {                                    \
    return count < (bits) ? value >> count : (type)0;                                              \
  }
TP_DEFINE_SHIFTS(u64, uint64_t, 64u)
TP_DEFINE_SHIFTS(u128, tp_u128, 128u)

TP_PRIMITIVE int64_t tp_shr_i64(int64_t value, uint64_t count) {
  return value >> (count < 64u ? count : 63u);
}

TP_PRIMITIVE tp_i128 tp_shr_i128(tp_i128 value, uint64_t count) {
  return value >> (count < 128u ? count : 127u);
}

/* A shift count of more than 64 bits: beyond 255 all are the same. */
TP_PRIMITIVE uint64_t tp_shift_count(tp_u128 count) {
  return count < 255u ? (uint64_t)count : 255u;
}

/* Division by zero gives zero: a pipeline never stops the process. */
#define TP_DEFINE_DIVISION(name, type)                                                             \
  TP_PRIMITIVE type tp_div_##name(type value, type by) {                                           \
    return by == 0 ? 0 : value / by;                                                               \
  }                                                                                                \
  TP_PRIMITIVE type tp_mod_##name(type value, type by) {                                           \
    return by == 0 ? 0 : value % by;                                                               \
  }
TP_DEFINE_DIVISION(u64, uint64_t)
TP_DEFINE_DIVISION(u128, tp_u128)

#define TP_DEFINE_CLAMP(name, type)                                                                \
  TP_PRIMITIVE type tp_clamp_##name(type value, type low, type high) {                             \
    return value < low ? low : value > high ? high : value;                                        \
  }
TP_DEFINE_CLAMP(u64, uint64_t)
TP_DEFINE_CLAMP(i64, int64_t)
TP_DEFINE_CLAMP(u128, tp_u128)
TP_DEFINE_CLAMP(i128, tp_i128)

/* Saturating sums of 128 bits, whose exact value needs 129. */
TP_PRIMITIVE tp_u128 tp_saturating_add_u128(tp_u128 a, tp_u128 b) {
  tp_u128 sum;
  return __builtin_add_overflow(a, b, &sum) ? ~(tp_u128)0 : sum;
}

TP_PRIMITIVE tp_u128 tp_saturating_sub_u128(tp_u128 a, tp_u128 b) {
  return a < b ? 0 : a - b;
}

TP_PRIMITIVE tp_i128 tp_saturating_add_i128(tp_i128 a, tp_i128 b) {
  tp_i128 sum;
  const tp_i128 most = (tp_i128)(~(tp_u128)0 >> 1);
  return !__builtin_add_overflow(a, b, &sum) ? sum : a < 0 ? -most - 1 : most;
}

TP_PRIMITIVE tp_i128 tp_saturating_sub_i128(tp_i128 a, tp_i128 b) {
  tp_i128 difference;
  const tp_i128 most = (tp_i128)(~(tp_u128)0 >> 1);
  return !__builtin_sub_overflow(a, b, &difference) ? difference : a < 0 ? -most - 1 : most;
}

/* The shorter of two lengths to cut a frame to; the first one as in struct tp_requests. */
TP_PRIMITIVE uint16_t tp_shorter(uint16_t plus1, uint64_t octets) {
  const uint16_t asked = octets < UINT16_MAX ? (uint16_t)(octets + 1) : 0;
  return plus1 == 0 || (asked != 0 && asked < plus1) ? asked : plus1;
}

/* xorshift64*: `low` to `high`, both included. */
TP_PRIMITIVE uint64_t tp_random(struct tp_pipeline *pipeline, uint64_t low, uint64_t high) {
  uint64_t state =
      pipeline->random_state != 0 ? pipeline->random_state : UINT64_C(0x9e3779b97f4a7c15);
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  pipeline->random_state = state;
  const uint64_t span = high - low + 1;
  const uint64_t value = state * UINT64_C(0x2545f4914f6cdd1d);
  return span == 0 ? value : low + (uint64_t)(((tp_u128)value * span) >> 64);
}

/* --- ones' complement sums -------------------------------------------------------------------- */

/* The sum of big-endian 16-bit words; an odd last octet counts as the high one. */
TP_PRIMITIVE uint64_t tp_sum_octets(const uint8_t *octets, uint32_t count) {
  uint64_t sum = 0;
  uint32_t at = 0;
  for (; at + 4 <= count; at += 4) {
    sum += tp_load32(octets + at);
  }
  if (at + 2 <= count) {
    sum += tp_load16(octets + at);
    at += 2;
  }
  if (at < count) {
    sum += (uint64_t)octets[at] << 8;
  }
  return sum;
}

TP_PRIMITIVE uint64_t tp_fold16(uint64_t sum) {
  sum = (sum & 0xffffffffu) + (sum >> 32);
  sum = (sum & 0xffffffffu) + (sum >> 32);
  sum = (sum & 0xffffu) + (sum >> 16);
  sum = (sum & 0xffffu) + (sum >> 16);
  return (sum & 0xffffu) + (sum >> 16);
}

/* --- hash inputs -------------------------------------------------------------------------------
 */

/* Appends bits to octets that are zero from `bits` on. */
struct tp_bit_writer {
  uint8_t *octets;
  uint32_t bits;
};

TP_PRIMITIVE void tp_put_bits(struct tp_bit_writer *writer, tp_u128 value, uint32_t bit_count) {
  for (uint32_t left = bit_count; left > 0;) {
    const uint32_t room = 8u - (writer->bits & 7u);
    const uint32_t take = room < left ? room : left;
    const uint32_t piece = (uint32_t)(value >> (left - take)) & ((1u << take) - 1u);
    writer->octets[writer->bits >> 3] |= (uint8_t)(piece << (room - take));
    writer->bits += take;
    left -= take;
  }
}

TP_PRIMITIVE void tp_put_octets(struct tp_bit_writer *writer, const uint8_t *octets,
                                uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    tp_put_bits(writer, octets[i], 8);
  }
}

/* Whether two varbits are the same number; as on simple_switch, zeros in front do not count. */
TP_PRIMITIVE bool tp_same_number(const uint8_t *a, uint32_t a_count, const uint8_t *b,
                                 uint32_t b_count) {
  for (; a_count > 0 && *a == 0; a_count--) {
    a++;
  }
  for (; b_count > 0 && *b == 0; b_count--) {
    b++;
  }
  return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count) == 0);
}

/* Bitwise and reflected (poly 0xedb88320 or 0xa001) or not (CCITT): short, and fast enough here. */
TP_PRIMITIVE uint32_t tp_crc_reflected(uint32_t crc, uint32_t polynomial, const uint8_t *octets,
                                       uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    crc ^= octets[i];
    for (int bit = 0; bit < 8; bit++) {
      crc = (crc >> 1) ^ (polynomial & (0u - (crc & 1u)));
    }
  }
  return crc;
}

TP_PRIMITIVE uint32_t tp_crc_ccitt(uint32_t crc, const uint8_t *octets, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    crc ^= (uint32_t)octets[i] << 8;
    for (int bit = 0; bit < 8; bit++) {
      crc = ((crc << 1) ^ ((crc & 0x8000u) != 0 ? 0x1021u : 0u)) & 0xffffu;
    }
  }
  return crc;
}

#endif
